/** The player protocol on streams: lines of bytes come in, and every line is answered at once. */

import { EmbedError } from "./error.js";
import { answer } from "./protocol.js";

/** @typedef {import("./protocol.js").NamedNet} NamedNet */

const NEWLINE = 10;
// What Python's bytes.strip takes away.
const BLANKS = new Set([9, 10, 11, 12, 13, 32]);

/**
 * Answer each line of `input` that is not blank on `output`, until it ends or quits. Rejects with
 * EmbedError when nobody reads the answers any more.
 * @param {NamedNet} net
 * @param {AsyncIterable<Uint8Array>} input
 * @param {import("node:stream").Writable} output
 * @returns {Promise<void>}
 */
export async function serveLines(net, input, output) {
  for await (const line of linesOf(input)) {
    const request = stripped(line);
    if (request.length === 0) continue;
    const text = await answer(net, request);
    if (text === null) return;
    try {
      await write(output, `${text}\n`);
    } catch {
      throw new EmbedError("nobody reads the answers any more");
    }
  }
}

/**
 * Write text and wait until it has been taken; rejects if it cannot be written.
 * @param {import("node:stream").Writable} output
 * @param {string} text
 * @returns {Promise<void>}
 */
export function write(output, text) {
  return new Promise((resolve, reject) => {
    // Without a listener an error would end the process as well.
    if (output.listenerCount("error") === 0) output.on("error", () => {});
    output.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/** @param {AsyncIterable<Uint8Array>} input */
async function* linesOf(input) {
  /** @type {Uint8Array[]} */
  let parts = [];
  for await (const chunk of input) {
    let begin = 0;
    for (let end; (end = chunk.indexOf(NEWLINE, begin)) >= 0; begin = end + 1) {
      parts.push(chunk.subarray(begin, end));
      yield Buffer.concat(parts);
      parts = [];
    }
    parts.push(chunk.subarray(begin));
  }
  yield Buffer.concat(parts);
}

/** @param {Uint8Array} line */
function stripped(line) {
  let begin = 0;
  let end = line.length;
  while (begin < end && BLANKS.has(line[begin])) ++begin;
  while (end > begin && BLANKS.has(line[end - 1])) --end;
  return line.subarray(begin, end);
}
