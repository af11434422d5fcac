/** A value net that `tdgammon export --to onnx` has written, run by ONNX Runtime. */

import { readFile, stat } from "node:fs/promises";
import { basename, extname } from "node:path";
import { InferenceSession, Tensor, env } from "onnxruntime-node";

import { CELLS, SIDE, start } from "./board.js";
import { EmbedError, inQuotes, textOf } from "./error.js";
import { metadata } from "./model_file.js";

// Positions given to the net at once: more would only cost memory, and keep others waiting.
const BATCH = 1024;

// What is shown of a path in an error.
const LONGEST_PATH = 120;

const INTERFACE =
  "a model needs the input board int8[N, 2, 25] and the outputs outcomes float32[N, 5] and "
  + 'equity float32[N], as "tdgammon export --to onnx" writes them';

// Errors come back as exceptions; the log would only say them a second time.
env.logLevel = "fatal";

export class Model {
  /** The name of the exported agent, or of the file if the file does not say it. */
  name;
  #session;

  /**
   * Use `Model.open`.
   * @param {string} name
   * @param {InferenceSession} session
   */
  constructor(name, session) {
    this.name = name;
    this.#session = session;
  }

  /**
   * Read an ONNX file with the input board int8[N, 2, 25] and the outputs outcomes float32[N, 5]
   * and equity float32[N]. `threads` work on one batch. Rejects with EmbedError for anything else.
   * @param {string} path
   * @param {{threads?: number}} [options]
   * @returns {Promise<Model>}
   */
  static async open(path, { threads = 1 } = {}) {
    if (!Number.isInteger(threads) || threads < 1 || threads > 256) {
      throw new EmbedError("threads must be from 1 to 256");
    }
    const file = await bytesOf(path);
    try {
      const session = await InferenceSession.create(file, {
        intraOpNumThreads: threads, interOpNumThreads: 1, logSeverityLevel: 4 });
      checkInterface(session);
      const name = metadata(file).get("agent") || basename(path, extname(path));
      const model = new Model(name, session);
      // Only running shows whether the outputs are as long as they should be. This warms up, too.
      await model.run(Int8Array.from([start(), start(), start()].flatMap((one) => [...one])));
      return model;
    } catch (error) {
      if (error instanceof EmbedError) throw error;
      throw new EmbedError(`the file ${inQuotes(path, LONGEST_PATH)} is not a model that `
        + `ONNX Runtime can run: ${textOf(error)}`);
    }
  }

  /**
   * Evaluate positions, int8[N * 50], as the net sees them; see `evaluate` in player.js for games
   * that are over. Boards are not checked here: they must be valid. Rejects with EmbedError if the
   * net fails or answers what is not a finite number.
   * @param {Int8Array} boards
   * @returns {Promise<{outcomes: Float32Array, equity: Float32Array}>}
   */
  async run(boards) {
    const n = boards.length / CELLS;
    if (!Number.isInteger(n)) {
      throw new EmbedError(`${boards.length} numbers are no boards; each has 50`);
    }
    if (n > 0 && n <= BATCH) return this.#answersTo(boards);
    const outcomes = new Float32Array(5 * n);
    const equity = new Float32Array(n);
    for (let at = 0; at < n; at += BATCH) {
      const some = boards.subarray(at * CELLS, (at + BATCH) * CELLS);
      const answers = await this.#answersTo(some);
      outcomes.set(answers.outcomes, 5 * at);
      equity.set(answers.equity, at);
    }
    return { outcomes, equity };
  }

  /** Give back the memory of the net; it cannot be run any more. */
  async close() {
    await this.#session.release();
  }

  /** @param {Int8Array} boards */
  async #answersTo(boards) {
    const n = boards.length / CELLS;
    let answers;
    try {
      answers = await this.#session.run({ board: new Tensor("int8", boards, [n, 2, SIDE]) });
    } catch (error) {
      throw new EmbedError(`the net cannot be run: ${textOf(error)}`);
    }
    return {
      outcomes: numbersOf(answers["outcomes"], 5 * n), equity: numbersOf(answers["equity"], n) };
  }
}

/** @param {string} path */
async function bytesOf(path) {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) throw new EmbedError(`there is no file ${inQuotes(path, LONGEST_PATH)}`);
  try {
    return await readFile(path);
  } catch (error) {
    throw new EmbedError(
      `the file ${inQuotes(path, LONGEST_PATH)} cannot be read: ${textOf(error)}`);
  }
}

/**
 * @param {Tensor | undefined} tensor
 * @param {number} n how many numbers there must be
 * @returns {Float32Array}
 */
function numbersOf(tensor, n) {
  const values = tensor?.data;
  if (!(values instanceof Float32Array) || values.length !== n) {
    throw new EmbedError(`the net gave ${values?.length} numbers instead of ${n}; ${INTERFACE}`);
  }
  let sum = 0;
  for (let i = 0; i < n; ++i) sum += values[i];
  // So few numbers of 32 bits cannot overflow one of 64: only what is not finite gets here.
  if (!Number.isFinite(sum)) throw new EmbedError("the net answered what is not a finite number");
  return values;
}

/** @param {InferenceSession} session */
function checkInterface({ inputMetadata, outputMetadata }) {
  if (inputMetadata.length !== 1 || outputMetadata.length !== 2) {
    throw new EmbedError(
      `the model has ${inputMetadata.length} inputs and ${outputMetadata.length} outputs; `
      + `${INTERFACE}; nets that remember are not played here`);
  }
  check(inputMetadata[0], "board", "int8", [2, SIDE]);
  // The outputs may stand in either order.
  const at = outputMetadata[0].name === "outcomes" ? 0 : 1;
  check(outputMetadata[at], "outcomes", "float32", [5]);
  check(outputMetadata[1 - at], "equity", "float32", []);
}

/**
 * Throw EmbedError unless a tensor is the expected one, its first length free.
 * @param {InferenceSession.ValueMetadata} found
 * @param {string} name
 * @param {string} type
 * @param {number[]} shape without N
 */
function check(found, name, type, shape) {
  const wrong = (/** @type {string} */ what) =>
    new EmbedError(`the model's ${inQuotes(found.name)} ${what}; ${INTERFACE}`);
  if (found.name !== name) throw wrong("is not known");
  if (!found.isTensor) throw wrong("is not a tensor");
  if (found.type !== type) throw wrong("has another type of numbers");
  const [batch, ...rest] = found.shape;
  if (rest.length !== shape.length || batch === undefined) throw wrong("has another rank");
  if (typeof batch === "number") throw wrong(`has a fixed batch of ${batch}`);
  // An exporter may leave a length of an output open; running the net shows it.
  if (rest.some((length, i) => typeof length === "number" && length !== shape[i])) {
    throw wrong("has another shape");
  }
}
