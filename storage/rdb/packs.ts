/**
 * Listpacks that come from elsewhere: checked, and brought into the one form that is relied upon here.
 *
 * Others may store as a string what looks like an integer, or write the back-length of an entry of certain sizes one
 * byte longer (Redis 8.8 does). Such listpacks are written anew; all others are taken as they are.
 *
 * @module
 */

import { decodeLatin1 } from "../../server/resp/args.ts";
import {
  backBytes,
  EMPTY_BYTES,
  Listpack,
  type ListpackOwner,
  writeEmpty,
} from "../types/listpack.ts";
import { parseMember } from "../types/intset.ts";
import { CorruptRdb } from "./corrupt.ts";
import type { Stretch } from "./reader.ts";

const HEADER = 6;
const END = 0xff;
const UNCOUNTED = 0xffff;
const WIDEST_BACK = 5;
const LONGEST_TEXT = 20;

/** A listpack in the making. */
export class PackBuilder implements ListpackOwner {
  readonly pack = new Listpack();
  #buf = new Uint8Array(256);
  #length = EMPTY_BYTES;

  constructor() {
    writeEmpty(this.#buf, 0);
    this.pack.attach(this.#buf, 0);
  }

  /** The listpack's bytes; good until something is added. */
  get bytes(): Uint8Array {
    return this.#buf.subarray(0, this.#length);
  }

  append({ buf, off, len }: Stretch): void {
    this.pack.append(this, buf, off, len);
  }

  resize(pack: Listpack, length: number): void {
    this.#length = length;
    if (length <= this.#buf.length) return;
    const larger = new Uint8Array(length * 2);
    larger.set(this.#buf);
    this.#buf = larger;
    pack.attach(larger, 0);
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
  if (count === 0) throw new CorruptRdb("a collection is empty");
  return count / groupSize;
}

function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}
