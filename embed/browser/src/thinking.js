/** What a net thinks: chances as a person reads them, and all plays of a roll, the best first. */

import { EmbedError, OFF, SIDE, evaluate, formatPlay, plays } from "../rules/rules.js";

/**
 * Chances of one player, cumulative, 0 to 1, and his equity in points a game.
 * @typedef {{win: number, winGammon: number, winBackgammon: number, loseGammon: number,
 *   loseBackgammon: number, equity: number}} Chances
 */

/** Return the chances of the player on roll in an evaluation, made consistent for showing. */
function chancesOf({ outcomes, equity }) {
  const [win, wg, wbg, lg, lbg] = outcomes;
  // A net's five outputs are independent: a gammon may come out a little likelier than a win.
  const winGammon = Math.min(wg, win);
  const loseGammon = Math.min(lg, 1 - win);
  return { win, winGammon, winBackgammon: Math.min(wbg, winGammon), loseGammon,
    loseBackgammon: Math.min(lbg, loseGammon), equity };
}

/** Return the same chances as the other player has them. */
export function turned(chances) {
  return { win: 1 - chances.win, winGammon: chances.loseGammon,
    winBackgammon: chances.loseBackgammon, loseGammon: chances.winGammon,
    loseBackgammon: chances.winBackgammon, equity: -chances.equity };
}

/** Return the chances of the player on roll on a board. */
export async function chancesOn(net, board) {
  const [value] = await evaluate(net, [board]);
  return chancesOf(value);
}

/**
 * Return every play of a roll with its chances for the mover, of the highest equity first; of equal
 * ones that which `bestPlays` of rules.js would choose.
 */
export async function ranked(net, board, roll) {
  const legal = plays(board, roll);
  const values = await evaluate(net, legal.map((play) => play.after));
  const found = legal.map(({ steps, after }, i) => ({
    moves: movesOf(board, steps), after, text: formatPlay(board, steps) || "no move",
    chances: turned(chancesOf(values[i])) }));
  return found.sort((a, b) => b.chances.equity - a.chances.equity);
}

/** Return the moves of a play's steps, with their hits. */
function movesOf(board, steps) {
  const hits = new Set();
  return steps.map(([from, to]) => {
    const hit = to !== OFF && board[SIDE + 23 - to] === 1 && !hits.has(to);
    if (hit) hits.add(to);
    return { from, to, hit };
  });
}

/** Return a line to show of whatever was thrown. */
export function lineOf(thrown) {
  return thrown instanceof EmbedError ? thrown.message
    : `something went wrong in this page: ${thrown instanceof Error ? thrown.message : thrown}`;
}
