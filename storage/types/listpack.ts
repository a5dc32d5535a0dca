/**
 * The listpack: a small list of strings and integers packed into one run of bytes, in Redis's own format.
 *
 *     u32 total bytes | u16 count (65535: count by walking) | entries … | 0xFF
 *     entry = encoding and data | back-length (bytes of encoding and data, base 128, read from right to left)
 *
 *     0xxxxxxx            7-bit unsigned              1110xxxx +1     string, 12-bit length
 *     10xxxxxx            string, 6-bit length        0xF0 +u32       string
 *     110xxxxx +1         13-bit signed               0xF1…0xF4       int16, int24, int32, int64
 *
 * Strings that are canonical 64-bit integers are stored as integers, as Redis does, so that a value moves between
 * the two byte for byte. Format: https://github.com/antirez/listpack/blob/master/listpack.md
 *
 * A {@link Listpack} is a window on such bytes, attached to wherever they lie; positions are offsets into the buffer.
 * Edits are one splice; whoever owns the bytes resizes them ({@link ListpackOwner}) and attaches the window anew.
 *
 * @module
 */

import { parseBigInt64, parseSafeInteger } from "../../server/resp/numbers.ts";
import { copyBytes } from "../memory/bytes.ts";

/** Bytes of an empty listpack. */
export const EMPTY_BYTES = 7;
export const HEADER_BYTES = 6;

/** The byte that ends a listpack. */
export const END = 0xff;
/** The header's count when there are more entries than it can tell. */
const UNCOUNTED = 0xffff;
/** Longest encoding byte sequence before a string's bytes, and longest back-length. */
const LONGEST_PREFIX = 5;
const LONGEST_BACK = 5;
/** The usual first room of a {@link ListpackDraft}. */
const DRAFT_BYTES = 256;
const MINUS = 45;
const ZERO = 48;

/** Gives a listpack's bytes another length and attaches the window to where they are then. */
export interface ListpackOwner {
  /** Bytes that both lengths have in common are kept. */
  resize(pack: Listpack, length: number): void;
}

/** Who is handed elements one by one: `len` bytes at `off`, valid only during the call. A reply is one. */
export interface ElementSink {
  bulkAt(buf: Uint8Array, off: number, len: number): void;
}

/** Where the bytes of an element are. */
export interface ElementView {
  buf: Uint8Array;
  off: number;
  len: number;
}

/** Writes an empty listpack. */
export function writeEmpty(buf: Uint8Array, at: number): void {
  writeU32(buf, at, EMPTY_BYTES);
  buf[at + 4] = buf[at + 5] = 0;
  buf[at + 6] = END;
}

/** Writes the header of a listpack of so many bytes and entries. */
export function writeHeader(buf: Uint8Array, at: number, bytes: number, count: number): void {
  writeU32(buf, at, bytes);
  const told = count < UNCOUNTED ? count : UNCOUNTED;
  buf[at + 4] = told & 0xff;
  buf[at + 5] = told >> 8;
}

/** The bytes of a listpack in the making, which is an empty one at first, and room for more. */
export class ListpackDraft implements ListpackOwner {
  buf: Uint8Array;
  length = EMPTY_BYTES;

  constructor(room = DRAFT_BYTES) {
    this.buf = new Uint8Array(room);
    writeEmpty(this.buf, 0);
  }

  /** The listpack; good until it changes. */
  get bytes(): Uint8Array {
    return this.buf.subarray(0, this.length);
  }

  resize(pack: Listpack, length: number): void {
    this.length = length;
    if (length <= this.buf.length) return;
    const larger = new Uint8Array(length * 2);
    larger.set(this.buf);
    this.buf = larger;
    pack.attach(larger, 0);
  }
}

/** A window on the bytes of a listpack. */
export class Listpack {
  buf: Uint8Array = new Uint8Array(0);
  /** Where the listpack begins in `buf`. */
  start = 0;

  /** What {@link read} found: an integer, or a string at `stringOff`. */
  isInt = false;
  /** A number up to 2^53, a bigint beyond. */
  int: number | bigint = 0;
  stringOff = 0;
  stringLen = 0;
  /** Where {@link pass} spells integers out; made at its first need. */
  #digits: Uint8Array | undefined;

  attach(buf: Uint8Array, start: number): this {
    this.buf = buf;
    this.start = start;
    return this;
  }

  /** Bytes of the whole listpack. */
  get bytes(): number {
    return readU32(this.buf, this.start);
  }

  /** The number of entries. O(1) up to 65534 entries, O(n) beyond. */
  get count(): number {
    const told = this.buf[this.start + 4] | (this.buf[this.start + 5] << 8);
    if (told !== UNCOUNTED) return told;
    let count = 0;
    for (let at = this.first(); at !== 0; at = this.next(at)) count++;
    return count;
  }

  // --- walking: positions are offsets into buf, 0 is none ----------------------------------------------------

  /** The first entry, or 0. */
  first(): number {
    const at = this.start + HEADER_BYTES;
    return this.buf[at] === END ? 0 : at;
  }

  /** The last entry, or 0. */
  last(): number {
    return this.prev(this.start + this.bytes - 1);
  }

  /** The entry after this one, or 0. */
  next(at: number): number {
    const after = at + this.entryBytes(at);
    return this.buf[after] === END ? 0 : after;
  }

  /** The entry before a position (an entry's, or that of the end), or 0. */
  prev(at: number): number {
    if (at === this.start + HEADER_BYTES) return 0;
    const buf = this.buf;
    let back = at - 1;
    let length = buf[back] & 0x7f;
    for (let shift = 7; (buf[back] & 0x80) !== 0; shift += 7) {
      back--;
      length |= (buf[back] & 0x7f) << shift;
    }
    return back - length;
  }

  /** Where the first entry is, or would be: the place to insert at the beginning. */
  front(): number {
    return this.start + HEADER_BYTES;
  }

  /** Where the closing byte stands: the place to insert at the end. */
  end(): number {
    return this.start + this.bytes - 1;
  }

  /** The entry of an index, negative from the end; 0 when there is none. O(n), from the nearer side. */
  seek(index: number): number {
    const told = this.buf[this.start + 4] | (this.buf[this.start + 5] << 8);
    let steps = index;
    if (told !== UNCOUNTED) {
      if (index < 0) index += told;
      if (index < 0 || index >= told) return 0;
      steps = index < told / 2 ? index : index - told;
    }
    let at: number;
    if (steps >= 0) {
      for (at = this.first(); steps > 0 && at !== 0; steps--) at = this.next(at);
    } else {
      for (at = this.last(); steps < -1 && at !== 0; steps++) at = this.prev(at);
    }
    return at;
  }

  /** Bytes of the entry, back-length included. */
  entryBytes(at: number): number {
    const length = this.#dataBytes(at);
    return length + backBytes(length);
  }

  /** Bytes of the entry's encoding and data. */
  #dataBytes(at: number): number {
    const buf = this.buf;
    const first = buf[at];
    if (first < 0x80) return 1;
    if (first < 0xc0) return 1 + (first & 0x3f);
    if (first < 0xe0) return 2;
    if (first < 0xf0) return 2 + (((first & 0x0f) << 8) | buf[at + 1]);
    switch (first) {
      case 0xf0:
        return 5 + readU32(buf, at + 1);
      case 0xf1:
        return 3;
      case 0xf2:
        return 4;
      case 0xf3:
        return 5;
      default:
        return 9;
    }
  }

  // --- reading -------------------------------------------------------------------------------------------------

  /** Decodes an entry into `isInt`, `int`, `stringOff`, `stringLen`. */
  read(at: number): void {
    const buf = this.buf;
    const first = buf[at];
    this.isInt = true;
    if (first < 0x80) {
      this.int = first;
    } else if (first < 0xc0) {
      this.#string(at + 1, first & 0x3f);
    } else if (first < 0xe0) {
      this.int = ((((first & 0x1f) << 8) | buf[at + 1]) << 19) >> 19;
    } else if (first < 0xf0) {
      this.#string(at + 2, ((first & 0x0f) << 8) | buf[at + 1]);
    } else if (first === 0xf0) {
      this.#string(at + 5, readU32(buf, at + 1));
    } else if (first === 0xf1) {
      this.int = ((buf[at + 1] | (buf[at + 2] << 8)) << 16) >> 16;
    } else if (first === 0xf2) {
      this.int = ((buf[at + 1] | (buf[at + 2] << 8) | (buf[at + 3] << 16)) << 8) >> 8;
    } else if (first === 0xf3) {
      this.int = readU32(buf, at + 1) | 0;
    } else {
      const high = readU32(buf, at + 5) | 0;
      const low = readU32(buf, at + 1);
      this.int = high >= -0x200000 && high < 0x200000
        ? high * 0x100000000 + low
        : (BigInt(high) << 32n) | BigInt(low);
    }
  }

  #string(off: number, len: number): void {
    this.isInt = false;
    this.stringOff = off;
    this.stringLen = len;
  }

  /**
   * Like {@link read}, but integers become decimal text: answers the bytes to look at, which are `buf` itself or
   * `scratch` (at least 20 bytes), with `stringOff` and `stringLen` set.
   */
  readText(at: number, scratch: Uint8Array): Uint8Array {
    this.read(at);
    if (!this.isInt) return this.buf;
    this.stringOff = 0;
    this.stringLen = writeInteger(this.int, scratch);
    return scratch;
  }

  /** Hands the entry's bytes to a sink, integers as decimal text. */
  pass(at: number, sink: ElementSink): void {
    const bytes = this.readText(at, this.#digits ??= new Uint8Array(20));
    sink.bulkAt(bytes, this.stringOff, this.stringLen);
  }

  /** Points a view at the entry's bytes; at decimal text, good until the next such call, for an integer. */
  view(at: number, view: ElementView): void {
    view.buf = this.readText(at, this.#digits ??= new Uint8Array(20));
    view.off = this.stringOff;
    view.len = this.stringLen;
  }

  /** The entry's bytes, copied; integers as decimal text. */
  bytesAt(at: number): Uint8Array {
    this.read(at);
    if (this.isInt) {
      const text = new Uint8Array(20);
      return text.subarray(0, writeInteger(this.int, text));
    }
    return this.buf.slice(this.stringOff, this.stringOff + this.stringLen);
  }

  /** Whether the entry has just these bytes. */
  equals(at: number, bytes: Uint8Array, off: number, len: number): boolean {
    this.read(at);
    if (!this.isInt) {
      if (this.stringLen !== len) return false;
      const buf = this.buf;
      for (let i = 0, from = this.stringOff; i < len; i++) {
        if (buf[from + i] !== bytes[off + i]) return false;
      }
      return true;
    }
    if (len > 20) return false;
    const safe = parseSafeInteger(bytes, off, len);
    if (safe === safe) return this.int === safe;
    const exact = parseBigInt64(bytes, off, len);
    return exact !== undefined && exact === BigInt(this.int);
  }

  /**
   * The first entry from `at` on that has these bytes, looking at every (skip+1)th entry only; 0 when there is none.
   * O(n).
   */
  find(at: number, bytes: Uint8Array, off: number, len: number, skip: number): number {
    const safe = len <= 20 ? parseSafeInteger(bytes, off, len) : NaN;
    const exact = safe === safe
      ? safe
      : len > 15 && len <= 20
      ? narrow(parseBigInt64(bytes, off, len))
      : undefined;
    const buf = this.buf;
    while (at !== 0) {
      if (exact !== undefined) {
        // An integer is never stored as a string.
        const first = buf[at];
        if (first < 0x80 || (first >= 0xc0 && first < 0xe0) || first > 0xf0) {
          this.read(at);
          if (this.int === exact) return at;
        }
      } else if (this.#isString(at, bytes, off, len)) {
        return at;
      }
      for (let i = 0; i <= skip && at !== 0; i++) at = this.next(at);
    }
    return 0;
  }

  #isString(at: number, bytes: Uint8Array, off: number, len: number): boolean {
    const buf = this.buf;
    const first = buf[at];
    let from: number;
    if (first < 0x80) return false;
    if (first < 0xc0) {
      if ((first & 0x3f) !== len) return false;
      from = at + 1;
    } else if (first < 0xe0) {
      return false;
    } else if (first < 0xf0) {
      if ((((first & 0x0f) << 8) | buf[at + 1]) !== len) return false;
      from = at + 2;
    } else if (first === 0xf0) {
      if (readU32(buf, at + 1) !== len) return false;
      from = at + 5;
    } else {
      return false;
    }
    for (let i = 0; i < len; i++) if (buf[from + i] !== bytes[off + i]) return false;
    return true;
  }

  // --- changing ------------------------------------------------------------------------------------------------

  /** Inserts an entry with these bytes before position `at` ({@link end} for the end); answers its position. */
  insert(
    owner: ListpackOwner,
    at: number,
    bytes: Uint8Array,
    off: number,
    len: number,
  ): number {
    const size = entryBytesFor(bytes, off, len);
    const place = this.splice(owner, at, 0, size, 1);
    writeEntry(this.buf, place, bytes, off, len);
    return place;
  }

  /** Adds an entry at the end. */
  append(owner: ListpackOwner, bytes: Uint8Array, off: number, len: number): number {
    return this.insert(owner, this.end(), bytes, off, len);
  }

  /** Gives the entry at `at` other bytes; answers its position, which may have moved with the whole listpack. */
  replace(
    owner: ListpackOwner,
    at: number,
    bytes: Uint8Array,
    off: number,
    len: number,
  ): number {
    const place = this.splice(owner, at, this.entryBytes(at), entryBytesFor(bytes, off, len), 0);
    writeEntry(this.buf, place, bytes, off, len);
    return place;
  }

  /** Removes `entries` entries from `at` on; answers the position of what follows, 0 at the end. */
  remove(owner: ListpackOwner, at: number, entries = 1): number {
    let size = 0;
    let removed = 0;
    for (let next = at; next !== 0 && removed < entries; next = this.next(next)) {
      size += this.entryBytes(next);
      removed++;
    }
    const place = this.splice(owner, at, size, 0, -removed);
    return this.buf[place] === END ? 0 : place;
  }

  /**
   * Replaces `remove` bytes at `at` by `insert` bytes that the caller writes then, and counts `entries` more entries.
   * Answers where the inserted bytes begin: the listpack may have moved.
   */
  splice(
    owner: ListpackOwner,
    at: number,
    remove: number,
    insert: number,
    entries: number,
  ): number {
    const total = this.bytes;
    const offset = at - this.start;
    const grown = total + insert - remove;
    const told = this.buf[this.start + 4] | (this.buf[this.start + 5] << 8);
    const count = told === UNCOUNTED ? UNCOUNTED : Math.min(told + entries, UNCOUNTED);
    if (grown > total) {
      owner.resize(this, grown);
      const base = this.start;
      this.buf.copyWithin(base + offset + insert, base + offset + remove, base + total);
    } else if (grown < total) {
      const base = this.start;
      this.buf.copyWithin(base + offset + insert, base + offset + remove, base + total);
      owner.resize(this, grown);
    }
    writeU32(this.buf, this.start, grown);
    this.buf[this.start + 4] = count & 0xff;
    this.buf[this.start + 5] = count >> 8;
    return this.start + offset;
  }
}

/** Bytes of the back-length of an entry with so many bytes of encoding and data. */
export function backBytes(length: number): number {
  // The limits are Redis's own, one off at 16383 and above; see the format sheet.
  if (length <= 127) return 1;
  if (length < 16383) return 2;
  if (length < 2097151) return 3;
  if (length < 268435455) return 4;
  return 5;
}

/** An upper bound of an entry's size, for deciding whether it still fits somewhere. */
export function largestEntryBytes(len: number): number {
  return len + LONGEST_PREFIX + LONGEST_BACK;
}

/** Bytes that an entry with these bytes takes, back-length included. */
export function entryBytesFor(bytes: Uint8Array, off: number, len: number): number {
  const data = integerBytes(bytes, off, len) || (len + (len < 64 ? 1 : len < 4096 ? 2 : 5));
  return data + backBytes(data);
}

/**
 * Whether these bytes are the usual element: a string of up to 63 bytes that no integer begins like. Its entry is one
 * byte, the string, one byte.
 */
export function isPlain(bytes: Uint8Array, off: number, len: number): boolean {
  // No digit and no minus.
  return len > 0 && len < 64 && (bytes[off] > 57 || bytes[off] < MINUS);
}

/** Writes the entry of what {@link isPlain}. */
export function writePlain(
  buf: Uint8Array,
  at: number,
  bytes: Uint8Array,
  off: number,
  len: number,
): void {
  buf[at] = 0x80 | len;
  for (let i = 0; i < len; i++) buf[at + 1 + i] = bytes[off + i];
  buf[at + len + 1] = len + 1;
}

/** Bytes of the integer encoding of a text, 0 when it is none. */
function integerBytes(bytes: Uint8Array, off: number, len: number): number {
  if (len === 0 || len > 20) return 0;
  const first = bytes[off];
  if (first > 57 || (first < ZERO && first !== MINUS)) return 0;
  const value = parseSafeInteger(bytes, off, len);
  if (value === value) return integerWidth(value);
  return len > 15 && parseBigInt64(bytes, off, len) !== undefined ? 9 : 0;
}

function integerWidth(value: number): number {
  if (value >= 0 && value <= 127) return 1;
  if (value >= -4096 && value <= 4095) return 2;
  if (value >= -0x8000 && value <= 0x7fff) return 3;
  if (value >= -0x800000 && value <= 0x7fffff) return 4;
  if (value >= -0x80000000 && value <= 0x7fffffff) return 5;
  return 9;
}

/** Writes an entry with these bytes at `at`; answers its size. Room must have been made ({@link entryBytesFor}). */
export function writeEntry(
  buf: Uint8Array,
  at: number,
  bytes: Uint8Array,
  off: number,
  len: number,
): number {
  const width = integerBytes(bytes, off, len);
  let data: number;
  if (width === 0 && len < 64) {
    // The usual string.
    buf[at] = 0x80 | len;
    copyBytes(bytes, off, buf, at + 1, len);
    buf[at + len + 1] = len + 1;
    return len + 2;
  }
  if (width === 0) {
    data = writeStringPrefix(buf, at, len);
    copyBytes(bytes, off, buf, at + data, len);
    data += len;
  } else {
    const value = parseSafeInteger(bytes, off, len);
    if (value === value) writeIntegerData(buf, at, value, width);
    else writeInt64(buf, at + 1, parseBigInt64(bytes, off, len) ?? 0n, at);
    data = width;
  }
  writeBack(buf, at + data, data);
  return data + backBytes(data);
}

/** Bytes of an entry that holds this integer. */
export function integerEntryBytes(value: number): number {
  return integerWidth(value) + 1;
}

/** Writes an entry that holds an integer (up to 2^53); answers its size. */
export function writeIntegerEntry(buf: Uint8Array, at: number, value: number): number {
  const width = integerWidth(value);
  writeIntegerData(buf, at, value, width);
  buf[at + width] = width;
  return width + 1;
}

/** Writes what stands before a string of 64 bytes or more; answers its size. */
function writeStringPrefix(buf: Uint8Array, at: number, len: number): number {
  if (len < 4096) {
    buf[at] = 0xe0 | (len >> 8);
    buf[at + 1] = len & 0xff;
    return 2;
  }
  buf[at] = 0xf0;
  writeU32(buf, at + 1, len);
  return 5;
}

function writeIntegerData(buf: Uint8Array, at: number, value: number, width: number): void {
  switch (width) {
    case 1:
      buf[at] = value;
      return;
    case 2:
      buf[at] = 0xc0 | ((value >> 8) & 0x1f);
      buf[at + 1] = value & 0xff;
      return;
    case 3:
      buf[at] = 0xf1;
      buf[at + 1] = value & 0xff;
      buf[at + 2] = (value >> 8) & 0xff;
      return;
    case 4:
      buf[at] = 0xf2;
      buf[at + 1] = value & 0xff;
      buf[at + 2] = (value >> 8) & 0xff;
      buf[at + 3] = (value >> 16) & 0xff;
      return;
    case 5:
      buf[at] = 0xf3;
      writeU32(buf, at + 1, value);
      return;
    default:
      buf[at] = 0xf4;
      writeU32(buf, at + 1, (value % 0x100000000) | 0);
      writeU32(buf, at + 5, Math.floor(value / 0x100000000));
  }
}

function writeInt64(buf: Uint8Array, at: number, value: bigint, prefix: number): void {
  buf[prefix] = 0xf4;
  writeU32(buf, at, Number(BigInt.asUintN(32, value)));
  writeU32(buf, at + 4, Number(BigInt.asIntN(32, value >> 32n)));
}

/** Writes a back-length: the most significant group first, every byte but the first marked. */
function writeBack(buf: Uint8Array, at: number, length: number): void {
  if (length <= 127) {
    buf[at] = length;
    return;
  }
  const size = backBytes(length);
  let rest = length;
  for (let i = size - 1; i >= 0; i--) {
    buf[at + i] = (rest & 0x7f) | (i === 0 ? 0 : 0x80);
    rest = Math.floor(rest / 128);
  }
}

/** Writes an integer as decimal text; answers its length. */
export function writeInteger(value: number | bigint, to: Uint8Array): number {
  if (typeof value === "number" && value >= 0 && value < 1e9) {
    let digits = 1;
    for (let limit = 10; value >= limit; limit *= 10) digits++;
    for (let i = digits - 1, rest = value | 0; i >= 0; i--) {
      const next = (rest / 10) | 0;
      to[i] = ZERO + rest - next * 10;
      rest = next;
    }
    return digits;
  }
  const text = String(value);
  for (let i = 0; i < text.length; i++) to[i] = text.charCodeAt(i);
  return text.length;
}

/** A bigint as {@link Listpack.int} would hold it. */
function narrow(value: bigint | undefined): number | bigint | undefined {
  if (value === undefined) return undefined;
  const high = value >> 32n;
  return high >= -0x200000n && high < 0x200000n ? Number(value) : value;
}

function readU32(buf: Uint8Array, at: number): number {
  return (buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24)) >>> 0;
}

function writeU32(buf: Uint8Array, at: number, value: number): void {
  buf[at] = value & 0xff;
  buf[at + 1] = (value >> 8) & 0xff;
  buf[at + 2] = (value >> 16) & 0xff;
  buf[at + 3] = (value >> 24) & 0xff;
}
