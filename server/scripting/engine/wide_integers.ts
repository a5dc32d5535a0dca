/**
 * Integers of 64 bits in the two functions of Lua's library where those of the WebAssembly module, of 32 bits, show:
 * `string.format` with `%d` and its like, and `tonumber` with a base.
 *
 * Lua calls these before its own functions, on the same stack, so that errors name what the script called.
 *
 * @module
 */

import { type LuaStack, LuaType } from "../lua_library.ts";
import {
  checkInteger,
  checkString,
  INDEFINITE_INTEGER,
  truncateToInteger,
} from "../libraries/arguments.ts";

/** The answer that leaves the work to Lua's own function. */
export const AS_USUAL = -1;

/** What is asked before which function, by the numbers that {@link ./lua_module.ts} passes. */
export const WIDE_FUNCTIONS: readonly ((lua: WideStack) => number)[] = [
  formatWideIntegers,
  toNumberInBase,
];

/** The stack, with one method more than libraries need. */
export interface WideStack extends LuaStack {
  /** Takes the top off and puts it in the place of the value at `index`. */
  replace(index: number): void;
}

const BITS = 64;
const USUAL_BASE = 10;
const INT32_END = 2 ** 31;
const UINT64_MAX = 2n ** 64n - 1n;
/** A conversion: flags, width and precision (two digits each), letter. Longer ones Lua refuses. */
const CONVERSION = /%(?:%|([-+ #0]*)(\d{0,2})(?:\.(\d{0,2}))?([a-zA-Z]))/g;

/**
 * Before `string.format(format, …)`: where an integer conversion meets a number that 32 bits cannot hold, the argument becomes text
 * and the conversion `%s`.
 */
function formatWideIntegers(lua: WideStack): number {
  if (!mayBeWide(lua) || lua.type(1) !== LuaType.string) return AS_USUAL;
  let argument = 1;
  let isChanged = false;
  const format = lua.toText(1).replace(CONVERSION, (whole, flags, width, precision, letter) => {
    if (letter === undefined) return whole;
    argument++;
    if (!"diuoxX".includes(letter) || !lua.isNumber(argument)) return whole;
    const value = lua.toNumber(argument);
    if (isNarrow(value, letter)) return whole;
    lua.pushText(formatInteger(value, { flags, width, precision, letter }));
    lua.replace(argument);
    isChanged = true;
    return "%s";
  });
  if (isChanged) {
    lua.pushText(format);
    lua.replace(1);
  }
  return AS_USUAL;
}

/** Whether any argument after the format might need more than 32 bits. */
function mayBeWide(lua: LuaStack): boolean {
  for (let i = lua.getTop(); i > 1; i--) {
    const type = lua.type(i);
    if (type === LuaType.string) return true;
    if (type === LuaType.number && !isNarrow(lua.toNumber(i), "u")) return true;
  }
  return false;
}

function isNarrow(value: number, letter: string): boolean {
  if (letter === "d" || letter === "i") return value > -INT32_END && value < INT32_END;
  return value >= 0 && value < INT32_END;
}

interface Conversion {
  flags: string;
  width: string;
  precision: string | undefined;
  letter: string;
}

/** As C's `printf` writes a 64-bit integer. */
function formatInteger(
  value: number,
  { flags, width, precision, letter }: Conversion,
): string {
  const isSigned = letter === "d" || letter === "i";
  const integer = isSigned ? BigInt(truncateToInteger(value)) : toUnsigned(value);
  const magnitude = integer < 0n ? -integer : integer;
  let digits = magnitude.toString(letter === "o" ? 8 : letter === "x" || letter === "X" ? 16 : 10);
  if (precision !== undefined) {
    const least = Number(precision);
    digits = least === 0 && integer === 0n ? "" : digits.padStart(least, "0");
  }
  let prefix = "";
  if (isSigned) {
    prefix = integer < 0n ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  } else if (flags.includes("#")) {
    if (letter === "o" && !digits.startsWith("0")) digits = `0${digits}`;
    if (letter.toLowerCase() === "x" && integer !== 0n) prefix = "0x";
  }
  const size = Number(width);
  let text: string;
  if (flags.includes("-")) text = (prefix + digits).padEnd(size);
  else if (flags.includes("0") && precision === undefined) {
    text = prefix + digits.padStart(size - prefix.length, "0");
  } else text = (prefix + digits).padStart(size);
  return letter === "X" ? text.toUpperCase() : text;
}

/** What x86-64 makes of a double that becomes an unsigned integer. */
function toUnsigned(value: number): bigint {
  if (!(value >= -INDEFINITE_INTEGER)) {
    return BigInt.asUintN(BITS, BigInt(truncateToInteger(value)));
  }
  return value < 2 ** BITS ? BigInt(Math.trunc(value)) : 0n;
}

/** `tonumber(text, base)` for any base but ten, as C's `strtoul` reads it. */
function toNumberInBase(lua: LuaStack): number {
  const base = lua.type(2) <= LuaType.nil ? USUAL_BASE : checkInteger(lua, 2);
  if (base === USUAL_BASE) return AS_USUAL;
  checkString(lua, 1);
  if (base < 2 || base > 36) throw lua.argumentError(2, "base out of range");
  const value = parseUnsigned(lua.toText(1), base);
  if (value === undefined) lua.pushNil();
  else lua.pushNumber(value);
  return 1;
}

function parseUnsigned(text: string, base: number): number | undefined {
  const end = text.indexOf("\0");
  const match = /^[ \t-\r]*([-+]?)([0-9a-zA-Z]+)[ \t-\r]*$/.exec(
    end < 0 ? text : text.slice(0, end),
  );
  if (match === null) return undefined;
  const [, sign, whole] = match;
  const hasPrefix = base === 16 && /^0[xX][0-9a-fA-F]/.test(whole);
  let value = 0n;
  for (const letter of hasPrefix ? whole.slice(2) : whole) {
    const digit = Number.parseInt(letter, 36);
    if (digit >= base) return undefined;
    value = value * BigInt(base) + BigInt(digit);
  }
  if (value > UINT64_MAX) return Number(UINT64_MAX);
  return Number(sign === "-" ? BigInt.asUintN(BITS, -value) : value);
}
