/** A value net that `tdgammon export --to savedmodel` has written, run by TensorFlow's C API. */

import { existsSync, openSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import koffi from "koffi";

import { CELLS, start } from "../../../node/src/board.js";
import { EmbedError, inQuotes } from "../../../node/src/error.js";

const LIBRARIES = fileURLToPath(new URL("../../build/deps/lib/", import.meta.url));
const [FLOAT, INT8] = [1, 6];
const BATCH = 1024; // Positions at once: more would only cost memory.
// ConfigProto: one thread within operations, one between them. RunOptions: the caller's own.
const CONFIG = Uint8Array.of(0x10, 1, 0x28, 1);
const OPTIONS = Uint8Array.of(0x18, ...Array(9).fill(255), 1);
const INTERFACE = "it needs the operations board int8[N, 2, 25], outcomes float32[N, 5] and equity "
  + 'float32[N], as "tdgammon export --to savedmodel" writes them';

/** Return TensorFlow's library, loaded without the log that it writes to standard error. */
function library() {
  process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "3";
  const [dup, dup2, dlopen] = ["int dup(int)", "int dup2(int, int)",
    "void *dlopen(const char *, int)"].map((declared) => koffi.load(null).func(declared));
  const kept = dup(2);
  dup2(openSync("/dev/null", "w"), 2);
  try {
    for (const name of ["framework", "cc"]) {
      // RTLD_NOW, RTLD_GLOBAL: the second finds what it lacks in the first. RTLD_NODELETE: it
      // would crash if it were taken away when the process ends.
      dlopen(`${LIBRARIES}libtensorflow_${name}.so.2`, 0x2 | 0x100 | 0x1000);
    }
    return koffi.load(`${LIBRARIES}libtensorflow_cc.so.2`, { global: true });
  } finally {
    dup2(kept, 2);
  }
}

const c = library();
koffi.struct("TF_Output", { oper: "void *", index: "int" });
const tf = Object.fromEntries(`void *TF_NewStatus()
int TF_GetCode(void *)
const char *TF_Message(void *)
void *TF_NewGraph()
void *TF_NewSessionOptions()
void TF_SetConfig(void *, const uint8_t *, size_t, void *)
void *TF_NewBufferFromString(const uint8_t *, size_t)
void *TF_LoadSessionFromSavedModel(void *, void *, const char *, const char **, int, void *, \
void *, void *)
void *TF_GraphOperationByName(void *, const char *)
int TF_OperationOutputType(TF_Output)
int TF_GraphGetTensorNumDims(void *, TF_Output, void *)
void TF_GraphGetTensorShape(void *, TF_Output, _Out_ int64_t *, int, void *)
void *TF_AllocateTensor(int, const int64_t *, int, size_t)
void *TF_TensorData(void *)
size_t TF_TensorByteSize(void *)
void TF_DeleteTensor(void *)
void TF_SessionRun(void *, void *, const TF_Output *, void **, int, const TF_Output *, \
_Out_ void **, int, void *, int, void *, void *)`.split("\n").map(
  (declared) => [/TF_\w+(?=\()/.exec(declared)[0], c.func(declared)]));
const status = tf.TF_NewStatus();

/** Throw EmbedError unless the last call went well. */
function check(otherwise) {
  if (tf.TF_GetCode(status) !== 0) throw new EmbedError(otherwise + tf.TF_Message(status));
}

/** Return the memory of a tensor; it is the tensor's own. */
const memoryOf = (tensor) => koffi.view(tf.TF_TensorData(tensor), tf.TF_TensorByteSize(tensor));

export class Model {
  #graph = tf.TF_NewGraph();
  #options = tf.TF_NewBufferFromString(OPTIONS, OPTIONS.length);
  #session; #board; #answers;

  /** Read the folder of a SavedModel. Throws EmbedError for anything else. */
  constructor(folder) {
    const options = tf.TF_NewSessionOptions();
    tf.TF_SetConfig(options, CONFIG, CONFIG.length, status);
    this.#session = tf.TF_LoadSessionFromSavedModel(
      options, null, folder, ["serve"], 1, this.#graph, null, status);
    check(`the folder ${inQuotes(folder)} is not a model that TensorFlow can run: `);
    if (tf.TF_GraphOperationByName(this.#graph, "memory") !== null) {
      throw new EmbedError(
        "the model has the input 'memory'; nets that remember are not played here");
    }
    this.#board = this.#operation("board", INT8, [-1, 2, 25]);
    this.#answers = [
      this.#operation("outcomes", FLOAT, [-1, 5]), this.#operation("equity", FLOAT, [-1])];
    const about = join(folder, "assets.extra/tdgammon.json");
    const said = existsSync(about) ? JSON.parse(readFileSync(about, "utf8")) : null;
    this.name = typeof said?.agent === "string" ? said.agent : basename(resolve(folder));
    // Warms up: TensorFlow makes the graph faster when it is run for the first time.
    this.run(Int8Array.from(start()));
  }

  /** Evaluate positions, valid boards int8[N * 50] one behind the other, as the net sees them. */
  run(boards) {
    const n = boards.length / CELLS;
    const [outcomes, equity] = [new Float32Array(5 * n), new Float32Array(n)];
    for (let at = 0; at < n; at += BATCH) {
      const [five, one] = this.#answersTo(boards.subarray(at * CELLS, (at + BATCH) * CELLS));
      outcomes.set(five, 5 * at);
      equity.set(one, at);
    }
    return { outcomes, equity };
  }

  #answersTo(boards) {
    const n = boards.length / CELLS;
    const shape = BigInt64Array.of(BigInt(n), 2n, 25n);
    const input = tf.TF_AllocateTensor(INT8, shape, 3, boards.length);
    new Int8Array(memoryOf(input)).set(boards);
    const found = [null, null];
    tf.TF_SessionRun(this.#session, this.#options, [this.#board], [input], 1, this.#answers, found,
      2, null, 0, null, status);
    tf.TF_DeleteTensor(input);
    check("the net cannot be run: ");
    return found.map((tensor, i) => {
      const numbers = new Float32Array(memoryOf(tensor)).slice();
      tf.TF_DeleteTensor(tensor);
      if (numbers.length === n * [5, 1][i] && numbers.every(Number.isFinite)) return numbers;
      throw new EmbedError("the net answered too few numbers, or what is not a finite number");
    });
  }

  #operation(name, type, shape) {
    const found = { oper: tf.TF_GraphOperationByName(this.#graph, name), index: 0 };
    if (found.oper !== null && tf.TF_OperationOutputType(found) === type
        && tf.TF_GraphGetTensorNumDims(this.#graph, found, status) === shape.length) {
      const lengths = new BigInt64Array(shape.length);
      tf.TF_GraphGetTensorShape(this.#graph, found, lengths, shape.length, status);
      if (shape.every((length, i) => BigInt(length) === lengths[i])) return found;
    }
    throw new EmbedError(
      `the model's '${name}' is missing, or of another type or shape; ${INTERFACE}`);
  }
}
