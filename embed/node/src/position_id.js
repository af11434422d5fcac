/**
 * GNU Backgammon's Position ID: a position as 14 characters of text.
 *
 * Source: GNU Backgammon manual, "A technical description of the Position ID". Ten bytes in base64
 * without padding; their bits, least significant first, are the player not on roll and then the
 * player on roll, for each of the own points 1-24 and the bar one 1-bit a checker and then a 0-bit.
 */

import { CELLS, SIDE, validate } from "./board.js";
import { EmbedError, inQuotes, textOf } from "./error.js";

/** @typedef {import("./board.js").Board} Board */

const LENGTH = 14;
const BITS = 80;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES = new Int8Array(128).fill(-1);
for (let i = 0; i < ALPHABET.length; ++i) VALUES[ALPHABET.charCodeAt(i)] = i;

/**
 * Return the ID of a board, the player on roll in row 0. Throws EmbedError if it is not a position.
 * @param {Board} board
 * @returns {string}
 */
export function encodePosition(board) {
  validate(board);
  // 84 bits, of which the last four stay zero, are the 14 characters.
  const bytes = new Uint8Array(11);
  let at = 0;
  for (let cell = 0; cell < CELLS; ++cell, ++at) {
    for (let n = board[placeOf(cell)]; n > 0; --n, ++at) bytes[at >> 3] |= 1 << (at & 7);
  }
  let text = "";
  for (let i = 0; i < LENGTH; ++i) {
    const bit = 6 * i;
    const two = (bytes[bit >> 3] << 8) | (bytes[(bit >> 3) + 1] ?? 0);
    text += ALPHABET[(two >> (10 - (bit & 7))) & 63];
  }
  return text;
}

/**
 * Return the board of an ID, the player on roll in row 0. Throws EmbedError for text that is not
 * the canonical ID of any checkers, and if no game can contain the position.
 * @param {string} text
 * @returns {Board}
 */
export function decodePosition(text) {
  const bytes = bytesOf(text);
  const board = new Int8Array(CELLS);
  let cell = 0;
  let stray = bytes[10] !== 0;
  for (let at = 0; at < BITS; ++at) {
    // A checker belongs to the cell whose number is the count of 0-bits before it.
    if (((bytes[at >> 3] >> (at & 7)) & 1) === 0) {
      ++cell;
    } else if (cell < CELLS) {
      ++board[placeOf(cell)];
    } else {
      stray = true;
    }
  }
  if (stray) {
    throw new EmbedError(
      `Position ID ${inQuotes(text)} has bits after the last cell; they must be zero`);
  }
  try {
    validate(board);
  } catch (error) {
    throw new EmbedError(`Position ID ${inQuotes(text)}: ${textOf(error)}`);
  }
  return board;
}

/**
 * Return where a cell stands in a board: the player not on roll comes first.
 * @param {number} cell
 */
function placeOf(cell) {
  return cell < SIDE ? cell + SIDE : cell - SIDE;
}

/** @param {string} text */
function bytesOf(text) {
  if (text.length !== LENGTH) {
    throw new EmbedError(`Position ID ${inQuotes(text)} must have 14 characters`);
  }
  const bytes = new Uint8Array(11);
  for (let i = 0; i < LENGTH; ++i) {
    const value = VALUES[text.charCodeAt(i)] ?? -1;
    if (value < 0) {
      throw new EmbedError(
        `Position ID ${inQuotes(text)} is not base64; it must be of A-Z, a-z, 0-9, + and /`);
    }
    const bit = 6 * i;
    const two = value << (10 - (bit & 7));
    bytes[bit >> 3] |= two >> 8;
    if ((bit >> 3) < 10) bytes[(bit >> 3) + 1] |= two & 255;
  }
  return bytes;
}
