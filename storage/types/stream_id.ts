/**
 * The ID of a stream entry: two 64-bit unsigned numbers, a time in ms and a sequence number, ordered as one of 128 bits.
 *
 * Kept as four uint32 words, so that no bit is ever lost and comparing allocates nothing. IDs are mutable: whoever
 * keeps one makes a copy ({@link StreamId.clone}, {@link StreamId.set}).
 *
 * Knows nothing of streams: only arithmetic, and the text `<ms>-<seq>`.
 *
 * @module
 */

const LARGEST_WORD = 0xffffffff;
const TWO_TO_32 = 0x100000000;
/** A high word below this means that the whole number fits a double exactly. */
const EXACT_HIGH = 0x200000;
const ZERO = 48;
const DASH = 45;
/** Most digits that always fit a double exactly. */
const SAFE_DIGITS = 15;

/** Bytes that the text of an ID takes at most. */
export const LONGEST_ID = 41;

/** One ID; 0-0 unless said otherwise. */
export class StreamId {
  msHigh = 0;
  msLow = 0;
  seqHigh = 0;
  seqLow = 0;

  /** An ID of numbers up to 2^53, or of bigints. */
  static of(ms: number | bigint, seq: number | bigint): StreamId {
    const id = new StreamId();
    id.setMs(ms);
    id.setSeq(seq);
    return id;
  }

  /** The greatest of all IDs. */
  static max(): StreamId {
    const id = new StreamId();
    id.msHigh =
      id.msLow =
      id.seqHigh =
      id.seqLow =
        LARGEST_WORD;
    return id;
  }

  get ms(): bigint {
    return (BigInt(this.msHigh) << 32n) | BigInt(this.msLow);
  }

  get seq(): bigint {
    return (BigInt(this.seqHigh) << 32n) | BigInt(this.seqLow);
  }

  get isZero(): boolean {
    return (this.msHigh | this.msLow | this.seqHigh | this.seqLow) === 0;
  }

  get isMax(): boolean {
    return (this.msHigh & this.msLow & this.seqHigh & this.seqLow) === -1;
  }

  /** Takes over another ID's value. */
  set(other: StreamId): this {
    this.msHigh = other.msHigh;
    this.msLow = other.msLow;
    this.seqHigh = other.seqHigh;
    this.seqLow = other.seqLow;
    return this;
  }

  setZero(): this {
    this.msHigh =
      this.msLow =
      this.seqHigh =
      this.seqLow =
        0;
    return this;
  }

  /** Sets the time, up to 2^53 as a number, any 64 bits as a bigint. */
  setMs(ms: number | bigint): void {
    if (typeof ms === "number") {
      // Not by the remainder, which costs more than all the rest.
      this.msHigh = Math.floor(ms / TWO_TO_32);
      this.msLow = ms - this.msHigh * TWO_TO_32;
    } else {
      this.msHigh = Number((ms >> 32n) & 0xffffffffn);
      this.msLow = Number(ms & 0xffffffffn);
    }
  }

  /** Sets the sequence number, up to 2^53 as a number, any 64 bits as a bigint. */
  setSeq(seq: number | bigint): void {
    if (typeof seq === "number") {
      this.seqHigh = Math.floor(seq / TWO_TO_32);
      this.seqLow = seq - this.seqHigh * TWO_TO_32;
    } else {
      this.seqHigh = Number((seq >> 32n) & 0xffffffffn);
      this.seqLow = Number(seq & 0xffffffffn);
    }
  }

  setSeqMax(): void {
    this.seqHigh = this.seqLow = LARGEST_WORD;
  }

  /** Reads the four words that {@link writeWords} wrote. */
  readWords(words: Uint32Array, at: number): this {
    this.msHigh = words[at];
    this.msLow = words[at + 1];
    this.seqHigh = words[at + 2];
    this.seqLow = words[at + 3];
    return this;
  }

  /** Writes the ID as four words, the most significant first. */
  writeWords(words: Uint32Array, at: number): void {
    words[at] = this.msHigh;
    words[at + 1] = this.msLow;
    words[at + 2] = this.seqHigh;
    words[at + 3] = this.seqLow;
  }

  clone(): StreamId {
    return new StreamId().set(this);
  }

  /** Negative, zero or positive as this ID is before, at or after the other. */
  compare(other: StreamId): number {
    if (this.msHigh !== other.msHigh) return this.msHigh < other.msHigh ? -1 : 1;
    if (this.msLow !== other.msLow) return this.msLow < other.msLow ? -1 : 1;
    if (this.seqHigh !== other.seqHigh) return this.seqHigh < other.seqHigh ? -1 : 1;
    if (this.seqLow !== other.seqLow) return this.seqLow < other.seqLow ? -1 : 1;
    return 0;
  }

  /** Whether the times, without the sequence numbers, are the same. */
  sameMs(other: StreamId): boolean {
    return this.msHigh === other.msHigh && this.msLow === other.msLow;
  }

  /** Becomes the next sequence number of the same time; false, and no change, when there is none. */
  incrementSeq(): boolean {
    if (this.seqLow < LARGEST_WORD) {
      this.seqLow++;
    } else {
      if (this.seqHigh === LARGEST_WORD) return false;
      this.seqHigh++;
      this.seqLow = 0;
    }
    return true;
  }

  /** Becomes the next ID; the greatest one becomes 0-0, and the answer is false. */
  increment(): boolean {
    if (this.incrementSeq()) return true;
    this.seqHigh = this.seqLow = 0;
    if (this.msLow < LARGEST_WORD) {
      this.msLow++;
    } else {
      this.msLow = 0;
      if (this.msHigh === LARGEST_WORD) {
        this.msHigh = 0;
        return false;
      }
      this.msHigh++;
    }
    return true;
  }

  /** Becomes the ID before; 0-0 becomes the greatest one, and the answer is false. */
  decrement(): boolean {
    const wasZero = this.isZero;
    if (this.seqLow-- === 0) {
      this.seqLow = LARGEST_WORD;
      if (this.seqHigh-- === 0) {
        this.seqHigh = LARGEST_WORD;
        if (this.msLow-- === 0) {
          this.msLow = LARGEST_WORD;
          if (this.msHigh-- === 0) this.msHigh = LARGEST_WORD;
        }
      }
    }
    return !wasZero;
  }

  /** Writes `<ms>-` at `at`; answers where {@link writeSeq} goes on. Up to {@link LONGEST_ID} bytes in all. */
  writeMs(buf: Uint8Array, at: number): number {
    const dash = writeUint64(buf, at, this.msHigh, this.msLow);
    buf[dash] = DASH;
    return dash + 1;
  }

  /** Writes the sequence number at `at`; answers where it ends. */
  writeSeq(buf: Uint8Array, at: number): number {
    return writeUint64(buf, at, this.seqHigh, this.seqLow);
  }

  toString(): string {
    return `${this.ms}-${this.seq}`;
  }
}

/** The smallest and the greatest ID; not to be changed. */
export const MIN_ID: Readonly<StreamId> = new StreamId();
export const MAX_ID: Readonly<StreamId> = StreamId.max();

/** What {@link parseStreamId} found besides the ID. */
export interface IdForm {
  /** Whether `<ms>-*` is allowed. */
  readonly allowAnySeq: boolean;
  /** Whether the text was `<ms>-*`. */
  anySeq: boolean;
}

/**
 * Reads `<ms>` or `<ms>-<seq>` into an ID, of which a missing sequence number is left as it is; false, and the ID
 * undefined, when the text is neither. Numbers are read as leniently as C's strtoull does, as Redis reads them.
 */
export function parseStreamId(
  buf: Uint8Array,
  off: number,
  len: number,
  id: StreamId,
  form?: IdForm,
): boolean {
  const end = off + len;
  let dash = off;
  while (dash < end && buf[dash] !== DASH) dash++;
  const ms = parseDigits(buf, off, dash);
  if (ms === undefined) return false;
  id.setMs(ms);
  if (dash === end) return true;
  if (form?.allowAnySeq && end - dash === 2 && buf[dash + 1] === 0x2a) {
    form.anySeq = true;
    return true;
  }
  const seq = parseDigits(buf, dash + 1, end);
  if (seq === undefined) return false;
  id.setSeq(seq);
  return true;
}

/** Plain digits, else whatever strtoull takes. */
function parseDigits(buf: Uint8Array, from: number, to: number): number | bigint | undefined {
  if (to - from > SAFE_DIGITS || to === from) return parseLeniently(buf, from, to);
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = buf[at] - ZERO;
    if (digit < 0 || digit > 9) return parseLeniently(buf, from, to);
    value = value * 10 + digit;
  }
  return value;
}

/**
 * Blanks, a sign and digits are what strtoull takes, a negative number as its complement; but Redis refuses a plain
 * negative number before it asks.
 */
function parseLeniently(buf: Uint8Array, from: number, to: number): bigint | undefined {
  let text = "";
  for (let at = from; at < to; at++) text += String.fromCharCode(buf[at]);
  const parts = /^[ \t\n\v\f\r]*([+-]?)(\d+)$/.exec(text);
  if (parts === null || /^-[1-9]\d*$/.test(text) && BigInt(text) >= -(2n ** 63n)) return undefined;
  const value = BigInt(parts[2]);
  if (value >= 2n ** 64n) return undefined;
  return parts[1] === "-" ? BigInt.asUintN(64, -value) : value;
}

/** Writes a 64-bit number in decimal; answers where it ends. */
function writeUint64(buf: Uint8Array, at: number, high: number, low: number): number {
  if (high === 0 && low < 10) {
    buf[at] = ZERO + low;
    return at + 1;
  }
  if (high >= EXACT_HIGH) {
    const text = ((BigInt(high) << 32n) | BigInt(low)).toString();
    for (let i = 0; i < text.length; i++) buf[at + i] = text.charCodeAt(i);
    return at + text.length;
  }
  const value = high * TWO_TO_32 + low;
  let digits = 1;
  for (let limit = 10; value >= limit && digits < 16; limit *= 10) digits++;
  // Seven digits at a time are an integer to V8, which divides those faster than doubles.
  let rest = value;
  let place = at + digits;
  while (place > at) {
    const upper = rest < 1e7 ? 0 : Math.floor(rest / 1e7);
    let part = (rest - upper * 1e7) | 0;
    for (let i = 0; i < 7 && place > at; i++) {
      const next = (part / 10) | 0;
      buf[--place] = ZERO + part - next * 10;
      part = next;
    }
    rest = upper;
  }
  return at + digits;
}
