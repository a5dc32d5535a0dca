/**
 * The functions of one server: FUNCTION and FCALL.
 *
 * They have a Lua instance of their own, which is made when the first library is loaded. Should it break, the libraries are loaded
 * from their sources into the next one; when all libraries are deleted, its memory is given back.
 *
 * @module
 */

import type {
  Context,
  FunctionLibraryFacts,
  FunctionRestorePolicy,
  FunctionsApi,
  RunningFunction,
} from "../../commands/context.ts";
import { CorruptRdb } from "../../storage/rdb/format.ts";
import { isDump, readFunctionDump, writeFunctionDump } from "../../storage/rdb/dump.ts";
import type { Args } from "../resp/args.ts";
import { ReplyError } from "../resp/errors.ts";
import { LuaFailure } from "./engine/lua_api.ts";
import { pushArguments } from "./eval_scripts.ts";
import { LuaFunctionEngine } from "./function_engine.ts";
import {
  FunctionLibraries,
  type FunctionLibrary,
  type LibraryFunction,
} from "./function_libraries.ts";
import type { ScriptHost } from "./host.ts";
import { loadingConstants, logFunction, type RedisFunctionsHost } from "./redis_functions.ts";
import { ScriptEngine } from "./script_engine.ts";
import { scriptFlagNames } from "./script_flags.ts";
import { busyRefusal } from "./scripting.ts";

/** How long the source of a library may run, in ms, when a client loads it. */
const LOAD_TIME_LIMIT = 500;
/** Where FCALL's arguments are. */
const NAME_AT = 1;
const COUNT_AT = 2;
const FIRST_KEY_AT = 3;

/** Implements {@link FunctionsApi}. */
export class Functions implements FunctionsApi {
  readonly #host: ScriptHost;
  readonly #engine: ScriptEngine;
  readonly #libraries = this.#newLibraries();
  /** Of the present instance of Lua. */
  #loader: LuaFunctionEngine | undefined;
  /** The engine's generation that the libraries are loaded in. */
  #generation = 0;
  /** The request of the function that runs, if that runs for long. */
  #command: Args | undefined;

  constructor(host: ScriptHost) {
    this.#host = host;
    this.#engine = new ScriptEngine(host, {
      module: () => host.scripting.module,
      random: host.scripting.random,
      furnish: (api) => this.#furnish(api),
    });
    this.#engine.onLoadInterrupt = () => this.#loader?.interrupt();
  }

  #newLibraries(): FunctionLibraries {
    return new FunctionLibraries({
      load: (library, timeLimit) => this.#load(library, timeLimit),
      release: (library) => this.#release(library),
    });
  }

  /** Makes a fresh instance one that functions can live in. */
  #furnish(api: RedisFunctionsHost): void {
    this.#loader = new LuaFunctionEngine({
      lua: api.lua,
      functions: logFunction(api),
      constants: loadingConstants(api.redisVersion),
      monotonic: () => this.#host.monotonic(),
    });
  }

  // --- what there is ----------------------------------------------------------------------------------------------

  get libraries(): Iterable<FunctionLibraryFacts> {
    return Iterator.from(this.#libraries.all).map(({ name, source, functions }) => ({
      name,
      source,
      functions: [...functions.values()].map(describe),
    }));
  }

  get libraryCount(): number {
    return this.#libraries.libraryCount;
  }

  get functionCount(): number {
    return this.#libraries.functionCount;
  }

  /** Bytes of the sources and what is kept of them. */
  get usedBytes(): number {
    return this.#libraries.usedBytes;
  }

  /** Bytes that Lua's values take. */
  get luaBytes(): number {
    return this.#engine.usedBytes;
  }

  // --- changing it ------------------------------------------------------------------------------------------------

  load(source: Uint8Array, options: { replace: boolean; mustObey: boolean }): string {
    const timeLimit = options.mustObey ? 0 : LOAD_TIME_LIMIT;
    return this.#libraries.create(source, { replace: options.replace, timeLimit });
  }

  delete(name: string): void {
    this.#libraries.delete(name);
  }

  flush(): void {
    this.#libraries.clear();
    this.#engine.drop();
    this.#loader = undefined;
    this.#generation = this.#engine.generation;
  }

  dump(): Uint8Array {
    return writeFunctionDump(Iterator.from(this.#libraries.all).map(({ source }) => source));
  }

  restore(payload: Uint8Array, policy: FunctionRestorePolicy): void {
    const stretch = { buf: payload, off: 0, len: payload.length };
    if (!isDump(stretch)) throw new ReplyError("ERR DUMP payload version or checksum are wrong");
    const restored = this.#newLibraries();
    try {
      for (const source of readFunctionDump(stretch)) restored.create(source, { timeLimit: 0 });
      if (policy === "flush") this.#libraries.clear();
      this.#libraries.join(restored, { replace: policy === "replace" });
    } catch (error) {
      restored.clear();
      if (error instanceof CorruptRdb) throw new ReplyError(`ERR ${error.message}`);
      throw error;
    }
  }

  /** Runs a library's source in the present instance. */
  #load(library: FunctionLibrary, timeLimit: number): void {
    this.#ensureLoaded();
    try {
      this.#present.load(library, timeLimit);
    } catch (error) {
      if (!(error instanceof LuaFailure)) throw error;
      this.#host.log("warning", `The Lua interpreter is started afresh: ${error.message}`);
      this.#engine.drop();
      library.functions.clear();
      throw new ReplyError("ERR Error registering functions: the interpreter had to give up");
    }
  }

  #release(library: FunctionLibrary): void {
    const isThere = this.#generation === this.#engine.generation;
    if (isThere && this.#loader !== undefined) this.#loader.release(library);
    else library.functions.clear();
  }

  /** The loader of the present instance, which is made if there is none. */
  get #present(): LuaFunctionEngine {
    // Making the instance furnishes it.
    this.#engine.lua;
    return this.#loader!;
  }

  /** Loads all libraries into the present instance, if it is another than the one they were loaded into. */
  #ensureLoaded(): void {
    if (this.#generation === this.#engine.generation) return;
    const loader = this.#present;
    for (const library of this.#libraries.all) {
      const again = { ...library, functions: new Map<string, LibraryFunction>() };
      loader.load(again, 0);
      for (const one of library.functions.values()) {
        const { callback } = again.functions.get(one.name) ?? {};
        if (callback === undefined) throw new Error(`${one.name} is no longer in its library`);
        one.callback = callback;
      }
    }
    this.#generation = this.#engine.generation;
  }

  // --- running ----------------------------------------------------------------------------------------------------

  call(ctx: Context, args: Args, options: { readOnly: boolean }): void | Promise<void> {
    if (this.#host.monitors.size > 0) this.#host.showToMonitors(ctx, args);
    const one = this.#libraries.find(args.binary(NAME_AT));
    if (one === undefined) throw new ReplyError("ERR Function not found");
    const count = args.int(COUNT_AT, "ERR Bad number of keys provided");
    if (count > args.count - FIRST_KEY_AT) {
      throw new ReplyError("ERR Number of keys can't be greater than number of args");
    }
    if (count < 0) throw new ReplyError("ERR Number of keys can't be negative");
    this.#ensureLoaded();
    const script = {
      kind: "function",
      name: one.name,
      flags: one.flags,
      isReadOnly: options.readOnly,
      isBrief: false,
    } as const;
    const later = this.#engine.start(ctx, script, (lua) => {
      lua.pushKept(one.callback);
      const end = FIRST_KEY_AT + count;
      pushArguments(lua, args, { from: FIRST_KEY_AT, to: end });
      pushArguments(lua, args, { from: end, to: args.count });
      return 2;
    });
    if (later !== undefined) this.#command = args.detach();
    return later;
  }

  declaredFlags(args: Args): number | undefined {
    if (args.count <= NAME_AT) return undefined;
    return this.#libraries.find(args.binary(NAME_AT))?.flags;
  }

  running(): RunningFunction | undefined {
    const { running } = this.#host.scripting;
    if (running === undefined) return undefined;
    if (running.script.kind !== "function") throw busyRefusal("script");
    const command = this.#command;
    return {
      name: running.script.name,
      command: Array.from({ length: command?.count ?? 0 }, (_, i) => command!.bytes(i)),
      duration: Math.floor(this.#host.monotonic() - running.startedAt),
    };
  }

  kill(): void {
    this.#host.scripting.kill("function");
  }

  /** Ends what goes on in the background. */
  close(): void {
    this.#engine.close();
  }
}

function describe({ name, description, flags }: LibraryFunction) {
  return { name, description, flags: scriptFlagNames(flags) };
}
