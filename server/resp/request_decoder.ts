/**
 * The incremental decoder of requests.
 *
 * It owns a connection's input buffer. The socket reads into {@link RequestDecoder.room}, {@link RequestDecoder.filled}
 * says how many bytes came, and {@link RequestDecoder.next} puts the next complete request into `args`, in place. A
 * request that is split anywhere is continued where its bytes ended: no byte is parsed twice.
 *
 *     buf   [ consumed | request under way: parsed … | not parsed | room ]
 *           0          requestStart                  at           end    buf.length
 *
 * The buffer begins small, because most connections idle, grows with what arrives (never with what a client merely
 * announces), and shrinks again.
 *
 * Format: RESP arrays of bulk strings, or inline commands, as https://redis.io/docs/latest/develop/reference/protocol-spec
 * describes them; errors and limits are those of redis-server.
 *
 * @module
 */

import { Args, encodeLatin1 } from "./args.ts";
import { ProtocolError } from "./errors.ts";
import { parseInt64 } from "./numbers.ts";
import { splitWords } from "./split_words.ts";

const STAR = 42;
const DOLLAR = 36;
const CR = 13;
const LF = 10;
const ZERO = 48;
const SPACE = 32;
const DOUBLE_QUOTE = 34;
const SINGLE_QUOTE = 39;

/** What an idle connection holds. */
const SMALLEST_BUFFER = 1024;
/**
 * What small requests grow it to at the most; larger ones take what they need. A batch of so many bytes takes half a
 * millisecond: so long other clients wait for one that floods.
 */
const USUAL_LARGEST_BUFFER = 16 * 1024;
/** Longest inline request, and longest length line. */
const LONGEST_LINE = 64 * 1024;
/** `*1`, `$0` and an empty argument. */
const SHORTEST_REQUEST = 10;
/** What {@link RequestDecoder.skim} takes for a short argument, bytes. */
const LONGEST_SKIMMED = 1000;
/** Arguments that every view has room for. */
const MOST_SHORT_ARGS = 8;
const LARGEST_COUNT = 0x7fffffff;
/** Limits for a client that has not logged in where it must. */
const UNAUTHENTICATED_COUNT = 10;
const UNAUTHENTICATED_BULK = 16384;

/** What the decoder must know of the server's configuration and the client's rights. */
export interface DecoderLimits {
  /** `proto-max-bulk-len`, in bytes. */
  readonly maxBulkLength: number;
  /** Whether the client still has to log in: then only small requests are read. */
  readonly restricted: boolean;
  /** Whether a request that is no array means that the stream cannot be followed. */
  readonly arraysOnly?: boolean;
}

/** Decodes the requests of one connection. */
export class RequestDecoder {
  /** The request that {@link next} found, valid until its next call. */
  readonly args: Args;
  #buf: Uint8Array;
  #requestStart = 0;
  #at = 0;
  #end = 0;
  /** Arguments still to come in the request under way; 0 between requests. */
  #missing = 0;
  /** The announced length of the argument under way, −1 before its length line. */
  #bulkLength = -1;
  /** The last read took all the room there was: more may have been waiting. */
  #wasFull = false;
  /** The request in `args` was given back, to be answered later. */
  #again = false;
  /** How many bytes came before those in the buffer. */
  #dropped = 0;
  readonly #limits: DecoderLimits;

  constructor(limits: DecoderLimits) {
    this.#limits = limits;
    this.#buf = new Uint8Array(SMALLEST_BUFFER);
    this.args = new Args(this.#buf);
  }

  /** Bytes that have come and are not yet part of an answered request. */
  get pending(): number {
    return this.#end - this.#requestStart;
  }

  /** Bytes that {@link next} has not looked at. */
  get remaining(): number {
    return this.#end - this.#at;
  }

  /** Whether the last read took all the room there was: more may be waiting. */
  get wasFull(): boolean {
    return this.#wasFull;
  }

  /** How many of the bytes that ever came belong to the requests that {@link next} has found. */
  get position(): number {
    return this.#dropped + this.#at;
  }

  /** The bytes that came last, `count` of them; to be read before the next read. */
  latest(count: number): Uint8Array {
    return this.#buf.subarray(this.#end - count, this.#end);
  }

  /** Takes back the bytes that came last, `count` of them, before anything has read them: they are for somebody else. Copied. */
  takeBack(count: number): Uint8Array {
    const bytes = this.latest(count).slice();
    this.#end -= count;
    return bytes;
  }

  /** Bytes that the input buffer takes. */
  get capacity(): number {
    return this.#buf.length;
  }

  /** Where the next read may write; at least one byte, usually half the buffer and more. */
  room(): Uint8Array {
    if (this.#requestStart === this.#end) this.#rewind();
    else if (this.#end * 2 > this.#buf.length) this.#makeRoom();
    return this.#end === 0 ? this.#buf : this.#buf.subarray(this.#end);
  }

  /** Says that `count` bytes have been written to the start of {@link room}. */
  filled(count: number): void {
    this.#end += count;
    this.#wasFull = this.#end === this.#buf.length;
  }

  /** Everything was consumed: start over at the front, with a buffer that suits the last read. */
  #rewind(): void {
    const size = this.#buf.length;
    const used = this.#end;
    if (size > USUAL_LARGEST_BUFFER) {
      this.#replaceBuffer(new Uint8Array(SMALLEST_BUFFER));
    } else if (this.#wasFull && size < USUAL_LARGEST_BUFFER) {
      this.#replaceBuffer(new Uint8Array(size * 4));
    } else if (used > 0 && used * 4 < size && size > SMALLEST_BUFFER) {
      this.#replaceBuffer(new Uint8Array(size / 2));
    }
    this.#wasFull = false;
    this.#dropped += used;
    this.#requestStart = this.#at = this.#end = 0;
    this.args.trim();
  }

  /** Moves the request under way to the front, into a larger buffer where it or the reads need one. */
  #makeRoom(): void {
    const kept = this.#end - this.#requestStart;
    const shift = this.#requestStart;
    let size = this.#buf.length;
    if (kept * 2 > size) {
      size = Math.max(size * 2, USUAL_LARGEST_BUFFER);
      if (this.#bulkLength >= 0) {
        // The rest of a large argument is known: do not double far beyond it.
        const needed = this.#at - shift + this.#bulkLength + 2;
        if (needed > this.#buf.length) size = Math.min(size, needed);
      }
    } else if (this.#wasFull && size < USUAL_LARGEST_BUFFER) {
      size *= 4;
    }
    if (size === this.#buf.length) {
      if (shift === 0) return;
      this.#buf.copyWithin(0, shift, this.#end);
    } else {
      const larger = new Uint8Array(size);
      larger.set(this.#buf.subarray(shift, this.#end));
      this.#replaceBuffer(larger);
    }
    this.#wasFull = false;
    const off = this.args.off;
    for (let i = 0; i < this.args.count; i++) off[i] -= shift;
    this.#dropped += shift;
    this.#requestStart = 0;
    this.#at -= shift;
    this.#end = kept;
  }

  #replaceBuffer(buf: Uint8Array): void {
    this.#buf = buf;
    this.args.buf = buf;
  }

  /**
   * Puts the next complete request into `args`; false when more bytes are needed.
   *
   * @throws {ProtocolError} when the stream cannot be followed any further
   */
  next(): boolean {
    const buf = this.#buf;
    const args = this.args;
    if (this.#again) {
      this.#again = false;
      return true;
    }
    if (this.#missing === 0) {
      this.#requestStart = this.#at;
      if (this.#short()) return true;
      args.count = 0;
      for (;;) {
        if (this.#at >= this.#end) return false;
        if (buf[this.#at] !== STAR) {
          if (this.#inline()) return true;
          if (this.#missing < 0) {
            this.#missing = 0;
            continue; // an empty line
          }
          return false;
        }
        const count = this.#lengthLine("too big mbulk count string", "invalid multibulk length");
        if (count === undefined) return false;
        if (count > LARGEST_COUNT) throw new ProtocolError("invalid multibulk length");
        if (count > UNAUTHENTICATED_COUNT && this.#limits.restricted) {
          throw new ProtocolError("unauthenticated multibulk length");
        }
        this.#requestStart = this.#at;
        if (count > 0) {
          this.#missing = count;
          break;
        }
      }
    }
    const end = this.#end;
    while (this.#missing > 0) {
      if (this.#bulkLength < 0) {
        if (this.#at >= end) return false;
        if (buf[this.#at] !== DOLLAR) {
          // Redis looks at the line only when it is whole.
          if (!this.#hasLine("too big bulk count string")) return false;
          throw new ProtocolError(`expected '$', got '${String.fromCharCode(buf[this.#at])}'`);
        }
        const length = this.#lengthLine("too big bulk count string", "invalid bulk length");
        if (length === undefined) return false;
        if (length < 0 || length > this.#limits.maxBulkLength) {
          throw new ProtocolError("invalid bulk length");
        }
        if (length > UNAUTHENTICATED_BULK && this.#limits.restricted) {
          throw new ProtocolError("unauthenticated bulk length");
        }
        this.#bulkLength = length;
      }
      const length = this.#bulkLength;
      const at = this.#at;
      if (end - at < length + 2) return false;
      args.push(at, length);
      this.#at = at + length + 2;
      this.#bulkLength = -1;
      this.#missing--;
    }
    return true;
  }

  /**
   * Takes a complete request of few and short arguments, which no limit can concern; false, with nothing changed, for
   * any other, which {@link next} then reads with all care. Two fifths of the time that the careful way takes.
   */
  #short(): boolean {
    const buf = this.#buf;
    const end = this.#end;
    const { off, len } = this.args;
    let at = this.#at;
    if (end - at < SHORTEST_REQUEST || buf[at] !== STAR) return false;
    const count = buf[at + 1] - ZERO;
    if (count < 1 || count > MOST_SHORT_ARGS || buf[at + 2] !== CR) return false;
    at += 4;
    for (let i = 0; i < count; i++) {
      // What is read beyond the end is old, but then the argument ends beyond it, too.
      if (buf[at] !== DOLLAR) return false;
      let length = buf[at + 1] - ZERO;
      if (length < 0 || length > 9) return false;
      if (buf[at + 2] === CR) {
        at += 4;
      } else {
        let digit = buf[at + 2] - ZERO;
        if (digit < 0 || digit > 9 || length === 0) return false;
        length = length * 10 + digit;
        if (buf[at + 3] === CR) {
          at += 5;
        } else {
          digit = buf[at + 3] - ZERO;
          if (digit < 0 || digit > 9 || buf[at + 4] !== CR) return false;
          length = length * 10 + digit;
          at += 6;
        }
      }
      off[i] = at;
      len[i] = length;
      at += length + 2;
      if (at > end) return false;
    }
    this.args.count = count;
    this.#at = at;
    return true;
  }

  /**
   * Looks at the requests that {@link next} will find: notes where the first argument of each lies behind its name,
   * with length −1 where it has none. Ends at `most` or at the first that is incomplete or not short, and sees none if
   * the next one has no arguments; answers how many it has seen.
   */
  skim(off: Int32Array, len: Int32Array, most: number): number {
    const buf = this.#buf;
    const end = this.#end;
    let at = this.#at;
    let seen = 0;
    if (this.#missing > 0 || this.#again) return 0;
    for (; seen < most; seen++) {
      if (end - at < SHORTEST_REQUEST || buf[at] !== STAR || buf[at + 2] !== CR) break;
      const count = buf[at + 1] - ZERO;
      if (count < 1 || count > MOST_SHORT_ARGS) break;
      // It may be MULTI, behind which keys are not needed soon.
      if (count === 1 && seen === 0) break;
      at += 4;
      len[seen] = -1;
      for (let i = 0; i < count; i++) {
        if (buf[at] !== DOLLAR) return seen;
        let length = 0;
        for (at++; buf[at] !== CR; at++) {
          const digit = buf[at] - ZERO;
          // Beyond the buffer's end it is no number.
          if (!(digit >= 0 && digit <= 9) || length > LONGEST_SKIMMED) return seen;
          length = length * 10 + digit;
        }
        at += 2;
        if (i === 1) {
          off[seen] = at;
          len[seen] = length;
        }
        at += length + 2;
        if (at > end) return seen;
      }
    }
    return seen;
  }

  /** Makes the request last returned the next one again. */
  rereadRequest(): void {
    this.#again = true;
  }

  /** Marks the request last returned as answered, so that its bytes need not be kept. */
  release(): void {
    this.#requestStart = this.#at;
  }

  /** Drops everything that has come: nothing more will be carried out. */
  discard(): void {
    this.args.count = this.#missing = 0;
    this.#bulkLength = -1;
    this.#requestStart = this.#at = this.#end;
  }

  /** Reads `*n` or `$n` at the current place and steps over it; undefined when the line is not complete. */
  #lengthLine(tooLong: string, invalid: string): number | undefined {
    const buf = this.#buf;
    const end = this.#end;
    const from = this.#at + 1;
    let at = from;
    let value = 0;
    // The usual line: a few digits.
    for (;;) {
      if (at >= end) return this.#unfinishedLine(tooLong);
      const digit = buf[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      at++;
    }
    if (buf[at] !== CR || at === from || at - from > 9 || (buf[from] === ZERO && at - from > 1)) {
      const cr = buf.indexOf(CR, at);
      if (cr < 0 || cr >= end) return this.#unfinishedLine(tooLong);
      if (cr + 1 >= end) return undefined;
      value = parseInt64(buf, from, cr - from);
      if (value !== value) throw new ProtocolError(invalid);
      at = cr;
    }
    if (at + 1 >= end) return undefined;
    this.#at = at + 2;
    return value;
  }

  /** Whether a whole line stands at the current place. */
  #hasLine(tooLong: string): boolean {
    const cr = this.#buf.indexOf(CR, this.#at);
    if (cr >= 0 && cr + 1 < this.#end) return true;
    if (cr < 0 || cr >= this.#end) this.#unfinishedLine(tooLong);
    return false;
  }

  #unfinishedLine(tooLong: string): undefined {
    if (this.#end - this.#at > LONGEST_LINE) throw new ProtocolError(tooLong);
    return undefined;
  }

  /** Reads a line of words; sets `#missing` to −1 for an empty line. */
  #inline(): boolean {
    const buf = this.#buf;
    const newline = buf.indexOf(LF, this.#at);
    if (newline < 0 || newline >= this.#end) {
      if (this.#end - this.#at > LONGEST_LINE) throw new ProtocolError("too big inline request");
      return false;
    }
    let lineEnd = newline;
    if (lineEnd > this.#at && buf[lineEnd - 1] === CR) lineEnd--;
    if (!this.#plainWords(lineEnd)) this.#quotedWords(lineEnd);
    if (this.args.count > 0 && this.#limits.arraysOnly === true) {
      throw new ProtocolError("a request that is no array");
    }
    this.#at = newline + 1;
    if (this.args.count === 0) {
      this.#missing = -1;
      return false;
    }
    return true;
  }
  /** Takes the words of a line where they stand; false, with no words, when one of them is quoted. */
  #plainWords(lineEnd: number): boolean {
    const buf = this.#buf;
    const args = this.args;
    let word = this.#at;
    for (let at = word; at <= lineEnd; at++) {
      const c = at === lineEnd ? SPACE : buf[at];
      if (c > SPACE && c !== DOUBLE_QUOTE && c !== SINGLE_QUOTE) continue;
      if (c !== SPACE) {
        // Quotes and control characters have rules of their own.
        args.count = 0;
        return false;
      }
      if (at > word) args.push(word, at - word);
      word = at + 1;
    }
    return true;
  }

  #quotedWords(lineEnd: number): void {
    const buf = this.#buf;
    const words = splitWords(buf.subarray(this.#at, lineEnd));
    if (words === undefined) throw new ProtocolError("unbalanced quotes in request");
    // Unquoted words are no longer than their source, so they are written back over the line itself.
    let to = this.#at;
    for (const word of words) {
      const bytes = encodeLatin1(word);
      buf.set(bytes, to);
      this.args.push(to, bytes.length);
      to += bytes.length;
    }
  }
}
