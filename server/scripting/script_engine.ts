/**
 * Runs scripts: one Lua instance with Redis's API in it, and the run that goes on there.
 *
 * A script runs synchronously, so nothing comes between two of its commands. Past `busy-reply-threshold` it is suspended
 * every few milliseconds: its client waits, the other clients are told that the server is busy, and may only have the
 * script ended. Until it is over nothing else touches the data.
 *
 * The instance is made when it is first needed. It is dropped, with all that was compiled in it, when it cannot be used any more
 * or should give its memory back; {@link ScriptEngine.generation} tells the next one from it.
 *
 * @module
 */

import type { Context, LogLevel } from "../../commands/context.ts";
import { primaryIsDown, tooFewReplicas } from "../../commands/errors.ts";
import { ReplyError } from "../resp/errors.ts";
import { LuaFailure, LuaStatus } from "./engine/lua_api.ts";
import { LuaState } from "./engine/lua_state.ts";
import {
  type Environment,
  lockGlobals,
  openEnvironment,
  type RandomNumbers,
} from "./environment.ts";
import type { ScriptHost } from "./host.ts";
import { LuaError, type LuaFunction, LuaType } from "./lua_library.ts";
import { LuaReply, pushErrorTable } from "./lua_reply.ts";
import { redisConstants, redisFunctions, type RedisFunctionsHost } from "./redis_functions.ts";
import { errorLine, replyWithResult, untilZero } from "./script_reply.ts";
import type { ScriptDebugger } from "./script_debugger.ts";
import { ScriptFlag } from "./script_flags.ts";
import { type Script, ScriptRun } from "./script_run.ts";

/** How long a busy script runs between two chances for others, in ms. */
const SLICE_MS = 5;
/** Garbage is collected step by step, each time so many runs are over, and so many KB. */
const COLLECT_EVERY = 50;
const COLLECT_KB = 50;
/** How much of an error that is no table is told. */
const SHOWN_BYTES = 100;

/** What an engine shares with the others of its server. */
export interface EngineOptions {
  readonly module: () => WebAssembly.Module;
  readonly random: RandomNumbers;
  /** Further functions of the table `redis`. */
  readonly functions?: (host: RedisFunctionsHost) => Readonly<Record<string, LuaFunction>>;
  /** Goes on with a fresh environment after it was locked; the table of globals that it leaves is the one that runs have. */
  readonly furnish?: (host: RedisFunctionsHost) => void;
}

/** An instance with what is known of it. */
interface Instance {
  readonly lua: LuaState;
  readonly reply: LuaReply;
  readonly environment: Environment;
  /** Where its table of globals lies. */
  readonly globals: number;
}

/** Runs the scripts, or the functions, of one server. */
export class ScriptEngine {
  readonly #host: ScriptHost;
  readonly #options: EngineOptions;
  #instance: Instance | undefined;
  #generation = 0;
  #run: ScriptRun | undefined;
  #runs = 0;
  #sliceEnd = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;
  /** Asked instead of the run's time while something is loaded; raises an error to end that. */
  onLoadInterrupt: ((lua: LuaState) => void) | undefined;

  constructor(host: ScriptHost, options: EngineOptions) {
    this.#host = host;
    this.#options = options;
  }

  // --- the instance -----------------------------------------------------------------------------------------------

  /** The instance, made if there is none. */
  get lua(): LuaState {
    return this.#ready().lua;
  }

  /** Changes when the instance does: what was compiled before is gone. */
  get generation(): number {
    return this.#generation;
  }

  /** The run that goes on. */
  get run(): ScriptRun | undefined {
    return this.#run;
  }

  /** Bytes that Lua's values take; 0 while there is no instance. */
  get usedBytes(): number {
    return this.#instance?.lua.usedBytes ?? 0;
  }

  /** Forgets the instance, and all that was compiled in it. */
  drop(): void {
    this.#instance = undefined;
    this.#generation++;
  }

  #ready(): Instance {
    if (this.#instance !== undefined) return this.#instance;
    const host = this.#host;
    const { module, random, functions, furnish } = this.#options;
    const lua = new LuaState(module(), {
      memoryLimit: host.config.values.coolcacheLuaMemoryLimit,
      interrupt: (lua) => this.#interrupt(lua),
      wait: () => this.#wait(),
    });
    const reply = new LuaReply(lua);
    const run = () => this.#run;
    const api: RedisFunctionsHost = {
      lua,
      reply,
      get run() {
        return run();
      },
      log: (level: LogLevel, message: string) => host.log(level, message),
      redisVersion: host.redisVersion,
    };
    const environment = openEnvironment(lua, {
      functions: { ...redisFunctions(api), ...functions?.(api) },
      constants: redisConstants(host.redisVersion),
      random,
    });
    lockGlobals(lua);
    furnish?.(api);
    return this.#instance = { lua, reply, environment, globals: lua.globals };
  }

  // --- a run ------------------------------------------------------------------------------------------------------

  /**
   * Runs a script for the client of `ctx` and replies with its result; `push` pushes the function and its arguments and answers how
   * many these are. A promise only if the script runs for so long that others are told.
   *
   * @throws {ReplyError} with the script's error, or why it may not run
   */
  start(
    ctx: Context,
    script: Script,
    push: (lua: LuaState) => number,
  ): void | Promise<void> {
    const host = this.#host;
    const isOutOfMemory = host.isOutOfMemory();
    refuseToRun(ctx, script, isOutOfMemory);
    const instance = this.#ready();
    const { lua, reply } = instance;
    const startedAt = script.isBrief ? 0 : host.monotonic();
    const run = new ScriptRun(ctx, script, { host, reply, startedAt, isOutOfMemory });
    reply.protocol = 2;
    // What leaves are the effects of the commands it calls, as one unit.
    ctx.propagateNothing();
    if (lua.interruptsAlways) lua.interruptSeldom();
    // A script may have put another table in the place of its globals.
    if (lua.globals !== instance.globals) lua.globals = instance.globals;
    const isUnit = host.effects.active;
    if (isUnit) host.effects.begin();
    this.#run = host.scripting.running = run;
    let ended: number | Promise<number>;
    try {
      lua.setTop(0);
      lua.pushKept(instance.environment.errorHandler);
      const args = push(lua);
      if (script.debugger !== undefined) this.#beginDebugging(run, script.debugger);
      ended = script.isBrief ? lua.runBriefly(args, 1, 1) : lua.run(args, 1, 1);
    } catch (error) {
      this.#end(run, isUnit);
      if (run.isBusy) host.endBusyScript();
      throw this.#failure(error, script);
    }
    if (typeof ended === "number" && !run.isBusy) {
      this.#end(run, isUnit);
      return this.#conclude(run, ended);
    }
    return this.#endLater(run, ended, isUnit);
  }

  async #endLater(run: ScriptRun, ended: number | Promise<number>, isUnit: boolean): Promise<void> {
    // While it waits the client gets another reply to answer into, so this is none to begin with.
    let mark: number | undefined;
    try {
      const status = await ended;
      this.#end(run, isUnit);
      mark = run.caller.reply.mark();
      this.#conclude(run, status);
    } catch (error) {
      if (this.#run === run) this.#end(run, isUnit);
      if (mark !== undefined) run.caller.reply.rollback(mark);
      throw this.#failure(error, run.script);
    } finally {
      this.#host.endBusyScript();
    }
  }

  #end({ caller, script }: ScriptRun, isUnit: boolean): void {
    this.#run = this.#host.scripting.running = undefined;
    if (script.debugger !== undefined) this.#instance?.lua.trace(undefined);
    if (isUnit) this.#host.endUnit(caller.client);
  }

  /** Replies with what the script has left on the stack. */
  #conclude({ caller, script }: ScriptRun, status: number): void {
    const { lua, reply } = this.#ready();
    if (++this.#runs % COLLECT_EVERY === 0) lua.collectStep(COLLECT_KB);
    if (status !== LuaStatus.ok) throw readError(lua, script);
    const failure = replyWithResult(lua, caller.reply, reply.protocol);
    if (failure !== undefined) throw new ReplyError(failure.text, failure);
  }

  /** The reply to an error that is no script's, after which the instance is dropped. */
  #failure(error: unknown, { name }: Script): unknown {
    // What is pushed before the script runs did not fit into memory.
    if (error instanceof LuaError) {
      return new ReplyError(`ERR Error running script ${name}, ${error.message}`);
    }
    if (!(error instanceof LuaFailure)) return error;
    this.#host.log("warning", `The Lua interpreter is started afresh: ${error.message}`);
    this.drop();
    return new ReplyError(`ERR Error running script ${name}, the interpreter had to give up`);
  }

  // --- busy scripts -----------------------------------------------------------------------------------------------

  /** Lua asks every so often whether to go on; answers whether to let others come first. */
  #interrupt(lua: LuaState): boolean {
    const run = this.#run;
    if (run === undefined) {
      this.onLoadInterrupt?.(lua);
      return false;
    }
    if (run.script.isBrief) return false;
    if (run.isKilled) {
      this.#host.log("notice", "Lua script killed by user with SCRIPT KILL.");
      // A script that catches errors would go on otherwise.
      lua.interruptAlways();
      pushErrorTable(lua, "Script killed by user with SCRIPT KILL...");
      lua.raise();
    }
    const now = this.#host.monotonic();
    if (run.isBusy) return now >= this.#sliceEnd;
    const threshold = this.#host.config.values.busyReplyThreshold;
    if (threshold === 0 || now - run.startedAt < threshold) return false;
    this.#becomeBusy(run, now);
    return true;
  }

  #becomeBusy(run: ScriptRun, now: number): void {
    const host = this.#host;
    const { kind, name } = run.script;
    run.isBusy = true;
    host.setBusy(kind);
    host.log(
      "warning",
      `Slow script detected: still in execution after ${Math.floor(now - run.startedAt)} ` +
        `milliseconds. You can try killing the script using the ` +
        `${kind === "script" ? "SCRIPT" : "FUNCTION"} KILL command. Script name is: ${name}.`,
    );
  }

  /** A script that is debugged keeps the others out from its beginning: it may be suspended anywhere. */
  #beginDebugging(run: ScriptRun, tracer: ScriptDebugger): void {
    run.isBusy = true;
    this.#host.setBusy(run.script.kind);
    this.#host.holdForDebugger();
    tracer.begin(this.lua, run, (lua) => this.#interrupt(lua));
  }

  /** Lets others come first, or the debugger's client say something. Does not end when the server does. */
  async #wait(): Promise<void> {
    const tracer = this.#run?.script.debugger;
    if (tracer?.isStopped) await tracer.untilTold();
    else {
      await new Promise<void>((resolve) => this.#timer = setTimeout(resolve, 0));
      this.#timer = undefined;
    }
    if (this.#isClosed) await new Promise<never>(() => {});
    const host = this.#host;
    if (this.#run !== undefined) host.resumeScript(this.#run.caller.client);
    this.#sliceEnd = host.monotonic() + SLICE_MS;
  }

  /** Leaves a script that is suspended where it is, for good. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }
}

/** @throws {ReplyError} when the script may not run now, as Redis words it */
function refuseToRun(ctx: Context, script: Script, isOutOfMemory: boolean): void {
  const { flags, isReadOnly } = script;
  const { client, server } = ctx;
  const isStale = server.replica.isStale && !client.mustObey;
  if ((flags & ScriptFlag.unflagged) !== 0) {
    if (isStale) throw primaryIsDown();
    return;
  }
  if ((flags & ScriptFlag.noCluster) !== 0 && server.cluster !== undefined) {
    throw new ReplyError("ERR Can not run script on cluster, 'no-cluster' flag is set.");
  }
  if (isStale && (flags & ScriptFlag.allowStale) === 0) {
    throw new ReplyError(
      "MASTERDOWN Link with MASTER is down, replica-serve-stale-data is set to 'no' and " +
        "'allow-stale' flag is not set on the script.",
    );
  }
  const writes = (flags & ScriptFlag.noWrites) === 0;
  if (writes && server.replica.isReadOnly && !client.mustObey) {
    throw new ReplyError("READONLY Can not run script with write flag on readonly replica");
  }
  const needsMemory = writes && (flags & ScriptFlag.allowOom) === 0;
  if (isOutOfMemory && needsMemory && !ctx.client.inTransaction) {
    throw new ReplyError("OOM command not allowed when used memory > 'maxmemory'.");
  }
  const diskError = writes ? ctx.server.diskError({ forScript: true }) : undefined;
  if (diskError !== undefined) throw diskError;
  if (writes && isReadOnly) {
    throw new ReplyError("ERR Can not execute a script with write flag using *_ro command.");
  }
  if (writes && ctx.server.replication.lacksReplicas) throw tooFewReplicas();
  if (isOutOfMemory && needsMemory) {
    throw new ReplyError(
      "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'",
    );
  }
}

/** The error on the top of the stack as a reply. */
function readError(lua: LuaState, { name }: Script): ReplyError {
  if (lua.type(-1) !== LuaType.table) {
    const text = lua.isString(-1) ? untilZero(lua.toText(-1)) : "execution failure";
    return new ReplyError(
      errorLine(`ERR Error running script ${name}, ${text.slice(0, SHOWN_BYTES)}`),
    );
  }
  const field = (name: string): string | undefined => {
    lua.pushText(name);
    lua.rawGet(-2);
    const text = lua.isString(-1) ? untilZero(lua.toText(-1)) : undefined;
    lua.pop();
    return text;
  };
  const source = field("source");
  const line = field("line");
  lua.pushText("ignore_error_stats_update");
  lua.rawGet(-2);
  const isCounted = lua.toBoolean(-1);
  lua.pop();
  const place = source !== undefined && line !== undefined
    ? ` script: ${name}, on ${source}:${line}.`
    : "";
  return new ReplyError(errorLine(`${field("err") ?? ""}${place}`), { isCounted });
}
