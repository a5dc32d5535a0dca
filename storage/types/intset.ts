/**
 * The intset: a small set of 64-bit integers, ascending, all of the same width, in Redis's own format.
 *
 *     u32 width (2, 4 or 8 bytes) | u32 count | integers, little-endian, two's complement
 *
 * The width is that of the widest integer ever added; it never goes back. Integers are numbers up to 2^53 and bigints
 * beyond, as {@link parseMember} answers them.
 *
 * An {@link IntSet} is a window on such bytes, attached to wherever they lie; whoever owns them resizes them and
 * attaches the window anew.
 *
 * @module
 */

import { parseBigInt64, parseSafeInteger } from "../../server/resp/numbers.ts";
import { type ElementSink, writeInteger } from "./listpack.ts";
import type { MemberVisitor, SetMembers } from "./set_members.ts";

const HEADER = 8;
const NARROWEST = 2;
const LONGEST_TEXT = 20;
const TWO_TO_32 = 0x100000000;
const MINUS = 45;
const ZERO = 48;
const NINE = 57;

/** Bytes of an empty intset. */
export const EMPTY_INTSET_BYTES = HEADER;

/** Gives an intset's bytes another length and attaches the window to where they are then. */
export interface IntSetOwner {
  /** Bytes that both lengths have in common are kept. */
  resize(set: IntSet, length: number): void;
}

/** Writes an empty intset. */
export function writeEmptyIntSet(buf: Uint8Array, at: number): void {
  buf.fill(0, at, at + HEADER);
  buf[at] = NARROWEST;
}

/** The 64-bit integer that these bytes spell canonically, or undefined. */
export function parseMember(
  buf: Uint8Array,
  off: number,
  len: number,
): number | bigint | undefined {
  const first = buf[off];
  if (len === 0 || len > LONGEST_TEXT || first > NINE || (first < ZERO && first !== MINUS)) {
    return undefined;
  }
  const small = parseSafeInteger(buf, off, len);
  if (small === small) return small;
  const exact = parseBigInt64(buf, off, len);
  if (exact === undefined) return undefined;
  const high = exact >> 32n;
  return high >= -0x200000n && high < 0x200000n ? Number(exact) : exact;
}

/** A window on the bytes of an intset. */
export class IntSet implements SetMembers {
  buf: Uint8Array = new Uint8Array(0);
  /** Where the intset begins in `buf`. */
  start = 0;
  /** Where {@link find} found its integer, or where it would belong. */
  index = 0;
  readonly #digits = new Uint8Array(LONGEST_TEXT);

  attach(buf: Uint8Array, start: number): this {
    this.buf = buf;
    this.start = start;
    return this;
  }

  get size(): number {
    return readU32(this.buf, this.start + 4);
  }

  /** Bytes of each integer. */
  get width(): number {
    return this.buf[this.start];
  }

  /** Bytes of the whole intset. */
  get bytes(): number {
    return HEADER + this.size * this.width;
  }

  get memberBytes(): number {
    return this.size * LONGEST_TEXT;
  }

  /** The integer of an index, which there must be. */
  at(index: number): number | bigint {
    return this.#read(index, this.width);
  }

  /** Whether the integer is here. O(log n). */
  find(value: number | bigint): boolean {
    const width = this.width;
    let low = 0;
    let high = this.size - 1;
    // Integers that come in order go to the end.
    if (high >= 0 && value > this.#read(high, width)) low = high + 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.#read(middle, width);
      if (value > found) {
        low = middle + 1;
      } else if (value < found) {
        high = middle - 1;
      } else {
        this.index = middle;
        return true;
      }
    }
    this.index = low;
    return false;
  }

  has(buf: Uint8Array, off: number, len: number): boolean {
    const value = parseMember(buf, off, len);
    return value !== undefined && this.find(value);
  }

  /** Adds an integer; false if it is here already. O(n). */
  add(owner: IntSetOwner, value: number | bigint): boolean {
    const width = widthOf(value);
    if (width > this.width) {
      this.#widen(owner, value, width);
      return true;
    }
    if (this.find(value)) return false;
    const { index, size } = this;
    const step = this.width;
    owner.resize(this, HEADER + (size + 1) * step);
    const at = this.start + HEADER + index * step;
    this.buf.copyWithin(at + step, at, this.start + HEADER + size * step);
    this.#write(index, value, step);
    writeU32(this.buf, this.start + 4, size + 1);
    return true;
  }

  /** An integer wider than all others goes to one of the ends. */
  #widen(owner: IntSetOwner, value: number | bigint, width: number): void {
    const { size } = this;
    const old = this.width;
    const shift = value < 0 ? 1 : 0;
    owner.resize(this, HEADER + (size + 1) * width);
    // From the last on, so that none is overwritten before it is read.
    for (let i = size - 1; i >= 0; i--) this.#write(i + shift, this.#read(i, old), width);
    this.#write(shift === 1 ? 0 : size, value, width);
    this.buf[this.start] = width;
    writeU32(this.buf, this.start + 4, size + 1);
  }

  /** Removes an integer; false if it is not here. O(n). */
  remove(owner: IntSetOwner, value: number | bigint): boolean {
    if (!this.find(value)) return false;
    this.removeAt(owner, this.index);
    return true;
  }

  /** Removes the integer of an index, which there must be. O(n). */
  removeAt(owner: IntSetOwner, index: number): void {
    const { size, width } = this;
    const at = this.start + HEADER + index * width;
    this.buf.copyWithin(at, at + width, this.start + HEADER + size * width);
    writeU32(this.buf, this.start + 4, size - 1);
    owner.resize(this, HEADER + (size - 1) * width);
  }

  /** Hands the integer of an index on as decimal text. */
  pass(index: number, sink: ElementSink): void {
    sink.bulkAt(this.#digits, 0, writeInteger(this.at(index), this.#digits));
  }

  some(visit: MemberVisitor): boolean {
    const { size, width } = this;
    const digits = this.#digits;
    for (let i = 0; i < size; i++) {
      if (visit(digits, 0, writeInteger(this.#read(i, width), digits)) === true) return true;
    }
    return false;
  }

  copy(sink: ElementSink): void {
    for (let i = 0, size = this.size; i < size; i++) this.pass(i, sink);
  }

  draw(count: number, random: () => number, sink: ElementSink): void {
    const size = this.size;
    for (; count > 0; count--) this.pass(Math.floor(random() * size), sink);
  }

  sample(count: number, random: () => number, sink: ElementSink): void {
    // Each is taken with the chance that makes all choices equally likely (Knuth's algorithm S).
    for (let i = 0, left = this.size; count > 0; i++, left--) {
      if (random() * left >= count) continue;
      this.pass(i, sink);
      count--;
    }
  }

  #read(index: number, width: number): number | bigint {
    const buf = this.buf;
    const at = this.start + HEADER + index * width;
    if (width === 2) return ((buf[at] | (buf[at + 1] << 8)) << 16) >> 16;
    if (width === 4) return readU32(buf, at) | 0;
    const high = readU32(buf, at + 4) | 0;
    const low = readU32(buf, at);
    return high >= -0x200000 && high < 0x200000
      ? high * TWO_TO_32 + low
      : (BigInt(high) << 32n) | BigInt(low);
  }

  #write(index: number, value: number | bigint, width: number): void {
    const buf = this.buf;
    const at = this.start + HEADER + index * width;
    if (typeof value === "bigint") {
      writeU32(buf, at, Number(BigInt.asUintN(32, value)));
      writeU32(buf, at + 4, Number(BigInt.asIntN(32, value >> 32n)));
    } else if (width === 2) {
      buf[at] = value;
      buf[at + 1] = value >> 8;
    } else if (width === 4) {
      writeU32(buf, at, value);
    } else {
      writeU32(buf, at, (value % TWO_TO_32) | 0);
      writeU32(buf, at + 4, Math.floor(value / TWO_TO_32));
    }
  }
}

function widthOf(value: number | bigint): number {
  if (value >= -0x8000 && value <= 0x7fff) return 2;
  return value >= -0x80000000 && value <= 0x7fffffff ? 4 : 8;
}

function readU32(buf: Uint8Array, at: number): number {
  return (buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24)) >>> 0;
}

function writeU32(buf: Uint8Array, at: number, value: number): void {
  buf[at] = value;
  buf[at + 1] = value >> 8;
  buf[at + 2] = value >> 16;
  buf[at + 3] = value >> 24;
}
