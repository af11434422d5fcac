/** The worker of a net: a file first, then boards; each message is answered by one. */

import { EmbedError, textOf } from "../rules/error.js";
import * as ort from "../runtime/ort.wasm.bundle.min.mjs";

// One thread needs no special headers of the server; a net of this size has no use for more.
ort.env.wasm.numThreads = 1;
ort.env.logLevel = "fatal";

/** Positions given to the net at once: more would only cost memory. */
const BATCH = 1024;
const CELLS = 50;
const ASKED = [{ name: "board", type: "int8", shape: ["N", 2, 25] }];
const ANSWERED = [
  { name: "outcomes", type: "float32", shape: ["N", 5] },
  { name: "equity", type: "float32", shape: ["N"] },
];
const INTERFACE = 'a net needs the input board int8[N, 2, 25] and the outputs outcomes float32[N, 5] '
  + 'and equity float32[N], as "tdgammon export --to onnx" writes them';

let session = null;

async function open(model) {
  let opened;
  try {
    opened = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  } catch (error) {
    throw new EmbedError(`this is not a model that ONNX Runtime can run: ${textOf(error)}`);
  }
  check(opened.inputMetadata, ASKED);
  check(opened.outputMetadata, ANSWERED);
  session = opened;
  // Only running shows whether the outputs are as long as they should be. This warms up, too.
  await evaluate(new Int8Array(3 * CELLS));
}

/** Throw EmbedError unless tensors are the expected ones, in any order, their first length free. */
function check(tensors, expected) {
  if (tensors.length !== expected.length) {
    throw new EmbedError(`the file has ${tensors.length} inputs or outputs where `
      + `${expected.length} are needed; ${INTERFACE}; nets that remember are not played here`);
  }
  for (const { name, type, shape } of expected) {
    const found = tensors.find((one) => one.name === name);
    if (!found) throw new EmbedError(`the file has no ${name}; ${INTERFACE}`);
    const lengths = found.shape ?? [];
    const fits = found.isTensor && found.type === type && lengths.length === shape.length
      && typeof lengths[0] !== "number"
      && lengths.every((one, i) => typeof one !== "number" || one === shape[i]);
    if (!fits) throw new EmbedError(`${name} of the file has another type or shape; ${INTERFACE}`);
  }
}

async function evaluate(boards) {
  const count = boards.length / CELLS;
  const outcomes = new Float32Array(5 * count);
  const equity = new Float32Array(count);
  for (let at = 0; at < count; at += BATCH) {
    const some = boards.subarray(at * CELLS, (at + BATCH) * CELLS);
    const board = new ort.Tensor("int8", some, [some.length / CELLS, 2, 25]);
    const answer = await session.run({ board });
    if (answer.outcomes.data.length !== some.length / 10) {
      throw new EmbedError(`outcomes of the file has another shape; ${INTERFACE}`);
    }
    outcomes.set(answer.outcomes.data, 5 * at);
    equity.set(answer.equity.data, at);
  }
  if (![...outcomes, ...equity].every(Number.isFinite)) {
    throw new EmbedError("the net answered what is not a finite number");
  }
  return { outcomes, equity };
}

let before = Promise.resolve();

async function answer({ model, boards }) {
  try {
    if (model) await open(model);
    postMessage(model ? {} : await evaluate(boards));
  } catch (error) {
    // An error of ONNX Runtime becomes one short line, too.
    postMessage({ error: new EmbedError(textOf(error)).message });
  }
}

addEventListener("message", ({ data }) => {
  before = before.then(() => answer(data));
});
