/** JSON from outside: bytes to values, with the strictness of the Python program. */

import { EmbedError, textOf } from "./error.js";

const QUOTE = 34;
const BACKSLASH = 92;

/**
 * Return the object that bytes are the JSON of. Numbers that are not written as whole numbers come
 * out as null, because 3.0 is no die. Throws EmbedError for anything but an object.
 * @param {Uint8Array} bytes
 * @param {string} what names the bytes in errors, as in "the line"
 * @param {string} example of what would be right
 * @returns {Record<string, unknown>}
 */
export function parseObject(bytes, what, example) {
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new EmbedError(`${what} is not UTF-8`);
  }
  let value;
  try {
    value = JSON.parse(text);
    value = JSON.parse(withoutFractions(text));
  } catch (error) {
    throw new EmbedError(`${what} is not JSON: ${textOf(error)}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new EmbedError(`a request must be an object, as in ${example}`);
  }
  return value;
}

/**
 * Return JSON with null for each number that has a fraction or an exponent.
 * @param {string} text
 */
function withoutFractions(text) {
  let made = "";
  let kept = 0;
  for (let i = 0; i < text.length; ++i) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      for (++i; text.charCodeAt(i) !== QUOTE; ++i) if (text.charCodeAt(i) === BACKSLASH) ++i;
    } else if (isOfNumber(c)) {
      const begin = i;
      let whole = true;
      for (; isOfNumber(text.charCodeAt(i)) || "+.eE".includes(text[i] ?? " "); ++i) {
        whole &&= isOfNumber(text.charCodeAt(i));
      }
      if (!whole) {
        made += `${text.slice(kept, begin)}null`;
        kept = i;
      }
      --i;
    }
  }
  return kept === 0 ? text : made + text.slice(kept);
}

/** @param {number} c */
function isOfNumber(c) {
  return (c >= 48 && c <= 57) || c === 45;
}
