/** Fingers, mouse and keys: what is done to the board and with the keyboard. */

import { YOU } from "./layout.js";

/** Units of the drawing that a pointer may tremble before a checker is lifted. */
const TREMBLE = 5;

/** Let a table be played with pointers and keys. */
export function giveHands(table, part) {
  new Pointer(table).listen();
  const board = table.view.root;
  board.addEventListener("keydown", (event) => onBoard(table, board, event));
  addEventListener("keydown", (event) => anywhere(table, part, event));
}

class Pointer {
  constructor(table) {
    this.table = table;
    this.down = null;
  }

  listen() {
    const { root } = this.table.view;
    root.addEventListener("pointerdown", (event) => this.press(event));
    root.addEventListener("pointermove", (event) => this.move(event));
    root.addEventListener("pointerup", (event) => this.release(event));
    root.addEventListener("pointercancel", () => this.stop());
  }

  press(event) {
    const { table } = this;
    if (event.button !== 0 || this.down) return;
    const at = table.view.placeAt(event);
    const spot = table.view.layout.spotAt(at.x, at.y);
    // A drag must not mark text; a finger beside the checkers may scroll.
    if (table.view.view.movable.includes(spot)) event.preventDefault();
    this.down = { at, spot, pointer: event.pointerId };
    table.view.root.setPointerCapture(event.pointerId);
  }

  move(event) {
    const { table, down } = this;
    if (!down || event.pointerId !== down.pointer) return;
    const at = table.view.placeAt(event);
    const far = Math.hypot(at.x - down.at.x, at.y - down.at.y) > TREMBLE;
    if (!table.lifted && !(far && table.view.view.movable.includes(down.spot))) return;
    table.lift({ spot: down.spot, ...at });
  }

  release(event) {
    const { table, down } = this;
    if (!down || event.pointerId !== down.pointer) return;
    this.down = null;
    const at = table.view.placeAt(event);
    const spot = table.view.layout.spotAt(at.x, at.y);
    if (table.lifted) {
      table.lifted = null;
      table.drop(down.spot, spot === null ? down.spot : spot);
    } else if (this.onDice(at)) table.next();
    else if (spot !== null && spot === down.spot) table.press(spot);
  }

  stop() {
    this.down = null;
    if (this.table.lifted) this.table.lift(null);
  }

  /** Say whether a place is on your dice, or on the field around them. */
  onDice({ x, y }) {
    const { layout, view } = this.table.view;
    if (!view.ready || !view.dice[YOU].length) return false;
    const [first, last] = [0, view.dice[YOU].length - 1].map(
      (n) => layout.dieCorner(YOU, n, view.dice[YOU].length));
    const near = (value, low, high) => value > low - 8 && value < high + layout.die + 8;
    return near(x, first.x, last.x) && near(y, first.y, first.y);
  }
}

/** Do what a key means on a spot that has the focus. */
function onBoard(table, board, event) {
  const active = [...board.querySelectorAll("[role=button]")];
  const at = active.indexOf(event.target);
  if (at < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  if (event.key === "Enter" || event.key === " ") {
    table.press(Number(event.target.dataset.spot));
  } else if (event.key in steps) {
    active[(at + steps[event.key] + active.length) % active.length].focus();
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

/** Do what a key means wherever the focus is, unless something there wants it. */
function anywhere(table, part, event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
  if (event.target.closest?.("input, select")) return;
  const onButton = event.target.closest?.("button, a, summary");
  const keys = { " ": "next", Enter: "next", Backspace: "undo", h: "hint", n: "new-game" };
  const id = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (event.key === "Escape" && (table.picked !== null || table.hints.length)) {
    table.forget();
    table.show();
  } else if (/^[1-5]$/.test(event.key) && table.hints.length) {
    table.choose(Number(event.key) - 1);
  } else if (id && !(onButton && id === "next")) {
    part(id).click();
  } else return;
  event.preventDefault();
}
