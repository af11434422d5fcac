#!/usr/bin/env node
/** tdgammon-tensorflow-benchmark: how fast a model is on this machine, on one thread. */

import { EmbedError, textOf } from "../../../node/src/error.js";
import {
  BATCH, BATCHES, SINGLES, batchOf, microseconds, turns,
} from "../../../node/src/measuring.js";

async function measure(path) {
  const begin = performance.now();
  const { Model } = await import("../src/model.js");
  const model = new Model(path);
  const loaded = performance.now();
  const boards = turns(BATCH).map((turn) => turn.board);
  const batch = batchOf(boards);
  await microseconds(BATCHES, () => model.run(batch));
  return {
    start_ms: loaded, // The clock of a process begins with it.
    load_ms: loaded - begin,
    one_us: await microseconds(SINGLES, (i) => model.run(boards[i % BATCH])),
    batch_1024_us: await microseconds(BATCHES, () => model.run(batch)),
  };
}

try {
  const words = process.argv.slice(2);
  const json = words[1] === "--json";
  if (words.length !== (json ? 2 : 1)) {
    throw new EmbedError("usage: tdgammon-tensorflow-benchmark MODEL [--json]");
  }
  const found = await measure(words[0]);
  if (json) {
    console.log(JSON.stringify(found));
  } else {
    for (const [name, value] of Object.entries(found)) {
      console.log(name.padEnd(16) + value.toFixed(1).padStart(9));
    }
  }
} catch (error) {
  process.stderr.write(`tdgammon-tensorflow-benchmark: ${new EmbedError(textOf(error)).message}\n`);
  process.exitCode = 2;
}
