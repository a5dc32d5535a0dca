/**
 * How much memory a key takes, its value included wherever that lies.
 *
 * Records are known exactly. What a collection takes beside its record is worked out from some of its elements, as
 * nobody counts it one by one.
 *
 * @module
 */

import { Type } from "./entry.ts";
import type { Database } from "./keyspace.ts";
import type { Ref } from "./memory/arena.ts";
import type { FieldTable } from "./types/hash.ts";
import type { Quicklist } from "./types/quicklist.ts";
import type { MemberTable } from "./types/set.ts";
import type { SortedSet } from "./types/sorted_set.ts";
import type { Stream } from "./types/stream.ts";

/** Blocks of the arena come in units of so many bytes. */
const UNIT_BYTES = 8;
/** Bytes of records before what they hold. */
const MEMBER_HEADER = 8;
const SCORED_HEADER = 16;
const FIELD_HEADER = 8;
/** What a table's index takes for each record, and a tree of scores for each member, on average; bytes. */
const INDEX_BYTES = 6;
const TREE_BYTES = 18;
/** A quicklist's node has its place in a ring. */
const NODE_BYTES = 8;
/** What a pending entry takes in its group's tree and in its consumer's, on average; bytes. */
const PENDING_BYTES = 80;

/**
 * Bytes of memory that a key takes with its value and its part of the index.
 *
 * @param samples how many elements of a collection to look at; 0 for all
 */
export function memoryUsage(db: Database, ref: Ref, samples: number): number {
  const own = db.memoryUsage(ref);
  return db.isBeside(ref) ? own + collectionBytes(db, ref, samples || Infinity) : own;
}

function collectionBytes(db: Database, ref: Ref, samples: number): number {
  const collection = db.collection(ref);
  switch (db.type(ref)) {
    case Type.list:
      return listBytes(collection as Quicklist);
    case Type.set: {
      const { size, memberBytes } = collection as MemberTable;
      return size * (block(MEMBER_HEADER + memberBytes / size) + INDEX_BYTES);
    }
    case Type.zset:
      return sortedSetBytes(collection as SortedSet, samples);
    case Type.hash:
      return hashBytes(collection as FieldTable, samples);
    default:
      return streamBytes(collection as Stream);
  }
}

/** Bytes of a block that holds so many. */
function block(bytes: number): number {
  return Math.ceil(bytes / UNIT_BYTES) * UNIT_BYTES;
}

function listBytes(list: Quicklist): number {
  let bytes = list.nodeCount * NODE_BYTES;
  list.eachNode((_buf, _off, len) => bytes += block(len));
  return bytes;
}

function sortedSetBytes(set: SortedSet, samples: number): number {
  const count = Math.min(samples, set.size);
  let bytes = 0;
  set.seek(0);
  for (let left = count; left > 0; left--, set.forward()) bytes += block(SCORED_HEADER + set.len);
  return Math.round(bytes / count * set.size) + set.size * (INDEX_BYTES + TREE_BYTES);
}

function hashBytes(table: FieldTable, samples: number): number {
  const count = Math.min(samples, table.size);
  let bytes = 0;
  let left = count;
  table.some((field) => {
    table.showName(field);
    const name = table.len;
    table.showValue(field);
    bytes += block(FIELD_HEADER + name + table.len);
    return --left === 0;
  });
  return Math.round(bytes / count * table.size) + table.size * INDEX_BYTES;
}

function streamBytes(stream: Stream): number {
  let bytes = 0;
  for (const { len } of stream.nodes()) bytes += block(len) + TREE_BYTES;
  for (const group of stream.groups()) bytes += group.pending.size * PENDING_BYTES;
  return bytes;
}
