/**
 * Plays in words: "bar/22 13/11*(2)".
 *
 * The notation is the usual one (bkgm.com, "Backgammon Notation"), with points numbered from the
 * mover's side, "*" after a point where a blot is hit and "(2)" for a play made twice.
 */

import { BAR, SIDE } from "./board.js";
import { OFF } from "./moves.js";

/** @typedef {import("./board.js").Board} Board */
/** One checker's way: its first index, each one it hit on, its last; whether it hit there. */
/** @typedef {{stops: number[], hitsLast: boolean}} Path */

/**
 * Return the steps of a play on a board, the mover in row 0, in the usual notation, the rearmost
 * checker first; "" if nothing moves. A checker that moves on is written once, "24/13", unless it
 * hits on the way: "24/18*, then /13" in one word.
 * @param {Board} board
 * @param {readonly (readonly [number, number])[]} steps
 * @returns {string}
 */
export function formatPlay(board, steps) {
  /** @type {Map<string, {stops: number[], times: number, hit: boolean}>} */
  const parts = new Map();
  for (const { stops, hitsLast } of paths(board, steps)) {
    const same = parts.get(stops.join());
    if (same) {
      ++same.times;
      same.hit ||= hitsLast;
    } else {
      parts.set(stops.join(), { stops, times: 1, hit: hitsLast });
    }
  }
  const sorted = [...parts.values()].sort((a, b) => rearmostFirst(a.stops, b.stops));
  return sorted.map(({ stops, times, hit }) => {
    const names = stops.map((stop, i) => nameOf(stop) + (i > 0 && i < stops.length - 1 ? "*" : ""));
    return names.join("/") + (hit ? "*" : "") + (times > 1 ? `(${times})` : "");
  }).join(" ");
}

/**
 * Join the moves in which one checker goes on; a stop on the way stays only if it was a hit.
 * @param {Board} board
 * @param {readonly (readonly [number, number])[]} steps
 * @returns {Path[]}
 */
function paths(board, steps) {
  /** @type {Path[]} */
  const found = [];
  /** @type {Set<number>} */
  const hits = new Set();
  for (const [from, to] of steps) {
    const here = found.filter((path) => path.stops[path.stops.length - 1] === from);
    let stops = [from];
    // Of two checkers on a point the one that did not hit there goes on: shorter text.
    const before = here.find((path) => !path.hitsLast) ?? here[0];
    if (before) {
      found.splice(found.indexOf(before), 1);
      stops = before.hitsLast ? before.stops : before.stops.slice(0, -1);
    }
    const hit = to !== OFF && board[SIDE + 23 - to] === 1 && !hits.has(to);
    if (hit) hits.add(to);
    found.push({ stops: [...stops, to], hitsLast: hit });
  }
  return found;
}

/**
 * @param {number[]} a
 * @param {number[]} b
 */
function rearmostFirst(a, b) {
  for (let i = 0; i < Math.min(a.length, b.length); ++i) if (a[i] !== b[i]) return b[i] - a[i];
  return b.length - a.length;
}

/** @param {number} index */
function nameOf(index) {
  return index === BAR ? "bar" : index === OFF ? "off" : String(index + 1);
}
