/** The board as a drawing: what never changes, and over it what a view says. */

import {
  BARS, CHECKER, Layout, NET, SPOTS, STACK, TRAYS, YOU, indexOf, spotOf,
} from "./layout.js";
import { arrow, definitions, die, piece, svg, text } from "./shapes.js";

/**
 * What the board shows.
 *
 * `counts`: checkers of each player at each spot. `movable`: spots that a checker may leave;
 * `lit`: where the one in the hand or the chosen one may go; `picked`: the chosen one's spot.
 * `dice`: of each player, as {value, used}; `ready`: a click on yours does something. `arrows`: of
 * {player, from, to, colour, thick, ranks, after}, between spots; `ranks`: the hints that have this
 * move; `after`: it has been made. `lifted`: the checker in the hand, {spot, x, y}.
 * @typedef {object} View
 */

/** Return the checkers of each player at each spot, `board` seen by player `turn`. */
export function countsOf(board, turn) {
  const counts = [new Array(SPOTS).fill(0), new Array(SPOTS).fill(0)];
  for (const player of [YOU, NET]) {
    const row = player === turn ? 0 : 25;
    let off = 15;
    for (let i = 0; i < 25; i += 1) {
      counts[player][spotOf(player, i)] = board[row + i];
      off -= board[row + i];
    }
    counts[player][TRAYS[player]] = off;
  }
  return counts;
}

export class BoardView {
  /** Draw into an element of SVG; names are those of the players. */
  constructor(root) {
    this.root = root;
    this.names = ["You", "the net"];
    this.spots = [];
    this.lay(false);
  }

  /** Draw the empty board, higher and with larger dice if `tall`. */
  lay(tall) {
    const layout = this.layout = new Layout(tall);
    this.root.setAttribute("viewBox", `0 0 ${layout.width} ${layout.height}`);
    this.live = Object.fromEntries(
      ["lit", "checkers", "marks", "arrows", "dice", "hand"].map((name) =>
        [name, svg("g", { class: name, "aria-hidden": "true" })]));
    this.spots = Array.from({ length: SPOTS }, (_, spot) => this.target(spot));
    this.stacks = Array.from({ length: SPOTS }, () => svg("g"));
    /** What each stack and each label was drawn from, so that what is as it was stays. */
    this.drawn = { stacks: [], labels: [] };
    this.live.checkers.append(...this.stacks);
    const { lit, checkers, marks, arrows, dice, hand } = this.live;
    this.root.replaceChildren(definitions(), this.ground(), lit, checkers, marks, dice, arrows,
      svg("g", {}, ...this.spots), hand);
    if (this.view) this.show(this.view);
  }

  ground() {
    const { width, height, halves, well, bar, middle } = this.layout;
    const numbers = Array.from({ length: 24 }, (_, spot) => text(String(spot + 1),
      this.layout.left(spot) + this.layout.pitch / 2,
      spot < 12 ? this.layout.bottom + 10 : this.layout.top - 10, 11.5, "number"));
    return svg("g", { "aria-hidden": "true" },
      svg("rect", { width, height, rx: 7, fill: "url(#wood)" }),
      svg("rect", { x: 1, y: 1, width: width - 2, height: height - 2, rx: 6, class: "bevel" }),
      ...halves.map((half) => this.sunk(half, "var(--field)")),
      ...Array.from({ length: 24 }, (_, spot) => this.point(spot)),
      this.sunk(well, "var(--well)"),
      svg("rect", { x: well.x, y: middle - 3, width: well.width, height: 6, class: "ledge" }),
      svg("path", { d: `M${bar.x + bar.width / 2} 0V${height}`, class: "hinge" }),
      ...numbers);
  }

  /** Return a part of the board that lies deeper than its frame. */
  sunk({ x, y, width, height }, fill) {
    return svg("g", {}, svg("rect", { x, y, width, height, style: `fill: ${fill}` }),
      svg("rect", { x, y, width, height: 9, fill: "url(#shade-top)" }),
      svg("rect", { x, y, width: 6, height, fill: "url(#shade-left)" }),
      svg("rect", { x: x + width - 6, y, width: 6, height, fill: "url(#shade-right)" }),
      svg("rect", { x, y, width, height, class: "sunk-edge" }));
  }

  point(spot) {
    const { x, y, height } = this.layout.rect(spot);
    const shape = svg("path", { d: this.outline(x, y + height), class: "point",
      fill: `url(#point-${spot % 2})` });
    // A hanging point is a standing one turned over, so that its shade runs to the tip, too.
    if (spot >= 12) shape.setAttribute("transform", `translate(0 ${2 * y + height}) scale(1 -1)`);
    return shape;
  }

  /** Return the path of a point that stands on its foot. */
  outline(x, foot) {
    const { pitch, reach } = this.layout;
    return `M${x + 0.5} ${foot}L${x + pitch / 2} ${foot - reach + 13}L${x + pitch - 0.5} ${foot}Z`;
  }

  /** Return the place to click and to focus of a spot. */
  target(spot) {
    const { x, y, width, height } = this.layout.rect(spot);
    return svg("rect", { x, y, width, height, rx: 4, class: "spot", "data-spot": spot });
  }

  /** Show a view. */
  show(view) {
    this.view = view;
    const { lit, marks, arrows, dice, hand } = this.live;
    lit.replaceChildren(...view.lit.map((spot) => this.veil(spot)));
    this.showStacks(view);
    marks.replaceChildren(...this.rings(view), ...view.lit.flatMap((spot) => this.there(spot)));
    dice.replaceChildren(...this.allDice(view));
    arrows.replaceChildren(...this.allArrows(view));
    hand.replaceChildren(...(view.lifted
      ? [piece("checker-0", view.lifted, { class: "raised" })] : []));
    this.spots.forEach((element, spot) => this.label(element, spot, view));
  }

  showStacks(view) {
    for (let spot = 0; spot < SPOTS; spot += 1) {
      const lifted = view.lifted?.spot === spot ? 1 : 0;
      const counts = [view.counts[YOU][spot] - lifted, view.counts[NET][spot]];
      if (this.drawn.stacks[spot] !== counts.join()) {
        this.drawn.stacks[spot] = counts.join();
        const drawn = counts.flatMap((count, player) => (TRAYS.includes(spot)
          ? this.slabs(spot, player, count) : this.stack(spot, player, count)));
        this.stacks[spot].replaceChildren(...drawn);
      }
    }
  }

  /** Let the checker in the hand be elsewhere. */
  carry({ x, y }) {
    const [checker] = this.live.hand.children;
    checker?.setAttribute("x", x);
    checker?.setAttribute("y", y);
  }

  stack(spot, player, count) {
    const found = [];
    for (let n = 0; n < Math.min(count, STACK); n += 1) {
      found.push(piece(`checker-${player}`, this.layout.checker(spot, n, count)));
    }
    if (count > STACK) {
      const at = this.layout.checker(spot, STACK - 1, count);
      found.push(text(String(count), at.x, at.y, 18, `count-${player}`));
    }
    return found;
  }

  /** Return the checkers borne off, seen from the side, and their number beside the last. */
  slabs(spot, player, count) {
    const { slab, well } = this.layout;
    const found = Array.from({ length: count }, (_, n) => {
      const { x, y } = this.layout.checker(spot, n, count);
      return svg("rect", { x: x - 0.45 * well.width, y: y - slab / 2 + 0.4,
        width: 0.9 * well.width, height: slab - 0.8, rx: 3.4, fill: `url(#slab-${player})`,
        stroke: `var(--rim-${player})`, "stroke-width": 0.7 });
    });
    if (count > 0 && count < 13) {
      const { x, y } = this.layout.checker(spot, count - 1, count);
      found.push(text(String(count), x, y + (player === YOU ? -1 : 1) * (slab / 2 + 11), 14,
        "number"));
    }
    return found;
  }

  /** Return rings around the uppermost checkers that may move, a heavier one around the chosen. */
  rings(view) {
    return view.movable.filter((spot) => view.lifted?.spot !== spot).map((spot) => {
      const count = view.counts[YOU][spot];
      const { x, y } = this.layout.checker(spot, count - 1, count);
      return svg("circle", { cx: x, cy: y, r: CHECKER / 2 - 0.5,
        class: spot === view.picked ? "ring picked" : "ring" });
    });
  }

  veil(spot) {
    const { x, y, width, height } = this.layout.rect(spot);
    if (TRAYS.includes(spot)) {
      return svg("rect", { x: x + 2, y: y + 2, width: width - 4, height: height - 4, rx: 4,
        class: "veil" });
    }
    const shape = svg("path", { d: this.outline(x, y + height), class: "veil" });
    if (spot >= 12) shape.setAttribute("transform", `translate(0 ${2 * y + height}) scale(1 -1)`);
    return shape;
  }

  /** Return the mark where a checker would come to lie. */
  there(spot) {
    if (TRAYS.includes(spot)) return [];
    const count = this.view.counts[YOU][spot];
    const { x, y } = this.layout.checker(spot, count, count + 1);
    return count >= STACK ? [svg("circle", { cx: x, cy: y, r: CHECKER / 2 - 0.5, class: "goal" })]
      : [svg("circle", { cx: x, cy: y, r: 8, class: "there" })];
  }

  allDice(view) {
    const { die: size } = this.layout;
    return [YOU, NET].flatMap((player) => view.dice[player].map(({ value, used }, n, all) =>
      die(player, value, this.layout.dieCorner(player, n, all.length), size,
        { used, lit: player === YOU && view.ready })));
  }

  allArrows(view) {
    // The first arrow is drawn over the others.
    const drawn = view.arrows.map((one) => arrow(this.end(one, one.from, false),
      this.end(one, one.to, true), one));
    return [...drawn.map(({ shaft }) => shaft).reverse(),
      ...drawn.flatMap(({ badges }) => badges).reverse()];
  }

  /** Return where an arrow begins, or where the checker that came will lie. */
  end({ player, after }, spot, arriving) {
    const count = this.view.counts[player][spot];
    // After a play the checker that left is gone and the one that came is there.
    const n = arriving === Boolean(after) ? count - 1 : count;
    const most = TRAYS.includes(spot) ? 14 : STACK - 1;
    return this.layout.checker(spot, Math.max(0, Math.min(n, most)), Math.max(count, 1));
  }

  label(element, spot, view) {
    const own = indexOf(spot);
    const active = view.movable.includes(spot) || view.lit.includes(spot);
    const does = [
      view.picked === spot ? "chosen" : view.movable.includes(spot) ? "can move" : "",
      view.lit.includes(spot) ? "a checker may go here" : ""].filter(Boolean);
    const owner = view.counts[YOU][spot] ? YOU : NET;
    const count = view.counts[owner][spot];
    const holds = count ? `${count} ${owner === YOU ? "of yours" : `of ${this.names[NET]}`}` : "empty";
    const place = spot < 24 ? `Point ${own + 1}` : BARS.includes(spot) ? "Bar" : "Borne off";
    const label = [`${place}: ${holds}`, ...does].join(", ");
    if (this.drawn.labels[spot] === label) return;
    this.drawn.labels[spot] = label;
    element.setAttribute("aria-label", label);
    element.setAttribute("role", active ? "button" : "img");
    if (active) element.setAttribute("tabindex", "0");
    else element.removeAttribute("tabindex");
    element.toggleAttribute("data-movable", view.movable.includes(spot));
    element.toggleAttribute("data-lit", view.lit.includes(spot));
  }

  /** Return the place of the drawing under a place of the window. */
  placeAt({ clientX, clientY }) {
    const { x, y } = new DOMPoint(clientX, clientY)
      .matrixTransform(this.root.getScreenCTM().inverse());
    return { x, y };
  }

  /** Let a checker of a player go from spot to spot; resolves when it is there. */
  async fly(player, from, to, milliseconds) {
    const count = this.view.counts[player];
    const start = this.layout.checker(from, count[from], count[from] + 1);
    const end = this.layout.checker(to, count[to], count[to] + 1);
    const flying = piece(`checker-${player}`, { x: 0, y: 0 }, { class: "raised" });
    this.live.hand.append(flying);
    const at = ({ x, y }) => ({ transform: `translate(${x}px, ${y}px)` });
    const flight = flying.animate([at(start), at(end)],
      { duration: milliseconds, easing: "cubic-bezier(0.45, 0, 0.35, 1)", fill: "both" });
    // A page in the background does not animate; the game goes on all the same.
    await Promise.race([flight.finished,
      new Promise((resolve) => { setTimeout(resolve, milliseconds + 200); })]);
    flying.remove();
  }
}
