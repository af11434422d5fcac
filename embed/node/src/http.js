/**
 * An example of a web service: POST /play answers with the best play.
 *
 * The body is {"position": ID, "dice": [3, 1]}, the answer {"position": the ID after the play, the
 * opponent on roll; "play": the play in words, "" if nothing can be moved; "equity": what it is
 * worth to the mover}. Whatever cannot be answered is {"error": "..."}, one line, with status 400
 * (404 for another path, 405 for another method, 413 for a long body).
 */

import { createServer } from "node:http";

import { EmbedError, textOf } from "./error.js";
import { parseObject } from "./json.js";
import { formatPlay } from "./notation.js";
import { bestPlays } from "./player.js";
import { plays } from "./plays.js";
import { encodePosition } from "./position_id.js";
import { turnOf } from "./protocol.js";

/** @typedef {import("./player.js").Net} Net */
/** @typedef {import("node:http").IncomingMessage} Request */
/** @typedef {import("node:http").ServerResponse} Response */

const LONGEST_BODY = 10_000;
const EXAMPLE = '{"position": "4HPwATDgc/ABMA", "dice": [3, 1]}';
// Whoever sends a request so slowly is not waited for, nor at the end one who keeps a line open.
const SLOWEST_MS = 10_000;
const LAST_MS = 1_000;

class HttpError extends Error {
  /**
   * @param {number} status
   * @param {string} text
   */
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

/**
 * Return a server that answers POST /play with the plays of a net; call its `listen`.
 * @param {Net} net
 * @returns {import("node:http").Server}
 */
export function playServer(net) {
  const server = createServer(
    { requestTimeout: SLOWEST_MS, headersTimeout: SLOWEST_MS, connectionsCheckingInterval: 1_000 },
    (request, response) => void respond(net, request, response));
  // What is no HTTP at all is answered on the bare connection.
  server.on("clientError", (error, socket) => {
    if (!socket.writable) return socket.destroy();
    const text = new EmbedError(`this is not HTTP: ${error.message}`).message;
    const body = `${JSON.stringify({ error: text })}\n`;
    return socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
      + `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  });
  return server;
}

/**
 * Serve on an address until a signal comes; `ready` gets the address when there is an answer to be
 * had. Rejects with EmbedError if the address cannot be had.
 * @param {Net} net
 * @param {{
 *   host: string, port: number, signals: NodeJS.Signals[], ready: (url: string) => void
 * }} how
 * @returns {Promise<void>}
 */
export async function serveUntilSignal(net, { host, port, signals, ready }) {
  const server = playServer(net);
  const ended = new Promise((resolve) => {
    for (const signal of signals) process.once(signal, resolve);
  });
  await new Promise((resolve, reject) => {
    server.once("error", (error) =>
      reject(new EmbedError(`port ${port} of ${host} cannot be had: ${error.message}`)));
    server.listen(port, host, () => resolve(undefined));
  });
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
  ready(`http://${name}:${address.port}`);
  await ended;
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  setTimeout(() => server.closeAllConnections(), LAST_MS).unref();
  await closed;
}

/**
 * @param {Net} net
 * @param {Request} request
 * @param {Response} response
 */
async function respond(net, request, response) {
  try {
    const body = await bodyOf(request);
    send(response, 200, await answerTo(net, body));
  } catch (error) {
    // A client that has gone away reads no answer.
    if (response.destroyed) return;
    const status = statusOf(error);
    const text = status === 500 ? `internal error: ${textOf(error)}` : textOf(error);
    if (status === 405) response.setHeader("Allow", "POST");
    // The rest of a body that is not wanted must not be taken for the next request.
    if (!request.complete) response.setHeader("Connection", "close");
    send(response, status, { error: new EmbedError(text).message });
  }
}

/** @param {unknown} error */
function statusOf(error) {
  if (error instanceof HttpError) return error.status;
  return error instanceof EmbedError ? 400 : 500;
}

/**
 * @param {Net} net
 * @param {Uint8Array} body
 */
async function answerTo(net, body) {
  const { position, dice } = parseObject(body, "the body", EXAMPLE);
  if (!Array.isArray(dice) || dice.length !== 2) {
    throw new EmbedError(`a request must have two dice, as in ${EXAMPLE}`);
  }
  const turn = turnOf(position, dice);
  const [best] = await bestPlays(net, [turn]);
  const id = encodePosition(best.after);
  const play = plays(turn.board, turn.roll).find((one) => encodePosition(one.after) === id);
  return { position: id, play: formatPlay(turn.board, play?.steps ?? []), equity: best.equity };
}

/**
 * @param {Request} request
 * @returns {Promise<Uint8Array>}
 */
async function bodyOf(request) {
  const path = (request.url ?? "").split("?")[0];
  if (path !== "/play") throw new HttpError(404, "there is nothing here; POST to /play");
  if (request.method !== "POST") {
    throw new HttpError(405, `${request.method} is not answered here; POST to /play`);
  }
  /** @type {Buffer[]} */
  const parts = [];
  let length = 0;
  // A loop over the request would, when left, end the connection before the answer is sent.
  return new Promise((resolve, reject) => {
    request.on("data", (part) => {
      length += part.length;
      if (length <= LONGEST_BODY) parts.push(part);
      else reject(new HttpError(413, `a body may have ${LONGEST_BODY} bytes; 100 are enough`));
    });
    request.on("end", () => resolve(Buffer.concat(parts)));
    request.on("error", reject);
  });
}

/**
 * @param {Response} response
 * @param {number} status
 * @param {object} value
 */
function send(response, status, value) {
  const body = Buffer.from(`${JSON.stringify(value)}\n`);
  response.writeHead(status, {
    "Content-Type": "application/json", "Content-Length": body.length }).end(body);
}
