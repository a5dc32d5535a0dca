/**
 * Reads the commands of an append-only file while its bytes come.
 *
 *     *3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n      a command: never inline, every argument in full
 *     #TS:1700000000\r\n                            an annotation, to be passed over; any line that begins with #
 *
 * Not the decoder of requests: there are no limits here, and what matters is where the last whole command ended.
 *
 * @module
 */

import { Args } from "../resp/args.ts";

const STAR = 42;
const DOLLAR = 36;
const HASH = 35;
const CR = 13;
const LF = 10;
const ZERO = 48;
/** Digits of the largest number that a line may have. */
const MOST_DIGITS = 15;
/** The first buffer, bytes: what is read at once. */
const BUFFER_BYTES = 256 * 1024;

/** The bytes are no append-only file. */
export class BadAofFormat extends Error {}

/** Reads one file. */
export class AofReader {
  /** The command that {@link next} found, valid until its next call. */
  readonly args = new Args();
  #buf = new Uint8Array(BUFFER_BYTES);
  #at = 0;
  #end = 0;
  /** Where in the file the buffer begins. */
  #start: number;

  /** @param start where in the file the first byte to come lies */
  constructor(start = 0) {
    this.#start = start;
  }

  /** Where in the file the last command or annotation ended that was whole. */
  get offset(): number {
    return this.#start + this.#at;
  }

  /** Whether bytes have come behind {@link offset}. */
  get hasRest(): boolean {
    return this.#at < this.#end;
  }

  /** Where the next bytes may be written; at least half the buffer. */
  room(): Uint8Array {
    if (this.#at > 0) {
      this.#buf.copyWithin(0, this.#at, this.#end);
      this.#start += this.#at;
      this.#end -= this.#at;
      this.#at = 0;
    }
    if (this.#end * 2 > this.#buf.length) {
      const larger = new Uint8Array(this.#buf.length * 2);
      larger.set(this.#buf);
      this.#buf = larger;
    }
    return this.#buf.subarray(this.#end);
  }

  /** Says that `count` bytes have been written to the start of {@link room}. */
  filled(count: number): void {
    this.#end += count;
  }

  /** Puts the next command into `args`; false when more bytes are needed. @throws {BadAofFormat} */
  next(): boolean {
    const buf = this.#buf;
    while (this.#at < this.#end && buf[this.#at] === HASH) {
      const newline = buf.indexOf(LF, this.#at);
      if (newline < 0 || newline >= this.#end) return false;
      this.#at = newline + 1;
    }
    if (this.#at === this.#end) return false;
    const { args } = this;
    args.buf = buf;
    args.count = 0;
    let at = this.#at;
    let line = this.#line(at, STAR);
    if (line === undefined) return false;
    const count = line.value;
    if (count < 1) throw new BadAofFormat();
    for (let i = 0; i < count; i++) {
      at = line.end;
      line = this.#line(at, DOLLAR);
      if (line === undefined) return false;
      const length = line.value;
      at = line.end;
      const after = at + length;
      if (after < this.#end && buf[after] !== CR) throw new BadAofFormat();
      if (after + 1 < this.#end && buf[after + 1] !== LF) throw new BadAofFormat();
      if (after + 2 > this.#end) return false;
      args.push(at, length);
      line.end = after + 2;
    }
    this.#at = line.end;
    return true;
  }

  /** What {@link #line} answers, always the same object. */
  readonly #found = { value: 0, end: 0 };

  /** Reads `*n` or `$n`; undefined when it is not whole. */
  #line(at: number, type: number): { value: number; end: number } | undefined {
    const buf = this.#buf;
    const end = this.#end;
    if (at >= end) return undefined;
    if (buf[at] !== type) throw new BadAofFormat();
    const first = at + 1;
    let value = 0;
    for (at = first; at < end; at++) {
      const digit = buf[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (at - first > MOST_DIGITS) throw new BadAofFormat();
    if (at >= end) return undefined;
    if (buf[at] !== CR || at === first) throw new BadAofFormat();
    if (at + 1 >= end) return undefined;
    if (buf[at + 1] !== LF) throw new BadAofFormat();
    this.#found.value = value;
    this.#found.end = at + 2;
    return this.#found;
  }
}
