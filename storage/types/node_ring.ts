/**
 * The nodes of a quicklist in their order: blocks of the arena, each with the number of its elements.
 *
 * A ring of two typed arrays, so that both ends grow and shrink in O(1), and a walk over a million elements looks at a
 * few kilobytes of counts.
 *
 * @module
 */

import type { Meter } from "./collection.ts";
import type { Ref } from "../memory/arena.ts";

const INITIAL_CAPACITY = 8;
const BYTES_PER_NODE = 8;

/** A sequence of nodes. */
export class NodeRing {
  readonly #meter: Meter;
  #refs = new Uint32Array(INITIAL_CAPACITY);
  #counts = new Uint32Array(INITIAL_CAPACITY);
  /** Where the first node stands in the arrays, and the mask that makes them a ring. */
  #head = 0;
  #mask = INITIAL_CAPACITY - 1;
  #length = 0;

  constructor(meter: Meter) {
    this.#meter = meter;
    meter.bytes += INITIAL_CAPACITY * BYTES_PER_NODE;
  }

  /** The number of nodes. */
  get length(): number {
    return this.#length;
  }

  ref(i: number): Ref {
    return this.#refs[(this.#head + i) & this.#mask];
  }

  setRef(i: number, ref: Ref): void {
    this.#refs[(this.#head + i) & this.#mask] = ref;
  }

  /** The number of elements in a node. */
  count(i: number): number {
    return this.#counts[(this.#head + i) & this.#mask];
  }

  setCount(i: number, count: number): void {
    this.#counts[(this.#head + i) & this.#mask] = count;
  }

  /** Puts a node at place `i`; those from there on move by one. O(1) at the ends, else O(nodes to the nearer end). */
  insert(i: number, ref: Ref, count: number): void {
    if (this.#length > this.#mask) this.#resize((this.#mask + 1) * 2);
    if (i * 2 < this.#length) {
      this.#head = (this.#head - 1) & this.#mask;
      for (let k = 0; k < i; k++) this.#move(k + 1, k);
    } else {
      for (let k = this.#length; k > i; k--) this.#move(k - 1, k);
    }
    this.#length++;
    this.setRef(i, ref);
    this.setCount(i, count);
  }

  /** Takes `n` nodes out from place `i` on. O(1) at the ends, else O(nodes to the nearer end). */
  remove(i: number, n: number): void {
    if (i < this.#length - i - n) {
      for (let k = i - 1; k >= 0; k--) this.#move(k, k + n);
      this.#head = (this.#head + n) & this.#mask;
    } else {
      for (let k = i + n; k < this.#length; k++) this.#move(k, k - n);
    }
    this.#length -= n;
    const capacity = this.#mask + 1;
    if (capacity > INITIAL_CAPACITY && this.#length * 4 < capacity) {
      let smaller = capacity / 2;
      while (smaller > INITIAL_CAPACITY && this.#length * 2 < smaller) smaller /= 2;
      this.#resize(smaller);
    }
  }

  /** Forgets all nodes and gives the arrays back; the last call. */
  dispose(): void {
    this.#meter.bytes -= (this.#mask + 1) * BYTES_PER_NODE;
    this.#refs = this.#counts = new Uint32Array(1);
    this.#head = this.#mask = this.#length = 0;
  }

  #move(from: number, to: number): void {
    const source = (this.#head + from) & this.#mask;
    const target = (this.#head + to) & this.#mask;
    this.#refs[target] = this.#refs[source];
    this.#counts[target] = this.#counts[source];
  }

  #resize(capacity: number): void {
    const refs = new Uint32Array(capacity);
    const counts = new Uint32Array(capacity);
    for (let i = 0; i < this.#length; i++) {
      refs[i] = this.ref(i);
      counts[i] = this.count(i);
    }
    this.#meter.bytes += (capacity - this.#mask - 1) * BYTES_PER_NODE;
    this.#refs = refs;
    this.#counts = counts;
    this.#head = 0;
    this.#mask = capacity - 1;
  }
}
