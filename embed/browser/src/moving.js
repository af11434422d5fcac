/**
 * A play in progress: which checkers may move now, one die at a time.
 *
 * A move is offered if it can still grow into a complete legal play. Indices are those of the
 * mover: 0 to 23 his points, 24 the bar, -1 off.
 */

import { OFF, formatPlay, moved, nextMoves } from "../rules/rules.js";

export class Moving {
  /** Begin a play on `first`, the mover in row 0, with the dice of `roll`, the larger first. */
  constructor(first, roll) {
    this.first = first;
    const [high, low] = [Math.max(...roll), Math.min(...roll)];
    this.roll = [high, low];
    this.made = [];
    this.boards = [first];
    this.left = high === low ? [high, high, high, high] : [high, low];
    this.options = nextMoves(first, this.left);
  }

  /** The position after the moves made, still seen by the mover. */
  get board() {
    return this.boards[this.boards.length - 1];
  }

  /** Whether the moves made are a complete play; nothing needs to have moved. */
  get complete() {
    return this.options.length === 0;
  }

  /** Whether the roll cannot be played at all. */
  get stuck() {
    return this.complete && this.made.length === 0;
  }

  /** The moves made, as pairs of the indices left and reached. */
  get steps() {
    return this.made.map(({ from, to }) => [from, to]);
  }

  /** The play in the usual notation. */
  get text() {
    return formatPlay(this.first, this.steps);
  }

  /** Return the indices that a checker may leave now. */
  sources() {
    return [...new Set(this.options.map((move) => move.from))];
  }

  /**
   * Return where one checker of `from` may go, with any number of dice: target -> moves.
   *
   * One die is preferred to several, and of two ways with as many the one whose first die comes
   * first.
   */
  ways(from) {
    const found = new Map();
    let layer = [{ at: from, moves: [], play: this }];
    while (layer.length) {
      const further = [];
      for (const { at, moves, play } of layer) {
        for (const move of inOrder(play.options, play.left).filter((one) => one.from === at)) {
          if (found.has(move.to)) continue;
          const way = [...moves, move];
          found.set(move.to, way);
          if (move.to !== OFF) further.push({ at: move.to, moves: way, play: play.after(move) });
        }
      }
      layer = further;
    }
    return found;
  }

  /** Return the play with one more of `options`. */
  after(move) {
    const next = Object.assign(Object.create(Moving.prototype), this);
    next.made = [...this.made, move];
    next.boards = [...this.boards, moved(this.board, move)];
    next.left = this.left.toSpliced(this.left.indexOf(move.die), 1);
    next.options = nextMoves(next.board, next.left);
    return next;
  }

  /** Return the play after a checker was carried from index to index, null if it may not go. */
  drop(from, to) {
    const way = this.ways(from).get(to);
    return way ? way.reduce((play, move) => play.after(move), this) : null;
  }

  /** Return the play without its last move. */
  undone() {
    const play = new Moving(this.first, this.roll);
    return this.made.slice(0, -1).reduce((before, move) => before.after(move), play);
  }
}

/** Return moves by their die: those that bear off exactly first, then in the order of the dice. */
function inOrder(moves, dice) {
  const waste = (move) => (move.to === OFF ? move.die - move.from - 1 : 0);
  return moves.toSorted(
    (a, b) => waste(a) - waste(b) || dice.indexOf(a.die) - dice.indexOf(b.die));
}
