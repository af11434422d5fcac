#!/usr/bin/env node
/** plain-eval: what a position is worth, by a net without any library. */

import process from "node:process";
import { createInterface } from "node:readline";

import { checkers } from "../../node/src/board.js";
import { EmbedError, inQuotes, textOf } from "../../node/src/error.js";
import { decodePosition } from "../../node/src/position_id.js";
import { open } from "./open.mjs";

const USAGE = `\
usage: plain-eval.mjs FILE ID    what a position is worth to the player on roll
       plain-eval.mjs FILE -     the same for each ID on standard input, one line each
FILE is of "tdgammon export AGENT --to plain", ID a GNU Backgammon Position ID.
`;
const NAMES = ["win", "win gammon", "win backgammon", "lose gammon", "lose backgammon", "equity"];

/** Return the board of an ID that a game may have and that the player on roll has not won. */
function boardOf(id) {
  const board = decodePosition(id);
  if (checkers(board, 0) === 0) {
    throw new EmbedError(`Position ID ${inQuotes(id)}: the player on roll has borne off `
      + "everything; a game that is over has the loser on roll");
  }
  return board;
}

/** Return six numbers for each board: five outcomes and the equity. */
function evaluated(net, boards) {
  const all = new Int8Array(50 * boards.length);
  boards.forEach((board, i) => all.set(board, 50 * i));
  const { outcomes, equities } = net.run(all);
  return boards.map((_, i) => [...outcomes.subarray(5 * i, 5 * i + 5), equities[i]]);
}

async function run(words) {
  if (words.length === 1 && (words[0] === "--help" || words[0] === "-h")) return USAGE;
  if (words.length !== 2) throw new EmbedError("write FILE ID or FILE -; --help says more");
  const net = await open(words[0]);
  if (words[1] !== "-") {
    const [values] = evaluated(net, [boardOf(words[1])]);
    return values.map((value, i) =>
      `${NAMES[i].padEnd(16)}${value.toFixed(6).padStart(9)}\n`).join("");
  }
  const boards = [];
  for await (const id of createInterface({ input: process.stdin })) boards.push(boardOf(id));
  // Nine digits tell every float32 from the next.
  return evaluated(net, boards).map((values) =>
    `${values.map((value) => Number(value.toPrecision(9))).join(" ")}\n`).join("");
}

try {
  process.stdout.write(await run(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`plain-eval: ${new EmbedError(textOf(error)).message}\n`);
  process.exitCode = 2;
  process.stdin.destroy();
}
