/**
 * What scripts need of the server that they run in; `server/` implements it.
 *
 * @module
 */

import type { ClientApi, Context, ServerApi } from "../../commands/context.ts";
import type { RegisteredCommand } from "../../commands/registry.ts";
import type { Args } from "../resp/args.ts";
import type { Reply } from "../resp/reply.ts";
import type { Scripting } from "./scripting.ts";

/** The context of the commands that a script calls: the caller as its client, a database and a reply of its own. */
export interface ScriptContext extends Context {
  /** Who hears of writes, in `redis.set_repl`'s bits: 1 is the AOF, 2 are the replicas. */
  audience: number;
}

/** A server that runs scripts. */
export interface ScriptHost extends Pick<ServerApi, "debug" | "log" | "redisVersion" | "registry"> {
  readonly config: {
    readonly values: {
      /** `coolcache-lua-memory-limit`: the most memory of a Lua instance, in bytes. */
      readonly coolcacheLuaMemoryLimit: number;
      /** `busy-reply-threshold`: after so many ms others are told of a script; 0 for never. */
      readonly busyReplyThreshold: number;
    };
  };
  readonly scripting: Scripting;
  /** What belongs to one script leaves as one unit. */
  readonly effects: { readonly active: boolean; begin(): void };
  /** Ends the unit of this client's effects. */
  endUnit(caller: ClientApi): void;
  readonly monitors: { readonly size: number };
  /** Monotonic time in ms. */
  monotonic(): number;
  /** Whether there is no memory for more data, although what could be evicted was. */
  isOutOfMemory(): boolean;
  /** Shows monitors a request before what it calls. */
  showToMonitors(ctx: Context, args: Args): void;
  /** The context of the commands that a script of this caller calls. */
  scriptContext(caller: Context, reply: Reply): ScriptContext;
  /** Carries out a command that a script may call; the reply, be it an error, is in the context's reply. */
  callFromScript(ctx: ScriptContext, command: RegisteredCommand, args: Args): void | Promise<void>;
  /** Why a node of a cluster cannot carry out a script's command. */
  refuseInCluster(
    caller: Context,
    request: { readonly command: RegisteredCommand; readonly args: Args },
    options: { readonly mayCrossSlots: boolean },
  ): string | undefined;
  /** Counts a command that a script was refused, by the code of the refusal. */
  countRefusal(command: RegisteredCommand | undefined, code: string): void;
  /** Says that a script has been running for so long that others are told so. */
  setBusy(kind: "script" | "function"): void;
  /** Lets the other clients wait, rather than be refused, until the busy script is over, which is debugged. */
  holdForDebugger(): void;
  /** Says that a busy script goes on after others had their turn. */
  resumeScript(caller: ClientApi): void;
  /** Says that a busy script is over. */
  endBusyScript(): void;
}
