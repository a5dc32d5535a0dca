/**
 * The nodes of a quicklist: listpacks of a few kilobytes in blocks of the arena.
 *
 *     nodes     [ …free…|listpack ]  [ listpack ]  …  [ listpack|…free… ]
 *                 the head's grows      packed          the tail's grows
 *                 to the front           tight           to the end
 *
 * The first node's listpack may begin behind free room of its block (`#front` bytes), into which pushes at the head
 * write; popping there only moves its beginning on. The last node's block has its room at the end. Blocks in use at
 * the ends grow by doubling; a node that is an end no more is cut to its size.
 *
 * Invariants: no node is empty; a node has at most as many bytes and elements as the limits allow, unless one element
 * alone is larger.
 *
 * Knows nothing of indexes in the list: {@link ./quicklist.ts} finds the node and the place in it.
 *
 * @module
 */

import { type Arena, CHUNK_SHIFT, copyBytes, OFFSET_MASK, type Ref } from "../memory/arena.ts";
import type { Heap } from "./collection.ts";
import type { ListLimits } from "./list.ts";
import {
  type ElementSink,
  EMPTY_BYTES,
  END,
  entryBytesFor,
  HEADER_BYTES,
  isPlain,
  Listpack,
  type ListpackOwner,
  writeEntry,
  writeHeader,
  writePlain,
} from "./listpack.ts";
import { NodeRing } from "./node_ring.ts";

/** What one more element is taken to need besides its own bytes when a node is asked whether it has room. */
const ENTRY_OVERHEAD = 8;
/** The first block of a node at an end; it doubles up to the limit. */
const FIRST_BLOCK_BYTES = 1024;
/** How many nodes are given back, and how many bytes are moved, in one go. */
const NODES_AT_ONCE = 128;
const MOVED_AT_ONCE = 256 * 1024;

/** A sequence of nodes; it owns the listpack of the node that is open. */
export class QuicklistNodes implements ListpackOwner {
  readonly limits: ListLimits;
  readonly #arena: Arena;
  readonly #ring: NodeRing;
  /** Free bytes before the first node's listpack. */
  #front = 0;
  /** The window on the open node, and which that is. */
  readonly #pack = new Listpack();
  #current = 0;

  constructor(heap: Heap, limits: ListLimits) {
    this.#arena = heap.arena;
    this.limits = limits;
    this.#ring = new NodeRing(heap.meter);
  }

  /** The number of nodes. */
  get length(): number {
    return this.#ring.length;
  }

  /** The number of elements in a node. */
  count(i: number): number {
    return this.#ring.count(i);
  }

  /** Notes that a node has another number of elements, after an edit of its listpack. */
  setCount(i: number, count: number): void {
    this.#ring.setCount(i, count);
  }

  /** Adds a copy of the listpack at `off`, which must not be empty, behind all others; answers its elements. */
  append(buf: Uint8Array, off: number): number {
    const { bytes, count } = new Listpack().attach(buf, off);
    this.#sealTail();
    this.#ring.insert(this.#ring.length, this.#newBlock(bytes, buf, off, bytes), count);
    return count;
  }

  /** Gives some nodes at the end back; answers whether there are more. The nodes are not used any more then. */
  dismantle(): boolean {
    const nodes = this.#ring;
    const freed = Math.min(NODES_AT_ONCE, nodes.length);
    for (let i = nodes.length - freed; i < nodes.length; i++) this.#arena.free(nodes.ref(i));
    nodes.remove(nodes.length - freed, freed);
    if (nodes.length > 0) return true;
    nodes.dispose();
    return false;
  }

  /** Moves nodes out of chunks that are being emptied, from a position on; answers the next one, 0 at the end. */
  relocate(position: number): number {
    const nodes = this.#ring;
    const arena = this.#arena;
    let moved = 0;
    for (let i = position; i < nodes.length; i++) {
      const ref = nodes.ref(i);
      if (!arena.isEvacuating(ref)) continue;
      if (moved >= MOVED_AT_ONCE) return i;
      const size = arena.usable(ref);
      nodes.setRef(i, this.#newBlock(size, this.#bytes(i), (ref & OFFSET_MASK) << 3, size));
      arena.free(ref);
      moved += size;
    }
    return 0;
  }

  // --- the ends -----------------------------------------------------------------------------------------------

  /** Adds an element behind all others. O(1). */
  pushTail(buf: Uint8Array, off: number, len: number): void {
    const nodes = this.#ring;
    const i = nodes.length - 1;
    if (i < 0) {
      this.insertOne(0, buf, off, len, FIRST_BLOCK_BYTES);
      return;
    }
    const ref = nodes.ref(i);
    const front = i === 0 ? this.#front : 0;
    let bytes = this.#arena.u8[ref >>> CHUNK_SHIFT];
    let start = ((ref & OFFSET_MASK) << 3) + front;
    const total = readU32(bytes, start);
    const count = nodes.count(i);
    if (!this.#fits(total, count, len)) {
      this.#sealTail();
      this.insertOne(i + 1, buf, off, len, FIRST_BLOCK_BYTES);
      return;
    }
    const plain = isPlain(buf, off, len);
    const size = plain ? len + 2 : entryBytesFor(buf, off, len);
    if (front + total + size > this.#arena.usable(ref)) {
      this.#makeRoom(i, size, false);
      bytes = this.#bytes(i);
      start = this.#start(i);
    }
    const end = start + total - 1;
    if (plain) writePlain(bytes, end, buf, off, len);
    else writeEntry(bytes, end, buf, off, len);
    bytes[end + size] = END;
    writeHeader(bytes, start, total + size, count + 1);
    nodes.setCount(i, count + 1);
  }

  /** Adds an element before all others. O(1). */
  pushHead(buf: Uint8Array, off: number, len: number): void {
    const nodes = this.#ring;
    if (nodes.length === 0) {
      this.insertOne(0, buf, off, len, FIRST_BLOCK_BYTES);
      return;
    }
    const ref = nodes.ref(0);
    let bytes = this.#arena.u8[ref >>> CHUNK_SHIFT];
    let start = ((ref & OFFSET_MASK) << 3) + this.#front;
    const total = readU32(bytes, start);
    const count = nodes.count(0);
    if (!this.#fits(total, count, len)) {
      this.#sealHead();
      this.insertOne(0, buf, off, len, FIRST_BLOCK_BYTES);
      return;
    }
    const plain = isPlain(buf, off, len);
    const size = plain ? len + 2 : entryBytesFor(buf, off, len);
    if (this.#front < size) {
      this.#makeRoom(0, size, true);
      bytes = this.#bytes(0);
      start = this.#start(0);
    }
    this.#front -= size;
    start -= size;
    if (plain) writePlain(bytes, start + HEADER_BYTES, buf, off, len);
    else writeEntry(bytes, start + HEADER_BYTES, buf, off, len);
    writeHeader(bytes, start, total + size, count + 1);
    nodes.setCount(0, count + 1);
  }

  /** Removes the first element, which the sink gets if there is one. O(1). */
  dropHead(sink?: ElementSink): void {
    const nodes = this.#ring;
    const pack = this.open(0);
    const size = passOne(pack, pack.front(), sink);
    const count = nodes.count(0) - 1;
    if (count === 0) {
      this.remove(0, 1);
      return;
    }
    const total = pack.bytes;
    this.#front += size;
    writeHeader(pack.buf, pack.start + size, total - size, count);
    nodes.setCount(0, count);
  }

  /** Removes the last element, which the sink gets if there is one. O(1). */
  dropTail(sink?: ElementSink): void {
    const nodes = this.#ring;
    const i = nodes.length - 1;
    const pack = this.open(i);
    const at = pack.last();
    passOne(pack, at, sink);
    const count = nodes.count(i) - 1;
    if (count === 0) {
      this.remove(i, 1);
      return;
    }
    pack.buf[at] = END;
    writeHeader(pack.buf, pack.start, at + 1 - pack.start, count);
    nodes.setCount(i, count);
  }

  // --- blocks ------------------------------------------------------------------------------------------------

  /** The chunk that a node lies in. */
  #bytes(i: number): Uint8Array<ArrayBuffer> {
    return this.#arena.u8[this.#ring.ref(i) >>> CHUNK_SHIFT];
  }

  /** Where a node's listpack begins there. */
  #start(i: number): number {
    return ((this.#ring.ref(i) & OFFSET_MASK) << 3) + (i === 0 ? this.#front : 0);
  }

  /** Bytes of a node's listpack. */
  bytesOf(i: number): number {
    return readU32(this.#bytes(i), this.#start(i));
  }

  /** Attaches the window to a node. */
  open(i: number): Listpack {
    this.#current = i;
    return this.#pack.attach(this.#bytes(i), this.#start(i));
  }

  /** Whether one more element of that length may go into a node. */
  accepts(i: number, len: number): boolean {
    return this.#fits(this.bytesOf(i), this.#ring.count(i), len);
  }

  /** Whether one more element of that length may go into a node of so many bytes and elements. */
  #fits(total: number, count: number, len: number): boolean {
    const { bytes, elements } = this.limits;
    return total + len + ENTRY_OVERHEAD <= bytes && count < elements;
  }

  /** A block of at least `size` bytes that begins with these. */
  #newBlock(size: number, buf: Uint8Array, off: number, len: number): Ref {
    const ref = this.#arena.alloc(size);
    copyBytes(buf, off, this.#arena.u8[ref >>> CHUNK_SHIFT], (ref & OFFSET_MASK) << 3, len);
    return ref;
  }

  /** Makes a node of one element at place `i`, in a block of at least `least` bytes if the limits allow it. */
  insertOne(i: number, buf: Uint8Array, off: number, len: number, least: number): void {
    const arena = this.#arena;
    const total = EMPTY_BYTES + entryBytesFor(buf, off, len);
    const ref = arena.alloc(Math.max(total, Math.min(least, this.limits.bytes)));
    const atHead = i === 0;
    this.#ring.insert(i, ref, 1);
    if (atHead) this.#front = this.#ring.length === 1 ? 0 : arena.usable(ref) - total;
    const bytes = this.#bytes(i);
    const start = this.#start(i);
    writeHeader(bytes, start, total, 1);
    writeEntry(bytes, start + HEADER_BYTES, buf, off, len);
    bytes[start + total - 1] = END;
  }

  /** Frees `n` nodes from `i` on. */
  remove(i: number, n: number): void {
    for (let k = i; k < i + n; k++) this.#arena.free(this.#ring.ref(k));
    this.#ring.remove(i, n);
    if (i === 0) this.#front = 0;
  }

  /**
   * Makes `extra` bytes of room at an end of the list, in the node there: a larger block, or a better place in the
   * present one where that has much to spare or may not grow.
   */
  #makeRoom(i: number, extra: number, atHead: boolean): void {
    const nodes = this.#ring;
    const total = this.bytesOf(i);
    const usable = this.#arena.usable(nodes.ref(i));
    const largest = this.limits.bytes;
    const free = usable - total;
    const isOnly = nodes.length === 1;
    if (free >= extra && (free * 4 >= usable || usable >= largest)) {
      // Both ends may be in use: half of the room for each.
      const near = isOnly ? Math.max(extra, free >> 1) : free;
      this.#place(i, usable, atHead ? near : free - near);
      return;
    }
    const size = Math.max(total + extra, Math.min(largest, usable * 2));
    this.#place(i, size, atHead ? Infinity : 0);
  }

  /** Moves a node to a block of that size, or within its own, `front` bytes from the beginning (at the most). */
  #place(i: number, size: number, front: number): void {
    const arena = this.#arena;
    const nodes = this.#ring;
    const ref = nodes.ref(i);
    const bytes = this.#bytes(i);
    const start = this.#start(i);
    const total = this.bytesOf(i);
    if (arena.suits(ref, size)) {
      const at = (ref & OFFSET_MASK) << 3;
      front = Math.min(front, arena.usable(ref) - total);
      bytes.copyWithin(at + front, start, start + total);
    } else {
      const moved = arena.alloc(size);
      front = Math.min(front, arena.usable(moved) - total);
      const at = ((moved & OFFSET_MASK) << 3) + front;
      copyBytes(bytes, start, arena.u8[moved >>> CHUNK_SHIFT], at, total);
      arena.free(ref);
      nodes.setRef(i, moved);
    }
    if (i === 0) this.#front = front;
  }

  /** Before a node comes behind the last one: that one is cut to its size, unless it is the first, too. */
  #sealTail(): void {
    const i = this.#ring.length - 1;
    if (i <= 0) return;
    const total = this.bytesOf(i);
    if (!this.#arena.suits(this.#ring.ref(i), total)) this.#place(i, total, 0);
  }

  /** Before a node comes in front of the first one: that one is moved to its block's beginning and cut to its size. */
  #sealHead(): void {
    if (this.#ring.length === 0) return;
    const isOnly = this.#ring.length === 1;
    const size = isOnly ? this.#arena.usable(this.#ring.ref(0)) : this.bytesOf(0);
    if (this.#front > 0 || !this.#arena.suits(this.#ring.ref(0), size)) this.#place(0, size, 0);
  }

  /** Gives the node at hand another length, in place while its block suits. */
  resize(pack: Listpack, length: number): void {
    const arena = this.#arena;
    const i = this.#current;
    const ref = this.#ring.ref(i);
    const usable = arena.usable(ref);
    const front = i === 0 ? this.#front : 0;
    if (front + length <= usable && length * 2 >= usable) return;
    const keep = Math.min(pack.bytes, length);
    const moved = this.#newBlock(length, pack.buf, pack.start, keep);
    arena.free(ref);
    this.#ring.setRef(i, moved);
    if (i === 0) this.#front = 0;
    this.open(i);
  }

  /** Makes two nodes of one: the second begins with the element at `place`, which is not the first. */
  split(i: number, place: number): void {
    const nodes = this.#ring;
    const pack = this.open(i);
    const at = pack.seek(place);
    const moved = nodes.count(i) - place;
    const tail = pack.end() - at;
    const ref = this.#arena.alloc(EMPTY_BYTES + tail);
    const bytes = this.#arena.u8[ref >>> CHUNK_SHIFT];
    const start = (ref & OFFSET_MASK) << 3;
    writeHeader(bytes, start, EMPTY_BYTES + tail, moved);
    copyBytes(pack.buf, at, bytes, start + HEADER_BYTES, tail);
    bytes[start + HEADER_BYTES + tail] = END;
    pack.splice(this, at, tail, 0, -moved);
    nodes.setCount(i, place);
    nodes.insert(i + 1, ref, moved);
  }

  /** Joins a node with its neighbours where the limits allow it. */
  mergeAround(i: number): void {
    if (i + 1 < this.#ring.length) this.#merge(i);
    if (i > 0) this.#merge(i - 1);
  }

  /** Joins a node with the next one if the limits allow it. */
  #merge(i: number): void {
    const nodes = this.#ring;
    const { bytes, elements } = this.limits;
    const extra = this.bytesOf(i + 1) - EMPTY_BYTES;
    const count = nodes.count(i) + nodes.count(i + 1);
    if (this.bytesOf(i) + extra > bytes || count > elements) return;
    const pack = this.open(i);
    const at = pack.splice(this, pack.end(), 0, extra, nodes.count(i + 1));
    copyBytes(this.#bytes(i + 1), this.#start(i + 1) + HEADER_BYTES, pack.buf, at, extra);
    nodes.setCount(i, count);
    this.remove(i + 1, 1);
  }
}

/** Hands one entry on; answers its bytes. */
function passOne(pack: Listpack, at: number, sink: ElementSink | undefined): number {
  const first = pack.buf[at];
  if (first >= 0x80 && first < 0xc0) {
    // A string of up to 63 bytes, the usual element: one byte before it and one behind it.
    const length = first & 0x3f;
    sink?.bulkAt(pack.buf, at + 1, length);
    return length + 2;
  }
  if (sink !== undefined) pack.pass(at, sink);
  return pack.entryBytes(at);
}

function readU32(buf: Uint8Array, at: number): number {
  return (buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24)) >>> 0;
}
