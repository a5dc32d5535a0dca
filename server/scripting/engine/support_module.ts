/**
 * The parts of the engine that must be WebAssembly themselves.
 *
 * A script that has run for too long is suspended with its whole stack (JavaScript Promise Integration). That works only while no
 * JavaScript lies between the script's beginning and the place where it stops. So what usually is JavaScript there is
 * composed here instead: setjmp and longjmp, the hook, and a `pcall` that hands on messages in place of Redis's tables of
 * errors.
 *
 * @module
 */

import {
  body,
  call,
  composeModule,
  constant,
  functionType,
  getLocals,
  I32,
  Kind,
  name,
  Op,
} from "./wasm.ts";

/** An exported function of any module here: numbers in, a number or nothing out. */
export type WasmFunction = (...args: number[]) => number;
type Exports = Record<string, WasmFunction>;

/** JSPI, which TypeScript's library does not know yet. */
interface PromiseIntegration {
  promising(entry: WasmFunction): (...args: number[]) => Promise<void>;
  Suspending: new (work: (...args: number[]) => Promise<void>) => WasmFunction;
}

/** What Lua's module imports for its errors; it works once {@link connectLongJumps} has been called. */
export interface LongJumps {
  readonly invoke: WasmFunction;
  readonly throw: WasmFunction;
  readonly tag: WebAssembly.ExportValue;
  readonly slot: WebAssembly.Table;
}

/**
 * Emscripten's `invoke_vii` and `_emscripten_throw_longjmp`. The first has to catch what the second throws, and needs
 * functions of Lua's module for that, which does not exist yet: so it goes through a table's slot.
 */
export function createLongJumps(): LongJumps {
  const { exports } = instantiate(composeModule({
    type: [functionType(3), functionType(0)],
    function: [[0], [1]],
    table: [[0x70, 0, 1]],
    tag: [[0, 1]],
    export: [
      [...name("invoke"), Kind.function, 0],
      [...name("throw"), Kind.function, 1],
      [...name("slot"), Kind.table, 0],
      [...name("tag"), Kind.tag, 0],
    ],
    code: [
      body(0, [...getLocals(0, 1, 2), ...constant(0), Op.callIndirect, 0, 0]),
      body(0, [Op.throw, 0]),
    ],
  }));
  return exports as unknown as LongJumps;
}

/** Completes {@link createLongJumps} with the functions of Lua's module. */
export function connectLongJumps(
  jumps: LongJumps,
  lua: Exports,
  functions: WebAssembly.Table,
): void {
  const [save, restore, setThrew, invoke] = [0, 1, 2, 3];
  const savedStack = 3;
  const { exports } = instantiate(
    composeModule({
      type: [
        functionType(3),
        functionType(0),
        functionType(2),
        functionType(0, 1),
        functionType(1),
      ],
      import: [
        [...name("e"), ...name("tag"), Kind.tag, 0, 1],
        [...name("e"), ...name("functions"), Kind.table, 0x70, 0, 0],
        [...name("e"), ...name("stackSave"), Kind.function, 3],
        [...name("e"), ...name("stackRestore"), Kind.function, 4],
        [...name("e"), ...name("setThrew"), Kind.function, 2],
      ],
      function: [[0]],
      export: [[...name("invoke"), Kind.function, invoke]],
      code: [
        body(1, [
          ...call(save),
          ...[Op.localSet, savedStack],
          ...[Op.block, Op.nothing],
          // One clause: what is thrown with that tag goes on after the outer block.
          ...[Op.tryTable, Op.nothing, 1, 0x00, 0, 0],
          ...getLocals(1, 2, 0),
          ...[Op.callIndirect, 2, 0],
          ...[Op.end, Op.return, Op.end],
          ...getLocals(savedStack),
          ...call(restore),
          ...constant(1),
          ...constant(0),
          ...call(setThrew),
        ]),
      ],
    }),
    { ...lua, tag: jumps.tag, functions },
  );
  jumps.slot.set(0, exports.invoke as WasmFunction);
}

/** The functions of {@link createSupport}. */
export interface Support {
  /** Goes to Lua as its hook. */
  readonly hook: WasmFunction;
  /** `pcall(…)` as a function for scripts. */
  readonly pcall: WasmFunction;
  /** `lua_pcall`, whose result is in {@link result} when it is over; a promise in any case, which may be void. */
  enter(state: number, args: number, results: number, handler: number): Promise<void>;
  readonly result: WebAssembly.Global;
  /** How the last call of {@link HookAction.call} ended: what `lua_pcall` answers. */
  readonly calledStatus: WebAssembly.Global;
}

/** What the hook is to do before it asks again, or that it is over. */
export const HookAction = {
  goOn: 0,
  /** Suspend the script until {@link HookHost.wait} ends. */
  wait: 1,
  /** Call the function on the top, protected: its one result, or an error, takes its place. */
  call: 2,
} as const;
export type HookAction = typeof HookAction[keyof typeof HookAction];

/** What the hook asks. */
export interface HookHost {
  /** What to do, given the state and the address of its `lua_Debug`; raises an error in the script to end it. */
  readonly check: (state: number, record: number) => HookAction;
  /** Ends when the script may go on; it is asked again then. */
  readonly wait: () => Promise<void>;
}

/** The functions that need Lua's; `errField` is the address of the C string "err". */
export function createSupport(lua: Exports, host: HookHost, errField: number): Support {
  const integration = WebAssembly as unknown as PromiseIntegration;
  const imports = [
    "lua_pcall",
    "lua_gettop",
    "lua_pushboolean",
    "lua_insert",
    "lua_remove",
    "lua_type",
    "lua_getfield",
    "lua_isstring",
    "lua_replace",
    "luaL_checkany",
    "check",
    "wait",
  ] as const;
  // Their signatures, as indexes of the types below.
  const signatures = [4, 1, 2, 2, 2, 3, 5, 3, 2, 2, 3, 0];
  const index = Object.fromEntries(imports.map((name, i) => [name, i]));
  const use = (name: typeof imports[number]) => call(index[name]);
  const [hook, enter, pcall] = [imports.length, imports.length + 1, imports.length + 2];
  const count = 1;
  const action = 2;
  const table = 5;
  const { exports } = instantiate(
    composeModule({
      type: [
        functionType(1),
        functionType(1, 1),
        functionType(2),
        functionType(2, 1),
        functionType(4, 1),
        functionType(3),
        functionType(4),
      ],
      import: imports.map((field, i) => [
        ...name("e"),
        ...name(field),
        Kind.function,
        signatures[i],
      ]),
      function: [[2], [6], [1]],
      global: [[I32, 1, ...constant(0), Op.end], [I32, 1, ...constant(0), Op.end]],
      export: [
        [...name("hook"), Kind.function, hook],
        [...name("enter"), Kind.function, enter],
        [...name("pcall"), Kind.function, pcall],
        [...name("result"), Kind.global, 0],
        [...name("calledStatus"), Kind.global, 1],
      ],
      code: [
        // hook(state, record): while (action = check(state, record)) action == wait ? wait(state) : calledStatus = lua_pcall(state, 0, 1, 0);
        body(1, [
          ...[Op.loop, Op.nothing],
          ...getLocals(0, 1),
          ...use("check"),
          ...[Op.localTee, action],
          ...[Op.if, Op.nothing],
          ...getLocals(action),
          ...constant(HookAction.wait),
          ...[Op.equal, Op.if, Op.nothing],
          ...getLocals(0),
          ...use("wait"),
          ...[Op.br, 2, Op.end],
          ...getLocals(0),
          ...constant(0),
          ...constant(1),
          ...constant(0),
          ...use("lua_pcall"),
          ...[Op.globalSet, 1],
          ...[Op.br, 1, Op.end, Op.end],
        ]),
        // enter(state, args, results, handler): result = lua_pcall(state, args, results, handler);
        body(0, [...getLocals(0, 1, 2, 3), ...use("lua_pcall"), Op.globalSet, 0]),
        // pcall(state): as lua_pcall, but an error that is a table with a string in "err" becomes that string
        body(1, [
          ...getLocals(0),
          ...constant(1),
          ...use("luaL_checkany"),
          ...getLocals(0),
          ...use("lua_gettop"),
          ...[Op.localSet, count],
          ...getLocals(0),
          ...constant(1),
          ...use("lua_pushboolean"),
          ...getLocals(0),
          ...constant(1),
          ...use("lua_insert"),
          ...getLocals(0, count),
          ...constant(1),
          Op.subtract,
          ...constant(-1),
          ...constant(0),
          ...use("lua_pcall"),
          ...[Op.if, Op.nothing],
          ...getLocals(0),
          ...constant(1),
          ...use("lua_remove"),
          ...getLocals(0),
          ...constant(-1),
          ...use("lua_type"),
          ...constant(table),
          ...[Op.equal, Op.if, Op.nothing],
          ...getLocals(0),
          ...constant(-1),
          ...constant(errField),
          ...use("lua_getfield"),
          ...getLocals(0),
          ...constant(-1),
          ...use("lua_isstring"),
          ...[Op.if, Op.nothing],
          ...getLocals(0),
          ...constant(-2),
          ...use("lua_replace"),
          ...[Op.end, Op.end],
          ...getLocals(0),
          ...constant(0),
          ...use("lua_pushboolean"),
          ...getLocals(0),
          ...constant(1),
          ...use("lua_insert"),
          Op.end,
          ...getLocals(0),
          ...use("lua_gettop"),
        ]),
      ],
    }),
    { ...lua, check: host.check, wait: new integration.Suspending(host.wait) },
  );
  const made = exports as Exports;
  return {
    hook: made.hook,
    pcall: made.pcall,
    enter: integration.promising(made.enter),
    result: exports.result as WebAssembly.Global,
    calledStatus: exports.calledStatus as WebAssembly.Global,
  };
}

/**
 * WebAssembly functions that call `callees[0]` to `callees[n - 1]` with one number: JavaScript's own functions cannot be put into a
 * table.
 */
export function exportFunctions(callees: readonly WasmFunction[]): WasmFunction[] {
  const { exports } = instantiate(
    composeModule({
      type: [functionType(1, 1)],
      import: callees.map((_, i) => [...name("e"), ...name(String(i)), Kind.function, 0]),
      export: callees.map((_, i) => [...name(String(i)), Kind.function, i]),
    }),
    Object.fromEntries(callees.map((callee, i) => [String(i), callee])),
  );
  return callees.map((_, i) => exports[String(i)] as WasmFunction);
}

function instantiate(
  bytes: Uint8Array<ArrayBuffer>,
  imports: WebAssembly.ModuleImports = {},
): WebAssembly.Instance {
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { e: imports });
}
