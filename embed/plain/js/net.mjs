/**
 * A multilayer perceptron that plays backgammon, in plain JavaScript: these three modules, no
 * library; in Node and in browsers.
 *
 *     const net = new Net(await readFile("td-gammon.plain"));
 *     const { outcomes, equities } = net.run(boards);
 *
 * Few inputs of a position are not zero, and of hidden units with activation "relu" neither, so
 * each layer adds up the rows of its matrix that count, eight at a time.
 */

import { NetError, readNet } from "./net_file.mjs";
import * as tactics from "./tactics.mjs";

export { NetError };

const CELLS = 50, OUTCOMES = 5;
const TESAURO = 198, A_SIDE = 98, BAR = 96, OFF = 97, TURN = 196;
const AT_ONCE = 8;
// At most: two of each point, bar and borne off of either side, and tactics.
const MOST_INPUTS = 2 * (2 * 24 + 2) + tactics.SIZE;
const FEATURES = { "tesauro198-v1": TESAURO, "tactics224-v1": TESAURO + tactics.SIZE };

/** @typedef {{inputs: number, outputs: number, rows: Float32Array, bias: Float32Array}} Layer */

/** @returns {Layer[]} */
function layersOf(widths, weights) {
  const layers = [];
  for (let i = 0, at = 0; i + 1 < widths.length; ++i) {
    const [inputs, outputs] = [widths[i], widths[i + 1]];
    const end = at + inputs * outputs;
    layers.push({ inputs, outputs, rows: weights.subarray(at, end),
      bias: weights.subarray(end, end + outputs) });
    at = end + outputs;
  }
  return layers;
}

/**
 * Make of the first three units of a point, on for at least one, two and three checkers, what one,
 * two and three checkers add; and of the unit that is always on a part of the bias.
 * @param {Layer} first
 */
function foldInputs({ outputs, rows, bias }) {
  const add = (to, unit) => {
    for (let j = 0; j < outputs; ++j) to[j] += rows[unit * outputs + j];
  };
  const row = (unit) => rows.subarray(unit * outputs, (unit + 1) * outputs);
  for (const side of [0, A_SIDE]) {
    for (let unit = side; unit < side + 96; unit += 4) {
      add(row(unit + 1), unit);
      add(row(unit + 2), unit + 1);
    }
  }
  add(bias, TURN);
}

/** Rows of a matrix, and what each has to be multiplied by. */
class Terms {
  size = 0;

  /** @param {number} most */
  constructor(most) {
    this.rows = new Int32Array(most + AT_ONCE);
    this.factors = new Float64Array(most + AT_ONCE);
  }

  push(row, factor) {
    this.rows[this.size] = row;
    this.factors[this.size++] = factor;
  }

  /** Add to the sums float64[outputs] the rows of a layer. */
  addTo(sums, { outputs: n, rows: w }) {
    // Rows times zero fill up the last eight.
    while (this.size % AT_ONCE !== 0) this.push(0, 0);
    const { rows: r, factors: f } = this;
    for (let t = 0; t < this.size; t += AT_ONCE) {
      const a = r[t] * n, b = r[t + 1] * n, c = r[t + 2] * n, d = r[t + 3] * n;
      const e = r[t + 4] * n, g = r[t + 5] * n, h = r[t + 6] * n, i = r[t + 7] * n;
      const fa = f[t], fb = f[t + 1], fc = f[t + 2], fd = f[t + 3];
      const fe = f[t + 4], fg = f[t + 5], fh = f[t + 6], fi = f[t + 7];
      for (let j = 0; j < n; ++j) {
        sums[j] += ((fa * w[a + j] + fb * w[b + j]) + (fc * w[c + j] + fd * w[d + j]))
          + ((fe * w[e + j] + fg * w[g + j]) + (fh * w[h + j] + fi * w[i + j]));
      }
    }
  }
}

export class Net {
  #layers;
  #bent;
  #terms;
  #sums;
  #more = new Float64Array(tactics.SIZE);

  /**
   * Read a file of `tdgammon export NAME --to plain`; NetError for any other.
   * @param {Uint8Array | ArrayBuffer} file its bytes
   */
  constructor(file) {
    const { header, weights } = readNet(file instanceof Uint8Array ? file : new Uint8Array(file));
    const { features, activation, layers } = header;
    if (!Object.hasOwn(FEATURES, features)) throw new NetError("its features are not known");
    if (activation !== "sigmoid" && activation !== "relu") {
      throw new NetError("its activation is neither sigmoid nor relu");
    }
    if (layers[0] !== FEATURES[features] || layers.at(-1) !== OUTCOMES) {
      throw new NetError("its layers do not go from its features to five outcomes");
    }
    /** What the file says of itself. */
    this.about = header;
    this.#bent = activation === "sigmoid";
    this.#layers = layersOf(layers, weights);
    foldInputs(this.#layers[0]);
    this.#terms = new Terms(Math.max(MOST_INPUTS, ...layers));
    this.#sums = new Float64Array(Math.max(...layers));
  }

  /**
   * Evaluate positions. For each come back five chances of the player on roll (to win; a gammon or
   * more; a backgammon; to lose a gammon or more; a backgammon), exact where the opponent has borne
   * off his last checker, and the cubeless equity in points. Positions that cannot be get an answer
   * that means nothing.
   * @param {Int8Array} boards 50 counts a position: 25 of the player on roll, 25 of the opponent;
   *   index 0-23 that player's own points 1-24, 24 the bar
   * @returns {{outcomes: Float32Array, equities: Float32Array}}
   */
  run(boards) {
    if (!(boards instanceof Int8Array) || boards.length % CELLS !== 0) {
      throw new NetError("positions are an Int8Array of 50 numbers each");
    }
    const n = boards.length / CELLS;
    const outcomes = new Float32Array(n * OUTCOMES), equities = new Float32Array(n);
    for (let i = 0, at = 0, to = 0; i < n; ++i, at += CELLS, to += OUTCOMES) {
      if (!finished(boards, at, outcomes, to)) this.#evaluate(boards, at, outcomes, to);
      equities[i] = 2 * outcomes[to] - 1 + outcomes[to + 1] + outcomes[to + 2]
        - outcomes[to + 3] - outcomes[to + 4];
    }
    return { outcomes, equities };
  }

  /** Make the terms of the first layer. */
  #inputs(boards, at) {
    const terms = this.#terms;
    terms.size = 0;
    for (let side = 0; side < 2; ++side, at += 25) {
      const first = A_SIDE * side;
      let off = 15;
      for (let point = 0; point < 24; ++point) {
        const n = boards[at + point];
        off -= n;
        if (n <= 0) continue;
        terms.push(first + 4 * point + Math.min(n, 3) - 1, 1);
        if (n > 3) terms.push(first + 4 * point + 3, (n - 3) / 2);
      }
      const bar = boards[at + 24];
      if (bar !== 0) terms.push(first + BAR, bar / 2);
      if (off !== bar) terms.push(first + OFF, (off - bar) / 15);
    }
    if (this.#layers[0].inputs === TESAURO) return;
    tactics.inputs(boards, at - CELLS, this.#more);
    for (let i = 0; i < tactics.SIZE; ++i) {
      if (this.#more[i] !== 0) terms.push(TESAURO + i, this.#more[i]);
    }
  }

  #evaluate(boards, at, outcomes, to) {
    const sums = this.#sums, terms = this.#terms, last = this.#layers.length - 1;
    this.#inputs(boards, at);
    for (let k = 0; k < last; ++k) {
      const layer = this.#layers[k];
      sums.set(layer.bias);
      terms.addTo(sums, layer);
      terms.size = 0;
      for (let j = 0; j < layer.outputs; ++j) {
        if (this.#bent) terms.push(j, 1 / (1 + Math.exp(-sums[j])));
        else if (sums[j] > 0) terms.push(j, sums[j]);
      }
    }
    sums.set(this.#layers[last].bias);
    terms.addTo(sums, this.#layers[last]);
    for (let j = 0; j < OUTCOMES; ++j) outcomes[to + j] = 1 / (1 + Math.exp(-sums[j]));
  }
}

/** Write the outcomes by the rules and return true where the opponent has no checker left. */
function finished(boards, at, outcomes, to) {
  for (let i = 25; i < CELLS; ++i) if (boards[at + i] !== 0) return false;
  let left = 0, behind = false;
  for (let i = 0; i < 25; ++i) {
    left += boards[at + i];
    behind ||= i >= 18 && boards[at + i] > 0;
  }
  outcomes[to + 3] = left >= 15 ? 1 : 0;
  outcomes[to + 4] = left >= 15 && behind ? 1 : 0;
  return true;
}
