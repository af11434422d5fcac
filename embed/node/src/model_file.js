/**
 * What an ONNX file says of itself.
 *
 * Source: github.com/onnx/onnx, onnx.proto: a ModelProto has in field 14 its metadata_props, each a
 * message of a key (field 1) and a value (field 2). ONNX Runtime's package for Node does not tell
 * them. Encoding: protobuf.dev, "Encoding".
 */

const METADATA_PROPS = 14;
const KEY = 1;
const VALUE = 2;

/**
 * Return the properties that `tdgammon export` has written into a file; none of what is no ONNX.
 * @param {Uint8Array} file
 * @returns {Map<string, string>}
 */
export function metadata(file) {
  /** @type {Map<string, string>} */
  const found = new Map();
  const decoder = new TextDecoder();
  for (const [number, bytes] of fields(file)) {
    if (number !== METADATA_PROPS) continue;
    const entry = new Map(fields(bytes));
    found.set(decoder.decode(entry.get(KEY)), decoder.decode(entry.get(VALUE)));
  }
  return found;
}

/**
 * Yield number and bytes of each field of a message that has a length; the other kinds of fields
 * are passed over. Ends at whatever is no field.
 * @param {Uint8Array} bytes
 * @returns {Generator<[number, Uint8Array]>}
 */
function* fields(bytes) {
  let at = 0;
  const varint = () => {
    // Lengths above 2^31 - 1 are in no file that can be read.
    let value = 0;
    for (let scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    return Infinity;
  };
  while (at < bytes.length) {
    const tag = varint();
    const kind = tag % 8;
    if (kind === 0) {
      varint();
    } else if (kind === 1) {
      at += 8;
    } else if (kind === 5) {
      at += 4;
    } else if (kind === 2) {
      const length = varint();
      if (at + length > bytes.length) return;
      yield [Math.floor(tag / 8), bytes.subarray(at, at + length)];
      at += length;
    } else {
      return;
    }
  }
}
