/**
 * Sets in RDB.
 *
 *     set           members | each: string
 *     setIntset     intset as a string
 *     setListpack   listpack as a string (since version 11)
 *
 * @module
 */

import { LooseSet } from "../changing_set.ts";
import { SetEncoding, Type } from "../entry.ts";
import type { Database } from "../keyspace.ts";
import type { Ref } from "../memory/arena.ts";
import { membersOf } from "../sets.ts";
import { EMPTY_INTSET_BYTES, IntSet } from "../types/intset.ts";
import { PackedSet } from "../types/packed_set.ts";
import { MemberTable } from "../types/set.ts";
import { CorruptRdb, EmptyCollection, RdbType, SET_LISTPACK_VERSION } from "./format.ts";
import { countGroups, requireDistinct, takeListpack } from "./packs.ts";
import type { RdbReader, Stretch } from "./reader.ts";
import { kindOf, type LoadedValue, type LoadOptions } from "./loaded.ts";
import type { RdbWriter } from "./writer.ts";

/** How the set that a record holds is written. */
export function setType(db: Database, ref: Ref, version: number): number {
  switch (db.encoding(ref)) {
    case SetEncoding.intset:
      return RdbType.setIntset;
    case SetEncoding.listpack:
      return version >= SET_LISTPACK_VERSION ? RdbType.setListpack : RdbType.set;
    default:
      return RdbType.set;
  }
}

/** Writes the set that a record holds. */
export function saveSet(writer: RdbWriter, db: Database, ref: Ref): void {
  if (setType(db, ref, writer.version) !== RdbType.set) {
    const { buf, off, len } = db.value(ref);
    writer.string(buf, off, len);
    return;
  }
  const members = membersOf(db, ref);
  writer.count(members.size);
  members.some((buf, off, len) => writer.string(buf, off, len));
}

/** Reads a set of any type. @throws {CorruptRdb} */
export function loadSet(reader: RdbReader, type: number, options: LoadOptions): LoadedValue {
  switch (type) {
    case RdbType.setIntset:
      return takeIntset(reader.string(), options);
    case RdbType.setListpack:
      return takePackedSet(reader.string(), options);
    default:
      return readMembers(reader, options);
  }
}

function takeIntset({ buf, off, len }: Stretch, { heap, limits }: LoadOptions): LoadedValue {
  const bytes = buf.slice(off, off + len);
  const set = new IntSet().attach(bytes, 0);
  if (
    len <= EMPTY_INTSET_BYTES || ![2, 4, 8].includes(new DataView(bytes.buffer).getUint32(0, true))
  ) {
    throw new CorruptRdb("an intset is cut wrong");
  }
  if (set.bytes !== len) throw new CorruptRdb("an intset is counted wrong");
  for (let i = 1; i < set.size; i++) {
    if (set.at(i - 1) >= set.at(i)) throw new CorruptRdb("an intset is out of order");
  }
  if (set.size <= limits.setMaxIntsetEntries) {
    return { kind: kindOf(Type.set, SetEncoding.intset), value: bytes };
  }
  return { kind: kindOf(Type.set, SetEncoding.hashtable), value: MemberTable.from(set, heap) };
}

function takePackedSet(stretch: Stretch, { heap, limits }: LoadOptions): LoadedValue {
  const bytes = takeListpack(stretch);
  const size = countGroups(bytes, 1);
  requireDistinct(bytes, 1);
  if (size <= limits.setMaxListpackEntries) {
    return { kind: kindOf(Type.set, SetEncoding.listpack), value: bytes };
  }
  const set = new PackedSet();
  set.attach(bytes, 0);
  return { kind: kindOf(Type.set, SetEncoding.hashtable), value: MemberTable.from(set, heap) };
}

function readMembers(reader: RdbReader, { heap, limits }: LoadOptions): LoadedValue {
  const size = reader.elements();
  if (size === 0) throw new EmptyCollection("a set is empty");
  const form = size > limits.setMaxIntsetEntries ? SetEncoding.hashtable : SetEncoding.intset;
  const set = new LooseSet(form, heap, limits);
  try {
    for (let left = size; left > 0; left--) {
      const { buf, off, len } = reader.string();
      if (!set.add(buf, off, len)) throw new CorruptRdb("a member occurs twice");
    }
  } catch (error) {
    while (set.table?.dismantle());
    throw error;
  }
  return { kind: kindOf(Type.set, set.form), value: set.table ?? set.bytes };
}
