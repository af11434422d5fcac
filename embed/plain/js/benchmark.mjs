#!/usr/bin/env node
/** benchmark: how fast a net without any library is on this machine, on one thread. */

import process from "node:process";

import { CELLS } from "../../node/src/board.js";
import { EmbedError, textOf } from "../../node/src/error.js";
import { BATCH, BATCHES, SINGLES, batchOf, microseconds, turns } from "../../node/src/measuring.js";
import { open } from "./open.mjs";

async function measure(path) {
  const begin = performance.now();
  const net = await open(path);
  const load = performance.now() - begin;
  const boards = batchOf(turns(BATCH).map((turn) => turn.board));
  const one = (i) => net.run(boards.subarray((i % BATCH) * CELLS, (i % BATCH + 1) * CELLS));
  const batch = () => net.run(boards);
  await microseconds(BATCHES / 4, batch);
  return { load_ms: load, one_us: await microseconds(SINGLES, one),
    batch_1024_us: await microseconds(BATCHES, batch) };
}

try {
  const [path, json, ...rest] = process.argv.slice(2);
  if (path === undefined || (json ?? "--json") !== "--json" || rest.length > 0) {
    throw new EmbedError("write FILE, and --json behind it if the answer shall be JSON");
  }
  const found = await measure(path);
  process.stdout.write(json ? `${JSON.stringify(found)}\n`
    : `load            ${found.load_ms.toFixed(2).padStart(9)} ms\n`
      + `one             ${found.one_us.toFixed(2).padStart(9)} us\n`
      + `batch of 1024   ${found.batch_1024_us.toFixed(0).padStart(9)} us\n`);
} catch (error) {
  process.stderr.write(`plain-benchmark: ${new EmbedError(textOf(error)).message}\n`);
  process.exitCode = 2;
}
