/** Reads a net from a file of the disk, for the programs. */

import { readFile, stat } from "node:fs/promises";

import { Net, NetError } from "./net.mjs";

/**
 * Return the net of a file; NetError with its name for what is none.
 * @param {string} path
 */
export async function open(path) {
  try {
    // What is no file may have no end.
    const there = await stat(path).then((found) => found.isFile(), () => false);
    if (!there) throw new NetError("there is no such file");
    return new Net(await readFile(path));
  } catch (error) {
    throw new NetError(
      `'${path}' is not a net of "tdgammon export --to plain": ${error.message}`);
  }
}
