/**
 * The library `cjson`: Lua CJSON 2.1.0, as Redis bundles it.
 *
 * A table is an array if all its keys are whole numbers from 1 on; its holes become `null`, and too many of them are an error
 * unless the settings say otherwise. The empty table is `{}`. `null` becomes the null pointer, `cjson.null`, since tables
 * hold no nil.
 *
 * Settings belong to one instance (`cjson.new()` makes another): a Lua table that all functions of the instance have as their
 * upvalue, so that they live and die with it.
 *
 * @module
 */

import { formatPrecisely } from "../../resp/numbers.ts";
import {
  LuaError,
  type LuaFunction,
  type LuaLibrary,
  type LuaStack,
  LuaType,
  upvalueIndex,
} from "../lua_library.ts";
import { checkInteger, checkString, pushLibraryTable, typeName } from "./arguments.ts";
import { ByteBuffer } from "./byte_buffer.ts";
import { decodeJson } from "./json_decoder.ts";

/** Where the settings lie in their table. */
const Setting = {
  sparseConvert: 1,
  sparseRatio: 2,
  sparseSafe: 3,
  encodeMaxDepth: 4,
  decodeMaxDepth: 5,
  encodeInvalidNumbers: 6,
  decodeInvalidNumbers: 7,
  keepBuffer: 8,
  precision: 9,
} as const;
type Setting = typeof Setting[keyof typeof Setting];

/** By {@link Setting}, less one. */
const DEFAULTS = [0, 2, 10, 1000, 1000, 0, 1, 1, 14];

const SETTINGS_INDEX = upvalueIndex(1);
const GREATEST_INT = 2 ** 31 - 1;
const MOST_DIGITS = 14;

function setting(lua: LuaStack, which: Setting): number {
  lua.rawGetIndex(SETTINGS_INDEX, which);
  const value = lua.toNumber(-1);
  lua.pop();
  return value;
}

function change(lua: LuaStack, which: Setting, value: number): void {
  lua.pushNumber(value);
  lua.rawSetIndex(SETTINGS_INDEX, which);
}

/** Fills the arguments up with nil to so many. */
function takeArguments(lua: LuaStack, count: number): void {
  if (lua.getTop() > count) throw lua.argumentError(count + 1, "found too many arguments");
  lua.setTop(count);
}

function takeOneArgument(lua: LuaStack): void {
  if (lua.getTop() !== 1) throw lua.argumentError(1, "expected 1 argument");
}

/** Changes an integer setting if there is an argument, and pushes what it is then. */
function integerOption(
  lua: LuaStack,
  which: Setting,
  range: { argument: number; least: number; most: number },
): void {
  if (lua.type(range.argument) !== LuaType.nil) {
    // An int in C: the lowest 32 bits.
    const value = checkInteger(lua, range.argument) | 0;
    if (value < range.least || value > range.most) {
      const message = `expected integer between ${range.least} and ${range.most}`;
      throw lua.argumentError(1, message);
    }
    change(lua, which, value);
  }
  lua.pushNumber(setting(lua, which));
}

/** Changes a setting of named values if there is an argument, and pushes what it is then: a boolean for off and on. */
function choiceOption(lua: LuaStack, which: Setting, choices = ["off", "on"]): void {
  const type = lua.type(1);
  if (type === LuaType.boolean) {
    change(lua, which, lua.toBoolean(1) ? 1 : 0);
  } else if (type !== LuaType.nil) {
    checkString(lua, 1);
    // A string of C ends at its first zero.
    const name = lua.toText(1).split("\0", 1)[0];
    const choice = choices.indexOf(name);
    if (choice < 0) throw lua.argumentError(1, `invalid option '${name}'`);
    change(lua, which, choice);
  }
  const value = setting(lua, which);
  if (value <= 1) lua.pushBoolean(value === 1);
  else lua.pushText(choices[value]);
}

const CONFIGURATION: Readonly<Record<string, LuaFunction>> = {
  encode_sparse_array(lua) {
    takeArguments(lua, 3);
    choiceOption(lua, Setting.sparseConvert);
    integerOption(lua, Setting.sparseRatio, { argument: 2, least: 0, most: GREATEST_INT });
    integerOption(lua, Setting.sparseSafe, { argument: 3, least: 0, most: GREATEST_INT });
    return 3;
  },
  encode_max_depth(lua) {
    takeArguments(lua, 1);
    integerOption(lua, Setting.encodeMaxDepth, { argument: 1, least: 1, most: GREATEST_INT });
    return 1;
  },
  decode_max_depth(lua) {
    takeArguments(lua, 1);
    integerOption(lua, Setting.decodeMaxDepth, { argument: 1, least: 1, most: GREATEST_INT });
    return 1;
  },
  encode_number_precision(lua) {
    takeArguments(lua, 1);
    integerOption(lua, Setting.precision, { argument: 1, least: 1, most: MOST_DIGITS });
    return 1;
  },
  // Our buffer is kept while it is small, whatever this setting says.
  encode_keep_buffer(lua) {
    takeArguments(lua, 1);
    choiceOption(lua, Setting.keepBuffer);
    return 1;
  },
  encode_invalid_numbers(lua) {
    takeArguments(lua, 1);
    choiceOption(lua, Setting.encodeInvalidNumbers, ["off", "on", "null"]);
    return 1;
  },
  decode_invalid_numbers(lua) {
    takeArguments(lua, 1);
    choiceOption(lua, Setting.decodeInvalidNumbers);
    return 1;
  },
};

/** By byte: what stands for it within a string, where that is not the byte itself. */
const ESCAPES: readonly (string | undefined)[] = Array.from({ length: 256 }, (_, byte) => {
  switch (byte) {
    case 0x08:
      return "\\b";
    case 0x09:
      return "\\t";
    case 0x0a:
      return "\\n";
    case 0x0c:
      return "\\f";
    case 0x0d:
      return "\\r";
    case 0x22:
      return '\\"';
    case 0x2f:
      return "\\/";
    case 0x5c:
      return "\\\\";
    default: {
      const isControl = byte < 0x20 || byte === 0x7f;
      return isControl ? `\\u${byte.toString(16).padStart(4, "0")}` : undefined;
    }
  }
});
/** The same as a flag a byte, which a loop reads faster. */
const IS_ESCAPED = Uint8Array.from(ESCAPES, (escape) => escape === undefined ? 0 : 1);
const LONGEST_ESCAPE = 6;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const ARRAY_BEGIN = 0x5b;
const ARRAY_END = 0x5d;
const OBJECT_BEGIN = 0x7b;
const OBJECT_END = 0x7d;

function encodeError(lua: LuaStack, index: number, reason: string): LuaError {
  return new LuaError(`Cannot serialise ${typeName(lua.type(index))}: ${reason}`);
}

/** Appends the string on the stack at `index`, which must be a string. */
function appendString(lua: LuaStack, index: number, out: ByteBuffer): void {
  const address = lua.stringAddress(index);
  const length = lua.objectLength(index);
  const memory = lua.memory;
  out.byte(QUOTE);
  let at = out.reserve(length + LONGEST_ESCAPE);
  let bytes = out.bytes;
  for (let i = 0; i < length; i++) {
    const byte = memory[address + i];
    if (IS_ESCAPED[byte] === 0) {
      bytes[at++] = byte;
    } else {
      out.length = at;
      out.text(ESCAPES[byte]!);
      at = out.reserve(length - i + LONGEST_ESCAPE);
      bytes = out.bytes;
    }
  }
  out.length = at;
  out.byte(QUOTE);
}

function appendNumber(lua: LuaStack, index: number, out: ByteBuffer): void {
  const value = lua.toNumber(index);
  if (Number.isInteger(value) && value < 1e14 && value > -1e14) {
    const precision = value < 10 && value > -10 ? MOST_DIGITS : setting(lua, Setting.precision);
    if (precision === MOST_DIGITS && !Object.is(value, -0)) {
      out.text(String(value));
      return;
    }
  }
  if (!Number.isFinite(value)) {
    const choice = setting(lua, Setting.encodeInvalidNumbers);
    if (choice === 0) throw encodeError(lua, index, "must not be NaN or Inf");
    out.text(choice === 2 ? "null" : value !== value ? "nan" : value > 0 ? "inf" : "-inf");
    return;
  }
  const precision = setting(lua, Setting.precision);
  const magnitude = Math.abs(value);
  if (precision === MOST_DIGITS && magnitude >= 1e-4 && magnitude < 1e14) {
    // The shortest digits that name the double are also the rounded ones when they are few enough.
    const text = String(magnitude);
    if (text.length <= MOST_DIGITS + 1) {
      out.text(value < 0 ? `-${text}` : text);
      return;
    }
  }
  out.text(formatPrecisely(value, precision));
}

/** The length of the array on the top, or a number below 1 if it is not one and becomes an object. */
function arrayLength(lua: LuaStack): number {
  let greatest = 0;
  let count = 0;
  lua.pushNil();
  while (lua.next(-2)) {
    lua.pop();
    const key = lua.type(-1) === LuaType.number ? lua.toNumber(-1) : 0;
    if (!(key >= 1 && Math.floor(key) === key)) {
      lua.pop();
      return -1;
    }
    // Beyond an int x86-64 makes it the least one, and everything is greater than that.
    if (key > greatest) greatest = key > GREATEST_INT ? -(2 ** 31) : key;
    count++;
  }
  if (greatest > 0) {
    const ratio = setting(lua, Setting.sparseRatio);
    const isSparse = ratio > 0 && greatest > Math.imul(count, ratio) &&
      greatest > setting(lua, Setting.sparseSafe);
    if (isSparse) {
      if (setting(lua, Setting.sparseConvert) !== 0) return -1;
      throw encodeError(lua, -1, "excessively sparse array");
    }
  }
  return greatest;
}

/** Goes on to an object's next member, whose key is on the top: appends the new key and pushes the value. */
function nextMember(lua: LuaStack, out: ByteBuffer, isFirst: boolean): boolean {
  if (!lua.next(-2)) return false;
  if (!isFirst) out.byte(COMMA);
  switch (lua.type(-2)) {
    case LuaType.string:
      appendString(lua, -2, out);
      break;
    case LuaType.number:
      out.byte(QUOTE);
      appendNumber(lua, -2, out);
      out.byte(QUOTE);
      break;
    default:
      throw encodeError(lua, -2, "table key must be a number or string");
  }
  out.byte(COLON);
  return true;
}

function appendScalar(lua: LuaStack, type: LuaType, out: ByteBuffer): void {
  switch (type) {
    case LuaType.string:
      return appendString(lua, -1, out);
    case LuaType.number:
      return appendNumber(lua, -1, out);
    case LuaType.boolean:
      return out.text(lua.toBoolean(-1) ? "true" : "false");
    case LuaType.nil:
      return out.text("null");
    case LuaType.lightUserdata:
      if (lua.isNull(-1)) return out.text("null");
  }
  throw encodeError(lua, -1, "type not supported");
}

/** Appends the value on the top. Loops instead of calling itself, since scripts may allow any depth. */
function appendValue(lua: LuaStack, out: ByteBuffer): void {
  /** Of each table begun: the array's length, 0 for an object. */
  const lengths: number[] = [];
  /** Of each array begun: the index of its value on the stack. */
  const positions: number[] = [];
  let maxDepth = 0;

  for (;;) {
    out.beginValue();
    const type = lua.type(-1);
    if (type === LuaType.table) {
      const depth = lengths.length + 1;
      if (depth === 1) maxDepth = setting(lua, Setting.encodeMaxDepth);
      if (depth > maxDepth || !lua.checkStack(3)) {
        throw new LuaError(`Cannot serialise, excessive nesting (${depth})`);
      }
      const length = arrayLength(lua);
      if (length > 0) {
        out.byte(ARRAY_BEGIN);
        lengths.push(length);
        positions.push(1);
        lua.rawGetIndex(-1, 1);
        continue;
      }
      out.byte(OBJECT_BEGIN);
      lua.pushNil();
      if (nextMember(lua, out, true)) {
        lengths.push(0);
        positions.push(0);
        continue;
      }
      out.byte(OBJECT_END);
    } else {
      appendScalar(lua, type, out);
    }

    // The value on the top is written: go on with the table that holds it, and with those that it ends.
    for (;;) {
      const last = lengths.length - 1;
      if (last < 0) return;
      lua.pop();
      const length = lengths[last];
      if (length > 0) {
        if (positions[last] < length) {
          out.byte(COMMA);
          lua.rawGetIndex(-1, ++positions[last]);
          break;
        }
        out.byte(ARRAY_END);
      } else {
        if (nextMember(lua, out, false)) break;
        out.byte(OBJECT_END);
      }
      lengths.pop();
      positions.pop();
    }
  }
}

/** Makes a `cjson`. */
export function cjsonLibrary(): LuaLibrary {
  const out = new ByteBuffer();
  const scratch = new ByteBuffer();
  const functions: Readonly<Record<string, LuaFunction>> = {
    encode(lua) {
      takeOneArgument(lua);
      out.clear();
      appendValue(lua, out);
      out.push(lua);
      return 1;
    },
    decode(lua) {
      takeOneArgument(lua);
      checkString(lua, 1);
      decodeJson(lua, {
        maxDepth: setting(lua, Setting.decodeMaxDepth),
        allowInvalidNumbers: setting(lua, Setting.decodeInvalidNumbers) !== 0,
        scratch,
      });
      return 1;
    },
    ...CONFIGURATION,
    new(lua) {
      pushInstance(lua);
      return 1;
    },
  };

  function pushInstance(lua: LuaStack): void {
    pushLibraryTable(lua, {}, { _NAME: "cjson", _VERSION: "2.1.0" });
    lua.pushNull();
    lua.setField(-2, "null");
    lua.createTable(DEFAULTS.length, 0);
    for (let i = 0; i < DEFAULTS.length; i++) {
      lua.pushNumber(DEFAULTS[i]);
      lua.rawSetIndex(-2, i + 1);
    }
    for (const name in functions) {
      lua.pushValue(-1);
      lua.pushClosure(functions[name], 1);
      lua.setField(-3, name);
    }
    lua.pop();
  }

  return { name: "cjson", open: pushInstance };
}
