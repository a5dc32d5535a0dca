/**
 * What a Lua instance holds when scripts are let in: Lua's harmless libraries, Redis's, the table `redis`, all read-only.
 *
 * Scripts see one table of globals, which nobody can change, and in which a name that does not exist is an error. What could reach
 * files, the process or other scripts is not there at all.
 *
 * @module
 */

import { encodeLatin1 } from "../resp/args.ts";
import { LuaStatus } from "./engine/lua_api.ts";
import { GLOBALS_INDEX, type LuaState } from "./engine/lua_state.ts";
import { checkInteger } from "./libraries/arguments.ts";
import { bitLibrary } from "./libraries/bit.ts";
import { cjsonLibrary } from "./libraries/cjson.ts";
import { cmsgpackLibrary } from "./libraries/cmsgpack.ts";
import { structLibrary } from "./libraries/struct.ts";
import { LuaError, type LuaFunction, type LuaLibrary, LuaType } from "./lua_library.ts";

/** Lua's own libraries; `debug` is there for the error handler and goes with it. */
const STANDARD_LIBRARIES = ["base", "table", "string", "math", "debug"];
/** The libraries that Redis adds, in its order. */
const LIBRARIES: readonly (() => LuaLibrary)[] = [
  cjsonLibrary,
  structLibrary,
  cmsgpackLibrary,
  bitLibrary,
];
/** What of the base library scripts must not have. */
const REMOVED = ["dofile", "getfenv", "loadfile", "newproxy", "print", "setfenv"];

/**
 * Makes of any error a table that tells where it was raised: within a function of ours it is the caller's place that
 * helps.
 */
const ERROR_HANDLER = `
local getinfo = debug.getinfo
debug = nil
function __redis__err__handler(err)
  local place = getinfo(2, 'nSl')
  if place and place.what == 'C' then place = getinfo(3, 'nSl') end
  if type(err) ~= 'table' then err = { err = 'ERR ' .. tostring(err) } end
  if place then
    err['source'] = place.source
    err['line'] = place.currentline
  end
  return err
end`;

/** How to furnish an instance. */
export interface EnvironmentOptions {
  /** The table `redis`. */
  readonly functions: Readonly<Record<string, LuaFunction>>;
  readonly constants: Readonly<Record<string, string | number>>;
  readonly random: RandomNumbers;
}

/** What the engine keeps of an environment, as numbers for {@link LuaState.pushKept}. */
export interface Environment {
  readonly errorHandler: number;
  readonly globals: number;
}

/** Furnishes a fresh instance. Everything is unlocked until {@link lockGlobals}. */
export function openEnvironment(lua: LuaState, options: EnvironmentOptions): Environment {
  for (const library of STANDARD_LIBRARIES) lua.openLibrary(library);
  for (const name of REMOVED) setGlobal(lua, name, () => lua.pushNil());
  for (const make of LIBRARIES) {
    const library = make();
    setGlobal(lua, library.name, () => library.open(lua));
  }
  setGlobal(lua, "pcall", () => lua.pushProtectedCall());
  setGlobal(lua, "redis", () => pushTable(lua, options.functions, options.constants));
  replaceRandom(lua, options.random);
  if (lua.load(encodeLatin1(ERROR_HANDLER), "@err_handler_def") !== LuaStatus.ok) {
    throw new Error(lua.toText(-1));
  }
  lua.call(0, 0);
  lua.setTop(0);
  lua.getField(GLOBALS_INDEX, "__redis__err__handler");
  const errorHandler = lua.keep();
  lua.pushValue(GLOBALS_INDEX);
  return { errorHandler, globals: lua.keep() };
}

/**
 * Makes the table of globals, and what can be reached from it, read-only, and names that do not exist an error; so too the
 * metatable of strings.
 */
export function lockGlobals(lua: LuaState): void {
  lua.pushValue(GLOBALS_INDEX);
  refuseUnknown(lua);
  lockTable(lua);
  lua.pop();
  lua.pushText("");
  if (lua.getMetatable(-1)) lockTable(lua);
  lua.setTop(0);
}

/** Makes names that do not exist in the table on the top an error. */
export function refuseUnknown(lua: LuaState): void {
  lua.createTable(0, 1);
  lua.pushClosure(refuseUnknownGlobal, 0);
  lua.setField(-2, "__index");
  lua.setMetatable(-2);
}

/** Makes the table on the top, all tables in it and their metatables read-only; it stays on the top. */
export function lockTable(lua: LuaState): void {
  if (lua.isReadOnly(-1)) return;
  lua.setReadOnly(-1, true);
  lua.checkStack(4);
  lua.pushNil();
  while (lua.next(-2)) {
    if (lua.type(-1) === LuaType.table) lockTable(lua);
    lua.pop();
  }
  if (lua.getMetatable(-1)) {
    lockTable(lua);
    lua.pop();
  }
}

/** Pushes a table of these functions and constants. */
export function pushTable(
  lua: LuaState,
  functions: Readonly<Record<string, LuaFunction>>,
  constants: Readonly<Record<string, string | number>> = {},
): void {
  lua.createTable(0, Object.keys(functions).length + Object.keys(constants).length);
  for (const [name, callee] of Object.entries(functions)) {
    lua.pushClosure(callee, 0);
    lua.setField(-2, name);
  }
  for (const [name, value] of Object.entries(constants)) {
    if (typeof value === "number") lua.pushNumber(value);
    else lua.pushText(value);
    lua.setField(-2, name);
  }
}

function setGlobal(lua: LuaState, name: string, push: () => void): void {
  push();
  lua.setField(GLOBALS_INDEX, name);
}

const refuseUnknownGlobal: LuaFunction = (lua) => {
  if (lua.getTop() !== 2) throw new LuaError("Wrong number of arguments to luaProtectedTableError");
  const type = lua.type(2);
  if (type !== LuaType.string && type !== LuaType.number) {
    throw new LuaError("Second argument to luaProtectedTableError must be a string or number");
  }
  const name = lua.toText(2).split("\0", 1)[0];
  throw new LuaError(`Script attempted to access nonexistent global variable '${name}'`);
};

/**
 * Redis's random numbers, the same sequence on every machine: drand48's linear congruential generator of 48 bits, of which
 * the upper 31 are given out.
 */
export class RandomNumbers {
  /** The state's upper and lower 24 bits. */
  #high = 0x1234ab;
  #low = 0xcd330e;

  seed(value: number): void {
    const seed = value >>> 0;
    this.#high = seed >>> 8;
    this.#low = ((seed & 0xff) << 16) | 0x330e;
  }

  /** An integer from 0 to 2^31 - 1. */
  next(): number {
    // (state * 0x5deece66d + 0xb) modulo 2^48; no product of 24 bits by 24 bits loses any.
    const low = this.#low * 0xece66d + 0xb;
    const carry = Math.floor(low / 0x1000000);
    const high = this.#low * 0x5de + this.#high * 0xece66d + carry;
    this.#low = low % 0x1000000;
    this.#high = high % 0x1000000;
    return this.#high * 0x80 + (this.#low >>> 17);
  }
}

const MOST_RANDOM = 0x7fffffff;

function replaceRandom(lua: LuaState, random: RandomNumbers): void {
  const int = (lua: Parameters<LuaFunction>[0], argument: number) =>
    checkInteger(lua, argument) | 0;
  lua.getField(GLOBALS_INDEX, "math");
  lua.pushClosure((lua) => {
    const fraction = (random.next() % MOST_RANDOM) / MOST_RANDOM;
    switch (lua.getTop()) {
      case 0:
        lua.pushNumber(fraction);
        return 1;
      case 1: {
        const upper = int(lua, 1);
        if (upper < 1) throw lua.argumentError(1, "interval is empty");
        lua.pushNumber(Math.floor(fraction * upper) + 1);
        return 1;
      }
      case 2: {
        const lower = int(lua, 1);
        const upper = int(lua, 2);
        if (lower > upper) throw lua.argumentError(2, "interval is empty");
        lua.pushNumber(Math.floor(fraction * ((upper - lower + 1) | 0)) + lower);
        return 1;
      }
    }
    throw new LuaError("wrong number of arguments");
  }, 0);
  lua.setField(-2, "random");
  lua.pushClosure((lua) => {
    random.seed(int(lua, 1));
    return 0;
  }, 0);
  lua.setField(-2, "randomseed");
  lua.setTop(0);
}
