/**
 * The library `struct`: numbers and strings packed into binary strings and back, as formats of letters say.
 *
 * - `>` `<` `!n`: big-endian, little-endian (at first), alignment up to n bytes (at first 1)
 * - `b` `h` `i` `in` `l`, capital for unsigned, and `T`: integers of 1, 2, 4, n and 8 bytes
 * - `f` `d`: IEEE 754 of 4 and 8 bytes
 * - `cn` `s` `x`: n characters (of `c0` all of the string, or as many as the number before says), a string with a zero at its end, padding
 *
 * Integers are 64 bits wide whatever their size: two halves here, since a double holds 53 bits.
 *
 * @module
 */

import { LuaError, type LuaLibrary, type LuaStack } from "../lua_library.ts";
import {
  checkNumber,
  checkString,
  optionalInteger,
  pushLibraryTable,
  truncateToInteger,
} from "./arguments.ts";
import { ByteBuffer } from "./byte_buffer.ts";

const MOST_INTEGER_BYTES = 32;
const GREATEST_COUNT = 2 ** 31 - 1;
const NATIVE_ALIGNMENT = 8;
const TWO_32 = 2 ** 32;
const TWO_63 = 2 ** 63;
const TWO_64 = 2 ** 64;

/** Walks through a format: after {@link next} the current option is in the fields. */
class FormatReader {
  option = "";
  /** Bytes that the option takes; 0 where that depends on a value, and for the letters that steer. */
  size = 0;
  littleEndian = true;
  #alignment = 1;
  #position = 0;
  readonly #lua: LuaStack;
  readonly #format: string;

  constructor(lua: LuaStack) {
    checkString(lua, 1);
    const format = lua.toText(1);
    const end = format.indexOf("\0");
    this.#lua = lua;
    this.#format = end < 0 ? format : format.slice(0, end);
  }

  /**
   * Goes on to the next option; false at the end.
   *
   * @throws {LuaError} on a size out of bounds
   */
  next(): boolean {
    if (this.#position >= this.#format.length) return false;
    this.option = this.#format[this.#position++];
    this.size = this.#readSize();
    return true;
  }

  #readSize(): number {
    switch (this.option) {
      case "b":
      case "B":
      case "x":
        return 1;
      case "h":
      case "H":
        return 2;
      case "f":
        return 4;
      case "l":
      case "L":
      case "T":
      case "d":
        return 8;
      case "c":
        return this.#readCount(1);
      case "i":
      case "I": {
        const size = this.#readCount(4);
        if (size > MOST_INTEGER_BYTES) {
          throw new LuaError(
            `integral size ${size} is larger than limit of ${MOST_INTEGER_BYTES}`,
          );
        }
        return size;
      }
      default:
        return 0;
    }
  }

  #readCount(absent: number): number {
    const format = this.#format;
    let digit = format.charCodeAt(this.#position) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return absent;
    let count = 0;
    do {
      count = count * 10 + digit;
      if (count > GREATEST_COUNT) throw new LuaError("integral size overflow");
      digit = format.charCodeAt(++this.#position) - 0x30;
    } while (digit >= 0 && digit <= 9);
    return count;
  }

  /** Bytes of padding before the option's value at this position. */
  padding(position: number): number {
    if (this.size === 0 || this.option === "c") return 0;
    const size = Math.min(this.size, this.#alignment);
    return (size - (position & (size - 1))) & (size - 1);
  }

  /**
   * Does what a letter that takes no value says.
   *
   * @throws {LuaError} when it says nothing
   */
  steer(): void {
    switch (this.option) {
      case " ":
        return;
      case ">":
        this.littleEndian = false;
        return;
      case "<":
        this.littleEndian = true;
        return;
      case "!": {
        const alignment = this.#readCount(NATIVE_ALIGNMENT);
        if (alignment === 0 || (alignment & (alignment - 1)) !== 0) {
          throw new LuaError(`alignment ${alignment} is not a power of 2`);
        }
        this.#alignment = alignment;
        return;
      }
      default:
        throw this.#lua.argumentError(1, `invalid format option '${this.option}'`);
    }
  }
}

/** Makes a `struct`. */
export function structLibrary(): LuaLibrary {
  const out = new ByteBuffer();
  const scratch = new DataView(new ArrayBuffer(8));

  function putInteger(value: number, format: FormatReader): void {
    const { size, littleEndian } = format;
    const whole = value >= TWO_63
      ? (value < TWO_64 ? Math.trunc(value) : 0)
      : truncateToInteger(value);
    let low = whole | 0;
    let high = Math.floor(whole / TWO_32) | 0;
    const at = out.reserve(size);
    for (let i = 0; i < size; i++) {
      out.bytes[littleEndian ? at + i : at + size - 1 - i] = low;
      low = (low >>> 8) | (high << 24);
      high >>>= 8;
    }
    out.length = at + size;
  }

  function putFloat(value: number, format: FormatReader): void {
    if (format.size === 4) scratch.setFloat32(0, value, format.littleEndian);
    else scratch.setFloat64(0, value, format.littleEndian);
    for (let i = 0; i < format.size; i++) out.byte(scratch.getUint8(i));
  }

  /** Appends the string; answers how many bytes it took. */
  function putString(lua: LuaStack, index: number, format: FormatReader): number {
    checkString(lua, index);
    const address = lua.stringAddress(index);
    const length = lua.objectLength(index);
    let size = format.size === 0 ? length : format.size;
    if (length < size) throw lua.argumentError(index + 1, "string too short");
    out.copy(lua.memory, address, size);
    if (format.option === "s") {
      out.byte(0);
      size++;
    }
    return size;
  }

  function pack(lua: LuaStack): number {
    out.clear();
    const format = new FormatReader(lua);
    // An argument that is missing is reported as this nil.
    lua.pushNil();
    let argument = 2;
    while (format.next()) {
      for (let padding = format.padding(out.length); padding > 0; padding--) out.byte(0);
      switch (format.option) {
        case "b":
        case "B":
        case "h":
        case "H":
        case "l":
        case "L":
        case "T":
        case "i":
        case "I":
          putInteger(checkNumber(lua, argument++), format);
          break;
        case "x":
          out.byte(0);
          break;
        case "f":
        case "d":
          putFloat(checkNumber(lua, argument++), format);
          break;
        case "c":
        case "s":
          putString(lua, argument++, format);
          break;
        default:
          format.steer();
      }
    }
    out.push(lua);
    return 1;
  }

  function readInteger(bytes: Uint8Array, address: number, format: FormatReader): number {
    const { size, littleEndian } = format;
    let low = 0;
    let high = 0;
    for (let i = 0; i < size; i++) {
      const byte = bytes[littleEndian ? address + size - 1 - i : address + i];
      high = (high << 8) | (low >>> 24);
      low = (low << 8) | byte;
    }
    if (format.option < "a") return (high >>> 0) * TWO_32 + (low >>> 0);
    // The sign's place is taken modulo 64, as x86-64 shifts; it matters for sizes other than 1 to 8.
    const place = (size * 8 - 1) & 63;
    if (place < 32) {
      const mask = -1 << place;
      if ((low & mask) !== 0 || high !== 0) {
        low |= mask;
        high = -1;
      }
    } else {
      const mask = -1 << (place - 32);
      if ((high & mask) !== 0) high |= mask;
    }
    return high * TWO_32 + (low >>> 0);
  }

  function readFloat(bytes: Uint8Array, address: number, format: FormatReader): number {
    for (let i = 0; i < format.size; i++) scratch.setUint8(i, bytes[address + i]);
    return format.size === 4
      ? scratch.getFloat32(0, format.littleEndian)
      : scratch.getFloat64(0, format.littleEndian);
  }

  function unpack(lua: LuaStack): number {
    const format = new FormatReader(lua);
    checkString(lua, 2);
    const data = lua.stringAddress(2);
    const length = lua.objectLength(2);
    let position = optionalInteger(lua, 3, 1) - 1;
    if (position === -1) throw lua.argumentError(3, "offset must be 1 or greater");
    let results = 0;

    /** Sees that there are so many bytes; negative positions stand for those near 2^64. */
    const requireBytes = (size: number) => {
      if (!(size >= 0 && position >= 0 && position + size <= length)) {
        throw lua.argumentError(2, "data string too short");
      }
    };
    while (format.next()) {
      let size = format.size;
      position += format.padding(position);
      requireBytes(size);
      if (!lua.checkStack(2)) throw new LuaError("stack overflow (too many results)");
      const address = data + position;
      switch (format.option) {
        case "b":
        case "B":
        case "h":
        case "H":
        case "l":
        case "L":
        case "T":
        case "i":
        case "I":
          lua.pushNumber(readInteger(lua.memory, address, format));
          results++;
          break;
        case "x":
          break;
        case "f":
        case "d":
          lua.pushNumber(readFloat(lua.memory, address, format));
          results++;
          break;
        case "c":
          if (size === 0) {
            if (results === 0 || !lua.isNumber(-1)) {
              throw new LuaError("format 'c0' needs a previous size");
            }
            size = Math.trunc(lua.toNumber(-1));
            lua.pop();
            results--;
            requireBytes(size);
          }
          lua.pushFromMemory(address, size);
          results++;
          break;
        case "s": {
          const end = lua.memory.indexOf(0, address);
          // The string's own end is a zero, too, but not one of its bytes.
          if (end >= data + length) throw new LuaError("unfinished string in data");
          size = end - address + 1;
          lua.pushFromMemory(address, size - 1);
          results++;
          break;
        }
        default:
          format.steer();
      }
      position += size;
    }
    lua.pushNumber(position + 1);
    return results + 1;
  }

  function size(lua: LuaStack): number {
    const format = new FormatReader(lua);
    let position = 0;
    while (format.next()) {
      position += format.padding(position);
      if (format.option === "s") throw lua.argumentError(1, "option 's' has no fixed size");
      if (format.option === "c" && format.size === 0) {
        throw lua.argumentError(1, "option 'c0' has no fixed size");
      }
      // Letters and digits that mean nothing are let pass here, other than by pack and unpack.
      if (!/^[0-9A-Za-z]$/.test(format.option)) format.steer();
      position += format.size;
    }
    lua.pushNumber(position);
    return 1;
  }

  return { name: "struct", open: (lua) => pushLibraryTable(lua, { pack, unpack, size }) };
}
