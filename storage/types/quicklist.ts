/**
 * The quicklist: a long list as a sequence of listpacks, its nodes.
 *
 * Elements are packed into nodes of a few kilobytes, so that they cost little more than their bytes and a range of
 * them is read straight from memory, while a change at either end, or in the middle, touches one node only.
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
 * alone is larger; the counts in the ring add up to the size.
 *
 * Knows nothing of keys or clients. Compression of inner nodes (`list-compress-depth`) is not done.
 *
 * @module
 */

import type { Collection, Heap } from "./collection.ts";
import { type Arena, CHUNK_SHIFT, copyBytes, OFFSET_MASK, type Ref } from "../memory/arena.ts";
import type { List, ListLimits } from "./list.ts";
import {
  type ElementSink,
  type ElementView,
  EMPTY_BYTES,
  END,
  entryBytesFor,
  HEADER_BYTES,
  Listpack,
  type ListpackOwner,
  writeEntry,
  writeHeader,
} from "./listpack.ts";
import {
  copyElements,
  removeElements,
  removeEqualElements,
  searchElements,
} from "./listpack_elements.ts";
import { NodeRing } from "./node_ring.ts";

/** What one more element is taken to need besides its own bytes when a node is asked whether it has room. */
const ENTRY_OVERHEAD = 8;
/** The first block of a node at an end; it doubles up to the limit. */
const FIRST_BLOCK_BYTES = 1024;
/** How many nodes are given back, and how many bytes are moved, in one go. */
const NODES_AT_ONCE = 128;
const MOVED_AT_ONCE = 256 * 1024;
/** The JavaScript objects of one quicklist, roughly, bytes. */
const OWN_BYTES = 600;

/** A list of many nodes. */
export class Quicklist implements Collection, List {
  readonly limits: ListLimits;
  readonly #heap: Heap;
  readonly #arena: Arena;
  readonly #nodes: NodeRing;
  #size = 0;
  /** Free bytes before the first node's listpack. */
  #front = 0;
  /** The window on the node at hand, and which that is. */
  readonly #pack = new Listpack();
  #current = 0;
  readonly #view: ElementView = { buf: this.#pack.buf, off: 0, len: 0 };
  /** The index of the first element in the node that {@link #nodeOf} found. */
  #firstIndex = 0;
  readonly #owner: ListpackOwner = { resize: (pack, length) => this.#resizeNode(pack, length) };

  constructor(heap: Heap, limits: ListLimits) {
    this.#heap = heap;
    this.#arena = heap.arena;
    this.limits = limits;
    this.#nodes = new NodeRing(heap.meter);
    heap.meter.bytes += OWN_BYTES;
  }

  get size(): number {
    return this.#size;
  }

  /** The number of nodes. */
  get nodeCount(): number {
    return this.#nodes.length;
  }

  /** The bytes of the listpack that holds the whole list; undefined when there are several. */
  get onlyNodeBytes(): number | undefined {
    return this.#nodes.length === 1 ? this.#open(0).bytes : undefined;
  }

  /** Calls `visit` with the bytes of each node's listpack, `len` at `off`, from the head on. */
  eachNode(visit: (buf: Uint8Array, off: number, len: number) => void): void {
    for (let i = 0; i < this.#nodes.length; i++) {
      const pack = this.#open(i);
      visit(pack.buf, pack.start, pack.bytes);
    }
  }

  /** Adds a node that is a copy of the listpack at `off`, which must not be empty, behind all others. */
  appendNode(buf: Uint8Array, off: number): void {
    const source = new Listpack().attach(buf, off);
    const { bytes, count } = source;
    this.#sealTail();
    this.#nodes.insert(this.#nodes.length, this.#newBlock(bytes, buf, off, bytes), count);
    this.#size += count;
  }

  // --- the ends -----------------------------------------------------------------------------------------------

  /** Adds an element behind all others. O(1). */
  pushTail(buf: Uint8Array, off: number, len: number): void {
    const nodes = this.#nodes;
    const i = nodes.length - 1;
    if (i < 0 || !this.#accepts(i, len)) {
      this.#sealTail();
      this.#insertNode(nodes.length, buf, off, len, FIRST_BLOCK_BYTES);
      return;
    }
    const size = entryBytesFor(buf, off, len);
    const ref = nodes.ref(i);
    let bytes = this.#arena.u8[ref >>> CHUNK_SHIFT];
    const front = i === 0 ? this.#front : 0;
    let start = ((ref & OFFSET_MASK) << 3) + front;
    const total = readU32(bytes, start);
    if (front + total + size > this.#arena.usable(ref)) {
      this.#makeRoom(i, size, false);
      bytes = this.#bytes(i);
      start = this.#start(i);
    }
    const end = start + total - 1;
    writeEntry(bytes, end, buf, off, len);
    bytes[end + size] = END;
    const count = nodes.count(i) + 1;
    writeHeader(bytes, start, total + size, count);
    nodes.setCount(i, count);
    this.#size++;
  }

  /** Adds an element before all others. O(1). */
  pushHead(buf: Uint8Array, off: number, len: number): void {
    const nodes = this.#nodes;
    if (nodes.length === 0 || !this.#accepts(0, len)) {
      this.#sealHead();
      this.#insertNode(0, buf, off, len, FIRST_BLOCK_BYTES);
      return;
    }
    const size = entryBytesFor(buf, off, len);
    if (this.#front < size) this.#makeRoom(0, size, true);
    const ref = nodes.ref(0);
    const bytes = this.#arena.u8[ref >>> CHUNK_SHIFT];
    const start = ((ref & OFFSET_MASK) << 3) + this.#front;
    const total = readU32(bytes, start);
    this.#front -= size;
    writeEntry(bytes, start - size + HEADER_BYTES, buf, off, len);
    const count = nodes.count(0) + 1;
    writeHeader(bytes, start - size, total + size, count);
    nodes.setCount(0, count);
    this.#size++;
  }

  /** Removes the first element. O(1). */
  dropHead(): void {
    const nodes = this.#nodes;
    const count = nodes.count(0) - 1;
    this.#size--;
    if (count === 0) {
      this.#dropNodes(0, 1);
      return;
    }
    const pack = this.#open(0);
    const total = pack.bytes;
    const size = pack.entryBytes(pack.front());
    this.#front += size;
    writeHeader(pack.buf, pack.start + size, total - size, count);
    nodes.setCount(0, count);
  }

  /** Removes the last element. O(1). */
  dropTail(): void {
    const nodes = this.#nodes;
    const i = nodes.length - 1;
    const count = nodes.count(i) - 1;
    this.#size--;
    if (count === 0) {
      this.#dropNodes(i, 1);
      return;
    }
    const pack = this.#open(i);
    const at = pack.last();
    pack.buf[at] = END;
    writeHeader(pack.buf, pack.start, at + 1 - pack.start, count);
    nodes.setCount(i, count);
  }

  // --- by index -----------------------------------------------------------------------------------------------

  read(index: number): ElementView {
    const pack = this.#pack;
    const view = this.#view;
    if (index === 0) {
      this.#open(0);
      pack.view(pack.front(), view);
    } else if (index === this.#size - 1) {
      this.#open(this.#nodes.length - 1);
      pack.view(pack.last(), view);
    } else {
      this.#open(this.#nodeOf(index));
      pack.view(pack.seek(index - this.#firstIndex), view);
    }
    return view;
  }

  copy(start: number, count: number, backwards: boolean, sink: ElementSink): void {
    if (count <= 0) return;
    const nodes = this.#nodes;
    let index = backwards ? start + count - 1 : start;
    let i = this.#nodeOf(index);
    index -= this.#firstIndex;
    for (let left = count; left > 0;) {
      const held = nodes.count(i);
      const taken = Math.min(left, backwards ? index + 1 : held - index);
      const pack = this.#open(i);
      copyElements(pack, pack.seek(index), taken, backwards, sink);
      left -= taken;
      if (left === 0) return;
      i += backwards ? -1 : 1;
      index = backwards ? nodes.count(i) - 1 : 0;
    }
  }

  remove(start: number, count: number): void {
    if (count <= 0) return;
    if (count === 1 && start === 0) return this.dropHead();
    if (count === 1 && start === this.#size - 1) return this.dropTail();
    const nodes = this.#nodes;
    let i = this.#nodeOf(start);
    let index = start - this.#firstIndex;
    this.#size -= count;
    while (count > 0) {
      let whole = 0;
      if (index === 0) {
        for (; i + whole < nodes.length && nodes.count(i + whole) <= count; whole++) {
          count -= nodes.count(i + whole);
        }
      }
      if (whole > 0) {
        this.#dropNodes(i, whole);
        continue;
      }
      const held = nodes.count(i);
      const taken = Math.min(count, held - index);
      const pack = this.#open(i);
      removeElements(pack, this.#owner, pack.seek(index), taken);
      nodes.setCount(i, held - taken);
      count -= taken;
      index = 0;
      i++;
    }
  }

  replace(index: number, buf: Uint8Array, off: number, len: number): void {
    const nodes = this.#nodes;
    let i = this.#nodeOf(index);
    const place = index - this.#firstIndex;
    const pack = this.#open(i);
    const at = pack.seek(place);
    const grown = pack.bytes - pack.entryBytes(at) + entryBytesFor(buf, off, len);
    const alone = nodes.count(i) === 1;
    if (grown <= this.limits.bytes && !alone) {
      pack.replace(this.#owner, at, buf, off, len);
      return;
    }
    // Too much for this node: the element gets one of its own, and goes back once it fits again.
    if (!alone) {
      if (place < nodes.count(i) - 1) this.#split(i, place + 1);
      if (place > 0) this.#split(i++, place);
    }
    const single = this.#open(i);
    single.replace(this.#owner, single.front(), buf, off, len);
    this.#mergeAround(i);
  }

  insert(index: number, buf: Uint8Array, off: number, len: number): void {
    if (index === this.#size) return this.pushTail(buf, off, len);
    if (index === 0) return this.pushHead(buf, off, len);
    const nodes = this.#nodes;
    let i = this.#nodeOf(index);
    let place = index - this.#firstIndex;
    if (!this.#accepts(i, len) && place === 0 && this.#accepts(i - 1, len)) {
      i--;
      place = nodes.count(i);
    }
    if (this.#accepts(i, len)) {
      const pack = this.#open(i);
      const at = place === nodes.count(i) ? pack.end() : pack.seek(place);
      pack.insert(this.#owner, at, buf, off, len);
      nodes.setCount(i, nodes.count(i) + 1);
      this.#size++;
      return;
    }
    if (place > 0) this.#split(i++, place);
    this.#insertNode(i, buf, off, len, 0);
    this.#mergeAround(i);
  }

  // --- by content ---------------------------------------------------------------------------------------------

  removeEqual(
    buf: Uint8Array,
    off: number,
    len: number,
    most: number,
    backwards: boolean,
  ): number {
    const nodes = this.#nodes;
    let removed = 0;
    let i = backwards ? nodes.length - 1 : 0;
    while (i >= 0 && i < nodes.length && removed < most) {
      const left = most - removed;
      const pack = this.#open(i);
      const here = removeEqualElements(pack, this.#owner, buf, off, len, left, backwards);
      removed += here;
      this.#size -= here;
      const count = nodes.count(i) - here;
      nodes.setCount(i, count);
      if (count === 0) this.#dropNodes(i, 1);
      if (backwards) i--;
      else if (count > 0) i++;
    }
    return removed;
  }

  search(
    buf: Uint8Array,
    off: number,
    len: number,
    most: number,
    backwards: boolean,
    visit: (index: number) => boolean,
  ): void {
    const nodes = this.#nodes;
    let base = backwards ? this.#size : 0;
    let left = most;
    const visitHere = (index: number) => visit(base + index);
    for (let k = 0; k < nodes.length && left > 0; k++) {
      const i = backwards ? nodes.length - 1 - k : k;
      const count = nodes.count(i);
      if (backwards) base -= count;
      if (!searchElements(this.#open(i), buf, off, len, left, backwards, visitHere)) return;
      if (!backwards) base += count;
      left -= count;
    }
  }

  // --- as a collection ----------------------------------------------------------------------------------------

  clone(): Quicklist {
    const copy = new Quicklist(this.#heap, this.limits);
    this.eachNode((buf, off) => copy.appendNode(buf, off));
    return copy;
  }

  dismantle(): boolean {
    const nodes = this.#nodes;
    const freed = Math.min(NODES_AT_ONCE, nodes.length);
    for (let i = nodes.length - freed; i < nodes.length; i++) this.#arena.free(nodes.ref(i));
    nodes.remove(nodes.length - freed, freed);
    if (nodes.length > 0) return true;
    nodes.dispose();
    this.#heap.meter.bytes -= OWN_BYTES;
    return false;
  }

  relocate(position: number): number {
    const nodes = this.#nodes;
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

  // --- nodes --------------------------------------------------------------------------------------------------

  /** The chunk that a node lies in. */
  #bytes(i: number): Uint8Array<ArrayBuffer> {
    return this.#arena.u8[this.#nodes.ref(i) >>> CHUNK_SHIFT];
  }

  /** Where a node's listpack begins there. */
  #start(i: number): number {
    return ((this.#nodes.ref(i) & OFFSET_MASK) << 3) + (i === 0 ? this.#front : 0);
  }

  /** Bytes of a node's listpack. */
  #nodeBytes(i: number): number {
    return readU32(this.#bytes(i), this.#start(i));
  }

  /** Attaches the window to a node. */
  #open(i: number): Listpack {
    this.#current = i;
    return this.#pack.attach(this.#bytes(i), this.#start(i));
  }

  /** The node that holds an index; looked for from the nearer end. O(nodes). */
  #nodeOf(index: number): number {
    const nodes = this.#nodes;
    if (index * 2 < this.#size) {
      let first = 0;
      for (let i = 0;; i++) {
        const next = first + nodes.count(i);
        if (index < next) {
          this.#firstIndex = first;
          return i;
        }
        first = next;
      }
    }
    let first = this.#size;
    for (let i = nodes.length - 1;; i--) {
      first -= nodes.count(i);
      if (index >= first) {
        this.#firstIndex = first;
        return i;
      }
    }
  }

  /** Whether one more element of that length may go into a node. */
  #accepts(i: number, len: number): boolean {
    const { bytes, elements } = this.limits;
    return this.#nodeBytes(i) + len + ENTRY_OVERHEAD <= bytes && this.#nodes.count(i) < elements;
  }

  /** A block of at least `size` bytes that begins with these. */
  #newBlock(size: number, buf: Uint8Array, off: number, len: number): Ref {
    const ref = this.#arena.alloc(size);
    copyBytes(buf, off, this.#arena.u8[ref >>> CHUNK_SHIFT], (ref & OFFSET_MASK) << 3, len);
    return ref;
  }

  /** Makes a node of one element at place `i`, in a block of at least `least` bytes if the limits allow it. */
  #insertNode(i: number, buf: Uint8Array, off: number, len: number, least: number): void {
    const arena = this.#arena;
    const total = EMPTY_BYTES + entryBytesFor(buf, off, len);
    const ref = arena.alloc(Math.max(total, Math.min(least, this.limits.bytes)));
    const atHead = i === 0;
    this.#nodes.insert(i, ref, 1);
    if (atHead) this.#front = this.#nodes.length === 1 ? 0 : arena.usable(ref) - total;
    const bytes = this.#bytes(i);
    const start = this.#start(i);
    writeHeader(bytes, start, total, 1);
    writeEntry(bytes, start + HEADER_BYTES, buf, off, len);
    bytes[start + total - 1] = END;
    this.#size++;
  }

  /** Frees `n` nodes from `i` on, whose elements have been taken off the size. */
  #dropNodes(i: number, n: number): void {
    for (let k = i; k < i + n; k++) this.#arena.free(this.#nodes.ref(k));
    this.#nodes.remove(i, n);
    if (i === 0) this.#front = 0;
  }

  /**
   * Makes `extra` bytes of room at an end of the list, in the node there: a larger block, or a better place in the
   * present one where that has much to spare or may not grow.
   */
  #makeRoom(i: number, extra: number, atHead: boolean): void {
    const nodes = this.#nodes;
    const total = this.#nodeBytes(i);
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
    const nodes = this.#nodes;
    const ref = nodes.ref(i);
    const bytes = this.#bytes(i);
    const start = this.#start(i);
    const total = this.#nodeBytes(i);
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
    const i = this.#nodes.length - 1;
    if (i <= 0) return;
    const total = this.#nodeBytes(i);
    if (!this.#arena.suits(this.#nodes.ref(i), total)) this.#place(i, total, 0);
  }

  /** Before a node comes in front of the first one: that one is moved to its block's beginning and cut to its size. */
  #sealHead(): void {
    if (this.#nodes.length === 0) return;
    const isOnly = this.#nodes.length === 1;
    const size = isOnly ? this.#arena.usable(this.#nodes.ref(0)) : this.#nodeBytes(0);
    if (this.#front > 0 || !this.#arena.suits(this.#nodes.ref(0), size)) this.#place(0, size, 0);
  }

  /** Gives the node at hand another length, in place while its block suits. */
  #resizeNode(pack: Listpack, length: number): void {
    const arena = this.#arena;
    const i = this.#current;
    const ref = this.#nodes.ref(i);
    const usable = arena.usable(ref);
    const front = i === 0 ? this.#front : 0;
    if (front + length <= usable && length * 2 >= usable) return;
    const keep = Math.min(pack.bytes, length);
    const moved = this.#newBlock(length, pack.buf, pack.start, keep);
    arena.free(ref);
    this.#nodes.setRef(i, moved);
    if (i === 0) this.#front = 0;
    this.#open(i);
  }

  /** Makes two nodes of one: the second begins with the element at `place`, which is not the first. */
  #split(i: number, place: number): void {
    const nodes = this.#nodes;
    const pack = this.#open(i);
    const at = pack.seek(place);
    const moved = nodes.count(i) - place;
    const tail = pack.end() - at;
    const ref = this.#arena.alloc(EMPTY_BYTES + tail);
    const bytes = this.#arena.u8[ref >>> CHUNK_SHIFT];
    const start = (ref & OFFSET_MASK) << 3;
    writeHeader(bytes, start, EMPTY_BYTES + tail, moved);
    copyBytes(pack.buf, at, bytes, start + HEADER_BYTES, tail);
    bytes[start + HEADER_BYTES + tail] = END;
    pack.splice(this.#owner, at, tail, 0, -moved);
    nodes.setCount(i, place);
    nodes.insert(i + 1, ref, moved);
  }

  /** Joins a node with its neighbours where the limits allow it. */
  #mergeAround(i: number): void {
    if (i + 1 < this.#nodes.length) this.#merge(i);
    if (i > 0) this.#merge(i - 1);
  }

  /** Joins a node with the next one if the limits allow it. */
  #merge(i: number): void {
    const nodes = this.#nodes;
    const { bytes, elements } = this.limits;
    const extra = this.#nodeBytes(i + 1) - EMPTY_BYTES;
    const count = nodes.count(i) + nodes.count(i + 1);
    if (this.#nodeBytes(i) + extra > bytes || count > elements) return;
    const pack = this.#open(i);
    const at = pack.splice(this.#owner, pack.end(), 0, extra, nodes.count(i + 1));
    copyBytes(this.#bytes(i + 1), this.#start(i + 1) + HEADER_BYTES, pack.buf, at, extra);
    nodes.setCount(i, count);
    this.#dropNodes(i + 1, 1);
  }
}

function readU32(buf: Uint8Array, at: number): number {
  return (buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24)) >>> 0;
}
