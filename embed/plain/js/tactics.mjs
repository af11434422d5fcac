/**
 * The 26 inputs of the features tactics224-v1 behind Tesauro's 198: what rolls can do.
 *
 * For either side: the chance to hit a blot with the next roll, and one in its owner's home; the
 * chance that the rearmost checker gets past the opponent's points in front of it, and that it can
 * make its whole move; primes of 2 to 6 points before the opponent's rearmost checker; the share of
 * the home board that is closed, squared; how far the bearing off has come. For both: who leads the
 * race, and whether it is one. Sets of points are bits, point 1 of the own side the lowest. The
 * same, with more words, is agent/tactics.py.
 */

export const SIZE = 26;
const A_SIDE = 12;
const POINTS = (1 << 24) - 1;
const HOME = 0x3f;
const THEIR_HOME = POINTS ^ ((1 << 18) - 1);
const BAR_BIT = 1 << 24;

/**
 * One player's checkers in his own numbering: `any` and `made`, the points with at least one and
 * two of his checkers, `theirBlots` and `theirMade` the opponent's, and counts.
 */
function side(boards, mine, theirs) {
  let any = 0, made = 0, theirBlots = 0, theirMade = 0, off = 15, pips = 0;
  for (let i = 0; i < 24; ++i) {
    const here = 1 << i;
    const n = boards[mine + i], m = boards[theirs + 23 - i];
    if (n >= 1) any |= here;
    if (n >= 2) made |= here;
    if (m === 1) theirBlots |= here;
    if (m >= 2) theirMade |= here;
    off -= n;
    pips += (i + 1) * n;
  }
  const bar = boards[mine + 24];
  return { any, made, theirBlots, theirMade, bar, theirBar: boards[theirs + 24],
    off: off - bar, pips: pips + 25 * bar };
}

function count(bits) {
  let n = 0;
  for (; bits !== 0; bits &= bits - 1) ++n;
  return n;
}

function fillDown(bits) {
  for (let step = 1; step <= 16; step *= 2) bits |= bits >>> step;
  return bits;
}

function filled(s) {
  return fillDown(s.bar > 0 ? s.any | BAR_BIT : s.any);
}

/** Return where a checker may land with two different dice. */
function shots(s, free, a, b) {
  const withA = s.any >>> a, withB = s.any >>> b;
  if (s.bar === 0) return withA | withB | ((withA & free) >>> b) | ((withB & free) >>> a);
  const enterA = (BAR_BIT >>> a) & free, enterB = (BAR_BIT >>> b) & free;
  let found = enterA | enterB;
  // One on the bar enters with one die, and any checker plays the other.
  if (s.bar === 1 && enterA !== 0) found |= (s.any | enterA) >>> b;
  if (s.bar === 1 && enterB !== 0) found |= (s.any | enterB) >>> a;
  return found;
}

/** Return where a checker may land with a double. */
function doubleShots(s, free, die) {
  const enter = (BAR_BIT >>> die) & free;
  if (s.bar > 0 && enter === 0) return 0;
  let reached = s.bar > 0 ? enter : 0;
  let moving = s.any | reached;
  // While checkers are on the bar every move is needed to enter them.
  for (let k = s.bar; k < 4; ++k) {
    const landed = moving >>> die;
    reached |= landed;
    moving = landed & free;
  }
  return reached;
}

/** Return the points past the last of the opponent's made points up to 12 pips ahead. */
function beyond(rear, wall) {
  const near = wall & fillDown(rear) & ~rear & ~fillDown(rear >>> 13);
  return near === 0 ? POINTS : (near & -near) - 1;
}

/** Write for how many of the 36 rolls, over 36, each of four things can be done. */
function chances(s, out, at) {
  const free = ~s.theirMade;
  const below = filled(s);
  const rear = below & ~(below >>> 1);
  const goal = beyond(rear, s.theirMade);
  let hit = 0, hitHome = 0, escape = 0, full = 0;
  for (let a = 1; a <= 6; ++a) {
    for (let b = 1; b <= a; ++b) {
      const first = (rear >>> a) & free, other = (rear >>> b) & free;
      const whole = ((first >>> b) | (other >>> a)) & free;
      let ends = first | other | whole;
      if (a === b) {
        const third = (whole >>> a) & free;
        ends |= third | ((third >>> a) & free);
      }
      const landing = (a === b ? doubleShots(s, free, a) : shots(s, free, a, b)) & s.theirBlots;
      const weight = a === b ? 1 : 2;
      if (landing !== 0) hit += weight;
      if ((landing & THEIR_HOME) !== 0) hitHome += weight;
      if ((ends & goal) !== 0) escape += weight;
      if (whole !== 0) full += weight;
    }
  }
  out[at] = hit / 36;
  out[at + 1] = hitHome / 36;
  out[at + 2] = escape / 36;
  out[at + 3] = full / 36;
}

/** Write the 12 inputs of one player. */
function ofSide(s, out, at) {
  chances(s, out, at);
  const theirs = s.theirBlots | s.theirMade;
  const behind = theirs & -theirs; // The opponent's rearmost is our lowest.
  const nobody = theirs === 0 || s.theirBar > 0;
  let wall = s.made & (nobody ? POINTS : ~((behind << 1) - 1));
  let run = wall;
  for (let length = 2; length <= 6; ++length) {
    wall >>>= 1;
    run &= wall;
    out[at + 2 + length] = run !== 0 ? 1 : 0;
  }
  const closed = count(s.made & HOME) / 6;
  out[at + 9] = closed * closed;
  for (let i = 0; i < 2; ++i) out[at + 10 + i] = Math.min(Math.max(s.off - 5 - 5 * i, 0), 5) / 5;
}

/**
 * Write the 26 inputs of a board, those of the player on roll first.
 * @param {Int8Array} boards of which the board begins at `at`: 25 counts of the player on roll, 25
 *   of the opponent
 * @param {number} at
 * @param {Float64Array} out
 */
export function inputs(boards, at, out) {
  const me = side(boards, at, at + 25), them = side(boards, at + 25, at);
  ofSide(me, out, 0);
  ofSide(them, out, A_SIDE);
  out[24] = (them.pips - me.pips) / (me.pips + them.pips + 1) * 4;
  out[25] = count(filled(me)) + count(filled(them)) < 25 ? 1 : 0;
}
