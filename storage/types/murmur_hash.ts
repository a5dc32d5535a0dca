/**
 * MurmurHash64A by Austin Appleby: the hash by which HyperLogLogs know their elements, so it may never change.
 *
 * 64-bit words are pairs of 32-bit halves; only the low 64 bits of a product are needed, and all multiplications are
 * by one constant.
 *
 * @module
 */

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
