/**
 * How many different elements a HyperLogLog has seen, from how many of its registers have which value; and the hash by
 * which HyperLogLogs know their elements.
 *
 * The estimator is Otmar Ertl's: "New cardinality estimation algorithms for HyperLogLog sketches", arXiv:1702.01284.
 * The order of the operations is Redis's, so that both round alike.
 *
 * The hash is MurmurHash64A by Austin Appleby; it may never change. 64-bit words are pairs of 32-bit halves; only the
 * low 64 bits of a product are needed, and all multiplications are by one constant.
 *
 * @module
 */

/** Bits of a hash that are not spent on choosing a register: no register's value is above this plus one. */
const HASH_BITS = 50;
/** 1 / (2 ln 2) */
const ALPHA = 0.721347520444481703680;

/** The estimate, a whole number. `histogram` counts the registers by value; their number is `registers`. */
export function estimate(histogram: Int32Array, registers: number): number {
  let z = registers * tau((registers - histogram[HASH_BITS + 1]) / registers);
  for (let value = HASH_BITS; value >= 1; value--) {
    z += histogram[value];
    z *= 0.5;
  }
  z += registers * sigma(histogram[0] / registers);
  return Math.round(ALPHA * registers * registers / z);
}

function sigma(x: number): number {
  if (x === 1) return Infinity;
  let y = 1;
  let z = x;
  let before: number;
  do {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  } while (z !== before);
  return z;
}

function tau(x: number): number {
  if (x === 0 || x === 1) return 0;
  let y = 1;
  let z = 1 - x;
  let before: number;
  do {
    x = Math.sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  } while (z !== before);
  return z / 3;
}

/** The multiplier, 0xc6a4a7935bd1e995, in halves. */
const M_HIGH = 0xc6a4a793;
const M_LOW = 0x5bd1e995;
const M_LOW_HIGH = M_LOW >>> 16;
const M_LOW_LOW = M_LOW & 0xffff;

/** A 64-bit hash, reused by the next one. */
export class MurmurHash {
  high = 0;
  low = 0;
  readonly #seed: number;

  /** @param seed 32 bits */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Leaves the hash of these bytes in `high` and `low`. O(bytes). */
  hash(buf: Uint8Array, off: number, len: number): this {
    let low = this.#seed ^ Math.imul(len, M_LOW);
    let high = timesHigh(0, len);
    let at = off;
    const words = off + (len & ~7);
    for (; at < words; at += 8) {
      let kLow = buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24);
      let kHigh = buf[at + 4] | (buf[at + 5] << 8) | (buf[at + 6] << 16) | (buf[at + 7] << 24);
      kHigh = timesHigh(kHigh, kLow);
      kLow = Math.imul(kLow, M_LOW);
      kLow ^= kHigh >>> 15;
      kHigh = timesHigh(kHigh, kLow);
      kLow = Math.imul(kLow, M_LOW);
      high = timesHigh(high ^ kHigh, low ^ kLow);
      low = Math.imul(low ^ kLow, M_LOW);
    }
    const end = off + len;
    if (at < end) {
      for (let shift = 0; at < end; at++, shift += 8) {
        if (shift < 32) low ^= buf[at] << shift;
        else high ^= buf[at] << (shift - 32);
      }
      high = timesHigh(high, low);
      low = Math.imul(low, M_LOW);
    }
    low ^= high >>> 15;
    high = timesHigh(high, low);
    low = Math.imul(low, M_LOW);
    this.high = high >>> 0;
    this.low = (low ^ (high >>> 15)) >>> 0;
    return this;
  }
}

/** The high half of a word's product with the multiplier. */
function timesHigh(high: number, low: number): number {
  const a = low >>> 16;
  const b = low & 0xffff;
  const middleA = Math.imul(a, M_LOW_LOW);
  const middleB = Math.imul(b, M_LOW_HIGH);
  const carry = (Math.imul(b, M_LOW_LOW) >>> 16) + (middleA & 0xffff) + (middleB & 0xffff);
  const above = Math.imul(a, M_LOW_HIGH) + (middleA >>> 16) + (middleB >>> 16) + (carry >>> 16);
  return (above + Math.imul(high, M_LOW) + Math.imul(low, M_HIGH)) | 0;
}
