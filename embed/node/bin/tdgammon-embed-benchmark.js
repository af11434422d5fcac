#!/usr/bin/env node
/**
 * tdgammon-embed-benchmark: how fast a model is on this machine, one position and in batches, and
 * how fast the rules are.
 */

import { fileURLToPath } from "node:url";
import process from "node:process";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";

import { EmbedError, textOf } from "../src/error.js";
import { BATCH, BATCHES, SINGLES, batchOf, median, microseconds, turns } from "../src/measuring.js";
import { Model } from "../src/model.js";
import { afterstates } from "../src/plays.js";

const ROUNDS = 50;
const FEW = 32;

/**
 * Return positions a second of as many threads, each with a session and batches of its own.
 * @param {string} path
 * @param {number} threads
 */
async function throughput(path, threads) {
  const workers = Array.from({ length: threads }, () =>
    new Worker(fileURLToPath(import.meta.url), { workerData: path }));
  const said = () => Promise.all(workers.map((worker) => new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  })));
  await said();
  const begin = performance.now();
  const ended = said();
  for (const worker of workers) worker.postMessage("begin");
  await ended;
  return (BATCH * BATCHES * threads) / ((performance.now() - begin) / 1000);
}

/** Do what a thread of `throughput` does: warm up, wait for the word, run its batches. */
async function work() {
  const port = /** @type {import("node:worker_threads").MessagePort} */ (parentPort);
  const model = await Model.open(workerData);
  const batch = batchOf(turns(BATCH).map((turn) => turn.board));
  for (let i = 0; i < BATCHES / 10; ++i) await model.run(batch);
  port.once("message", async () => {
    for (let i = 0; i < BATCHES; ++i) await model.run(batch);
    port.postMessage("end");
  });
  port.postMessage("ready");
}

/**
 * Return how many rolls are played out in a second on one thread, and how many plays are found.
 * @returns {{rolls: number, plays: number}}
 */
function speedOfRules() {
  const all = turns(BATCH);
  let plays = 0;
  let seconds = 0;
  for (let at = 0; at < BATCH; at += FEW) {
    // Few at a time: the median then leaves out the pauses in which others had the processor.
    const few = all.slice(at, at + FEW);
    const taken = Array.from({ length: ROUNDS }, () => {
      const begin = performance.now();
      for (const { board, roll } of few) afterstates(board, roll);
      return (performance.now() - begin) / 1000;
    });
    seconds += median(taken);
    for (const { board, roll } of few) plays += afterstates(board, roll).length;
  }
  return { rolls: BATCH / seconds, plays: plays / seconds };
}

/**
 * @param {string} path
 * @param {number} threads
 */
async function measure(path, threads) {
  const begin = performance.now();
  const model = await Model.open(path);
  const load = performance.now() - begin;
  // The clock of a process begins with it.
  const started = performance.now();
  const boards = turns(BATCH).map((turn) => turn.board);
  const batch = batchOf(boards);
  await microseconds(BATCHES, () => model.run(batch));
  const one = await microseconds(SINGLES, (i) => model.run(boards[i % BATCH]));
  const many = await microseconds(BATCHES, () => model.run(batch));
  const rules = speedOfRules();
  return {
    start_ms: started, load_ms: load, one_us: one, batch_1024_us: many, threads,
    positions_per_s: await throughput(path, threads),
    rolls_per_s: rules.rolls, plays_per_s: rules.plays,
  };
}

async function main() {
  const words = process.argv.slice(2).filter((word) => word !== "--json");
  const threads = Number(words[1] ?? 1);
  if (words.length < 1 || words.length > 2 || !(threads >= 1 && threads <= 256)
      || !Number.isInteger(threads)) {
    throw new EmbedError("usage: tdgammon-embed-benchmark MODEL [THREADS] [--json]");
  }
  const found = await measure(words[0], threads);
  if (process.argv.includes("--json")) {
    console.log(JSON.stringify(found));
    return;
  }
  /** @type {(name: string, value: number, digits: number, unit: string) => void} */
  const line = (name, value, digits, unit) =>
    console.log(name.padEnd(16) + value.toFixed(digits).padStart(9) + ` ${unit}`);
  line("start", found.start_ms, 1, "ms");
  line("load", found.load_ms, 1, "ms");
  line("one", found.one_us, 1, "us");
  line("batch of 1024", found.batch_1024_us, 0, "us");
  line(`${String(threads).padStart(3)} threads`, found.positions_per_s, 0, "positions/s");
  line("rolls", found.rolls_per_s, 0, "rolls/s");
  line("plays", found.plays_per_s, 0, "plays/s");
}

try {
  await (isMainThread ? main() : work());
} catch (error) {
  if (!isMainThread) throw error;
  process.stderr.write(
    `tdgammon-embed-benchmark: ${new EmbedError(textOf(error)).message}\n`);
  process.exitCode = 2;
}
