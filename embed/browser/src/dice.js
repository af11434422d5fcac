/**
 * Seeded dice: the same seed throws what `SeededDice(seed)` of the Python package throws.
 *
 * That is NumPy's PCG64 seeded by its SeedSequence. Sources: M. O'Neill, "PCG: A Family of Simple
 * Fast Space-Efficient Statistically Good Algorithms for Random Number Generation" (2014);
 * D. Lemire, "Fast Random Integer Generation in an Interval" (2019); NumPy's documentation of
 * `SeedSequence`.
 */

const BITS_64 = (1n << 64n) - 1n;
const BITS_128 = (1n << 128n) - 1n;
const MULTIPLIER = (2549297995355413924n << 64n) | 4865540595714422341n;

/** The largest seed that fits into the four words of the pool that is mixed here. */
const MOST = BITS_128;

/** Return four 64-bit numbers that a seed is spread over. */
function spread(seed) {
  let constant = 0x43b0d7e5;
  const hash = (value) => {
    let mixed = value ^ constant;
    constant = Math.imul(constant, 0x931e8875);
    mixed = Math.imul(mixed, constant);
    return mixed ^ (mixed >>> 16);
  };
  const mix = (x, y) => {
    const mixed = Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y);
    return mixed ^ (mixed >>> 16);
  };
  const words = [0n, 32n, 64n, 96n].map((shift) => Number((seed >> shift) & 0xffffffffn));
  const pool = words.map(hash);
  for (let from = 0; from < 4; from += 1) {
    for (let to = 0; to < 4; to += 1) {
      if (from !== to) pool[to] = mix(pool[to], hash(pool[from]));
    }
  }
  constant = 0x8b51f9dd;
  const drawn = Array.from({ length: 8 }, (_, i) => {
    let mixed = pool[i % 4] ^ constant;
    constant = Math.imul(constant, 0x58f38ded);
    mixed = Math.imul(mixed, constant);
    return BigInt((mixed ^ (mixed >>> 16)) >>> 0);
  });
  return [0, 2, 4, 6].map((i) => drawn[i] | (drawn[i + 1] << 32n));
}

/** Random 32-bit words of PCG64 (XSL-RR 128/64), the lower half of each number first. */
class Words {
  constructor(seed) {
    const [a, b, c, d] = spread(seed);
    this.step = (((c << 64n) | d) << 1n) & BITS_128 | 1n;
    this.state = 0n;
    this.advance();
    this.state = (this.state + ((a << 64n) | b)) & BITS_128;
    this.advance();
    this.kept = null;
  }

  advance() {
    this.state = (this.state * MULTIPLIER + this.step) & BITS_128;
  }

  next() {
    if (this.kept !== null) {
      const word = this.kept;
      this.kept = null;
      return word;
    }
    this.advance();
    const folded = (this.state >> 64n) ^ (this.state & BITS_64);
    const turn = this.state >> 122n;
    const drawn = ((folded >> turn) | (folded << (64n - turn))) & BITS_64;
    this.kept = Number(drawn >> 32n);
    return Number(drawn & 0xffffffffn);
  }
}

/** An endless source of rolls that a seed determines. */
export class SeededDice {
  /** `seed` is a whole number of 0 or more as a bigint; throws RangeError for others. */
  constructor(seed) {
    if (typeof seed !== "bigint" || seed < 0n || seed > MOST) {
      throw new RangeError(`seed ${seed} must be a whole number from 0 to 2^128 - 1`);
    }
    this.words = new Words(seed);
  }

  /** Return `count` numbers from 0 to `below` - 1, one byte of a word each, without bias. */
  draw(count, below) {
    let word = 0;
    let left = 0;
    const found = [];
    while (found.length < count) {
      if (left === 0) {
        word = this.words.next();
        left = 4;
      }
      const product = (word & 0xff) * below;
      word >>>= 8;
      left -= 1;
      if ((product & 0xff) >= 256 % below) found.push(product >> 8);
    }
    return found;
  }

  /** Throw both dice: [die, die]. */
  roll() {
    return this.draw(2, 6).map((n) => n + 1);
  }

  /** Throw one die for each player until they differ: [first player's, second player's]. */
  opening() {
    const [first] = this.draw(1, 6);
    const [step] = this.draw(1, 5);
    return [first + 1, ((first + step + 1) % 6) + 1];
  }
}

/** Return a seed that nobody knows beforehand. */
export function freshSeed() {
  return crypto.getRandomValues(new BigUint64Array(1))[0] >> 11n;
}
