/**
 * What Lua's WebAssembly module and TypeScript have of each other: the functions of the C API that are called here, the
 * numbers that they know, and what the module imports.
 *
 * @module
 */

import { ASK_FIRST, REFUSE_CHANGE } from "./lua_module.ts";
import type { LongJumps, WasmFunction } from "./support_module.ts";

/** How a protected call ended: `lua_pcall`'s numbers. */
export const LuaStatus = {
  ok: 0,
  runtimeError: 2,
  syntaxError: 3,
  memoryError: 4,
  handlerError: 5,
} as const;

/** LUA_GCCOLLECT, LUA_GCCOUNT, LUA_GCCOUNTB, LUA_GCSTEP. */
export const Gc = { collect: 2, count: 3, countBytes: 4, step: 5 } as const;
/** LUA_MASKCOUNT: the module knows no hook that does not count ({@link ./lua_module.ts}). */
export const COUNT_HOOK = 8;
/** LUA_MASKLINE. The interpreter looks at it only where the count is at zero. */
export const LINE_HOOK = 4;
/** EBADF and ENOENT, to whoever asks for files. */
const BAD_FILE = 8;
const NO_ENTRY = -44;

/** The instance can no longer be used. */
export class LuaFailure extends Error {
  override readonly name = "LuaFailure";
}

/** What is used of the C API. */
const API = [
  "free",
  "luaL_loadbuffer",
  "luaL_newstate",
  "luaL_ref",
  "luaL_unref",
  "luaL_where",
  "lua_call",
  "lua_checkstack",
  "lua_concat",
  "lua_createtable",
  "lua_error",
  "lua_gc",
  "lua_getfield",
  "lua_getinfo",
  "lua_getlocal",
  "lua_getmetatable",
  "lua_getstack",
  "lua_insert",
  "lua_isnumber",
  "lua_isstring",
  "lua_next",
  "lua_objlen",
  "lua_pcall",
  "lua_pushcclosure",
  "lua_pushlstring",
  "lua_pushvalue",
  "lua_rawget",
  "lua_rawgeti",
  "lua_rawset",
  "lua_rawseti",
  "lua_remove",
  "lua_replace",
  "lua_setfield",
  "lua_sethook",
  "lua_setmetatable",
  "lua_settop",
  "lua_toboolean",
  "lua_tolstring",
  "lua_tonumber",
  "lua_topointer",
  "lua_type",
  "malloc",
] as const;
export type Api = Record<typeof API[number], WasmFunction>;
/** All that a module exports, as functions. */
export type Exports = Record<string, WasmFunction>;

/** The C API as an object of its own: calls through the module's exports take twice as long, as these are a dictionary. */
export function readApi(exports: Exports): Api {
  return Object.fromEntries(API.map((name) => [name, exports[name]])) as Api;
}

/** What the module asks of the instance that it is in. */
export interface ModuleHost {
  /** All of its memory, and the same as 32-bit words. */
  readonly memory: Uint8Array;
  readonly words: Uint32Array;
}

/** {@link ModuleHost} as far as it is called. */
export interface ModuleCalls {
  readonly jumps: LongJumps;
  /** Grows the memory to so many bytes or more; 0 when that is too much. */
  readonly grow: (size: number) => 0 | 1;
  /** A read-only table would change. */
  readonly refuseChange: (state: number) => number;
  /** Is called before a function that Lua's own may not do justice to; answers its number of results. */
  readonly askFirst: (state: number, number: number) => number;
}

/** The module's imports; what it has no business with fails when it is called. */
export function composeImports(
  module: WebAssembly.Module,
  host: ModuleHost,
  { jumps, grow, refuseChange, askFirst }: ModuleCalls,
): WebAssembly.Imports {
  const imports: Record<string, Record<string, WasmFunction>> = {};
  for (const { module: room, name } of WebAssembly.Module.imports(module)) {
    (imports[room] ??= {})[name] = () => {
      throw new LuaFailure(`Lua called ${name}, which it has no business with`);
    };
  }
  const write = (address: number, value: number) => host.words[address >> 2] = value;
  Object.assign(imports.env, {
    invoke_vii: jumps.invoke,
    _emscripten_throw_longjmp: jumps.throw,
    emscripten_memcpy_js: (to: number, from: number, length: number) => {
      host.memory.copyWithin(to, from, from + length);
    },
    emscripten_resize_heap: (size: number) => grow(size >>> 0),
    // The state panics when an error is raised that nobody catches.
    exit: () => {
      throw new LuaFailure("An error was raised outside any protected call");
    },
    [REFUSE_CHANGE]: refuseChange,
    [ASK_FIRST]: askFirst,
    __syscall_ioctl: () => NO_ENTRY,
    __syscall_fcntl64: () => NO_ENTRY,
    __syscall_openat: () => NO_ENTRY,
  });
  Object.assign(imports.wasi_snapshot_preview1, {
    environ_sizes_get: (count: number, size: number) => {
      write(count, 0);
      write(size, 0);
      return 0;
    },
    environ_get: () => 0,
    fd_write: () => BAD_FILE,
    fd_read: () => BAD_FILE,
    fd_close: () => BAD_FILE,
    fd_seek: () => BAD_FILE,
  });
  return imports;
}
