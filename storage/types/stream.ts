/**
 * The stream: entries of fields and values, appended in the order of their IDs, and the consumer groups that read them.
 *
 * Entries lie in nodes (./stream_nodes.ts); here is what the stream remembers about them as a whole. `firstId` is the first
 * living entry, 0-0 without any; `lastId` is never less than the last one.
 *
 * Knows nothing of keys, clients, RESP or time: who appends gives the ID.
 *
 * @module
 */

import type { Collection, Heap } from "./collection.ts";
import { type Count, minus, plusOne } from "./stream_count.ts";
import { byName, ConsumerGroup, UNKNOWN_READS } from "./stream_group.ts";
import { MAX_ID, MIN_ID, StreamId } from "./stream_id.ts";
import { StreamNodes } from "./stream_nodes.ts";
import { StreamReader } from "./stream_reader.ts";
import type { NodeLimits, Slices } from "./stream_tail.ts";

/** Blocks that one step of {@link Stream.dismantle} frees, or {@link Stream.relocate} looks at. */
const BLOCKS_PER_STEP = 256;
/** Roughly what a stream takes in the JavaScript heap, bytes. */
const OBJECT_BYTES = 1500;

/** A stream with its consumer groups. */
export class Stream implements Collection {
  /** The greatest ID that the stream has had. */
  readonly lastId: StreamId = new StreamId();
  readonly firstId: StreamId = new StreamId();
  /** The greatest ID of a deleted entry; trimming does not count. */
  readonly maxDeletedId: StreamId = new StreamId();
  /** How many entries have ever been added. */
  entriesAdded: Count = 0;

  readonly #heap: Heap;
  readonly #nodes: StreamNodes;
  readonly #reader: StreamReader;
  readonly #groups = new Map<string, ConsumerGroup>();
  #dismantling: Generator<void> | undefined;
  #relocating: Generator<void> | undefined;

  constructor(heap: Heap) {
    this.#heap = heap;
    this.#nodes = new StreamNodes(heap.arena);
    this.#reader = new StreamReader(heap.arena, this.#nodes.index);
    heap.meter.bytes += OBJECT_BYTES;
  }

  /** The number of entries. */
  get length(): number {
    return this.#nodes.length;
  }

  get size(): number {
    return this.#nodes.length;
  }

  /** The number of nodes. */
  get nodeCount(): number {
    return this.#nodes.index.size;
  }

  // --- reading -------------------------------------------------------------------------------------------------

  /** The stream's one reader, which every method that looks for an entry moves. */
  get reader(): StreamReader {
    return this.#reader;
  }

  /** Whether there is an entry of this ID; if so, the reader is at it. O(log n). */
  has(id: StreamId): boolean {
    return this.#reader.seek(id, id);
  }

  /** The ID of the last entry, 0-0 when there is none. */
  topId(): StreamId {
    const found = this.#reader.seek(MIN_ID, MAX_ID, true);
    return found ? this.#reader.id.clone() : new StreamId();
  }

  /** The ID of the first entry, be it marked as deleted, or the greatest ID when there is none. */
  firstStoredId(): StreamId {
    const found = this.#reader.seek(MIN_ID, MAX_ID, false, true);
    return found ? this.#reader.id.clone() : StreamId.max();
  }

  // --- changing --------------------------------------------------------------------------------------------------

  /**
   * Appends an entry; the ID must be greater than {@link lastId}. Of `data`, `fieldCount` pairs from index `first` on are
   * taken, at most {@link ./stream_tail.ts | LARGEST_ENTRY} bytes. O(fields).
   */
  append(
    id: StreamId,
    data: Slices,
    first: number,
    fieldCount: number,
    limits: NodeLimits,
  ): void {
    this.#nodes.append(id, data, first, fieldCount, limits);
    this.entriesAdded = plusOne(this.entriesAdded);
    this.lastId.set(id);
    if (this.length === 1) this.firstId.set(id);
  }

  /** Deletes an entry; false when there is none of this ID. O(log n). */
  delete(id: StreamId): boolean {
    if (!this.#reader.seek(id, id)) return false;
    this.#nodes.delete(this.#reader);
    if (id.compare(this.maxDeletedId) > 0) this.maxDeletedId.set(id);
    if (this.length === 0 || id.compare(this.firstId) === 0) this.findFirst();
    return true;
  }

  /**
   * Removes entries from the front until `maxLength` are left; answers how many went. With `wholeNodes`, only as many as
   * fill whole nodes, and no more than `limit` (0 for any number). O(nodes removed).
   */
  trimToLength(maxLength: number, wholeNodes: boolean, limit = 0): number {
    const removed = this.#nodes.trimToLength(maxLength, wholeNodes, limit);
    if (removed > 0) this.findFirst();
    return removed;
  }

  /** Removes the entries before an ID, as {@link trimToLength} does. */
  trimToId(minId: StreamId, wholeNodes: boolean, limit = 0): number {
    const removed = this.#nodes.trimToId(minId, wholeNodes, limit);
    if (removed > 0) this.findFirst();
    return removed;
  }

  /** Finds {@link firstId} anew: for those who take in nodes. */
  findFirst(): void {
    if (this.#reader.seek(MIN_ID, MAX_ID)) this.firstId.set(this.#reader.id);
    else this.firstId.setZero();
  }

  /** All nodes in order, for dumps: the ID, and where the listpack's bytes lie. What is answered is reused. */
  nodes(): Generator<{ id: StreamId; buf: Uint8Array; off: number; len: number }> {
    return this.#nodes.all();
  }

  /**
   * Takes in a node of a dump, behind all others; its bytes must have been checked. What the stream remembers
   * ({@link lastId}, {@link firstId} …) the caller sets at the end; only the length is counted.
   */
  addNode(id: StreamId, bytes: Uint8Array): void {
    this.#nodes.add(id, bytes);
  }

  // --- consumer groups ---------------------------------------------------------------------------------------------

  get groupCount(): number {
    return this.#groups.size;
  }

  group(name: string): ConsumerGroup | undefined {
    return this.#groups.get(name);
  }

  /** All groups by name. */
  groups(): ConsumerGroup[] {
    return [...this.#groups.values()].sort(byName);
  }

  /** Adds a group; there must be none of that name. */
  addGroup(name: string, lastId: StreamId, entriesRead: Count): ConsumerGroup {
    const group = new ConsumerGroup(this.#heap, name, lastId, entriesRead);
    this.#groups.set(name, group);
    return group;
  }

  /** Removes a group. O(pending). */
  removeGroup(group: ConsumerGroup): void {
    this.#groups.delete(group.name);
    for (const _ of group.dismantle());
  }

  /** Notes that a group has read an entry, if it is ahead of what the group had read. */
  advance(group: ConsumerGroup, id: StreamId): boolean {
    if (id.compare(group.lastId) <= 0) return false;
    if (group.entriesRead !== UNKNOWN_READS && !this.#hasDeletedFrom(id)) {
      group.entriesRead = plusOne(group.entriesRead);
    } else if (this.entriesAdded !== 0) {
      group.entriesRead = this.#readsUpTo(id);
    }
    group.lastId.set(id);
    return true;
  }

  /** How many entries a group has still to read; undefined when deletions make that unknown. */
  lag(group: ConsumerGroup): Count | undefined {
    if (this.entriesAdded === 0) return 0;
    const { entriesRead, lastId } = group;
    if (entriesRead !== UNKNOWN_READS && !this.#hasDeletedFrom(lastId)) {
      return minus(this.entriesAdded, entriesRead);
    }
    const reads = this.#readsUpTo(lastId);
    return reads === UNKNOWN_READS ? undefined : minus(this.entriesAdded, reads);
  }

  /** Whether any entry from an ID on may have been deleted. */
  #hasDeletedFrom(id: StreamId): boolean {
    if (this.length === 0 || this.maxDeletedId.isZero) return false;
    if (this.firstId.compare(this.maxDeletedId) > 0) return false;
    return id.compare(this.maxDeletedId) <= 0;
  }

  /** How many entries were ever added up to an ID; unknown where deletions leave holes. */
  #readsUpTo(id: StreamId): Count {
    if (this.entriesAdded === 0) return 0;
    const toLast = id.compare(this.lastId);
    if (toLast === 0 || (this.length === 0 && toLast < 0)) return this.entriesAdded;
    if (toLast > 0) return UNKNOWN_READS;
    const toFirst = id.compare(this.firstId);
    if (this.maxDeletedId.isZero || this.maxDeletedId.compare(this.firstId) < 0) {
      const before = minus(this.entriesAdded, this.length);
      if (toFirst < 0) return before;
      if (toFirst === 0) return plusOne(before);
    }
    return UNKNOWN_READS;
  }

  // --- as a collection -----------------------------------------------------------------------------------------------

  clone(): Stream {
    const copy = new Stream(this.#heap);
    for (const { id, buf, off, len } of this.nodes()) {
      copy.addNode(id, buf.subarray(off, off + len));
    }
    copy.lastId.set(this.lastId);
    copy.firstId.set(this.firstId);
    copy.maxDeletedId.set(this.maxDeletedId);
    copy.entriesAdded = this.entriesAdded;
    for (const [name, group] of this.#groups) copy.#groups.set(name, group.clone());
    return copy;
  }

  dismantle(): boolean {
    this.#dismantling ??= this.#takeApart();
    return advance(this.#dismantling);
  }

  *#takeApart(): Generator<void> {
    yield* this.#nodes.dismantle();
    for (const group of this.#groups.values()) yield* group.dismantle();
    this.#heap.meter.bytes -= OBJECT_BYTES;
  }

  relocate(position: number): number {
    if (position === 0) this.#relocating = this.#move();
    if (this.#relocating !== undefined && advance(this.#relocating)) return position + 1;
    this.#relocating = undefined;
    return 0;
  }

  *#move(): Generator<void> {
    yield* this.#nodes.relocate();
    for (const group of this.groups()) yield* group.relocate();
  }
}

/** Takes a number of steps; answers whether there are more. */
function advance(steps: Generator<void>): boolean {
  for (let i = 0; i < BLOCKS_PER_STEP; i++) if (steps.next().done) return false;
  return true;
}
