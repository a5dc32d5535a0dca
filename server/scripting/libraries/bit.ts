/**
 * The library `bit`: Lua BitOp 1.0.2, operations on 32-bit integers.
 *
 * @module
 */

import type { LuaFunction, LuaLibrary, LuaStack } from "../lua_library.ts";
import { pushLibraryTable, wrongType } from "./arguments.ts";

/** Added to a double it leaves the number's lowest 32 bits lowest in the sum's bits, rounded to even. */
const ROUNDING = 2 ** 52 + 2 ** 51;

const HEX_DIGITS = 8;

/** Makes a `bit`. */
export function bitLibrary(): LuaLibrary {
  const number = new Float64Array(1);
  const words = new Int32Array(number.buffer);

  /** The argument as a signed 32-bit integer. */
  function bits(lua: LuaStack, index: number): number {
    const sum = lua.toNumber(index) + ROUNDING;
    let word: number;
    if (sum >= 2 ** 52 && sum < 2 ** 53) {
      word = sum | 0;
    } else {
      // Farther out Lua BitOp shows bits of the sum as a double has them, not of the number; so do we.
      number[0] = sum;
      word = words[0];
    }
    if (word === 0 && !lua.isNumber(index)) throw wrongType(lua, index, "number");
    return word;
  }

  function one(operation: (word: number) => number): LuaFunction {
    return (lua) => {
      lua.pushNumber(operation(bits(lua, 1)) | 0);
      return 1;
    };
  }
  function any(operation: (a: number, b: number) => number): LuaFunction {
    return (lua) => {
      let word = bits(lua, 1);
      for (let i = lua.getTop(); i > 1; i--) word = operation(word, bits(lua, i));
      lua.pushNumber(word | 0);
      return 1;
    };
  }
  function shift(operation: (word: number, count: number) => number): LuaFunction {
    return (lua) => {
      const word = bits(lua, 1);
      lua.pushNumber(operation(word, bits(lua, 2) & 31) | 0);
      return 1;
    };
  }

  function toHex(lua: LuaStack): number {
    const word = bits(lua, 1);
    const count = lua.getTop() < 2 ? HEX_DIGITS : bits(lua, 2);
    const digits = (word >>> 0).toString(16).padStart(HEX_DIGITS, "0");
    const shown = digits.slice(HEX_DIGITS - Math.min(Math.abs(count), HEX_DIGITS));
    lua.pushText(count < 0 ? shown.toUpperCase() : shown);
    return 1;
  }

  const functions = {
    tobit: one((a) => a),
    bnot: one((a) => ~a),
    bswap: one((a) => (a >>> 24) | ((a >>> 8) & 0xff00) | ((a & 0xff00) << 8) | (a << 24)),
    band: any((a, b) => a & b),
    bor: any((a, b) => a | b),
    bxor: any((a, b) => a ^ b),
    lshift: shift((a, n) => a << n),
    rshift: shift((a, n) => a >>> n),
    arshift: shift((a, n) => a >> n),
    // Shifts count modulo 32, so -n is 32-n and n=0 leaves the word as it is.
    rol: shift((a, n) => (a << n) | (a >>> -n)),
    ror: shift((a, n) => (a >>> n) | (a << -n)),
    tohex: toHex,
  };
  return { name: "bit", open: (lua) => pushLibraryTable(lua, functions) };
}
