/** The package: the rules, which need no Node, and a model that onnxruntime-node runs. */

export * from "./rules.js";
export { serveLines } from "./jsonl.js";
export { Model } from "./model.js";
