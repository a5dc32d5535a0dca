/**
 * Lua 5.1 as a WebAssembly module: the one of npm's wasmoon-lua5.1, adapted to what Redis changes in its Lua.
 *
 * - A table can be read-only ({@link READ_ONLY} in its header): storing into it by any way, and giving it another
 *   metatable, raises an error. The bit is one that Lua's collector leaves alone.
 * - Precompiled code is not loaded but parsed, and so refused: it could make the interpreter read and write anywhere.
 * - Numbers beyond 32 bits become the largest integer where a function wants an integer, as a 64-bit integer would
 *   work out for string.sub and its like, where the module as it comes makes all of them the smallest. Where integers of
 *   more than 32 bits show, TypeScript is asked first: see ./wide_integers.ts.
 *
 * Each is done by wrapping a function of the module. Functions without an exported name are known by their place, so
 * the file is checked to be the one that was looked at.
 *
 * @module
 */

import { sha1Hex } from "../../../storage/memory/sha1.ts";
import {
  call,
  constant,
  type Edit,
  getLocals,
  loadAt,
  loadByteAt,
  ModuleReader,
  Op,
  storeAt,
  type Wrapping,
} from "./wasm.ts";

/** The file whose functions {@link INTERNAL} names. */
const FILE_SHA1 = "bbe5457fd6b5bcbf0da875655dc24126fd398391";

/** Functions of that file without exported names. */
const INTERNAL = {
  luaH_set: 418,
  luaH_setnum: 419,
  luaU_undump: 436,
  luaY_parser: 363,
  luaV_execute: 449,
  str_format: 397,
  luaB_tonumber: 160,
} as const;

/** What of Lua's structures in memory is relied upon, in bytes. */
export const Layout = {
  /** lua_State: the first free slot of the stack, and the running function's first argument. */
  top: 8,
  base: 12,
  /** lua_State: the value that is the table of globals. */
  globals: 72,
  /** A value on the stack, and where its type is in it. */
  valueSize: 16,
  valueType: 8,
  /** The header of tables: one byte of marks. */
  marks: 5,
  /** Strings: their length, and where their bytes begin. */
  stringLength: 12,
  stringBytes: 16,
} as const;

/** The bit of {@link Layout.marks} that makes a table read-only. */
export const READ_ONLY = 0x80;

const TABLE = 5;
const INT_MAX = 0x7fffffff;
const INT_MIN = -0x80000000;
/** Indexes below are none of the stack: the registry, upvalues. */
const LOWEST_STACK_INDEX = -9999;
const ZERO_DOUBLE = [Op.constDouble, 0, 0, 0, 0, 0, 0, 0, 0];

/** The import that is called when a read-only table would change; nothing that scripts can reach calls it otherwise. */
export const REFUSE_CHANGE = "_gmtime_js";

/** The import that is called before `string.format` and `tonumber`: with the state and the function's number. */
export const ASK_FIRST = "__syscall_dup3";

/**
 * Names the package for those who look at what is imported: so it is downloaded before a start and packed into executables.
 * Its JavaScript is never run.
 */
export function packageOfLua(): Promise<{ default: { version: string } }> {
  return import("wasmoon-lua5.1/package.json", { with: { type: "json" } });
}

/** Reads, adapts and compiles the module. Some 5 ms. */
export function compileLua(): WebAssembly.Module {
  const file = new URL(import.meta.resolve("wasmoon-lua5.1/dist/liblua5.1.wasm"));
  const bytes = Deno.readFileSync(file);
  if (sha1Hex(bytes) !== FILE_SHA1) {
    throw new Error(`Cannot use ${file}: it is not the file of wasmoon-lua5.1 1.18.10`);
  }
  const module = new ModuleReader(bytes);
  const changed = module.change({ wrappings: wrappings(module), edits: [COUNT_FIRST] });
  return new WebAssembly.Module(changed);
}

/** lua_State: the mask of its hook, and how many instructions are left until it is called. */
const HOOK_MASK = 56;
const HOOK_COUNT = 64;

/**
 * Before each instruction the interpreter looks whether there is a hook, whether it counts, and counts. Here there is always one that
 * counts, so it only counts, and looks at the rest when it is at zero: 6 % of fib(27).
 */
const COUNT_FIRST: Edit = (() => {
  const [state, mask, count] = [0, 2, 3];
  const readMask = [
    ...getLocals(state),
    ...loadByteAt(HOOK_MASK),
    ...[Op.localTee, mask],
    ...constant(12),
    ...[Op.and, Op.isZero, Op.brIf, 0],
  ];
  const countDown = [
    ...getLocals(state, state),
    ...loadAt(HOOK_COUNT),
    ...constant(1),
    Op.subtract,
    ...[Op.localTee, count],
    ...storeAt(HOOK_COUNT),
  ];
  return {
    target: INTERNAL.luaV_execute,
    find: [...readMask, ...countDown],
    replace: [...countDown, ...getLocals(count), ...[Op.brIf, 0], ...readMask],
  };
})();

function wrappings(module: ModuleReader): Wrapping[] {
  const refuse = module.importIndex(REFUSE_CHANGE);
  const ask = module.importIndex(ASK_FIRST);
  return [
    // All ways to store into a table end in one of these: f(state, table, key).
    guarded(INTERNAL.luaH_set, refuse),
    guarded(INTERNAL.luaH_setnum, refuse),
    guardedByIndex(module.exportIndex("lua_setmetatable"), refuse),
    // luaU_undump(state, stream, buffer, name), which has the parser's signature
    {
      target: INTERNAL.luaU_undump,
      locals: 0,
      code: () => [...getLocals(0, 1, 2, 3), ...call(INTERNAL.luaY_parser)],
    },
    asked(INTERNAL.str_format, { ask, number: 0, least: 2 }),
    asked(INTERNAL.luaB_tonumber, { ask, number: 1, least: 2 }),
    {
      target: module.exportIndex("lua_tointeger"),
      locals: 1,
      code: (original) => [
        ...getLocals(0, 1),
        ...call(original),
        ...[Op.localTee, 2],
        ...constant(INT_MIN),
        ...[Op.equal, Op.if, Op.nothing],
        ...getLocals(0, 1),
        ...call(module.exportIndex("lua_tonumber")),
        ...ZERO_DOUBLE,
        ...[Op.greaterDouble, Op.if, Op.nothing],
        ...constant(INT_MAX),
        ...[Op.localSet, 2, Op.end, Op.end],
        ...getLocals(2),
      ],
    },
  ];
}

/** Calls {@link REFUSE_CHANGE} if the table whose address a local holds is read-only. */
function guard(table: number, refuse: number): number[] {
  return [
    ...getLocals(table),
    ...loadByteAt(Layout.marks),
    ...constant(READ_ONLY),
    ...[Op.and, Op.if, Op.nothing],
    ...getLocals(0),
    ...constant(0),
    ...constant(0),
    ...call(refuse),
    ...[Op.unreachable, Op.end],
  ];
}

function guarded(target: number, refuse: number): Wrapping {
  return {
    target,
    locals: 0,
    code: (original) => [...guard(1, refuse), ...getLocals(0, 1, 2), ...call(original)],
  };
}

/** Guards a function of the C API, `f(state, index)`, whose table lies on the stack. */
function guardedByIndex(target: number, refuse: number): Wrapping {
  const value = 2;
  return {
    target,
    locals: 1,
    code: (original) => [
      ...[Op.block, Op.nothing],
      ...getLocals(1),
      ...constant(LOWEST_STACK_INDEX),
      ...[Op.less, Op.brIf, 0],
      // From the first slot on, counted from 1, or from the top downwards.
      ...getLocals(0),
      ...loadAt(Layout.base),
      ...constant(Layout.valueSize),
      Op.subtract,
      ...getLocals(0),
      ...loadAt(Layout.top),
      ...getLocals(1),
      ...constant(0),
      ...[Op.greater, Op.select],
      ...getLocals(1),
      ...constant(4),
      ...[Op.shiftLeft, Op.add, Op.localTee, value],
      ...loadAt(Layout.valueType),
      ...constant(TABLE),
      ...[Op.equal, Op.isZero, Op.brIf, 0],
      ...getLocals(value),
      ...loadAt(0),
      ...[Op.localSet, value],
      ...guard(value, refuse),
      Op.end,
      ...getLocals(0, 1),
      ...call(original),
    ],
  };
}

/**
 * Asks TypeScript before a function of Lua's library runs that has `least` arguments or more: an answer from 0 on is the number of
 * results, below the function goes on.
 */
function asked(
  target: number,
  { ask, number, least }: { ask: number; number: number; least: number },
): Wrapping {
  const answer = 1;
  return {
    target,
    locals: 1,
    code: (original) => [
      ...[Op.block, Op.nothing],
      ...getLocals(0),
      ...loadAt(Layout.top),
      ...getLocals(0),
      ...loadAt(Layout.base),
      Op.subtract,
      ...constant(least * Layout.valueSize),
      ...[Op.less, Op.brIf, 0],
      ...getLocals(0),
      ...constant(number),
      ...constant(0),
      ...call(ask),
      ...[Op.localTee, answer],
      ...constant(0),
      ...[Op.less, Op.brIf, 0],
      ...getLocals(answer),
      ...[Op.return, Op.end],
      ...getLocals(0),
      ...call(original),
    ],
  };
}
