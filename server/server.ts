/**
 * A running server: everything its parts share.
 *
 * It joins keyspace, configuration, clients and the dispatcher, and is what handlers see as {@link ServerApi}. It opens
 * no sockets (./listener.ts) and starts no timers (./cron.ts): ./coolcache.ts does that with it.
 *
 * @module
 */

import type { CommandSpec } from "../commands/command.ts";
import type {
  DebugSwitches,
  LogLevel,
  MemoryFigures,
  Migration,
  ServerApi,
  ShutdownOptions,
} from "../commands/context.ts";
import { cannotAppend, cannotSave } from "../commands/errors.ts";
import { Flag, type RegisteredCommand, Registry } from "../commands/registry.ts";
import { EffectStream } from "../replication/effects.ts";
import { Failover } from "../replication/failover.ts";
import { Primary } from "../replication/primary.ts";
import { ReplicaRole } from "../replication/replica_role.ts";
import { Compaction } from "../storage/compaction.ts";
import { Evictor } from "../storage/eviction.ts";
import { ActiveExpiry, FieldExpiry } from "../storage/expiry.ts";
import { AccessTracking, Keyspace } from "../storage/keyspace.ts";
import type { Discard } from "../storage/memory/pages.ts";
import { flushAll } from "../storage/lazy_free.ts";
import { Acl } from "./acl/acl.ts";
import type { TableKind } from "../storage/memory/table.ts";
import { Blocking } from "./blocking.ts";
import { type CallContext, ScriptCallContext } from "./call_context.ts";
import { Clients } from "./clients.ts";
import type { Cluster } from "./cluster/cluster.ts";
import type { Config } from "./config/config.ts";
import type { ConfigLine } from "./config/parser.ts";
import { Dispatcher } from "./dispatcher.ts";
import { Fairness } from "./fairness.ts";
import { Following } from "./following.ts";
import { composeInfo } from "./info.ts";
import { KeyEvents } from "./key_events.ts";
import { KeyNews } from "./key_news.ts";
import { Latency } from "./latency.ts";
import { Loading } from "./loading.ts";
import { LookAhead } from "./look_ahead.ts";
import type { Logger } from "./logger.ts";
import { Aof } from "./persistence/aof.ts";
import { showToMonitors, withoutSecrets } from "./monitor.ts";
import type { Migrations } from "./migration.ts";
import { Notifications } from "./notifications.ts";
import { EncoderPool } from "./output.ts";
import { RdbSaves } from "./persistence/rdb_saves.ts";
import { replicaSnapshot } from "./persistence/snapshot_options.ts";
import { PubSub } from "./pubsub.ts";
import { Pushes } from "./pushes.ts";
import type { Args } from "./resp/args.ts";
import type { ReplyError } from "./resp/errors.ts";
import { DiscardReply, type Reply } from "./resp/reply.ts";
import { Functions } from "./scripting/functions.ts";
import type { ScriptHost } from "./scripting/host.ts";
import { scriptMask } from "./scripting/script_flags.ts";
import { busyRefusal, Scripting } from "./scripting/scripting.ts";
import type { Session } from "./session.ts";
import { Shutdown } from "./shutdown.ts";
import { Slowlog } from "./slowlog.ts";
import { SAMPLE_EVERY, Stats } from "./stats.ts";
import { REDIS_VERSION } from "./version.ts";
import { Tracking } from "./tracking.ts";
import { Watches } from "./watches.ts";

/** What a server is made of and lives in; nothing of it is global. */
export interface ServerOptions {
  config: Config;
  commands: readonly CommandSpec[];
  logger: Logger;
  /** Commands under other names (lower case), or removed where the new name is empty. */
  renames?: ReadonlyMap<string, string>;
  /** The `user` lines of the configuration. */
  users?: readonly ConfigLine[];
  /** Unix time in ms. */
  now: () => number;
  /** A monotonic clock in ms. */
  monotonic: () => number;
  /** Numbers in [0, 1). */
  random: () => number;
  /** Gives memory that is free but still the process's back to the system, where that is possible. */
  releaseMemory?: () => void;
  /** Gives the memory of bytes that nobody reads any more back to the system; buffers are detached unless given. */
  discardMemory?: Discard;
  /** What databases find their keys with; a node of a cluster knows them by slot, too. */
  table?: TableKind;
  /** Ends the instance, after SHUTDOWN. */
  end: () => Promise<void>;
  /** Ends the instance at once: what it has told its clients cannot be kept. */
  fail?: (message: string) => void;
}

/** Only so precise can a duration be told while `slowlog-log-slower-than` is at least this many µs. */
const COARSE_MICROS = 2000;

/** Directives that some part keeps a consequence of. */
const FOLLOWED_DIRECTIVES = [
  "maxmemory",
  "maxmemory-policy",
  "lfu-log-factor",
  "lfu-decay-time",
  "slowlog-log-slower-than",
  "slowlog-max-len",
  "latency-monitor-threshold",
  "notify-keyspace-events",
  "min-replicas-to-write",
  "replica-ignore-maxmemory",
  "replica-read-only",
  "replica-serve-stale-data",
  "save",
  "stop-writes-on-bgsave-error",
] as const;

/** One server. */
export class Server implements ServerApi, ScriptHost {
  readonly config: Config;
  readonly registry: Registry;
  readonly acl: Acl;
  readonly keyspace: Keyspace;
  readonly clients: Clients;
  readonly dispatcher: Dispatcher;
  readonly stats: Stats;
  readonly effects = new EffectStream();
  readonly keyEvents = new KeyEvents(() => this.keyNews.follow());
  readonly keyNews: KeyNews = new KeyNews(this);
  readonly encoders = new EncoderPool();
  readonly slowlog = new Slowlog();
  readonly latency: Latency;
  readonly evictor: Evictor;
  readonly expiry: ActiveExpiry;
  readonly fieldExpiry: FieldExpiry;
  readonly compaction: Compaction;
  readonly fairness = new Fairness();
  readonly blocking: Blocking;
  readonly lookAhead: LookAhead;
  readonly pushes = new Pushes();
  readonly pubsub: PubSub = new PubSub(() => this.notifications.refresh());
  readonly notifications = new Notifications(this.keyEvents, this.pubsub);
  readonly tracking: Tracking;
  readonly watches = new Watches(this.keyEvents);
  readonly scripting: Scripting = new Scripting(this);
  readonly functions: Functions = new Functions(this);
  readonly loading = new Loading(() => {
    this.keyNews.follow();
    this.dispatcher.refresh();
  });
  readonly monitors = new Set<Session>();
  readonly discard = new DiscardReply();
  readonly debug: DebugSwitches = { activeExpire: true, flags: new Map() };
  /** 40 random hexadecimal digits that name this run. */
  readonly runId: string;
  readonly replication: Primary;
  readonly aof: Aof;
  readonly following: Following;
  readonly replica: ReplicaRole;
  readonly failover: Failover;
  readonly saves: RdbSaves;
  readonly shutdowns: Shutdown;
  /** Set while the server is a node of a cluster. */
  cluster: Cluster | undefined;
  /** Unix time in ms. */
  readonly startedAt: number;
  /** Counts every change of the data since the start. */
  changes = 0;
  /** Whether a CLIENT PAUSE is on. */
  pausesAny = false;
  /** Whether commands are timed one by one. */
  preciseTiming = false;
  /** Memory of the clients' buffers, in bytes, as of the last look. */
  clientBytes = 0;
  /** Which script has been running for so long that other clients are told so; see {@link setBusy}. */
  busy: "script" | "function" | undefined;
  /** The session whose commands run right now. */
  currentSession: Session | undefined;
  /** The TCP addresses listened on. */
  addresses: readonly { readonly hostname: string; readonly port: number }[] = [];
  /** The path of the Unix socket listened on. */
  unixSocket: string | undefined;

  readonly #options: ServerOptions;
  readonly #logger: Logger;
  readonly #startupBytes: number;
  readonly #baselineBytes = Deno.memoryUsage().rss;
  #migrations: Migrations | undefined;
  /** What {@link setBusy} said last. */
  #running: "script" | "function" | undefined;
  /** Whether a transaction that contains such a script goes on. */
  #held = false;
  #batches = 0;
  #batchStarted = 0;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#logger = options.logger;
    this.config = options.config;
    const { values } = options.config;
    this.registry = new Registry(options.commands, options.renames);
    this.acl = new Acl(this);
    this.stats = new Stats(this.registry.commands.length);
    this.keyspace = new Keyspace({
      databases: values.clusterEnabled ? 1 : values.databases,
      random: options.random,
      hooks: this.keyNews.hooks(),
      clock: options.monotonic,
      ...(options.table && { table: options.table }),
      ...(options.discardMemory && { discard: options.discardMemory }),
    });
    this.lookAhead = new LookAhead(this.keyspace.hasher);
    this.tracking = new Tracking(this);
    this.keyspace.setTime(options.now());
    this.startedAt = this.keyspace.now;
    this.runId = this.randomHex(40);
    this.replication = this.#newPrimary();
    this.aof = new Aof(this);
    this.following = new Following(this);
    this.replica = new ReplicaRole(this.following, this.replication);
    this.failover = this.#newFailover();
    this.saves = new RdbSaves(this);
    this.shutdowns = new Shutdown(this, options.end);
    this.latency = new Latency(() => values.latencyMonitorThreshold, () => this.keyspace.now);
    this.clients = new Clients(this);
    this.evictor = new Evictor(
      this.keyspace,
      values,
      () =>
        this.clientBytes + this.scripting.scriptBytes + this.functions.usedBytes +
        this.tracking.memory + this.replication.stream.backlogLength,
      options.monotonic,
    );
    this.expiry = new ActiveExpiry(this.keyspace, options.monotonic);
    this.fieldExpiry = new FieldExpiry(this.keyspace, options.monotonic);
    this.compaction = new Compaction(this.keyspace, options.monotonic);
    this.dispatcher = new Dispatcher(this);
    this.blocking = new Blocking({
      moveTime: () => this.keyspace.setTime(options.now()),
      serve: (ctx, args, serve) => this.dispatcher.serveBlocked(ctx as CallContext, args, serve),
      refuse: (ctx, text) => this.dispatcher.refuseBlocked(ctx as CallContext, text),
      isBusy: () => this.busy !== undefined,
    });
    this.#startupBytes = this.keyspace.usedBytes;
    this.config.onChange(FOLLOWED_DIRECTIVES, () => this.#applyConfig());
    this.config.onChange(
      ["requirepass"],
      ({ requirepass }) => this.acl.setDefaultPassword(requirepass),
    );
    this.config.provideUserLines(() => this.acl.configLines);
    this.#applyConfig();
    this.acl.start(options.users ?? []);
  }

  #newFailover(): Failover {
    const failover = new Failover({
      now: () => this.readClock(),
      pauseWrites: (on) => this.clients.holdWrites("failover", on),
      log: (level, message) => this.log(level, message),
    }, { replicas: this.replication, role: this.replica });
    this.replica.failover = failover;
    return failover;
  }

  #newPrimary(): Primary {
    const currentSession = () => this.currentSession;
    const upstream = () => {
      if (this.replica.primary === undefined) return "none";
      return this.replica.isLinked ? "up" : "down";
    };
    const isFailingOver = () => this.failover.isPending;
    return new Primary({
      get upstream() {
        return upstream();
      },
      get isFailingOver() {
        return isFailingOver();
      },
      promote: () => this.replica.promote(),
      config: this.config,
      effects: this.effects,
      get currentSession() {
        return currentSession();
      },
      now: () => this.keyspace.now,
      randomHex: (digits) => this.randomHex(digits),
      snapshot: (request) => replicaSnapshot(this, request),
      acknowledged: () => this.#replicaAcknowledged(),
      log: (level, message) => this.log(level, message),
    });
  }

  #replicaAcknowledged(): void {
    this.blocking.replicasAcknowledged();
    // Not now: the replica's own command is still running, and its connection may be closed.
    if (this.failover.isPending) queueMicrotask(() => this.failover.check());
  }

  /** Whether keys go when memory is short: not at a replica, whose primary sees to it. */
  get evicts(): boolean {
    return this.replica.primary === undefined || !this.config.values.replicaIgnoreMaxmemory;
  }

  get isLoading(): boolean {
    return this.loading.current !== undefined;
  }

  /** Drops all data and all functions, and tells nobody: others will come. O(keys) */
  dropAll(): void {
    flushAll(this.keyspace);
    this.keyspace.lazyFree.drain();
    this.functions.flush();
  }

  diskError({ forScript = false } = {}): ReplyError | undefined {
    if (this.saves.refusesWrites) return cannotSave({ forScript });
    const { error } = this.aof;
    return error === undefined ? undefined : cannotAppend(error, { forScript });
  }

  async migrate(ctx: CallContext, migration: Migration): Promise<void> {
    // What is sent must be what there is until the other server has it.
    this.clients.holdWrites("migration", true);
    // Nobody may see a transaction half done; EXEC lets the others go on at its end.
    if (ctx.denyBlocking) this.clients.holdEverybody(true);
    try {
      if (this.#migrations === undefined) {
        const { Migrations } = await import("./migration.ts");
        this.#migrations = new Migrations(this);
      }
      await this.#migrations.run(ctx, migration);
    } finally {
      this.clients.holdWrites("migration", false);
    }
  }

  /** How many connections {@link migrate} has, or keeps for the next time. */
  get migrationConnections(): number {
    return this.#migrations?.connections ?? 0;
  }

  /** Ends what {@link migrate} keeps for the next time. */
  endMigrations(): void {
    this.#migrations?.close();
  }

  /** Takes over what other parts keep of the configuration. */
  #applyConfig(): void {
    const { values } = this.config;
    const keyspace = this.keyspace;
    keyspace.tracking = values.maxmemoryPolicy.endsWith("-lfu")
      ? AccessTracking.lfu
      : AccessTracking.lru;
    this.touchFor(this.currentSession);
    keyspace.lfuLogFactor = values.lfuLogFactor;
    keyspace.lfuDecayMinutes = values.lfuDecayTime;
    const slower = values.slowlogLogSlowerThan;
    this.preciseTiming = (slower >= 0 && slower < COARSE_MICROS) ||
      values.latencyMonitorThreshold > 0;
    this.slowlog.trim(values.slowlogMaxLen);
    this.notifications.configure(values.notifyKeyspaceEvents);
    this.dispatcher.refresh();
  }

  /** Says that a script has been running for too long, or (undefined) that it is over. */
  setBusy(busy: "script" | "function" | undefined): void {
    this.#running = busy;
    this.busy = busy ?? (this.#held ? "script" : undefined);
    if (this.busy !== undefined && this.replica.primary !== undefined) {
      this.clients.holdPrimary(true);
    }
    this.dispatcher.refresh();
  }

  /** Keeps other clients out, as a script that has been running for too long does, until {@link release}. */
  hold(): void {
    this.#held = true;
    this.setBusy(this.#running);
  }

  /** Lets the other clients in again, and serves those who waited for what has changed. */
  release(): void {
    this.#held = false;
    this.setBusy(this.#running);
    this.clients.holdEverybody(false);
    if (this.blocking.anyReady && this.busy === undefined) this.blocking.serveReady();
    this.#letGoOnAfterBusy();
  }

  /** Lets those go on who waited for a busy script, unless something else still keeps them out. */
  #letGoOnAfterBusy(): void {
    if (this.busy !== undefined) return;
    this.clients.holdForDebugger(false);
    this.clients.holdPrimary(false);
  }

  /** A command's flags; those of a script or function that declares its own as that says. */
  maskOf({ mask, spec }: RegisteredCommand, args: Args): number {
    if ((mask & Flag.runs_script) === 0) return mask;
    const declared = spec.declaredFlags?.(this, args);
    return declared === undefined ? mask : scriptMask(mask, declared);
  }

  // --- scripts ------------------------------------------------------------------------------------------------

  isOutOfMemory(): boolean {
    return this.config.values.maxmemory > 0 && this.evicts && !this.evictor.makeRoom();
  }

  scriptContext(caller: CallContext, reply: Reply): ScriptCallContext {
    const context = new ScriptCallContext(this, caller.client, reply);
    context.db = caller.db;
    return context;
  }

  callFromScript(
    ctx: CallContext,
    command: RegisteredCommand,
    args: Args,
  ): void | Promise<void> {
    return this.dispatcher.call(ctx, command, args);
  }

  refuseInCluster(
    caller: CallContext,
    request: { readonly command: RegisteredCommand; readonly args: Args },
    options: { readonly mayCrossSlots: boolean },
  ): string | undefined {
    return this.cluster?.refuseScript(caller.client, request, options);
  }

  countRefusal(command: RegisteredCommand | undefined, code: string): void {
    if (command !== undefined) this.stats.rejected[command.id]++;
    this.stats.countError(code);
  }

  holdForDebugger(): void {
    this.clients.holdForDebugger(true);
  }

  resumeScript(caller: Session): void {
    this.touchFor(caller);
  }

  endBusyScript(): void {
    this.setBusy(undefined);
    this.touchFor(this.currentSession);
    if (this.blocking.anyReady && this.busy === undefined) this.blocking.serveReady();
    this.#letGoOnAfterBusy();
  }

  // --- time ---------------------------------------------------------------------------------------------------

  /** Moves time on before a batch of a client's commands; it stands still while they run. */
  beginBatch(session: Session): void {
    this.currentSession = session;
    if (session.noTouch || session.mustObey) this.touchFor(session);
    // For a script that runs time stands still.
    if (this.busy === undefined) this.keyspace.setTime(this.#options.now());
    if (--this.#batches < 0) {
      this.#batches = SAMPLE_EVERY;
      this.#batchStarted = this.#options.monotonic();
    }
  }

  /** Ends a unit of a client's effects: they count as its own even if its batch has long ended. */
  endUnit(client: Session): void {
    const { currentSession } = this;
    this.currentSession = client;
    this.effects.end();
    this.currentSession = currentSession;
  }

  /** Takes over whether clients are paused. */
  pausesChanged(pausesAny: boolean): void {
    this.pausesAny = pausesAny;
    this.followExpiry();
  }

  /**
   * Sees to it that expired keys are deleted when they are met, or only hidden: on a replica, whose primary says when
   * they go, and while writes are paused, when nothing may change.
   */
  followExpiry(): void {
    this.keyspace.deletesExpired = this.replica.primary === undefined && !this.pausesAny;
  }

  /** Lets lookups mark keys as used, or not, as this client wants it; while its commands run. */
  touchFor(session: Session | undefined): void {
    const { keyspace } = this;
    keyspace.touching = session?.noTouch ? AccessTracking.none : keyspace.tracking;
    // What a primary sends was done when the keys were still there.
    keyspace.hidesExpired = session?.mustObey !== true;
  }

  /** Notes what a batch took, and keeps what it has queued: its bytes are about to be read over. */
  endBatch(session: Session, commands: number): void {
    this.currentSession = undefined;
    if (session.transaction !== undefined) this.clientBytes += session.transaction.keep();
    if (session.noTouch || session.mustObey) this.touchFor(undefined);
    const last = session.lastCommand;
    if (last === undefined || this.preciseTiming || commands === 0) return;
    if (this.#batches === SAMPLE_EVERY) {
      const micros = (this.#options.monotonic() - this.#batchStarted) * 1000;
      this.stats.micros[last.id] += micros * SAMPLE_EVERY;
    }
    if (last.spec.complexity === "O(1)") return;
    // The millisecond clock is the cheap one: exact enough to find commands of 2 ms and more. Which command of a
    // pipeline was slow cannot be told, only that the last one may have been when all were so on average.
    const elapsed = (this.#options.now() - this.keyspace.now) / commands;
    const slower = this.config.values.slowlogLogSlowerThan;
    if (elapsed > 0 && slower >= 0 && elapsed * 1000 >= slower) {
      this.#logSlow(session, last, session.lastArgs, elapsed * 1000);
    }
  }

  /** Notes what one command took, in ms; only while {@link preciseTiming} is on. */
  timeCall(ctx: CallContext, command: RegisteredCommand, args: Args, ms: number): void {
    const { values } = this.config;
    this.stats.micros[command.id] += ms * 1000;
    this.latency.record((command.mask & Flag.fast) !== 0 ? "fast-command" : "command", ms);
    const slower = values.slowlogLogSlowerThan;
    // Of a script the whole is logged.
    if (slower < 0 || ms * 1000 < slower || ctx.isScript) return;
    this.#logSlow(ctx.client, command, args, ms * 1000);
  }

  /** Whether a command inside of a transaction is to be timed by itself; never while all are. */
  timesInner({ spec }: RegisteredCommand): boolean {
    if (this.preciseTiming) return false;
    return this.#batches === SAMPLE_EVERY || spec.complexity !== "O(1)";
  }

  /** Notes what such a command took, in ms. */
  timeInner(ctx: CallContext, command: RegisteredCommand, args: Args, ms: number): void {
    if (this.#batches === SAMPLE_EVERY) this.stats.micros[command.id] += ms * 1000 * SAMPLE_EVERY;
    const slower = this.config.values.slowlogLogSlowerThan;
    if (slower >= 0 && ms * 1000 >= slower) this.#logSlow(ctx.client, command, args, ms * 1000);
  }

  #logSlow(session: Session, command: RegisteredCommand, args: Args, micros: number): void {
    if ((command.mask & Flag.skip_slowlog) !== 0) return;
    this.slowlog.add(withoutSecrets(command.spec, args), {
      time: Math.floor(this.keyspace.now / 1000),
      micros: Math.round(micros),
      client: session.endpoints.remote,
      clientName: session.name,
    }, this.config.values.slowlogMaxLen);
  }

  timeMicros(): bigint {
    return BigInt(Math.floor(this.#options.now() * 1000));
  }

  /** Unix time in ms, read afresh. */
  readClock(): number {
    return this.#options.now();
  }

  /** A monotonic clock in ms. */
  monotonic(): number {
    return this.#options.monotonic();
  }

  random(): number {
    return this.#options.random();
  }

  /** So many random hexadecimal digits. */
  randomHex(digits: number): string {
    const digit = () => Math.floor(this.#options.random() * 16).toString(16);
    return Array.from({ length: digits }, digit).join("");
  }

  // --- what handlers ask for -----------------------------------------------------------------------------------

  readonly redisVersion = REDIS_VERSION;

  memory(): MemoryFigures {
    const used = this.usedMemory;
    return {
      used,
      peak: Math.max(used, this.stats.peakMemory),
      startup: this.#startupBytes,
      clients: this.clientBytes,
      resident: Deno.memoryUsage().rss,
      baseline: this.#baselineBytes,
    };
  }

  releaseMemory(): void {
    this.#options.releaseMemory?.();
  }

  /** Whether a protected command (DEBUG, MODULE) may run: the directive of its name says for whom. */
  allowsProtected(command: RegisteredCommand, client: Session): boolean {
    const { enableDebugCommand, enableModuleCommand } = this.config.values;
    const setting = command.fullName.startsWith("debug") ? enableDebugCommand : enableModuleCommand;
    return setting === "yes" || (setting === "local" && client.endpoints.isLocal);
  }

  info(sections: readonly string[]): string {
    return composeInfo(this, sections);
  }

  shutdown(options: ShutdownOptions): Promise<void> {
    // What a script has half done must not be saved.
    if (this.busy !== undefined && options.save !== false) throw busyRefusal(this.busy);
    return this.shutdowns.begin(options);
  }

  /** Ends the instance at once, because of this. */
  fail(message: string): void {
    this.log("warning", message);
    this.#options.fail?.(message);
  }

  cancelShutdown(): boolean {
    return this.shutdowns.abort();
  }

  log(level: LogLevel, message: string): void {
    this.#logger.log(level, message);
  }

  /** Lets log lines show whether the server is a primary or a replica. */
  logsAs(role: "M" | "S"): void {
    this.#logger.role = role;
  }

  monitor(client: Session): void {
    client.isMonitor = true;
    this.monitors.add(client);
  }

  showToMonitors(ctx: CallContext, args: Args): void {
    showToMonitors(ctx, args);
  }

  /** Bytes of memory that count against `maxmemory`. */
  get usedMemory(): number {
    return this.evictor.usedBytes;
  }
}
