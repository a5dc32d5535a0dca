/**
 * Lua values as the debugger of scripts shows them.
 *
 * Texts have one byte a character, as they go out.
 *
 * @module
 */

import { formatDouble, formatPrecisely } from "../resp/numbers.ts";
import { quoted } from "../resp/quoted.ts";
import type { LuaState } from "./engine/lua_state.ts";
import { LuaType } from "./lua_library.ts";

/** So deep are tables shown. */
const DEEPEST = 10;
/** Significant digits of numbers (`%g`). */
const DIGITS = 6;
/** Slots of Lua's stack that a level of a value needs. */
const SLOTS = 3;

/** The value on the top, which stays there. O(value). */
export function describeValue(lua: LuaState, level = 0): string {
  if (level === DEEPEST || !lua.checkStack(SLOTS)) {
    return "<max recursion level reached! Nested table?>";
  }
  switch (lua.type(-1)) {
    case LuaType.string:
      return quoted(lua.toBytes(-1));
    case LuaType.boolean:
      return lua.toBoolean(-1) ? "true" : "false";
    case LuaType.number:
      return formatPrecisely(lua.toNumber(-1), DIGITS);
    case LuaType.nil:
      return "nil";
    case LuaType.table:
      return describeTable(lua, level + 1);
    case LuaType.function:
      return describeAddress(lua, "function");
    case LuaType.userdata:
      return describeAddress(lua, "userdata");
    case LuaType.thread:
      return describeAddress(lua, "thread");
    case LuaType.lightUserdata:
      return describeAddress(lua, "light-userdata");
  }
  return '"<unknown-lua-type>"';
}

function describeAddress(lua: LuaState, type: string): string {
  return `"${type}@0x${lua.addressOf(-1).toString(16)}"`;
}

/** A table whose keys are 1, 2, 3 and so on, in this order, is shown without them. */
function describeTable(lua: LuaState, level: number): string {
  const keys: string[] = [];
  const values: string[] = [];
  let isArray = true;
  lua.pushNil();
  while (lua.next(-2)) {
    values.push(describeValue(lua, level));
    lua.pop();
    isArray &&= lua.type(-1) === LuaType.number && lua.toNumber(-1) === values.length;
    keys.push(describeValue(lua, level));
  }
  const parts = isArray ? values : values.map((value, i) => `[${keys[i]}]=${value}`);
  return `{${parts.join("; ")}}`;
}

/**
 * A command's reply, which lies on the top as the script gets it, and stays there. O(reply).
 *
 * In RESP3 maps and sets come in the order in which Lua's tables have them, and nulls at the end of an array are not there.
 */
export function describeReply(lua: LuaState, protocol: 2 | 3): string {
  if (!lua.checkStack(SLOTS)) return "";
  switch (lua.type(-1)) {
    case LuaType.string:
      return quoted(lua.toBytes(-1));
    case LuaType.number:
      return BigInt(lua.toNumber(-1)).toString();
    case LuaType.boolean:
      if (protocol === 2) return "NULL";
      return lua.toBoolean(-1) ? "#true" : "#false";
    case LuaType.table:
      return describeAggregate(lua, protocol);
  }
  return "(null)";
}

function describeAggregate(lua: LuaState, protocol: 2 | 3): string {
  const shown = takeField(lua, "ok", () => quoted(statusLine(lua, "+"))) ??
    takeField(lua, "err", () => quoted(statusLine(lua, "-"))) ??
    takeField(lua, "double", () => `(double) ${formatDouble(lua.toNumber(-1))}`) ??
    takeField(lua, "map", () => `{${describePairs(lua, protocol).map(inPair).join(",")}}`) ??
    takeField(lua, "set", () => `~(${describePairs(lua, protocol).map(firstOf).join(",")})`) ??
    // Redis shows nothing of these.
    takeField(lua, "big_number", () => "") ??
    takeField(lua, "verbatim_string", () => "");
  if (shown !== undefined) return shown;
  const elements: string[] = [];
  for (let i = 1, length = lua.objectLength(-1); i <= length; i++) {
    lua.rawGetIndex(-1, i);
    elements.push(describeReply(lua, protocol));
    lua.pop();
  }
  return `[${elements.join(",")}]`;
}

/** What `describe` makes of a field, which lies on the top then; nothing if the table has none. */
function takeField(lua: LuaState, name: string, describe: () => string): string | undefined {
  lua.pushText(name);
  lua.rawGet(-2);
  const shown = lua.type(-1) === LuaType.nil ? undefined : describe();
  lua.pop();
  return shown;
}

function statusLine(lua: LuaState, mark: string): Uint8Array {
  const text = lua.toBytes(-1);
  const line = new Uint8Array(text.length + 1);
  line[0] = mark.charCodeAt(0);
  line.set(text, 1);
  return line;
}

function describePairs(lua: LuaState, protocol: 2 | 3): [key: string, value: string][] {
  const pairs: [string, string][] = [];
  lua.pushNil();
  while (lua.next(-2)) {
    const value = describeReply(lua, protocol);
    lua.pop();
    pairs.push([describeReply(lua, protocol), value]);
  }
  return pairs;
}

function inPair([key, value]: [string, string]): string {
  return `${key} => ${value}`;
}

function firstOf([key]: [string, string]): string {
  return key;
}
