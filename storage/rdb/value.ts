/**
 * Values in RDB: a code that says how the value is laid out, then the value. Each type has its own file.
 *
 * @module
 */

import { StringEncoding, Type } from "../entry.ts";
import type { Database } from "../keyspace.ts";
import type { Ref } from "../memory/arena.ts";
import { CorruptRdb } from "./format.ts";
import { COMMON_VERSION, HASH_EXPIRY_VERSION, RdbType, STREAM3_VERSION } from "./format.ts";
import { hashType, loadHash, saveHash } from "./hash.ts";
import { loadList, saveList } from "./list.ts";
import { kindOf, type LoadedValue, type LoadOptions } from "./loaded.ts";
import type { RdbReader } from "./reader.ts";
import { loadSet, saveSet, setType } from "./set.ts";
import { loadSortedSet, saveSortedSet } from "./sorted_set.ts";
import { loadStream, saveStream } from "./stream.ts";
import type { RdbWriter } from "./writer.ts";

/** The oldest version of the format, from the common one on, in which a record's value can be written. */
export function leastVersion(db: Database, ref: Ref): number {
  const type = valueType(db, ref, HASH_EXPIRY_VERSION);
  const hasTimes = type === RdbType.hashWithExpiry || type === RdbType.hashListpackWithExpiry;
  return hasTimes ? HASH_EXPIRY_VERSION : COMMON_VERSION;
}

/** The code of the layout in which a record's value is written. */
export function valueType(db: Database, ref: Ref, version: number): number {
  switch (db.type(ref)) {
    case Type.string:
      return RdbType.string;
    case Type.list:
      return RdbType.quicklist2;
    case Type.set:
      return setType(db, ref, version);
    case Type.zset:
      return db.isBeside(ref) ? RdbType.zset2 : RdbType.zsetListpack;
    case Type.stream:
      return version >= STREAM3_VERSION ? RdbType.stream3 : RdbType.stream2;
    case Type.hash:
      return hashType(db, ref, version);
  }
}

/** Writes the value that a record holds, in the layout that {@link valueType} says. O(bytes). */
export function saveValue(writer: RdbWriter, db: Database, ref: Ref): void {
  switch (db.type(ref)) {
    case Type.string: {
      const { buf, off, len } = db.value(ref);
      writer.string(buf, off, len);
      break;
    }
    case Type.list:
      saveList(writer, db, ref);
      break;
    case Type.set:
      saveSet(writer, db, ref);
      break;
    case Type.zset:
      saveSortedSet(writer, db, ref);
      break;
    case Type.stream:
      saveStream(writer, db, ref, valueType(db, ref, writer.version));
      break;
    case Type.hash:
      saveHash(writer, db, ref);
      break;
  }
}

/**
 * Reads a value laid out as a code says. O(bytes).
 *
 * @throws {CorruptRdb}
 */
export function loadValue(reader: RdbReader, type: number, options: LoadOptions): LoadedValue {
  switch (type) {
    case RdbType.string:
      return { kind: kindOf(Type.string, StringEncoding.plain), value: reader.bytes() };
    case RdbType.list:
    case RdbType.listZiplist:
    case RdbType.quicklist:
    case RdbType.quicklist2:
      return loadList(reader, type, options);
    case RdbType.set:
    case RdbType.setIntset:
    case RdbType.setListpack:
      return loadSet(reader, type, options);
    case RdbType.zset:
    case RdbType.zset2:
    case RdbType.zsetZiplist:
    case RdbType.zsetListpack:
      return loadSortedSet(reader, type, options);
    case RdbType.hash:
    case RdbType.hashZipmap:
    case RdbType.hashZiplist:
    case RdbType.hashListpack:
    case RdbType.hashWithExpiry:
    case RdbType.hashListpackWithExpiry:
      return loadHash(reader, type, options);
    case RdbType.stream:
    case RdbType.stream2:
    case RdbType.stream3:
      return loadStream(reader, type, options);
    default:
      throw new CorruptRdb(`values of type ${type} are unknown`);
  }
}
