/**
 * The nodes of a {@link ./score_tree.ts | score tree}, as blocks in the arena.
 *
 *     leaf    u32 count | u32 next leaf | u32 previous leaf | u32 –
 *             f64 score × 41 | u32 record × 41
 *     inner   u32 count | u32 –
 *             f64 first score × 50 | u32 child × 50 | u32 entries below × 50 | u32 first record × 50
 *
 * Scores stand side by side, so that a search among them touches few cache lines and no record. An inner node knows of
 * each child how many entries lie below it and which is the first of them.
 *
 * Knows nothing of order or balance: it opens, moves and closes ranges of entries.
 *
 * @module
 */

import { type Arena, CHUNK_SHIFT, OFFSET_MASK, type Ref } from "../memory/arena.ts";

/** Entries that a leaf can hold. */
export const LEAF_CAPACITY = 41;
/** Children that an inner node can have. */
export const INNER_CAPACITY = 50;

const LEAF_BYTES = 16 + LEAF_CAPACITY * 12;
const INNER_BYTES = 8 + INNER_CAPACITY * 20;

/** In doubles from a node's beginning. */
const LEAF_SCORES = 2;
const INNER_SCORES = 1;
/** In words from a node's beginning. */
const NEXT = 1;
const PREVIOUS = 2;
const LEAF_REFS = 2 * (LEAF_SCORES + LEAF_CAPACITY);
const CHILDREN = 2 * (INNER_SCORES + INNER_CAPACITY);
const SIZES = CHILDREN + INNER_CAPACITY;
const FIRST_REFS = SIZES + INNER_CAPACITY;

/** Reads and writes nodes by their refs. */
export class ScoreTreeNodes {
  readonly #arena: Arena;

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** Entries of a leaf or children of an inner node. */
  count(node: Ref): number {
    return this.#arena.u32[node >>> CHUNK_SHIFT][(node & OFFSET_MASK) << 1];
  }

  free(node: Ref): void {
    this.#arena.free(node);
  }

  /** {@link Arena.evacuate} for a node; links and parents are the caller's to mend. */
  evacuate(node: Ref): Ref {
    return this.#arena.evacuate(node);
  }

  // --- leaves --------------------------------------------------------------------------------------------------

  newLeaf(): Ref {
    const leaf = this.#arena.alloc(LEAF_BYTES);
    const words = this.#arena.u32[leaf >>> CHUNK_SHIFT];
    const word = (leaf & OFFSET_MASK) << 1;
    words[word] = words[word + NEXT] = words[word + PREVIOUS] = 0;
    return leaf;
  }

  score(leaf: Ref, i: number): number {
    return this.#arena.f64[leaf >>> CHUNK_SHIFT][(leaf & OFFSET_MASK) + LEAF_SCORES + i];
  }

  ref(leaf: Ref, i: number): Ref {
    return this.#arena.u32[leaf >>> CHUNK_SHIFT][((leaf & OFFSET_MASK) << 1) + LEAF_REFS + i];
  }

  setEntry(leaf: Ref, i: number, score: number, ref: Ref): void {
    const chunk = leaf >>> CHUNK_SHIFT;
    const unit = leaf & OFFSET_MASK;
    this.#arena.f64[chunk][unit + LEAF_SCORES + i] = score;
    this.#arena.u32[chunk][(unit << 1) + LEAF_REFS + i] = ref;
  }

  next(leaf: Ref): Ref {
    return this.#arena.u32[leaf >>> CHUNK_SHIFT][((leaf & OFFSET_MASK) << 1) + NEXT];
  }

  previous(leaf: Ref): Ref {
    return this.#arena.u32[leaf >>> CHUNK_SHIFT][((leaf & OFFSET_MASK) << 1) + PREVIOUS];
  }

  /** Makes two leaves neighbours; either may be 0. */
  link(left: Ref, right: Ref): void {
    const words = this.#arena.u32;
    if (left !== 0) words[left >>> CHUNK_SHIFT][((left & OFFSET_MASK) << 1) + NEXT] = right;
    if (right !== 0) words[right >>> CHUNK_SHIFT][((right & OFFSET_MASK) << 1) + PREVIOUS] = left;
  }

  /** How many entries of a leaf have a score below a bound, or up to it. */
  entriesBelow(leaf: Ref, bound: number, inclusive: boolean): number {
    const unit = leaf & OFFSET_MASK;
    const doubles = this.#arena.f64[leaf >>> CHUNK_SHIFT];
    const scores = unit + LEAF_SCORES;
    let low = scores;
    let high = scores + this.#arena.u32[leaf >>> CHUNK_SHIFT][unit << 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      const score = doubles[middle];
      if (score < bound || (inclusive && score === bound)) low = middle + 1;
      else high = middle;
    }
    return low - scores;
  }

  /** Inserts an entry before the `at`th; there must be room. */
  insertEntry(leaf: Ref, at: number, score: number, ref: Ref): void {
    const chunk = leaf >>> CHUNK_SHIFT;
    const unit = leaf & OFFSET_MASK;
    const words = this.#arena.u32[chunk];
    const doubles = this.#arena.f64[chunk];
    const count = words[unit << 1];
    const scores = unit + LEAF_SCORES;
    const refs = (unit << 1) + LEAF_REFS;
    for (let i = count; i > at; i--) {
      doubles[scores + i] = doubles[scores + i - 1];
      words[refs + i] = words[refs + i - 1];
    }
    doubles[scores + at] = score;
    words[refs + at] = ref;
    words[unit << 1] = count + 1;
  }

  /** Removes `length` entries from the `at`th on. */
  removeEntries(leaf: Ref, at: number, length: number): void {
    const chunk = leaf >>> CHUNK_SHIFT;
    const unit = leaf & OFFSET_MASK;
    const words = this.#arena.u32[chunk];
    const doubles = this.#arena.f64[chunk];
    const count = words[unit << 1] - length;
    const scores = unit + LEAF_SCORES;
    const refs = (unit << 1) + LEAF_REFS;
    for (let i = at; i < count; i++) {
      doubles[scores + i] = doubles[scores + i + length];
      words[refs + i] = words[refs + i + length];
    }
    words[unit << 1] = count;
  }

  /** Moves `length` entries from the `at`th of a leaf on before the `to`th of another one. */
  moveEntries(from: Ref, at: number, target: Ref, to: number, length: number): void {
    const doubles = this.#arena.f64;
    const words = this.#arena.u32;
    const fromUnit = from & OFFSET_MASK;
    const toUnit = target & OFFSET_MASK;
    const counts: Counts = {
      from: this.count(from),
      to: this.count(target),
      at,
      target: to,
      length,
    };
    const fromChunk = from >>> CHUNK_SHIFT;
    const toChunk = target >>> CHUNK_SHIFT;
    transfer(
      doubles[fromChunk],
      fromUnit + LEAF_SCORES,
      doubles[toChunk],
      toUnit + LEAF_SCORES,
      counts,
    );
    transfer(
      words[fromChunk],
      (fromUnit << 1) + LEAF_REFS,
      words[toChunk],
      (toUnit << 1) + LEAF_REFS,
      counts,
    );
    this.#setCount(from, counts.from - length);
    this.#setCount(target, counts.to + length);
  }

  // --- inner nodes ---------------------------------------------------------------------------------------------

  newInner(): Ref {
    const node = this.#arena.alloc(INNER_BYTES);
    this.#setCount(node, 0);
    return node;
  }

  child(node: Ref, i: number): Ref {
    return this.#arena.u32[node >>> CHUNK_SHIFT][((node & OFFSET_MASK) << 1) + CHILDREN + i];
  }

  setChild(node: Ref, i: number, child: Ref): void {
    this.#arena.u32[node >>> CHUNK_SHIFT][((node & OFFSET_MASK) << 1) + CHILDREN + i] = child;
  }

  /** How many entries lie below the `i`th child. */
  size(node: Ref, i: number): number {
    return this.#arena.u32[node >>> CHUNK_SHIFT][((node & OFFSET_MASK) << 1) + SIZES + i];
  }

  setSize(node: Ref, i: number, size: number): void {
    this.#arena.u32[node >>> CHUNK_SHIFT][((node & OFFSET_MASK) << 1) + SIZES + i] = size;
  }

  addSize(node: Ref, i: number, difference: number): void {
    this.#arena.u32[node >>> CHUNK_SHIFT][((node & OFFSET_MASK) << 1) + SIZES + i] += difference;
  }

  /** How many entries lie below the first `slots` children. */
  sizeBefore(node: Ref, slots: number): number {
    const words = this.#arena.u32[node >>> CHUNK_SHIFT];
    const first = ((node & OFFSET_MASK) << 1) + SIZES;
    let sum = 0;
    for (let at = first; at < first + slots; at++) sum += words[at];
    return sum;
  }

  /** The child that has the entry of a rank among those below the node. */
  childOfRank(node: Ref, rank: number): number {
    const words = this.#arena.u32[node >>> CHUNK_SHIFT];
    const first = ((node & OFFSET_MASK) << 1) + SIZES;
    let at = first;
    for (let left = rank; left >= words[at]; at++) left -= words[at];
    return at - first;
  }

  /** The last child whose first entry has a score below a bound, or up to it; the first child if none has. */
  childBelow(node: Ref, bound: number, inclusive: boolean): number {
    const unit = node & OFFSET_MASK;
    const doubles = this.#arena.f64[node >>> CHUNK_SHIFT];
    const scores = unit + INNER_SCORES;
    let low = scores;
    let high = scores + this.#arena.u32[node >>> CHUNK_SHIFT][unit << 1] - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      const score = doubles[middle];
      if (score < bound || (inclusive && score === bound)) low = middle;
      else high = middle - 1;
    }
    return low - scores;
  }

  /** The score of the first entry below the `i`th child. */
  firstScore(node: Ref, i: number): number {
    return this.#arena.f64[node >>> CHUNK_SHIFT][(node & OFFSET_MASK) + INNER_SCORES + i];
  }

  /** The record of the first entry below the `i`th child. */
  firstRef(node: Ref, i: number): Ref {
    return this.#arena.u32[node >>> CHUNK_SHIFT][((node & OFFSET_MASK) << 1) + FIRST_REFS + i];
  }

  setFirst(node: Ref, i: number, score: number, ref: Ref): void {
    const chunk = node >>> CHUNK_SHIFT;
    const unit = node & OFFSET_MASK;
    this.#arena.f64[chunk][unit + INNER_SCORES + i] = score;
    this.#arena.u32[chunk][(unit << 1) + FIRST_REFS + i] = ref;
  }

  /** Inserts a child before the `at`th; its size and first entry are for the caller to set. There must be room. */
  insertChild(node: Ref, at: number, child: Ref): void {
    const chunk = node >>> CHUNK_SHIFT;
    const unit = node & OFFSET_MASK;
    const words = this.#arena.u32[chunk];
    const doubles = this.#arena.f64[chunk];
    const count = words[unit << 1];
    shift(doubles, unit + INNER_SCORES, at, count, 1);
    shift(words, (unit << 1) + CHILDREN, at, count, 1);
    shift(words, (unit << 1) + SIZES, at, count, 1);
    shift(words, (unit << 1) + FIRST_REFS, at, count, 1);
    words[(unit << 1) + CHILDREN + at] = child;
    words[unit << 1] = count + 1;
  }

  removeChild(node: Ref, at: number): void {
    const chunk = node >>> CHUNK_SHIFT;
    const unit = node & OFFSET_MASK;
    const words = this.#arena.u32[chunk];
    const doubles = this.#arena.f64[chunk];
    const count = words[unit << 1];
    shift(doubles, unit + INNER_SCORES, at + 1, count, -1);
    shift(words, (unit << 1) + CHILDREN, at + 1, count, -1);
    shift(words, (unit << 1) + SIZES, at + 1, count, -1);
    shift(words, (unit << 1) + FIRST_REFS, at + 1, count, -1);
    words[unit << 1] = count - 1;
  }

  /** Moves `length` children from the `at`th of a node on before the `to`th of another one. */
  moveChildren(from: Ref, at: number, target: Ref, to: number, length: number): void {
    const source = this.#arena.u32[from >>> CHUNK_SHIFT];
    const goal = this.#arena.u32[target >>> CHUNK_SHIFT];
    const fromUnit = from & OFFSET_MASK;
    const toUnit = target & OFFSET_MASK;
    const counts: Counts = {
      from: this.count(from),
      to: this.count(target),
      at,
      target: to,
      length,
    };
    transfer(
      this.#arena.f64[from >>> CHUNK_SHIFT],
      fromUnit + INNER_SCORES,
      this.#arena.f64[target >>> CHUNK_SHIFT],
      toUnit + INNER_SCORES,
      counts,
    );
    const fromWord = fromUnit << 1;
    const toWord = toUnit << 1;
    transfer(source, fromWord + CHILDREN, goal, toWord + CHILDREN, counts);
    transfer(source, fromWord + SIZES, goal, toWord + SIZES, counts);
    transfer(source, fromWord + FIRST_REFS, goal, toWord + FIRST_REFS, counts);
    this.#setCount(from, counts.from - length);
    this.#setCount(target, counts.to + length);
  }

  #setCount(node: Ref, count: number): void {
    this.#arena.u32[node >>> CHUNK_SHIFT][(node & OFFSET_MASK) << 1] = count;
  }
}

/** What is moved between two nodes, which have so many entries before. */
interface Counts {
  readonly from: number;
  readonly to: number;
  readonly at: number;
  readonly target: number;
  readonly length: number;
}

type Column = Float64Array | Uint32Array;

/** Moves the elements of one column from `at` up to `count` by some places. */
function shift(column: Column, base: number, at: number, count: number, by: number): void {
  column.copyWithin(base + at + by, base + at, base + count);
}

/** Moves elements from one node's column to the other's: opens a gap there and closes the one here. */
function transfer(
  source: Column,
  sourceBase: number,
  goal: Column,
  goalBase: number,
  { from, to, at, target, length }: Counts,
): void {
  shift(goal, goalBase, target, to, length);
  for (let i = 0; i < length; i++) goal[goalBase + target + i] = source[sourceBase + at + i];
  shift(source, sourceBase, at + length, from, -length);
}
