/**
 * The quicklist: a long list as a sequence of listpacks, its nodes.
 *
 * Elements are packed into nodes of a few kilobytes, so that they cost little more than their bytes and a range of
 * them is read straight from memory, while a change at either end, or in the middle, touches one node only.
 *
 * Invariant: the elements of the nodes (./quicklist_nodes.ts) add up to the size.
 *
 * Knows nothing of keys or clients. Compression of inner nodes (`list-compress-depth`) is not done.
 *
 * @module
 */

import type { Collection, Heap } from "./collection.ts";
import type { List, ListLimits } from "./list.ts";
import { type ElementSink, type ElementView, entryBytesFor } from "./listpack.ts";
import {
  copyElements,
  removeElements,
  removeEqualElements,
  searchElements,
} from "./listpack_elements.ts";
import { QuicklistNodes } from "./quicklist_nodes.ts";

/** The JavaScript objects of one quicklist, roughly, bytes. */
const OWN_BYTES = 600;

/** A list of many nodes. */
export class Quicklist implements Collection, List {
  readonly limits: ListLimits;
  readonly #heap: Heap;
  readonly #nodes: QuicklistNodes;
  #size = 0;
  readonly #view: ElementView = { buf: new Uint8Array(0), off: 0, len: 0 };
  /** The index of the first element in the node that {@link #nodeOf} found. */
  #firstIndex = 0;

  constructor(heap: Heap, limits: ListLimits) {
    this.#heap = heap;
    this.limits = limits;
    this.#nodes = new QuicklistNodes(heap, limits);
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
    return this.#nodes.length === 1 ? this.#nodes.open(0).bytes : undefined;
  }

  /** Calls `visit` with the bytes of each node's listpack, `len` at `off`, from the head on. */
  eachNode(visit: (buf: Uint8Array, off: number, len: number) => void): void {
    for (let i = 0; i < this.#nodes.length; i++) {
      const pack = this.#nodes.open(i);
      visit(pack.buf, pack.start, pack.bytes);
    }
  }

  /** Adds a node that is a copy of the listpack at `off`, which must not be empty, behind all others. */
  appendNode(buf: Uint8Array, off: number): void {
    this.#size += this.#nodes.append(buf, off);
  }

  // --- the ends -----------------------------------------------------------------------------------------------

  /** Adds an element behind all others. O(1). */
  pushTail(buf: Uint8Array, off: number, len: number): void {
    this.#nodes.pushTail(buf, off, len);
    this.#size++;
  }

  /** Adds an element before all others. O(1). */
  pushHead(buf: Uint8Array, off: number, len: number): void {
    this.#nodes.pushHead(buf, off, len);
    this.#size++;
  }

  /** Removes the first element, which the sink gets if there is one. O(1). */
  dropHead(sink?: ElementSink): void {
    this.#nodes.dropHead(sink);
    this.#size--;
  }

  /** Removes the last element, which the sink gets if there is one. O(1). */
  dropTail(sink?: ElementSink): void {
    this.#nodes.dropTail(sink);
    this.#size--;
  }

  // --- by index -----------------------------------------------------------------------------------------------

  read(index: number): ElementView {
    const nodes = this.#nodes;
    if (index === 0) {
      const pack = nodes.open(0);
      pack.view(pack.front(), this.#view);
    } else if (index === this.#size - 1) {
      const pack = nodes.open(nodes.length - 1);
      pack.view(pack.last(), this.#view);
    } else {
      const pack = nodes.open(this.#nodeOf(index));
      pack.view(pack.seek(index - this.#firstIndex), this.#view);
    }
    return this.#view;
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
      const pack = nodes.open(i);
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
        nodes.remove(i, whole);
        continue;
      }
      const held = nodes.count(i);
      const taken = Math.min(count, held - index);
      const pack = nodes.open(i);
      removeElements(pack, nodes, pack.seek(index), taken);
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
    const pack = nodes.open(i);
    const at = pack.seek(place);
    const grown = pack.bytes - pack.entryBytes(at) + entryBytesFor(buf, off, len);
    const alone = nodes.count(i) === 1;
    if (grown <= this.limits.bytes && !alone) {
      pack.replace(nodes, at, buf, off, len);
      return;
    }
    // Too much for this node: the element gets one of its own, and goes back once it fits again.
    if (!alone) {
      if (place < nodes.count(i) - 1) nodes.split(i, place + 1);
      if (place > 0) nodes.split(i++, place);
    }
    const single = nodes.open(i);
    single.replace(nodes, single.front(), buf, off, len);
    nodes.mergeAround(i);
  }

  insert(index: number, buf: Uint8Array, off: number, len: number): void {
    if (index === this.#size) return this.pushTail(buf, off, len);
    if (index === 0) return this.pushHead(buf, off, len);
    const nodes = this.#nodes;
    let i = this.#nodeOf(index);
    let place = index - this.#firstIndex;
    if (!nodes.accepts(i, len) && place === 0 && nodes.accepts(i - 1, len)) {
      i--;
      place = nodes.count(i);
    }
    if (nodes.accepts(i, len)) {
      const pack = nodes.open(i);
      const at = place === nodes.count(i) ? pack.end() : pack.seek(place);
      pack.insert(nodes, at, buf, off, len);
      nodes.setCount(i, nodes.count(i) + 1);
      this.#size++;
      return;
    }
    if (place > 0) nodes.split(i++, place);
    nodes.insertOne(i, buf, off, len, 0);
    this.#size++;
    nodes.mergeAround(i);
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
      const pack = nodes.open(i);
      const here = removeEqualElements(pack, nodes, buf, off, len, left, backwards);
      removed += here;
      this.#size -= here;
      const count = nodes.count(i) - here;
      nodes.setCount(i, count);
      if (count === 0) nodes.remove(i, 1);
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
      if (!searchElements(nodes.open(i), buf, off, len, left, backwards, visitHere)) return;
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
    if (this.#nodes.dismantle()) return true;
    this.#heap.meter.bytes -= OWN_BYTES;
    return false;
  }

  relocate(position: number): number {
    return this.#nodes.relocate(position);
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
}
