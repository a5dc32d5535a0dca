/**
 * The arena: memory for the dataset outside the JavaScript heap, so that no garbage collector ever walks it.
 *
 * A small block lies in a span, a run of pages (pages.ts) cut into blocks of one size class; a block over 32 KiB in a
 * run of pages of its own; one over 508 KiB in a dedicated chunk of its size. A block is named by a `Ref`, its chunk
 * and its offset there in units of 8 bytes in one uint32, which is why an arena ends at 32,768 chunks.
 *
 *     Ref    chunk << 17 | unit                     unit 0: a dedicated chunk's only block; ref 0: nothing
 *     page   word 0  first page of its span | class << 8 | live blocks << 16 (the count in the first page only)
 *            word 1  spans: the previous span with room of the class in this chunk; runs: page count
 *            word 2  first free block, as a unit of this chunk; each free block's first word names the next
 *            word 3  the next span with room of the class in this chunk
 *
 * Each class fills its lowest chunk with room first, so that under steady change the high chunks empty and go.
 *
 * Invariant: a span is on the list of its class and chunk exactly while it has a free block and its chunk is not
 * being evacuated.
 *
 * Knows nothing of what the blocks hold: whoever owns them finds and moves them during an evacuation.
 *
 * @module
 */

import { copyBytes } from "./bytes.ts";
import { CHUNK_BYTES, type Discard, Pages, PAGES_PER_CHUNK } from "./pages.ts";
import { buildSizeClasses, LARGEST_CLASS_BYTES, PAGE_BYTES } from "./size_classes.ts";

export { bytesEqual, compareBytes, copyBytes } from "./bytes.ts";
export { ArenaFull, CHUNK_BYTES } from "./pages.ts";

/** `ref >>> CHUNK_SHIFT` is a block's chunk … */
export const CHUNK_SHIFT = 17;
/** … and `ref & OFFSET_MASK` its place there, in units of 8 bytes. */
export const OFFSET_MASK = 0x1ffff;

/** The name of a block: its address in units of 8 bytes. 0 names nothing. */
export type Ref = number;

const UNIT_MASK = 0x1ffff;
const PAGE_UNITS = PAGE_BYTES / 8;
/** The longest run of pages: twice this fits into a chunk. */
const LARGEST_RUN_PAGES = 127;
/** Stands in the place of a size class in the pages of a run. */
const RUN = 0xff;
const ONE_LIVE = 0x10000;
/** How many chunks one call of what {@link Arena.clear} answers frees. */
const CHUNKS_PER_DISPOSAL = 2;

const PREVIOUS = 1;
const RUN_PAGES = 1;
const FREE = 2;
const NEXT = 3;

/** How an arena behaves. */
export interface ArenaOptions {
  /** The part of committed memory that may lie unused before an evacuation is worth it; 0.25 unless given. */
  fragmentationThreshold?: number;
  /** How memory is given back; buffers are detached unless given. */
  discard?: Discard;
}

/** Hands out blocks of bytes that are read and written through the typed arrays `u8`, `u32` and `f64`. */
export class Arena {
  readonly #pages: Pages;
  /** Each chunk as bytes, by chunk number; a released chunk's place holds an empty array. */
  readonly u8: readonly Uint8Array<ArrayBuffer>[];
  /** Each chunk as uint32 words; same places as `u8`. */
  readonly u32: readonly Uint32Array<ArrayBuffer>[];
  /** Each chunk as doubles; same places as `u8`. */
  readonly f64: readonly Float64Array<ArrayBuffer>[];

  readonly #classes = buildSizeClasses();
  readonly #classByUnits = this.#classes.byUnits;
  readonly #classUnits = this.#classes.units;
  /** By class: the span that serves the next block, a chunk number * 256 + page; 0 for none. */
  readonly #serving = new Uint32Array(this.#classes.count);
  /** By class, then chunk: the first of the spans with room, as a page; 0 for none. */
  #roomPages: Uint8Array;
  /** By class: a bit for each chunk that has a span with room. */
  #roomBits = new Uint32Array(this.#classes.count);
  #chunkCapacity: number;
  #wordsPerClass = 1;

  /** Units given out in shared chunks; an array, because a field would turn from integer to double on the way. */
  readonly #sharedUnits = new Uint32Array(1);
  readonly #threshold: number;
  /** The chunk that emptied last, kept for the next need; it may have been filled again since. */
  #spare = -1;

  /** An arena without any chunk; memory is taken as needed. */
  constructor(options: ArenaOptions = {}) {
    this.#pages = new Pages(options.discard);
    this.u8 = this.#pages.u8;
    this.u32 = this.#pages.u32;
    this.f64 = this.#pages.f64;
    this.#chunkCapacity = this.#pages.capacity;
    this.#roomPages = new Uint8Array(this.#classes.count * this.#chunkCapacity);
    this.#threshold = options.fragmentationThreshold ?? 0.25;
  }

  /** Bytes in the blocks given out, as rounded up to their sizes. */
  get usedBytes(): number {
    return this.#sharedUnits[0] * 8 + this.#pages.dedicatedBytes;
  }

  /** Bytes in the chunks that exist. */
  get committedBytes(): number {
    return this.#pages.sharedChunks * CHUNK_BYTES + this.#pages.dedicatedBytes;
  }

  /** The number of chunks that exist. */
  get chunkCount(): number {
    return this.#pages.sharedChunks + this.#pages.dedicatedChunks;
  }

  /** The part of the shared chunks' memory that is not given out, between 0 and 1. */
  get fragmentation(): number {
    const chunks = this.#pages.sharedChunks;
    return chunks === 0 ? 0 : 1 - (this.#sharedUnits[0] * 8) / (chunks * CHUNK_BYTES);
  }

  /**
   * A block of at least `bytes` bytes; what it holds is left from its past.
   *
   * @throws {ArenaFull} when no chunk number is left
   */
  alloc(bytes: number): Ref {
    if (bytes > LARGEST_CLASS_BYTES) return this.#allocLarge(bytes);
    const sizeClass = this.#classByUnits[(bytes + 7) >>> 3];
    let span = this.#serving[sizeClass];
    if (span === 0) span = this.#addSpan(sizeClass);
    const chunk = span >>> 8;
    const words = this.u32[chunk];
    const header = (span & 0xff) << 2;
    const unit = words[header + FREE];
    const next = words[unit << 1];
    words[header] += ONE_LIVE;
    words[header + FREE] = next;
    if (next === 0) this.#unlink(sizeClass, span);
    const units = this.#classUnits[sizeClass];
    this.#pages.usedUnits[chunk] += units;
    this.#sharedUnits[0] += units;
    return ((chunk << 17) | unit) >>> 0;
  }

  /** Takes a block back. Its ref means nothing from now on. */
  free(ref: Ref): void {
    const chunk = ref >>> 17;
    const unit = ref & UNIT_MASK;
    if (unit === 0) return this.#pages.release(chunk);
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
    this.#pages.usedUnits[chunk] -= units;
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

  /** A block of at least `bytes` bytes with the old one's content as far as it fits; the old one if its size is right. */
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

  /** Another block of the same size with the same content. */
  copy(ref: Ref): Ref {
    const size = this.usable(ref);
    const copy = this.alloc(size);
    copyBytes(
      this.u8[ref >>> 17],
      (ref & UNIT_MASK) << 3,
      this.u8[copy >>> 17],
      (copy & UNIT_MASK) << 3,
      size,
    );
    return copy;
  }

  /**
   * Takes back everything at once: every ref is void. Returns what frees the memory, a few chunks (some tenths of a
   * millisecond) per call, until it answers false; left uncalled, the memory waits for the garbage collector.
   */
  clear(): () => boolean {
    const buffers = this.#pages.clear();
    this.#serving.fill(0);
    this.#roomPages.fill(0);
    this.#roomBits.fill(0);
    this.#sharedUnits[0] = 0;
    this.#spare = -1;
    return () => {
      for (const buffer of buffers.splice(-CHUNKS_PER_DISPOSAL)) this.#pages.dispose(buffer);
      return buffers.length > 0;
    };
  }

  /**
   * Marks the sparsest chunks, at most `maxChunks`, so that nothing more is allocated in them, if the memory is
   * fragmented beyond the threshold and the other chunks have the room. The owner then moves each block for which
   * `isEvacuating` holds ({@link evacuate}): a chunk is released as its last block goes. O(chunks).
   *
   * @returns whether there is anything to move
   */
  beginEvacuation(maxChunks = 16): boolean {
    this.endEvacuation();
    if (this.#pages.sharedChunks < 2 || this.fragmentation <= this.#threshold) return false;
    let found = false;
    for (const chunk of this.#pages.markSparsest(maxChunks)) {
      const words = this.u32[chunk];
      this.#forEachSpan(chunk, (sizeClass, page) => {
        if (words[(page << 2) + FREE] !== 0) this.#unlink(sizeClass, (chunk << 8) | page);
        if (words[page << 2] < ONE_LIVE) this.#giveBackSpan(sizeClass, chunk, page);
      });
      if (this.#pages.usedUnits[chunk] === 0) this.#pages.release(chunk);
      else found = true;
    }
    return found;
  }

  /** Whether the block lies in a chunk that is being evacuated. */
  isEvacuating(ref: Ref): boolean {
    return this.#pages.isEvacuating(ref >>> 17);
  }

  /** Where a block lies from now on: in another chunk if its own is being evacuated, else where it is. */
  evacuate(ref: Ref): Ref {
    if (!this.isEvacuating(ref)) return ref;
    const copy = this.copy(ref);
    this.free(ref);
    return copy;
  }

  /** Takes the marks off: what is left in the marked chunks stays, and they serve allocations again. */
  endEvacuation(): void {
    for (const chunk of this.#pages.unmark()) {
      const words = this.u32[chunk];
      this.#forEachSpan(chunk, (sizeClass, page) => {
        if (words[(page << 2) + FREE] !== 0) this.#link(sizeClass, (chunk << 8) | page);
      });
    }
  }

  /** Cuts a new span for the class, which has none with room, and lets it serve. */
  #addSpan(sizeClass: number): number {
    const span = this.#pages.take(this.#classes.pages[sizeClass], sizeClass << 8);
    const words = this.u32[span >>> 8];
    const first = (span & 0xff) * PAGE_UNITS;
    const step = this.#classUnits[sizeClass];
    const last = first + step * (this.#classes.blocks[sizeClass] - 1);
    for (let unit = first; unit < last; unit += step) words[unit << 1] = unit + step;
    words[last << 1] = 0;
    words[((span & 0xff) << 2) + FREE] = first;
    this.#link(sizeClass, span);
    return span;
  }

  #spanGotRoom(sizeClass: number, span: number): void {
    if (!this.#pages.isShared(span >>> 8)) return;
    // An empty span is kept only while it is the class's only one with room, and so the serving one.
    const serving = this.#serving[sizeClass];
    if (serving !== 0 && this.u32[serving >>> 8][(serving & 0xff) << 2] < ONE_LIVE) {
      this.#unlink(sizeClass, serving);
      this.#giveBackSpan(sizeClass, serving >>> 8, serving & 0xff);
    }
    this.#link(sizeClass, span);
  }

  #spanEmptied(sizeClass: number, span: number): void {
    const chunk = span >>> 8;
    if (!this.#pages.isShared(chunk)) {
      this.#giveBackSpan(sizeClass, chunk, span & 0xff);
    } else {
      this.#unlink(sizeClass, span);
      if (this.#serving[sizeClass] === 0) this.#link(sizeClass, span);
      else this.#giveBackSpan(sizeClass, chunk, span & 0xff);
    }
    if (this.#pages.usedUnits[chunk] === 0) this.#chunkEmptied(chunk);
  }

  #giveBackSpan(sizeClass: number, chunk: number, page: number): void {
    this.#pages.giveBack(chunk, page, this.#classes.pages[sizeClass]);
  }

  /** Puts a span with room on the list of its class and chunk. */
  #link(sizeClass: number, span: number): void {
    const chunk = span >>> 8;
    const page = span & 0xff;
    if (chunk >= this.#chunkCapacity) this.#growRooms();
    const list = sizeClass * this.#chunkCapacity + chunk;
    const words = this.u32[chunk];
    const first = this.#roomPages[list];
    words[(page << 2) + PREVIOUS] = 0;
    words[(page << 2) + NEXT] = first;
    if (first !== 0) words[(first << 2) + PREVIOUS] = page;
    this.#roomPages[list] = page;
    this.#roomBits[sizeClass * this.#wordsPerClass + (chunk >>> 5)] |= 1 << (chunk & 31);
    const serving = this.#serving[sizeClass];
    if (serving === 0 || chunk < serving >>> 8) this.#serving[sizeClass] = span;
  }

  /** Takes a span off its list; if it was serving, one in the lowest chunk with room takes its place. */
  #unlink(sizeClass: number, span: number): void {
    const chunk = span >>> 8;
    const page = span & 0xff;
    const words = this.u32[chunk];
    const previous = words[(page << 2) + PREVIOUS];
    const next = words[(page << 2) + NEXT];
    if (next !== 0) words[(next << 2) + PREVIOUS] = previous;
    if (previous !== 0) words[(previous << 2) + NEXT] = next;
    else {
      this.#roomPages[sizeClass * this.#chunkCapacity + chunk] = next;
      if (next === 0) {
        this.#roomBits[sizeClass * this.#wordsPerClass + (chunk >>> 5)] &= ~(1 << (chunk & 31));
      }
    }
    if (this.#serving[sizeClass] === span) {
      this.#serving[sizeClass] = this.#lowestWithRoom(sizeClass);
    }
  }

  #lowestWithRoom(sizeClass: number): number {
    const first = sizeClass * this.#wordsPerClass;
    for (let i = 0; i < this.#wordsPerClass; i++) {
      const bits = this.#roomBits[first + i];
      if (bits === 0) continue;
      const chunk = (i << 5) + 31 - Math.clz32(bits & -bits);
      return (chunk << 8) | this.#roomPages[sizeClass * this.#chunkCapacity + chunk];
    }
    return 0;
  }

  /** Makes the lists by class and chunk as long as the arrays of the chunks have become. */
  #growRooms(): void {
    const capacity = this.#pages.capacity;
    const wordsPerClass = Math.ceil(capacity / 32);
    const roomPages = new Uint8Array(this.#classes.count * capacity);
    const roomBits = new Uint32Array(this.#classes.count * wordsPerClass);
    for (let sizeClass = 0; sizeClass < this.#classes.count; sizeClass++) {
      const list = sizeClass * this.#chunkCapacity;
      roomPages.set(
        this.#roomPages.subarray(list, list + this.#chunkCapacity),
        sizeClass * capacity,
      );
      const word = sizeClass * this.#wordsPerClass;
      roomBits.set(
        this.#roomBits.subarray(word, word + this.#wordsPerClass),
        sizeClass * wordsPerClass,
      );
    }
    this.#roomPages = roomPages;
    this.#roomBits = roomBits;
    this.#chunkCapacity = capacity;
    this.#wordsPerClass = wordsPerClass;
  }

  #forEachSpan(chunk: number, visit: (sizeClass: number, page: number) => void): void {
    const words = this.u32[chunk];
    for (let page = 1; page <= PAGES_PER_CHUNK; page++) {
      const state = words[page << 2];
      const sizeClass = (state >>> 8) & 0xff;
      if ((state & 0xff) === page && sizeClass !== RUN) visit(sizeClass, page);
    }
  }

  /** Keeps one empty chunk, the lower of two, so that work at a chunk's edge does not take and release it in turn. */
  #chunkEmptied(chunk: number): void {
    if (!this.#pages.isShared(chunk)) return this.#pages.release(chunk);
    const spare = this.#spare;
    this.#spare = chunk;
    if (spare === -1 || spare === chunk) return;
    if (!this.#pages.isShared(spare) || this.#pages.usedUnits[spare] !== 0) return;
    this.#spare = Math.min(chunk, spare);
    const released = Math.max(chunk, spare);
    this.#forEachSpan(released, (sizeClass, page) => {
      this.#unlink(sizeClass, (released << 8) | page);
    });
    this.#pages.release(released);
  }

  #allocLarge(bytes: number): Ref {
    const pages = Math.ceil(bytes / PAGE_BYTES);
    if (pages > LARGEST_RUN_PAGES) {
      return (this.#pages.addDedicated(pages * PAGE_BYTES) << 17) >>> 0;
    }
    const run = this.#pages.take(pages, RUN << 8);
    const chunk = run >>> 8;
    const page = run & 0xff;
    this.u32[chunk][(page << 2) + RUN_PAGES] = pages;
    this.#pages.usedUnits[chunk] += pages * PAGE_UNITS;
    this.#sharedUnits[0] += pages * PAGE_UNITS;
    return ((chunk << 17) | (page * PAGE_UNITS)) >>> 0;
  }

  #freeRun(chunk: number, unit: number): void {
    const page = unit >>> 9;
    const pages = this.u32[chunk][(page << 2) + RUN_PAGES];
    this.#pages.giveBack(chunk, page, pages);
    this.#pages.usedUnits[chunk] -= pages * PAGE_UNITS;
    this.#sharedUnits[0] -= pages * PAGE_UNITS;
    if (this.#pages.usedUnits[chunk] === 0) this.#chunkEmptied(chunk);
  }
}
