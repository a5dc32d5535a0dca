/**
 * The score tree: a counted B+ tree of (score, member) entries.
 *
 * Leaves hold the entries in order, linked both ways; each inner node knows how many entries lie below each child and
 * which is the first of them. So an entry's rank, the entry of a rank and the number of entries below a bound all
 * take one way from the root down, and ranges by score or by bytes are ranges of ranks.
 *
 * Invariants: entries ascend by score, those of equal scores by the members' bytes; no two are equal; sizes and first
 * entries in inner nodes are exact; all leaves are equally deep. A node that has become sparse is merged with a
 * neighbour or shares with it.
 *
 * The members lie in records that this tree neither owns nor changes ({@link MEMBER_AT}). Its place, set by
 * {@link ScoreTree.seek}, holds until the next change.
 *
 * @module
 */

import { type Arena, CHUNK_SHIFT, compareBytes, OFFSET_MASK, type Ref } from "../memory/arena.ts";
import { INNER_CAPACITY, LEAF_CAPACITY, ScoreTreeNodes } from "./score_tree_nodes.ts";

/** Where a record's member begins, in bytes; its length is the record's second word. */
export const MEMBER_AT = 16;

/** Nodes with fewer than this look for company. */
const SPARSE_LEAF = LEAF_CAPACITY >> 2;
const SPARSE_INNER = INNER_CAPACITY >> 2;
/** What two nodes may hold together when they merge: room is left, or the next insertion would split them again. */
const MERGED_LEAF = (LEAF_CAPACITY * 3) >> 2;
const MERGED_INNER = (INNER_CAPACITY * 3) >> 2;
/** More levels than 2^32 entries can make. */
const MAX_HEIGHT = 16;
/** Nodes that one step of {@link ScoreTree.dismantle} frees. */
const NODES_PER_STEP = 512;

/** An ordered collection of records with scores. */
export class ScoreTree {
  /** The entry that the tree's place is at. */
  score = 0;
  ref: Ref = 0;

  readonly #arena: Arena;
  readonly #nodes: ScoreTreeNodes;
  #root: Ref = 0;
  /** How many levels of inner nodes there are. */
  #height = 0;
  #size = 0;
  /** The way to the place: the node of each level and which of its children comes next. */
  readonly #path = new Uint32Array(MAX_HEIGHT);
  readonly #slots = new Uint32Array(MAX_HEIGHT);
  #leaf: Ref = 0;
  #index = 0;
  #dismantling: { node: Ref; level: number }[] | undefined;

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#nodes = new ScoreTreeNodes(arena);
  }

  /** The number of entries. */
  get size(): number {
    return this.#size;
  }

  // --- finding -------------------------------------------------------------------------------------------------

  /** How many entries come before this one, which must be there. O(log n). */
  rank(score: number, ref: Ref): number {
    this.#descendTo(score, ref);
    let rank = this.#index;
    for (let level = 0; level < this.#height; level++) {
      rank += this.#nodes.sizeBefore(this.#path[level], this.#slots[level]);
    }
    return rank;
  }

  /** How many entries have a score below a bound, or up to it. O(log n). */
  countBelow(bound: number, inclusive: boolean): number {
    if (this.#size === 0) return 0;
    const nodes = this.#nodes;
    let node = this.#root;
    let sum = 0;
    for (let level = 0; level < this.#height; level++) {
      const slot = nodes.childBelow(node, bound, inclusive);
      sum += nodes.sizeBefore(node, slot);
      node = nodes.child(node, slot);
    }
    return sum + nodes.entriesBelow(node, bound, inclusive);
  }

  /** How many records this holds for, which must be the first ones. O(log n). */
  countWhile(holds: (ref: Ref) => boolean): number {
    if (this.#size === 0) return 0;
    const nodes = this.#nodes;
    let node = this.#root;
    let sum = 0;
    for (let level = 0; level < this.#height; level++) {
      let low = 0;
      let high = nodes.count(node) - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (holds(nodes.firstRef(node, middle))) low = middle;
        else high = middle - 1;
      }
      sum += nodes.sizeBefore(node, low);
      node = nodes.child(node, low);
    }
    let low = 0;
    let high = nodes.count(node);
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds(nodes.ref(node, middle))) low = middle + 1;
      else high = middle;
    }
    return sum + low;
  }

  /** Goes to the entry of a rank, from 0 on; there must be one. O(log n). */
  seek(rank: number): void {
    const nodes = this.#nodes;
    let node = this.#root;
    let left = rank;
    for (let level = 0; level < this.#height; level++) {
      const slot = nodes.childOfRank(node, left);
      left -= nodes.sizeBefore(node, slot);
      this.#path[level] = node;
      this.#slots[level] = slot;
      node = nodes.child(node, slot);
    }
    this.#arrive(node, left);
  }

  /** Goes to the next entry, if there is one. */
  forward(): void {
    let leaf = this.#leaf;
    let index = this.#index + 1;
    if (index >= this.#nodes.count(leaf)) {
      leaf = this.#nodes.next(leaf);
      index = 0;
      if (leaf === 0) return;
    }
    this.#arrive(leaf, index);
  }

  /** Goes to the entry before, if there is one. */
  back(): void {
    let leaf = this.#leaf;
    let index = this.#index - 1;
    if (index < 0) {
      leaf = this.#nodes.previous(leaf);
      if (leaf === 0) return;
      index = this.#nodes.count(leaf) - 1;
    }
    this.#arrive(leaf, index);
  }

  #arrive(leaf: Ref, index: number): void {
    this.#leaf = leaf;
    this.#index = index;
    this.score = this.#nodes.score(leaf, index);
    this.ref = this.#nodes.ref(leaf, index);
  }

  /** Finds the way to an entry that is there. */
  #descendTo(score: number, ref: Ref): void {
    const leaf = this.#descend(score, ref);
    // Members of equal scores are told apart by their refs here, which spares a look at their records.
    let index = this.#nodes.entriesBelow(leaf, score, false);
    while (this.#nodes.ref(leaf, index) !== ref) index++;
    this.#index = index;
  }

  /** Finds the way to where an entry that is not there belongs. */
  #descendToPlaceOf(score: number, ref: Ref): void {
    const nodes = this.#nodes;
    const leaf = this.#descend(score, ref);
    let index = nodes.entriesBelow(leaf, score, true);
    if (index > 0 && nodes.score(leaf, index - 1) === score) {
      let low = nodes.entriesBelow(leaf, score, false);
      while (low < index) {
        const middle = (low + index) >> 1;
        if (this.#compare(nodes.ref(leaf, middle), ref) < 0) low = middle + 1;
        else index = middle;
      }
    }
    this.#index = index;
  }

  /** Finds the way to the leaf where an entry is, or belongs. */
  #descend(score: number, ref: Ref): Ref {
    const nodes = this.#nodes;
    let node = this.#root;
    for (let level = 0; level < this.#height; level++) {
      let slot = nodes.childBelow(node, score, true);
      if (slot > 0 && nodes.firstScore(node, slot) === score) {
        let low = nodes.childBelow(node, score, false);
        while (low < slot) {
          const middle = (low + slot + 1) >> 1;
          if (this.#compare(nodes.firstRef(node, middle), ref) <= 0) low = middle;
          else slot = middle - 1;
        }
      }
      this.#path[level] = node;
      this.#slots[level] = slot;
      node = nodes.child(node, slot);
    }
    this.#leaf = node;
    return node;
  }

  /** Orders two records by their members. */
  #compare(a: Ref, b: Ref): number {
    if (a === b) return 0;
    const { u8, u32 } = this.#arena;
    const aUnit = a & OFFSET_MASK;
    const bUnit = b & OFFSET_MASK;
    return compareBytes(
      u8[a >>> CHUNK_SHIFT],
      (aUnit << 3) + MEMBER_AT,
      u32[a >>> CHUNK_SHIFT][(aUnit << 1) + 1],
      u8[b >>> CHUNK_SHIFT],
      (bUnit << 3) + MEMBER_AT,
      u32[b >>> CHUNK_SHIFT][(bUnit << 1) + 1],
    );
  }

  // --- changing ------------------------------------------------------------------------------------------------

  /** Adds an entry, which must not be there yet. O(log n). */
  insert(score: number, ref: Ref): void {
    const nodes = this.#nodes;
    if (this.#root === 0) this.#root = nodes.newLeaf();
    this.#descendToPlaceOf(score, ref);
    const height = this.#height;
    for (let level = 0; level < height; level++) {
      nodes.addSize(this.#path[level], this.#slots[level], 1);
    }
    this.#size++;
    const leaf = this.#leaf;
    const index = this.#index;
    if (nodes.count(leaf) < LEAF_CAPACITY) {
      nodes.insertEntry(leaf, index, score, ref);
      if (index === 0) this.#setFirst(height, score, ref);
      return;
    }

    const next = nodes.next(leaf);
    const right = nodes.newLeaf();
    nodes.link(right, next);
    nodes.link(leaf, right);
    // Entries that come in order leave full leaves behind, others half full ones.
    let middle = LEAF_CAPACITY >> 1;
    if (index === LEAF_CAPACITY && next === 0) middle = LEAF_CAPACITY;
    else if (index === 0 && nodes.previous(leaf) === 0) middle = 0;
    nodes.moveEntries(leaf, middle, right, 0, LEAF_CAPACITY - middle);
    if (index < middle || middle === 0) nodes.insertEntry(leaf, index, score, ref);
    else nodes.insertEntry(right, index - middle, score, ref);
    if (index === 0) this.#setFirst(height, score, ref);
    this.#addSibling(height, right, nodes.count(right), nodes.score(right, 0), nodes.ref(right, 0));
  }

  /** Removes an entry, which must be there. O(log n). */
  remove(score: number, ref: Ref): void {
    this.#descendTo(score, ref);
    this.#removeHere(1);
  }

  /** Gives an entry, which must be there, another score. O(log n), and quickly done where its rank stays. */
  move(score: number, ref: Ref, to: number): void {
    this.#descendTo(score, ref);
    const nodes = this.#nodes;
    const leaf = this.#leaf;
    const index = this.#index;
    const stays = index > 0 && index < nodes.count(leaf) - 1 &&
      this.#isOrdered(nodes.score(leaf, index - 1), nodes.ref(leaf, index - 1), to, ref) &&
      this.#isOrdered(to, ref, nodes.score(leaf, index + 1), nodes.ref(leaf, index + 1));
    if (stays) {
      nodes.setEntry(leaf, index, to, ref);
      return;
    }
    this.#removeHere(1);
    this.insert(to, ref);
  }

  #isOrdered(aScore: number, a: Ref, bScore: number, b: Ref): boolean {
    return aScore < bScore || (aScore === bScore && this.#compare(a, b) < 0);
  }

  /** Removes the entries of so many ranks from `rank` on, which must be there, and tells of each. O(log n + length). */
  removeRange(rank: number, length: number, removed: (ref: Ref) => void): void {
    for (let left = length; left > 0;) {
      this.seek(rank);
      const leaf = this.#leaf;
      const here = Math.min(left, this.#nodes.count(leaf) - this.#index);
      for (let i = 0; i < here; i++) removed(this.#nodes.ref(leaf, this.#index + i));
      this.#removeHere(here);
      left -= here;
    }
  }

  /** Removes the entry that {@link seek} has just gone to, and answers its record. O(log n). */
  removeHere(): Ref {
    this.#removeHere(1);
    return this.ref;
  }

  /** Removes entries of the leaf that the way leads to, from its place on. */
  #removeHere(length: number): void {
    const nodes = this.#nodes;
    const height = this.#height;
    const leaf = this.#leaf;
    nodes.removeEntries(leaf, this.#index, length);
    this.#size -= length;
    for (let level = 0; level < height; level++) {
      nodes.addSize(this.#path[level], this.#slots[level], -length);
    }
    const count = nodes.count(leaf);
    if (count === 0) {
      nodes.link(nodes.previous(leaf), nodes.next(leaf));
      this.#dropNode(height, leaf);
      return;
    }
    if (this.#index === 0) this.#setFirst(height, nodes.score(leaf, 0), nodes.ref(leaf, 0));
    if (count < SPARSE_LEAF) this.#fillUp(height);
  }

  /** Tells the inner nodes above the node of a level on the way what its first entry is now. */
  #setFirst(level: number, score: number, ref: Ref): void {
    while (--level >= 0) {
      this.#nodes.setFirst(this.#path[level], this.#slots[level], score, ref);
      if (this.#slots[level] !== 0) return;
    }
  }

  /** Enters a node that was split off to the right of the one on the way, with its size and first entry. */
  #addSibling(level: number, node: Ref, size: number, score: number, ref: Ref): void {
    const nodes = this.#nodes;
    if (level === 0) {
      this.#addRoot(node, size, score, ref);
      return;
    }
    const parent = this.#path[level - 1];
    const slot = this.#slots[level - 1];
    nodes.addSize(parent, slot, -size);
    let target = parent;
    let at = slot + 1;
    let right = 0;
    if (nodes.count(parent) === INNER_CAPACITY) {
      right = nodes.newInner();
      const middle = at === INNER_CAPACITY ? INNER_CAPACITY : INNER_CAPACITY >> 1;
      nodes.moveChildren(parent, middle, right, 0, INNER_CAPACITY - middle);
      if (at >= middle) {
        target = right;
        at -= middle;
      }
    }
    nodes.insertChild(target, at, node);
    nodes.setSize(target, at, size);
    nodes.setFirst(target, at, score, ref);
    if (right !== 0) {
      const below = nodes.sizeBefore(right, nodes.count(right));
      this.#addSibling(
        level - 1,
        right,
        below,
        nodes.firstScore(right, 0),
        nodes.firstRef(right, 0),
      );
    }
  }

  /** Puts a new root above the old one and its sibling. */
  #addRoot(sibling: Ref, size: number, score: number, ref: Ref): void {
    const nodes = this.#nodes;
    const old = this.#root;
    const wasLeaf = this.#height === 0;
    const root = nodes.newInner();
    nodes.insertChild(root, 0, old);
    nodes.setSize(root, 0, this.#size - size);
    nodes.setFirst(
      root,
      0,
      wasLeaf ? nodes.score(old, 0) : nodes.firstScore(old, 0),
      wasLeaf ? nodes.ref(old, 0) : nodes.firstRef(old, 0),
    );
    nodes.insertChild(root, 1, sibling);
    nodes.setSize(root, 1, size);
    nodes.setFirst(root, 1, score, ref);
    this.#root = root;
    this.#height++;
  }

  /** Frees the node of a level on the way, which has become empty, and takes it out of its parent. */
  #dropNode(level: number, node: Ref): void {
    const nodes = this.#nodes;
    nodes.free(node);
    if (level === 0) {
      this.#root = 0;
      this.#height = 0;
      return;
    }
    const parent = this.#path[level - 1];
    nodes.removeChild(parent, this.#slots[level - 1]);
    if (nodes.count(parent) === 0) this.#dropNode(level - 1, parent);
    else this.#parentShrank(level - 1, this.#slots[level - 1] === 0);
  }

  /** Settles an inner node on the way that has lost a child. */
  #parentShrank(level: number, firstChanged: boolean): void {
    const nodes = this.#nodes;
    const node = this.#path[level];
    if (firstChanged) this.#setFirst(level, nodes.firstScore(node, 0), nodes.firstRef(node, 0));
    if (nodes.count(node) >= SPARSE_INNER) return;
    if (level > 0) this.#fillUp(level);
    else while (this.#height > 0 && nodes.count(this.#root) === 1) this.#dropRoot();
  }

  /** Puts its only child in the place of the root. */
  #dropRoot(): void {
    const root = this.#root;
    this.#root = this.#nodes.child(root, 0);
    this.#height--;
    this.#nodes.free(root);
  }

  /** Merges the sparse node of a level on the way with a neighbour, or lets it have a part of that one's. */
  #fillUp(level: number): void {
    if (level === 0) return;
    const nodes = this.#nodes;
    const parent = this.#path[level - 1];
    const siblings = nodes.count(parent);
    if (siblings === 1) return;
    const slot = Math.min(this.#slots[level - 1], siblings - 2);
    const isLeaf = level === this.#height;
    const left = nodes.child(parent, slot);
    const right = nodes.child(parent, slot + 1);
    const leftCount = nodes.count(left);
    const rightCount = nodes.count(right);
    const total = leftCount + rightCount;

    if (total <= (isLeaf ? MERGED_LEAF : MERGED_INNER)) {
      this.#moveFirst(right, left, rightCount, isLeaf);
      if (isLeaf) nodes.link(left, nodes.next(right));
      nodes.free(right);
      nodes.addSize(parent, slot, nodes.size(parent, slot + 1));
      nodes.removeChild(parent, slot + 1);
      this.#parentShrank(level - 1, false);
      return;
    }
    const half = total >> 1;
    if (leftCount < half) this.#moveFirst(right, left, half - leftCount, isLeaf);
    else if (isLeaf) nodes.moveEntries(left, half, right, 0, leftCount - half);
    else nodes.moveChildren(left, half, right, 0, leftCount - half);
    const both = nodes.size(parent, slot) + nodes.size(parent, slot + 1);
    const below = isLeaf ? half : nodes.sizeBefore(left, half);
    nodes.setSize(parent, slot, below);
    nodes.setSize(parent, slot + 1, both - below);
    nodes.setFirst(
      parent,
      slot + 1,
      isLeaf ? nodes.score(right, 0) : nodes.firstScore(right, 0),
      isLeaf ? nodes.ref(right, 0) : nodes.firstRef(right, 0),
    );
  }

  /** Moves the first elements of a node to the end of its left neighbour. */
  #moveFirst(from: Ref, to: Ref, length: number, isLeaf: boolean): void {
    const end = this.#nodes.count(to);
    if (isLeaf) this.#nodes.moveEntries(from, 0, to, end, length);
    else this.#nodes.moveChildren(from, 0, to, end, length);
  }

  // --- memory --------------------------------------------------------------------------------------------------

  /** Frees some nodes and answers whether more are left. Only {@link dismantle} may be called from then on. */
  dismantle(): boolean {
    const nodes = this.#nodes;
    const waiting = this.#dismantling ??= this.#root === 0 ? [] : [{ node: this.#root, level: 0 }];
    for (let i = 0; i < NODES_PER_STEP && waiting.length > 0; i++) {
      const { node, level } = waiting.pop()!;
      if (level < this.#height) {
        for (let slot = nodes.count(node) - 1; slot >= 0; slot--) {
          waiting.push({ node: nodes.child(node, slot), level: level + 1 });
        }
      }
      nodes.free(node);
    }
    return waiting.length > 0;
  }

  /**
   * Moves what is being evacuated of the leaf that has the entry of rank `position` and of the nodes above it, and
   * lets `move` do the same with its records. Answers the rank that comes after, 0 at the end.
   */
  relocate(position: number, move: (ref: Ref) => Ref): number {
    if (position >= this.#size) return 0;
    const nodes = this.#nodes;
    this.seek(position);
    const height = this.#height;
    for (let level = 0; level < height; level++) {
      this.#path[level] = this.#relocateNode(level, this.#path[level], false);
    }
    const leaf = this.#relocateNode(height, this.#leaf, true);
    const count = nodes.count(leaf);
    for (let i = 0; i < count; i++) {
      const ref = nodes.ref(leaf, i);
      const moved = move(ref);
      if (moved === ref) continue;
      nodes.setEntry(leaf, i, nodes.score(leaf, i), moved);
      if (i === 0) this.#setFirst(height, nodes.score(leaf, 0), moved);
    }
    const next = position - this.#index + count;
    return next < this.#size ? next : 0;
  }

  #relocateNode(level: number, node: Ref, isLeaf: boolean): Ref {
    const nodes = this.#nodes;
    const moved = nodes.evacuate(node);
    if (moved === node) return node;
    if (level === 0) this.#root = moved;
    else nodes.setChild(this.#path[level - 1], this.#slots[level - 1], moved);
    if (isLeaf) {
      nodes.link(nodes.previous(moved), moved);
      nodes.link(moved, nodes.next(moved));
    }
    return moved;
  }
}
