/**
 * From a request to its handler: find the command, pass the gates, run, count, hand the effect on.
 *
 * The gates stand in Redis's order, because clients see the first refusal. Most of them can refuse only while
 * something is configured or going on; {@link Dispatcher.refresh} keeps a list of just those, which is usually empty.
 *
 * @module
 */

import type { CommandSpec } from "../commands/command.ts";
import { Flag, type RegisteredCommand } from "../commands/registry.ts";
import { Audience, effectBytes } from "../replication/effects.ts";
import { isLoading, primaryIsDown, readOnlyReplica, tooFewReplicas } from "../commands/errors.ts";
import { outOfMemory } from "../storage/errors.ts";
import type { CallContext } from "./call_context.ts";
import { feedMonitors } from "./monitor.ts";
import { Args } from "./resp/args.ts";
import { ReplyError } from "./resp/errors.ts";
import { busyRefusal } from "./scripting/scripting.ts";
import type { Server } from "./server.ts";
import { Mode, type Session } from "./session.ts";
import { endCaching } from "./tracking.ts";

/** One reason to refuse a command. */
interface Gate {
  /** The flags of the commands that it can refuse, or "modes" where it looks at a client's modes; else it is for all. */
  readonly only?: number | "modes";
  /** Whether it can refuse anything as the server stands now. */
  active(server: Server): boolean;
  /** The refusal, or undefined. */
  refuse(ctx: CallContext, command: RegisteredCommand, args: Args): ReplyError | undefined;
}

const GATES: readonly Gate[] = [
  {
    only: Flag.protected,
    active: () => true,
    refuse(ctx, command) {
      if ((command.mask & Flag.protected) === 0) return undefined;
      return ctx.server.allowsProtected(command, ctx.client)
        ? undefined
        : protectedCommand(command.fullName.split("|")[0]);
    },
  },
  {
    active: ({ acl }) => acl.requiresLogin,
    refuse(ctx, command) {
      return ctx.client.authenticated || (command.mask & Flag.no_auth) !== 0
        ? undefined
        : new ReplyError("NOAUTH Authentication required.");
    },
  },
  {
    only: "modes",
    active: () => true,
    refuse({ client }, { mask }) {
      if (client.transaction === undefined || (mask & Flag.no_multi) === 0) return undefined;
      // MULTI and WATCH have refusals of their own, which abort nothing.
      return (mask & Flag.at_once) !== 0
        ? undefined
        : new ReplyError("ERR Command not allowed inside a transaction");
    },
  },
  {
    only: "modes",
    active: () => true,
    refuse({ client, server }, command, args) {
      return client.isRestricted ? server.acl.refuse(client, command, args) : undefined;
    },
  },
  {
    active: (server) => server.cluster !== undefined,
    refuse: (ctx, command, args) => ctx.server.cluster?.refuse(ctx, command, args),
  },
  {
    // What happens while a script runs must not mix with its effects, evictions included.
    active: (server) =>
      server.config.values.maxmemory > 0 && server.evicts && server.busy === undefined,
    refuse({ client, server }, command, args) {
      const fits = server.evictor.makeRoom();
      // What the client has cached of evicted keys is void before the command can store them anew.
      client.sendPushed();
      if (fits) return undefined;
      const takes = (effectiveMask(client, command, args) & Flag.denyoom) !== 0 ||
        (client.transaction !== undefined && endsNoTransaction(command));
      return takes ? outOfMemory() : undefined;
    },
  },
  {
    only: Flag.write | Flag.executes | Flag.runs_script | Flag.tells_of_disk_errors,
    active: (server) => server.diskError() !== undefined,
    refuse({ client, server }, command, args) {
      if (client.mustObey) return undefined;
      const refusable = Flag.write | Flag.tells_of_disk_errors;
      return (effectiveMask(client, command, args) & refusable) === 0
        ? undefined
        : server.diskError();
    },
  },
  {
    only: Flag.write | Flag.executes | Flag.runs_script,
    active: ({ config }) => config.values.minReplicasToWrite > 0,
    refuse({ client, server }, command, args) {
      if ((effectiveMask(client, command, args) & Flag.write) === 0) return undefined;
      return server.replication.lacksReplicas ? tooFewReplicas() : undefined;
    },
  },
  {
    only: Flag.write | Flag.executes | Flag.runs_script,
    active: ({ replica }) => replica.isReadOnly,
    refuse({ client, server }, command, args) {
      if ((effectiveMask(client, command, args) & Flag.write) === 0 || client.mustObey) {
        return undefined;
      }
      return server.replica.isReadOnly ? readOnlyReplica() : undefined;
    },
  },
  {
    only: "modes",
    active: () => true,
    refuse({ client }, command) {
      if (!client.isListener || (command.mask & Flag.while_subscribed) !== 0) return undefined;
      return new ReplyError(
        `ERR Can't execute '${command.fullName}': only (P|S)SUBSCRIBE / ` +
          `(P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`,
      );
    },
  },
  {
    active: ({ replica }) => replica.isStale,
    refuse({ client, server }, command, args) {
      if (!server.replica.isStale || client.mustObey) return undefined;
      const mask = server.maskOf(command, args);
      const isForStale = (mask & Flag.stale) !== 0 &&
        ((mask & Flag.executes) === 0 || client.transaction?.mayBeStale !== false);
      return isForStale ? undefined : primaryIsDown();
    },
  },
  {
    active: ({ loading }) => loading.current !== undefined,
    refuse({ client, server }, { mask }) {
      const load = server.loading.current;
      if (load === undefined || client.mustObey) return undefined;
      const needsData = load.isAsync
        ? (mask & Flag.no_async_loading) !== 0
        : (mask & Flag.loading) === 0;
      return needsData ? isLoading() : undefined;
    },
  },
  {
    active: (server) => server.busy !== undefined,
    refuse({ server }, command) {
      if ((command.mask & Flag.allow_busy) !== 0 || server.busy === undefined) return undefined;
      return busyRefusal(server.busy);
    },
  },
  {
    // Replicas are exempt from pauses, which nobody is to abuse.
    only: "modes",
    active: () => true,
    refuse({ client }, { mask }) {
      if (!client.isReplica || (mask & TOUCHES_KEYS) === 0) return undefined;
      return new ReplyError("ERR Replica can't interact with the keyspace");
    },
  },
];

const TOUCHES_KEYS = Flag.write | Flag.readonly | Flag.may_replicate;

/** How long a command name and its arguments may be in the refusal of an unknown command. */
const SHOWN_BYTES = 128;

/** Runs the requests of all clients of one server. */
export class Dispatcher {
  readonly #server: Server;
  #gates: readonly Gate[] = GATES;
  /** Flags that some active gate must look at; commands without them pass unasked. */
  #watched = 0;
  /** Whether every command must pass the gates. */
  #allWatched = false;

  constructor(server: Server) {
    this.#server = server;
  }

  /** Looks afresh which gates can refuse anything; called when configuration or state changes. */
  refresh(): void {
    const server = this.#server;
    this.#gates = GATES.filter((gate) => gate.active(server));
    this.#allWatched = this.#gates.some(({ only }) => only === undefined);
    this.#watched = this.#gates.reduce(
      (all, { only }) => typeof only === "number" ? all | only : all,
      0,
    );
  }

  /** The command and subcommand that a request names, or a thrown refusal. */
  resolve(args: Args): RegisteredCommand {
    let command = this.#server.registry.find(args);
    if (command === undefined) throw unknownCommand(args);
    if (command.subcommands !== undefined && args.count > 1) {
      const name = args.lower(1);
      const sub = command.subcommands.get(name);
      if (sub === undefined) throw unknownSubcommand(command, args);
      command = sub;
    }
    const arity = command.arity;
    if (arity >= 0 ? args.count !== arity : args.count < -arity) throw wrongArity(command);
    return command;
  }

  /**
   * Carries out one request; its reply, also of a refusal, is in `ctx.reply` when this returns or the promise ends.
   */
  dispatch(ctx: CallContext, args: Args): void | Promise<void> {
    const server = this.#server;
    let command: RegisteredCommand;
    try {
      command = this.resolve(args);
    } catch (refusal) {
      server.stats.commands++;
      this.#reject(ctx, server.registry.find(args), args, refusal);
      return;
    }
    const { client } = ctx;
    client.lastCommand = command;
    if (this.#allWatched || (command.mask & this.#watched) !== 0 || client.modes !== 0) {
      for (const gate of this.#gates) {
        const refusal = gate.refuse(ctx, command, args);
        if (refusal !== undefined) {
          server.stats.commands++;
          server.stats.rejected[command.id]++;
          this.#reject(ctx, command, args, refusal);
          return;
        }
      }
    }
    if (client.modes !== 0) return this.#dispatchInMode(ctx, command, args);
    const later = this.call(ctx, command, args);
    if (server.blocking.anyReady) server.blocking.serveReady();
    return later;
  }

  /** Goes on with a command that has passed the gates, of a client that is in some {@link Mode}. */
  #dispatchInMode(ctx: CallContext, command: RegisteredCommand, args: Args): void | Promise<void> {
    const { client, server } = ctx;
    if (client.transaction !== undefined && (command.mask & Flag.at_once) === 0) {
      // No memory is spent on what EXEC will not carry out.
      if (!client.isBroken) {
        client.transaction.queue(command, args, server.maskOf(command, args));
      }
      ctx.reply.simple("QUEUED");
      return;
    }
    const later = this.call(ctx, command, args);
    if (server.blocking.anyReady && server.busy === undefined) server.blocking.serveReady();
    if (client.tracking?.caching !== true) return later;
    if (later === undefined) endCaching(client, command);
    else return later.then(() => endCaching(client, command));
  }

  /** {@link call} for one command of a transaction, which is timed although its batch is timed as a whole. */
  callInner(ctx: CallContext, command: RegisteredCommand, args: Args): void | Promise<void> {
    const server = this.#server;
    if (!server.timesInner(command)) return this.call(ctx, command, args);
    const started = server.monotonic();
    const later = this.call(ctx, command, args);
    if (later !== undefined) return later;
    server.timeInner(ctx, command, args, server.monotonic() - started);
  }

  /**
   * Runs a command that has passed the gates, or that a transaction or a script calls: its reply, be it an error, is in
   * `ctx.reply`. A script's context is one of its own ({@link CallContext} with the caller as its client, its own
   * database and reply), so that what it selects is not the caller's.
   */
  call(ctx: CallContext, command: RegisteredCommand, args: Args): void | Promise<void> {
    const server = this.#server;
    const stats = server.stats;
    const run = command.run;
    stats.commands++;
    stats.calls[command.id]++;
    const changes = server.changes;
    const reply = ctx.reply;
    const mark = reply.mark();
    // What expires while keys are merely walked through leaves key by key, as if it had expired by itself.
    const isUnit = server.effects.active && (command.mask & Flag.touches_arbitrary_keys) === 0;
    if (isUnit) server.effects.begin();
    const started = server.preciseTiming ? performance.now() : 0;
    try {
      if (run === undefined) throw unknownSubcommand(command, args);
      const later = run(ctx, args);
      // Slow work and waits see to their effects themselves, at the time when something changes.
      if (later !== undefined) {
        // But what a command has changed before it began to wait leaves now.
        if (ctx.effects !== undefined) this.#handOn(ctx, args, changes, isUnit);
        else if (isUnit) server.effects.end();
        this.#track(ctx, command, args);
        if ((command.mask & Flag.executes) !== 0) return this.#executed(ctx, command, args, later);
        if (server.monitors.size > 0) feedMonitors(ctx, command, args);
        return later.catch((error) => this.#fail(ctx, command, error));
      }
    } catch (error) {
      reply.rollback(mark);
      this.#fail(ctx, command, error);
    }
    if (server.monitors.size > 0) feedMonitors(ctx, command, args);
    if (server.preciseTiming) server.timeCall(ctx, command, args, performance.now() - started);
    this.#handOn(ctx, args, changes, isUnit);
    this.#track(ctx, command, args);
  }

  /** Remembers the keys that a command has read for a client that tracks. */
  #track({ client, server }: CallContext, command: RegisteredCommand, args: Args): void {
    if ((client.modes & Mode.tracking) === 0 || (command.mask & Flag.readonly) === 0) return;
    server.tracking.remember(client, command, args);
  }

  /** Lets a client that waited go on, if `serve` can; its effects leave as those of its command. */
  serveBlocked(ctx: CallContext, args: Args, serve: () => boolean): boolean {
    const server = this.#server;
    const changes = server.changes;
    const mark = ctx.reply.mark();
    let served: boolean;
    const { client } = ctx;
    if (client.isRestricted && this.#refuseServed(ctx, args)) return true;
    const { currentSession } = server;
    // What it changes it is told of after its reply.
    server.currentSession = client;
    server.touchFor(client);
    const isUnit = server.effects.active;
    if (isUnit) server.effects.begin();
    try {
      served = serve();
    } catch (error) {
      ctx.reply.rollback(mark);
      const command = ctx.client.lastCommand;
      if (command === undefined) this.#refuse(ctx, error);
      else this.#fail(ctx, command, error);
      served = true;
    }
    this.#handOn(ctx, args, changes, isUnit);
    server.currentSession = currentSession;
    server.touchFor(currentSession);
    if (!served) client.sendPushed();
    else if (client.lastCommand !== undefined) this.#track(ctx, client.lastCommand, args);
    return served;
  }

  /** Refuses a client what it waited for, if its user is not allowed it any more. */
  #refuseServed(ctx: CallContext, args: Args): boolean {
    const { client, server } = ctx;
    const command = client.lastCommand;
    const refusal = command && server.acl.refuse(client, command, args);
    if (command === undefined || refusal === undefined) return false;
    // It counts as refused, not as called.
    server.stats.calls[command.id]--;
    server.stats.rejected[command.id]++;
    this.#refuse(ctx, refusal);
    return true;
  }

  /** Answers a client whose wait somebody ends with an error. */
  refuseBlocked(ctx: CallContext, text: string): void {
    const command = ctx.client.lastCommand;
    const refusal = new ReplyError(text);
    if (command === undefined) this.#refuse(ctx, refusal);
    else this.#fail(ctx, command, refusal);
  }

  /** Hands the effects of a command that changed something on to whoever follows them; ends its unit. */
  #handOn(ctx: CallContext, args: Args, changesBefore: number, isUnit: boolean): void {
    const { audience, effects: instead } = ctx;
    ctx.effects = undefined;
    const { effects, changes } = this.#server;
    if (ctx.isReplicated) {
      ctx.isReplicated = false;
      if (effects.active) effects.emit(ctx.db.id, args, audience & Audience.replicas);
    }
    if (changes !== changesBefore && effects.active) {
      if (instead === undefined) {
        if (isUnit) effects.emitLast(ctx.db.id, args, audience);
        else effects.emit(ctx.db.id, args, audience);
        return;
      }
      for (const parts of instead) {
        effects.emit(ctx.db.id, Args.of(...parts.map(effectBytes)), audience);
      }
    }
    if (isUnit) effects.end();
  }

  /** Ends an EXEC that took long: monitors see it after the commands that it carried out. */
  async #executed(
    ctx: CallContext,
    command: RegisteredCommand,
    args: Args,
    work: Promise<void>,
  ): Promise<void> {
    const copy = args.detach();
    try {
      await work;
    } catch (error) {
      this.#fail(ctx, command, error);
    }
    const server = this.#server;
    if (server.monitors.size > 0) feedMonitors(ctx, command, copy);
  }

  /** Answers a command that did not pass the gates; whatever is queued will not be carried out. */
  #reject(
    ctx: CallContext,
    command: RegisteredCommand | undefined,
    args: Args,
    refusal: unknown,
  ): void {
    const { client } = ctx;
    client.transaction?.abort();
    if (client.tracking !== undefined) endCaching(client, command);
    if (command === undefined || (command.mask & Flag.executes) === 0) {
      this.#refuse(ctx, refusal);
      return;
    }
    // Clients rely on it that EXEC ends the transaction whatever it answers.
    client.discardTransaction();
    if (refusal instanceof ReplyError && refusal.isBare) return this.#refuse(ctx, refusal);
    const why = (refusal instanceof Error ? refusal.message : String(refusal)).replace(/^ERR /, "");
    this.#refuse(ctx, new ReplyError(`EXECABORT Transaction discarded because of: ${why}`));
    if (this.#server.monitors.size > 0) feedMonitors(ctx, command, args);
  }

  #fail(ctx: CallContext, command: RegisteredCommand, error: unknown): void {
    this.#server.stats.failed[command.id]++;
    this.#refuse(ctx, error);
  }

  /** Answers with an expected refusal, or reports a bug. */
  #refuse(ctx: CallContext, error: unknown): void {
    const server = this.#server;
    let refusal: ReplyError;
    if (error instanceof ReplyError) {
      refusal = error;
    } else {
      server.log("warning", `A command failed unexpectedly: ${describeError(error)}`);
      refusal = new ReplyError("ERR internal error");
    }
    if (!refusal.isCounted) server.stats.countError(refusal.code);
    if (ctx.client.isPrimary && !ctx.isScript) this.#reportDivergence(ctx, refusal);
    ctx.reply.error(refusal.message);
  }

  /** What the primary could carry out should succeed here, too. */
  #reportDivergence({ client, server }: CallContext, refusal: ReplyError): void {
    server.stats.unexpectedErrors++;
    server.log(
      "warning",
      `== CRITICAL == This replica is sending an error to its master: '${refusal.message}' after ` +
        `processing the command '${client.lastCommand?.fullName ?? "<unknown>"}'`,
    );
  }
}

/** A command's flags as {@link Server.maskOf} tells; those of EXEC are joined by all that it would carry out. */
function effectiveMask(client: Session, command: RegisteredCommand, args: Args): number {
  const { mask } = command;
  if ((mask & Flag.runs_script) !== 0) return client.context.server.maskOf(command, args);
  if ((mask & Flag.executes) === 0 || client.transaction === undefined) return mask;
  return mask | client.transaction.mask;
}

/** Whether the command adds to a transaction, or would if it were allowed to: neither EXEC nor DISCARD, QUIT, RESET. */
function endsNoTransaction({ mask }: RegisteredCommand): boolean {
  return (mask & Flag.at_once) === 0 || (mask & Flag.no_multi) !== 0;
}

function describeError(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

/** The beginning of an argument; C's formats end it at a NUL byte. */
function shown(args: Args, i: number, most = SHOWN_BYTES): string {
  return args.binary(i).slice(0, most).split("\0", 1)[0];
}

function unknownCommand(args: Args): ReplyError {
  let beginning = "";
  for (let i = 1; i < args.count && beginning.length < SHOWN_BYTES; i++) {
    beginning += `'${shown(args, i, SHOWN_BYTES - beginning.length)}' `;
  }
  return new ReplyError(
    `ERR unknown command '${shown(args, 0)}', with args beginning with: ${beginning}`,
  );
}

function unknownSubcommand(command: RegisteredCommand, args: Args): ReplyError {
  const container: CommandSpec = (command.parent ?? command).spec;
  return args.count < 2 ? wrongArity(command) : new ReplyError(
    `ERR unknown subcommand '${shown(args, 1)}'. Try ${container.name} HELP.`,
  );
}

/** The request has too few or too many arguments. */
export function wrongArity(command: RegisteredCommand): ReplyError {
  return new ReplyError(`ERR wrong number of arguments for '${command.fullName}' command`);
}

function protectedCommand(name: string): ReplyError {
  const directive = `enable-${name}-command`;
  return new ReplyError(
    `ERR ${name.toUpperCase()} command not allowed. If the ${directive} option is set to "local", ` +
      `you can run it from a local connection, otherwise you need to set this option in the ` +
      `configuration file, and then restart the server.`,
  );
}
