/**
 * Single checkers moved: where from, and which moves may come next in a turn half made.
 *
 * All boards here are seen by the mover, row 0. OFF is where a checker lands that is borne off.
 */

import { BAR, SIDE, validate } from "./board.js";
import { EmbedError } from "./error.js";

/** @typedef {import("./board.js").Board} Board */
/**
 * One checker moved with one die: the indices that it leaves and reaches, 24 the bar, -1 off.
 * @typedef {{from: number, to: number, die: number, hit: boolean}} Move
 */

export const OFF = -1;

/**
 * Return every index a checker of the mover may leave with a die, rearmost first.
 * @param {ArrayLike<number>} board
 * @param {number} die
 * @returns {number[]}
 */
export function sources(board, die) {
  /** @type {number[]} */
  const found = [];
  // The opponent's checkers on my index i are at 48 - i.
  if (board[BAR] > 0) {
    if (board[48 - BAR + die] < 2) found.push(BAR);
    return found;
  }
  for (let i = 23; i >= die; --i) {
    if (board[i] > 0 && board[48 - i + die] < 2) found.push(i);
  }
  if (!none(board, 6, BAR)) return found;
  if (board[die - 1] > 0) {
    found.push(die - 1);
  } else if (none(board, die, 6)) {
    // Every checker is nearer than the die reaches: only the rearmost may go.
    for (let i = die - 2; i >= 0; --i) {
      if (board[i] > 0) {
        found.push(i);
        break;
      }
    }
  }
  return found;
}

/**
 * Move a checker in place with a die and return whether it hits. The move must be possible.
 * @param {Board} board
 * @param {number} from
 * @param {number} die
 * @returns {boolean}
 */
export function make(board, from, die) {
  const to = from - die;
  --board[from];
  if (to < 0) return false;
  ++board[to];
  if (board[48 - to] === 0) return false;
  board[48 - to] = 0;
  ++board[SIDE + BAR];
  return true;
}

/**
 * Take back what `make` did, `hit` being its answer.
 * @param {Board} board
 * @param {number} from
 * @param {number} die
 * @param {boolean} hit
 */
export function undo(board, from, die, hit) {
  const to = from - die;
  ++board[from];
  if (to < 0) return;
  --board[to];
  if (!hit) return;
  board[48 - to] = 1;
  --board[SIDE + BAR];
}

/**
 * Return the moves that may come next, so that a complete legal play can follow; none at the end of
 * a turn.
 *
 * A board in a browser lets its user drag so: `dice` are those of the turn that are not used yet
 * (four of them after a double is thrown), `board` has the moves made so far, still seen by the
 * mover. Each of these moves takes one die away; the board after it is that of `moved`. Throws
 * EmbedError for what is not a position or not dice.
 * @param {Board} board
 * @param {readonly number[]} dice
 * @returns {Move[]}
 */
export function nextMoves(board, dice) {
  validate(board);
  for (const die of dice) requireDie(die);
  if (dice.length > 4 || (dice.length > 2 && dice.some((die) => die !== dice[0]))) {
    throw new EmbedError(`[${dice}] are not dice left in a turn; write two, or up to four equal`);
  }
  const scratch = board.slice();
  /** @type {Move[]} */
  const all = [];
  const most = longest(scratch, dice);
  // With one of two dice only, the larger must be used if it can be.
  for (const die of [...new Set(dice)].sort((a, b) => b - a)) {
    for (const from of sources(scratch, die)) {
      const hit = make(scratch, from, die);
      if (1 + longest(scratch, without(dice, die)) === most) {
        all.push({ from, to: Math.max(from - die, OFF), die, hit });
      }
      undo(scratch, from, die, hit);
    }
    if (most === 1 && all.length > 0) break;
  }
  return all;
}

/**
 * Return the board after a move, still seen by the mover; the board given stays as it is.
 * @param {Board} board
 * @param {Move} move
 * @returns {Board}
 */
export function moved(board, move) {
  const after = board.slice();
  make(after, move.from, move.die);
  return after;
}

/**
 * Return how many of the dice can be used, in the best order.
 *
 * Moves with equal dice can always be made rearmost first, so only such sequences are tried; no
 * checker behind `rearmost` is moved then.
 * @param {Board} board
 * @param {readonly number[]} dice
 * @returns {number}
 */
function longest(board, dice, rearmost = BAR) {
  const equal = new Set(dice).size === 1;
  let most = 0;
  for (const die of new Set(dice)) {
    for (const from of sources(board, die)) {
      if (equal && from > rearmost) continue;
      const hit = make(board, from, die);
      most = Math.max(most, 1 + longest(board, without(dice, die), equal ? from : BAR));
      undo(board, from, die, hit);
      if (most === dice.length) return most;
    }
  }
  return most;
}

/**
 * @param {readonly number[]} dice
 * @param {number} die
 */
function without(dice, die) {
  const left = dice.slice();
  left.splice(left.indexOf(die), 1);
  return left;
}

/** @param {number} die */
function requireDie(die) {
  if (!Number.isInteger(die) || die < 1 || die > 6) {
    throw new EmbedError(`die ${die} is not a die; each die is a whole number from 1 to 6`);
  }
}

/**
 * @param {ArrayLike<number>} board
 * @param {number} first
 * @param {number} end
 */
function none(board, first, end) {
  for (let i = first; i < end; ++i) if (board[i] > 0) return false;
  return true;
}
