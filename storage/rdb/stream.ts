/**
 * Streams in RDB.
 *
 *     nodes | each: ID (16 bytes, big-endian, as a string), listpack as a string
 *     entries | last ID | first ID ¹ | greatest deleted ID ¹ | entries added ¹      (IDs: ms, sequence number)
 *     groups | each: name | last ID | entries read ¹
 *         pending entries | each: ID (16 bytes) | delivery time | deliveries
 *         consumers | each: name | seen time | active time ² | pending entries | each: ID (16 bytes)
 *
 * ¹ since stream2, ² since stream3. What older ones do not tell is worked out. A listpack is only taken when it is a
 * stream's node (../types/stream_node.ts): readers of streams rely on it.
 *
 * @module
 */

import { decodeLatin1, encodeLatin1 } from "../../server/resp/args.ts";
import { StreamEncoding, Type } from "../entry.ts";
import type { Database } from "../keyspace.ts";
import type { Ref } from "../memory/arena.ts";
import type { IdTree } from "../types/id_tree.ts";
import { Listpack } from "../types/listpack.ts";
import { Stream } from "../types/stream.ts";
import { type Count, minus, narrowCount } from "../types/stream_count.ts";
import { type ConsumerGroup, UNKNOWN_READS } from "../types/stream_group.ts";
import { StreamId } from "../types/stream_id.ts";
import { addToMs, addToSeq, DELETED, elementsOf, SAME_FIELDS } from "../types/stream_node.ts";
import { CorruptRdb, RdbType } from "./format.ts";
import { takeListpack } from "./packs.ts";
import type { RdbReader, Stretch } from "./reader.ts";
import { filled, kindOf, type LoadedValue, type LoadOptions } from "./loaded.ts";
import type { RdbWriter } from "./writer.ts";

const ID_BYTES = 16;
/** How {@link UNKNOWN_READS} is written. */
const UNKNOWN = 0xffffffffffffffffn;

/** Writes the stream that a record holds. */
export function saveStream(writer: RdbWriter, db: Database, ref: Ref, type: number): void {
  const stream = db.collection(ref) as Stream;
  writer.count(stream.nodeCount);
  for (const { id, buf, off, len } of stream.nodes()) {
    writer.string(idBytes(id));
    writer.string(buf, off, len);
  }
  writer.count(stream.length);
  writeId(writer, stream.lastId);
  writeId(writer, stream.firstId);
  writeId(writer, stream.maxDeletedId);
  writer.count(stream.entriesAdded);
  const groups = stream.groups();
  writer.count(groups.length);
  for (const group of groups) saveGroup(writer, group, type);
}

function saveGroup(writer: RdbWriter, group: ConsumerGroup, type: number): void {
  writer.string(encodeLatin1(group.name));
  writeId(writer, group.lastId);
  writer.count(group.entriesRead === UNKNOWN_READS ? UNKNOWN : group.entriesRead);

  writer.count(group.pending.size);
  const id = new StreamId();
  const place = group.pending.first();
  for (let more = place !== undefined; place && more; more = place.next()) {
    writer.raw(idBytes(place.readId(id)));
    writer.int64(group.deliveryTime(place));
    writer.count(group.deliveryCount(place));
  }

  const consumers = group.consumers();
  writer.count(consumers.length);
  for (const { name, seenTime, activeTime, pending } of consumers) {
    writer.string(encodeLatin1(name));
    writer.int64(seenTime);
    if (type === RdbType.stream3) writer.int64(activeTime);
    savePendingIds(writer, pending);
  }
}

function savePendingIds(writer: RdbWriter, pending: IdTree): void {
  writer.count(pending.size);
  const id = new StreamId();
  const place = pending.first();
  for (let more = place !== undefined; place && more; more = place.next()) {
    writer.raw(idBytes(place.readId(id)));
  }
}

function writeId(writer: RdbWriter, id: StreamId): void {
  writer.count(narrowCount(id.ms));
  writer.count(narrowCount(id.seq));
}

function idBytes(id: StreamId): Uint8Array {
  const bytes = new Uint8Array(ID_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, id.msHigh);
  view.setUint32(4, id.msLow);
  view.setUint32(8, id.seqHigh);
  view.setUint32(12, id.seqLow);
  return bytes;
}

/** Reads a stream of any type. @throws {CorruptRdb} */
export function loadStream(reader: RdbReader, type: number, { heap }: LoadOptions): LoadedValue {
  const stream = filled(new Stream(heap), (stream) => {
    readNodes(reader, stream);
    // Counted from the nodes already.
    reader.bigCount();
    readId(reader, stream.lastId);
    const top = stream.topId();
    if (top.compare(stream.lastId) > 0) throw new CorruptRdb("a stream's last ID is too small");
    stream.findFirst();
    if (type === RdbType.stream) {
      stream.entriesAdded = stream.length;
    } else {
      readId(reader, new StreamId());
      readId(reader, stream.maxDeletedId);
      stream.entriesAdded = readCounter(reader);
    }
    for (let left = reader.elements(); left > 0; left--) readGroup(reader, stream, type);
  });
  return { kind: kindOf(Type.stream, StreamEncoding.stream), value: stream };
}

function readNodes(reader: RdbReader, stream: Stream): void {
  let before: StreamId | undefined;
  for (let left = reader.elements(); left > 0; left--) {
    const name = reader.string();
    if (name.len !== ID_BYTES) throw new CorruptRdb("a stream's node has no ID");
    const id = takeId(name);
    const bytes = takeListpack(reader.string());
    const { living, last } = checkStreamNode(bytes, id);
    if (before !== undefined && id.compare(before) <= 0) {
      throw new CorruptRdb("a stream's nodes are out of order");
    }
    before = last;
    if (living > 0) stream.addNode(id, bytes);
  }
}

function readGroup(reader: RdbReader, stream: Stream, type: number): void {
  const name = readName(reader);
  if (stream.group(name) !== undefined) throw new CorruptRdb("a consumer group occurs twice");
  const lastId = readId(reader, new StreamId());
  const group = stream.addGroup(name, lastId, UNKNOWN_READS);
  group.entriesRead = type === RdbType.stream ? likelyReads(stream, group) : readCounter(reader);

  const pending = new Map<string, { id: StreamId; time: number; count: Count }>();
  for (let left = reader.elements(); left > 0; left--) {
    const raw = reader.raw(ID_BYTES);
    const key = decodeLatin1(raw.buf.subarray(raw.off, raw.off + ID_BYTES));
    if (pending.has(key)) throw new CorruptRdb("an entry is pending twice");
    const time = Math.max(0, reader.safeInt64());
    pending.set(key, { id: takeId(raw), time, count: readCounter(reader) });
  }
  for (let left = reader.elements(); left > 0; left--) {
    const consumerName = readName(reader);
    if (group.consumer(consumerName) !== undefined) throw new CorruptRdb("a consumer occurs twice");
    const consumer = group.addConsumer(consumerName, reader.safeInt64());
    consumer.activeTime = type === RdbType.stream3 ? reader.safeInt64() : consumer.seenTime;
    for (let entries = reader.elements(); entries > 0; entries--) {
      const { buf, off } = reader.raw(ID_BYTES);
      const key = decodeLatin1(buf.subarray(off, off + ID_BYTES));
      const entry = pending.get(key);
      if (entry === undefined) throw new CorruptRdb("a consumer's entry is not its group's");
      pending.delete(key);
      group.setDelivery(group.add(entry.id, consumer), entry.time, entry.count);
    }
  }
  if (pending.size > 0) throw new CorruptRdb("a pending entry is no consumer's");
}

/** How many entries a group will have read, going by the last one. */
function likelyReads(stream: Stream, group: ConsumerGroup): Count {
  const lag = stream.lag(group);
  return lag === undefined ? UNKNOWN_READS : minus(stream.entriesAdded, lag);
}

function readName(reader: RdbReader): string {
  return decodeLatin1(reader.bytes());
}

function readCounter(reader: RdbReader): Count {
  const count = reader.bigCount();
  return count === UNKNOWN ? UNKNOWN_READS : narrowCount(count);
}

function readId(reader: RdbReader, id: StreamId): StreamId {
  id.setMs(reader.bigCount());
  id.setSeq(reader.bigCount());
  return id;
}

function takeId({ buf, off }: Stretch): StreamId {
  const view = new DataView(buf.buffer, buf.byteOffset + off, ID_BYTES);
  const id = new StreamId();
  id.msHigh = view.getUint32(0);
  id.msLow = view.getUint32(4);
  id.seqHigh = view.getUint32(8);
  id.seqLow = view.getUint32(12);
  return id;
}

/** What a node holds. */
interface NodeFacts {
  /** Entries that are not marked as deleted. */
  readonly living: number;
  /** The ID of the last entry. */
  readonly last: StreamId;
}

/**
 * Walks over a checked listpack as the node of an ID.
 *
 * @throws {CorruptRdb} unless it is one through and through, its entries in order
 */
function checkStreamNode(bytes: Uint8Array, nodeId: StreamId): NodeFacts {
  const walk = new Walk(bytes);
  const living = walk.integer();
  const deleted = walk.integer();
  const fields = walk.integer();
  walk.skip(fields);
  if (walk.integer() !== 0) throw new CorruptRdb("a stream's node has a broken head");

  let last: StreamId | undefined;
  let found = 0;
  let foundDeleted = 0;
  while (!walk.isOver) {
    const flags = walk.integer();
    const id = nodeId.clone();
    walk.requireInteger();
    addToMs(id, bytes, walk.at);
    walk.skip(1);
    walk.requireInteger();
    addToSeq(id, bytes, walk.at);
    walk.skip(1);
    if (last !== undefined && id.compare(last) <= 0) {
      throw new CorruptRdb("a stream's entries are out of order");
    }
    const sameFields = (flags & SAME_FIELDS) !== 0;
    const count = sameFields ? fields : walk.integer();
    walk.skip(sameFields ? count : count * 2);
    if (walk.integer() !== elementsOf(count, sameFields)) {
      throw new CorruptRdb("a stream's entry is counted wrong");
    }
    if ((flags & DELETED) !== 0) foundDeleted++;
    else found++;
    last = id;
  }
  if (found !== living || foundDeleted !== deleted || last === undefined) {
    throw new CorruptRdb("a stream's node is counted wrong");
  }
  return { living, last };
}

/** A walk along the elements of a listpack, which must not end before it is done. */
class Walk {
  readonly #pack = new Listpack();
  at: number;

  constructor(bytes: Uint8Array) {
    this.#pack.attach(bytes, 0);
    this.at = this.#pack.first();
  }

  get isOver(): boolean {
    return this.at === 0;
  }

  requireInteger(): void {
    if (this.at === 0) throw new CorruptRdb("a stream's node ends too early");
    this.#pack.read(this.at);
    if (!this.#pack.isInt) throw new CorruptRdb("a stream's node has text for a number");
  }

  /** A number that counts something. */
  integer(): number {
    this.requireInteger();
    const value = Number(this.#pack.int);
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new CorruptRdb("a stream's node has a number out of range");
    }
    this.skip(1);
    return value;
  }

  skip(count: number): void {
    for (let left = count; left > 0; left--) {
      if (this.at === 0) throw new CorruptRdb("a stream's node ends too early");
      this.at = this.#pack.next(this.at);
    }
  }
}
