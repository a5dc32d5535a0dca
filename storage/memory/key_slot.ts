/**
 * The hash slot of a key: CRC16 of its bytes, modulo 16384, as all nodes of a Redis Cluster count it.
 *
 * Where a key has a *hash tag*, at least one byte between its first `{` and the next `}`, only the tag counts: so keys
 * are kept together. The polynomial is XMODEM's, 0x1021, from 0, nothing reflected.
 *
 * @module
 */

/** How many slots there are. */
export const SLOTS = 16384;

const OPEN = 123;
const CLOSE = 125;

const TABLE = crcTable();

function crcTable(): Uint16Array {
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let crc = byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
    return crc;
  });
}

/** CRC16/XMODEM of `len` bytes at `off`. */
export function crc16(buf: Uint8Array, off: number, len: number): number {
  let crc = 0;
  for (let at = off, end = off + len; at < end; at++) {
    crc = ((crc << 8) & 0xffff) ^ TABLE[(crc >>> 8) ^ buf[at]];
  }
  return crc;
}

/** The slot of the key of `len` bytes at `off`. O(bytes). */
export function keySlot(buf: Uint8Array, off: number, len: number): number {
  const end = off + len;
  for (let open = off; open < end; open++) {
    if (buf[open] !== OPEN) continue;
    for (let close = open + 1; close < end; close++) {
      if (buf[close] !== CLOSE) continue;
      // Nothing between them: the whole key counts.
      return close === open + 1
        ? crc16(buf, off, len) % SLOTS
        : crc16(buf, open + 1, close - open - 1) % SLOTS;
    }
    break;
  }
  return crc16(buf, off, len) % SLOTS;
}
