/** What a state of the game looks like: dice, arrows and pip counts, for a BoardView. */

import { countsOf } from "./board_view.js";
import { NET, YOU, spotOf } from "./layout.js";

/** Return the dice of each player, as {value, used}; 0 is a die that is still to be thrown. */
export function diceOf({ phase, roll, moving, last, turn }) {
  const all = (values, used = false) => values.map((value) => ({ value, used }));
  if (phase === "begin") return [all([0]), all([0])];
  if (phase === "roll") return [all([0, 0]), last?.player === NET ? all(last.roll, true) : []];
  if (!roll) return [[], []];
  const [high, low] = [Math.max(...roll), Math.min(...roll)];
  const values = high === low ? [high, high, high, high] : [high, low];
  const left = moving && !moving.complete ? [...moving.left] : [...values];
  const shown = values.map((value) => {
    const at = left.indexOf(value);
    if (at >= 0) left.splice(at, 1);
    return { value, used: at < 0 };
  });
  return turn === YOU ? [shown, []] : [[], shown];
}

/** Return the pip counts of both players. */
export function pipsOf(session) {
  const counts = countsOf(session.shown, session.turn);
  return [YOU, NET].map((player) => Array.from({ length: 25 }, (_, i) =>
    (i + 1) * counts[player][spotOf(player, i)]).reduce((a, b) => a + b));
}

/** Return the arrows of the net's last play, as long as you have not thrown. */
export function lastArrows({ phase, last }) {
  if (!["roll", "over"].includes(phase) || last?.player !== NET) return [];
  return waysOf(last.moves).map(({ from, to }) => ({ player: NET, from: spotOf(NET, from),
    to: spotOf(NET, to), colour: "var(--movable)", thick: 5, after: true }));
}

/**
 * Return the arrows of hints, or of the `chosen` one alone unless that is null. A move that several
 * share is one arrow, in the colour of the best of them.
 */
export function hintArrows(hints, chosen) {
  const found = new Map();
  hints.forEach((play, n) => {
    if (chosen !== null && chosen !== n) return;
    for (const { from, to } of waysOf(play.moves)) {
      const key = `${from}/${to}`;
      const arrow = found.get(key) ?? { player: YOU, from: spotOf(YOU, from),
        to: spotOf(YOU, to), colour: `var(--rank-${n})`, thick: n ? 5.5 : 8, ranks: [] };
      if (!arrow.ranks.includes(n)) arrow.ranks.push(n);
      found.set(key, arrow);
    }
  });
  return [...found.values()];
}

/** Return moves with those of one checker joined, unless it hits on its way. */
function waysOf(moves) {
  const found = [];
  for (const { from, to, hit } of moves) {
    const before = found.find((one) => one.to === from && !one.hit);
    if (before) Object.assign(before, { to, hit });
    else found.push({ from, to, hit });
  }
  return found;
}
