/**
 * The library `cmsgpack`: lua-cmsgpack 0.4.0, as Redis bundles it.
 *
 * Whole numbers of 64 bits become integers, other numbers floats of 4 bytes where those hold them, else of 8. A table is an array
 * if its keys are 1 to n, and a map otherwise; tables deeper than 16 levels, functions and the like become nil.
 *
 * @module
 */

import { LuaError, type LuaLibrary, type LuaStack, LuaType } from "../lua_library.ts";
import {
  checkInteger,
  checkString,
  INDEFINITE_INTEGER,
  optionalInteger,
  pushLibraryTable,
} from "./arguments.ts";
import { ByteBuffer } from "./byte_buffer.ts";

const MOST_LEVELS = 16;
const GREATEST_INT = 2 ** 31 - 1;
const LEAST_INT = -(2 ** 31);
const TWO_32 = 2 ** 32;

/** First bytes of values; the `fix` ones have the number or length in the same byte. */
const Format = {
  fixMap: 0x80,
  fixArray: 0x90,
  fixString: 0xa0,
  nil: 0xc0,
  false: 0xc2,
  true: 0xc3,
  float32: 0xca,
  float64: 0xcb,
  uint8: 0xcc,
  uint16: 0xcd,
  uint32: 0xce,
  uint64: 0xcf,
  int8: 0xd0,
  int16: 0xd1,
  int32: 0xd2,
  int64: 0xd3,
  string8: 0xd9,
  string16: 0xda,
  string32: 0xdb,
  array16: 0xdc,
  array32: 0xdd,
  map16: 0xde,
  map32: 0xdf,
  fixNegative: 0xe0,
} as const;

/** Writes values into a buffer. */
class Packer {
  readonly out = new ByteBuffer();
  readonly #scratch = new DataView(new ArrayBuffer(8));

  /** Appends the value on the top and takes it off; tables within call this again, 16 times at most. */
  append(lua: LuaStack, level: number): void {
    this.out.beginValue();
    switch (lua.type(-1)) {
      case LuaType.string:
        this.#appendString(lua);
        break;
      case LuaType.boolean:
        this.out.byte(lua.toBoolean(-1) ? Format.true : Format.false);
        break;
      case LuaType.number:
        this.#appendNumber(lua.toNumber(-1));
        break;
      case LuaType.table:
        if (level === MOST_LEVELS) this.out.byte(Format.nil);
        else this.#appendTable(lua, level);
        break;
      default:
        this.out.byte(Format.nil);
    }
    lua.pop();
  }

  /** A first byte and an unsigned number of `size` bytes, the greatest first. */
  #header(format: number, value: number, size: number): void {
    const out = this.out;
    const at = out.reserve(size + 1);
    out.bytes[at] = format;
    for (let i = size; i > 0; i--) {
      out.bytes[at + i] = value;
      value = Math.floor(value / 256);
    }
    out.length = at + size + 1;
  }

  #appendString(lua: LuaStack): void {
    const length = lua.objectLength(-1);
    if (length < 32) this.out.byte(Format.fixString | length);
    else if (length <= 0xff) this.#header(Format.string8, length, 1);
    else if (length <= 0xffff) this.#header(Format.string16, length, 2);
    else this.#header(Format.string32, length, 4);
    const address = lua.stringAddress(-1);
    this.out.copy(lua.memory, address, length);
  }

  #appendNumber(value: number): void {
    const isInt64 = Number.isInteger(value) && value >= INDEFINITE_INTEGER &&
      value < -INDEFINITE_INTEGER;
    if (isInt64) this.#appendInteger(value);
    else this.#appendFloat(value);
  }

  #appendFloat(value: number): void {
    const scratch = this.#scratch;
    const isSingle = Math.fround(value) === value;
    if (isSingle) scratch.setFloat32(0, value);
    else scratch.setFloat64(0, value);
    this.out.byte(isSingle ? Format.float32 : Format.float64);
    for (let i = 0; i < (isSingle ? 4 : 8); i++) this.out.byte(scratch.getUint8(i));
  }

  #appendInteger(value: number): void {
    if (value >= 0) {
      if (value <= 0x7f) this.out.byte(value);
      else if (value <= 0xff) this.#header(Format.uint8, value, 1);
      else if (value <= 0xffff) this.#header(Format.uint16, value, 2);
      else if (value < TWO_32) this.#header(Format.uint32, value, 4);
      else this.#header(Format.uint64, value, 8);
    } else if (value >= -32) {
      this.out.byte(value);
    } else if (value >= -0x80) {
      this.#header(Format.int8, value, 1);
    } else if (value >= -0x8000) {
      this.#header(Format.int16, value, 2);
    } else if (value >= LEAST_INT) {
      this.#header(Format.int32, value, 4);
    } else {
      this.#header(Format.int64, value, 8);
    }
  }

  #appendTable(lua: LuaStack, level: number): void {
    const count = this.#countArray(lua);
    if (count >= 0) {
      this.#requireStack(lua, 1, "mp_encode_lua_table_as_array");
      this.#length(count, Format.fixArray, Format.array16);
      for (let i = 1; i <= count; i++) {
        lua.rawGetIndex(-1, i);
        this.append(lua, level + 1);
      }
      return;
    }
    this.#requireStack(lua, 3, "mp_encode_lua_table_as_map");
    let members = 0;
    for (lua.pushNil(); lua.next(-2); members++) lua.pop();
    this.#length(members, Format.fixMap, Format.map16);
    lua.pushNil();
    while (lua.next(-2)) {
      lua.pushValue(-2);
      this.append(lua, level + 1);
      this.append(lua, level + 1);
    }
  }

  #length(count: number, fix: number, format16: number): void {
    if (count <= 15) this.out.byte(fix | count);
    else if (count <= 0xffff) this.#header(format16, count, 2);
    else this.#header(format16 + 1, count, 4);
  }

  /** The number of values of the table on the top if its keys are 1 to that number, or -1. */
  #countArray(lua: LuaStack): number {
    this.#requireStack(lua, 2, "table_is_an_array");
    let count = 0;
    let greatest = 0;
    lua.pushNil();
    while (lua.next(-2)) {
      lua.pop();
      const key = lua.type(-1) === LuaType.number ? lua.toNumber(-1) : 0;
      if (!(key > 0 && key <= GREATEST_INT && Number.isInteger(key))) {
        lua.pop();
        return -1;
      }
      if (key > greatest) greatest = key;
      count++;
    }
    return greatest === count ? count : -1;
  }

  #requireStack(lua: LuaStack, count: number, place: string): void {
    if (!lua.checkStack(count)) throw new LuaError(`stack overflow (in function ${place})`);
  }
}

/** Reads values from Lua's memory and pushes them. */
class Unpacker {
  /** Where the next value begins, and where the bytes end, in Lua's memory. */
  at = 0;
  end = 0;
  readonly #scratch = new DataView(new ArrayBuffer(8));
  /** Of each open table: how many values are still to be read, keys counted; negative less one for maps. */
  readonly #left: number[] = [];
  readonly #positions: number[] = [];

  /** Pushes the next value. Loops instead of calling itself: a byte is enough for a level. */
  push(lua: LuaStack): void {
    const left = this.#left;
    const positions = this.#positions;
    left.length = positions.length = 0;
    for (;;) {
      const begun = this.#begin(lua);
      if (begun !== 0) {
        // An array of n is begun as n, a map of n as -n; the empty ones, already complete, as 0.
        left.push(begun);
        positions.push(1);
        if (begun > 0) lua.pushNumber(1);
        continue;
      }
      for (;;) {
        const last = left.length - 1;
        if (last < 0) return;
        if (left[last] > 0) {
          lua.rawSet(-3);
          if (--left[last] > 0) {
            lua.pushNumber(++positions[last]);
            break;
          }
        } else if (positions[last] === 1) {
          // That was a key.
          positions[last] = 0;
          break;
        } else {
          positions[last] = 1;
          setMember(lua);
          if (++left[last] < 0) break;
        }
        left.pop();
        positions.pop();
      }
    }
  }

  #need(count: number): void {
    if (this.end - this.at < count) throw new LuaError("Missing bytes in input.");
  }

  /** The unsigned number of `size` bytes behind the first byte; goes on behind it. */
  #unsigned(lua: LuaStack, size: number): number {
    this.#need(size + 1);
    const memory = lua.memory;
    let value = 0;
    for (let i = 1; i <= size; i++) value = value * 256 + memory[this.at + i];
    this.at += size + 1;
    return value;
  }

  /** Both signed and unsigned: what is beyond 2^63 becomes negative, as it does in C. */
  #integer64(lua: LuaStack): number {
    this.#need(9);
    const scratch = this.#copy(lua, 8);
    return scratch.getInt32(0) * TWO_32 + scratch.getUint32(4);
  }

  #float(lua: LuaStack, size: number): number {
    this.#need(size + 1);
    const scratch = this.#copy(lua, size);
    return size === 4 ? scratch.getFloat32(0) : scratch.getFloat64(0);
  }

  #copy(lua: LuaStack, size: number): DataView {
    const memory = lua.memory;
    for (let i = 0; i < size; i++) this.#scratch.setUint8(i, memory[this.at + 1 + i]);
    this.at += size + 1;
    return this.#scratch;
  }

  #string(lua: LuaStack, length: number): 0 {
    this.#need(length);
    lua.pushFromMemory(this.at, length);
    this.at += length;
    return 0;
  }

  #table(lua: LuaStack, count: number): number {
    lua.createTable(0, 0);
    return count;
  }

  #array(lua: LuaStack, count: number): number {
    const begun = this.#table(lua, count);
    if (!lua.checkStack(1)) {
      throw new LuaError("stack overflow (in function mp_decode_to_lua_array)");
    }
    return begun;
  }

  #number(lua: LuaStack, value: number): 0 {
    lua.pushNumber(value);
    return 0;
  }

  /** Pushes a value, or an empty table with the count of what it will hold: negative for a map, 0 if there is nothing left to read. */
  #begin(lua: LuaStack): number {
    this.#need(1);
    if (!lua.checkStack(1)) {
      throw new LuaError(
        "stack overflow (too many return values at once; use unpack_one or unpack_limit instead.)",
      );
    }
    const first = lua.memory[this.at];
    switch (first) {
      case Format.uint8:
        return this.#number(lua, this.#unsigned(lua, 1));
      case Format.uint16:
        return this.#number(lua, this.#unsigned(lua, 2));
      case Format.uint32:
        return this.#number(lua, this.#unsigned(lua, 4));
      case Format.int8:
        return this.#number(lua, this.#unsigned(lua, 1) << 24 >> 24);
      case Format.int16:
        return this.#number(lua, this.#unsigned(lua, 2) << 16 >> 16);
      case Format.int32:
        return this.#number(lua, this.#unsigned(lua, 4) | 0);
      case Format.uint64:
      case Format.int64:
        return this.#number(lua, this.#integer64(lua));
      case Format.float32:
        return this.#number(lua, this.#float(lua, 4));
      case Format.float64:
        return this.#number(lua, this.#float(lua, 8));
      case Format.nil:
        this.at++;
        lua.pushNil();
        return 0;
      case Format.true:
      case Format.false:
        this.at++;
        lua.pushBoolean(first === Format.true);
        return 0;
      case Format.string8:
        return this.#string(lua, this.#unsigned(lua, 1));
      case Format.string16:
        return this.#string(lua, this.#unsigned(lua, 2));
      case Format.string32:
        return this.#string(lua, this.#unsigned(lua, 4));
      case Format.array16:
        return this.#array(lua, this.#unsigned(lua, 2));
      case Format.array32:
        return this.#array(lua, this.#unsigned(lua, 4));
      case Format.map16:
        return -this.#table(lua, this.#unsigned(lua, 2));
      case Format.map32:
        return -this.#table(lua, this.#unsigned(lua, 4));
    }
    if (first >= Format.nil && first < Format.fixNegative) {
      throw new LuaError("Bad data format in input.");
    }
    this.at++;
    if (first < Format.fixMap) return this.#number(lua, first);
    if (first < Format.fixArray) return -this.#table(lua, first & 0xf);
    if (first < Format.fixString) return this.#array(lua, first & 0xf);
    if (first < Format.nil) return this.#string(lua, first & 0x1f);
    return this.#number(lua, first - 256);
  }
}

/** Sets a map's member, whose key and value are on the top. */
function setMember(lua: LuaStack): void {
  const type = lua.type(-2);
  if (type === LuaType.nil) throw new LuaError("table index is nil", { placed: false });
  if (type === LuaType.number && Number.isNaN(lua.toNumber(-2))) {
    throw new LuaError("table index is NaN", { placed: false });
  }
  lua.rawSet(-3);
}

/** Makes a `cmsgpack`. */
export function cmsgpackLibrary(): LuaLibrary {
  const packer = new Packer();
  const unpacker = new Unpacker();

  function pack(lua: LuaStack): number {
    const count = lua.getTop();
    if (count === 0) throw lua.argumentError(0, "MessagePack pack needs input.");
    if (!lua.checkStack(count)) {
      throw lua.argumentError(0, "Too many arguments for MessagePack pack.");
    }
    packer.out.clear();
    for (let i = 1; i <= count; i++) {
      lua.pushValue(i);
      packer.append(lua, 0);
    }
    packer.out.push(lua);
    return 1;
  }

  /** Unpacks at most `limit` values from `offset` on; with neither all of them, and no new offset before them. */
  function unpackFrom(lua: LuaStack, limit: number, offset: number): number {
    checkString(lua, 1);
    const begin = lua.stringAddress(1);
    const length = lua.objectLength(1);
    if (offset < 0 || limit < 0) {
      throw new LuaError(
        `Invalid request to unpack with offset of ${offset | 0} and limit of ${length}.`,
      );
    }
    if (offset > length) {
      throw new LuaError(`Start offset ${offset | 0} greater than input length ${length}.`);
    }
    const all = limit === 0 && offset === 0;
    unpacker.at = begin + offset;
    unpacker.end = begin + length;
    let count = 0;
    while (unpacker.at < unpacker.end && (all || count < limit)) {
      unpacker.push(lua);
      count++;
    }
    if (all) return count;
    if (!lua.checkStack(1)) {
      throw new LuaError("stack overflow (in function mp_unpack_full)");
    }
    lua.pushNumber(unpacker.at === unpacker.end ? -1 : unpacker.at - begin);
    lua.insert(2);
    return count + 1;
  }

  function keepFirst(lua: LuaStack): void {
    lua.setTop(Math.min(lua.getTop(), 1));
  }

  const functions = {
    pack,
    unpack: (lua: LuaStack) => unpackFrom(lua, 0, 0),
    unpack_one(lua: LuaStack) {
      const offset = optionalInteger(lua, 2, 0);
      keepFirst(lua);
      return unpackFrom(lua, 1, offset);
    },
    unpack_limit(lua: LuaStack) {
      const limit = checkInteger(lua, 2);
      const offset = optionalInteger(lua, 3, 0);
      keepFirst(lua);
      return unpackFrom(lua, limit, offset);
    },
  };
  const constants = {
    _NAME: "cmsgpack",
    _VERSION: "lua-cmsgpack 0.4.0",
    _COPYRIGHT: "Copyright (C) 2012, Salvatore Sanfilippo",
    _DESCRIPTION: "MessagePack C implementation for Lua",
  };
  return { name: "cmsgpack", open: (lua) => pushLibraryTable(lua, functions, constants) };
}
