/**
 * One run of a script or function: on whose behalf, what it may do, what it has done.
 *
 * Commands that a script calls do not pass the dispatcher's gates but the checks here, in Redis's order: what a
 * script is told apart from what its caller would be.
 *
 * @module
 */

import { Flag, type RegisteredCommand } from "../../commands/registry.ts";
import type { Context } from "../../commands/context.ts";
import { readOnlyReplica, tooFewReplicas } from "../../commands/errors.ts";
import type { Args } from "../resp/args.ts";
import type { ReplyError } from "../resp/errors.ts";
import type { Reply } from "../resp/reply.ts";
import type { ScriptContext, ScriptHost } from "./host.ts";
import type { ScriptDebugger } from "./script_debugger.ts";
import { ScriptFlag } from "./script_flags.ts";

/** What is about to run. */
export interface Script {
  readonly kind: "script" | "function";
  /** What error messages call it: a script's SHA-1, a function's name. */
  readonly name: string;
  /** A sum of `ScriptFlag`s. */
  readonly flags: number;
  /** Whether it was called by a command that allows no writes. */
  readonly isReadOnly: boolean;
  /** Whether it cannot run for long: it is not timed, and never suspended. */
  readonly isBrief: boolean;
  /** What follows it line by line. */
  readonly debugger?: ScriptDebugger | undefined;
}

/** One run. */
export class ScriptRun {
  readonly script: Script;
  /** The context of the command that began it. */
  readonly caller: Context;
  /** The context of the commands that it calls. */
  readonly context: ScriptContext;
  /** When it began, on the monotonic clock in ms. */
  readonly startedAt: number;
  /** Whether it has called a command that writes: from then on it is not stopped. */
  hasWritten = false;
  /** Whether it has run for so long that others are told so. */
  isBusy = false;
  /** Whether somebody wants it to end. */
  isKilled = false;
  /** Told of that, so that a script which waits learns of it. */
  onKill: (() => void) | undefined;
  readonly #host: ScriptHost;
  readonly #isReadOnly: boolean;
  readonly #isOutOfMemory: boolean;
  readonly #mayCrossSlots: boolean;

  /** @param isOutOfMemory whether there was no memory for more data before it began */
  constructor(
    caller: Context,
    script: Script,
    { host, reply, startedAt, isOutOfMemory }: {
      host: ScriptHost;
      reply: Reply;
      startedAt: number;
      isOutOfMemory: boolean;
    },
  ) {
    this.script = script;
    this.caller = caller;
    this.#host = host;
    this.context = host.scriptContext(caller, reply);
    this.startedAt = startedAt;
    const declares = (flag: number) =>
      (script.flags & ScriptFlag.unflagged) === 0 && (script.flags & flag) !== 0;
    this.#isReadOnly = script.isReadOnly || declares(ScriptFlag.noWrites);
    this.#mayCrossSlots = (script.flags & ScriptFlag.unflagged) !== 0 ||
      declares(ScriptFlag.allowCrossSlotKeys);
    this.#isOutOfMemory = isOutOfMemory && !declares(ScriptFlag.allowOom);
  }

  /**
   * Carries out a command for the script; the reply is in the context's reply. A refusal is answered, with `-` and its code
   * before it unless that is ERR, and counted.
   */
  call(args: Args): string | undefined {
    const host = this.#host;
    const command = this.findCommand(args);
    const refusal = this.#refuse(command, args);
    if (command === undefined || refusal !== undefined) {
      const text = refusal ?? UNKNOWN_COMMAND;
      host.countRefusal(command, text.startsWith("-") ? text.slice(1).split(" ", 1)[0] : "ERR");
      return text;
    }
    if ((command.mask & Flag.write) !== 0) this.hasWritten = true;
    const later = host.callFromScript(this.context, command, args);
    if (later !== undefined) {
      throw new Error(`${command.fullName} cannot wait within a script`);
    }
    return undefined;
  }

  /** The command that a request names; undefined when there is none, or no such subcommand. */
  findCommand(args: Args): RegisteredCommand | undefined {
    return this.#host.registry.lookUp(args);
  }

  /** Whether the user may carry out a command. */
  allows(command: RegisteredCommand, args: Args): boolean {
    const { client, server } = this.caller;
    return !client.isRestricted || server.acl.allows(client, command, args);
  }

  #refuse(command: RegisteredCommand | undefined, args: Args): string | undefined {
    if (command === undefined) return UNKNOWN_COMMAND;
    const { arity, mask } = command;
    if (arity >= 0 ? args.count !== arity : args.count < -arity) {
      return "Wrong number of args calling Redis command from script";
    }
    if ((mask & Flag.noscript) !== 0 && !this.#host.scripting.allowsEverything) {
      return "This Redis command is not allowed from script";
    }
    const { client, server } = this.caller;
    if (server.replica.isStale && (mask & Flag.stale) === 0 && !client.mustObey) {
      return "Can not execute the command on a stale replica";
    }
    if (client.isRestricted) {
      const denial = server.acl.refuseInScript(client, command, args);
      if (denial !== undefined) return `ACL failure in script: ${denial}`;
    }
    if (this.#isReadOnly && (mask & (Flag.write | Flag.may_replicate)) !== 0) {
      return "Write commands are not allowed from read-only scripts.";
    }
    // What has begun to write is not refused in the middle.
    if (!this.hasWritten && (mask & Flag.write) !== 0) {
      const refusal = this.#refuseWrite();
      if (refusal !== undefined) return `-${refusal.message}`;
    }
    if (this.#isOutOfMemory && !this.hasWritten && (mask & Flag.denyoom) !== 0) {
      return "-OOM command not allowed when used memory > 'maxmemory'.";
    }
    return this.#host.refuseInCluster(this.caller, { command, args }, {
      mayCrossSlots: this.#mayCrossSlots,
    });
  }

  #refuseWrite(): ReplyError | undefined {
    const { client, server } = this.caller;
    if (server.replica.isReadOnly && !client.mustObey) return readOnlyReplica();
    return server.diskError() ??
      (server.replication.lacksReplicas ? tooFewReplicas() : undefined);
  }
}

const UNKNOWN_COMMAND = "Unknown Redis command called from script";
