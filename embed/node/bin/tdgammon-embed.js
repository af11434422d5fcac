#!/usr/bin/env node
/** tdgammon-embed: a trained net from the command line, behind the player protocol and HTTP. */

import process from "node:process";

import { EmbedError, inQuotes, textOf } from "../src/error.js";
import { serveLines, write } from "../src/jsonl.js";
import { requireUnfinished } from "../src/board.js";
import { bestPlays, evaluate } from "../src/player.js";
import { decodePosition, encodePosition } from "../src/position_id.js";

const USAGE = `\
usage: tdgammon-embed MODEL eval ID          what a position is worth to the player on roll
       tdgammon-embed MODEL play ID D1 D2    the position after the best play
       tdgammon-embed MODEL jsonl            answer the player protocol on standard input
       tdgammon-embed MODEL serve [--port 8080] [--host 127.0.0.1]
                                             answer POST /play with {"position": ID, "dice": [3, 1]}
MODEL is a file of "tdgammon export AGENT --to onnx", ID a GNU Backgammon Position ID.
`;
const NAMES = ["win", "win gammon", "win backgammon", "lose gammon", "lose backgammon"];

/** @param {string} path */
async function open(path) {
  // ONNX Runtime is read only when all else is right: that takes most of the time.
  const { Model } = await import("../src/model.js");
  return Model.open(path);
}

/** @param {string} text */
async function say(text) {
  try {
    await write(process.stdout, text);
  } catch {
    throw new EmbedError("the answer cannot be written");
  }
}

/** @param {string} text */
function dieOf(text) {
  if (!/^[1-6]$/.test(text)) {
    throw new EmbedError(
      `die ${inQuotes(text)} is not a die; each die is a whole number from 1 to 6`);
  }
  return Number(text);
}

/**
 * @param {string} path
 * @param {string} id
 */
async function evalId(path, id) {
  const board = decodePosition(id);
  const [{ outcomes, equity }] = await evaluate(await open(path), [board]);
  const lines = [...outcomes, equity].map((value, i) =>
    (NAMES[i] ?? "equity").padEnd(16) + value.toFixed(6).padStart(9));
  await say(`${lines.join("\n")}\n`);
}

/**
 * @param {string} path
 * @param {string} id
 * @param {import("../src/board.js").Roll} roll
 */
async function play(path, id, roll) {
  const board = decodePosition(id);
  requireUnfinished(board);
  const [{ after }] = await bestPlays(await open(path), [{ board, roll }]);
  await say(`${encodePosition(after)}\n`);
}

/**
 * @param {string} path
 * @param {string[]} words
 */
async function serve(path, words) {
  let port = 8080;
  let host = "127.0.0.1";
  for (let i = 0; i < words.length; i += 2) {
    const [option, value] = [words[i], words[i + 1]];
    if (option === "--host" && value) {
      host = value;
    } else if (option === "--port" && /^\d{1,5}$/.test(value ?? "") && Number(value) < 65536) {
      port = Number(value);
    } else {
      throw new EmbedError("write MODEL serve [--port 0 to 65535] [--host ADDRESS]");
    }
  }
  const { serveUntilSignal } = await import("../src/http.js");
  await serveUntilSignal(await open(path), {
    host, port, signals: ["SIGINT", "SIGTERM"],
    ready: (url) => void say(`answers POST ${url}/play\n`).catch(() => {}),
  });
}

/** @param {string[]} words */
async function run(words) {
  const [path, command, ...rest] = words;
  if (words.length === 1 && (path === "--help" || path === "-h")) {
    await say(USAGE);
  } else if (command === "eval" && rest.length === 1) {
    await evalId(path, rest[0]);
  } else if (command === "play" && rest.length === 3) {
    await play(path, rest[0], [dieOf(rest[1]), dieOf(rest[2])]);
  } else if (command === "jsonl" && rest.length === 0) {
    await serveLines(await open(path), process.stdin, process.stdout);
  } else if (command === "serve") {
    await serve(path, rest);
  } else {
    throw new EmbedError(
      "write MODEL eval ID, MODEL play ID D1 D2, MODEL jsonl, or MODEL serve; --help says more");
  }
}

try {
  await run(process.argv.slice(2));
  // A "quit" leaves standard input open, which would keep the process waiting.
  process.stdin.destroy();
} catch (error) {
  process.stderr.write(`tdgammon-embed: ${new EmbedError(textOf(error)).message}\n`);
  process.exitCode = 2;
  process.stdin.destroy();
}
