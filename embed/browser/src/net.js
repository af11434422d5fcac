/**
 * A net of `tdgammon export` in the browser, evaluated by onnxruntime-web in a worker, so that the
 * page never stands still.
 *
 *     const net = await openNet("models/td-gammon.onnx");
 *     const [{ outcomes, equity }] = await evaluate(net, [start()]);   // of rules.js
 */

import { EmbedError } from "../rules/error.js";

/** A net as `evaluate` and `bestPlays` of rules.js take it. Made by `openNet`. */
class Net {
  constructor(worker) {
    this.worker = worker;
  }

  /**
   * Evaluate boards, one behind the other in an Int8Array[N * 50], the player on roll first.
   *
   * Returns outcomes Float32Array[N * 5] and equity Float32Array[N]; throws EmbedError.
   */
  async run(boards) {
    return this.worker.ask({ boards });
  }

  /** End the worker; the net cannot be asked any more. */
  close() {
    this.worker.end();
  }
}

/** A worker that answers one request after the other. */
class Asked {
  constructor() {
    this.worker = new Worker(new URL("./net_worker.js", import.meta.url), { type: "module" });
    this.waiting = [];
    this.worker.onmessage = ({ data }) => {
      const { resolve, reject } = this.waiting.shift();
      if (data.error === undefined) resolve(data);
      else reject(new EmbedError(data.error));
    };
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.fail("the worker of the net cannot be run; are all files of the page where they were?");
    };
  }

  ask(request) {
    return new Promise((resolve, reject) => {
      if (this.failed) reject(new EmbedError(this.failed));
      this.waiting.push({ resolve, reject });
      this.worker.postMessage(request);
    });
  }

  fail(text) {
    this.failed = text;
    for (const { reject } of this.waiting.splice(0)) reject(new EmbedError(text));
  }

  end() {
    this.worker.terminate();
    this.fail("the net has been closed");
  }
}

/**
 * Open a net: `source` is the address of an ONNX file, or the file's bytes.
 *
 * Throws EmbedError, one line, if there is no such file or if it is no net of `tdgammon export`.
 */
export async function openNet(source) {
  const bytes = source instanceof ArrayBuffer ? source : await fetched(source);
  const worker = new Asked();
  try {
    await worker.ask({ model: bytes });
    return new Net(worker);
  } catch (error) {
    worker.end();
    throw error;
  }
}

async function fetched(address) {
  let answer;
  try {
    answer = await fetch(address);
  } catch {
    throw new EmbedError(`${address} cannot be fetched; is the server running?`);
  }
  if (!answer.ok) throw new EmbedError(`there is no file ${address} (${answer.status})`);
  return answer.arrayBuffer();
}
