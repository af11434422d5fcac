/**
 * Reads what `tdgammon export NAME --to plain` writes: a line of JSON, then little-endian float32.
 *
 * The line says which features go in, how wide the layers are and what bends them; then come, of
 * each layer, its kernel [in, out], row by row, and its bias [out]. Nothing else.
 */

/** What the net throws: one line that says what is wrong. */
export class NetError extends Error {}

const LONGEST_LINE = 1 << 16;
const WIDEST = 1 << 20;
const TEXTS = ["agent", "features", "activation", "checkpoint_sha256"];

/** @param {Uint8Array} line */
function headerOf(line) {
  let header;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(line));
  } catch {
    throw new NetError("its first line is not what it should be");
  }
  if (header?.format !== "tdgammon-plain") throw new NetError("it is of another format");
  if (header.version !== 1) throw new NetError("it is of another version; this program reads 1");
  for (const name of TEXTS) {
    if (typeof header[name] !== "string") {
      throw new NetError(`its first line does not say "${name}"`);
    }
  }
  const { layers } = header;
  if (!Array.isArray(layers) || layers.length < 2
      || !layers.every((width) => Number.isInteger(width) && width >= 1 && width <= WIDEST)) {
    throw new NetError("its layers are of no net");
  }
  return header;
}

/**
 * Return the first line of a file, and its numbers.
 * @param {Uint8Array} bytes the whole file
 * @returns {{header: Record<string, any>, weights: Float32Array}}
 */
export function readNet(bytes) {
  const end = bytes.subarray(0, LONGEST_LINE).indexOf(10);
  if (end < 0) throw new NetError("its first line is not what it should be");
  const header = headerOf(bytes.subarray(0, end));
  const { layers } = header;
  let wanted = 0;
  for (let i = 0; i + 1 < layers.length; ++i) wanted += (layers[i] + 1) * layers[i + 1];
  if (bytes.length !== end + 1 + 4 * wanted) {
    throw new NetError(`it has ${bytes.length} bytes instead of ${end + 1 + 4 * wanted}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + end + 1, 4 * wanted);
  const weights = new Float32Array(wanted);
  for (let i = 0; i < wanted; ++i) weights[i] = view.getFloat32(4 * i, true);
  if (!weights.every(Number.isFinite)) {
    throw new NetError("it holds a number that is not finite");
  }
  return { header, weights };
}
