/**
 * The reply of a command that a script calls: goes straight onto the script's stack as Lua values.
 *
 * In RESP2 aggregates are tables, missing values false; RESP3, which a script may choose, has further types, which are tables
 * with one field that names the type. Status lines and errors are such tables in both.
 *
 * Lua may run out of memory while a reply is pushed. The error must not cut through the command's handler, which has
 * changed data already: it is kept, and raised when the command is over ({@link LuaReply.finish}).
 *
 * @module
 */

import { oneLine } from "../resp/errors.ts";
import { formatDouble } from "../resp/numbers.ts";
import type { Reply, ReplyText } from "../resp/reply.ts";
import type { LuaState } from "./engine/lua_state.ts";

/** What an aggregate is to become. */
const Kind = {
  array: 0,
  map: 1,
  set: 2,
  /** Its size and kind come at its end; gathered as an array. */
  open: 3,
  /** Nobody wants it. */
  ignored: 4,
} as const;

/** Slots of the stack that one value needs at most while it is pushed. */
const SLOTS = 8;
/** The room for an aggregate's elements that is made at once; announced sizes may be large. */
const MOST_ROOM = 1024;

const encoder = new TextEncoder();

/** Pushes one reply. */
export class LuaReply implements Reply {
  protocol: 2 | 3 = 2;
  /** Whether the reply as a whole is an error. */
  isError = false;
  #lua: LuaState;
  #failure: unknown;
  #depth = 0;
  /** Of each open aggregate: its kind, what is missing, how many elements it has got. */
  readonly #kinds: number[] = [];
  readonly #missing: number[] = [];
  readonly #got: number[] = [];
  /** How high the stack was before it. */
  readonly #bases: number[] = [];

  constructor(lua: LuaState) {
    this.#lua = lua;
  }

  /** Forgets the reply before. */
  begin(): void {
    this.isError = false;
    this.#failure = undefined;
    this.#depth = 0;
  }

  /** The reply is on the stack; raises the error that came up while it was pushed. */
  finish(): void {
    if (this.#failure === undefined) return;
    const failure = this.#failure;
    this.#failure = undefined;
    throw failure;
  }

  /** Pushes a value, or nothing where nothing more can be pushed. */
  #push(push: (lua: LuaState) => void): void {
    if (this.#failure !== undefined) return;
    try {
      if (this.#isIgnored()) return this.#pushed();
      if (!this.#lua.checkStack(SLOTS)) throw new Error("A reply is too deep for a script's stack");
      push(this.#lua);
      this.#pushed();
    } catch (error) {
      this.#failure = error;
    }
  }

  #isIgnored(): boolean {
    return this.#depth > 0 && this.#kinds[this.#depth - 1] === Kind.ignored;
  }

  /** Puts the value on the top into the aggregate that it belongs to, and ends those that are complete with it. */
  #pushed(): void {
    const lua = this.#lua;
    while (this.#depth > 0) {
      const last = this.#depth - 1;
      const got = ++this.#got[last];
      const kind = this.#kinds[last];
      switch (kind) {
        case Kind.array:
        case Kind.open:
          lua.rawSetIndex(-2, got);
          break;
        case Kind.map:
          if (got % 2 === 0) lua.rawSet(-3);
          break;
        case Kind.set:
          lua.pushBoolean(true);
          lua.rawSet(-3);
      }
      if (--this.#missing[last] > 0) return;
      this.#depth = last;
      if (kind === Kind.ignored) return;
      this.#close(kind);
    }
  }

  /** Completes the aggregate on the top. */
  #close(kind: number): void {
    if (kind === Kind.map) this.#lua.setField(-2, "map");
    else if (kind === Kind.set) this.#lua.setField(-2, "set");
  }

  #begin(kind: number, length: number): void {
    if (this.#failure !== undefined) return;
    try {
      const lua = this.#lua;
      const base = lua.getTop();
      if (this.#isIgnored()) {
        // Its elements take its place.
        this.#missing[this.#depth - 1] += length - 1;
        return;
      }
      if (kind !== Kind.ignored) {
        if (!lua.checkStack(SLOTS)) throw new Error("A reply is too deep for a script's stack");
        if (kind === Kind.map || kind === Kind.set) lua.createTable(0, 1);
        const room = Math.min(length, MOST_ROOM);
        if (kind === Kind.array) lua.createTable(room, 0);
        else lua.createTable(0, kind === Kind.map ? room / 2 : room);
      }
      if (length === 0) {
        this.#close(kind);
        if (kind !== Kind.ignored) this.#pushed();
        return;
      }
      this.#kinds[this.#depth] = kind;
      this.#missing[this.#depth] = length;
      this.#got[this.#depth] = 0;
      this.#bases[this.#depth] = base;
      this.#depth++;
    } catch (error) {
      this.#failure = error;
    }
  }

  // --- values -----------------------------------------------------------------------------------------------------

  ok(): void {
    this.#push((lua) => pushField(lua, "ok", "OK"));
  }

  simple(text: ReplyText): void {
    const bytes = typeof text === "string" ? encoder.encode(text) : text;
    this.#push((lua) => {
      lua.createTable(0, 1);
      lua.pushBytes(bytes);
      lua.setField(-2, "ok");
    });
  }

  error(text: string): void {
    if (this.#depth === 0) this.isError = true;
    this.#push((lua) => pushErrorTable(lua, `-${oneLine(text)}`, true));
  }

  int(value: number | bigint): void {
    if (this.#depth === 0 && this.#failure === undefined) {
      try {
        this.#lua.pushNumber(Number(value));
      } catch (error) {
        this.#failure = error;
      }
      return;
    }
    this.#push((lua) => lua.pushNumber(Number(value)));
  }

  bulk(value: ReplyText): void {
    const bytes = typeof value === "string" ? encoder.encode(value) : value;
    this.bulkAt(bytes, 0, bytes.length);
  }

  bulkAt(buf: Uint8Array, off: number, len: number): void {
    if (this.#depth === 0 && this.#failure === undefined) {
      try {
        this.#lua.pushBytesAt(buf, off, len);
      } catch (error) {
        this.#failure = error;
      }
      return;
    }
    this.#push((lua) => lua.pushBytesAt(buf, off, len));
  }

  null(): void {
    this.#push((lua) => this.protocol === 3 ? lua.pushNil() : lua.pushBoolean(false));
  }

  nullArray(): void {
    this.null();
  }

  bool(value: boolean): void {
    if (this.protocol === 3) this.#push((lua) => lua.pushBoolean(value));
    else this.int(value ? 1 : 0);
  }

  double(value: number, digits: string = formatDouble(value)): void {
    if (this.protocol === 2) return this.bulk(digits);
    this.#push((lua) => {
      lua.createTable(0, 1);
      lua.pushNumber(value);
      lua.setField(-2, "double");
    });
  }

  bigNumber(digits: string): void {
    if (this.protocol === 2) return this.bulk(digits);
    this.#push((lua) => pushField(lua, "big_number", digits));
  }

  verbatim(format: "txt" | "mkd", text: ReplyText): void {
    if (this.protocol === 2) return this.bulk(text);
    const bytes = typeof text === "string" ? encoder.encode(text) : text;
    this.#push((lua) => {
      lua.createTable(0, 1);
      lua.createTable(0, 2);
      lua.pushBytes(bytes);
      lua.setField(-2, "string");
      lua.pushText(format);
      lua.setField(-2, "format");
      lua.setField(-2, "verbatim_string");
    });
  }

  // --- aggregates -------------------------------------------------------------------------------------------------

  array(length: number): void {
    this.#begin(Kind.array, length);
  }

  map(pairs: number): void {
    this.#begin(this.protocol === 3 ? Kind.map : Kind.array, pairs * 2);
  }

  set(length: number): void {
    this.#begin(this.protocol === 3 ? Kind.set : Kind.array, length);
  }

  push(length: number): void {
    this.#begin(Kind.array, length);
  }

  attribute(pairs: number): void {
    this.#begin(Kind.ignored, pairs * 2);
  }

  mark(): number {
    return this.#lua.getTop();
  }

  rollback(mark: number): void {
    if (this.#failure !== undefined) return;
    while (this.#depth > 0 && this.#bases[this.#depth - 1] >= mark) this.#depth--;
    this.isError = false;
    this.#lua.setTop(mark);
  }

  open(): number {
    const mark = this.#lua.getTop();
    this.#begin(Kind.open, Infinity);
    return mark;
  }

  close(_mark: number, kind: "array" | "map" | "set", length: number): void {
    if (this.#failure !== undefined) return;
    this.#depth--;
    try {
      if (this.protocol === 3 && kind !== "array") gather(this.#lua, kind, length);
      this.#pushed();
    } catch (error) {
      this.#failure = error;
    }
  }
}

/** Makes a map or a set of the array on the top. */
function gather(lua: LuaState, kind: "map" | "set", length: number): void {
  lua.createTable(0, 1);
  lua.createTable(0, Math.min(length, MOST_ROOM));
  for (let i = 1; i <= length; i++) {
    lua.rawGetIndex(-3, kind === "map" ? i * 2 - 1 : i);
    if (kind === "map") lua.rawGetIndex(-4, i * 2);
    else lua.pushBoolean(true);
    lua.rawSet(-3);
  }
  lua.setField(-2, kind);
  lua.remove(-2);
}

/** Pushes a table with one field that is text of one-byte characters. */
export function pushField(lua: LuaState, field: string, text: string): void {
  lua.createTable(0, 1);
  lua.pushText(text);
  lua.setField(-2, field);
}

/**
 * Pushes an error as scripts know it: a table whose field `err` has code and message. A text that begins with `-` has
 * a code, any other gets `ERR`.
 *
 * @param isCounted whether the statistics know of the error already
 */
export function pushErrorTable(lua: LuaState, text: string, isCounted = false): void {
  let code = "ERR";
  let message = text;
  if (text.startsWith("-")) {
    const space = text.indexOf(" ");
    if (space >= 0) code = text.slice(1, space);
    message = text.slice(space < 0 ? 1 : space + 1);
  }
  pushField(lua, "err", `${code} ${message.replace(/^[\r\n]+|[\r\n]+$/g, "")}`);
  if (!isCounted) return;
  lua.pushBoolean(true);
  lua.setField(-2, "ignore_error_stats_update");
}
