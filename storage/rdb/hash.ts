/**
 * Hashes in RDB.
 *
 *     hash                      fields | each: name, value
 *     hashListpack              listpack as a string: name, value
 *     hashZiplist, hashZipmap   ziplist or zipmap as a string, the same
 *     hashWithExpiry            base time | fields | each: 0 or 1 + time − base time, name, value
 *     hashListpackWithExpiry    base time | listpack as a string: name, value, time or 0, in the order of the times
 *
 * Times are Unix times in ms; those of single fields there are since version 12.
 *
 * @module
 */

import { HashEncoding, Type } from "../entry.ts";
import { earliestFieldTime, readOnly } from "../field_times.ts";
import type { Database } from "../keyspace.ts";
import type { Ref } from "../memory/arena.ts";
import { FieldTable } from "../types/hash.ts";
import { FieldTime, type HashFields } from "../types/hash_fields.ts";
import { Listpack } from "../types/listpack.ts";
import { PackedHash } from "../types/packed_hash.ts";
import { CorruptRdb, EmptyCollection, HASH_EXPIRY_VERSION, RdbType } from "./format.ts";
import {
  countGroups,
  PackBuilder,
  readZiplist,
  readZipmap,
  requireDistinct,
  takeListpack,
} from "./packs.ts";
import type { RdbReader, Stretch } from "./reader.ts";
import { filled, kindOf, type LoadedValue, type LoadOptions } from "./loaded.ts";
import type { RdbWriter } from "./writer.ts";

/** The latest time that Redis lets a field have. */
const LATEST_TIME = 2 ** 48 - 2;

/** How the hash that a record holds is written; versions that know no times of fields leave them out. */
export function hashType(db: Database, ref: Ref, version: number): number {
  switch (db.encoding(ref)) {
    case HashEncoding.listpack:
      return RdbType.hashListpack;
    case HashEncoding.hashtable:
      return RdbType.hash;
    default:
      // Whoever reads no times can read a hash that could have some but has none.
      if (version < HASH_EXPIRY_VERSION || earliestFieldTime(db, ref) === Infinity) {
        return RdbType.hash;
      }
      return db.isBeside(ref) ? RdbType.hashWithExpiry : RdbType.hashListpackWithExpiry;
  }
}

/** Writes the hash that a record holds. */
export function saveHash(writer: RdbWriter, db: Database, ref: Ref): void {
  const type = hashType(db, ref, writer.version);
  const hasTimes = type === RdbType.hashWithExpiry || type === RdbType.hashListpackWithExpiry;
  const base = hasTimes ? earliestFieldTime(db, ref) : 0;
  if (hasTimes) writer.int64(base);
  if (type === RdbType.hashListpack || type === RdbType.hashListpackWithExpiry) {
    const { buf, off, len } = db.value(ref);
    writer.string(buf, off, len);
    return;
  }
  const fields = fieldsOf(db, ref);
  writer.count(fields.size);
  fields.some((field) => {
    if (hasTimes) {
      const expiry = fields.expiryOf(field);
      writer.count(expiry === FieldTime.none ? 0 : expiry - base + 1);
    }
    fields.showName(field);
    writer.string(fields.buf, fields.off, fields.len);
    fields.showValue(field);
    writer.string(fields.buf, fields.off, fields.len);
  });
}

/** The fields of the hash that a record holds, only to be looked at. */
export function fieldsOf(db: Database, ref: Ref): HashFields {
  if (db.isBeside(ref)) return db.collection(ref) as FieldTable;
  const { buf, off } = db.value(ref);
  const isTimed = db.encoding(ref) === HashEncoding.listpackWithExpiry;
  return new PackedHash(readOnly).attach(buf, off, isTimed);
}

/** Reads a hash of any type. @throws {CorruptRdb} */
export function loadHash(reader: RdbReader, type: number, options: LoadOptions): LoadedValue {
  switch (type) {
    case RdbType.hashListpack:
      return takePacked(takeListpack(reader.string()), false, options);
    case RdbType.hashListpackWithExpiry:
      reader.int64();
      return takePacked(takeListpack(reader.string()), true, options);
    case RdbType.hashZiplist:
      return takeElements((visit) => readZiplist(reader.string(), visit), options);
    case RdbType.hashZipmap:
      return takeElements((visit) => readZipmap(reader.string(), visit), options);
    default:
      return readFields(reader, type === RdbType.hashWithExpiry, options);
  }
}

function takeElements(
  each: (visit: (element: Stretch) => void) => void,
  options: LoadOptions,
): LoadedValue {
  const builder = new PackBuilder();
  each((element) => builder.append(element));
  return takePacked(builder.bytes, false, options);
}

function takePacked(bytes: Uint8Array, isTimed: boolean, options: LoadOptions): LoadedValue {
  const size = countGroups(bytes, isTimed ? 3 : 2);
  requireDistinct(bytes, isTimed ? 3 : 2);
  const ordered = isTimed && !hasOrderedTimes(bytes) ? inOrder(bytes) : bytes;
  if (size <= options.limits.hashMaxListpackEntries) return packed(ordered, isTimed);
  return large(FieldTable.from(windowOn(ordered, isTimed), options.heap));
}

function packed(bytes: Uint8Array, isTimed: boolean): LoadedValue {
  const encoding = isTimed ? HashEncoding.listpackWithExpiry : HashEncoding.listpack;
  return { kind: kindOf(Type.hash, encoding), value: bytes };
}

function large(table: FieldTable): LoadedValue {
  const encoding = table.earliest === Infinity
    ? HashEncoding.hashtable
    : HashEncoding.hashtableWithExpiry;
  return { kind: kindOf(Type.hash, encoding), value: table };
}

function windowOn(bytes: Uint8Array, isTimed: boolean): PackedHash {
  return new PackedHash(readOnly).attach(bytes, 0, isTimed);
}

/** Whether the fields come in the order in which they are over. @throws {CorruptRdb} when a time is none */
function hasOrderedTimes(bytes: Uint8Array): boolean {
  const pack = new Listpack().attach(bytes, 0);
  let before = 0;
  let isOrdered = true;
  for (let at = pack.first(); at !== 0; at = pack.next(at)) {
    at = pack.next(pack.next(at));
    pack.read(at);
    if (!pack.isInt) throw new CorruptRdb("a field's time is no number");
    const time = checkTime(pack.int) || Infinity;
    if (time < before) isOrdered = false;
    before = time;
  }
  return isOrdered;
}

function checkTime(time: number | bigint): number {
  if (time < 0 || time > LATEST_TIME) throw new CorruptRdb("a field's time is out of range");
  return Number(time);
}

function inOrder(bytes: Uint8Array): Uint8Array {
  const source = windowOn(bytes, true);
  const builder = new PackBuilder();
  const ordered = new PackedHash(builder).attach(builder.pack.buf, 0, true);
  source.some((field) => {
    const expiry = source.expiryOf(field);
    source.showName(field);
    const { buf, off, len } = source;
    source.showValue(field);
    ordered.put(buf, off, len, source.buf, source.off, source.len, expiry);
  });
  return builder.bytes;
}

function readFields(reader: RdbReader, hasTimes: boolean, options: LoadOptions): LoadedValue {
  const { heap, limits } = options;
  const base = hasTimes ? checkTime(reader.int64()) : 0;
  const size = reader.elements();
  if (size === 0) throw new EmptyCollection("a hash is empty");
  if (size > limits.hashMaxListpackEntries) {
    return large(filled(new FieldTable(heap), (table) => {
      for (let left = size; left > 0; left--) putField(table, readField(reader, hasTimes, base));
    }));
  }

  const fields: FieldParts[] = [];
  let longest = 0;
  for (let left = size; left > 0; left--) {
    const field = readField(reader, hasTimes, base);
    longest = Math.max(longest, field.name.len, field.value.len);
    fields.push(field);
  }
  if (longest > limits.hashMaxListpackValue) {
    return large(filled(new FieldTable(heap), (table) => {
      for (const field of fields) putField(table, field);
    }));
  }
  const builder = new PackBuilder();
  const hash = new PackedHash(builder).attach(builder.pack.buf, 0, hasTimes);
  for (const field of fields) putField(hash, field);
  return packed(builder.bytes, hasTimes);
}

interface FieldParts {
  readonly name: Stretch;
  readonly value: Stretch;
  readonly expiry: number;
}

function readField(reader: RdbReader, hasTimes: boolean, base: number): FieldParts {
  const time = hasTimes ? reader.count() : 0;
  const expiry = time === 0 ? FieldTime.none : checkTime(base + time - 1);
  const name = reader.string();
  return { name, value: reader.string(), expiry };
}

function putField(hash: HashFields, { name, value, expiry }: FieldParts): void {
  const isNew = hash.put(name.buf, name.off, name.len, value.buf, value.off, value.len, expiry);
  if (!isNew) throw new CorruptRdb("a field occurs twice");
}
