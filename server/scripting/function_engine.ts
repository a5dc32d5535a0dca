/**
 * The sources of libraries in Lua: runs them, and keeps the functions that they register.
 *
 * All libraries live in one instance, apart from scripts. Code in it has an empty, read-only table as its globals; where a name is
 * looked up depends on what happens: while a source runs there is only a small `redis` with `register_function` and the log, while
 * a function runs there is what scripts have, too. So a source can do nothing but register functions, and all that libraries have
 * in common nobody can change.
 *
 * @module
 */

import { ReplyError } from "../resp/errors.ts";
import { LuaStatus } from "./engine/lua_api.ts";
import { GLOBALS_INDEX, type LuaState } from "./engine/lua_state.ts";
import { lockTable, pushTable, refuseUnknown } from "./environment.ts";
import {
  type FunctionEngine,
  type FunctionLibrary,
  INVALID_NAME,
  isLibraryName,
  type LibraryFunction,
} from "./function_libraries.ts";
import { type LuaFunction, LuaType } from "./lua_library.ts";
import { raiseError } from "./redis_functions.ts";
import { untilZero } from "./script_reply.ts";
import { scriptFlag } from "./script_flags.ts";

/** The chunk's name, which errors show. */
const CHUNK = "@user_function";

/** A source that is running. */
interface Loading {
  readonly library: FunctionLibrary;
  /** When it has taken too long, on the monotonic clock in ms. */
  readonly deadline: number;
}

/** What a call of register_function says. */
interface Registration {
  name?: string;
  description?: Uint8Array;
  flags: number;
  /** A number for {@link LuaState.pushKept}. */
  callback?: number;
}

/** What the engine needs of the instance that it lives in. */
export interface FunctionEngineHost {
  readonly lua: LuaState;
  /** The constants and functions, other than register_function, of the `redis` that sources see. */
  readonly functions: Readonly<Record<string, LuaFunction>>;
  readonly constants: Readonly<Record<string, string | number>>;
  /** Monotonic time in ms. */
  readonly monotonic: () => number;
}

/** Runs libraries in an instance whose globals have been made and locked. */
export class LuaFunctionEngine implements FunctionEngine {
  readonly #lua: LuaState;
  readonly #monotonic: () => number;
  #loading: Loading | undefined;
  /** The metatable of the globals, and what it hands on to: while a source runs, and else. */
  readonly #metatable: number;
  readonly #sourceNames: number;
  readonly #functionNames: number;

  constructor({ lua, functions, constants, monotonic }: FunctionEngineHost) {
    this.#lua = lua;
    this.#monotonic = monotonic;
    lua.pushValue(GLOBALS_INDEX);
    this.#functionNames = lua.keep();

    lua.createTable(0, 1);
    const register: LuaFunction = () => this.#register();
    pushTable(lua, { register_function: register, ...functions }, constants);
    refuseUnknown(lua);
    lua.setField(-2, "redis");
    refuseUnknown(lua);
    lockTable(lua);
    this.#sourceNames = lua.keep();

    lua.createTable(0, 0);
    lua.createTable(0, 1);
    lua.pushValue(-1);
    this.#metatable = lua.keep();
    lua.setMetatable(-2);
    lua.setReadOnly(-1, true);
    lua.replace(GLOBALS_INDEX);
    this.#lookUpIn(this.#functionNames);
  }

  /** Has names looked up in one of the two tables. */
  #lookUpIn(names: number): void {
    const lua = this.#lua;
    lua.pushKept(this.#metatable);
    lua.setReadOnly(-1, false);
    lua.pushKept(names);
    lua.setField(-2, "__index");
    lua.setReadOnly(-1, true);
    lua.pop();
  }

  load(library: FunctionLibrary, timeLimit: number): void {
    const lua = this.#lua;
    const deadline = timeLimit === 0 ? Infinity : this.#monotonic() + timeLimit;
    this.#loading = { library, deadline };
    this.#lookUpIn(this.#sourceNames);
    const refusal = this.#run(library.source.subarray(library.bodyAt));
    this.#loading = undefined;
    lua.setTop(0);
    lua.interruptSeldom();
    this.#lookUpIn(this.#functionNames);
    if (refusal !== undefined) throw new ReplyError(`ERR ${refusal}`);
  }

  /** Compiles and runs a source; answers what is wrong with it. */
  #run(body: Uint8Array): string | undefined {
    const lua = this.#lua;
    if (lua.load(body, CHUNK) !== LuaStatus.ok) {
      return `Error compiling function: ${untilZero(lua.toText(-1))}`;
    }
    const status = lua.run(0, 0, 0);
    if (typeof status !== "number") throw new Error("The source of a library was suspended");
    if (status === LuaStatus.ok) return undefined;
    return `Error registering functions: ${this.#errorText()}`;
  }

  release(library: FunctionLibrary): void {
    for (const { callback } of library.functions.values()) this.#lua.release(callback);
    library.functions.clear();
  }

  /** To be called every so often while a source runs: ends it if it has taken too long. */
  interrupt(): void {
    if (this.#loading === undefined || this.#monotonic() <= this.#loading.deadline) return;
    this.#lua.interruptAlways();
    raiseError(this.#lua, "FUNCTION LOAD timeout");
  }

  /** What the error on the top says. */
  #errorText(): string {
    const lua = this.#lua;
    if (lua.type(-1) !== LuaType.table) return `ERR ${untilZero(lua.toText(-1))}`;
    lua.getField(-1, "err");
    return untilZero(lua.toText(-1));
  }

  /** `redis.register_function(name, callback)` or `redis.register_function{function_name=…, callback=…, …}` */
  #register(): number {
    const lua = this.#lua;
    if (this.#loading === undefined) {
      raiseError(lua, "redis.register_function can only be called on FUNCTION LOAD command");
    }
    const count = lua.getTop();
    if (count < 1 || count > 2) {
      raiseError(lua, "wrong number of arguments to redis.register_function");
    }
    const registration: Registration = { flags: 0 };
    const refusal = count === 1
      ? this.#readNamed(registration)
      : this.#readPositional(registration);
    const { library } = this.#loading;
    const error = refusal ?? refuseName(registration.name, library);
    const { name, callback, description, flags } = registration;
    if (error !== undefined || name === undefined || callback === undefined) {
      if (callback !== undefined) lua.release(callback);
      return raiseError(lua, error ?? "");
    }
    const one: LibraryFunction = { name, description, flags, callback };
    library.functions.set(name, one);
    return 0;
  }

  /** Reads a name and a function; answers what is wrong with them. */
  #readPositional(registration: Registration): string | undefined {
    const lua = this.#lua;
    if (!lua.isString(1)) return "first argument to redis.register_function must be a string";
    registration.name = lua.toText(1);
    if (lua.type(2) !== LuaType.function) {
      return "second argument to redis.register_function must be a function";
    }
    registration.callback = lua.keep();
    return undefined;
  }

  /** Reads a table of named arguments; answers what is wrong with it. */
  #readNamed(registration: Registration): string | undefined {
    const lua = this.#lua;
    if (lua.type(1) !== LuaType.table) {
      return "calling redis.register_function with a single argument is only applicable to Lua table " +
        "(representing named arguments).";
    }
    lua.pushNil();
    while (lua.next(1)) {
      const refusal = this.#readNamedArgument(registration);
      if (refusal !== undefined) return refusal;
      lua.setTop(2);
    }
    if (registration.name === undefined) {
      return "redis.register_function must get a function name argument";
    }
    if (registration.callback === undefined) {
      return "redis.register_function must get a callback argument";
    }
    return undefined;
  }

  /** Reads the argument whose name and value are on the top. */
  #readNamedArgument(registration: Registration): string | undefined {
    const lua = this.#lua;
    if (!lua.isString(-2)) {
      return "named argument key given to redis.register_function is not a string";
    }
    switch (untilZero(lua.toText(-2)).toLowerCase()) {
      case "function_name":
        if (!lua.isString(-1)) {
          return "function_name argument given to redis.register_function must be a string";
        }
        registration.name = lua.toText(-1);
        return undefined;
      case "description":
        if (!lua.isString(-1)) {
          return "description argument given to redis.register_function must be a string";
        }
        registration.description = lua.toBytes(-1);
        return undefined;
      case "callback":
        if (lua.type(-1) !== LuaType.function) {
          return "callback argument given to redis.register_function must be a function";
        }
        if (registration.callback !== undefined) lua.release(registration.callback);
        registration.callback = lua.keep();
        return undefined;
      case "flags": {
        if (lua.type(-1) !== LuaType.table) {
          return "flags argument to redis.register_function must be a table representing function flags";
        }
        const flags = this.#readFlags();
        if (flags === undefined) return "unknown flag given";
        registration.flags = flags;
        return undefined;
      }
      default:
        return "unknown argument given to redis.register_function";
    }
  }

  /** The flags named in the array on the top; undefined if one is none. */
  #readFlags(): number | undefined {
    const lua = this.#lua;
    let flags = 0;
    for (let i = 1;; i++) {
      lua.rawGetIndex(-1, i);
      if (lua.type(-1) === LuaType.nil) break;
      const name = lua.isString(-1) ? untilZero(lua.toText(-1)).toLowerCase() : "";
      const flag = scriptFlag(name);
      if (flag === undefined) return undefined;
      flags |= flag;
      lua.pop();
    }
    lua.pop();
    return flags;
  }
}

/** Why a function cannot have this name in its library. */
function refuseName(name: string | undefined, library: FunctionLibrary): string | undefined {
  if (name === undefined) return undefined;
  if (!isLibraryName(name)) return INVALID_NAME;
  return library.functions.has(name) ? "Function already exists in the library" : undefined;
}
