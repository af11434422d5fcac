/** What the benchmarks of hosts share: positions of random games, and medians of times. */

import { CELLS, result, start } from "./board.js";
import { afterstates } from "./plays.js";

/** @typedef {import("./board.js").Board} Board */
/** @typedef {import("./board.js").Roll} Roll */

export const SINGLES = 20_000;
export const BATCHES = 200;
export const BATCH = 1024;
// A slow net is measured less often: no more than so many milliseconds, but so often at least.
const LONGEST = 2000;
const LEAST = 9;

/** @param {number[]} values */
export function median(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/**
 * Return numbers from 0 to n - 1, the same in each run. Source: G. Marsaglia, "Xorshift RNGs",
 * 2003.
 * @returns {(n: number) => number}
 */
function generator() {
  let state = 2463534242;
  return (n) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
}

/**
 * Return turns of games played at random, so that the branches of a net see what they see in use.
 * @param {number} n
 */
export function turns(n) {
  const random = generator();
  /** @type {{board: Board, roll: Roll}[]} */
  const found = [];
  for (let board = start(); found.length < n;) {
    const roll = /** @type {Roll} */ ([random(6) + 1, random(6) + 1]);
    found.push({ board, roll });
    const after = afterstates(board, roll);
    board = after[random(after.length)];
    if (result(board)) board = start();
  }
  return found;
}

/** @param {readonly Board[]} boards */
export function batchOf(boards) {
  const batch = new Int8Array(boards.length * CELLS);
  boards.forEach((board, i) => batch.set(board, i * CELLS));
  return batch;
}

/**
 * Return the median of the microseconds that a call takes, of at most `times` calls.
 * @param {number} times
 * @param {(i: number) => unknown} call
 */
export async function microseconds(times, call) {
  const taken = [];
  const first = performance.now();
  for (let i = 0; i < times && (i < LEAST || performance.now() < first + LONGEST); ++i) {
    const begin = performance.now();
    await call(i);
    taken.push(1000 * (performance.now() - begin));
  }
  return median(taken);
}
