/** The pieces of the drawing: elements of SVG, and the symbols that the board is made of. */

import { CHECKER } from "./layout.js";

const NAMESPACE = "http://www.w3.org/2000/svg";

/** Return an element of SVG with attributes and children. */
export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Return a copy of a symbol with its middle at a place. */
export function piece(id, { x, y }, attributes = {}) {
  return svg("use", { href: `#${id}`, x, y, ...attributes });
}

/** Return a gradient; `stops` are [offset, colour, opacity]. */
function gradient(kind, id, attributes, stops) {
  return svg(kind, { id, ...attributes }, ...stops.map(([offset, colour, opacity = 1]) =>
    svg("stop", { offset, style: `stop-color: ${colour}; stop-opacity: ${opacity}` })));
}

/** Return a turned checker: a raised rim, a groove, a slightly hollow middle, lit from above. */
function checker(player) {
  const r = CHECKER / 2;
  const tone = (name) => `url(#${name}-${player})`;
  return svg("symbol", { id: `checker-${player}`, overflow: "visible" },
    svg("circle", { cx: 0.8, cy: 2.2, r: r + 1.4, fill: "url(#cast)" }),
    svg("circle", { r: r - 0.3, fill: `var(--rim-${player})` }),
    svg("circle", { r: r - 1.6, fill: tone("body") }),
    svg("circle", { r: 0.7 * r, fill: "none", class: `groove-${player}`, "stroke-width": 1.2 }),
    svg("circle", { r: 0.67 * r, fill: tone("hollow") }));
}

function checkerTones(player) {
  const dark = player === 1;
  const body = `var(--checker-${player})`;
  const lighter = `color-mix(in srgb, ${body}, white ${dark ? 26 : 70}%)`;
  const darker = `color-mix(in srgb, ${body}, black ${dark ? 38 : 9}%)`;
  const down = { x1: 0.28, y1: 0, x2: 0.72, y2: 1 };
  return [
    gradient("linearGradient", `body-${player}`, down, [[0, lighter], [0.5, body], [1, darker]]),
    gradient("linearGradient", `hollow-${player}`, down,
      [[0, darker], [0.45, body], [1, `color-mix(in srgb, ${body}, white ${dark ? 10 : 40}%)`]]),
    gradient("linearGradient", `slab-${player}`, { x1: 0, y1: 0, x2: 0, y2: 1 },
      [[0, body], [0.28, lighter], [0.6, body], [1, `var(--rim-${player})`]]),
  ];
}

/** Return the wood's grain: upright stripes of slightly different tones, the same each time. */
function wood() {
  let state = 5;
  let tone = 50;
  const stops = [];
  for (let at = 0; at <= 1; at += 1 / 96) {
    state = (state * 1103515245 + 12345) % 2147483648;
    tone += (50 - tone) * 0.35 + (state / 2147483648 - 0.5) * 62;
    const share = Math.round(Math.min(100, Math.max(0, tone)));
    stops.push([at.toFixed(4),
      `color-mix(in srgb, var(--wood), var(--wood-dark) ${Math.round(0.55 * share)}%)`]);
  }
  return gradient("linearGradient", "wood", { x1: 0, y1: 0, x2: 1, y2: 0 }, stops);
}

/** Return all symbols and gradients that drawings of a board refer to. */
export function definitions() {
  const up = { x1: 0, y1: 1, x2: 0, y2: 0 };
  const black = (...stops) => stops.map(([at, opacity]) => [at, "black", opacity]);
  return svg("defs", {}, wood(), checker(0), checker(1), ...checkerTones(0), ...checkerTones(1),
    gradient("radialGradient", "cast", {}, black([0.8, 0.42], [1, 0])),
    gradient("linearGradient", "shade-top", { x1: 0, y1: 0, x2: 0, y2: 1 },
      black([0, 0.34], [1, 0])),
    gradient("linearGradient", "shade-left", { x1: 0, y1: 0, x2: 1, y2: 0 },
      black([0, 0.2], [1, 0])),
    gradient("linearGradient", "shade-right", { x1: 1, y1: 0, x2: 0, y2: 0 },
      black([0, 0.2], [1, 0])),
    ...[0, 1].map((n) => gradient("linearGradient", `point-${n}`, up,
      [[0, `color-mix(in srgb, var(--point-${n}), var(--field) 3%)`],
        [1, `color-mix(in srgb, var(--point-${n}), var(--field) 18%)`]])),
    ...[0, 1].map((n) => gradient("linearGradient", `die-${n}`, { x1: 0, y1: 0, x2: 0, y2: 1 },
      [[0, `color-mix(in srgb, var(--checker-${n}), white ${n ? 22 : 60}%)`],
        [1, `color-mix(in srgb, var(--checker-${n}), black 8%)`]])));
}

const PIPS = {
  0: [], 1: [[0, 0]], 2: [[-1, -1], [1, 1]], 3: [[-1, -1], [0, 0], [1, 1]],
  4: [[-1, -1], [1, -1], [-1, 1], [1, 1]],
  5: [[-1, -1], [1, -1], [0, 0], [-1, 1], [1, 1]],
  6: [[-1, -1], [1, -1], [-1, 0], [1, 0], [-1, 1], [1, 1]],
};

/** Return a die: its player, the left upper corner, its size; 0 has no pips. */
export function die(player, value, { x, y }, size, { used = false, lit = false } = {}) {
  const round = 0.2 * size;
  const box = { x: 0, y: 0, width: size, height: size, rx: round };
  const pips = PIPS[value].map(([across, down]) => svg("circle", {
    cx: size / 2 + 0.265 * size * across, cy: size / 2 + 0.265 * size * down,
    r: 0.095 * size, fill: `var(--ink-${player})` }));
  return svg("g", { transform: `translate(${x} ${y})`, opacity: used ? 0.42 : 1 },
    ...(lit ? [svg("rect", { ...box, class: "die-glow", "stroke-width": 0.2 * size })] : []),
    svg("rect", { ...box, x: 0.02 * size, y: 0.06 * size, fill: "black", opacity: 0.35 }),
    svg("rect", { ...box, fill: `url(#die-${player})`, stroke: `var(--rim-${player})` }),
    ...pips);
}

/** Return an arrow between two places: its shaft, and a badge for each of `ranks` on its way. */
export function arrow(from, to, { colour, thick, ranks = [] }) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy) || 1;
  const head = Math.min(2.6 * thick, 0.5 * length);
  const [neck, slim, wide] = [length - head, 0.28 * thick, 0.5 * thick];
  const shaft = svg("path", {
    d: `M0 ${-slim}L${neck} ${-wide}V${-1.3 * thick}L${length} 0L${neck} ${1.3 * thick}V${wide}`
      + `L0 ${slim}Z`,
    transform: `translate(${from.x} ${from.y}) rotate(${(Math.atan2(dy, dx) * 180) / Math.PI})`,
    class: "arrow", style: `fill: ${colour}` });
  const badges = ranks.map((rank, i) => {
    // Those of later hints lie further back, so that badges of crossing arrows part.
    const along = Math.max(0.2, 0.58 - 0.06 * rank) * length - 13 * i;
    const [x, y] = [from.x + (dx / length) * along, from.y + (dy / length) * along];
    return svg("g", {}, svg("circle", { cx: x, cy: y, r: 8, class: "badge",
      style: `fill: var(--rank-${rank})` }), text(String(rank + 1), x, y, 11, "badge-ink"));
  });
  return { shaft, badges };
}

/** Return text with its middle at a place. */
export function text(words, x, y, size, name) {
  const element = svg("text", { x, y: y + 0.36 * size, "font-size": size, class: name });
  element.textContent = words;
  return element;
}
