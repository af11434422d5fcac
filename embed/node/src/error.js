/** What the package throws: one line that says what is wrong and what would be right. */

const LONGEST = 300;
const LONGEST_QUOTE = 40;

export class EmbedError extends Error {
  /** @param {string} text becomes one line of at most 300 characters, whatever was put into it */
  constructor(text) {
    super(oneLine(text));
    this.name = "EmbedError";
  }
}

/**
 * Return text from outside in single quotes, cut to so many bytes, the unprintable as \xNN.
 * @param {string} text
 * @returns {string}
 */
export function inQuotes(text, longest = LONGEST_QUOTE) {
  const bytes = new TextEncoder().encode(text.slice(0, longest + 1));
  const shown = Array.from(bytes.subarray(0, longest), (byte) =>
    byte >= 32 && byte < 127
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, "0")}`);
  return `'${shown.join("")}${bytes.length > longest ? "..." : ""}'`;
}

/**
 * Return what a thing that was thrown says.
 * @param {unknown} thrown
 * @returns {string}
 */
export function textOf(thrown) {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** @param {string} text */
function oneLine(text) {
  const line = text.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 3)}...` : line;
}
