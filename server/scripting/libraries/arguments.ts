/**
 * Arguments of library functions, checked as Lua's auxiliary library checks them, with its error texts.
 *
 * Numbers pass for strings and strings of digits for numbers, as everywhere in Lua 5.1. Integers are what a conversion of
 * the double to a 64-bit integer gives on x86-64, as a double: fractions are cut off, and what has no such integer becomes
 * -2^63.
 *
 * @module
 */

import { type LuaFunction, type LuaStack, LuaType } from "../lua_library.ts";

const TYPE_NAMES = [
  "nil",
  "boolean",
  "userdata",
  "number",
  "string",
  "table",
  "function",
  "userdata",
  "thread",
];

/** What no 64-bit integer can hold becomes this one. */
export const INDEFINITE_INTEGER = -(2 ** 63);

/** Lua's word for a type. */
export function typeName(type: LuaType): string {
  return type === LuaType.none ? "no value" : TYPE_NAMES[type];
}

/** A double cut to a 64-bit integer. */
export function truncateToInteger(value: number): number {
  const whole = Math.trunc(value);
  return whole >= INDEFINITE_INTEGER && whole < -INDEFINITE_INTEGER ? whole : INDEFINITE_INTEGER;
}

/** @throws {LuaError} `bad argument #1 to 'f' (number expected, got nil)`, thrown by the caller's `throw` */
export function wrongType(lua: LuaStack, index: number, expected: string) {
  return lua.argumentError(index, `${expected} expected, got ${typeName(lua.type(index))}`);
}

/** @throws {LuaError} when the argument is no number */
export function checkNumber(lua: LuaStack, index: number): number {
  if (!lua.isNumber(index)) throw wrongType(lua, index, "number");
  return lua.toNumber(index);
}

/** @throws {LuaError} when the argument is no number */
export function checkInteger(lua: LuaStack, index: number): number {
  return truncateToInteger(checkNumber(lua, index));
}

/** @throws {LuaError} when the argument is there, not nil, and no number */
export function optionalInteger(lua: LuaStack, index: number, absent: number): number {
  return lua.type(index) <= LuaType.nil ? absent : checkInteger(lua, index);
}

/** Sees that the argument is a string, or a number, which passes for one. */
export function checkString(lua: LuaStack, index: number): void {
  const type = lua.type(index);
  if (type !== LuaType.string && type !== LuaType.number) throw wrongType(lua, index, "string");
}

/** Pushes a table of these functions and constants. */
export function pushLibraryTable(
  lua: LuaStack,
  functions: Readonly<Record<string, LuaFunction>>,
  constants: Readonly<Record<string, string>> = {},
): void {
  lua.createTable(0, 0);
  for (const name in functions) {
    lua.pushClosure(functions[name], 0);
    lua.setField(-2, name);
  }
  for (const name in constants) {
    lua.pushText(constants[name]);
    lua.setField(-2, name);
  }
}
