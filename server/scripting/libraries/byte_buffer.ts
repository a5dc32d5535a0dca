/**
 * Bytes that a library composes for one Lua string, growing as they come.
 *
 * They lie outside Lua's memory, so their number is bounded here, and so is that of the values they are made of: a table that
 * holds another one twice, level by level, can ask for more bytes than any machine has, and for as long as anybody can wait.
 *
 * @module
 */

import { LuaError, type LuaStack } from "../lua_library.ts";

/** As long as a string of the server may be. */
const MOST_BYTES = 512 * 1024 * 1024;
/** More values than fit into Lua's memory unless they are in it once and meant many times; a few seconds' work. */
const MOST_VALUES = 2 ** 24;
/** A buffer that grew beyond this is given back after use. */
const MOST_BYTES_KEPT = 1024 * 1024;
const FIRST_BYTES = 1024;
/** From this length on, the copying of a whole run costs less than its bytes one by one. */
const LONG_RUN = 48;

export class ByteBuffer {
  /** Room for what {@link reserve} was asked for; the array changes with it. */
  bytes = new Uint8Array(FIRST_BYTES);
  length = 0;
  #values = 0;

  /**
   * Makes room for `count` more bytes and answers where they begin.
   *
   * @throws {LuaError} beyond 512 MB
   */
  reserve(count: number): number {
    const needed = this.length + count;
    if (needed > this.bytes.length) this.#grow(needed);
    return this.length;
  }

  #grow(needed: number): void {
    const wanted = Math.min(Math.max(needed, this.bytes.length * 2), MOST_BYTES);
    const larger = needed > MOST_BYTES ? undefined : allocate(wanted);
    if (larger === undefined) throw new LuaError("not enough memory", { placed: false });
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  /**
   * Says that one more value goes into the bytes.
   *
   * @throws {LuaError} beyond 2^24
   */
  beginValue(): void {
    if (++this.#values > MOST_VALUES) throw new LuaError("not enough memory", { placed: false });
  }

  byte(value: number): void {
    const at = this.reserve(1);
    this.bytes[at] = value;
    this.length = at + 1;
  }

  /** Appends one-byte characters. */
  text(text: string): void {
    const at = this.reserve(text.length);
    for (let i = 0; i < text.length; i++) this.bytes[at + i] = text.charCodeAt(i);
    this.length = at + text.length;
  }

  /** Appends `length` bytes of `source`. */
  copy(source: Uint8Array, start: number, length: number): void {
    const at = this.reserve(length);
    const bytes = this.bytes;
    if (length >= LONG_RUN) bytes.set(source.subarray(start, start + length), at);
    else for (let i = 0; i < length; i++) bytes[at + i] = source[start + i];
    this.length = at + length;
  }

  /** Pushes the bytes as a string and begins anew. */
  push(lua: LuaStack): void {
    lua.pushBytes(this.bytes.subarray(0, this.length));
    this.clear();
  }

  /** Begins anew. */
  clear(): void {
    this.length = 0;
    this.#values = 0;
    if (this.bytes.length > MOST_BYTES_KEPT) this.bytes = new Uint8Array(FIRST_BYTES);
  }
}

/** Undefined when the system has no more to give. */
function allocate(bytes: number): Uint8Array<ArrayBuffer> | undefined {
  try {
    return new Uint8Array(bytes);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
