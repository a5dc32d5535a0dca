/**
 * The ID tree: an ordered map from 128-bit IDs to a few uint32 words, as a B+ tree in the arena.
 *
 *     node    word 0: count | level << 16 (level 0 is a leaf), then the records, ascending
 *     record  four words of ID, most significant first; in a leaf the payload's words, above it the child's ref
 *
 * Of a child, its record's ID is a lower bound that the IDs of its left neighbours do not reach; that of a node's first
 * child counts for nothing. Entries come mostly in ascending order, so a full node at the right edge is not halved:
 * a new neighbour begins, and what stands behind stays full. Sparse nodes merge with a neighbour. An empty tree takes
 * no memory, a small one a small block.
 *
 * Knows nothing of streams: their index of nodes and their pending lists are such trees.
 *
 * @module
 */

import { type Arena, CHUNK_SHIFT, OFFSET_MASK, type Ref } from "../memory/arena.ts";
import { StreamId } from "./stream_id.ts";

const ID_WORDS = 4;
const HEADER_WORDS = 1;
const INNER_WIDTH = ID_WORDS + 1;
const COUNT_MASK = 0xffff;
const LEVEL_SHIFT = 16;
/** Bytes of a full node. */
const NODE_BYTES = 2048;
const NODE_WORDS = NODE_BYTES / 4;
const INNER_CAPACITY = Math.floor((NODE_WORDS - HEADER_WORDS) / INNER_WIDTH);
/** Records that a tree's first block has room for. */
const FIRST_ROOM = 2;

/** A place in a tree: one of its records. Good until the tree changes, except where its payload is written. */
export class IdPlace {
  /** The record lies in these words … */
  words: Uint32Array = new Uint32Array(0);
  /** … from here on. */
  at = 0;
  readonly #tree: IdTree;
  #index = 0;
  #count = 0;

  constructor(tree: IdTree) {
    this.#tree = tree;
  }

  /** Puts the record's ID into `id`. */
  readId(id: StreamId): StreamId {
    return id.readWords(this.words, this.at);
  }

  /** A word of the payload. */
  get(word: number): number {
    return this.words[this.at + ID_WORDS + word];
  }

  put(word: number, value: number): void {
    this.words[this.at + ID_WORDS + word] = value;
  }

  /** Goes to the next record; false when there is none. */
  next(): boolean {
    if (this.#index + 1 < this.#count) {
      this.#index++;
      this.at += this.#tree.width;
      return true;
    }
    const id = this.readId(new StreamId());
    return id.increment() && this.#tree.seekAtLeast(id, this);
  }

  /** Goes to the previous record; false when there is none. */
  previous(): boolean {
    if (this.#index > 0) {
      this.#index--;
      this.at -= this.#tree.width;
      return true;
    }
    const id = this.readId(new StreamId());
    return id.decrement() && this.#tree.seekAtMost(id, this);
  }

  /** For the tree only: takes up a place. */
  moveTo(words: Uint32Array, leafAt: number, index: number, count: number): void {
    this.words = words;
    this.at = leafAt + HEADER_WORDS + index * this.#tree.width;
    this.#index = index;
    this.#count = count;
  }
}

/** An ordered map from IDs to words. All operations are O(log n) unless said otherwise. */
export class IdTree {
  /** Words of a leaf's record. */
  readonly width: number;
  readonly #arena: Arena;
  readonly #leafCapacity: number;
  readonly #hit: IdPlace;
  #root: Ref = 0;
  #size = 0;

  /** @param payload words that each ID leads to */
  constructor(arena: Arena, payload: number) {
    this.#arena = arena;
    this.width = ID_WORDS + payload;
    this.#leafCapacity = Math.floor((NODE_WORDS - HEADER_WORDS) / this.width);
    this.#hit = new IdPlace(this);
  }

  /** How many IDs there are. */
  get size(): number {
    return this.#size;
  }

  // --- looking up ----------------------------------------------------------------------------------------------

  /** The place of an ID, or undefined. The answer is reused by the next call. */
  find(id: StreamId): IdPlace | undefined {
    let ref = this.#root;
    if (ref === 0) return undefined;
    for (;;) {
      const words = this.#arena.u32[ref >>> CHUNK_SHIFT];
      const at = (ref & OFFSET_MASK) << 1;
      const head = words[at];
      const count = head & COUNT_MASK;
      if (head >>> LEVEL_SHIFT === 0) {
        const index = lowerBound(words, at + HEADER_WORDS, count, this.width, id);
        if (index === count) return undefined;
        this.#hit.moveTo(words, at, index, count);
        return compareAt(words, this.#hit.at, id) === 0 ? this.#hit : undefined;
      }
      ref = words[childAt(at, childIndex(words, at, count, id))];
    }
  }

  has(id: StreamId): boolean {
    return this.find(id) !== undefined;
  }

  /** The first place, or undefined. The answer is reused by the next call. */
  first(): IdPlace | undefined {
    return this.#edge(false);
  }

  /** The last place, or undefined. The answer is reused by the next call. */
  last(): IdPlace | undefined {
    return this.#edge(true);
  }

  #edge(last: boolean): IdPlace | undefined {
    if (this.#root === 0) return undefined;
    this.#toEdge(this.#root, last, this.#hit);
    return this.#hit;
  }

  #toEdge(ref: Ref, last: boolean, place: IdPlace): void {
    for (;;) {
      const words = this.#arena.u32[ref >>> CHUNK_SHIFT];
      const at = (ref & OFFSET_MASK) << 1;
      const head = words[at];
      const count = head & COUNT_MASK;
      const index = last ? count - 1 : 0;
      if (head >>> LEVEL_SHIFT === 0) return place.moveTo(words, at, index, count);
      ref = words[childAt(at, index)];
    }
  }

  /** Puts a place at the first ID that is not before this one; false when there is none. */
  seekAtLeast(id: StreamId, place: IdPlace): boolean {
    let ref = this.#root;
    if (ref === 0) return false;
    // The subtree right of the way down: where to go on when the leaf ends before the ID.
    let right = 0;
    for (;;) {
      const words = this.#arena.u32[ref >>> CHUNK_SHIFT];
      const at = (ref & OFFSET_MASK) << 1;
      const head = words[at];
      const count = head & COUNT_MASK;
      if (head >>> LEVEL_SHIFT === 0) {
        const index = lowerBound(words, at + HEADER_WORDS, count, this.width, id);
        if (index < count) place.moveTo(words, at, index, count);
        else if (right === 0) return false;
        else this.#toEdge(right, false, place);
        return true;
      }
      const child = childIndex(words, at, count, id);
      if (child + 1 < count) right = words[childAt(at, child + 1)];
      ref = words[childAt(at, child)];
    }
  }

  /** Puts a place at the last ID that is not after this one; false when there is none. */
  seekAtMost(id: StreamId, place: IdPlace): boolean {
    let ref = this.#root;
    if (ref === 0) return false;
    let left = 0;
    for (;;) {
      const words = this.#arena.u32[ref >>> CHUNK_SHIFT];
      const at = (ref & OFFSET_MASK) << 1;
      const head = words[at];
      const count = head & COUNT_MASK;
      if (head >>> LEVEL_SHIFT === 0) {
        const first = at + HEADER_WORDS;
        let index = lowerBound(words, first, count, this.width, id);
        if (index === count || compareAt(words, first + index * this.width, id) > 0) index--;
        if (index >= 0) place.moveTo(words, at, index, count);
        else if (left === 0) return false;
        else this.#toEdge(left, true, place);
        return true;
      }
      const child = childIndex(words, at, count, id);
      if (child > 0) left = words[childAt(at, child - 1)];
      ref = words[childAt(at, child)];
    }
  }

  // --- changing --------------------------------------------------------------------------------------------------

  /**
   * Enters an ID that is not in the tree yet; its payload is then to be written at the place answered, which is
   * reused by the next call.
   */
  insert(id: StreamId): IdPlace {
    const arena = this.#arena;
    if (this.#root === 0) this.#root = this.#newNode(0, FIRST_ROOM * this.width + HEADER_WORDS);
    if (this.#isFull(this.#root)) this.#growRoot();
    this.#size++;
    let ref = this.#root;
    let atEdge = true;
    // A full child is split on the way down, so that its parent always has the room for another one.
    for (;;) {
      const words = arena.u32[ref >>> CHUNK_SHIFT];
      const at = (ref & OFFSET_MASK) << 1;
      const head = words[at];
      const count = head & COUNT_MASK;
      if (head >>> LEVEL_SHIFT === 0) {
        const first = at + HEADER_WORDS;
        const index = lowerBound(words, first, count, this.width, id);
        openGap(words, first, index, count, this.width);
        words[at] = head + 1;
        id.writeWords(words, first + index * this.width);
        this.#hit.moveTo(words, at, index, count + 1);
        return this.#hit;
      }
      let child = childIndex(words, at, count, id);
      atEdge &&= child === count - 1;
      if (this.#isFull(words[childAt(at, child)])) {
        this.#splitChild(ref, child, id, atEdge);
        child = childIndex(words, at, count + 1, id);
      }
      ref = words[childAt(at, child)];
    }
  }

  /** Takes an ID out; false when it is not there. */
  remove(id: StreamId): boolean {
    if (this.#root === 0 || !this.#removeBelow(this.#root, id)) return false;
    this.#size--;
    for (;;) {
      const root = this.#root;
      const words = this.#arena.u32[root >>> CHUNK_SHIFT];
      const at = (root & OFFSET_MASK) << 1;
      const count = words[at] & COUNT_MASK;
      const isLeaf = words[at] >>> LEVEL_SHIFT === 0;
      if (count > 1 || (count === 1 && isLeaf)) return true;
      this.#root = count === 0 ? 0 : words[childAt(at, 0)];
      this.#arena.free(root);
      if (this.#root === 0) return true;
    }
  }

  #removeBelow(ref: Ref, id: StreamId): boolean {
    const arena = this.#arena;
    const words = arena.u32[ref >>> CHUNK_SHIFT];
    const at = (ref & OFFSET_MASK) << 1;
    const head = words[at];
    const count = head & COUNT_MASK;
    if (head >>> LEVEL_SHIFT === 0) {
      const first = at + HEADER_WORDS;
      const index = lowerBound(words, first, count, this.width, id);
      if (index === count || compareAt(words, first + index * this.width, id) !== 0) return false;
      closeGap(words, first, index, count, this.width);
      words[at] = head - 1;
      return true;
    }
    const index = childIndex(words, at, count, id);
    const child = words[childAt(at, index)];
    if (!this.#removeBelow(child, id)) return false;
    const left = this.#countOf(child);
    if (left === 0) {
      arena.free(child);
      closeGap(words, at + HEADER_WORDS, index, count, INNER_WIDTH);
      words[at] = head - 1;
    } else if (left <= this.#capacityOf(child) >>> 2) {
      if (index + 1 < count) this.#merge(words, at, index);
      else if (index > 0) this.#merge(words, at, index - 1);
    }
    return true;
  }

  /** Joins the child of that index with the next one, if one node holds both and leaves room. */
  #merge(words: Uint32Array, at: number, index: number): void {
    const arena = this.#arena;
    const into = words[childAt(at, index)];
    const from = words[childAt(at, index + 1)];
    const kept = this.#countOf(into);
    const added = this.#countOf(from);
    const capacity = this.#capacityOf(into);
    if (kept + added > (capacity * 3) >>> 2) return;
    const target = arena.u32[into >>> CHUNK_SHIFT];
    const targetAt = (into & OFFSET_MASK) << 1;
    const source = arena.u32[from >>> CHUNK_SHIFT];
    const first = ((from & OFFSET_MASK) << 1) + HEADER_WORDS;
    const isLeaf = target[targetAt] >>> LEVEL_SHIFT === 0;
    const width = isLeaf ? this.width : INNER_WIDTH;
    // What counted for nothing in a first child's record becomes a bound like any other.
    if (!isLeaf) copyWords(words, childAt(at, index + 1) - ID_WORDS, source, first, ID_WORDS);
    copyWords(source, first, target, targetAt + HEADER_WORDS + kept * width, added * width);
    target[targetAt] += added;
    arena.free(from);
    closeGap(words, at + HEADER_WORDS, index + 1, words[at] & COUNT_MASK, INNER_WIDTH);
    words[at]--;
  }

  /** Gives a full root more room, or a new root above it. */
  #growRoot(): void {
    const arena = this.#arena;
    const root = this.#root;
    if (arena.usable(root) < NODE_BYTES) {
      this.#root = arena.resize(root, Math.min(NODE_BYTES, arena.usable(root) * 2));
      return;
    }
    const level = arena.u32[root >>> CHUNK_SHIFT][(root & OFFSET_MASK) << 1] >>> LEVEL_SHIFT;
    const above = this.#newNode(level + 1, NODE_WORDS);
    const words = arena.u32[above >>> CHUNK_SHIFT];
    const at = (above & OFFSET_MASK) << 1;
    words.fill(0, at + HEADER_WORDS, at + HEADER_WORDS + ID_WORDS);
    words[childAt(at, 0)] = root;
    words[at]++;
    this.#root = above;
  }

  /** Divides a full child in two; `id` is what is about to be inserted there. */
  #splitChild(parent: Ref, index: number, id: StreamId, atEdge: boolean): void {
    const arena = this.#arena;
    const words = arena.u32[parent >>> CHUNK_SHIFT];
    const at = (parent & OFFSET_MASK) << 1;
    const child = words[childAt(at, index)];
    const source = arena.u32[child >>> CHUNK_SHIFT];
    const sourceAt = (child & OFFSET_MASK) << 1;
    const count = source[sourceAt] & COUNT_MASK;
    const level = source[sourceAt] >>> LEVEL_SHIFT;
    const width = level === 0 ? this.width : INNER_WIDTH;
    const first = sourceAt + HEADER_WORDS;

    let keep = count >>> 1;
    if (atEdge && compareAt(source, first + (count - 1) * width, id) < 0) {
      // A leaf may stay full; an inner node needs one child at least.
      keep = level === 0 ? count : count - 1;
    }
    const sibling = this.#newNode(level, NODE_WORDS);
    const target = arena.u32[sibling >>> CHUNK_SHIFT];
    const targetAt = (sibling & OFFSET_MASK) << 1;
    copyWords(
      source,
      first + keep * width,
      target,
      targetAt + HEADER_WORDS,
      (count - keep) * width,
    );
    target[targetAt] += count - keep;
    source[sourceAt] -= count - keep;

    openGap(words, at + HEADER_WORDS, index + 1, words[at] & COUNT_MASK, INNER_WIDTH);
    words[at]++;
    const bound = childAt(at, index + 1) - ID_WORDS;
    if (keep === count) id.writeWords(words, bound);
    else copyWords(target, targetAt + HEADER_WORDS, words, bound, ID_WORDS);
    words[childAt(at, index + 1)] = sibling;
  }

  #newNode(level: number, words: number): Ref {
    const ref = this.#arena.alloc(words * 4);
    this.#arena.u32[ref >>> CHUNK_SHIFT][(ref & OFFSET_MASK) << 1] = level << LEVEL_SHIFT;
    return ref;
  }

  #countOf(ref: Ref): number {
    return this.#arena.u32[ref >>> CHUNK_SHIFT][(ref & OFFSET_MASK) << 1] & COUNT_MASK;
  }

  #isLeaf(ref: Ref): boolean {
    return this.#arena.u32[ref >>> CHUNK_SHIFT][(ref & OFFSET_MASK) << 1] >>> LEVEL_SHIFT === 0;
  }

  #capacityOf(ref: Ref): number {
    return this.#isLeaf(ref) ? this.#leafCapacity : INNER_CAPACITY;
  }

  #isFull(ref: Ref): boolean {
    const count = this.#countOf(ref);
    if (!this.#isLeaf(ref)) return count >= INNER_CAPACITY;
    if (count >= this.#leafCapacity) return true;
    // Only a root that is a leaf may be smaller than a node.
    return ref === this.#root &&
      (HEADER_WORDS + (count + 1) * this.width) * 4 > this.#arena.usable(ref);
  }

  // --- as a whole ------------------------------------------------------------------------------------------------

  /** A copy that shares nothing. O(n). */
  clone(): IdTree {
    const copy = new IdTree(this.#arena, this.width - ID_WORDS);
    if (this.#root !== 0) copy.#root = this.#cloneNode(this.#root);
    copy.#size = this.#size;
    return copy;
  }

  #cloneNode(ref: Ref): Ref {
    const copy = this.#arena.copy(ref);
    if (this.#isLeaf(copy)) return copy;
    const words = this.#arena.u32[copy >>> CHUNK_SHIFT];
    const at = (copy & OFFSET_MASK) << 1;
    for (let i = this.#countOf(copy) - 1; i >= 0; i--) {
      words[childAt(at, i)] = this.#cloneNode(words[childAt(at, i)]);
    }
    return copy;
  }

  /** Gives the memory back, yielding after each block; the tree is empty once the first step is done. */
  *dismantle(): Generator<void> {
    const root = this.#root;
    this.#root = this.#size = 0;
    if (root !== 0) yield* this.#freeBelow(root);
  }

  *#freeBelow(ref: Ref): Generator<void> {
    if (!this.#isLeaf(ref)) {
      const at = (ref & OFFSET_MASK) << 1;
      const count = this.#countOf(ref);
      for (let i = 0; i < count; i++) {
        yield* this.#freeBelow(this.#arena.u32[ref >>> CHUNK_SHIFT][childAt(at, i)]);
      }
    }
    this.#arena.free(ref);
    yield;
  }

  /** Moves blocks that lie in chunks being emptied, yielding after each leaf. The tree may change in between. */
  *relocate(): Generator<void> {
    const id = new StreamId();
    while (this.#root !== 0) {
      const more = this.#relocateWay(id);
      yield;
      if (!more) return;
    }
  }

  /** Moves the nodes on the way to an ID, and makes it the bound of what comes next; false at the end. */
  #relocateWay(id: StreamId): boolean {
    const next = new StreamId();
    let more = false;
    this.#root = this.#arena.evacuate(this.#root);
    let ref = this.#root;
    while (!this.#isLeaf(ref)) {
      const words = this.#arena.u32[ref >>> CHUNK_SHIFT];
      const at = (ref & OFFSET_MASK) << 1;
      const count = words[at] & COUNT_MASK;
      const index = childIndex(words, at, count, id);
      const place = childAt(at, index);
      words[place] = this.#arena.evacuate(words[place]);
      if (index + 1 < count) {
        next.readWords(words, childAt(at, index + 1) - ID_WORDS);
        more = true;
      }
      ref = words[place];
    }
    id.set(next);
    return more;
  }
}

/** Where the ref of a node's child stands. */
function childAt(at: number, index: number): number {
  return at + HEADER_WORDS + index * INNER_WIDTH + ID_WORDS;
}

/** The child whose subtree an ID belongs to. */
function childIndex(words: Uint32Array, at: number, count: number, id: StreamId): number {
  const first = at + HEADER_WORDS;
  let low = 1;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareAt(words, first + middle * INNER_WIDTH, id) <= 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The first of a node's records that is not before an ID. */
function lowerBound(
  words: Uint32Array,
  first: number,
  count: number,
  width: number,
  id: StreamId,
): number {
  // The common case by far: behind all others.
  if (count === 0 || compareAt(words, first + (count - 1) * width, id) < 0) return count;
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareAt(words, first + middle * width, id) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function compareAt(words: Uint32Array, at: number, id: StreamId): number {
  if (words[at] !== id.msHigh) return words[at] < id.msHigh ? -1 : 1;
  if (words[at + 1] !== id.msLow) return words[at + 1] < id.msLow ? -1 : 1;
  if (words[at + 2] !== id.seqHigh) return words[at + 2] < id.seqHigh ? -1 : 1;
  if (words[at + 3] !== id.seqLow) return words[at + 3] < id.seqLow ? -1 : 1;
  return 0;
}

function openGap(
  words: Uint32Array,
  first: number,
  index: number,
  count: number,
  width: number,
): void {
  if (index === count) return;
  const from = first + index * width;
  words.copyWithin(from + width, from, first + count * width);
}

function closeGap(
  words: Uint32Array,
  first: number,
  index: number,
  count: number,
  width: number,
): void {
  if (index === count - 1) return;
  const from = first + index * width;
  words.copyWithin(from, from + width, first + count * width);
}

function copyWords(
  source: Uint32Array,
  from: number,
  target: Uint32Array,
  to: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) target[to + i] = source[from + i];
}
