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

/** By slice and byte: the low half, then the high one. */
const TABLE = makeTable();

function makeTable(): Int32Array {
  const table = new Int32Array(SLICES * 256 * 2);
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
    table[byte * 2] = low;
    table[byte * 2 + 1] = high;
  }
  for (let i = 256 * 2; i < table.length; i += 2) {
    const low = table[i - 512];
    const high = table[i - 511];
    const next = (low & 0xff) * 2;
    table[i] = table[next] ^ ((low >>> 8) | (high << 24));
    table[i + 1] = table[next + 1] ^ (high >>> 8);
  }
  return table;
}

/** A checksum that grows with the bytes that it is shown. */
export class Crc64 {
  #low = 0;
  #high = 0;

  /** Goes on over these bytes. O(bytes). */
  update(buf: Uint8Array, off = 0, len = buf.length - off): this {
    let low = this.#low;
    let high = this.#high;
    const table = TABLE;
    let at = off;
    const end = off + len;
    for (; at + SLICES <= end; at += SLICES) {
      low ^= buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24);
      high ^= buf[at + 4] | (buf[at + 5] << 8) | (buf[at + 6] << 16) | (buf[at + 7] << 24);
      const a = (7 * 256 + (low & 0xff)) * 2;
      const b = (6 * 256 + ((low >>> 8) & 0xff)) * 2;
      const c = (5 * 256 + ((low >>> 16) & 0xff)) * 2;
      const d = (4 * 256 + (low >>> 24)) * 2;
      const e = (3 * 256 + (high & 0xff)) * 2;
      const f = (2 * 256 + ((high >>> 8) & 0xff)) * 2;
      const g = (256 + ((high >>> 16) & 0xff)) * 2;
      const h = (high >>> 24) * 2;
      low = table[a] ^ table[b] ^ table[c] ^ table[d] ^ table[e] ^ table[f] ^ table[g] ^ table[h];
      high = table[a + 1] ^ table[b + 1] ^ table[c + 1] ^ table[d + 1] ^ table[e + 1] ^
        table[f + 1] ^ table[g + 1] ^ table[h + 1];
    }
    for (; at < end; at++) {
      const next = ((low ^ buf[at]) & 0xff) * 2;
      low = table[next] ^ ((low >>> 8) | (high << 24));
      high = table[next + 1] ^ (high >>> 8);
    }
    this.#low = low;
    this.#high = high;
    return this;
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
