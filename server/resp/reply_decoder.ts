/**
 * The incremental decoder of replies, for whoever talks to a server.
 *
 * The socket reads into {@link ReplyDecoder.room}, {@link ReplyDecoder.filled} says how many bytes came, and
 * {@link ReplyDecoder.next} answers the next complete reply. A reply that is split anywhere is continued where its
 * bytes ended; only aggregates under way are remembered, as a stack of frames.
 *
 *     +text  -error  :int  $bulk  *array                        RESP2
 *     _null  #bool  ,double  (big  !error  =verbatim            RESP3
 *     %map   ~set   >push    |attributes of the next reply      RESP3
 *
 * What a reply is made into is the {@link ReplyBuilder}'s matter: plain values for programs, tagged ones for the
 * command line. Streamed strings and aggregates (`$?`, `*?`) are not understood, since no server sends them.
 *
 * @module
 */

import { decodeLatin1 } from "./args.ts";
import { ProtocolError } from "./errors.ts";
import { parseBigInt64, parseSafeInteger } from "./numbers.ts";

const CR = 13;
const LF = 10;

const SIMPLE = 43; // +
const ERROR = 45; // -
const INT = 58; // :
const BULK = 36; // $
const ARRAY = 42; // *
const NULL = 95; // _
const BOOL = 35; // #
const DOUBLE = 44; // ,
const BIG_NUMBER = 40; // (
const BULK_ERROR = 33; // !
const VERBATIM = 61; // =
const MAP = 37; // %
const SET = 126; // ~
const PUSH = 62; // >
const ATTRIBUTES = 124; // |

const TRUE = 116;
const FALSE = 102;

/** What a fresh decoder has room for, and what it returns to after a large reply. */
const USUAL_BUFFER = 16 * 1024;
/** A buffer above this size is given back once it is empty. */
const LARGEST_KEPT_BUFFER = 256 * 1024;
const LARGEST_COUNT = 0x7fffffff;
/** Aggregates within aggregates, unless told otherwise; scripts can nest about 200 deep. */
const USUAL_DEPTH = 256;
/** A verbatim string begins with three letters of format and a colon. */
const FORMAT_LENGTH = 4;

/** Makes values out of replies. Bytes are views, valid only during the call; `pairs` alternate key and value. */
export interface ReplyBuilder<T> {
  simple(text: Uint8Array): T;
  error(text: Uint8Array): T;
  int(value: number | bigint): T;
  bulk(bytes: Uint8Array): T;
  null(): T;
  bool(value: boolean): T;
  /** The text is as the server wrote it: digits, `inf`, `-inf` or `nan`. */
  double(text: string): T;
  bigNumber(digits: string): T;
  verbatim(format: string, bytes: Uint8Array): T;
  array(items: T[]): T;
  map(pairs: T[]): T;
  set(items: T[]): T;
  push(items: T[]): T;
  /** A value about which the server said something aside. */
  attributed(value: T, pairs: T[]): T;
}

/** An aggregate that waits for elements. */
interface Frame<T> {
  readonly type: number;
  missing: number;
  readonly items: T[];
}

/** Decodes the replies of one connection. */
export class ReplyDecoder<T> {
  /** Whether the reply that {@link next} answered last was pushed, not asked for (RESP3 only). */
  pushed = false;
  readonly #builder: ReplyBuilder<T>;
  readonly #maxDepth: number;
  #buf = new Uint8Array(USUAL_BUFFER);
  #at = 0;
  #end = 0;
  /** Up to here the line under way is known to hold no CR. */
  #scanned = 0;
  /** The type and length of a bulk whose header has been read; −1 when there is none. */
  #bulkType = 0;
  #bulkLength = -1;
  readonly #frames: Frame<T>[] = [];
  /** By depth: attributes for the next value there. */
  readonly #attributes: (T[] | undefined)[] = [];
  #result: T | undefined;

  constructor(builder: ReplyBuilder<T>, options: { maxDepth?: number } = {}) {
    this.#builder = builder;
    this.#maxDepth = options.maxDepth ?? USUAL_DEPTH;
  }

  /** Where the next read may write; at least one byte. */
  room(): Uint8Array<ArrayBuffer> {
    if (this.#at === this.#end) {
      this.#at = this.#end = this.#scanned = 0;
      if (this.#buf.length > LARGEST_KEPT_BUFFER) this.#buf = new Uint8Array(USUAL_BUFFER);
    } else if (this.#end === this.#buf.length) {
      this.#makeRoom();
    }
    return this.#end === 0 ? this.#buf : this.#buf.subarray(this.#end);
  }

  /** Says that `count` bytes have been written to the start of {@link room}. */
  filled(count: number): void {
    this.#end += count;
  }

  /** Copies bytes in, for sources that bring their own buffers. */
  feed(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const room = this.room();
      const part = bytes.subarray(at, at + room.length);
      room.set(part);
      this.filled(part.length);
      at += part.length;
    }
  }

  #makeRoom(): void {
    const kept = this.#end - this.#at;
    let target = this.#buf;
    if (kept > target.length / 2) {
      let size = target.length * 2;
      // The rest of a large string is known: do not double far beyond it.
      const needed = this.#bulkLength + 2;
      if (needed > target.length) size = Math.min(size, needed);
      target = new Uint8Array(size);
      target.set(this.#buf.subarray(this.#at, this.#end));
    } else {
      target.copyWithin(0, this.#at, this.#end);
    }
    this.#buf = target;
    this.#scanned = Math.max(0, this.#scanned - this.#at);
    this.#at = 0;
    this.#end = kept;
  }

  /**
   * The next complete reply; undefined when more bytes are needed.
   *
   * @throws {ProtocolError} when the bytes are no reply; nothing can be decoded afterwards
   */
  next(): T | undefined {
    this.pushed = false;
    while (this.#bulkLength < 0 ? this.#line() : this.#bulk()) {
      const result = this.#result;
      if (result !== undefined) {
        this.#result = undefined;
        return result;
      }
    }
    return undefined;
  }

  /** Reads one header line; false when it is not complete. */
  #line(): boolean {
    const buf = this.#buf;
    const end = this.#end;
    const start = this.#at;
    if (start >= end) return false;
    const cr = buf.indexOf(CR, Math.max(this.#scanned, start));
    if (cr < 0 || cr + 1 >= end) {
      this.#scanned = cr < 0 || cr >= end ? end : cr;
      return false;
    }
    if (buf[cr + 1] !== LF) throw new ProtocolError("a line of a reply ends in CR without LF");
    this.#at = cr + 2;
    this.#scanned = this.#at;
    this.#header(buf[start], start + 1, cr - start - 1);
    return true;
  }

  #header(type: number, off: number, len: number): void {
    const builder = this.#builder;
    switch (type) {
      case SIMPLE:
        return this.#complete(builder.simple(this.#view(off, len)));
      case ERROR:
        return this.#complete(builder.error(this.#view(off, len)));
      case INT:
        return this.#complete(builder.int(this.#int(off, len)));
      case DOUBLE:
        return this.#complete(builder.double(this.#text(off, len)));
      case BIG_NUMBER:
        return this.#complete(builder.bigNumber(this.#text(off, len)));
      case BOOL:
        return this.#complete(builder.bool(this.#bool(off, len)));
      case NULL:
        return this.#complete(builder.null());
      case BULK:
      case BULK_ERROR:
      case VERBATIM: {
        const length = this.#length(off, len);
        if (length < 0) return this.#complete(builder.null());
        this.#bulkType = type;
        this.#bulkLength = length;
        return;
      }
      case ARRAY:
      case MAP:
      case SET:
      case PUSH:
      case ATTRIBUTES: {
        const count = this.#length(off, len);
        if (count < 0) return this.#complete(builder.null());
        return this.#open(type, type === MAP || type === ATTRIBUTES ? count * 2 : count);
      }
      default:
        throw new ProtocolError(`a reply begins with byte ${type}, which is no type of RESP`);
    }
  }

  /** Reads the bytes that a bulk's header announced; false when they are not all there. */
  #bulk(): boolean {
    const length = this.#bulkLength;
    const from = this.#at;
    const to = from + length;
    if (to + 2 > this.#end) return false;
    if (this.#buf[to] !== CR || this.#buf[to + 1] !== LF) {
      throw new ProtocolError("a string is not followed by CR LF");
    }
    this.#at = to + 2;
    this.#scanned = this.#at;
    this.#bulkLength = -1;
    const bytes = this.#view(from, length);
    if (this.#bulkType === BULK) this.#complete(this.#builder.bulk(bytes));
    else if (this.#bulkType === BULK_ERROR) this.#complete(this.#builder.error(bytes));
    else this.#complete(this.#verbatim(bytes));
    return true;
  }

  #verbatim(bytes: Uint8Array): T {
    if (bytes.length < FORMAT_LENGTH) {
      throw new ProtocolError("a verbatim string has no format");
    }
    const format = decodeLatin1(bytes.subarray(0, FORMAT_LENGTH - 1));
    return this.#builder.verbatim(format, bytes.subarray(FORMAT_LENGTH));
  }

  #open(type: number, missing: number): void {
    if (type === PUSH && this.#frames.length > 0) {
      throw new ProtocolError("a push message stands within a reply");
    }
    if (missing === 0) {
      if (type !== ATTRIBUTES) this.#complete(this.#build(type, []));
      return;
    }
    if (this.#frames.length >= this.#maxDepth) {
      throw new ProtocolError(`a reply is nested more than ${this.#maxDepth} deep`);
    }
    this.#frames.push({ type, missing, items: [] });
  }

  /** Puts a value where it belongs, and closes every aggregate that it completes. */
  #complete(value: T): void {
    let done = value;
    for (;;) {
      const depth = this.#frames.length;
      const aside = this.#attributes[depth];
      if (aside !== undefined) {
        this.#attributes[depth] = undefined;
        done = this.#builder.attributed(done, aside);
      }
      if (depth === 0) {
        this.#result = done;
        return;
      }
      const frame = this.#frames[depth - 1];
      frame.items.push(done);
      if (--frame.missing > 0) return;
      this.#frames.pop();
      if (frame.type === ATTRIBUTES) {
        this.#attributes[depth - 1] = frame.items;
        return;
      }
      done = this.#build(frame.type, frame.items);
    }
  }

  #build(type: number, items: T[]): T {
    if (this.#frames.length === 0) this.pushed = type === PUSH;
    switch (type) {
      case MAP:
        return this.#builder.map(items);
      case SET:
        return this.#builder.set(items);
      case PUSH:
        return this.#builder.push(items);
      default:
        return this.#builder.array(items);
    }
  }

  #view(off: number, len: number): Uint8Array {
    return this.#buf.subarray(off, off + len);
  }

  #text(off: number, len: number): string {
    return decodeLatin1(this.#view(off, len));
  }

  #int(off: number, len: number): number | bigint {
    const small = parseSafeInteger(this.#buf, off, len);
    if (small === small) return small;
    const big = parseBigInt64(this.#buf, off, len);
    if (big === undefined) throw new ProtocolError(`"${this.#text(off, len)}" is no integer`);
    const rounded = Number(big);
    return Number.isSafeInteger(rounded) ? rounded : big;
  }

  #bool(off: number, len: number): boolean {
    const letter = this.#buf[off];
    if (len !== 1 || (letter !== TRUE && letter !== FALSE)) {
      throw new ProtocolError(`"${this.#text(off, len)}" is no boolean`);
    }
    return letter === TRUE;
  }

  /** A length or count; −1 stands for the absent value. */
  #length(off: number, len: number): number {
    const length = parseSafeInteger(this.#buf, off, len);
    if (length >= -1 && length <= LARGEST_COUNT) return length;
    throw new ProtocolError(`"${this.#text(off, len)}" is no length`);
  }
}
