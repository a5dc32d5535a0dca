/**
 * Encodes replies into a growing buffer, in RESP2 or RESP3.
 *
 * One encoder gathers the replies of a whole batch; {@link ReplyEncoder.bytes} is what goes to the socket in one write.
 *
 * @module
 */

import { oneLine } from "./errors.ts";
import { formatDouble } from "./numbers.ts";
import type { Reply, ReplyText } from "./reply.ts";

const CR = 13;
const LF = 10;
const ZERO = 48;
const QUESTION_MARK = 63;
const MINUS = 45;
const PLUS = 43;
const COLON = 58;
const COMMA = 44;
const DOLLAR = 36;
const STAR = 42;
const PERCENT = 37;
const TILDE = 126;
const GREATER = 62;
const UNDERSCORE = 95;
const BAR = 124;

/** What a fresh encoder has room for. */
export const USUAL_CAPACITY = 16 * 1024;
/** From this length on a buffer no longer doubles. */
const LARGE = 64 * 1024 * 1024;
/** Longest header: a type byte, 20 digits and a sign, CR LF. */
const HEADER_ROOM = 24;
/** Up to this length a loop copies faster than `set`. */
const SHORT_COPY = 48;

const encoder = new TextEncoder();

/** Encodes replies for one client. */
export class ReplyEncoder implements Reply {
  protocol: 2 | 3;
  #buf: Uint8Array;
  #length = 0;
  /** What {@link bytes} answered last. */
  #bytes: Uint8Array;

  constructor(protocol: 2 | 3 = 2, capacity = USUAL_CAPACITY) {
    this.protocol = protocol;
    this.#buf = new Uint8Array(capacity);
    this.#bytes = this.#buf;
  }

  /** Bytes encoded so far. */
  get length(): number {
    return this.#length;
  }

  /** Bytes that the buffer takes. */
  get capacity(): number {
    return this.#buf.length;
  }

  /** Where the bytes are encoded to; growing replaces it. */
  get buffer(): Uint8Array {
    return this.#buf;
  }

  /** The encoded bytes, shared: valid until the next call that encodes. */
  bytes(): Uint8Array {
    const last = this.#bytes;
    // Replies that come alone mostly have the length of the one before.
    if (last.length === this.#length && last.buffer === this.#buf.buffer) return last;
    return this.#bytes = this.#buf.subarray(0, this.#length);
  }

  /** Forgets everything after the first `length` bytes. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** Makes room for `extra` more bytes. */
  #reserve(extra: number): Uint8Array {
    const needed = this.#length + extra;
    if (needed > this.#buf.length) {
      // Growth stays geometric, or a reply of a gigabyte would be copied a thousand times.
      const size = needed > LARGE
        ? Math.ceil(needed * 1.25)
        : Math.max(this.#buf.length * 2, needed);
      const larger = new Uint8Array(size);
      larger.set(this.#buf.subarray(0, this.#length));
      this.#buf = larger;
    }
    return this.#buf;
  }

  /** Writes a type byte, a non-negative integer and CR LF; room must have been made. */
  #header(type: number, value: number): void {
    const buf = this.#buf;
    let at = this.#length;
    buf[at++] = type;
    if (value < 10) {
      buf[at++] = ZERO + value;
    } else if (value < 100) {
      const tens = (value / 10) | 0;
      buf[at++] = ZERO + tens;
      buf[at++] = ZERO + value - tens * 10;
    } else {
      at = writeDigits(buf, at, value);
    }
    buf[at++] = CR;
    buf[at++] = LF;
    this.#length = at;
  }

  #line(type: number, text: string): void {
    const buf = this.#reserve(text.length * 3 + 3);
    let at = this.#length;
    buf[at++] = type;
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (c >= 128) {
        at += encoder.encodeInto(text.slice(i), buf.subarray(at)).written;
        break;
      }
      buf[at++] = c;
    }
    buf[at++] = CR;
    buf[at++] = LF;
    this.#length = at;
  }

  ok(): void {
    const buf = this.#reserve(5);
    const at = this.#length;
    buf[at] = PLUS;
    buf[at + 1] = 79;
    buf[at + 2] = 75;
    buf[at + 3] = CR;
    buf[at + 4] = LF;
    this.#length = at + 5;
  }

  simple(text: ReplyText): void {
    if (typeof text === "string") return this.#line(PLUS, text);
    const buf = this.#reserve(text.length + 3);
    const at = this.#length;
    buf[at] = PLUS;
    buf.set(text, at + 1);
    buf[at + text.length + 1] = CR;
    buf[at + text.length + 2] = LF;
    this.#length = at + text.length + 3;
  }

  error(message: string): void {
    const text = oneLine(message);
    const buf = this.#reserve(text.length + 3);
    let at = this.#length;
    buf[at++] = MINUS;
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i);
      // What no byte can hold cannot come from a request.
      buf[at++] = c > 0xff ? QUESTION_MARK : c;
    }
    buf[at++] = CR;
    buf[at++] = LF;
    this.#length = at;
  }

  int(value: number | bigint): void {
    if (typeof value === "number" && value >= 0 && value <= Number.MAX_SAFE_INTEGER) {
      this.#reserve(HEADER_ROOM);
      this.#header(COLON, value);
    } else if (typeof value === "number" && value >= Number.MIN_SAFE_INTEGER && value < 0) {
      const buf = this.#reserve(HEADER_ROOM);
      const at = this.#length;
      buf[at] = COLON;
      this.#length = at + 1;
      this.#header(MINUS, -value);
    } else {
      this.#line(COLON, typeof value === "number" ? BigInt(value).toString() : value.toString());
    }
  }

  bulk(value: ReplyText): void {
    if (typeof value !== "string") {
      this.bulkAt(value, 0, value.length);
      return;
    }
    const length = value.length;
    if (length <= SHORT_COPY * 2) {
      const buf = this.#reserve(length + HEADER_ROOM);
      const mark = this.#length;
      this.#header(DOLLAR, length);
      let at = this.#length;
      let i = 0;
      for (; i < length; i++) {
        const c = value.charCodeAt(i);
        if (c >= 128) break;
        buf[at++] = c;
      }
      if (i === length) {
        buf[at++] = CR;
        buf[at++] = LF;
        this.#length = at;
        return;
      }
      this.#length = mark;
    }
    const bytes = encoder.encode(value);
    this.bulkAt(bytes, 0, bytes.length);
  }

  bulkAt(src: Uint8Array, off: number, len: number): void {
    const buf = this.#reserve(len + HEADER_ROOM);
    this.#header(DOLLAR, len);
    let at = this.#length;
    if (len <= SHORT_COPY) {
      for (let i = off, end = off + len; i < end; i++) buf[at++] = src[i];
    } else {
      buf.set(src.subarray(off, off + len), at);
      at += len;
    }
    buf[at] = CR;
    buf[at + 1] = LF;
    this.#length = at + 2;
  }

  /** Bytes that are encoded already, such as a push message shared by many receivers. */
  raw(bytes: Uint8Array): void {
    const buf = this.#reserve(bytes.length);
    buf.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** {@link raw} for bytes that lie somewhere in `src`. */
  rawAt(src: Uint8Array, off: number, len: number): void {
    const buf = this.#reserve(len);
    let at = this.#length;
    this.#length = at + len;
    if (len > SHORT_COPY) buf.set(src.subarray(off, off + len), at);
    else for (let i = off, end = off + len; i < end; i++) buf[at++] = src[i];
  }

  null(): void {
    if (this.protocol === 3) {
      this.#nothing();
      return;
    }
    const buf = this.#reserve(5);
    const at = this.#length;
    buf[at] = DOLLAR;
    buf[at + 1] = MINUS;
    buf[at + 2] = ZERO + 1;
    buf[at + 3] = CR;
    buf[at + 4] = LF;
    this.#length = at + 5;
  }

  nullArray(): void {
    if (this.protocol === 3) this.#nothing();
    else this.#line(STAR, "-1");
  }

  #nothing(): void {
    const buf = this.#reserve(3);
    const at = this.#length;
    buf[at] = UNDERSCORE;
    buf[at + 1] = CR;
    buf[at + 2] = LF;
    this.#length = at + 3;
  }

  bool(value: boolean): void {
    if (this.protocol === 3) this.#line(35, value ? "t" : "f");
    else this.int(value ? 1 : 0);
  }

  double(value: number, digits?: string): void {
    if (digits === undefined && value > 0 && value <= 0x7fffffff && (value | 0) === value) {
      this.#wholeDouble(value);
      return;
    }
    const text = digits ?? formatDouble(value);
    if (this.protocol === 3) this.#line(COMMA, text);
    else this.bulk(text);
  }

  /** A double that is a positive integer, as scores often are: a text made of it first would take three times as long. */
  #wholeDouble(value: number): void {
    this.#reserve(HEADER_ROOM * 2);
    if (this.protocol === 3) {
      this.#header(COMMA, value);
      return;
    }
    let length = 1;
    for (let limit = 10; value >= limit; limit *= 10) length++;
    this.#header(DOLLAR, length);
    const buf = this.#buf;
    const at = writeDigits(buf, this.#length, value);
    buf[at] = CR;
    buf[at + 1] = LF;
    this.#length = at + 2;
  }

  bigNumber(digits: string): void {
    if (this.protocol === 3) this.#line(40, digits);
    else this.bulk(digits);
  }

  verbatim(format: "txt" | "mkd", text: ReplyText): void {
    const bytes = typeof text === "string" ? encoder.encode(text) : text;
    if (this.protocol === 2) {
      this.bulkAt(bytes, 0, bytes.length);
      return;
    }
    const buf = this.#reserve(bytes.length + HEADER_ROOM + 4);
    this.#header(61, bytes.length + 4);
    let at = this.#length;
    at += encoder.encodeInto(`${format}:`, buf.subarray(at)).written;
    buf.set(bytes, at);
    at += bytes.length;
    buf[at++] = CR;
    buf[at++] = LF;
    this.#length = at;
  }

  array(length: number): void {
    this.#reserve(HEADER_ROOM);
    this.#header(STAR, length);
  }

  map(pairs: number): void {
    this.#reserve(HEADER_ROOM);
    if (this.protocol === 3) this.#header(PERCENT, pairs);
    else this.#header(STAR, pairs * 2);
  }

  set(length: number): void {
    this.#reserve(HEADER_ROOM);
    this.#header(this.protocol === 3 ? TILDE : STAR, length);
  }

  push(length: number): void {
    this.#reserve(HEADER_ROOM);
    this.#header(this.protocol === 3 ? GREATER : STAR, length);
  }

  attribute(pairs: number): void {
    this.#reserve(HEADER_ROOM);
    this.#header(BAR, pairs);
  }

  mark(): number {
    return this.#length;
  }

  rollback(mark: number): void {
    this.#length = mark;
  }

  open(): number {
    return this.#length;
  }

  close(mark: number, kind: "array" | "map" | "set", length: number): void {
    const body = this.#length - mark;
    this.#reserve(HEADER_ROOM);
    const end = this.#length;
    // Encode the header behind the body to learn its size, then swap the two.
    this[kind](length);
    const header = this.#buf.slice(end, this.#length);
    this.#buf.copyWithin(mark + header.length, mark, mark + body);
    this.#buf.set(header, mark);
  }
}

/** Writes a non-negative integer in decimal; answers where it ends. */
export function writeDigits(buf: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit && digits < 17; limit *= 10) digits++;
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    if (rest <= 0x7fffffff) {
      const next = (rest / 10) | 0;
      buf[i] = ZERO + rest - next * 10;
      rest = next;
    } else {
      const next = Math.floor(rest / 10);
      // In this order nothing exceeds 2^53.
      buf[i] = ZERO + (rest - next * 10);
      rest = next;
    }
  }
  return at + digits;
}
