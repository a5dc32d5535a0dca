/**
 * The nodes of a stream: listpacks of up to some hundred entries, in Redis's own format.
 *
 *     node    count | deleted | n | n field names | 0 | entries …
 *     entry   flags | ms − node's ms | seq − node's seq | values …                      (flags: 2, fields as the node's)
 *             flags | ms − node's ms | seq − node's seq | n | field, value … | …        (flags: 0)
 *     and at the end of each entry the number of listpack elements that it has before this one
 *
 * Flag 1 marks an entry as deleted; it stays where it is until its whole node goes. Differences are 64 bits and may
 * wrap around. The node's own ID is that of the first entry it was made with, and is kept outside of it.
 *
 * @module
 */

import {
  integerEntryBytes,
  type Listpack,
  type ListpackOwner,
  writeIntegerEntry,
} from "./listpack.ts";
import type { StreamId } from "./stream_id.ts";

export const DELETED = 1;
export const SAME_FIELDS = 2;
/** Bytes before a listpack's first element. */
export const LISTPACK_HEADER = 6;
/** Elements of an entry besides its fields and values: flags and the two differences. */
export const FIXED_ELEMENTS = 3;
/** Bytes of an integer up to 127 with its back-length. */
const SMALL_BYTES = 2;
/** The largest integer that takes one byte. */
export const LARGEST_SMALL = 127;

const TWO_TO_32 = 0x100000000;
const INT64 = 0xf4;
const INT64_BYTES = 10;

/** A listpack's integer as a number; exact up to 2^53. */
export function readInteger(buf: Uint8Array, at: number): number {
  const first = buf[at];
  if (first < 0x80) return first;
  if (first < 0xe0) return ((((first & 0x1f) << 8) | buf[at + 1]) << 19) >> 19;
  if (first === 0xf1) return ((buf[at + 1] | (buf[at + 2] << 8)) << 16) >> 16;
  if (first === 0xf2) {
    return ((buf[at + 1] | (buf[at + 2] << 8) | (buf[at + 3] << 16)) << 8) >> 8;
  }
  if (first === 0xf3) return readWord(buf, at + 1);
  return readWord(buf, at + 5) * TWO_TO_32 + (readWord(buf, at + 1) >>> 0);
}

function readWord(buf: Uint8Array, at: number): number {
  return buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24);
}

/** Adds a listpack's integer to the time of an ID, modulo 2^64. */
export function addToMs(id: StreamId, buf: Uint8Array, at: number): void {
  const wide = buf[at] === INT64;
  const value = wide ? readWord(buf, at + 1) : readInteger(buf, at);
  const high = wide ? readWord(buf, at + 5) : value >> 31;
  const low = id.msLow + (value >>> 0);
  const carry = low >= TWO_TO_32 ? 1 : 0;
  id.msLow = low - carry * TWO_TO_32;
  if (high + carry !== 0) id.msHigh = (id.msHigh + high + carry) >>> 0;
}

/** Adds a listpack's integer to the sequence number of an ID, modulo 2^64. */
export function addToSeq(id: StreamId, buf: Uint8Array, at: number): void {
  const wide = buf[at] === INT64;
  const value = wide ? readWord(buf, at + 1) : readInteger(buf, at);
  const high = wide ? readWord(buf, at + 5) : value >> 31;
  const low = id.seqLow + (value >>> 0);
  const carry = low >= TWO_TO_32 ? 1 : 0;
  id.seqLow = low - carry * TWO_TO_32;
  if (high + carry !== 0) id.seqHigh = (id.seqHigh + high + carry) >>> 0;
}

/** A 64-bit difference as two signed words. */
export interface Difference {
  high: number;
  low: number;
}

/** The difference of two 64-bit numbers, modulo 2^64, each given as two uint32 words. */
export function subtract(
  into: Difference,
  high: number,
  low: number,
  lessHigh: number,
  lessLow: number,
): void {
  into.low = (low - lessLow) | 0;
  into.high = (high - lessHigh - (low < lessLow ? 1 : 0)) | 0;
}

/** Bytes of the listpack element that holds a difference. */
export function differenceBytes({ high, low }: Difference): number {
  return high === low >> 31 ? integerEntryBytes(low) : INT64_BYTES;
}

/** Writes the listpack element that holds a difference; answers where it ends. */
export function writeDifference(buf: Uint8Array, at: number, { high, low }: Difference): number {
  if (high === low >> 31) return at + writeIntegerEntry(buf, at, low);
  buf[at] = INT64;
  writeWord(buf, at + 1, low);
  writeWord(buf, at + 5, high);
  buf[at + 9] = INT64_BYTES - 1;
  return at + INT64_BYTES;
}

function writeWord(buf: Uint8Array, at: number, value: number): void {
  buf[at] = value & 0xff;
  buf[at + 1] = (value >> 8) & 0xff;
  buf[at + 2] = (value >> 16) & 0xff;
  buf[at + 3] = value >>> 24;
}

/** Makes a listpack's header say that it has so many bytes and so many more elements. */
export function growHeader(
  buf: Uint8Array,
  start: number,
  bytes: number,
  moreElements: number,
): void {
  writeWord(buf, start, bytes);
  const count = Math.min((buf[start + 4] | (buf[start + 5] << 8)) + moreElements, 0xffff);
  buf[start + 4] = count & 0xff;
  buf[start + 5] = count >> 8;
}

/** The closing count of an entry: how many elements come before it. */
export function elementsOf(fieldCount: number, sameFields: boolean): number {
  return FIXED_ELEMENTS + (sameFields ? fieldCount : 1 + fieldCount * 2);
}

/** How many living entries a node's head tells of. */
export function liveEntries(pack: Listpack): number {
  return readInteger(pack.buf, pack.start + LISTPACK_HEADER);
}

/** How many deleted entries a node's head tells of. */
export function deletedEntries(pack: Listpack): number {
  const live = pack.start + LISTPACK_HEADER;
  return readInteger(pack.buf, live + pack.entryBytes(live));
}

/** Where a node's head tells how many field names follow. */
export function namesAt(pack: Listpack): number {
  const live = pack.start + LISTPACK_HEADER;
  const deleted = live + pack.entryBytes(live);
  return deleted + pack.entryBytes(deleted);
}

/**
 * Writes the number of living (0) or deleted (1) entries into a node's head; answers whether what stands behind it had to
 * move.
 */
export function writeCounter(
  owner: ListpackOwner,
  pack: Listpack,
  which: 0 | 1,
  value: number,
): boolean {
  let at = pack.start + LISTPACK_HEADER;
  if (which === 1) at += pack.entryBytes(at);
  const before = pack.buf[at] <= LARGEST_SMALL ? SMALL_BYTES : pack.entryBytes(at);
  const after = value <= LARGEST_SMALL ? SMALL_BYTES : integerEntryBytes(value);
  if (before !== after) at = pack.splice(owner, at, before, after, 0);
  writeIntegerEntry(pack.buf, at, value);
  return before !== after;
}
