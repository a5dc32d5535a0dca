/**
 * The result of a script as a reply: Lua values become what clients receive.
 *
 * Strings, numbers (cut to integers), booleans and nil stand for themselves. A table is looked at for the fields that name
 * a type (`err`, `ok`, `double`, `big_number`, `verbatim_string`, `map`, `set`), in this order; without them it is an array that ends
 * before its first nil. Metatables are not heeded.
 *
 * @module
 */

import { encodeLatin1 } from "../resp/args.ts";
import { INT64_MIN } from "../resp/numbers.ts";
import type { Reply } from "../resp/reply.ts";
import type { LuaState } from "./engine/lua_state.ts";
import { LuaType } from "./lua_library.ts";

/** What a script's error says. */
export interface ScriptFailure {
  /** Code and message. */
  readonly text: string;
  /** Whether the statistics know of it already: it came from a command. */
  readonly isCounted: boolean;
}

/** Slots of Lua's stack that each level of a nested result needs. */
const SLOTS = 4;

/** An aggregate whose elements are being replied; its table is on Lua's stack. */
interface Level {
  readonly kind: "array" | "map" | "set";
  /** Elements that are left. */
  left: number;
  next: number;
}

/**
 * Replies with the value on the top of Lua's stack and takes it off. A table of an error is not replied but answered, for the
 * caller to reply.
 *
 * @param protocol the one that the script chose: it decides what booleans mean
 */
export function replyWithResult(
  lua: LuaState,
  reply: Reply,
  protocol: 2 | 3,
): ScriptFailure | undefined {
  if (lua.type(-1) === LuaType.table) {
    const failure = readFailure(lua);
    if (failure !== undefined) return failure;
  }
  // Results may be nested as deeply as Lua's stack allows, which is more than this language's stack would.
  const levels: Level[] = [];
  let level = replyWithValue(lua, reply, protocol);
  if (level !== undefined) levels.push(level);
  while (levels.length > 0) {
    const last = levels[levels.length - 1];
    if (last.left === 0) {
      lua.pop(last.kind === "array" ? 1 : 2);
      levels.pop();
      continue;
    }
    pushNext(lua, last);
    level = replyWithValue(lua, reply, protocol);
    if (level !== undefined) levels.push(level);
  }
  return undefined;
}

/** Pushes the next element of an aggregate; of a map keys and values are elements in turn. */
function pushNext(lua: LuaState, level: Level): void {
  level.left--;
  level.next++;
  switch (level.kind) {
    case "array":
      return lua.rawGetIndex(-1, level.next);
    case "set":
      // Below the table is the key before; of the pair that comes next only the key is an element.
      lua.pushValue(-2);
      lua.next(-2);
      lua.pop();
      lua.pushValue(-1);
      return lua.replace(-4);
    case "map":
      if (level.next % 2 === 1) {
        lua.pushValue(-2);
        lua.next(-2);
        lua.pop();
        lua.pushValue(-1);
        return lua.replace(-4);
      }
      lua.pushValue(-2);
      return lua.rawGet(-2);
  }
}

/** Replies with the top and takes it off; of an aggregate with elements it replies the head, leaves it and answers what follows. */
function replyWithValue(lua: LuaState, reply: Reply, protocol: 2 | 3): Level | undefined {
  if (!lua.checkStack(SLOTS)) {
    reply.error("ERR reached lua stack limit");
    lua.pop();
    return undefined;
  }
  switch (lua.type(-1)) {
    case LuaType.string: {
      const address = lua.stringAddress(-1);
      reply.bulkAt(lua.memory, address, lua.objectLength(-1));
      break;
    }
    case LuaType.number:
      reply.int(toInteger(lua.toNumber(-1)));
      break;
    case LuaType.boolean: {
      const value = lua.toBoolean(-1);
      if (protocol === 3) reply.bool(value);
      else if (value) reply.int(1);
      else reply.null();
      break;
    }
    case LuaType.table:
      return replyWithTable(lua, reply);
    default:
      reply.null();
  }
  lua.pop();
  return undefined;
}

/** A double cut to 64 bits. */
function toInteger(value: number): number | bigint {
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return Math.trunc(value);
  return value > -(2 ** 63) && value < 2 ** 63 ? BigInt(Math.trunc(value)) : INT64_MIN;
}

function replyWithTable(lua: LuaState, reply: Reply): Level | undefined {
  const failure = readFailure(lua);
  if (failure !== undefined) {
    reply.error(failure.text);
    return undefined;
  }
  if (field(lua, "ok", LuaType.string)) {
    reply.simple(encodeLatin1(oneLine(untilZero(lua.toText(-1)))));
    lua.pop(2);
    return undefined;
  }
  if (field(lua, "double", LuaType.number)) {
    reply.double(lua.toNumber(-1));
    lua.pop(2);
    return undefined;
  }
  if (field(lua, "big_number", LuaType.string)) {
    reply.bigNumber(oneLine(lua.toText(-1)));
    lua.pop(2);
    return undefined;
  }
  if (field(lua, "verbatim_string", LuaType.table)) {
    if (replyVerbatim(lua, reply)) return undefined;
    lua.pop();
  }
  if (field(lua, "map", LuaType.table)) return beginPairs(lua, reply, "map");
  if (field(lua, "set", LuaType.table)) return beginPairs(lua, reply, "set");
  const length = arrayLength(lua);
  reply.array(length);
  if (length > 0) return { kind: "array", left: length, next: 0 };
  lua.pop();
  return undefined;
}

/** Pushes a field of the table on the top if it has that type. */
function field(lua: LuaState, name: string, type: LuaType): boolean {
  lua.pushText(name);
  lua.rawGet(-2);
  if (lua.type(-1) === type) return true;
  lua.pop();
  return false;
}

/** What is wrong, if the table on the top is one of an error; it is taken off then. */
function readFailure(lua: LuaState): ScriptFailure | undefined {
  if (!field(lua, "err", LuaType.string)) return undefined;
  const text = errorLine(untilZero(lua.toText(-1)));
  lua.pop();
  const isCounted = field(lua, "ignore_error_stats_update", LuaType.boolean) && lua.toBoolean(-1);
  lua.setTop(isCounted ? -3 : -2);
  return { text, isCounted };
}

/** Replies with the verbatim string on the top; false when its table has not all fields. */
function replyVerbatim(lua: LuaState, reply: Reply): boolean {
  if (!field(lua, "format", LuaType.string)) return false;
  const format = lua.toText(-1);
  lua.pop();
  if (!field(lua, "string", LuaType.string)) return false;
  reply.verbatim(format as "txt", lua.toBytes(-1));
  lua.pop(3);
  return true;
}

/** Begins a map or a set with the table on the top, which is in another one that it replaces. */
function beginPairs(lua: LuaState, reply: Reply, kind: "map" | "set"): Level | undefined {
  let size = 0;
  lua.pushNil();
  while (lua.next(-2)) {
    lua.pop();
    size++;
  }
  if (kind === "map") reply.map(size);
  else reply.set(size);
  // The slot of the outer table becomes that of the key which was visited last.
  lua.pushNil();
  lua.replace(-3);
  return { kind, left: kind === "map" ? size * 2 : size, next: 0 };
}

/** How many elements the table on the top has before its first nil. O(elements). */
function arrayLength(lua: LuaState): number {
  for (let length = 0;; length++) {
    lua.rawGetIndex(-1, length + 1);
    const isEnd = lua.type(-1) === LuaType.nil;
    lua.pop();
    if (isEnd) return length;
  }
}

/** C strings end at a zero. */
export function untilZero(text: string): string {
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]/g, " ");
}

/** Text as an error reply may have it: on one line, without line ends around it. */
export function errorLine(text: string): string {
  return oneLine(text.replace(/[\r\n]+$/, ""));
}
