/**
 * Where everything on the board lies, in the units of its drawing: a checker is 40 wide.
 *
 * A spot is where checkers lie: 0 to 23 are your points 1 to 24, 24 and 25 the bar of yours and of
 * the opponent's checkers, 26 and 27 the trays of those borne off. You sit at the bottom and your
 * home board is on the right.
 */

export const YOU = 0;
export const NET = 1;
export const BARS = [24, 25];
export const TRAYS = [26, 27];
export const SPOTS = 28;

export const CHECKER = 40;
/** Checkers that lie side by side on a point; more than these are told by a number. */
export const STACK = 5;

const EDGE = 20;
const PITCH = 42;
const BAR = 48;
const WELL = 46;
const WOOD = 20;
const REACH = STACK * CHECKER + 5;

export class Layout {
  /** `tall` makes room in the middle for larger dice, for narrow screens. */
  constructor(tall) {
    this.tall = tall;
    this.edge = EDGE;
    this.pitch = PITCH;
    this.reach = REACH;
    this.die = tall ? 58 : 34;
    this.width = 2 * WOOD + 12 * PITCH + BAR + WELL + WOOD / 2;
    this.height = 2 * (EDGE + REACH) + (tall ? 200 : 118);
    this.top = EDGE;
    this.bottom = this.height - EDGE;
    this.middle = this.height / 2;
    const half = { y: EDGE, width: 6 * PITCH, height: this.height - 2 * EDGE };
    this.halves = [{ x: WOOD, ...half }, { x: WOOD + 6 * PITCH + BAR, ...half }];
    this.bar = { x: WOOD + 6 * PITCH, y: 0, width: BAR, height: this.height };
    this.well = { x: 2 * WOOD + 12 * PITCH + BAR, y: EDGE, width: WELL, height: half.height };
    this.slab = (half.height / 2 - 6) / 15;
  }

  /** Return the left end of the column of a point. */
  left(spot) {
    const column = spot < 12 ? 11 - spot : spot - 12;
    return this.halves[column < 6 ? 0 : 1].x + (column % 6) * PITCH;
  }

  /** Return the rectangle in which checkers of a spot may lie. */
  rect(spot) {
    if (spot < 24) {
      const y = spot < 12 ? this.bottom - REACH : this.top;
      return { x: this.left(spot), y, width: PITCH, height: REACH };
    }
    const yours = spot === BARS[YOU] || spot === TRAYS[YOU];
    const from = BARS.includes(spot) ? this.bar : this.well;
    const y = yours ? this.middle + 3 : this.top;
    const height = this.bottom - this.middle - 3;
    return { x: from.x, y, width: from.width, height };
  }

  /**
   * Return the middle of the n-th checker, from 0, of `count` on a spot; the sixth and later ones
   * of a stack lie on the fifth.
   */
  checker(spot, n, count) {
    const { x, y, width, height } = this.rect(spot);
    if (TRAYS.includes(spot)) {
      const along = (Math.min(n, 14) + 0.5) * this.slab;
      return { x: x + width / 2, y: spot === TRAYS[YOU] ? y + height - along : y + along };
    }
    const place = Math.min(n, STACK - 1);
    if (BARS.includes(spot)) {
      // From the middle of the board outwards, so that those who enter next lie nearest.
      const away = 0.72 * CHECKER + place * CHECKER * Math.min(1, 4.2 / Math.min(count, STACK));
      return { x: x + width / 2, y: this.middle + (spot === BARS[YOU] ? away : -away) };
    }
    const depth = (place + 0.5) * CHECKER + 2;
    return { x: x + width / 2, y: spot < 12 ? y + height - depth : y + depth };
  }

  /** Return the left upper corner of a player's n-th die of `count`; yours lie on the right. */
  dieCorner(player, n, count) {
    const half = this.halves[player === YOU ? 1 : 0];
    const step = this.die * 1.3;
    const whole = count * step - (step - this.die);
    return { x: half.x + (half.width - whole) / 2 + n * step, y: this.middle - this.die / 2 };
  }

  /** Return the spot at a place of the drawing, null where there is none. */
  spotAt(x, y) {
    if (y < this.top || y >= this.bottom) return null;
    const upper = y < this.middle ? 1 : 0;
    const within = (rect) => x >= rect.x && x < rect.x + rect.width;
    if (within(this.bar)) return BARS[upper];
    if (within(this.well)) return TRAYS[upper];
    const half = this.halves.findIndex(within);
    if (half < 0) return null;
    const column = 6 * half + Math.floor((x - this.halves[half].x) / PITCH);
    return upper ? 12 + column : 11 - column;
  }
}

/** Return the spot of a player's own index: 0 to 23, 24 for the bar, -1 for off. */
export function spotOf(player, index) {
  if (index === 24) return BARS[player];
  if (index < 0) return TRAYS[player];
  return player === YOU ? index : 23 - index;
}

/** Return your own index of a spot, null for the opponent's bar and tray. */
export function indexOf(spot) {
  if (spot < 24) return spot;
  if (spot === BARS[YOU]) return 24;
  return spot === TRAYS[YOU] ? -1 : null;
}
