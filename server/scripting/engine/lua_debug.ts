/**
 * What is being carried out: the calls of one Lua instance, and how somebody follows them line by line.
 *
 * Lua describes a call in a `lua_Debug`, of which one lies in the instance's memory for all questions here; the hook
 * has one of its own, by which the end of what the tracer wanted called is told from other instructions.
 *
 * @module
 */

import { LuaError } from "../lua_library.ts";
import type { Api } from "./lua_api.ts";
import type { LuaState } from "./lua_state.ts";
import { HookAction } from "./support_module.ts";

/** LUA_HOOKLINE: the event of a new line. */
const LINE_EVENT = 2;
/** Size and fields of lua_Debug, in bytes. */
const DebugLayout = {
  size: 100,
  event: 0,
  name: 4,
  nameWhat: 8,
  currentLine: 20,
  shortSource: 36,
} as const;
/** lua_State: whether its hook may be called now; Lua sees to it that a hook calls none. */
const ALLOWS_HOOK = 57;

/** Follows a script line by line, and may suspend it anywhere. Each question is asked again until its answer is `goOn`. */
export interface LuaTracer {
  /** A line is about to run; `source` is its chunk's name. */
  line(lua: LuaState, source: string, line: number): HookAction;
  /** An instruction is about to run. */
  step(lua: LuaState): HookAction;
  /** What the tracer wanted called has ended like this ({@link LuaStatus}); its result or error is on the top. */
  called(lua: LuaState, status: number): HookAction;
}

/** A function that is being carried out. */
export interface Frame {
  /** Its chunk. */
  readonly source: string;
  /** By what name it was called. */
  readonly name: string | undefined;
  /** -1 of none of Lua's. */
  readonly line: number;
}

/** What only the instance itself knows. */
export interface Inside {
  readonly api: Api;
  /** The coroutine at hand. */
  readonly state: () => number;
  /** The address of a C string. */
  readonly addressOf: (text: string) => number;
  /** The C string at an address. */
  readonly textAt: (address: number) => string;
}

/** The calls of one instance. */
export class LuaDebug {
  readonly #lua: LuaState;
  readonly #inside: Inside;
  readonly #record: number;
  #tracer: LuaTracer | undefined;
  /** The `lua_Debug` of the question that the tracer answered with `call`, while that goes on. */
  #calling = 0;

  constructor(lua: LuaState, inside: Inside) {
    this.#lua = lua;
    this.#inside = inside;
    this.#record = inside.api.malloc(DebugLayout.size);
  }

  /** The function that is `level` calls below the running one; undefined where there is none. */
  frame(level: number): Frame | undefined {
    const { textAt } = this.#inside;
    if (!this.#find(level)) return undefined;
    const record = this.#record;
    this.#describe("Snl", record);
    return {
      source: textAt(record + DebugLayout.shortSource),
      name: this.#text(DebugLayout.name),
      line: this.#lua.words[(record + DebugLayout.currentLine) >> 2] | 0,
    };
  }

  /** Pushes the `n`th local variable, from 1, of the function at that level, and answers its name; nothing if it has none. */
  pushLocal(level: number, n: number): string | undefined {
    const { api, state, textAt } = this.#inside;
    if (!this.#find(level)) return undefined;
    const name = api.lua_getlocal(state(), this.#record, n);
    return name === 0 ? undefined : textAt(name);
  }

  /** The error that an argument of the running function is not what it takes. */
  argumentError(argument: number, message: string): LuaError {
    if (!this.#find(0)) return new LuaError(`bad argument #${argument} (${message})`);
    this.#describe("n", this.#record);
    const name = this.#text(DebugLayout.name) ?? "?";
    let number = argument;
    if (this.#text(DebugLayout.nameWhat) === "method" && --number === 0) {
      return new LuaError(`calling '${name}' on bad self (${message})`);
    }
    return new LuaError(`bad argument #${number} to '${name}' (${message})`);
  }

  /** Looks for the function at a level. */
  #find(level: number): boolean {
    const { api, state } = this.#inside;
    return api.lua_getstack(state(), level, this.#record) !== 0;
  }

  /** Fills in the fields that belong to these letters. */
  #describe(what: string, record: number): void {
    const { addressOf, api, state } = this.#inside;
    api.lua_getinfo(state(), addressOf(what), record);
  }

  /** The C string that a field points to. */
  #text(field: number): string | undefined {
    const address = this.#lua.words[(this.#record + field) >> 2];
    return address === 0 ? undefined : this.#inside.textAt(address);
  }

  // --- tracing ------------------------------------------------------------------------------------------------

  get isTracing(): boolean {
    return this.#tracer !== undefined;
  }

  /** Who is asked from now on. */
  trace(tracer: LuaTracer | undefined): void {
    this.#tracer = tracer;
    this.#calling = 0;
  }

  /** What the hook is to do, whose `lua_Debug` this is; `calledStatus` is how what it has called ended. */
  ask(record: number, calledStatus: WebAssembly.Global): HookAction {
    const action = this.#askTracer(record, calledStatus);
    if (action === HookAction.call) {
      this.#calling = record;
      this.#allowHook(true);
    }
    return action;
  }

  #askTracer(record: number, calledStatus: WebAssembly.Global): HookAction {
    const lua = this.#lua;
    const tracer = this.#tracer;
    if (tracer === undefined) return HookAction.goOn;
    if (this.#calling === record) {
      this.#calling = 0;
      this.#allowHook(false);
      return tracer.called(lua, calledStatus.value as number);
    }
    const { words } = lua;
    // What the tracer has called is none of the script's lines.
    const isLine = this.#calling === 0 &&
      words[(record + DebugLayout.event) >> 2] === LINE_EVENT;
    if (!isLine) return tracer.step(lua);
    const line = words[(record + DebugLayout.currentLine) >> 2];
    this.#describe("S", record);
    return tracer.line(lua, this.#inside.textAt(record + DebugLayout.shortSource), line);
  }

  /** Lua lets a hook's calls run without a hook; here they must not run undisturbed either. */
  #allowHook(on: boolean): void {
    this.#lua.memory[this.#inside.state() + ALLOWS_HOOK] = on ? 1 : 0;
  }
}
