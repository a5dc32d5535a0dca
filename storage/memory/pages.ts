/**
 * Chunks of memory outside the JavaScript heap, and the pages that they are divided into.
 *
 * A shared chunk is an ArrayBuffer of 1 MiB. Its first page describes the other 255 in 16 bytes each, of which this
 * module knows the first word only: 0 for a free page, else a mark that the taker chose. Pages are taken in runs,
 * from the lowest chunk that has one long enough, and a chunk that is no longer used is released at once. A dedicated
 * chunk is a buffer of any size for one block.
 *
 * Invariant: no chunk below a run hint has a free run of that length, and `longestRun` is never less than the truth.
 *
 * Knows nothing of blocks: arena.ts cuts them and keeps `usedUnits`.
 *
 * @module
 */

import { PAGE_BYTES } from "./size_classes.ts";

/** Bytes in a shared chunk. */
export const CHUNK_BYTES = 1024 * 1024;

/** Pages in a chunk that can be taken; they are numbered from 1. */
export const PAGES_PER_CHUNK = CHUNK_BYTES / PAGE_BYTES - 1;

/** Most chunks that a ref's 15 bits can tell apart. */
export const MAX_CHUNKS = 32768;

/** What a chunk number stands for; EVACUATING is added to SHARED. */
const ABSENT = 0;
const SHARED = 1;
const DEDICATED = 2;
const EVACUATING = 4;

const UNITS_PER_CHUNK = PAGES_PER_CHUNK * PAGE_BYTES / 8;
/** An evacuation may fill this part of the room that the other chunks have. */
const ROOM_TO_FILL = 0.8;

/** Thrown when every chunk number is in use, that is at 32 GiB of shared chunks. */
export class ArenaFull extends Error {
  override readonly name = "ArenaFull";

  constructor() {
    super(`Cannot allocate memory: all ${MAX_CHUNKS} chunk numbers of the arena are in use`);
  }
}

/**
 * Gives the memory of bytes that nobody reads any more back to the system, at once, but leaves the array what it is.
 * What the bytes hold is not defined afterwards.
 */
export type Discard = (bytes: Uint8Array<ArrayBuffer>) => void;

/** The chunks of one arena. */
export class Pages {
  /** Each chunk as bytes, by chunk number; a released chunk's place holds an empty array. */
  readonly u8: Uint8Array<ArrayBuffer>[] = [];
  /** Each chunk as uint32 words. */
  readonly u32: Uint32Array<ArrayBuffer>[] = [];
  /** Each chunk as doubles. */
  readonly f64: Float64Array<ArrayBuffer>[] = [];

  // By chunk number; they grow together.
  #kind = new Uint8Array(16);
  /** Units of 8 bytes given out in shared chunks. */
  usedUnits: Uint32Array = new Uint32Array(16);
  #freePages = new Uint8Array(16);
  /** No run of free pages in the chunk is longer than this; 0 keeps the search for pages away. */
  #longestRun = new Uint8Array(16);
  /** No page below this one is free. */
  #lowestFree = new Uint8Array(16);

  /** By binary logarithm of a page count: no chunk below this one has a run of that many free pages. */
  readonly #runHints = new Uint32Array(8);
  readonly #emptyBuffer = new ArrayBuffer(0);
  readonly #noBytes = new Uint8Array(this.#emptyBuffer);
  readonly #noWords = new Uint32Array(this.#emptyBuffer);
  readonly #noDoubles = new Float64Array(this.#emptyBuffer);
  /** A chunk number below which none is absent. */
  #vacantHint = 0;
  #evacuating: number[] = [];
  readonly #discard: Discard | undefined;

  constructor(discard?: Discard) {
    this.#discard = discard;
  }

  /** The number of shared chunks. */
  sharedChunks = 0;
  /** The number of dedicated chunks. */
  dedicatedChunks = 0;
  /** Bytes in dedicated chunks. */
  dedicatedBytes = 0;

  /** How many chunk numbers the tables by chunk number have room for; a power of two. */
  get capacity(): number {
    return this.#kind.length;
  }

  /** Takes `count` pages in a row and marks them with the first one's number + `mark`; returns chunk * 256 + first. */
  take(count: number, mark: number): number {
    const bucket = 31 - Math.clz32(count);
    let raising = true;
    for (let chunk = this.#runHints[bucket]; chunk < this.u8.length; chunk++) {
      if (this.#longestRun[chunk] >= count) {
        const page = this.#findRun(chunk, count);
        if (page !== 0) return this.#markTaken(chunk, page, count, mark);
      }
      raising &&= this.#longestRun[chunk] < 1 << bucket;
      if (raising) this.#runHints[bucket] = chunk + 1;
    }
    return this.#markTaken(this.#addShared(), 1, count, mark);
  }

  /** Gives a run of pages back. */
  giveBack(chunk: number, first: number, count: number): void {
    const words = this.u32[chunk];
    for (let page = first; page < first + count; page++) words[page << 2] = 0;
    this.#freePages[chunk] += count;
    if (first < this.#lowestFree[chunk]) this.#lowestFree[chunk] = first;
    if (this.isShared(chunk)) this.#offer(chunk);
  }

  /** A chunk of its own for `bytes` bytes, a multiple of the page size; never chunk 0, since ref 0 means nothing. */
  addDedicated(bytes: number): number {
    if (this.u8.length === 0) this.#addShared();
    const chunk = this.#vacantChunk(1);
    this.#placeChunk(chunk, bytes);
    this.#kind[chunk] = DEDICATED;
    this.#longestRun[chunk] = 0;
    this.dedicatedChunks++;
    this.dedicatedBytes += bytes;
    return chunk;
  }

  /** Whether the chunk serves blocks of many owners and is not being evacuated. */
  isShared(chunk: number): boolean {
    return this.#kind[chunk] === SHARED;
  }

  /** Whether the chunk is being evacuated. */
  isEvacuating(chunk: number): boolean {
    return (this.#kind[chunk] & EVACUATING) !== 0;
  }

  /** Frees the memory of a chunk in which nothing is given out any more. */
  release(chunk: number): void {
    this.dispose(this.#abandon(chunk));
  }

  /**
   * Frees the memory of what a chunk lay in now; the garbage collector might take minutes to notice. Discarding beats
   * detaching the buffer: once one with several views was detached, V8 compiles every access to any typed array with a
   * look at its buffer.
   */
  dispose(buffer: ArrayBuffer): void {
    if (this.#discard === undefined) buffer.transfer(0);
    else this.#discard(new Uint8Array(buffer));
  }

  /** Strikes a chunk off and returns what it lay in. */
  #abandon(chunk: number): ArrayBuffer {
    if (this.#kind[chunk] === DEDICATED) {
      this.dedicatedChunks--;
      this.dedicatedBytes -= this.u8[chunk].length;
    } else {
      this.sharedChunks--;
      this.#longestRun[chunk] = 0;
      this.usedUnits[chunk] = 0;
    }
    const { buffer } = this.u8[chunk];
    this.u8[chunk] = this.#noBytes;
    this.u32[chunk] = this.#noWords;
    this.f64[chunk] = this.#noDoubles;
    this.#kind[chunk] = ABSENT;
    if (chunk < this.#vacantHint) this.#vacantHint = chunk;
    return buffer;
  }

  /** Strikes every chunk off and returns what they lay in; that memory is the caller's to free. */
  clear(): ArrayBuffer[] {
    const buffers: ArrayBuffer[] = [];
    this.#evacuating = [];
    for (let chunk = 0; chunk < this.u8.length; chunk++) {
      if (this.#kind[chunk] !== ABSENT) buffers.push(this.#abandon(chunk));
    }
    return buffers;
  }

  /**
   * Marks the chunks with the least in them, at most `most`, as far as the others have room for what they hold.
   * Nothing is taken from them any more. Returns their numbers.
   */
  markSparsest(most: number): readonly number[] {
    const sparsest = this.#sparsest(Math.min(most, this.sharedChunks - 1));
    let room = 0;
    for (let chunk = 0; chunk < this.u8.length; chunk++) {
      if (this.#kind[chunk] === SHARED) room += UNITS_PER_CHUNK - this.usedUnits[chunk];
    }
    let moving = 0;
    for (const chunk of sparsest) {
      room -= UNITS_PER_CHUNK - this.usedUnits[chunk];
      moving += this.usedUnits[chunk];
      if (moving > room * ROOM_TO_FILL) break;
      this.#kind[chunk] = SHARED | EVACUATING;
      this.#longestRun[chunk] = 0;
      this.#evacuating.push(chunk);
    }
    return this.#evacuating;
  }

  /** Takes the marks off those chunks that still exist and returns their numbers. */
  unmark(): readonly number[] {
    const left = this.#evacuating.filter((chunk) => this.isEvacuating(chunk));
    this.#evacuating = [];
    for (const chunk of left) {
      this.#kind[chunk] = SHARED;
      this.#offer(chunk);
    }
    return left;
  }

  #sparsest(count: number): number[] {
    const used = this.usedUnits;
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

  /** The first page of the first free run that is long enough, or 0. */
  #findRun(chunk: number, count: number): number {
    const words = this.u32[chunk];
    let longest = 0;
    let length = 0;
    for (let page = this.#lowestFree[chunk]; page <= PAGES_PER_CHUNK; page++) {
      if (words[page << 2] !== 0) {
        length = 0;
        continue;
      }
      if (longest === 0) this.#lowestFree[chunk] = page;
      length++;
      if (length === count) return page - count + 1;
      if (length > longest) longest = length;
    }
    this.#longestRun[chunk] = longest;
    return 0;
  }

  #markTaken(chunk: number, first: number, count: number, mark: number): number {
    const words = this.u32[chunk];
    for (let page = first; page < first + count; page++) words[page << 2] = first + mark;
    const free = this.#freePages[chunk] - count;
    this.#freePages[chunk] = free;
    if (this.#longestRun[chunk] > free) this.#longestRun[chunk] = free;
    if (this.#lowestFree[chunk] === first && first + count <= PAGES_PER_CHUNK) {
      this.#lowestFree[chunk] = first + count;
    }
    return (chunk << 8) | first;
  }

  /** Lets the search for pages find the chunk again. */
  #offer(chunk: number): void {
    this.#longestRun[chunk] = this.#freePages[chunk];
    for (let bucket = 0; bucket < this.#runHints.length; bucket++) {
      if (this.#runHints[bucket] > chunk) this.#runHints[bucket] = chunk;
    }
  }

  #addShared(): number {
    const chunk = this.#vacantChunk(0);
    this.#placeChunk(chunk, CHUNK_BYTES);
    this.#kind[chunk] = SHARED;
    this.usedUnits[chunk] = 0;
    this.#freePages[chunk] = PAGES_PER_CHUNK;
    this.#lowestFree[chunk] = 1;
    this.sharedChunks++;
    this.#offer(chunk);
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
    this.#kind = enlarged(this.#kind, new Uint8Array(length));
    this.usedUnits = enlarged(this.usedUnits, new Uint32Array(length));
    this.#freePages = enlarged(this.#freePages, new Uint8Array(length));
    this.#longestRun = enlarged(this.#longestRun, new Uint8Array(length));
    this.#lowestFree = enlarged(this.#lowestFree, new Uint8Array(length));
  }
}

function enlarged<T extends Uint8Array | Uint32Array>(from: Uint8Array | Uint32Array, to: T): T {
  to.set(from);
  return to;
}
