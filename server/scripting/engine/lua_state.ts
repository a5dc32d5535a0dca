/**
 * One Lua instance: a WebAssembly instance with a Lua state in it, and the C API over it.
 *
 * Everything is binary safe: strings cross as bytes, or as text with one byte a character. Functions in TypeScript
 * work on the stack of the coroutine that called them. Memory grows up to a limit, beyond which Lua says "not enough
 * memory", and is never given back: whoever wants it back makes a new instance.
 *
 * Errors travel as WebAssembly exceptions through whatever lies between, TypeScript too. What is none of Lua's, such as the end
 * of JavaScript's stack, leaves the instance in a state that nobody knows: a {@link LuaFailure}, after which it must be dropped.
 *
 * Knows nothing of Redis: see ../environment.ts for what scripts find.
 *
 * @module
 */

import { decodeLatin1 } from "../../resp/args.ts";
import { LuaError, type LuaFunction, type LuaStack, LuaType } from "../lua_library.ts";
import {
  type Api,
  composeImports,
  COUNT_HOOK,
  type Exports,
  Gc,
  LINE_HOOK,
  LuaFailure,
  readApi,
} from "./lua_api.ts";
import { LuaDebug, type LuaTracer } from "./lua_debug.ts";
import { Layout, READ_ONLY } from "./lua_module.ts";
import {
  connectLongJumps,
  createLongJumps,
  createSupport,
  exportFunctions,
  HookAction,
  type Support,
  type WasmFunction,
} from "./support_module.ts";
import { WIDE_FUNCTIONS } from "./wide_integers.ts";

export const REGISTRY_INDEX = -10_000;
export const GLOBALS_INDEX = -10_002;

/** All results of a function. */
export const ALL_RESULTS = -1;

const PAGE_BYTES = 65_536;
/** Memory grows by this part of itself at least. */
const GROWTH = 0.2;
/** So much room for strings on their way in is kept; more is given back after use. */
const SCRATCH_BYTES = 64 * 1024;
/** How many functions are prepared at once for being called by Lua. */
const SLOTS = 64;
/** Up to this length a loop reads or writes faster than the platform's functions do. */
const SHORT = 32;
/** How many instructions a script runs between two looks at the clock. */
const HOOK_INTERVAL = 100_000;
/** What {@link Support.result} holds while nothing has ended. */
const NO_RESULT = -1;

/** How to make an instance. */
export interface LuaOptions {
  /** The most memory, in bytes. */
  readonly memoryLimit: number;
  /**
   * Asked every so often while a script runs; answers whether to suspend it. It may end the script with {@link LuaState.raise},
   * after {@link LuaState.interruptAlways}.
   */
  readonly interrupt: (lua: LuaState) => boolean;
  /** Ends when a suspended script is to ask again. */
  readonly wait: () => Promise<void>;
}

/** One Lua instance. */
export class LuaState implements LuaStack {
  /** The coroutine whose stack is worked on, as an address. */
  #state = 0;
  /** The main one. */
  readonly #main: number;
  readonly #exports: Exports;
  readonly #api: Api;
  readonly #memory: WebAssembly.Memory;
  readonly #functions: WebAssembly.Table;
  readonly #support: Support;
  readonly #hookIndex: number;
  readonly #options: LuaOptions;
  /** Views of the memory; made anew when it grows. */
  #bytes!: Uint8Array;
  #words!: Uint32Array;
  #doubles!: Float64Array;
  readonly #texts = new Map<string, number>();
  readonly #indexes = new Map<LuaFunction, number>();
  readonly #callees: LuaFunction[] = [];
  #preparedFrom = 0;
  #prepared = 0;
  #scratch = 0;
  #scratchSize = 0;
  readonly #lengthSlot: number;
  /** What is being carried out. */
  readonly debug: LuaDebug;
  #suspended = false;
  #interruptsAlways = false;

  /** An instance without any library. Some 1 ms, and 16 MB of address space. */
  constructor(module: WebAssembly.Module, options: LuaOptions) {
    this.#options = options;
    const jumps = createLongJumps();
    const imports = composeImports(module, this, {
      jumps,
      grow: (size) => this.#grow(size),
      refuseChange: (state) => this.#refuseChange(state),
      askFirst: (state, number) => this.#callOut(WIDE_FUNCTIONS[number], state),
    });
    const instance = new WebAssembly.Instance(module, imports);
    const exports = this.#exports = instance.exports as Exports;
    const api = this.#api = readApi(exports);
    this.#memory = instance.exports.memory as WebAssembly.Memory;
    this.#functions = instance.exports.__indirect_function_table as WebAssembly.Table;
    this.#look();
    connectLongJumps(jumps, exports, this.#functions);
    exports.emscripten_stack_init();
    exports.__wasm_call_ctors();
    this.#lengthSlot = api.malloc(8);
    this.debug = new LuaDebug(this, {
      api,
      state: () => this.#state,
      addressOf: (text) => this.#text(text),
      textAt: (address) => this.#textAt(address),
    });
    this.#support = createSupport(exports, {
      check: (state, record) => {
        this.#state = state;
        if (this.debug.isTracing) return this.debug.ask(record, this.#support.calledStatus);
        return options.interrupt(this) ? HookAction.wait : HookAction.goOn;
      },
      wait: () => {
        this.#suspended = true;
        return options.wait();
      },
    }, this.#text("err"));
    this.#hookIndex = this.#addToTable(this.#support.hook);
    this.#main = this.#state = api.luaL_newstate();
    this.interruptSeldom();
  }

  // --- memory -----------------------------------------------------------------------------------------------------

  #look(): void {
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.#words = new Uint32Array(this.#memory.buffer);
    this.#doubles = new Float64Array(this.#memory.buffer);
  }

  /** Grows the memory to `size` bytes or more; 0 when that is too much. */
  #grow(size: number): 0 | 1 {
    const { memoryLimit } = this.#options;
    if (size > memoryLimit) return 0;
    const present = this.#bytes.length;
    const wanted = Math.min(memoryLimit, Math.max(size, present * (1 + GROWTH)));
    try {
      this.#memory.grow(Math.ceil((wanted - present) / PAGE_BYTES));
    } catch (error) {
      // The system has no more to give, which Lua knows how to say.
      if (error instanceof RangeError) return 0;
      throw error;
    }
    this.#look();
    return 1;
  }

  /** Bytes of memory that Lua's values take. */
  get usedBytes(): number {
    const { lua_gc } = this.#api;
    return lua_gc(this.#main, Gc.count, 0) * 1024 + lua_gc(this.#main, Gc.countBytes, 0);
  }

  /** Bytes of memory that the instance takes. */
  get memoryBytes(): number {
    return this.#bytes.length;
  }

  /** Goes on with collecting garbage, by `size` KB. */
  collectStep(size: number): void {
    this.#api.lua_gc(this.#main, Gc.step, size);
  }

  /** Collects all garbage. */
  collect(): void {
    this.#api.lua_gc(this.#main, Gc.collect, 0);
  }

  get memory(): Uint8Array {
    return this.#bytes;
  }

  /** {@link memory} as 32-bit words. */
  get words(): Uint32Array {
    return this.#words;
  }

  /** Where the running function's first argument lies in {@link memory}; see {@link Layout}. */
  get firstArgument(): number {
    return this.#words[(this.#state + Layout.base) >> 2];
  }

  /** Where the first free slot of the stack lies. */
  get endOfStack(): number {
    return this.#words[(this.#state + Layout.top) >> 2];
  }

  /** An address with room for `size` bytes, valid until the next call of this. */
  #room(size: number): number {
    if (size <= this.#scratchSize) return this.#scratch;
    if (this.#scratchSize > 0) this.#api.free(this.#scratch);
    this.#scratchSize = 0;
    this.#scratch = this.#api.malloc(Math.max(size, SCRATCH_BYTES));
    if (this.#scratch === 0) throw new LuaError("not enough memory", { placed: false });
    this.#scratchSize = Math.max(size, SCRATCH_BYTES);
    return this.#scratch;
  }

  /** Gives back what an unusually long string needed. */
  #tidy(): void {
    if (this.#scratchSize <= SCRATCH_BYTES) return;
    this.#api.free(this.#scratch);
    this.#scratchSize = 0;
  }

  /** The address of a C string, which stays there: for names that the program itself has. */
  #text(text: string): number {
    let address = this.#texts.get(text);
    if (address === undefined) {
      address = this.#api.malloc(text.length + 1);
      if (address === 0) throw new LuaError("not enough memory", { placed: false });
      for (let i = 0; i < text.length; i++) this.#bytes[address + i] = text.charCodeAt(i);
      this.#bytes[address + text.length] = 0;
      this.#texts.set(text, address);
    }
    return address;
  }

  // --- the stack --------------------------------------------------------------------------------------------------
  //
  // What the C API does by a load or a store is done in memory, which takes a tenth of a call.

  /** Where the value at an index of the stack lies. */
  #address(index: number): number {
    const { valueSize, top, base } = Layout;
    return index > 0
      ? this.#words[(this.#state + base) >> 2] + (index - 1) * valueSize
      : this.#words[(this.#state + top) >> 2] + index * valueSize;
  }

  /** Makes the next free slot the top, with a value of that type, and answers where it lies. */
  #push(type: LuaType): number {
    const words = this.#words;
    const topAt = (this.#state + Layout.top) >> 2;
    const address = words[topAt];
    words[(address + Layout.valueType) >> 2] = type;
    words[topAt] = address + Layout.valueSize;
    return address;
  }

  getTop(): number {
    return (this.endOfStack - this.firstArgument) / Layout.valueSize;
  }

  setTop(index: number): void {
    this.#api.lua_settop(this.#state, index);
  }

  pop(count = 1): void {
    this.#words[(this.#state + Layout.top) >> 2] -= count * Layout.valueSize;
  }

  type(index: number): LuaType {
    if (index <= REGISTRY_INDEX) return this.#api.lua_type(this.#state, index) as LuaType;
    const address = this.#address(index);
    if (index > 0 && address >= this.endOfStack) return LuaType.none;
    return this.#words[(address + Layout.valueType) >> 2] as LuaType;
  }

  pushNil(): void {
    this.#push(LuaType.nil);
  }

  pushBoolean(value: boolean): void {
    const address = this.#push(LuaType.boolean);
    this.#words[address >> 2] = value ? 1 : 0;
  }

  pushNumber(value: number): void {
    const address = this.#push(LuaType.number);
    this.#doubles[address >> 3] = value;
  }

  pushBytes(bytes: Uint8Array): void {
    this.pushBytesAt(bytes, 0, bytes.length);
  }

  /** Pushes a string of bytes that lie in a larger buffer, not in {@link memory}. */
  pushBytesAt(source: Uint8Array, offset: number, length: number): void {
    const at = this.#room(length);
    const bytes = this.#bytes;
    if (length <= SHORT) {
      for (let i = 0; i < length; i++) bytes[at + i] = source[offset + i];
    } else {
      bytes.set(source.subarray(offset, offset + length), at);
    }
    this.#api.lua_pushlstring(this.#state, at, length);
    this.#tidy();
  }

  pushText(text: string): void {
    const { length } = text;
    const at = this.#room(length);
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i);
    this.#api.lua_pushlstring(this.#state, at, length);
    this.#tidy();
  }

  pushFromMemory(address: number, length: number): void {
    this.#api.lua_pushlstring(this.#state, address, length);
  }

  pushNull(): void {
    const address = this.#push(LuaType.lightUserdata);
    this.#words[address >> 2] = 0;
  }

  isNull(index: number): boolean {
    return this.type(index) === LuaType.lightUserdata &&
      this.#words[this.#address(index) >> 2] === 0;
  }

  pushClosure(callee: LuaFunction, upvalues: number): void {
    let index = this.#indexes.get(callee);
    if (index === undefined) {
      index = this.#register(callee);
      this.#indexes.set(callee, index);
    }
    this.#api.lua_pushcclosure(this.#state, index, upvalues);
  }

  /** Makes a function one that Lua can call; answers its place in the table. */
  #register(callee: LuaFunction): number {
    if (this.#callees.length === this.#prepared) this.#prepare();
    this.#callees.push(callee);
    return this.#preparedFrom + (this.#callees.length - 1) % SLOTS;
  }

  #prepare(): void {
    const from = this.#prepared;
    const slots = Array.from(
      { length: SLOTS },
      (_, i) => (state: number) => this.#callOut(this.#callees[from + i], state),
    );
    this.#preparedFrom = this.#functions.grow(SLOTS);
    exportFunctions(slots).forEach((slot, i) => this.#functions.set(this.#preparedFrom + i, slot));
    this.#prepared += SLOTS;
  }

  /** Lua calls a function of ours. */
  #callOut(callee: (lua: LuaState) => number, state: number): number {
    this.#state = state;
    try {
      return callee(this);
    } catch (error) {
      if (!(error instanceof LuaError)) throw error;
      this.#state = state;
      this.#raiseText(error);
    }
  }

  #refuseChange(state: number): never {
    this.#state = state;
    this.#api.luaL_where(state, 0);
    this.pushText("Attempt to modify a readonly table");
    this.#api.lua_concat(state, 2);
    this.raise();
  }

  #raiseText({ message, placed }: LuaError): never {
    const api = this.#api;
    if (!api.lua_checkstack(this.#state, 3)) this.setTop(0);
    if (placed) api.luaL_where(this.#state, 1);
    this.pushText(message);
    if (placed) api.lua_concat(this.#state, 2);
    this.raise();
  }

  #addToTable(callee: WasmFunction): number {
    const index = this.#functions.grow(1);
    this.#functions.set(index, callee);
    return index;
  }

  pushValue(index: number): void {
    this.#api.lua_pushvalue(this.#state, index);
  }

  insert(index: number): void {
    this.#api.lua_insert(this.#state, index);
  }

  /** Takes the top off and puts it in the place of the value at `index`. */
  replace(index: number): void {
    this.#api.lua_replace(this.#state, index);
  }

  /** Takes the value at `index` out, and moves those above it down. */
  remove(index: number): void {
    this.#api.lua_remove(this.#state, index);
  }

  toBoolean(index: number): boolean {
    return this.#api.lua_toboolean(this.#state, index) !== 0;
  }

  isNumber(index: number): boolean {
    return this.#api.lua_isnumber(this.#state, index) !== 0;
  }

  /** Whether the value is a string or a number. */
  isString(index: number): boolean {
    return this.#api.lua_isstring(this.#state, index) !== 0;
  }

  toNumber(index: number): number {
    if (this.type(index) === LuaType.number && index > REGISTRY_INDEX) {
      return this.#doubles[this.#address(index) >> 3];
    }
    return this.#api.lua_tonumber(this.#state, index);
  }

  toText(index: number): string {
    if (this.type(index) === LuaType.string) {
      return this.#read(this.stringAddress(index), this.objectLength(index));
    }
    const api = this.#api;
    // The conversion would turn a number on the stack into a string.
    api.lua_pushvalue(this.#state, index);
    const address = api.lua_tolstring(this.#state, -1, this.#lengthSlot);
    const text = address === 0 ? "" : this.#read(address, this.#words[this.#lengthSlot >> 2]);
    this.pop();
    return text;
  }

  #read(address: number, length: number): string {
    const bytes = this.#bytes;
    if (length > SHORT) return decodeLatin1(bytes.subarray(address, address + length));
    let text = "";
    for (let i = 0; i < length; i++) text += String.fromCharCode(bytes[address + i]);
    return text;
  }

  toBytes(index: number): Uint8Array {
    if (this.type(index) === LuaType.string) {
      const address = this.stringAddress(index);
      return this.#bytes.slice(address, address + this.objectLength(index));
    }
    const api = this.#api;
    api.lua_pushvalue(this.#state, index);
    const address = api.lua_tolstring(this.#state, -1, this.#lengthSlot);
    const bytes = this.#bytes.slice(address, address + this.#words[this.#lengthSlot >> 2]);
    this.pop();
    return address === 0 ? new Uint8Array(0) : bytes;
  }

  stringAddress(index: number): number {
    if (index > REGISTRY_INDEX && this.type(index) === LuaType.string) {
      return this.#words[this.#address(index) >> 2] + Layout.stringBytes;
    }
    return this.#api.lua_tolstring(this.#state, index, 0);
  }

  createTable(arrayRoom: number, recordRoom: number): void {
    this.#api.lua_createtable(this.#state, arrayRoom, recordRoom);
  }

  rawGet(index: number): void {
    this.#api.lua_rawget(this.#state, index);
  }

  rawSet(index: number): void {
    this.#api.lua_rawset(this.#state, index);
  }

  rawGetIndex(index: number, n: number): void {
    this.#api.lua_rawgeti(this.#state, index, n);
  }

  rawSetIndex(index: number, n: number): void {
    this.#api.lua_rawseti(this.#state, index, n);
  }

  getField(index: number, name: string): void {
    this.#api.lua_getfield(this.#state, index, this.#text(name));
  }

  setField(index: number, name: string): void {
    this.#api.lua_setfield(this.#state, index, this.#text(name));
  }

  next(index: number): boolean {
    return this.#api.lua_next(this.#state, index) !== 0;
  }

  objectLength(index: number): number {
    if (index > REGISTRY_INDEX && this.type(index) === LuaType.string) {
      return this.#words[(this.#words[this.#address(index) >> 2] + Layout.stringLength) >> 2];
    }
    return this.#api.lua_objlen(this.#state, index);
  }

  getMetatable(index: number): boolean {
    return this.#api.lua_getmetatable(this.#state, index) !== 0;
  }

  /** Takes a table off the top and makes it the metatable of the value at `index`. */
  setMetatable(index: number): void {
    this.#api.lua_setmetatable(this.#state, index);
  }

  /** What distinguishes a table, function, userdata or coroutine from others: its address. */
  addressOf(index: number): number {
    return this.#api.lua_topointer(this.#state, index);
  }

  checkStack(count: number): boolean {
    return this.#api.lua_checkstack(this.#state, count) !== 0;
  }

  argumentError(argument: number, message: string): LuaError {
    return this.debug.argumentError(argument, message);
  }

  #textAt(address: number): string {
    return this.#read(address, this.#bytes.indexOf(0, address) - address);
  }

  // --- functions, errors, protection ------------------------------------------------------------------------------

  /** Raises an error with the value on the top. */
  raise(): never {
    this.#api.lua_error(this.#state);
    throw new LuaFailure("lua_error came back");
  }

  /** Calls a function below its `args` arguments; errors go to whoever has called this. */
  call(args: number, results: number): void {
    const state = this.#state;
    this.#api.lua_call(state, args, results);
    this.#state = state;
  }

  /** {@link call} that answers how it ended ({@link LuaStatus}) instead; an error is on the stack in place of results. */
  callProtected(args: number, results: number): number {
    const state = this.#state;
    const status = this.#api.lua_pcall(state, args, results, 0);
    this.#state = state;
    return status;
  }

  /** Opens one of Lua's own libraries: `base`, `table`, `string`, `math`, `debug`. */
  openLibrary(name: string): void {
    const api = this.#api;
    api.lua_pushcclosure(this.#state, this.#addToTable(this.#exports[`luaopen_${name}`]), 0);
    this.pushText(name === "base" ? "" : name);
    this.call(1, 0);
  }

  /** Pushes `pcall`, as Redis changes it: of an error that is a table, its `err` is the message. */
  pushProtectedCall(): void {
    this.#api.lua_pushcclosure(this.#state, this.#addToTable(this.#support.pcall), 0);
  }

  /** Compiles a chunk of source and pushes it as a function, or an error message. O(source). */
  load(source: Uint8Array, chunkName: string): number {
    const at = this.#room(source.length);
    this.#bytes.set(source, at);
    const status = this.#api.luaL_loadbuffer(
      this.#state,
      at,
      source.length,
      this.#text(chunkName),
    );
    this.#tidy();
    return status;
  }

  /** Takes the top off and keeps it; answers a number for {@link pushKept}. */
  keep(): number {
    return this.#api.luaL_ref(this.#state, REGISTRY_INDEX);
  }

  pushKept(reference: number): void {
    this.#api.lua_rawgeti(this.#state, REGISTRY_INDEX, reference);
  }

  release(reference: number): void {
    this.#api.luaL_unref(this.#state, REGISTRY_INDEX, reference);
  }

  /** Makes the table at `index` one that cannot be changed, or can again. */
  setReadOnly(index: number, isReadOnly: boolean): void {
    const marks = this.#api.lua_topointer(this.#state, index) + Layout.marks;
    if (isReadOnly) this.#bytes[marks] |= READ_ONLY;
    else this.#bytes[marks] &= ~READ_ONLY;
  }

  /** {@link setReadOnly} for the table of globals, which costs next to nothing. */
  setGlobalsReadOnly(isReadOnly: boolean): void {
    const marks = this.globals + Layout.marks;
    if (isReadOnly) this.#bytes[marks] |= READ_ONLY;
    else this.#bytes[marks] &= ~READ_ONLY;
  }

  isReadOnly(index: number): boolean {
    const marks = this.#api.lua_topointer(this.#state, index) + Layout.marks;
    return (this.#bytes[marks] & READ_ONLY) !== 0;
  }

  /** The address of the table of globals that code loaded from now on will have. */
  get globals(): number {
    return this.#words[(this.#main + Layout.globals) >> 2];
  }

  set globals(address: number) {
    this.#words[(this.#main + Layout.globals) >> 2] = address;
  }

  // --- running ----------------------------------------------------------------------------------------------------

  /**
   * Calls the function below the `args` topmost values of the main coroutine, with an error handler at `handler` (0 for none),
   * and answers a {@link LuaStatus}; results or an error are on the stack then. A promise only if the script was suspended.
   *
   * @throws {LuaFailure} when the instance can no longer be used (the promise rejects then)
   */
  run(args: number, results: number, handler: number): number | Promise<number> {
    this.#suspended = false;
    this.#support.result.value = NO_RESULT;
    const end = this.#support.enter(this.#main, args, results, handler);
    if (this.#suspended) {
      return end.then(() => this.#ended(), (error) => {
        throw new LuaFailure(describe(error));
      });
    }
    // It has ended already, so nobody need wait for the promise; but why it failed only that would say.
    if (this.#support.result.value === NO_RESULT) end.catch(() => {});
    return this.#ended();
  }

  /**
   * {@link run} for what cannot run for long, and so is never suspended: it costs a promise and a stack less.
   *
   * @throws {LuaFailure} when the instance can no longer be used
   */
  runBriefly(args: number, results: number, handler: number): number {
    try {
      return this.#api.lua_pcall(this.#main, args, results, handler);
    } catch (error) {
      throw error instanceof LuaFailure ? error : new LuaFailure(describe(error));
    } finally {
      this.#state = this.#main;
    }
  }

  #ended(): number {
    this.#state = this.#main;
    const status = this.#support.result.value as number;
    if (status === NO_RESULT) throw new LuaFailure("The script broke the interpreter");
    return status;
  }

  /** Has the hook called at every instruction: an error raised there comes again at once should a script catch it. */
  interruptAlways(): void {
    this.#interruptsAlways = true;
    this.#api.lua_sethook(this.#state, this.#hookIndex, COUNT_HOOK, 1);
  }

  /** Has the hook called every so often, as it is in the beginning. */
  interruptSeldom(): void {
    this.#interruptsAlways = false;
    this.#api.lua_sethook(this.#main, this.#hookIndex, COUNT_HOOK, HOOK_INTERVAL);
  }

  /**
   * Has the tracer asked about each instruction and each line, in place of the options' `interrupt`, or nobody any more. For scripts
   * run by {@link run}, which take some 20 times as long with it.
   */
  trace(tracer: LuaTracer | undefined): void {
    this.debug.trace(tracer);
    if (tracer === undefined) this.interruptSeldom();
    else this.#api.lua_sethook(this.#main, this.#hookIndex, COUNT_HOOK | LINE_HOOK, 1);
  }

  /** Whether {@link interruptAlways} holds. */
  get interruptsAlways(): boolean {
    return this.#interruptsAlways;
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
