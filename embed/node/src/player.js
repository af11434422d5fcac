/** A net as a player: what positions are worth, and the best play of a roll. */

import { CELLS, checkers, requireUnfinished, result, validate } from "./board.js";
import { EmbedError } from "./error.js";
import { afterstates } from "./plays.js";

/** @typedef {import("./board.js").Board} Board */
/** @typedef {import("./board.js").Roll} Roll */
/**
 * What a net answers: five outcomes a position, one position behind the other, and the equities.
 * @typedef {{outcomes: ArrayLike<number>, equity: ArrayLike<number>}} Answers
 */
/**
 * Whatever evaluates boards, one behind the other in int8[N * 50], as the `Model` of this package
 * does or a session of onnxruntime-web in a browser.
 * @typedef {{run: (boards: Int8Array) => Answers | Promise<Answers>}} Net
 */
/**
 * What a position is worth to the player on roll. The outcomes are five probabilities, cumulative:
 * win, win gammon, win backgammon, lose gammon, lose backgammon. The equity is cubeless, of a money
 * game, in points, -3 to 3.
 * @typedef {{outcomes: number[], equity: number}} Evaluation
 */
/**
 * A position and the dice that the player on roll has to play.
 * @typedef {{board: Board, roll: Roll}} Turn
 */
/**
 * The best play: the position after it, the opponent on roll, and its equity to the mover.
 * @typedef {{after: Board, equity: number}} Choice
 */

/**
 * Return what each position is worth to the player on roll; exact where the other has borne off his
 * last checker. Throws EmbedError if the player on roll has, and for what is not a position.
 * @param {Net} net
 * @param {readonly Board[]} boards
 * @returns {Promise<Evaluation[]>}
 */
export async function evaluate(net, boards) {
  for (const board of boards) {
    validate(board);
    requireLoserOnRoll(board);
  }
  const { outcomes, equity } = await answersOf(net, boards);
  return boards.map((board, i) => lostBy(result(board)) ?? {
    outcomes: Array.from({ length: 5 }, (_, j) => outcomes[5 * i + j]),
    equity: equity[i],
  });
}

/**
 * Return the best play of each turn: the one of highest equity to the mover, the first listed of
 * equals. All turns are evaluated in one batch. Throws EmbedError for a game that is over, a
 * position that cannot be, or dice that are none.
 * @param {Net} net
 * @param {readonly Turn[]} turns
 * @returns {Promise<Choice[]>}
 */
export async function bestPlays(net, turns) {
  const lists = turns.map(({ board, roll }) => {
    validate(board);
    requireUnfinished(board);
    return afterstates(board, roll);
  });
  const all = lists.flat();
  const { equity } = await answersOf(net, all);
  let at = 0;
  return lists.map((list) => {
    /** @type {Choice | undefined} */
    let best;
    for (const after of list) {
      // Equities are the opponent's: the mover wants the lowest.
      const worth = -(lostBy(result(after))?.equity ?? equity[at]);
      if (best === undefined || worth > best.equity) best = { after, equity: worth };
      ++at;
    }
    return /** @type {Choice} */ (best);
  });
}

/**
 * Throw EmbedError if the player on roll has borne off everything.
 * @param {Board} board
 */
export function requireLoserOnRoll(board) {
  if (checkers(board, 0) === 0) {
    throw new EmbedError(
      "the player on roll has borne off everything; a game that is over has the loser on roll");
  }
}

/**
 * @param {Net} net
 * @param {readonly Board[]} boards
 * @returns {Promise<Answers>}
 */
async function answersOf(net, boards) {
  if (boards.length === 0) return { outcomes: [], equity: [] };
  const batch = new Int8Array(boards.length * CELLS);
  boards.forEach((board, i) => batch.set(board, i * CELLS));
  const answers = await net.run(batch);
  if (answers.outcomes.length !== 5 * boards.length || answers.equity.length !== boards.length) {
    throw new EmbedError(
      `the net gave ${answers.outcomes.length} outcomes and ${answers.equity.length} equities for `
      + `${boards.length} positions; it must give five outcomes and one equity each`);
  }
  return answers;
}

/**
 * Return what a game that the player on roll has lost by 1 to 3 points is worth to him; nothing if
 * it is not over.
 * @param {number} points
 * @returns {Evaluation | undefined}
 */
function lostBy(points) {
  if (points === 0) return undefined;
  return { outcomes: [0, 0, 0, points >= 2 ? 1 : 0, points === 3 ? 1 : 0], equity: -points };
}
