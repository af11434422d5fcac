/**
 * The board: 2 x 25 counts of checkers in one Int8Array of 50, the player on roll first.
 *
 * Each row is one player's checkers from that player's own side: index 0-23 are the own points
 * 1-24, index 24 is the bar, and what is missing from 15 is borne off. Row 0, the player on roll,
 * is at 0-24 of the array, row 1 at 25-49. My index i is the opponent's index 23 - i. Boards one
 * behind the other are, byte for byte, the input int8[N, 2, 25] of a model.
 */

import { EmbedError } from "./error.js";

/** @typedef {Int8Array} Board  50 counts, the player on roll first */
/** @typedef {readonly [number, number]} Roll  two dice, 1 to 6 */

export const CHECKERS = 15;
/** The index of the bar in a row. */
export const BAR = 24;
/** How many numbers a row of a board has. */
export const SIDE = 25;
/** How many numbers a board has. */
export const CELLS = 50;

/**
 * Return the starting position, a fresh copy each time.
 * @returns {Board}
 */
export function start() {
  const board = new Int8Array(CELLS);
  for (const row of [0, SIDE]) {
    board[row + 23] = 2;
    board[row + 12] = 5;
    board[row + 7] = 3;
    board[row + 5] = 5;
  }
  return board;
}

/**
 * Return the board of two rows of 25 counts, the player on roll first.
 * @param {ArrayLike<number>} mine
 * @param {ArrayLike<number>} theirs
 * @returns {Board}
 */
export function boardOf(mine, theirs) {
  if (mine.length !== SIDE || theirs.length !== SIDE) {
    throw new EmbedError(
      `rows have ${mine.length} and ${theirs.length} counts; a board has two of 25`);
  }
  const cells = [...Array.from(mine), ...Array.from(theirs)];
  // An Int8Array would quietly make 2 of 258 and of 2.5.
  validate(cells);
  return Int8Array.from(cells);
}

/**
 * Return the board as the other player sees it: the two rows swapped.
 * @param {Board} board
 * @returns {Board}
 */
export function flip(board) {
  const flipped = new Int8Array(CELLS);
  flipped.set(board.subarray(SIDE), 0);
  flipped.set(board.subarray(0, SIDE), SIDE);
  return flipped;
}

/**
 * Return how many checkers row 0 or 1 has on the board or on the bar.
 * @param {ArrayLike<number>} board
 * @param {0 | 1} row
 * @returns {number}
 */
export function checkers(board, row) {
  let sum = 0;
  for (let i = row * SIDE; i < (row + 1) * SIDE; ++i) sum += board[i];
  return sum;
}

/**
 * Throw EmbedError unless a game can contain the position: 50 counts of 0 to 15, at most 15 a side,
 * no point with both sides on it, and not both sides borne off.
 * @param {ArrayLike<number>} board
 */
export function validate(board) {
  if (board.length !== CELLS) {
    throw new EmbedError(`board has ${board.length} numbers; it must have 2 x 25`);
  }
  for (let i = 0; i < CELLS; ++i) {
    if (!Number.isInteger(board[i])) {
      throw new EmbedError("board has what is not a whole number; checkers are counted");
    }
    if (board[i] < 0) {
      throw new EmbedError("board has a negative number of checkers; counts go from 0 to 15");
    }
  }
  const mine = checkers(board, 0);
  const theirs = checkers(board, 1);
  if (mine > CHECKERS || theirs > CHECKERS) {
    throw new EmbedError("board has more than 15 checkers on a side; each side has 15");
  }
  for (let i = 0; i < BAR; ++i) {
    if (board[i] > 0 && board[SIDE + 23 - i] > 0) {
      throw new EmbedError("board has both sides on one point; a point belongs to one side");
    }
  }
  if (mine === 0 && theirs === 0) {
    throw new EmbedError("board has both sides borne off; only one side can finish");
  }
}

/**
 * Throw EmbedError unless there are two dice and both are 1 to 6.
 * @param {Roll} roll
 */
export function validateRoll(roll) {
  if (roll.length !== 2) throw new EmbedError(`a roll has two dice, not ${roll.length}`);
  for (const die of roll) {
    if (!Number.isInteger(die) || die < 1 || die > 6) {
      throw new EmbedError(`die ${die} is not a die; each die is a whole number from 1 to 6`);
    }
  }
}

/**
 * Return what the last mover, row 1, has won: 0 if the game goes on, 1 for a single game, 2 for a
 * gammon (the loser has borne off nothing), 3 for a backgammon (and still has a checker on the bar
 * or in the winner's home board).
 * @param {Board} after
 * @returns {0 | 1 | 2 | 3}
 */
export function result(after) {
  if (checkers(after, 1) > 0) return 0;
  if (checkers(after, 0) < CHECKERS) return 1;
  return after.subarray(18, SIDE).some((n) => n > 0) ? 3 : 2;
}

/**
 * Throw EmbedError if either side has borne off everything.
 * @param {Board} board
 */
export function requireUnfinished(board) {
  if (checkers(board, 0) === 0 || checkers(board, 1) === 0) {
    throw new EmbedError("the game is over; nothing can be played");
  }
}
