/**
 * What came before listpacks: ziplists (Redis 2.6 to 6.2) and zipmaps (before 2.6). They are only read.
 *
 *     ziplist   u32 bytes | u32 offset of the last entry | u16 count (65535: unknown) | entries … | 0xFF
 *     entry     length of the one before (1 byte, or 0xFE and u32) | encoding | data
 *               00llllll               string          0xC0 0xD0 0xE0 0xF0 0xFE   int16, 32, 64, 24, 8
 *               01llllll llllllll      string          0xF1 … 0xFD                0 … 12
 *               10?????? u32 (big-endian) string
 *
 *     zipmap    u8 count (254: unknown) | key length | key | value length | u8 spare | value | spare bytes … | 0xFF
 *               lengths: 1 byte below 254, or 0xFE and u32
 *
 * @module
 */

import { writeInteger } from "../types/listpack.ts";
import { CorruptRdb } from "./corrupt.ts";
import { RdbReader, type Stretch } from "./reader.ts";

const END = 0xff;
const WIDE = 0xfe;
const ZIPLIST_HEADER = 10;
const UNCOUNTED = 0xffff;
const LONGEST_TEXT = 20;
const INT16 = 0xc0;
const INT32 = 0xd0;
const INT64 = 0xe0;
const INT24 = 0xf0;
const INT8 = 0xfe;
const FIRST_SMALL = 0xf1;
const LAST_SMALL = 0xfd;

/** Visits the elements of a ziplist. @throws {CorruptRdb} unless it is one through and through */
export function readZiplist({ buf, off, len }: Stretch, visit: (element: Stretch) => void): void {
  const header = new DataView(buf.buffer, buf.byteOffset + off, len);
  const isCut = len <= ZIPLIST_HEADER || header.getUint32(0, true) !== len ||
    buf[off + len - 1] !== END;
  if (isCut) throw new CorruptRdb("a ziplist is cut wrong");
  const told = header.getUint16(8, true);
  const reader = new RdbReader(buf, off + ZIPLIST_HEADER, off + len - 1);
  let count = 0;
  let before = 0;
  while (reader.left > 0) {
    const start = reader.left;
    const first = reader.byte();
    if ((first === WIDE ? readU32(reader) : first) !== before) {
      throw new CorruptRdb("an entry of a ziplist does not follow the one before");
    }
    visit(readEntry(reader));
    before = start - reader.left;
    count++;
  }
  if (told !== UNCOUNTED && told !== count) throw new CorruptRdb("a ziplist is counted wrong");
}

function readEntry(reader: RdbReader): Stretch {
  const first = reader.byte();
  switch (first & 0xc0) {
    case 0x00:
      return reader.raw(first & 0x3f);
    case 0x40:
      return reader.raw(((first & 0x3f) << 8) | reader.byte());
    case 0x80: {
      const { buf, off } = reader.raw(4);
      return reader.raw(
        ((buf[off] << 24) | (buf[off + 1] << 16) | (buf[off + 2] << 8) | buf[off + 3]) >>> 0,
      );
    }
    default:
      return digits(readInteger(reader, first));
  }
}

function readInteger(reader: RdbReader, encoding: number): number | bigint {
  switch (encoding) {
    case INT8:
      return (reader.byte() << 24) >> 24;
    case INT16:
      return ((reader.byte() | (reader.byte() << 8)) << 16) >> 16;
    case INT24:
      return ((reader.byte() | (reader.byte() << 8) | (reader.byte() << 16)) << 8) >> 8;
    case INT32:
      return readU32(reader) | 0;
    case INT64:
      return reader.int64();
    default:
      if (encoding >= FIRST_SMALL && encoding <= LAST_SMALL) return encoding - FIRST_SMALL;
      throw new CorruptRdb("an entry of a ziplist has an unknown encoding");
  }
}

/** Visits the fields and values of a zipmap in turn. @throws {CorruptRdb} unless it is one through and through */
export function readZipmap({ buf, off, len }: Stretch, visit: (element: Stretch) => void): void {
  if (len < 2 || buf[off + len - 1] !== END) throw new CorruptRdb("a zipmap is cut wrong");
  const reader = new RdbReader(buf, off, off + len - 1);
  const told = reader.byte();
  let count = 0;
  while (reader.left > 0) {
    visit(reader.raw(readZipmapLength(reader)));
    const length = readZipmapLength(reader);
    const spare = reader.byte();
    visit(reader.raw(length));
    reader.raw(spare);
    count++;
  }
  if (told < WIDE && told !== count) throw new CorruptRdb("a zipmap is counted wrong");
}

function readZipmapLength(reader: RdbReader): number {
  const first = reader.byte();
  if (first === END) throw new CorruptRdb("a zipmap ends too early");
  return first === WIDE ? readU32(reader) : first;
}

function readU32(reader: RdbReader): number {
  const { buf, off } = reader.raw(4);
  return (buf[off] | (buf[off + 1] << 8) | (buf[off + 2] << 16) | (buf[off + 3] << 24)) >>> 0;
}

function digits(value: number | bigint): Stretch {
  const buf = new Uint8Array(LONGEST_TEXT);
  return { buf, off: 0, len: writeInteger(value, buf) };
}
