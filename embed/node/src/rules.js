/**
 * What needs no Node: the rules, Position IDs, notation, playing with any net, the protocol. A page
 * may import this module, or each of those it names, as they are.
 */

/** @typedef {import("./board.js").Board} Board */
/** @typedef {import("./board.js").Roll} Roll */
/** @typedef {import("./moves.js").Move} Move */
/** @typedef {import("./player.js").Choice} Choice */
/** @typedef {import("./player.js").Evaluation} Evaluation */
/** @typedef {import("./player.js").Net} Net */
/** @typedef {import("./player.js").Turn} Turn */
/** @typedef {import("./plays.js").Play} Play */

export * from "./board.js";
export { EmbedError } from "./error.js";
export { OFF, moved, nextMoves } from "./moves.js";
export { formatPlay } from "./notation.js";
export { bestPlays, evaluate } from "./player.js";
export { afterstates, plays } from "./plays.js";
export { decodePosition, encodePosition } from "./position_id.js";
export { answer } from "./protocol.js";
