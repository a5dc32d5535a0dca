/**
 * The checksum of RDB files and DUMP payloads: CRC-64 with Jones's polynomial, 0xad93d23594c935a9, bits reflected, nothing
 * before and nothing after. Of "123456789" it is 0xe9c6d914c4b8d9ca.
 *
 * 64-bit values are pairs of 32-bit halves. Eight bytes are taken at a time ("slicing by eight"): each has a table that
 * tells what it will have become when the eight are through.
 *
 * @module
 */

/** The polynomial, reflected, in halves. */
const POLYNOMIAL_HIGH = 0x95ac9329;
const POLYNOMIAL_LOW = 0xac4bc9b5;
const SLICES = 8;

/** By slice and byte: the low half of what a byte becomes, and the high one. */
const [LOW, HIGH] = makeTables();

function makeTables(): [low: Int32Array, high: Int32Array] {
  const lows = new Int32Array(SLICES * 256);
  const highs = new Int32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let low = byte;
    let high = 0;
    for (let bit = 0; bit < 8; bit++) {
      const isOdd = (low & 1) !== 0;
      low = (low >>> 1) | (high << 31);
      high >>>= 1;
      if (isOdd) {
        low ^= POLYNOMIAL_LOW;
        high ^= POLYNOMIAL_HIGH;
      }
    }
    lows[byte] = low;
    highs[byte] = high;
  }
  for (let i = 256; i < lows.length; i++) {
    const low = lows[i - 256];
    const high = highs[i - 256];
    const next = low & 0xff;
    lows[i] = lows[next] ^ ((low >>> 8) | (high << 24));
    highs[i] = highs[next] ^ (high >>> 8);
  }
  return [lows, highs];
}

/** A checksum that grows with the bytes that it is shown. */
export class Crc64 {
  #low = 0;
  #high = 0;

  /** Goes on over these bytes. O(bytes). */
  update(buf: Uint8Array, off = 0, len = buf.length - off): this {
    const misplaced = -(buf.byteOffset + off) & 3;
    if (len < SLICES + misplaced) {
      this.#bytes(buf, off, off + len);
      return this;
    }
    const start = off + misplaced;
    const words = ((off + len - start) >>> 3) * 2;
    this.#bytes(buf, off, start);
    this.#words(new Int32Array(buf.buffer, buf.byteOffset + start, words));
    this.#bytes(buf, start + words * 4, off + len);
    return this;
  }

  #bytes(buf: Uint8Array, from: number, to: number): void {
    let low = this.#low;
    let high = this.#high;
    for (let at = from; at < to; at++) {
      const next = (low ^ buf[at]) & 0xff;
      low = LOW[next] ^ ((low >>> 8) | (high << 24));
      high = HIGH[next] ^ (high >>> 8);
    }
    this.#low = low;
    this.#high = high;
  }

  /** Goes on over pairs of words, which have the machine's byte order: little-endian wherever Deno runs. */
  #words(words: Int32Array): void {
    const lows = LOW;
    const highs = HIGH;
    let low = this.#low;
    let high = this.#high;
    for (let i = 0; i < words.length; i += 2) {
      low ^= words[i];
      high ^= words[i + 1];
      const a = (7 * 256) | (low & 0xff);
      const b = (6 * 256) | ((low >>> 8) & 0xff);
      const c = (5 * 256) | ((low >>> 16) & 0xff);
      const d = (4 * 256) | (low >>> 24);
      const e = (3 * 256) | (high & 0xff);
      const f = (2 * 256) | ((high >>> 8) & 0xff);
      const g = 256 | ((high >>> 16) & 0xff);
      const h = high >>> 24;
      low = lows[a] ^ lows[b] ^ lows[c] ^ lows[d] ^ lows[e] ^ lows[f] ^ lows[g] ^ lows[h];
      high = highs[a] ^ highs[b] ^ highs[c] ^ highs[d] ^ highs[e] ^ highs[f] ^ highs[g] ^ highs[h];
    }
    this.#low = low;
    this.#high = high;
  }

  /** Writes the checksum, eight bytes, the lowest first. */
  write(buf: Uint8Array, at: number): void {
    for (let i = 0; i < 4; i++) {
      buf[at + i] = this.#low >>> (8 * i);
      buf[at + 4 + i] = this.#high >>> (8 * i);
    }
  }

  /** The checksum as a number. */
  get value(): bigint {
    return (BigInt(this.#high >>> 0) << 32n) | BigInt(this.#low >>> 0);
  }
}
