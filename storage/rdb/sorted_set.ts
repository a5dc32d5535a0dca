/**
 * Sorted sets in RDB.
 *
 *     zset2          members | each: string, score as a double
 *     zset           members | each: string, score as text
 *     zsetListpack   listpack as a string: member, score, ascending
 *     zsetZiplist    ziplist as a string, the same
 *
 * Large ones are written from the highest score down, which is what Redis reads fastest.
 *
 * @module
 */

import { decodeLatin1, parseDouble } from "../../server/resp/args.ts";
import { SortedSetEncoding, Type } from "../entry.ts";
import type { Database } from "../keyspace.ts";
import type { Ref } from "../memory/arena.ts";
import { compareBytes } from "../memory/bytes.ts";
import { packSortedSet } from "../sorted_sets.ts";
import { Listpack } from "../types/listpack.ts";
import { PackedSortedSet } from "../types/packed_sorted_set.ts";
import { SortedSet } from "../types/sorted_set.ts";
import { CorruptRdb, EmptyCollection, RdbType } from "./format.ts";
import { countGroups, PackBuilder, readZiplist, requireDistinct, takeListpack } from "./packs.ts";
import type { RdbReader } from "./reader.ts";
import { filled, kindOf, type LoadedValue, type LoadOptions } from "./loaded.ts";
import type { RdbWriter } from "./writer.ts";

const PACKED = kindOf(Type.zset, SortedSetEncoding.listpack);
const LARGE = kindOf(Type.zset, SortedSetEncoding.skiplist);

/** Writes the sorted set that a record holds. */
export function saveSortedSet(writer: RdbWriter, db: Database, ref: Ref): void {
  if (!db.isBeside(ref)) {
    const { buf, off, len } = db.value(ref);
    writer.string(buf, off, len);
    return;
  }
  const set = db.collection(ref) as SortedSet;
  let left = set.size;
  writer.count(left);
  for (set.seek(left - 1); left > 0; left--, set.back()) {
    writer.string(set.buf, set.off, set.len);
    writer.double(set.score);
  }
}

/** Reads a sorted set of any type. @throws {CorruptRdb} */
export function loadSortedSet(reader: RdbReader, type: number, options: LoadOptions): LoadedValue {
  switch (type) {
    case RdbType.zsetListpack:
      return takePacked(takeListpack(reader.string()), options);
    case RdbType.zsetZiplist: {
      const builder = new PackBuilder();
      readZiplist(reader.string(), (element) => builder.append(element));
      return takePacked(builder.bytes, options);
    }
    default:
      return readMembers(reader, type, options);
  }
}

function takePacked(bytes: Uint8Array, { heap, limits }: LoadOptions): LoadedValue {
  const size = countGroups(bytes, 2);
  requireDistinct(bytes, 2);
  requireScores(bytes);
  const ordered = isOrdered(bytes, size) ? bytes : inOrder(bytes, size);
  if (size <= limits.zsetMaxListpackEntries) return { kind: PACKED, value: ordered };
  return { kind: LARGE, value: SortedSet.from(windowOn(ordered), heap) };
}

function windowOn(bytes: Uint8Array): PackedSortedSet {
  return new PackedSortedSet({ resize: () => {} }).attach(bytes, 0);
}

/** Sees to it that every second entry is a number. @throws {CorruptRdb} */
function requireScores(bytes: Uint8Array): void {
  const pack = new Listpack().attach(bytes, 0);
  for (let at = pack.first(); at !== 0; at = pack.next(at)) {
    at = pack.next(at);
    pack.read(at);
    if (pack.isInt) continue;
    const text = decodeLatin1(bytes.subarray(pack.stringOff, pack.stringOff + pack.stringLen));
    if (parseDouble(text) === undefined) throw new CorruptRdb("a score is no number");
  }
}

function isOrdered(bytes: Uint8Array, size: number): boolean {
  const before = windowOn(bytes);
  const after = windowOn(bytes);
  before.seek(0);
  after.seek(0);
  for (let left = size - 1; left > 0; left--) {
    after.forward();
    if (before.score > after.score) return false;
    if (before.score === after.score) {
      const { buf, off, len } = before;
      if (compareBytes(buf, off, len, after.buf, after.off, after.len) > 0) return false;
    }
    before.forward();
  }
  return true;
}

function inOrder(bytes: Uint8Array, size: number): Uint8Array {
  const source = windowOn(bytes);
  const builder = new PackBuilder();
  const ordered = new PackedSortedSet(builder).attach(builder.pack.buf, 0);
  source.seek(0);
  for (let left = size; left > 0; left--, source.forward()) {
    ordered.add(source.buf, source.off, source.len, source.score);
  }
  return builder.bytes;
}

function readMembers(reader: RdbReader, type: number, options: LoadOptions): LoadedValue {
  const { heap, limits } = options;
  const size = reader.elements();
  if (size === 0) throw new EmptyCollection("a sorted set is empty");
  const set = filled(new SortedSet(heap), (set) => {
    for (let left = size; left > 0; left--) {
      const { buf, off, len } = reader.string();
      const score = type === RdbType.zset2 ? reader.double() : reader.oldDouble();
      if (score !== score) throw new CorruptRdb("a score is no number");
      if (set.find(buf, off, len) !== 0) throw new CorruptRdb("a member occurs twice");
      set.add(buf, off, len, score);
    }
  });
  const packed = packSortedSet(set, limits);
  if (packed === undefined) return { kind: LARGE, value: set };
  while (set.dismantle());
  return { kind: PACKED, value: packed };
}
