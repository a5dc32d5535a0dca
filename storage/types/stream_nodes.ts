/**
 * Where a stream's entries lie: nodes, listpacks in the arena in Redis's own format (./stream_node.ts), so that dumps copy
 * them as they are. An ID tree finds the node that an ID belongs to.
 *
 * The last node grows (./stream_tail.ts). A deleted entry is only marked; a node goes when its last living entry does.
 *
 * Invariant: every node has a living entry, and its head says how many.
 *
 * Knows nothing of what a stream remembers about its past.
 *
 * @module
 */

import { type Arena, CHUNK_SHIFT, copyBytes, OFFSET_MASK } from "../memory/arena.ts";
import { IdPlace, IdTree } from "./id_tree.ts";
import { Listpack, type ListpackOwner } from "./listpack.ts";
import { MAX_ID, StreamId } from "./stream_id.ts";
import { DELETED, deletedEntries, liveEntries, writeCounter } from "./stream_node.ts";
import { StreamReader } from "./stream_reader.ts";
import { type NodeLimits, type Slices, StreamTail } from "./stream_tail.ts";

/** The nodes of one stream. */
export class StreamNodes implements ListpackOwner {
  /** How many living entries there are. */
  length = 0;
  /** Nodes by ID; the payload is the listpack's ref. */
  readonly index: IdTree;
  readonly #arena: Arena;
  readonly #reader: StreamReader;
  readonly #tail: StreamTail;
  readonly #pack = new Listpack();
  /** The node whose listpack is being edited. */
  #edited: IdPlace | undefined;

  constructor(arena: Arena) {
    this.#arena = arena;
    this.index = new IdTree(arena, 1);
    this.#reader = new StreamReader(arena, this.index);
    this.#tail = new StreamTail(arena, this.index);
  }

  /** Appends an entry; see {@link ./stream.ts}. */
  append(
    id: StreamId,
    data: Slices,
    first: number,
    fieldCount: number,
    limits: NodeLimits,
  ): void {
    this.#tail.append(id, data, first, fieldCount, limits);
    this.length++;
  }

  /** Marks the entry that a reader is at as deleted. */
  delete({ place, pack, flagsAt }: StreamReader): void {
    this.#tail.forget();
    pack.buf[flagsAt] |= DELETED;
    this.#attach(place);
    const live = liveEntries(this.#pack);
    if (live === 1) this.#remove(place);
    else this.#countDeleted(place, live, 1);
    this.length--;
  }

  /**
   * Removes entries from the front until `maxLength` are left; answers how many went. With `wholeNodes`, only as many as
   * fill whole nodes, and no more than `limit` (0 for any number). O(nodes removed).
   */
  trimToLength(maxLength: number, wholeNodes: boolean, limit = 0): number {
    return this.#trim(limit, wholeNodes, (place, live) => {
      const surplus = this.length - maxLength;
      if (surplus <= 0) return 0;
      if (live <= surplus) return live;
      return wholeNodes ? 0 : this.#markFirst(place, (_, marked) => marked < surplus);
    });
  }

  /** Removes the entries before an ID, as {@link trimToLength} does. */
  trimToId(minId: StreamId, wholeNodes: boolean, limit = 0): number {
    return this.#trim(limit, wholeNodes, (place, live) => {
      if (this.#lastOf(place).compare(minId) < 0) return live;
      return wholeNodes ? 0 : this.#markFirst(place, (id) => id.compare(minId) < 0);
    });
  }

  /**
   * Goes over the nodes from the first one on. `trimNode` answers how many of a node's `live` entries go: if all do, the
   * node goes; fewer it has marked itself, and the work is done.
   */
  #trim(
    limit: number,
    wholeNodes: boolean,
    trimNode: (place: IdPlace, live: number) => number,
  ): number {
    let removed = 0;
    this.#tail.forget();
    for (let place = this.index.first(); place !== undefined; place = this.index.first()) {
      this.#attach(place);
      const live = liveEntries(this.#pack);
      if (limit > 0 && removed + live > limit) break;
      const going = trimNode(place, live);
      removed += going;
      this.length -= going;
      if (going < live) {
        if (!wholeNodes) this.#countDeleted(place, live, going);
        break;
      }
      this.#remove(place);
    }
    return removed;
  }

  /** Marks living entries from a node's front on as deleted, as long as `goes` says so; answers how many. */
  #markFirst(place: IdPlace, goes: (id: StreamId, marked: number) => boolean): number {
    const reader = this.#reader;
    let marked = 0;
    let more = reader.seek(place.readId(new StreamId()), MAX_ID);
    while (more && goes(reader.id, marked)) {
      reader.pack.buf[reader.flagsAt] |= DELETED;
      marked++;
      more = reader.next();
    }
    return marked;
  }

  /** The last ID in a node, living or not. The answer is reused. */
  #lastOf(place: IdPlace): StreamId {
    const reader = this.#reader;
    const first = place.readId(new StreamId());
    const following = first.clone();
    // Behind the greatest ID there is no node, and no ID to look for it with.
    const to = following.increment() && this.index.seekAtLeast(following, reader.place)
      ? reader.place.readId(following)
      : undefined;
    to?.decrement();
    reader.seek(first, to ?? MAX_ID, true, true);
    return reader.id;
  }

  #remove(place: IdPlace): void {
    this.#arena.free(place.get(0));
    this.index.remove(place.readId(new StreamId()));
  }

  // --- a node's listpack -----------------------------------------------------------------------------------------

  #attach(place: IdPlace): void {
    const ref = place.get(0);
    this.#pack.attach(this.#arena.u8[ref >>> CHUNK_SHIFT], (ref & OFFSET_MASK) << 3);
  }

  /** Moves `count` of a node's entries from the living ones to the deleted ones, in its head. */
  #countDeleted(place: IdPlace, live: number, count: number): void {
    if (count === 0) return;
    this.#attach(place);
    this.#edited = place;
    const pack = this.#pack;
    writeCounter(this, pack, 0, live - count);
    writeCounter(this, pack, 1, deletedEntries(pack) + count);
    this.#edited = undefined;
  }

  /** For the listpack only: gives the edited node's listpack another length. */
  resize(_pack: Listpack, length: number): void {
    const place = this.#edited;
    if (place === undefined) throw new Error("No node is being edited");
    const ref = place.get(0);
    if (length <= this.#arena.usable(ref)) return;
    place.put(0, this.#arena.resize(ref, length));
    this.#attach(place);
  }

  // --- as a whole ------------------------------------------------------------------------------------------------

  /** All nodes in order: the ID, and where the listpack's bytes lie. What is answered is reused. */
  *all(): Generator<{ id: StreamId; buf: Uint8Array; off: number; len: number }> {
    const id = new StreamId();
    const pack = new Listpack();
    const place = this.index.first();
    for (let more = place !== undefined; place && more; more = place.next()) {
      const ref = place.get(0);
      pack.attach(this.#arena.u8[ref >>> CHUNK_SHIFT], (ref & OFFSET_MASK) << 3);
      yield { id: place.readId(id), buf: pack.buf, off: pack.start, len: pack.bytes };
    }
  }

  /** Takes in a node behind all others; its bytes must have been checked. */
  add(id: StreamId, bytes: Uint8Array): void {
    const ref = this.#arena.alloc(bytes.length);
    const to = (ref & OFFSET_MASK) << 3;
    copyBytes(bytes, 0, this.#arena.u8[ref >>> CHUNK_SHIFT], to, bytes.length);
    const place = this.index.insert(id);
    place.put(0, ref);
    this.#tail.forget();
    this.#attach(place);
    this.length += liveEntries(this.#pack);
  }

  /** Gives the memory back, yielding after each block. */
  *dismantle(): Generator<void> {
    const place = this.index.first();
    for (let more = place !== undefined; place && more; more = place.next()) {
      this.#arena.free(place.get(0));
      yield;
    }
    yield* this.index.dismantle();
  }

  /** Moves blocks that lie in chunks being emptied, yielding after some. Entries may come and go in between. */
  *relocate(): Generator<void> {
    for (const _ of this.index.relocate()) {
      this.#tail.forget();
      yield;
    }
    const id = new StreamId();
    const place = new IdPlace(this.index);
    // Each step finds its place anew.
    while (this.index.seekAtLeast(id, place)) {
      const ref = place.get(0);
      if (this.#arena.isEvacuating(ref)) {
        this.#tail.forget();
        place.put(0, this.#arena.evacuate(ref));
      }
      if (!place.readId(id).increment()) return;
      yield;
    }
  }
}
