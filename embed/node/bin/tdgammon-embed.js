#!/usr/bin/env node
/** tdgammon-embed: a trained net, run by ONNX Runtime. */

import { runProgram } from "../src/program.js";

await runProgram({
  name: "tdgammon-embed",
  model: 'a file of "tdgammon export AGENT --to onnx"',
  // ONNX Runtime is loaded only when all else is right: that takes most of the time.
  open: async (path) => (await import("../src/model.js")).Model.open(path),
});
