/**
 * What a server knows of scripts: the engine and its scripts, what is running, how it is ended.
 *
 * @module
 */

import type { ClientApi, Context, ScriptingApi } from "../../commands/context.ts";
import { cannotUndoScripts } from "../../commands/errors.ts";
import type { Args } from "../resp/args.ts";
import { ReplyError } from "../resp/errors.ts";
import { compileLua } from "./engine/lua_module.ts";
import { RandomNumbers } from "./environment.ts";
import { EvalScripts, type EvaluateOptions } from "./eval_scripts.ts";
import type { ScriptHost } from "./host.ts";
import { evalFunctions } from "./redis_functions.ts";
import { ScriptDebugger } from "./script_debugger.ts";
import { ScriptEngine } from "./script_engine.ts";
import type { ScriptRun } from "./script_run.ts";

/** The scripts of one server. */
export class Scripting implements ScriptingApi {
  /** The script or function that runs, whichever engine does it. */
  running: ScriptRun | undefined;
  /** The numbers of `math.random`, one sequence for scripts and functions. */
  readonly random = new RandomNumbers();
  readonly #host: ScriptHost;
  readonly #engine: ScriptEngine;
  readonly #scripts: EvalScripts;
  #module: WebAssembly.Module | undefined;

  constructor(host: ScriptHost) {
    this.#host = host;
    this.#engine = new ScriptEngine(host, {
      module: () => this.module,
      random: this.random,
      functions: evalFunctions,
    });
    this.#scripts = new EvalScripts(host, this.#engine);
  }

  /** Lua, compiled when it is first needed. */
  get module(): WebAssembly.Module {
    return this.#module ??= compileLua();
  }

  /** Whether scripts may call what is not for scripts, as DEBUG SET-DISABLE-DENY-SCRIPTS lets them. */
  get allowsEverything(): boolean {
    return this.#host.debug.flags.get("set-disable-deny-scripts") === "1";
  }

  get scriptCount(): number {
    return this.#scripts.count;
  }

  /** Bytes of the scripts that are kept. */
  get scriptBytes(): number {
    return this.#scripts.usedBytes;
  }

  /** Bytes that Lua's values take. */
  get luaBytes(): number {
    return this.#engine.usedBytes;
  }

  evaluate(ctx: Context, args: Args, options: EvaluateOptions): void | Promise<void> {
    if (ctx.client.scriptDebugging !== "no" && !options.byName) {
      return this.#debug(ctx, args, options);
    }
    return this.#scripts.evaluate(ctx, args, options);
  }

  #debug(ctx: Context, args: Args, options: EvaluateOptions): Promise<void> {
    const tracer = new ScriptDebugger(this.#host, ctx.client, args.view(1));
    return tracer.conduct(() => {
      // That it would not be debugged was said already, but redis-cli does not listen.
      if (ctx.client.scriptDebugging === "yes") throw cannotUndoScripts();
      return this.#scripts.evaluate(ctx, args, options, tracer);
    });
  }

  declaredFlags(args: Args, options: { byName: boolean }): number | undefined {
    return this.#scripts.declaredFlags(args, options);
  }

  load(source: Uint8Array): string {
    return this.#scripts.load(source);
  }

  has(name: string): boolean {
    return this.#scripts.has(name);
  }

  flush(): void {
    this.#scripts.flush();
  }

  kill(kind: "script" | "function"): void {
    const { running } = this;
    if (running === undefined) {
      throw new ReplyError("NOTBUSY No scripts in execution right now.");
    }
    const caller: ClientApi = running.caller.client;
    if (caller.mustObey) {
      throw new ReplyError(
        "UNKILLABLE The busy script was sent by a master instance in the context of replication " +
          "and cannot be killed.",
      );
    }
    if (running.hasWritten) {
      throw new ReplyError(
        "UNKILLABLE Sorry the script already executed write commands against the dataset. You " +
          "can either wait the script termination or kill the server in a hard way using the " +
          "SHUTDOWN NOSAVE command.",
      );
    }
    if (running.script.kind !== kind) throw busyRefusal(running.script.kind);
    running.isKilled = true;
    running.onKill?.();
  }

  /** Ends what goes on in the background. */
  close(): void {
    this.#engine.close();
  }
}

/** What a busy server says to whatever it cannot do meanwhile. */
export function busyRefusal(kind: "script" | "function"): ReplyError {
  const command = kind === "script" ? "SCRIPT KILL" : "FUNCTION KILL";
  return new ReplyError(
    `BUSY Redis is busy running a script. You can only call ${command} or SHUTDOWN NOSAVE.`,
  );
}
