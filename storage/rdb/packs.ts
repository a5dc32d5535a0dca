/**
 * Listpacks that come from elsewhere: checked, and brought into the one form that is relied upon here.
 *
 * Others may store as a string what looks like an integer, or write the back-length of an entry of certain sizes one
 * byte longer (Redis 8.8 does). Such listpacks are written anew; all others are taken as they are.
 *
 * What came before listpacks, ziplists (Redis 2.6 to 6.2) and zipmaps (before 2.6), is only read:
 *
 *     ziplist   u32 bytes | u32 offset of the last entry | u16 count (65535: unknown) | entries … | 0xFF
 *     entry     length of the one before (1 byte, or 0xFE and u32) | encoding | data
 *               00llllll               string          0xC0 0xD0 0xE0 0xF0 0xFE   int16, 32, 64, 24, 8
 *               01llllll llllllll      string          0xF1 … 0xFD                0 … 12
 *               10?????? u32 (big-endian) string
 *     zipmap    u8 count (254: unknown) | key length | key | value length | u8 spare | value | spare bytes … | 0xFF
 *               lengths: 1 byte below 254, or 0xFE and u32
 *
 * @module
 */

import { decodeLatin1 } from "../../server/resp/args.ts";
import { parseMember } from "../types/intset.ts";
import { backBytes, Listpack, ListpackDraft, writeInteger } from "../types/listpack.ts";
import { CorruptRdb, EmptyCollection } from "./format.ts";
import { RdbReader, type Stretch } from "./reader.ts";

const HEADER = 6;
const END = 0xff;
const UNCOUNTED = 0xffff;
const WIDEST_BACK = 5;
const LONGEST_TEXT = 20;

/** A listpack in the making. */
export class PackBuilder extends ListpackDraft {
  readonly pack = new Listpack().attach(this.buf, 0);

  append({ buf, off, len }: Stretch): void {
    this.pack.append(this, buf, off, len);
  }
}

/** A listpack that a stretch of bytes is, copied. @throws {CorruptRdb} */
export function takeListpack({ buf, off, len }: Stretch): Uint8Array {
  const bytes = buf.slice(off, off + len);
  let isUsual = true;
  walk(bytes, (at, data, back) => {
    if (back !== backBytes(data) || isIntegerAsString(bytes, at, data)) isUsual = false;
  });
  return isUsual ? bytes : written(bytes);
}

function written(bytes: Uint8Array): Uint8Array {
  const source = new Listpack().attach(bytes, 0);
  const digits = new Uint8Array(LONGEST_TEXT);
  const builder = new PackBuilder();
  walk(bytes, (at) => {
    const buf = source.readText(at, digits);
    builder.append({ buf, off: source.stringOff, len: source.stringLen });
  });
  return builder.bytes;
}

/**
 * Visits the entries: where each begins, how many bytes its data has, and how many its back-length.
 *
 * @throws {CorruptRdb} unless the bytes are a listpack through and through
 */
function walk(bytes: Uint8Array, visit: (at: number, data: number, back: number) => void): void {
  const last = bytes.length - 1;
  if (last < HEADER || readU32(bytes, 0) !== bytes.length || bytes[last] !== END) {
    throw new CorruptRdb("a listpack is cut wrong");
  }
  let count = 0;
  let at = HEADER;
  while (at < last) {
    const data = dataBytes(bytes, at, last);
    const back = at + data < last ? backWidth(bytes, at + data, last, data) : 0;
    if (back === 0) throw new CorruptRdb("an entry of a listpack is broken");
    visit(at, data, back);
    at += data + back;
    count++;
  }
  const told = bytes[4] | (bytes[5] << 8);
  if (told !== UNCOUNTED && told !== count) throw new CorruptRdb("a listpack is counted wrong");
}

/** Bytes of an entry's encoding and data, those that tell it being there. */
function dataBytes(bytes: Uint8Array, at: number, last: number): number {
  const first = bytes[at];
  if (first < 0x80) return 1;
  if (first < 0xc0) return 1 + (first & 0x3f);
  if (first < 0xe0) return 2;
  if (first < 0xf0) return at + 1 < last ? 2 + (((first & 0x0f) << 8) | bytes[at + 1]) : last;
  switch (first) {
    case 0xf0:
      return at + 4 < last ? 5 + readU32(bytes, at + 1) : last;
    case 0xf1:
      return 3;
    case 0xf2:
      return 4;
    case 0xf3:
      return 5;
    case 0xf4:
      return 9;
    default:
      throw new CorruptRdb("an entry of a listpack has an unknown encoding");
  }
}

/** How many bytes at a place say that so many came before; 0 when none do. */
function backWidth(bytes: Uint8Array, at: number, last: number, data: number): number {
  const usual = backBytes(data);
  if (saysBack(bytes, at, usual, data, last)) return usual;
  for (let width = 1; width <= WIDEST_BACK; width++) {
    if (saysBack(bytes, at, width, data, last)) return width;
  }
  return 0;
}

function saysBack(
  bytes: Uint8Array,
  at: number,
  width: number,
  data: number,
  last: number,
): boolean {
  if (at + width > last) return false;
  let value = 0;
  for (let i = 0; i < width; i++) {
    if (bytes[at + i] >= 0x80 !== i > 0) return false;
    value = value * 128 + (bytes[at + i] & 0x7f);
  }
  return value === data;
}

function isIntegerAsString(bytes: Uint8Array, at: number, data: number): boolean {
  const first = bytes[at];
  const prefix = first >= 0x80 && first < 0xc0
    ? 1
    : first >= 0xe0 && first < 0xf0
    ? 2
    : first === 0xf0
    ? 5
    : 0;
  return prefix > 0 && parseMember(bytes, at + prefix, data - prefix) !== undefined;
}

/**
 * Sees to it that no two of certain entries are the same: every `step`th one, from the first on. O(n)
 *
 * @throws {CorruptRdb}
 */
export function requireDistinct(bytes: Uint8Array, step: number): void {
  const pack = new Listpack().attach(bytes, 0);
  const digits = new Uint8Array(LONGEST_TEXT);
  const seen = new Set<string>();
  for (let at = pack.first(); at !== 0;) {
    const buf = pack.readText(at, digits);
    const text = decodeLatin1(buf.subarray(pack.stringOff, pack.stringOff + pack.stringLen));
    if (seen.has(text)) throw new CorruptRdb("an element occurs twice");
    seen.add(text);
    for (let i = 0; i < step && at !== 0; i++) at = pack.next(at);
  }
}

/** The number of entries of a checked listpack, which are to come in groups of so many. @throws {CorruptRdb} */
export function countGroups(bytes: Uint8Array, groupSize: number): number {
  const count = new Listpack().attach(bytes, 0).count;
  if (count % groupSize !== 0) throw new CorruptRdb("a listpack lacks an entry");
  if (count === 0) throw new EmptyCollection("a collection is empty");
  return count / groupSize;
}

function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}

const WIDE = 0xfe;
const ZIPLIST_HEADER = 10;
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
    if ((first === WIDE ? nextU32(reader) : first) !== before) {
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
      return nextU32(reader) | 0;
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
  return first === WIDE ? nextU32(reader) : first;
}

function nextU32(reader: RdbReader): number {
  const { buf, off } = reader.raw(4);
  return (buf[off] | (buf[off + 1] << 8) | (buf[off + 2] << 16) | (buf[off + 3] << 24)) >>> 0;
}

function digits(value: number | bigint): Stretch {
  const buf = new Uint8Array(LONGEST_TEXT);
  return { buf, off: 0, len: writeInteger(value, buf) };
}
