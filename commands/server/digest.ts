/**
 * Digests of values and of all data, equal to those that Redis computes: two servers with the same digest hold the
 * same data.
 *
 * SHA-1 hashes are joined by exclusive or where order does not count (keys, members of a set), and hashed again with
 * what comes next where it does.
 *
 * @module
 */

import { formatDouble, formatShortest } from "../../server/resp/numbers.ts";
import { NO_EXPIRY, Type } from "../../storage/entry.ts";
import type { Database, Keyspace } from "../../storage/keyspace.ts";
import type { Ref } from "../../storage/memory/arena.ts";
import { sha1, SHA1_BYTES } from "../../storage/memory/sha1.ts";
import { Hashes } from "../../storage/hashes.ts";
import { Lists } from "../../storage/lists.ts";
import { forEachMember } from "../../storage/sets.ts";
import { SortedSets } from "../../storage/sorted_sets.ts";
import { FieldTime, type HashFields } from "../../storage/types/hash_fields.ts";
import type { List } from "../../storage/types/list.ts";
import type { SortedMembers } from "../../storage/types/sorted_members.ts";
import type { Stream } from "../../storage/types/stream.ts";
import { StreamId } from "../../storage/types/stream_id.ts";

const encoder = new TextEncoder();
const EXPIRE_MARK = encoder.encode("!!expire!!");
const FIELD_EXPIRE_MARK = encoder.encode("!!hexpire!!");

/** The numbers by which Redis knows the types. */
const REDIS_TYPES: Readonly<Record<Type, number>> = {
  [Type.string]: 0,
  [Type.list]: 1,
  [Type.set]: 2,
  [Type.zset]: 3,
  [Type.hash]: 4,
  [Type.stream]: 6,
};

/** The digest of no data. */
export function emptyDigest(): Uint8Array {
  return new Uint8Array(SHA1_BYTES);
}

/** A digest in hexadecimal digits. */
export function digestText(digest: Uint8Array): string {
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The digest of every key in every database. O(bytes). */
export function dataDigest(keyspace: Keyspace): Uint8Array {
  const digest = emptyDigest();
  for (const db of keyspace.databases) {
    if (db.size === 0) continue;
    mix(digest, bigEndian(db.id));
    let position = 0;
    do {
      // Redis hashes what it joins, also when that is a digest already.
      position = db.table.walk(position, (ref) => xorHash(digest, keyDigest(db, ref)));
    } while (position !== 0);
  }
  return digest;
}

function keyDigest(db: Database, ref: Ref): Uint8Array {
  const digest = emptyDigest();
  mix(digest, db.keyBytes(ref));
  addValue(digest, db, ref);
  return digest;
}

/** Adds a value with its type, and whether it expires, to a digest. */
export function addValue(digest: Uint8Array, db: Database, ref: Ref): void {
  const type = db.type(ref);
  mix(digest, bigEndian(REDIS_TYPES[type]));
  switch (type) {
    case Type.string:
      mix(digest, db.valueBytes(ref));
      break;
    case Type.set:
      forEachMember(db, ref, (buf, off, len) => xorHash(digest, buf.subarray(off, off + len)));
      break;
    case Type.stream:
      addEntries(digest, db.collection(ref) as Stream);
      break;
    case Type.list:
      addElements(digest, db.tool(Lists).open(ref));
      break;
    case Type.zset:
      addScores(digest, db.tool(SortedSets).openApart(ref));
      break;
    case Type.hash:
      addFields(digest, db.tool(Hashes).open(ref));
      break;
  }
  if (db.expiry(ref) !== NO_EXPIRY) xorHash(digest, EXPIRE_MARK);
}

function addElements(digest: Uint8Array, list: List): void {
  list.copy(0, list.size, false, {
    bulkAt: (buf, off, len) => mix(digest, buf.subarray(off, off + len)),
  });
}

function addFields(digest: Uint8Array, fields: HashFields): void {
  fields.some((field) => {
    const element = emptyDigest();
    fields.showName(field);
    mix(element, fields.buf.subarray(fields.off, fields.off + fields.len));
    fields.showValue(field);
    mix(element, fields.buf.subarray(fields.off, fields.off + fields.len));
    if (fields.expiryOf(field) !== FieldTime.none) xorHash(element, FIELD_EXPIRE_MARK);
    xorHash(digest, element);
  });
}

function addScores(digest: Uint8Array, set: SortedMembers): void {
  set.seek(0);
  for (let left = set.size; left > 0; left--, set.forward()) {
    const element = emptyDigest();
    mix(element, set.buf.subarray(set.off, set.off + set.len));
    const { score } = set;
    const text = Number.isFinite(score) ? formatShortest(score) : formatDouble(score);
    mix(element, encoder.encode(text));
    xorHash(digest, element);
  }
}

function addEntries(digest: Uint8Array, { reader }: Stream): void {
  for (let more = reader.seek(new StreamId(), StreamId.max()); more; more = reader.next()) {
    mix(digest, encoder.encode(`${reader.id.ms}.${reader.id.seq}`));
    while (reader.nextItem()) {
      mix(digest, reader.buf.subarray(reader.off, reader.off + reader.len));
    }
  }
}

function mix(digest: Uint8Array, bytes: Uint8Array): void {
  xorHash(digest, bytes);
  digest.set(sha1(digest));
}

function xorHash(digest: Uint8Array, bytes: Uint8Array): void {
  const hash = sha1(bytes);
  for (let i = 0; i < SHA1_BYTES; i++) digest[i] ^= hash[i];
}

function bigEndian(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}
