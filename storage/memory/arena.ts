/**
 * The arena: memory for the dataset outside the JavaScript heap, so that no garbage collector ever walks it.
 *
 * Memory comes in chunks of 1 MiB, each one ArrayBuffer. A chunk's first page describes its other 255; a small block
 * lies in a span (a run of pages cut into blocks of one size class), a block over 32 KiB in a run of pages of its own,
 * one over 508 KiB in a dedicated chunk of exactly its size. A block is named by a `Ref`: chunk number and offset in
 * units of 8 bytes, in one uint32, which is why an arena ends at 32,768 chunks.
 *
 *     Ref    chunk << 17 | unit                     unit 0: a dedicated chunk's only block; Ref 0: nothing
 *     page   word 0  first page of its span | class << 8 | live blocks << 16 (the count in the first page only);
 *                    0 for a free page
 *            word 1  spans: previous span of the class's list; runs: page count
 *            word 2  first free block, as a unit of this chunk; each free block's first word names the next
 *            word 3  next span of the class's list
 *
 * Invariant: a span is on its class's list exactly while it has a free block and its chunk is not being evacuated.
 *
 * Knows nothing of what the blocks hold: whoever owns them finds and moves them during an evacuation.
 *
 * @module
 */

import { copyBytes } from "./bytes.ts";
import { buildSizeClasses, LARGEST_CLASS_BYTES, PAGE_BYTES } from "./size_classes.ts";

export { bytesEqual, compareBytes, copyBytes } from "./bytes.ts";

/** The name of a block: its address in units of 8 bytes. 0 names nothing. */
export type Ref = number;

/** Bytes in a chunk, except for dedicated ones. */
export const CHUNK_BYTES = 1024 * 1024;

/** `ref >>> CHUNK_SHIFT` is a block's chunk … */
export const CHUNK_SHIFT = 17;
/** … and `ref & OFFSET_MASK` its place there, in units of 8 bytes. */
export const OFFSET_MASK = 0x1ffff;

const MAX_CHUNKS = 32768;
const UNIT_MASK = 0x1ffff;
const PAGES = CHUNK_BYTES / PAGE_BYTES - 1;
const PAGE_UNITS = PAGE_BYTES / 8;
/** The longest run of pages: twice this fits into a chunk. */
const LARGEST_RUN_PAGES = 127;
/** Stands in the place of a size class in the pages of a run. */
const RUN = 0xff;
const ONE_LIVE = 0x10000;

const PREVIOUS = 1;
const RUN_PAGES = 1;
const FREE = 2;
const NEXT = 3;

/** What a chunk number stands for. */
const ABSENT = 0;
const SHARED = 1;
const DEDICATED = 2;
const EVACUATING = 4;

/** How many spans of a class to look at for one in a low chunk when the current span is full. */
const SPANS_TO_COMPARE = 6;
/** An evacuation may fill this part of the room that the other chunks have. */
const ROOM_TO_FILL = 0.8;

/** Thrown when every chunk number is in use, that is at 32 GiB of shared chunks. */
export class ArenaFull extends Error {
  override readonly name = "ArenaFull";

  constructor() {
    super(`Cannot allocate memory: all ${MAX_CHUNKS} chunk numbers of the arena are in use`);
  }
}

/** How an arena behaves. */
export interface ArenaOptions {
  /** The part of committed memory that may lie unused before an evacuation is worth it; 0.25 unless given. */
  fragmentationThreshold?: number;
}

/** Hands out blocks of bytes that are read and written through the typed arrays `u8`, `u32` and `f64`. */
export class Arena {
  /** Each chunk as bytes, by chunk number; a released chunk's place holds an empty array. */
  readonly u8: Uint8Array<ArrayBuffer>[] = [];
  /** Each chunk as uint32 words; same places as `u8`. */
  readonly u32: Uint32Array<ArrayBuffer>[] = [];
  /** Each chunk as doubles; same places as `u8`. */
  readonly f64: Float64Array<ArrayBuffer>[] = [];

  readonly #classes = buildSizeClasses();
  readonly #classByUnits = this.#classes.byUnits;
  readonly #classUnits = this.#classes.units;
  /** By class: the span that serves the next block, a chunk number * 256 + page; 0 for none. */
  readonly #heads = new Uint32Array(this.#classes.count);
  readonly #emptyBuffer = new ArrayBuffer(0);
  readonly #noBytes = new Uint8Array(this.#emptyBuffer);
  readonly #noWords = new Uint32Array(this.#emptyBuffer);
  readonly #noDoubles = new Float64Array(this.#emptyBuffer);
  readonly #threshold: number;

  // By chunk number; they grow together.
  #kind = new Uint8Array(16);
  #usedUnits = new Uint32Array(16);
  #freePages = new Uint8Array(16);
  /** No run of free pages in the chunk is longer than this; 0 keeps the search for pages away. */
  #longestRun = new Uint8Array(16);
  /** No page below this one is free. */
  #lowestFree = new Uint8Array(16);

  /** By binary logarithm of a page count: no chunk below this one has a run of that many free pages. */
  readonly #runHints = new Uint32Array(8);
  /** Units given out in shared chunks; an array, because a field would turn from integer to double on the way. */
  readonly #sharedUnits = new Uint32Array(1);
  #sharedChunks = 0;
  #dedicatedChunks = 0;
  #dedicatedBytes = 0;
  /** A chunk number below which none is absent. */
  #vacantHint = 0;
  /** The chunk that emptied last, kept for the next need; it may have been filled again since. */
  #spare = -1;
  #evacuating: number[] = [];

  /** An arena without any chunk; memory is taken as needed. */
  constructor(options: ArenaOptions = {}) {
    this.#threshold = options.fragmentationThreshold ?? 0.25;
  }

  /** Bytes in the blocks given out, as rounded up to their sizes. */
  get usedBytes(): number {
    return this.#sharedUnits[0] * 8 + this.#dedicatedBytes;
  }

  /** Bytes in the chunks that exist. */
  get committedBytes(): number {
    return this.#sharedChunks * CHUNK_BYTES + this.#dedicatedBytes;
  }

  /** The number of chunks that exist. */
  get chunkCount(): number {
    return this.#sharedChunks + this.#dedicatedChunks;
  }

  /** The part of the shared chunks' memory that is not given out, between 0 and 1. */
  get fragmentation(): number {
    if (this.#sharedChunks === 0) return 0;
    return 1 - (this.#sharedUnits[0] * 8) / (this.#sharedChunks * CHUNK_BYTES);
  }

  /**
   * A block of at least `bytes` bytes; what it holds is left from its past.
   *
   * @throws {ArenaFull} when no chunk number is left
   */
  alloc(bytes: number): Ref {
    if (bytes > LARGEST_CLASS_BYTES) return this.#allocLarge(bytes);
    const sizeClass = this.#classByUnits[(bytes + 7) >>> 3];
    let span = this.#heads[sizeClass];
    if (span === 0) span = this.#addSpan(sizeClass);
    const chunk = span >>> 8;
    const words = this.u32[chunk];
    const header = (span & 0xff) << 2;
    const unit = words[header + FREE];
    const next = words[unit << 1];
    words[header] += ONE_LIVE;
    words[header + FREE] = next;
    if (next === 0) this.#spanFilled(sizeClass, span);
    const units = this.#classUnits[sizeClass];
    this.#usedUnits[chunk] += units;
    this.#sharedUnits[0] += units;
    return ((chunk << 17) | unit) >>> 0;
  }

  /** Takes a block back. Its ref means nothing from now on. */
  free(ref: Ref): void {
    const chunk = ref >>> 17;
    const unit = ref & UNIT_MASK;
    if (unit === 0) return this.#releaseDedicated(chunk);
    const words = this.u32[chunk];
    const page = words[(unit >>> 9) << 2];
    const sizeClass = (page >>> 8) & 0xff;
    if (sizeClass === RUN) return this.#freeRun(chunk, unit);
    const header = (page & 0xff) << 2;
    const next = words[header + FREE];
    words[unit << 1] = next;
    words[header + FREE] = unit;
    const state = words[header] - ONE_LIVE;
    words[header] = state;
    const units = this.#classUnits[sizeClass];
    this.#usedUnits[chunk] -= units;
    this.#sharedUnits[0] -= units;
    if (next === 0) this.#spanGotRoom(sizeClass, (chunk << 8) | (page & 0xff));
    if (state < ONE_LIVE) this.#spanEmptied(sizeClass, (chunk << 8) | (page & 0xff));
  }

  /** The bytes that a block can hold: what was asked for, rounded up. */
  usable(ref: Ref): number {
    const chunk = ref >>> 17;
    const unit = ref & UNIT_MASK;
    if (unit === 0) return this.u8[chunk].length;
    const words = this.u32[chunk];
    const page = (unit >>> 9) << 2;
    const sizeClass = (words[page] >>> 8) & 0xff;
    return sizeClass === RUN
      ? words[page + RUN_PAGES] * PAGE_BYTES
      : this.#classUnits[sizeClass] * 8;
  }

  /** The size of the block that `alloc(bytes)` gives, without giving it. */
  blockBytes(bytes: number): number {
    return bytes > LARGEST_CLASS_BYTES
      ? Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES
      : this.#classUnits[this.#classByUnits[(bytes + 7) >>> 3]] * 8;
  }

  /** Whether the block is just the one that `alloc(bytes)` would give. */
  suits(ref: Ref, bytes: number): boolean {
    return this.usable(ref) === this.blockBytes(bytes);
  }

  /** A block of at least `bytes` bytes with the old one's content, as far as it fits: the old one where its size fits. */
  resize(ref: Ref, bytes: number): Ref {
    const held = this.usable(ref);
    if (this.blockBytes(bytes) === held && !this.isEvacuating(ref)) return ref;
    const moved = this.alloc(bytes);
    copyBytes(
      this.u8[ref >>> 17],
      (ref & UNIT_MASK) << 3,
      this.u8[moved >>> 17],
      (moved & UNIT_MASK) << 3,
      Math.min(held, bytes),
    );
    this.free(ref);
    return moved;
  }

  /** Takes back everything at once: every ref is void and every chunk released. O(chunks). */
  clear(): void {
    this.#heads.fill(0);
    this.#evacuating = [];
    for (let chunk = 0; chunk < this.u8.length; chunk++) {
      if (this.#kind[chunk] === DEDICATED) this.#releaseDedicated(chunk);
      else if (this.#kind[chunk] !== ABSENT) this.#releaseShared(chunk);
    }
    this.#sharedUnits[0] = 0;
    this.#spare = -1;
  }

  /**
   * Marks the sparsest chunks, at most `maxChunks`, so that nothing more is allocated in them, if the memory is
   * fragmented beyond the threshold and the other chunks have the room. The owner then moves each block for which
   * `isEvacuating` holds (allocate, copy, free): a chunk is released as its last block goes. O(chunks).
   *
   * @returns whether any chunk is marked
   */
  beginEvacuation(maxChunks = 16): boolean {
    this.endEvacuation();
    if (this.#sharedChunks < 2 || this.fragmentation <= this.#threshold) return false;

    const sparsest = this.#sparsestChunks(Math.min(maxChunks, this.#sharedChunks - 1));
    const chunkUnits = PAGES * PAGE_UNITS;
    let room = this.#sharedChunks * chunkUnits - this.#sharedUnits[0];
    let moving = 0;
    for (const chunk of sparsest) {
      const used = this.#usedUnits[chunk];
      room -= chunkUnits - used;
      if (moving + used > room * ROOM_TO_FILL) break;
      moving += used;
      this.#kind[chunk] = SHARED | EVACUATING;
      this.#longestRun[chunk] = 0;
      this.#evacuating.push(chunk);
    }
    for (const chunk of this.#evacuating) {
      this.#forEachSpan(chunk, (sizeClass, span) => {
        if (this.u32[chunk][((span & 0xff) << 2) + FREE] !== 0) this.#unlink(sizeClass, span);
        if (this.u32[chunk][(span & 0xff) << 2] < ONE_LIVE) this.#returnSpan(sizeClass, span);
      });
      if (this.#usedUnits[chunk] === 0) this.#releaseShared(chunk);
    }
    return this.#evacuating.some((chunk) => this.#kind[chunk] === (SHARED | EVACUATING));
  }

  /** Whether the block lies in a chunk that is being evacuated. */
  isEvacuating(ref: Ref): boolean {
    return (this.#kind[ref >>> 17] & EVACUATING) !== 0;
  }

  /** Takes the marks off: what is left in the marked chunks stays, and they serve allocations again. */
  endEvacuation(): void {
    const left = this.#evacuating;
    this.#evacuating = [];
    for (const chunk of left) {
      if (this.#kind[chunk] !== (SHARED | EVACUATING)) continue;
      this.#kind[chunk] = SHARED;
      this.#offerPages(chunk);
      this.#forEachSpan(chunk, (sizeClass, span) => {
        if (this.u32[chunk][((span & 0xff) << 2) + FREE] !== 0) this.#link(sizeClass, span);
      });
    }
  }

  #sparsestChunks(count: number): number[] {
    const used = this.#usedUnits;
    const found: number[] = [];
    for (let chunk = 0; chunk < this.u8.length; chunk++) {
      if (this.#kind[chunk] !== SHARED) continue;
      let place = found.length;
      // Among equals the high one goes: low chunks are the ones to fill.
      while (place > 0 && used[found[place - 1]] >= used[chunk]) place--;
      if (place >= count) continue;
      found.splice(place, 0, chunk);
      if (found.length > count) found.pop();
    }
    return found;
  }

  // Spans.

  /** Cuts a new span for the class and puts it at the head of its list. */
  #addSpan(sizeClass: number): number {
    const span = this.#takePages(this.#classes.pages[sizeClass], sizeClass);
    const words = this.u32[span >>> 8];
    const first = (span & 0xff) * PAGE_UNITS;
    const step = this.#classUnits[sizeClass];
    const last = first + step * (this.#classes.blocks[sizeClass] - 1);
    for (let unit = first; unit < last; unit += step) words[unit << 1] = unit + step;
    words[last << 1] = 0;
    words[((span & 0xff) << 2) + FREE] = first;
    this.#link(sizeClass, span);
    return this.#heads[sizeClass];
  }

  /** The head of a list gave its last block: another span takes its place, a low one if there is a choice. */
  #spanFilled(sizeClass: number, span: number): void {
    this.#unlink(sizeClass, span);
    const head = this.#heads[sizeClass];
    let lowest = head;
    let candidate = head;
    for (let i = 0; i < SPANS_TO_COMPARE && candidate !== 0; i++) {
      if (candidate < lowest) lowest = candidate;
      candidate = this.u32[candidate >>> 8][((candidate & 0xff) << 2) + NEXT];
    }
    if (lowest === head) return;
    this.#unlink(sizeClass, lowest);
    this.#link(sizeClass, lowest);
  }

  #spanGotRoom(sizeClass: number, span: number): void {
    if (this.#kind[span >>> 8] !== SHARED) return;
    // An empty span is kept only while it is the class's only one with room.
    const head = this.#heads[sizeClass];
    if (head !== 0 && this.u32[head >>> 8][(head & 0xff) << 2] < ONE_LIVE) {
      this.#unlink(sizeClass, head);
      this.#returnSpan(sizeClass, head);
    }
    this.#link(sizeClass, span);
  }

  #spanEmptied(sizeClass: number, span: number): void {
    const chunk = span >>> 8;
    if (this.#kind[chunk] !== SHARED) {
      this.#returnSpan(sizeClass, span);
    } else if (
      this.#heads[sizeClass] !== span || this.u32[chunk][((span & 0xff) << 2) + NEXT] !== 0
    ) {
      this.#unlink(sizeClass, span);
      this.#returnSpan(sizeClass, span);
    }
    if (this.#usedUnits[chunk] === 0) this.#chunkEmptied(chunk);
  }

  /** Puts a span with room on its class's list: to the head if it is the lowest so far, else behind the head. */
  #link(sizeClass: number, span: number): void {
    const words = this.u32[span >>> 8];
    const header = (span & 0xff) << 2;
    const head = this.#heads[sizeClass];
    if (head === 0 || span < head) {
      words[header + PREVIOUS] = 0;
      words[header + NEXT] = head;
      if (head !== 0) this.u32[head >>> 8][((head & 0xff) << 2) + PREVIOUS] = span;
      this.#heads[sizeClass] = span;
      return;
    }
    const headWords = this.u32[head >>> 8];
    const headNext = ((head & 0xff) << 2) + NEXT;
    const next = headWords[headNext];
    words[header + PREVIOUS] = head;
    words[header + NEXT] = next;
    headWords[headNext] = span;
    if (next !== 0) this.u32[next >>> 8][((next & 0xff) << 2) + PREVIOUS] = span;
  }

  #unlink(sizeClass: number, span: number): void {
    const words = this.u32[span >>> 8];
    const header = (span & 0xff) << 2;
    const previous = words[header + PREVIOUS];
    const next = words[header + NEXT];
    if (previous === 0) this.#heads[sizeClass] = next;
    else this.u32[previous >>> 8][((previous & 0xff) << 2) + NEXT] = next;
    if (next !== 0) this.u32[next >>> 8][((next & 0xff) << 2) + PREVIOUS] = previous;
  }

  #returnSpan(sizeClass: number, span: number): void {
    this.#returnPages(span >>> 8, span & 0xff, this.#classes.pages[sizeClass]);
  }

  #forEachSpan(chunk: number, visit: (sizeClass: number, span: number) => void): void {
    const words = this.u32[chunk];
    for (let page = 1; page <= PAGES; page++) {
      const state = words[page << 2];
      const sizeClass = (state >>> 8) & 0xff;
      if (state !== 0 && sizeClass !== RUN && (state & 0xff) === page) {
        visit(sizeClass, (chunk << 8) | page);
      }
    }
  }

  // Pages.

  /** Takes a run of pages from the lowest chunk that has one; returns its chunk * 256 + first page. */
  #takePages(count: number, sizeClass: number): number {
    const bucket = 31 - Math.clz32(count);
    let raising = true;
    for (let chunk = this.#runHints[bucket]; chunk < this.u8.length; chunk++) {
      if (this.#longestRun[chunk] >= count) {
        const page = this.#findRun(chunk, count);
        if (page !== 0) return this.#markPages(chunk, page, count, sizeClass);
      }
      raising &&= this.#longestRun[chunk] < 1 << bucket;
      if (raising) this.#runHints[bucket] = chunk + 1;
    }
    return this.#markPages(this.#addShared(), 1, count, sizeClass);
  }

  /** The first page of the first free run that is long enough, or 0. */
  #findRun(chunk: number, count: number): number {
    const words = this.u32[chunk];
    let longest = 0;
    let length = 0;
    for (let page = this.#lowestFree[chunk]; page <= PAGES; page++) {
      if (words[page << 2] !== 0) {
        length = 0;
        continue;
      }
      if (length === 0 && longest === 0) this.#lowestFree[chunk] = page;
      length++;
      if (length === count) return page - count + 1;
      if (length > longest) longest = length;
    }
    this.#longestRun[chunk] = longest;
    return 0;
  }

  #markPages(chunk: number, first: number, count: number, sizeClass: number): number {
    const words = this.u32[chunk];
    for (let page = first; page < first + count; page++) {
      words[page << 2] = first | (sizeClass << 8);
    }
    this.#freePages[chunk] -= count;
    if (this.#longestRun[chunk] > this.#freePages[chunk]) {
      this.#longestRun[chunk] = this.#freePages[chunk];
    }
    if (this.#lowestFree[chunk] === first && first + count <= PAGES) {
      this.#lowestFree[chunk] = first + count;
    }
    return (chunk << 8) | first;
  }

  #returnPages(chunk: number, first: number, count: number): void {
    const words = this.u32[chunk];
    for (let page = first; page < first + count; page++) words[page << 2] = 0;
    this.#freePages[chunk] += count;
    if (first < this.#lowestFree[chunk]) this.#lowestFree[chunk] = first;
    if (this.#kind[chunk] === SHARED) this.#offerPages(chunk);
  }

  /** Lets the search for pages find the chunk again. */
  #offerPages(chunk: number): void {
    this.#longestRun[chunk] = this.#freePages[chunk];
    for (let bucket = 0; bucket < this.#runHints.length; bucket++) {
      if (this.#runHints[bucket] > chunk) this.#runHints[bucket] = chunk;
    }
  }

  #allocLarge(bytes: number): Ref {
    const pages = Math.ceil(bytes / PAGE_BYTES);
    if (pages > LARGEST_RUN_PAGES) return (this.#addDedicated(pages * PAGE_BYTES) << 17) >>> 0;
    const run = this.#takePages(pages, RUN);
    const chunk = run >>> 8;
    const page = run & 0xff;
    this.u32[chunk][(page << 2) + RUN_PAGES] = pages;
    this.#usedUnits[chunk] += pages * PAGE_UNITS;
    this.#sharedUnits[0] += pages * PAGE_UNITS;
    return ((chunk << 17) | (page * PAGE_UNITS)) >>> 0;
  }

  #freeRun(chunk: number, unit: number): void {
    const page = unit >>> 9;
    const pages = this.u32[chunk][(page << 2) + RUN_PAGES];
    this.#returnPages(chunk, page, pages);
    this.#usedUnits[chunk] -= pages * PAGE_UNITS;
    this.#sharedUnits[0] -= pages * PAGE_UNITS;
    if (this.#usedUnits[chunk] === 0) this.#chunkEmptied(chunk);
  }

  // Chunks.

  #addShared(): number {
    const chunk = this.#vacantChunk(0);
    this.#placeChunk(chunk, CHUNK_BYTES);
    this.#kind[chunk] = SHARED;
    this.#usedUnits[chunk] = 0;
    this.#freePages[chunk] = PAGES;
    this.#lowestFree[chunk] = 1;
    this.#sharedChunks++;
    this.#offerPages(chunk);
    return chunk;
  }

  #addDedicated(bytes: number): number {
    // Ref 0 means nothing, so chunk 0 cannot be dedicated.
    if (this.u8.length === 0) this.#addShared();
    const chunk = this.#vacantChunk(1);
    this.#placeChunk(chunk, bytes);
    this.#kind[chunk] = DEDICATED;
    this.#longestRun[chunk] = 0;
    this.#dedicatedChunks++;
    this.#dedicatedBytes += bytes;
    return chunk;
  }

  #vacantChunk(from: number): number {
    let chunk = Math.max(from, this.#vacantHint);
    while (chunk < this.u8.length && this.#kind[chunk] !== ABSENT) chunk++;
    if (chunk >= MAX_CHUNKS) throw new ArenaFull();
    return chunk;
  }

  #placeChunk(chunk: number, bytes: number): void {
    const buffer = new ArrayBuffer(bytes);
    this.u8[chunk] = new Uint8Array(buffer);
    this.u32[chunk] = new Uint32Array(buffer);
    this.f64[chunk] = new Float64Array(buffer);
    // Chunk 0 can stay absent when a dedicated chunk takes the number after it.
    if (this.#vacantHint === chunk) this.#vacantHint = chunk + 1;
    if (chunk < this.#kind.length) return;
    const length = this.#kind.length * 2;
    this.#kind = grown(this.#kind, new Uint8Array(length));
    this.#usedUnits = grown(this.#usedUnits, new Uint32Array(length));
    this.#freePages = grown(this.#freePages, new Uint8Array(length));
    this.#longestRun = grown(this.#longestRun, new Uint8Array(length));
    this.#lowestFree = grown(this.#lowestFree, new Uint8Array(length));
  }

  /** Keeps one empty chunk, the lower of two, so that work around a chunk's edge does not take and release it in turn. */
  #chunkEmptied(chunk: number): void {
    if (this.#kind[chunk] !== SHARED) return this.#releaseShared(chunk);
    const spare = this.#spare;
    this.#spare = chunk;
    if (spare === -1 || spare === chunk) return;
    if (this.#kind[spare] !== SHARED || this.#usedUnits[spare] !== 0) return;
    this.#spare = Math.min(chunk, spare);
    this.#forEachSpan(Math.max(chunk, spare), (sizeClass, span) => this.#unlink(sizeClass, span));
    this.#releaseShared(Math.max(chunk, spare));
  }

  #releaseShared(chunk: number): void {
    this.#sharedChunks--;
    this.#longestRun[chunk] = 0;
    this.#releaseChunk(chunk);
  }

  #releaseDedicated(chunk: number): void {
    this.#dedicatedChunks--;
    this.#dedicatedBytes -= this.u8[chunk].length;
    this.#releaseChunk(chunk);
  }

  #releaseChunk(chunk: number): void {
    // Transferring to nothing frees the memory now; the garbage collector might take minutes to notice.
    this.u8[chunk].buffer.transfer(0);
    this.u8[chunk] = this.#noBytes;
    this.u32[chunk] = this.#noWords;
    this.f64[chunk] = this.#noDoubles;
    this.#kind[chunk] = ABSENT;
    if (chunk < this.#vacantHint) this.#vacantHint = chunk;
  }
}

function grown<T extends Uint8Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
