/** What is said under the board, and what the filled button does next. */

import { NET, YOU } from "./layout.js";

/** What the filled button says while the net is on roll. */
export const WAIT = "Wait";

const NEXT = { begin: "Throw", roll: "Throw", move: "Done", pass: "Go on", over: "Next game" };
const WORTH = ["", "the game: 1 point", "a gammon: 2 points", "a backgammon: 3 points"];

/** Return what comes next for you, "" if the net is on roll. */
export function nextOf(session) {
  return NEXT[session.phase] ?? "";
}

/** Return a roll as it is spoken of; a line does not break in it. */
const dash = (roll) => `${Math.max(...roll)}\u2011${Math.min(...roll)}`;

/** Return what was done last, with a space behind, and "" if it is of no interest now. */
function before({ last, opening, roll }, name) {
  if (opening && roll) {
    const [yours, its] = opening;
    return `You throw ${yours}, ${name} throws ${its}: ${yours > its ? "you begin" : `${name} begins`}. `;
  }
  if (last?.player !== NET) return "";
  return last.moves.length ? `${name} played ${dash(last.roll)}: ${last.text}. `
    : `${name} threw ${dash(last.roll)} and could not move. `;
}

/** Return the line under the board. */
export function messageOf(session, name, { net, leaving }) {
  const { phase, roll, moving, won } = session;
  if (leaving) return "This game would not count. New game once more begins another.";
  const who = name || "the net";
  const lead = before(session, who);
  if (phase === "begin") return "A new game: throw for the first turn.";
  if (phase === "roll") return `${lead}Your turn: throw the dice.`;
  if (phase === "pass") return `${lead}Your ${dash(roll)}: no checker can move.`;
  if (phase === "over") {
    return `${won.player === NET ? lead : ""}${won.player === YOU ? "You win" : `${who} wins`} `
      + `${WORTH[won.points]}.`;
  }
  if (phase === "move") {
    if (moving.complete) return "Done makes the play count; Undo takes back a move.";
    if (moving.made.length) return `Your ${dash(roll)}: ${moving.left.join(", ")} left to play.`;
    return `${lead}Your ${dash(roll)}: click or drag a checker.`;
  }
  if (!net) return `${who} is on roll; choose a net to go on.`;
  return roll ? `${lead}${who} throws ${dash(roll)}.` : `${who} throws.`;
}
