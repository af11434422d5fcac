/**
 * Every legal play of a roll, as the positions the plays lead to and as moves of single checkers.
 *
 * The rules are those of the US Backgammon Federation: enter from the bar first, bear off only with
 * all checkers home, use both dice (all four of a double) if any order allows it, and otherwise the
 * larger die if it can be used. The order is that of the Python reference, engine.plays.
 */

import { BAR, CELLS, SIDE, validate, validateRoll } from "./board.js";
import { OFF, make, sources, undo } from "./moves.js";

/** @typedef {import("./board.js").Board} Board */
/** @typedef {import("./board.js").Roll} Roll */
/**
 * A complete play: the moves of single checkers in a legal order, each the indices that a checker
 * leaves and reaches (24 the bar, -1 off), seen by the mover; and the position it leads to, seen by
 * the opponent, who is then on roll.
 * @typedef {{steps: [number, number][], after: Board}} Play
 */

/**
 * Return each distinct position that a complete play of the roll leads to, seen by the opponent,
 * who is then on roll; the only one is the flipped board if nothing can be moved. The boards are
 * views of one array, one behind the other. Throws EmbedError for what is not a position or roll.
 * @param {Board} board
 * @param {Roll} roll
 * @returns {Board[]}
 */
export function afterstates(board, roll) {
  return search(board, roll).boards();
}

/**
 * Return the same positions in the same order, each with one way to get there: the one that starts
 * from the rearmost checker, with the larger die first. Throws what `afterstates` throws.
 * @param {Board} board
 * @param {Roll} roll
 * @returns {Play[]}
 */
export function plays(board, roll) {
  const found = search(board, roll);
  return found.boards().map((after, i) => ({ steps: stepsOf(found.moves[i]), after }));
}

// Boards are found, hashed and compared as words, which the two bytes that are missing fill.
const WORDS = 13;
const STRIDE = 4 * WORDS;

// A move in a byte: its source and its die. A play is up to four of them, the first one lowest.
/**
 * @param {number} from
 * @param {number} die
 */
function code(from, die) {
  return (from << 3) | die;
}

/**
 * @param {number} moves
 * @returns {[number, number][]}
 */
function stepsOf(moves) {
  /** @type {[number, number][]} */
  const steps = [];
  for (let left = moves; left !== 0; left >>>= 8) {
    const from = (left >> 3) & 31;
    steps.push([from, Math.max(from - (left & 7), OFF)]);
  }
  return steps;
}

/** Positions in the order in which they were found, seen by the mover, with the moves to each. */
class Found {
  size = 0;
  /** @type {number[]} */
  moves = [];
  /** @type {number[]} */
  #hashes = [];
  /** @type {boolean[]} */
  #tidy = [];
  #words = new Int32Array(64 * WORDS);

  clear() {
    this.size = 0;
  }

  /**
   * Add a position that is not among those found.
   * @param {Int32Array} words
   * @param {number} moves
   */
  push(words, moves) {
    const at = this.size * WORDS;
    if (at === this.#words.length) {
      const longer = new Int32Array(2 * at);
      longer.set(this.#words);
      this.#words = longer;
    }
    for (let i = 0; i < WORDS; ++i) this.#words[at + i] = words[i];
    this.moves[this.size++] = moves;
  }

  /**
   * Add a position unless it was found before; the first way to it stands unless it started from
   * the nearer checker and this one does not.
   * @param {Int32Array} words
   * @param {number} moves
   * @param {boolean} tidy
   */
  add(words, moves, tidy) {
    let hash = 0;
    for (let i = 0; i < WORDS; ++i) hash = Math.imul(hash ^ words[i], 0x9e3779b1) ^ (hash >>> 15);
    for (let i = 0; i < this.size; ++i) {
      if (this.#hashes[i] === hash && this.#isAt(i, words)) {
        if (tidy && !this.#tidy[i]) {
          this.moves[i] = moves;
          this.#tidy[i] = true;
        }
        return;
      }
    }
    this.#hashes[this.size] = hash;
    this.#tidy[this.size] = tidy;
    this.push(words, moves);
  }

  /** @returns {Board[]} each position, seen by the opponent */
  boards() {
    const bytes = new Int8Array(this.#words.buffer);
    const batch = new Int8Array(this.size * CELLS);
    const boards = [];
    for (let i = 0; i < this.size; ++i) {
      const to = i * CELLS;
      const from = i * STRIDE;
      for (let j = 0; j < SIDE; ++j) {
        batch[to + j] = bytes[from + SIDE + j];
        batch[to + SIDE + j] = bytes[from + j];
      }
      boards.push(batch.subarray(to, to + CELLS));
    }
    return boards;
  }

  /**
   * @param {number} i
   * @param {Int32Array} words
   */
  #isAt(i, words) {
    for (let j = 0; j < WORDS; ++j) if (this.#words[i * WORDS + j] !== words[j]) return false;
    return true;
  }
}

// A search runs from its beginning to its end without a pause, so one of each serves them all.
const FOUND = new Found();
const SCRATCH = new Int32Array(WORDS);
const CELLS_OF_SCRATCH = new Int8Array(SCRATCH.buffer, 0, CELLS);

/**
 * @param {Board} board
 * @param {Roll} roll
 * @returns {Found}
 */
function search(board, roll) {
  validate(board);
  validateRoll(roll);
  const words = SCRATCH;
  const cells = CELLS_OF_SCRATCH;
  cells.set(board);
  const high = Math.max(roll[0], roll[1]);
  const low = Math.min(roll[0], roll[1]);
  const found = FOUND;
  found.clear();
  if (high === low) {
    descend({ cells, words, die: high, found, longest: 0 }, BAR, 0, 0);
  } else {
    searchTwo(cells, words, high, low, found);
  }
  return found;
}

/**
 * @param {Board} cells
 * @param {Int32Array} words
 * @param {number} high
 * @param {number} low
 * @param {Found} found
 */
function searchTwo(cells, words, high, low, found) {
  for (const [die, other] of [[high, low], [low, high]]) {
    for (const first of sources(cells, die)) {
      const hit = make(cells, first, die);
      for (const second of sources(cells, other)) {
        const hits = make(cells, second, other);
        found.add(words, code(first, die) | (code(second, other) << 8), second <= first);
        undo(cells, second, other, hits);
      }
      undo(cells, first, die, hit);
    }
  }
  for (const die of [high, low]) {
    if (found.size > 0) return;
    for (const from of sources(cells, die)) {
      const hit = make(cells, from, die);
      found.push(words, code(from, die));
      undo(cells, from, die, hit);
    }
  }
  if (found.size === 0) found.push(words, 0);
}

/**
 * Find the plays of a double. Its moves can always be made rearmost first, so only such sequences
 * are tried; then each set of moves, hence each position, turns up once.
 * @param {{cells: Board, words: Int32Array, die: number, found: Found, longest: number}} task
 * @param {number} rearmost
 * @param {number} made
 * @param {number} moves
 */
function descend(task, rearmost, made, moves) {
  const { cells, words, die, found } = task;
  if (made > task.longest) {
    task.longest = made;
    found.clear();
  }
  if (made === task.longest) found.push(words, moves);
  if (made === 4) return;
  for (const from of sources(cells, die)) {
    if (from > rearmost) continue;
    const hit = make(cells, from, die);
    descend(task, from, made + 1, moves | (code(from, die) << (8 * made)));
    undo(cells, from, die, hit);
  }
}
