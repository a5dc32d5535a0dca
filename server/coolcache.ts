/**
 * A coolcache server as a value: start one, or several, in any program.
 *
 * ```ts
 * await using server = await CoolCache.start({ port: 0 });
 * console.log(server.port);
 * ```
 *
 * @module
 */

import type { ShutdownOptions } from "../commands/context.ts";
import { commands } from "../commands/mod.ts";
import { Config, type ConfigOptions } from "./config/config.ts";
import { Refusal } from "./config/errors.ts";
import type { ConfigLine } from "./config/parser.ts";
import { Cron, moment } from "./cron.ts";
import { SocketPoller } from "./sockets/poller.ts";
import { Listeners } from "./listener.ts";
import { Logger } from "./logger.ts";
import type { Discard } from "../storage/memory/pages.ts";
import { type HistoryPlace, loadRdbFile } from "./persistence/rdb_load.ts";
import { Server } from "./server.ts";

type ClusterModule = typeof import("./cluster/cluster.ts");

/** Whether an instance has a folder for its files: else it was not said where they are to lie. */
function keepsFiles({ config, directives }: CoolCacheOptions): boolean {
  return config !== undefined || directives?.dir !== undefined;
}

/** How to start an instance. Every directive of redis.conf may be given in `directives`. */
export interface CoolCacheOptions {
  /** TCP port; 0 for a free one, undefined for the configured one (6379), null for no TCP at all. */
  port?: number | null;
  /** Addresses to listen on, in place of the `bind` directive. */
  hostname?: string | readonly string[];
  /** Path of a Unix socket to listen on. */
  unixSocket?: string;
  /**
   * Further directives, as in redis.conf: `{ maxmemory: "100mb" }`. With a `dir` the data is kept there: it is loaded at
   * the start and saved at the default save points and at the end, as redis-server does. Without one nothing is loaded,
   * and saved only where `save` says so, into the working folder.
   */
  directives?: ConfigOptions;
  /** A configuration that has been read already, in place of `directives`. */
  config?: Config;
  /** `rename-command`: lower-case names to new ones; an empty new name removes the command. */
  renames?: ReadonlyMap<string, string>;
  /** The `user` lines of a configuration that has been read. */
  users?: readonly ConfigLine[];
  /** Where log lines go; silent unless given. */
  log?: (line: string) => void;
  /** Is called when connections are accepted, but what was saved is still to be loaded. */
  onListening?: (instance: CoolCache) => void;
  /** Unix time in ms; the system's clock unless given. */
  now?: () => number;
  /** Numbers in [0, 1). */
  random?: () => number;
  /**
   * Gives free memory of the process back to the system: called after large amounts of data have gone, and for MEMORY
   * PURGE. It concerns the whole process, so nothing is done unless the program says how.
   */
  releaseMemory?: () => void;
  /**
   * Gives the memory of bytes that nobody reads any more back to the system at once, but leaves the array what it is.
   * Unless given, buffers are detached, after which all of the process's typed arrays are slower.
   */
  discardMemory?: Discard | undefined;
  /**
   * Reads and writes TCP connections by the operating system's own calls where that is possible (on Linux, with the
   * permission `ffi`), which is faster than Deno's way. The thread may stand still up to a millisecond when no client
   * has a request, so it is for a program that does nothing else.
   */
  pollSockets?: boolean;
}

/** One running instance. */
export class CoolCache implements AsyncDisposable {
  /** The server behind the sockets, for embedders and tests that run commands without one. */
  readonly server: Server;
  readonly #listeners: Listeners;
  readonly #cron: Cron;
  /** Why it has ended by itself, unless it was asked to. */
  failure: string | undefined;
  /** Whether data is loaded at the start, and saved as redis-server does by itself. */
  readonly #keepsFiles: boolean;
  #closing: Promise<void> | undefined;
  readonly #closed = Promise.withResolvers<void>();

  private constructor(options: CoolCacheOptions, config: Config, cluster?: ClusterModule) {
    this.#keepsFiles = keepsFiles(options);
    const now = options.now ?? Date.now;
    this.server = new Server({
      config,
      commands,
      logger: new Logger(
        options.log ?? (() => {}),
        () => config.values.loglevel,
        () => new Date(now()),
      ),
      ...(options.renames && { renames: options.renames }),
      ...(options.users && { users: options.users }),
      ...(cluster && { table: cluster.SlottedTable }),
      now,
      monotonic: () => performance.now(),
      random: options.random ?? Math.random,
      ...(options.releaseMemory && { releaseMemory: options.releaseMemory }),
      ...(options.discardMemory && { discardMemory: options.discardMemory }),
      end: () => this.#close(),
      fail: (message) => this.#fail(message),
    });
    const poller = options.pollSockets ? SocketPoller.open(this) : undefined;
    this.#listeners = new Listeners(this.server, poller);
    this.#cron = new Cron(this.server, () => this.#listens ? this.othersFirst() : moment());
  }

  /**
   * Starts an instance, listens, and loads what it has saved.
   *
   * @throws {Error} when an address cannot be listened on, or the saved data cannot be loaded; nothing is left running
   * then
   */
  static async start(options: CoolCacheOptions = {}): Promise<CoolCache> {
    const { directives = {} } = options;
    const config = options.config ??
      Config.fromOptions(keepsFiles(options) ? directives : { save: "", ...directives });
    // Whoever is no node of a cluster need not wait for what nodes are made of.
    const cluster = config.values.clusterEnabled ? await import("./cluster/cluster.ts") : undefined;
    const instance = new CoolCache(options, config, cluster);
    const { server } = instance;
    try {
      const place = await instance.#listenAndLoad(options, cluster);
      const { replicaof } = config.values;
      if (replicaof !== undefined) server.replica.begin(replicaof, place);
      else if (place !== undefined) server.replica.restore(place);
      server.cluster?.begin();
    } catch (error) {
      await instance.#close();
      throw error;
    }
    return instance;
  }

  /**
   * Accepts connections, which are told to wait (LOADING) until the data is there. Answers where in a history it is, if
   * that is known.
   */
  async #listenAndLoad(
    options: CoolCacheOptions,
    cluster: ClusterModule | undefined,
  ): Promise<HistoryPlace | undefined> {
    const { server } = this;
    let place: HistoryPlace | undefined;
    server.loading.begin({
      isAsync: false,
      startedAt: server.readClock(),
      usedBefore: 0,
      totalBytes: 0,
    });
    try {
      this.#listen(options);
      if (cluster !== undefined) {
        server.cluster = new cluster.Cluster(server);
        server.dispatcher.refresh();
      }
      options.onListening?.(this);
      server.log("notice", "Server initialized");
      await server.aof.begin();
      if (this.#keepsFiles && !server.aof.isEnabled) {
        await loadRdbFile(server, { place: (found) => place = found });
      }
    } finally {
      server.loading.end();
    }
    return place;
  }

  #listen(options: CoolCacheOptions): void {
    const { values } = this.server.config;
    const port = options.port === undefined ? values.port : options.port;
    const explicitZero = options.port === 0;
    if (port !== null && (port !== 0 || explicitZero)) {
      const hosts = options.hostname === undefined
        ? values.bind
        : typeof options.hostname === "string"
        ? [options.hostname]
        : options.hostname;
      this.#listeners.listenTcp(hosts, port);
    }
    const path = options.unixSocket ?? values.unixsocket;
    if (path !== "") this.#listeners.listenUnix(path, values.unixsocketperm);
    this.server.addresses = this.#listeners.addresses;
    this.server.unixSocket = this.#listeners.unixPath;
    this.server.config.onChange(["port"], () => this.#moveTcp());
  }

  #moveTcp(): void {
    const { server } = this;
    const { bind, port } = server.config.values;
    try {
      this.#listeners.moveTcp(bind, port);
    } catch (error) {
      server.log("warning", error instanceof Error ? error.message : String(error));
      throw new Refusal("Unable to listen on this port. Check server logs.");
    }
    server.addresses = this.#listeners.addresses;
  }

  get #listens(): boolean {
    return this.server.addresses.length > 0 || this.server.unixSocket !== undefined;
  }

  /** Ends when Deno's loop has looked at its own sockets and timers once. */
  othersFirst(): Promise<void> {
    return this.server.fairness.othersFirst();
  }

  /** Whether timers are due in a millisecond or two. */
  get isUrgent(): boolean {
    const { server } = this;
    return server.busy !== undefined || server.blocking.timers > 0;
  }

  /** The TCP port listened on; 0 when there is none. */
  get port(): number {
    return this.#listeners.addresses[0]?.port ?? 0;
  }

  #fail(message: string): void {
    this.failure = message;
    this.#close();
  }

  /**
   * Ends as SHUTDOWN does: replicas catch up, the data is saved if there are save points.
   *
   * @throws {ReplyError} when the data cannot be saved, or the shutdown is called off; the instance goes on then
   */
  shutdown(options: ShutdownOptions = {}): Promise<void> {
    return this.#closing ?? this.server.shutdown(options);
  }

  /**
   * Stops listening, closes all connections and timers. With save points the data is saved before; if that cannot be
   * done, the log says why.
   */
  close(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing;
    const { busy, shutdowns } = this.server;
    // What a script has half done must not be saved.
    return shutdowns.begin({ now: true, force: true, ...(busy !== undefined && { save: false }) });
  }

  /** Ends without saving. */
  #close(): Promise<void> {
    return this.#closing ??= this.#closeAll();
  }

  async #closeAll(): Promise<void> {
    this.#cron.stop();
    this.server.shutdowns.close();
    this.server.saves.cancel();
    await this.#listeners.stop();
    await this.server.cluster?.close();
    this.server.endMigrations();
    await this.server.replica.close();
    // Replies may wait for the disk.
    this.server.aof.stop();
    // Before the clients are gone: a script that is debugged would go on when it learns of that.
    this.server.scripting.close();
    this.server.functions.close();
    this.server.clients.closeAll();
    await this.server.aof.close();
    await this.server.fairness.close();
    await this.server.saves.settled();
    await this.#listeners.ended();
    await this.server.following.ended();
    this.#closed.resolve();
  }

  /** Ends when the instance has ended, by {@link close} or by SHUTDOWN. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
