/**
 * One request's arguments, as a view.
 *
 * The bytes stay where the socket's read put them: `buf` plus an offset and a length for each argument. Typed
 * readers decode on demand, so a hot command allocates nothing. Argument 0 is the command's name.
 *
 * A view is valid while its handler runs; whoever keeps arguments longer (a transaction's queue, a blocked client)
 * takes a {@link Args.detach | copy}.
 *
 * @module
 */

import { notAFloat, notAnInteger, ReplyError } from "./errors.ts";
import { parseBigInt64, parseInt64, parseSafeInteger, parseShortDecimal } from "./numbers.ts";

const utf8 = new TextDecoder();
const encoder = new TextEncoder();

/** How many arguments a fresh view has room for. */
const INITIAL_ROOM = 8;
/** Room for so many arguments may stay when a request is done with. */
const USUAL_LARGEST_ROOM = 256;

/** The arguments of one request. */
export class Args {
  /** The bytes that all arguments lie in. */
  buf: Uint8Array;
  /** Where each argument begins in `buf`. */
  off: Int32Array;
  /** How many bytes each argument has. */
  len: Int32Array;
  /** How many arguments there are, the command's name included. */
  count = 0;

  constructor(buf: Uint8Array = new Uint8Array(0), room = INITIAL_ROOM) {
    this.buf = buf;
    this.off = new Int32Array(room);
    this.len = new Int32Array(room);
  }

  /** A view over copies of the given arguments. */
  static of(...parts: (string | Uint8Array)[]): Args {
    const bytes = parts.map((part) => typeof part === "string" ? encoder.encode(part) : part);
    const total = bytes.reduce((sum, part) => sum + part.length, 0);
    const args = new Args(new Uint8Array(total), Math.max(bytes.length, 1));
    let at = 0;
    for (const part of bytes) {
      args.buf.set(part, at);
      args.push(at, part.length);
      at += part.length;
    }
    return args;
  }

  /** Adds an argument that lies in `buf` already. */
  push(offset: number, length: number): void {
    if (this.count === this.off.length) this.#widen();
    this.off[this.count] = offset;
    this.len[this.count] = length;
    this.count++;
  }

  #widen(): void {
    const room = this.off.length * 2;
    const off = new Int32Array(room);
    const len = new Int32Array(room);
    off.set(this.off);
    len.set(this.len);
    this.off = off;
    this.len = len;
  }

  /** Forgets all arguments, and gives back the room that an unusually long request took. */
  trim(): void {
    this.count = 0;
    if (this.off.length <= USUAL_LARGEST_ROOM) return;
    this.off = new Int32Array(INITIAL_ROOM);
    this.len = new Int32Array(INITIAL_ROOM);
  }

  /** A copy that owns its bytes. O(bytes). */
  detach(): Args {
    let total = 0;
    for (let i = 0; i < this.count; i++) total += this.len[i];
    const copy = new Args(new Uint8Array(total), Math.max(this.count, 1));
    let at = 0;
    for (let i = 0; i < this.count; i++) {
      copy.buf.set(this.view(i), at);
      copy.push(at, this.len[i]);
      at += this.len[i];
    }
    return copy;
  }

  /** The argument's bytes, shared with `buf`. */
  view(i: number): Uint8Array {
    return this.buf.subarray(this.off[i], this.off[i] + this.len[i]);
  }

  /** The argument's bytes, copied. */
  bytes(i: number): Uint8Array {
    return this.buf.slice(this.off[i], this.off[i] + this.len[i]);
  }

  /** The argument as text, each byte one character (binary safe both ways). */
  binary(i: number): string {
    const from = this.off[i];
    const length = this.len[i];
    if (length > 24) return decodeLatin1(this.view(i));
    let text = "";
    for (let at = from, end = from + length; at < end; at++) {
      text += String.fromCharCode(this.buf[at]);
    }
    return text;
  }

  /** The argument as UTF-8 text; broken sequences become U+FFFD. */
  text(i: number): string {
    return utf8.decode(this.view(i));
  }

  /** The argument in lower-case ASCII, for option words and command names. */
  lower(i: number): string {
    return this.binary(i).toLowerCase();
  }

  /** Whether the argument is this upper-case ASCII word, in any case. Allocates nothing. */
  is(i: number, word: string): boolean {
    const length = this.len[i];
    if (i >= this.count || length !== word.length) return false;
    const from = this.off[i];
    for (let k = 0; k < length; k++) {
      let c = this.buf[from + k];
      if (c >= 97 && c <= 122) c -= 32;
      if (c !== word.charCodeAt(k)) return false;
    }
    return true;
  }

  /** Whether two arguments have the same bytes. */
  same(i: number, j: number): boolean {
    const length = this.len[i];
    if (length !== this.len[j]) return false;
    const a = this.off[i];
    const b = this.off[j];
    for (let k = 0; k < length; k++) if (this.buf[a + k] !== this.buf[b + k]) return false;
    return true;
  }

  /**
   * The argument as a 64-bit signed integer: exact up to 2^53, rounded beyond.
   *
   * @throws {ReplyError} `ERR value is not an integer or out of range`, or the given text
   */
  int(i: number, refusal?: string): number {
    const value = parseInt64(this.buf, this.off[i], this.len[i]);
    if (value !== value) throw refusal === undefined ? notAnInteger() : new ReplyError(refusal);
    return value;
  }

  /** The argument as a small canonical integer (up to 15 digits), NaN when it is anything else. Never throws. */
  safeInt(i: number): number {
    return parseSafeInteger(this.buf, this.off[i], this.len[i]);
  }

  /**
   * The argument as an exact 64-bit signed integer.
   *
   * @throws {ReplyError} `ERR value is not an integer or out of range`
   */
  bigint(i: number): bigint {
    const value = parseBigInt64(this.buf, this.off[i], this.len[i]);
    if (value === undefined) throw notAnInteger();
    return value;
  }

  /**
   * The argument as an integer between two bounds, both included.
   *
   * @throws {ReplyError} with Redis's text for an integer out of range
   */
  intBetween(i: number, low: number, high: number, refusal?: string): number {
    const value = this.int(i, refusal);
    if (value < low || value > high) {
      throw new ReplyError(
        refusal ??
          (low === 0
            ? "ERR value is out of range, must be positive"
            : `ERR value is out of range, value must between ${low} and ${high}`),
      );
    }
    return value;
  }

  /**
   * The argument as a double, as C's strtod reads it with nothing left over: `1e3`, `inf`, `0x10`; never NaN.
   *
   * @throws {ReplyError} `ERR value is not a valid float`, or the given text
   */
  float(i: number, refusal?: string): number {
    const short = parseShortDecimal(this.buf, this.off[i], this.len[i]);
    if (short === short) return short;
    const value = parseDouble(this.binary(i));
    if (value === undefined) throw refusal === undefined ? notAFloat() : new ReplyError(refusal);
    return value;
  }
}

/** Bytes as text, each byte one character. */
export function decodeLatin1(bytes: Uint8Array): string {
  // TextDecoder("latin1") is windows-1252 by the standard and changes 0x80–0x9f; short loops avoid it.
  if (bytes.length <= 4096) return String.fromCharCode.apply(null, bytes as unknown as number[]);
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096) {
    text += decodeLatin1(bytes.subarray(at, at + 4096));
  }
  return text;
}

/** Text of one-byte characters as bytes; the opposite of {@link decodeLatin1}. */
export function encodeLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const INFINITE = /^([+-]?)inf(inity)?$/i;
const HEXADECIMAL = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)(?:[pP]([+-]?\d+))?$/;

/**
 * Reads a double as C's strtod does, all of the text and no leading space; undefined for anything else, NaN
 * included.
 */
export function parseDouble(text: string): number | undefined {
  if (DECIMAL.test(text)) {
    return inRange(Number(text), /[1-9]/.test(text.split(/[eE]/, 1)[0]));
  }
  const infinite = INFINITE.exec(text);
  if (infinite) return infinite[1] === "-" ? -Infinity : Infinity;
  const hex = HEXADECIMAL.exec(text);
  if (hex && (hex[2] || hex[3])) {
    const magnitude = parseInt((hex[2] + hex[3]) || "0", 16) *
      2 ** (Number(hex[4] ?? 0) - 4 * hex[3].length);
    return inRange(hex[1] === "-" ? -magnitude : magnitude, /[1-9a-f]/i.test(hex[2] + hex[3]));
  }
  return undefined;
}

/** The value, unless strtod would report that a double cannot hold it (ERANGE), which Redis refuses. */
function inRange(value: number, isNonZero: boolean): number | undefined {
  return Number.isFinite(value) && (value !== 0 || !isNonZero) ? value : undefined;
}
