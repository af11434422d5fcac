/**
 * A session of money games between you and a net: what is on the board, whose turn it is, the
 * score. Nothing here knows the page or the net.
 */

import { flip, requireUnfinished, result, start } from "../rules/rules.js";
import { SeededDice } from "./dice.js";
import { NET, YOU } from "./layout.js";
import { Moving } from "./moving.js";

/**
 * What is to be done next.
 *
 * `begin`: you throw for the first turn of a game; `roll`: you throw; `move`: you move; `pass`: you
 * cannot move; `net`: the net is to throw and to play; `over`: the game has ended.
 * @typedef {"begin" | "roll" | "move" | "pass" | "net" | "over"} Phase
 */

export class Session {
  /** `seed` determines all dice; a bigint. */
  constructor(seed) {
    this.seed = seed;
    this.dice = new SeededDice(seed);
    this.score = [0, 0];
    this.newGame();
  }

  /** Put up a new game; one that was not finished does not count. */
  newGame() {
    this.put(start());
    /** @type {Phase} */
    this.phase = "begin";
  }

  /** Play on from a position with you on roll; throws EmbedError if it is over. */
  playFrom(board) {
    requireUnfinished(board);
    this.put(board);
    this.phase = "roll";
  }

  put(board) {
    /** The position, seen by the player on roll. */
    this.board = board;
    this.turn = YOU;
    /** The dice on the board, null before the throw; `opening`: one of each player. */
    this.roll = null;
    this.opening = null;
    /** @type {Moving | null} */
    this.moving = null;
    /** The last complete play: whose, its roll, its moves and its text. */
    this.last = null;
    /** All complete plays of this game. */
    this.record = [];
    /** Who has won the game and how many points. */
    this.won = null;
    /** Rises with each position, so that late answers can be told from those awaited. */
    this.stage = (this.stage ?? 0) + 1;
  }

  /** Throw one die each for the first turn: the higher one begins with both. */
  begin() {
    this.opening = this.dice.opening();
    const [yours, its] = this.opening;
    this.turn = yours > its ? YOU : NET;
    this.thrown(this.opening);
  }

  /** Throw the dice of the player on roll. */
  throwDice() {
    this.opening = null;
    this.thrown(this.dice.roll());
  }

  thrown(roll) {
    this.roll = roll;
    this.phase = "net";
    if (this.turn === YOU) {
      this.moving = new Moving(this.board, roll);
      this.phase = this.moving.stuck ? "pass" : "move";
    }
  }

  /** Take back all moves of your play. */
  takeBack() {
    this.moving = new Moving(this.board, this.roll);
  }

  /** Make your complete play count. */
  confirm() {
    const { made, text, board } = this.moving;
    this.played(made, text, flip(board));
  }

  /** Make a play of the player on roll count; `after` is seen by the opponent. */
  played(moves, text, after) {
    this.last = { player: this.turn, roll: this.roll, moves, text };
    this.record.push(this.last);
    this.board = after;
    this.moving = null;
    this.stage += 1;
    const points = result(after);
    if (points) {
      this.won = { player: this.turn, points };
      this.score[this.turn] += points;
      this.phase = "over";
    } else {
      this.phase = this.turn === YOU ? "net" : "roll";
    }
    this.turn = 1 - this.turn;
    if (this.phase === "net" || points) this.roll = null;
  }

  /** The position on the board: that of the play in progress, seen by the player on roll. */
  get shown() {
    return this.moving ? this.moving.board : this.board;
  }
}
