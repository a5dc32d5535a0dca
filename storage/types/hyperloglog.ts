/**
 * The HyperLogLog: how many different elements were added, give or take 0.81 %, in 12 KB or less.
 *
 * An element's hash chooses one of 16384 registers, which keeps the longest run of zeros (plus one) that it has seen
 * in the rest of a hash. The bytes are Redis's own, so that values move between the two:
 *
 *     +0   "HYLL"
 *     +4   u8    0 dense, 1 sparse
 *     +5   3 bytes, unused
 *     +8   u64   the last estimate, little-endian; its highest bit says that it is out of date
 *     +16  the registers
 *
 *     dense: 6 bits each, from the lowest bit on      |11000000|22221111|33333322|…
 *     sparse: runs of registers, one or two bytes each
 *         00llllll            l + 1 zeros
 *         01llllll llllllll   l + 1 zeros
 *         1vvvvvll            l + 1 times the value v + 1
 *
 * A sparse one that would grow beyond a limit, or has to hold a value above 32, becomes dense for good.
 *
 * A {@link HyperLogLog} is a window on such bytes, which anybody may have written: methods answer undefined when they
 * find that the runs do not make up 16384 registers.
 *
 * @module
 */

import { estimate, MurmurHash } from "./hyperloglog_estimate.ts";

/** How many registers there are. */
export const REGISTERS = 16384;
const HEADER_BYTES = 16;
const REGISTER_BITS = 6;
/** Bytes of a dense one. */
export const DENSE_BYTES = HEADER_BYTES + REGISTERS * REGISTER_BITS / 8;
const REGISTER_MASK = 0x3f;
const INDEX_BITS = 14;
const SEED = 0xadc83b19;
const MAGIC = [0x48, 0x59, 0x4c, 0x4c];
const DENSE = 0;
const SPARSE = 1;
/** The byte whose highest bit says that the estimate is out of date. */
const CACHE_FLAG_AT = 15;
const OUT_OF_DATE = 0x80;

const LARGEST_RUN_VALUE = 32;
const LONGEST_VALUE_RUN = 4;
const LONGEST_SHORT_ZERO_RUN = 64;
const LONG_ZEROS = 0x40;
const VALUE = 0x80;
/** Runs that one change can make able to be joined, counted from the one before it. */
const RUNS_TO_JOIN = 5;

/** Gives a HyperLogLog's bytes another length and attaches the window to where they are then. */
export interface HyperLogLogOwner {
  /** Bytes that both lengths have in common are kept. */
  resize(hll: HyperLogLog, length: number): void;
}

/** An empty one, sparse: one run of zeros, and 0 for an estimate. */
export function emptyHyperLogLog(): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + 2);
  bytes.set(MAGIC);
  bytes[4] = SPARSE;
  writeZeros(bytes, HEADER_BYTES, REGISTERS);
  return bytes;
}

/** Whether these bytes look like a HyperLogLog; runs may still turn out to be wrong. */
export function isHyperLogLog(buf: Uint8Array, off: number, len: number): boolean {
  if (len < HEADER_BYTES || MAGIC.some((byte, i) => buf[off + i] !== byte)) return false;
  return buf[off + 4] === SPARSE || (buf[off + 4] === DENSE && len === DENSE_BYTES);
}

/** A window on the bytes of a HyperLogLog. */
export class HyperLogLog {
  #buf: Uint8Array = new Uint8Array(0);
  #start = 0;
  #length = 0;
  readonly #hash = new MurmurHash(SEED);

  attach(buf: Uint8Array, start: number, length: number): this {
    this.#buf = buf;
    this.#start = start;
    this.#length = length;
    return this;
  }

  get isSparse(): boolean {
    return this.#buf[this.#start + 4] === SPARSE;
  }

  /** Where the registers begin and end. */
  get #first(): number {
    return this.#start + HEADER_BYTES;
  }

  get #end(): number {
    return this.#start + this.#length;
  }

  // --- the estimate ---------------------------------------------------------------------------------------------

  /** The estimate that was made last, unless registers have changed since. */
  get cachedEstimate(): bigint | undefined {
    if ((this.#buf[this.#start + CACHE_FLAG_AT] & OUT_OF_DATE) !== 0) return undefined;
    return this.#cache().getBigUint64(0, true);
  }

  cacheEstimate(value: number): void {
    this.#cache().setBigUint64(0, BigInt(value), true);
  }

  outdateEstimate(): void {
    this.#buf[this.#start + CACHE_FLAG_AT] |= OUT_OF_DATE;
  }

  #cache(): DataView {
    return new DataView(this.#buf.buffer, this.#buf.byteOffset + this.#start + 8, 8);
  }

  /** Estimates anew. O(registers) when dense, O(bytes) when sparse. */
  estimate(): number | undefined {
    const histogram = new Int32Array(REGISTER_MASK + 1);
    if (this.isSparse) {
      const isValid = this.forEachRun((length, value) => {
        histogram[value] += length;
      });
      if (!isValid) return undefined;
    } else {
      // Three bytes are four registers.
      const buf = this.#buf;
      for (let at = this.#first, end = this.#end; at < end; at += 3) {
        const four = buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16);
        histogram[four & REGISTER_MASK]++;
        histogram[(four >> 6) & REGISTER_MASK]++;
        histogram[(four >> 12) & REGISTER_MASK]++;
        histogram[four >> 18]++;
      }
    }
    return estimate(histogram, REGISTERS);
  }

  // --- reading ----------------------------------------------------------------------------------------------------

  /** Raises each of these registers to this one's value where it is lower; false when the runs are wrong. */
  raise(registers: Uint8Array): boolean {
    if (!this.isSparse) {
      const buf = this.#buf;
      for (let i = 0, at = this.#first; i < REGISTERS; i += 4, at += 3) {
        const four = buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16);
        if ((four & REGISTER_MASK) > registers[i]) registers[i] = four & REGISTER_MASK;
        const second = (four >> 6) & REGISTER_MASK;
        if (second > registers[i + 1]) registers[i + 1] = second;
        const third = (four >> 12) & REGISTER_MASK;
        if (third > registers[i + 2]) registers[i + 2] = third;
        if (four >> 18 > registers[i + 3]) registers[i + 3] = four >> 18;
      }
      return true;
    }
    let index = 0;
    return this.forEachRun((length, value) => {
      const next = index + length;
      if (value > 0) {
        for (; index < next; index++) if (value > registers[index]) registers[index] = value;
      }
      index = next;
    });
  }

  /** The register's value, of a dense one. */
  #denseAt(index: number): number {
    const buf = this.#buf;
    const bit = index * REGISTER_BITS;
    const at = this.#first + (bit >>> 3);
    const shift = bit & 7;
    // The last register ends with its byte: what is read behind the end is masked out.
    return ((buf[at] >>> shift) | (buf[at + 1] << (8 - shift))) & REGISTER_MASK;
  }

  /**
   * Visits the runs of a sparse one in order: how many registers, all of which value. `isLong` says that zeros take two
   * bytes. False when they do not make up all registers; those visited fit even then.
   */
  forEachRun(visit: (length: number, value: number, isLong: boolean) => void): boolean {
    let index = 0;
    let at = this.#first;
    const end = this.#end;
    while (at < end) {
      const length = this.#runLength(at, end);
      index += length;
      if (length === 0 || index > REGISTERS) return false;
      visit(length, this.#runValue(at), this.#runBytes(at) === 2);
      at += this.#runBytes(at);
    }
    return index === REGISTERS;
  }

  /** How many registers the run at a place covers; 0 when it is cut short. */
  #runLength(at: number, end: number): number {
    const first = this.#buf[at];
    if ((first & VALUE) !== 0) return (first & 3) + 1;
    if ((first & LONG_ZEROS) === 0) return (first & 0x3f) + 1;
    return at + 1 < end ? (((first & 0x3f) << 8) | this.#buf[at + 1]) + 1 : 0;
  }

  #runValue(at: number): number {
    const first = this.#buf[at];
    return (first & VALUE) !== 0 ? ((first >>> 2) & 0x1f) + 1 : 0;
  }

  #runBytes(at: number): number {
    return (this.#buf[at] & (VALUE | LONG_ZEROS)) === LONG_ZEROS ? 2 : 1;
  }

  // --- changing ---------------------------------------------------------------------------------------------------

  /** Adds an element; whether a register has changed. */
  add(
    owner: HyperLogLogOwner,
    { buf, off, len, sparseLimit }: {
      buf: Uint8Array;
      off: number;
      len: number;
      sparseLimit: number;
    },
  ): boolean | undefined {
    const { high, low } = this.#hash.hash(buf, off, len);
    const index = low & (REGISTERS - 1);
    // The bits behind the index, with one above them where every run of zeros ends.
    const restLow = (low >>> INDEX_BITS) | (high << (32 - INDEX_BITS));
    const restHigh = (high >>> INDEX_BITS) | (1 << (32 - INDEX_BITS));
    const value = 1 + (restLow !== 0 ? trailingZeros(restLow) : 32 + trailingZeros(restHigh));
    return this.raiseRegister(owner, { index, value, sparseLimit });
  }

  /**
   * Raises a register to a value, unless it is that high already; whether it has changed. O(1) when dense, O(bytes)
   * when sparse.
   *
   * @param sparseLimit the most bytes that a sparse one may take
   */
  raiseRegister(
    owner: HyperLogLogOwner,
    { index, value, sparseLimit }: { index: number; value: number; sparseLimit: number },
  ): boolean | undefined {
    if (!this.isSparse) return this.#raiseDense(index, value);
    if (value <= LARGEST_RUN_VALUE) {
      const raised = this.#raiseSparse(owner, { index, value, sparseLimit });
      if (raised !== "too large") return raised;
    }
    if (!this.makeDense(owner)) return undefined;
    return this.#raiseDense(index, value);
  }

  #raiseDense(index: number, value: number): boolean {
    if (this.#denseAt(index) >= value) return false;
    const buf = this.#buf;
    const bit = index * REGISTER_BITS;
    const at = this.#first + (bit >>> 3);
    const shift = bit & 7;
    buf[at] = (buf[at] & ~(REGISTER_MASK << shift)) | (value << shift);
    if (shift > 2) {
      const left = 8 - shift;
      buf[at + 1] = (buf[at + 1] & ~(REGISTER_MASK >>> left)) | (value >>> left);
    }
    return true;
  }

  #raiseSparse(
    owner: HyperLogLogOwner,
    { index, value, sparseLimit }: { index: number; value: number; sparseLimit: number },
  ): boolean | undefined | "too large" {
    // Most of the time goes into finding the run, so this loop reads the bytes itself.
    const buf = this.#buf;
    const end = this.#end;
    let before = this.#first;
    let at = before;
    let first = 0;
    let span = 0;
    for (;;) {
      if (at >= end) return undefined;
      const head = buf[at];
      let bytes = 1;
      if (head >= VALUE) {
        span = (head & 3) + 1;
      } else if (head < LONG_ZEROS) {
        span = head + 1;
      } else {
        if (at + 1 >= end) return undefined;
        span = (((head & 0x3f) << 8) | buf[at + 1]) + 1;
        bytes = 2;
      }
      if (index < first + span) break;
      before = at;
      first += span;
      at += bytes;
    }

    const old = this.#runValue(at);
    if (old >= value) return false;
    // The run falls into what is before the register, the register and what is behind it.
    const runs = new Uint8Array(5);
    let length = 0;
    if (index > first) length = writeRun(runs, length, old, index - first);
    length = writeRun(runs, length, value, 1);
    if (index < first + span - 1) length = writeRun(runs, length, old, first + span - 1 - index);

    const oldLength = this.#runBytes(at);
    const grown = length - oldLength;
    if (grown > 0 && this.#length + grown > sparseLimit) return "too large";
    const offset = at - this.#start;
    const beforeOffset = before - this.#start;
    this.#splice(owner, { at: offset, remove: oldLength, insert: length });
    this.#buf.set(runs.subarray(0, length), this.#start + offset);
    this.#join(owner, this.#start + beforeOffset);
    this.outdateEstimate();
    return true;
  }

  /** Joins runs of the same value that lie side by side, from `at` on. */
  #join(owner: HyperLogLogOwner, at: number): void {
    for (let left = RUNS_TO_JOIN; left > 0 && at < this.#end; left--) {
      const value = this.#runValue(at);
      if (value !== 0 && at + 1 < this.#end && this.#runValue(at + 1) === value) {
        const length = this.#runLength(at, this.#end) + this.#runLength(at + 1, this.#end);
        if (length <= LONGEST_VALUE_RUN) {
          const offset = at - this.#start;
          writeRun(this.#buf, at + 1, value, length);
          this.#splice(owner, { at: offset, remove: 1, insert: 0 });
          // The run that came of it may be joined to the next one.
          at = this.#start + offset;
          continue;
        }
      }
      at += this.#runBytes(at);
    }
  }

  /** Replaces bytes at an offset by others, which the caller writes. */
  #splice(
    owner: HyperLogLogOwner,
    { at, remove, insert }: { at: number; remove: number; insert: number },
  ): void {
    const before = this.#length;
    const after = before + insert - remove;
    if (after > before) owner.resize(this, after);
    const base = this.#start;
    this.#buf.copyWithin(base + at + insert, base + at + remove, base + before);
    if (after < before) owner.resize(this, after);
  }

  /** Gives every register its own six bits; false when the runs are wrong, and nothing has changed then. */
  makeDense(owner: HyperLogLogOwner): boolean {
    const registers = new Uint8Array(REGISTERS);
    if (!this.raise(registers)) return false;
    this.storeDense(owner, registers);
    return true;
  }

  /** Makes this a dense one with these registers. */
  storeDense(owner: HyperLogLogOwner, registers: Uint8Array): void {
    owner.resize(this, DENSE_BYTES);
    const buf = this.#buf;
    buf[this.#start + 4] = DENSE;
    for (let i = 0, at = this.#first; i < REGISTERS; i += 4, at += 3) {
      const four = registers[i] | (registers[i + 1] << 6) | (registers[i + 2] << 12) |
        (registers[i + 3] << 18);
      buf[at] = four;
      buf[at + 1] = four >> 8;
      buf[at + 2] = four >> 16;
    }
  }
}

/** The estimate for registers of one byte each, as {@link HyperLogLog.raise} fills them. */
export function estimateRegisters(registers: Uint8Array): number {
  const histogram = new Int32Array(REGISTER_MASK + 1);
  for (let i = 0; i < REGISTERS; i++) histogram[registers[i]]++;
  return estimate(histogram, REGISTERS);
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** Writes a run; answers the place behind it. */
function writeRun(buf: Uint8Array, at: number, value: number, length: number): number {
  if (value === 0) return writeZeros(buf, at, length);
  buf[at] = VALUE | ((value - 1) << 2) | (length - 1);
  return at + 1;
}

function writeZeros(buf: Uint8Array, at: number, length: number): number {
  if (length <= LONGEST_SHORT_ZERO_RUN) {
    buf[at] = length - 1;
    return at + 1;
  }
  buf[at] = LONG_ZEROS | ((length - 1) >>> 8);
  buf[at + 1] = (length - 1) & 0xff;
  return at + 2;
}
