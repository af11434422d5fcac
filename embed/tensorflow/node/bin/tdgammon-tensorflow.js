#!/usr/bin/env node
/** tdgammon-tensorflow: a trained net, run by TensorFlow. */

import { runProgram } from "../../../node/src/program.js";

await runProgram({
  name: "tdgammon-tensorflow",
  model: 'a folder of "tdgammon export AGENT --to savedmodel"',
  // TensorFlow is loaded only when all else is right: that takes most of the time.
  open: async (path) => new (await import("../src/model.js")).Model(path),
});
