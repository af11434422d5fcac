/** The program of a host: a net from the command line, behind the player protocol and HTTP. */

import process from "node:process";

import { EmbedError, inQuotes, textOf } from "./error.js";
import { serveLines, write } from "./jsonl.js";
import { requireUnfinished } from "./board.js";
import { bestPlays, evaluate } from "./player.js";
import { decodePosition, encodePosition } from "./position_id.js";

const NAMES = ["win", "win gammon", "win backgammon", "lose gammon", "lose backgammon"];

/**
 * What a host is: its `name`, what its `model` is in words, and `open`, which reads one from a path
 * and is called only when all else is right.
 * @typedef {import("./protocol.js").NamedNet} NamedNet
 * @typedef {{name: string, model: string, open: (path: string) => Promise<NamedNet>}} Host
 */

/** @param {Host} host */
function usage({ name, model }) {
  const blank = " ".repeat(name.length);
  return `\
usage: ${name} MODEL eval ID          what a position is worth to the player on roll
       ${name} MODEL play ID D1 D2    the position after the best play
       ${name} MODEL jsonl            answer the player protocol on standard input
       ${name} MODEL serve [--port 8080] [--host 127.0.0.1]
       ${blank}                       answer POST /play with {"position": ID, "dice": [3, 1]}
MODEL is ${model}, ID a GNU Backgammon Position ID.
`;
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
 * @param {Host} host
 * @param {string} path
 * @param {string} id
 */
async function evalId({ open }, path, id) {
  const board = decodePosition(id);
  const [{ outcomes, equity }] = await evaluate(await open(path), [board]);
  const lines = [...outcomes, equity].map((value, i) =>
    (NAMES[i] ?? "equity").padEnd(16) + value.toFixed(6).padStart(9));
  await say(`${lines.join("\n")}\n`);
}

/**
 * @param {Host} host
 * @param {string} path
 * @param {string} id
 * @param {import("./board.js").Roll} roll
 */
async function play({ open }, path, id, roll) {
  const board = decodePosition(id);
  requireUnfinished(board);
  const [{ after }] = await bestPlays(await open(path), [{ board, roll }]);
  await say(`${encodePosition(after)}\n`);
}

/**
 * @param {Host} host
 * @param {string} path
 * @param {string[]} words
 */
async function serve({ open }, path, words) {
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
  const { serveUntilSignal } = await import("./http.js");
  await serveUntilSignal(await open(path), {
    host, port, signals: ["SIGINT", "SIGTERM"],
    ready: (url) => void say(`answers POST ${url}/play\n`).catch(() => {}),
  });
}

/**
 * @param {Host} host
 * @param {string[]} words
 */
async function answer(host, words) {
  const [path, command, ...rest] = words;
  if (words.length === 1 && (path === "--help" || path === "-h")) {
    await say(usage(host));
  } else if (command === "eval" && rest.length === 1) {
    await evalId(host, path, rest[0]);
  } else if (command === "play" && rest.length === 3) {
    await play(host, path, rest[0], [dieOf(rest[1]), dieOf(rest[2])]);
  } else if (command === "jsonl" && rest.length === 0) {
    await serveLines(await host.open(path), process.stdin, process.stdout);
  } else if (command === "serve") {
    await serve(host, path, rest);
  } else {
    throw new EmbedError(
      "write MODEL eval ID, MODEL play ID D1 D2, MODEL jsonl, or MODEL serve; --help says more");
  }
}

/**
 * Do what the words of the command line say; the exit code is 2 if anything is wrong with them.
 * @param {Host} host
 */
export async function runProgram(host) {
  try {
    await answer(host, process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${host.name}: ${new EmbedError(textOf(error)).message}\n`);
    process.exitCode = 2;
  }
  // A "quit" leaves standard input open, which would keep the process waiting.
  process.stdin.destroy();
}
