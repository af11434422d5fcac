/**
 * The JSON-lines player protocol, version 1, as "tdgammon serve --protocol jsonl" speaks it.
 *
 * One request a line, one answer a line, each a JSON object: hello, move, eval, legal and quit.
 * Whatever cannot be served is answered {"error": "..."}, and the next line is read.
 */

import { requireUnfinished } from "./board.js";
import { EmbedError, inQuotes, textOf } from "./error.js";
import { parseObject } from "./json.js";
import { bestPlays, evaluate, requireLoserOnRoll } from "./player.js";
import { afterstates } from "./plays.js";
import { decodePosition, encodePosition } from "./position_id.js";

/** @typedef {import("./board.js").Board} Board */
/** @typedef {import("./player.js").Turn} Turn */
/** @typedef {import("./player.js").Net & {name: string}} NamedNet */

const PROTOCOL = 1;
const OPS = "hello, move, eval, legal, quit";

/**
 * Return the line that answers a request, or null if it is to quit. Never throws for a line,
 * whatever is in it.
 * @param {NamedNet} net
 * @param {Uint8Array} line
 * @returns {Promise<string | null>}
 */
export async function answer(net, line) {
  try {
    const request = parseObject(line, "the line", '{"op": "hello"}');
    const { op } = request;
    if (typeof op !== "string") {
      throw new EmbedError('a request must be an object with an "op", as in {"op": "hello"}');
    }
    if (op === "quit") return null;
    return JSON.stringify(await answerTo(net, op, request));
  } catch (error) {
    const text = error instanceof EmbedError
      ? error.message : new EmbedError(`internal error: ${textOf(error)}`).message;
    return JSON.stringify({ error: text });
  }
}

/**
 * Return a turn of a Position ID and two dice from outside, checked.
 * @param {unknown} id
 * @param {readonly unknown[]} dice
 * @returns {Turn}
 */
export function turnOf(id, dice) {
  const [first, second] = dice.map(dieOf);
  const board = positionOf(id);
  requireUnfinished(board);
  return { board, roll: [first, second] };
}

/**
 * @param {NamedNet} net
 * @param {string} op
 * @param {Record<string, unknown>} request
 */
async function answerTo(net, op, request) {
  if (op === "hello") return hello(net, request);
  if (op !== "move" && op !== "eval" && op !== "legal") {
    throw new EmbedError(`${inQuotes(op)} is not an op; the ops are ${OPS}`);
  }
  const queries = request["q"];
  if (!Array.isArray(queries)) throw new EmbedError(`${op} needs "q", a list of queries`);
  if (op === "eval") {
    const values = await evaluate(net, ofQueries(queries, evaluated));
    return { r: values.map((value) => value.outcomes) };
  }
  const turns = ofQueries(queries, queried);
  if (op === "move") {
    return { r: (await bestPlays(net, turns)).map((choice) => encodePosition(choice.after)) };
  }
  return { r: turns.map(({ board, roll }) => afterstates(board, roll).map(encodePosition)) };
}

/**
 * @param {NamedNet} net
 * @param {Record<string, unknown>} request
 */
function hello(net, request) {
  if (Object.hasOwn(request, "protocol") && request["protocol"] !== PROTOCOL) {
    throw new EmbedError(`protocol must be ${PROTOCOL}`);
  }
  return { name: net.name, protocol: PROTOCOL, ops: ["move", "eval", "legal"] };
}

/**
 * Return what `read` makes of each query; its errors get the query's number in front.
 * @template T
 * @param {readonly unknown[]} queries
 * @param {(query: unknown) => T} read
 * @returns {T[]}
 */
function ofQueries(queries, read) {
  return queries.map((query, number) => {
    try {
      return read(query);
    } catch (error) {
      if (!(error instanceof EmbedError)) throw error;
      throw new EmbedError(`query ${number}: ${error.message}`);
    }
  });
}

/** @param {unknown} query */
function queried(query) {
  if (!Array.isArray(query) || query.length !== 3) {
    throw new EmbedError("it must be [Position ID, die, die]");
  }
  return turnOf(query[0], query.slice(1));
}

/** @param {unknown} query */
function evaluated(query) {
  const board = positionOf(query);
  requireLoserOnRoll(board);
  return board;
}

/**
 * @param {unknown} id
 * @returns {Board}
 */
function positionOf(id) {
  if (typeof id !== "string") throw new EmbedError("a Position ID is a text of 14 characters");
  return decodePosition(id);
}

/**
 * @param {unknown} die
 * @returns {number}
 */
function dieOf(die) {
  if (typeof die !== "number" || !Number.isInteger(die) || die < 1 || die > 6) {
    throw new EmbedError("a die is wrong; each is a whole number from 1 to 6");
  }
  return die;
}
