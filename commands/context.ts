/**
 * What a running command may see and do: the interface between handlers and the server that runs them.
 *
 * Handlers know nothing of sockets, replicas, the AOF or transactions. They read arguments, change a database, say
 * what they changed, and reply. `server/` implements these interfaces.
 *
 * @module
 */

import type { Args } from "../server/resp/args.ts";
import type { ReplyError } from "../server/resp/errors.ts";
import type { Reply } from "../server/resp/reply.ts";
import type { Type } from "../storage/entry.ts";
import type { Database, Keyspace } from "../storage/keyspace.ts";
import type { ClusterApi } from "./cluster/api.ts";
import type { RegisteredCommand, Registry } from "./registry.ts";

/** The classes of keyspace events, with the letters of `notify-keyspace-events`. */
export const EventClass = {
  generic: "g",
  string: "$",
  list: "l",
  set: "s",
  hash: "h",
  sortedSet: "z",
  expired: "x",
  evicted: "e",
  stream: "t",
  module: "d",
  new: "n",
  miss: "m",
} as const;
export type EventClass = typeof EventClass[keyof typeof EventClass];

/** One part of an effect: text as UTF-8, bytes as they are, numbers in decimal. */
export type EffectPart = string | number | bigint | Uint8Array;

/** What every handler is given. One object per client, reused for all its commands. */
export interface Context {
  readonly server: ServerApi;
  readonly client: ClientApi;
  /** The selected database. */
  db: Database;
  /** Where the answer goes. */
  reply: Reply;
  /** Unix time in ms. It stands still while a command (a transaction, a script) runs. */
  readonly now: number;
  /** Whether the command must not wait, as within a transaction or a script. */
  readonly denyBlocking: boolean;
  /** Whether a script calls the command. */
  readonly isScript: boolean;

  /**
   * Says that the key in argument `i` changed: counts the change, breaks WATCH, invalidates client caches, emits the
   * keyspace event, wakes blocked clients. Call it after the change. With no event given it is the same without one.
   */
  changed(args: Args, i: number, kind?: EventClass, event?: string): void;
  /** The same for a key that is no argument, or lies in another database. */
  changedKey(key: Uint8Array, kind?: EventClass, event?: string, db?: Database): void;
  /** Whether anybody listens to keyspace events: asked before a key is looked up or copied for {@link notify}. */
  readonly notifies: boolean;
  /** Emits a further keyspace event, without counting a change. */
  notify(kind: EventClass, event: string, key: Uint8Array, db?: Database): void;
  /**
   * Replaces the effect that replicas and the AOF receive, which is the request itself unless a handler says
   * otherwise. Called more than once, the effects follow each other. Costs nothing when nobody listens.
   */
  propagate(...parts: EffectPart[]): void;
  /** Whether anybody listens: asked before an effect is composed that takes some work. */
  readonly propagates: boolean;
  /** Lets this command leave no effect, although it changed something. */
  propagateNothing(): void;
  /** Lets the request reach replicas, though not the AOF, although it changes nothing here: a message. */
  replicate(): void;
  /**
   * Makes the client wait for keys; the handler returns the promise. Where waiting is not allowed (in a transaction or
   * a script) the timeout's reply is given at once.
   */
  block(args: Args, options: BlockOptions): Promise<void> | void;
  /**
   * Carries out the client's transaction and replies with all replies, or with nothing if a watched key has changed.
   *
   * @throws {ReplyError} when there is none, or a command could not be queued
   */
  execute(): Promise<void> | void;
  /** Counts a change that belongs to no single key (FLUSHALL, SWAPDB). */
  dirty(changes?: number): void;
}

/** What a blocking command waits for. */
export interface BlockOptions {
  /** The arguments that are the keys waited for; none for who waits for replicas. */
  readonly keys: readonly number[];
  /** The type of value waited for: a key that becomes anything else wakes nobody. Any change does unless given. */
  readonly type?: Type;
  /** Also tried when a key of that type goes or becomes another (XREADGROUP, whose group is no more then). */
  readonly orGone?: boolean;
  /** How long to wait, in ms; 0 for as long as it takes. */
  readonly timeout: number;
  /**
   * Tries again after one of the keys has changed: carries the command out and replies, and answers true, or changes
   * nothing and answers false. Effects are those of the command served.
   */
  readonly serve: (ctx: Context, args: Args) => boolean;
  /** Replies that the time is over. */
  readonly onTimeout: (ctx: Context) => void;
}

/**
 * Whether a client is answered: CLIENT REPLY ON, OFF, and the two steps of SKIP, which is said by one command
 * (`skipNext` until it is over) and holds for the one after it (`skipping`).
 */
export type ReplyMode = "on" | "off" | "skipNext" | "skipping";

/** What handlers see of the client that sent the command. */
export interface ClientApi {
  readonly id: number;
  name: string;
  /** RESP version; set by HELLO. */
  protocol: 2 | 3;
  /** Whether it is on this machine. */
  readonly isLocal: boolean;
  /** Whether it may run commands at all. */
  authenticated: boolean;
  /** The ACL user's name, each byte one character. */
  readonly user: string;
  /** Whether its user is refused anything, so that what it sends is checked. */
  readonly isRestricted: boolean;
  libName: string;
  libVersion: string;
  /** CLIENT NO-EVICT and CLIENT NO-TOUCH. */
  noEvict: boolean;
  noTouch: boolean;
  /** CLIENT REPLY. */
  replyMode: ReplyMode;
  /** Whether it is sent every command that runs (MONITOR). */
  readonly isMonitor: boolean;
  /** Whether it is subscribed to something and speaks RESP2, where replies and messages look alike. */
  readonly isListener: boolean;
  /** Replies to the command at hand with what must reach the client even if CLIENT REPLY silences the command. */
  sayEvenInSilence(reply: Reply, say: (reply: Reply) => void): void;
  /** Whether it is a replica of this server. */
  readonly isReplica: boolean;
  /** How long the replication stream was after its latest write. */
  readonly writeOffset: number;
  /** How many effects the append-only file had been given with its latest write. */
  readonly effectPosition: number;
  /** Selects a database by number. */
  select(database: number): void;
  /** Whether it speaks for the primary or the AOF: its commands are effects of commands that were checked before. */
  readonly mustObey?: boolean;
  /** Whether it may read from a replica in a cluster (READONLY). */
  readsFromReplica: boolean;
  /** Lets the next command work with a slot that is on its way to this node (ASKING). */
  ask(): void;
  /** Whether it is between MULTI and EXEC. */
  readonly inTransaction: boolean;
  /** Begins to queue its commands. */
  beginTransaction(): void;
  /** Forgets the commands that are queued, and what is watched. */
  discardTransaction(): void;
  /** Lets the next transaction fail if the key changes; O(keys watched). The bytes are copied. */
  watch(db: Database, key: Uint8Array): void;
  /** Forgets what is watched, and whether it has changed. */
  unwatch(): void;
  /** How it tracks; undefined while it does not. */
  readonly tracking: TrackingState | undefined;
  /** Says how a wait that now begins can be ended from outside; undefined when it is over. */
  blockedOn(unblock: ((how: "timeout" | "error") => void) | undefined): void;
  /** How the scripts that it calls are debugged, as SCRIPT DEBUG says. */
  scriptDebugging: "no" | "yes" | "sync";
  /** Whether replies of earlier commands of the same batch have not left yet. */
  readonly hasUnsentReplies: boolean;
  /**
   * Gives `receive` what the client sends while its command goes on, as it comes and copied, and nothing once it is gone;
   * undefined lets it be requests again.
   */
  divertInput(receive: ((bytes?: Uint8Array) => void) | undefined): void;
  /** Sends something before the reply of a command that goes on. */
  sendAtOnce(compose: (reply: Reply) => void): void;
  /** Closes the connection once all replies are written. */
  closeAfterReply(): void;
  /** One line of CLIENT LIST, without the newline. */
  describe(): string;
  /** Back to a fresh connection's state, as RESET does. */
  reset(): void;
}

/** How a client wants to be told of changes to keys that it may have cached (CLIENT TRACKING). */
export interface TrackingOptions {
  /** The id of the client that is told in its place; 0 for itself. */
  readonly redirect: number;
  /** It is told of all keys with its prefixes, not of those that it has read. */
  readonly isBroadcast: boolean;
  /** Its keys are remembered only after CLIENT CACHING YES … */
  readonly isOptIn: boolean;
  /** … or always but after CLIENT CACHING NO. */
  readonly isOptOut: boolean;
  /** It is not told of its own changes. */
  readonly isNoLoop: boolean;
  /** Each byte one character. */
  readonly prefixes: readonly string[];
}

/** How a client tracks now. */
export interface TrackingState extends TrackingOptions {
  /** CLIENT CACHING was said: it holds for the next command or transaction. */
  caching: boolean;
  /** Something was to be told to the client that it redirects to, which has gone. */
  readonly isBroken: boolean;
}

/** Client-side caching. */
export interface TrackingApi {
  /** Begins to track, or changes how; prefixes are added to those that there are. */
  enable(client: ClientApi, options: TrackingOptions): void;
  disable(client: ClientApi): void;
}

/** What handlers see of the server as a whole. */
export interface ServerApi {
  readonly registry: Registry;
  readonly keyspace: Keyspace;
  readonly config: ConfigApi;
  readonly clients: ClientsApi;
  readonly pubsub: PubSubApi;
  readonly scripting: ScriptingApi;
  readonly functions: FunctionsApi;
  readonly stats: StatsApi;
  readonly tracking: TrackingApi;
  readonly replication: ReplicationApi;
  /**
   * Moves keys that are there to another server, and replies; nobody writes meanwhile.
   *
   * @throws {ReplyError} when the other server refuses, or cannot be talked to
   */
  migrate(ctx: Context, migration: Migration): Promise<void>;
  /** Undefined unless the server is a node of a cluster. */
  readonly cluster: ClusterApi | undefined;
  readonly aof: AofApi;
  readonly replica: ReplicaApi;
  readonly failover: FailoverApi;
  /** The version of Redis whose behaviour clients may expect. */
  readonly redisVersion: string;
  /** When the server started, Unix time in ms. */
  readonly startedAt: number;
  readonly acl: AclApi;
  /** Where the memory goes at this moment. */
  memory(): MemoryFigures;
  /** Gives memory that is free but still the process's back to the system, where that is possible. */
  releaseMemory(): void;
  /** Unix time in microseconds, read afresh. */
  timeMicros(): bigint;
  /** A number in [0, 1), from the server's own source. */
  random(): number;
  /** The text of INFO for these sections (lower case; empty means the default ones). */
  info(sections: readonly string[]): string;
  readonly saves: SavesApi;
  /** Whether data is being loaded. */
  readonly isLoading: boolean;
  /** Why writes are refused since the disk has failed; undefined while they are not. */
  diskError(options?: { readonly forScript?: boolean }): ReplyError | undefined;
  /** Begins an orderly end of the process or instance. */
  shutdown(options: ShutdownOptions): Promise<void>;
  /** Cancels a shutdown that waits; false when there is none. */
  cancelShutdown(): boolean;
  log(level: LogLevel, message: string): void;
  /** Sends nothing but MONITOR lines to this client from now on. */
  monitor(client: ClientApi): void;
  readonly slowlog: SlowlogApi;
  readonly latency: LatencyApi;
  /** DEBUG's switches. */
  readonly debug: DebugSwitches;
}

/** A set of rules that allows commands, keys and channels together; its parts as rules. */
export interface AclSelector {
  readonly commandRules: string;
  readonly keyRules: string;
  readonly channelRules: string;
}

/** A user. */
export interface AclUser {
  readonly name: string;
  readonly flags: readonly string[];
  /** As SHA-256, hexadecimal. */
  readonly passwords: readonly string[];
  /** At least one: the user's own rules, then those in parentheses. */
  readonly selectors: readonly AclSelector[];
  /** Whether every password will do. */
  readonly needsNoPassword: boolean;
  /** All rules, as they stand in a file. */
  describe(): string;
}

/** What of a request a user is not allowed. */
export type DenialReason = "command" | "key" | "channel";

/** Something that somebody was refused, or that was refused several times. */
export interface AclLogEntry {
  /** Counts entries from the start of the server. */
  readonly id: number;
  readonly count: number;
  readonly reason: DenialReason | "auth";
  readonly context: "toplevel" | "multi" | "lua";
  /** The command, key or channel. */
  readonly object: string;
  readonly user: string;
  /** The client's line of CLIENT LIST, the last one's. */
  readonly client: string;
  /** When it happened first and last, Unix time in ms. */
  readonly created: number;
  readonly updated: number;
}

/** What users were refused. */
export interface AclLogApi {
  /** The newest first. */
  latest(count: number): readonly AclLogEntry[];
  reset(): void;
}

/**
 * Users, and what they may do. All text is of one-byte characters. Refusals are thrown as {@link ReplyError}s with
 * Redis's texts, and change nothing.
 */
export interface AclApi {
  /** In the order of their names' bytes. */
  readonly users: readonly AclUser[];
  /** Whom clients are before they log in. */
  readonly defaultUser: AclUser;
  readonly log: AclLogApi;
  find(name: string): AclUser | undefined;
  /** Changes a user by rules, or makes it; clients that listen to what it may not any more are closed. */
  set(name: string, rules: readonly string[]): void;
  /** Deletes users, closes their clients, and answers how many there were. */
  delete(names: readonly string[]): number;
  /** Makes a client a user, if the password is right; a failure is logged, with the command that was sent. */
  logIn(client: ClientApi, name: string, password: string, command: string): boolean;
  /** Whether a client may send a request. */
  allows(client: ClientApi, command: RegisteredCommand, args: Args): boolean;
  /** Why a user may not send a request; undefined when it may. */
  explainDenial(name: string, command: RegisteredCommand, args: Args): string | undefined;
  /** Why the client that runs a script may not carry out what that calls; logged. Undefined when it may. */
  refuseInScript(client: ClientApi, command: RegisteredCommand, args: Args): string | undefined;
  /** Whether a client may send this request even if it reads any key that there is. */
  mayReadAnyKey(client: ClientApi, args: Args): boolean;
  /** Takes over the users of the ACL file in place of all others, whose clients are closed. */
  load(): void;
  /** Writes the ACL file. */
  save(): void;
}

export type LogLevel = "debug" | "verbose" | "notice" | "warning";

/** What a client has said of itself as a replica (REPLCONF), before it asks for data. */
export interface Announcement {
  /** The port that it listens on; 0 when it has not said so. */
  port: number;
  /** The address that it wants to be known by, if it is another one than its connection's. */
  address: string | undefined;
  /** Whether it understands a snapshot that ends with a mark, without its length before it (`capa eof`). */
  understandsMark: boolean;
  /** Whether it understands that a history may go on under a new id (`capa psync2`). */
  understandsNewIds: boolean;
  /** Whether its snapshot may tell when single fields of hashes expire (`capa field-times`, coolcache's own). */
  understandsFieldTimes: boolean;
  /** Whether it wants a snapshot, and nothing after it. */
  onlySnapshot: boolean;
  /** Whether its snapshot is to hold only functions, or (false) nothing; undefined for everything. */
  onlyFunctions: boolean | undefined;
}

/** A replica as ROLE shows it. */
export interface ReplicaFacts {
  readonly address: string;
  readonly port: number;
  /** How many bytes of the stream it has acknowledged. */
  readonly offset: number;
}

/** What the server is to its replicas. */
export interface ReplicationApi {
  /** How many bytes of the replication stream there have been. */
  readonly offset: number;
  /** How many clients are replicas, whatever they have so far. */
  readonly replicaCount: number;
  /** The replicas that have the data and follow the stream. */
  readonly replicas: readonly ReplicaFacts[];
  /** Whether there are fewer good ones than writes need (`min-replicas-to-write`). O(replicas). */
  readonly lacksReplicas: boolean;
  /** What a client has said of itself as a replica, to be changed. */
  announcement(client: ClientApi): Announcement;
  /**
   * Makes the client a replica, unless it is one: it goes on from where it stopped (`from`), if that is possible, or is
   * sent all data. Whatever it is to read follows the command at hand, which does not reply. Answers why not.
   */
  sync(
    client: ClientApi,
    from?: { id: string; offset: number; isFailover: boolean },
  ): string | undefined;
  /** A replica has carried out so many bytes of the stream, and has so many on its disk. */
  acknowledge(client: ClientApi, offset: number, diskOffset?: number): void;
  /** How many replicas have carried out so many bytes. O(replicas). */
  acknowledgedBy(offset: number): number;
  /** The same for their disks. */
  writtenToDiskBy(offset: number): number;
  /** Asks all replicas to acknowledge what they have carried out. */
  requestAcknowledgements(): void;
  /** Forgets how many syncs there have been (CONFIG RESETSTAT). */
  resetCounts(): void;
  /** Sends replicas a request that nobody has carried out here. */
  replicate(request: Args): void;
  /** Gives the history of the data a new id, so that replicas must copy it afresh. */
  changeId(): void;
}

/** The append-only file. */
export interface AofApi {
  /** Whether what clients write is kept, or will be when the first base is there. */
  readonly isEnabled: boolean;
  /** Begins to write the file anew, or as soon as that is possible. @throws {ReplyError} */
  rewrite(): "started" | "scheduled";
  /** Drops all data and loads it from the file; other clients are kept out meanwhile. @throws {ReplyError} */
  reload(): Promise<void>;
  /** Whether everything that the client has written is on the disk. */
  hasSynced(client: ClientApi): boolean;
}

/** Where a primary listens. */
export interface PrimaryAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * How far a replica is: it has no primary; it is to connect; it does; it makes itself known; it is sent the data; it
 * follows the stream.
 */
export type ReplicaState = "none" | "connect" | "connecting" | "handshake" | "sync" | "connected";

/** What the server is to its primary. */
export interface ReplicaApi {
  /** Whose replica it is; undefined for a primary. */
  readonly primary: PrimaryAddress | undefined;
  readonly state: ReplicaState;
  /** Whether it has no link to its primary, and so does not show data that may be old. */
  readonly isStale: boolean;
  /** Whether only its primary may write. */
  readonly isReadOnly: boolean;
  /** How many bytes of the primary's stream it has carried out; undefined while there is no stream. */
  readonly offset: number | undefined;
  /** Makes it a replica, or one of another primary. The data stay until the primary sends its own. */
  follow(primary: PrimaryAddress): void;
  /** Makes it a primary; its replicas can go on from where they are. */
  promote(): void;
  /** Tells the primary how far it is. */
  acknowledge(): void;
}

/** How a primary hands its role over. */
export interface FailoverOptions {
  /** The replica that is to be the primary; whichever is in step first, unless given. */
  readonly target?: PrimaryAddress | undefined;
  /** After so many ms it is given up, or … */
  readonly timeout?: number | undefined;
  /** … carried out although the target is not in step. */
  readonly isForced: boolean;
}

/** FAILOVER. */
export interface FailoverApi {
  /** Whether one has begun. */
  readonly isPending: boolean;
  /** Begins to wait until a replica is in step. @throws {ReplyError} when the target is none, or is not ready */
  start(options: FailoverOptions): void;
  abort(why: string): void;
}

/** How the data is saved to a file. */
export interface SavesApi {
  /** When that was done last, Unix time in s; when the server started before it was done. */
  readonly lastSave: number;
  /** Saves before it returns. @throws {ReplyError} when that cannot be done, or while it goes on in the background */
  save(): void;
  /**
   * Begins to save in the background, or will as soon as that is possible.
   *
   * @param mayWait whether it may begin later, as the append-only file is being rewritten
   * @param mustWait whether it is to begin later, as the commands at hand belong together
   * @throws {ReplyError} while that goes on already, or when it may not wait
   */
  saveInBackground(
    options: { readonly mayWait: boolean; readonly mustWait: boolean },
  ): "started" | "scheduled";
  /** All data has been dropped: what is being saved is worthless, and with save points the file is to be emptied. */
  flushed(): void;
  /**
   * Replaces the data by what the file holds, with no commands in between.
   *
   * @param saves whether the data is saved before
   * @param flushes whether the data is dropped before
   * @param replaces whether keys that are there already are replaced; they end it otherwise
   * @throws {ReplyError} when the file cannot be written or loaded
   */
  reload(
    options: { readonly saves: boolean; readonly flushes: boolean; readonly replaces: boolean },
  ): Promise<void>;
}

/** Keys on their way to another server (MIGRATE). */
export interface Migration {
  readonly host: string;
  readonly port: string;
  /** The database there. */
  readonly database: number;
  /** How long each step may take, in ms. */
  readonly timeout: number;
  /** Whether the keys stay here, too, and may take the places of others there. */
  readonly copies: boolean;
  readonly replaces: boolean;
  /** A password, or a user's name and a password; empty for none. */
  readonly credentials: readonly Uint8Array[];
  readonly keys: readonly Uint8Array[];
}

/** Where a server's memory goes, in bytes. */
export interface MemoryFigures {
  /** What counts against `maxmemory`: data, indexes, buffers. */
  readonly used: number;
  /** The most that {@link used} has been. */
  readonly peak: number;
  /** What was in use before the first key was stored. */
  readonly startup: number;
  /** Buffers of the clients. */
  readonly clients: number;
  /** Physical memory of the whole process. */
  readonly resident: number;
  /** What of {@link resident} was there before the server: the runtime. */
  readonly baseline: number;
}

export interface ShutdownOptions {
  save?: boolean;
  now?: boolean;
  force?: boolean;
}

/** Configuration that handlers look at themselves. */
export interface ConfigValues {
  /** `hash-max-listpack-entries`: the most fields that a hash has packed … */
  readonly hashMaxListpackEntries: number;
  /** `hash-max-listpack-value`: … and the longest name or value, bytes. */
  readonly hashMaxListpackValue: number;
  /** `hll-sparse-max-bytes`. */
  readonly hllSparseMaxBytes: number;
  /** `list-max-listpack-size`: below zero one of five sizes in bytes, else a number of elements. */
  readonly listMaxListpackSize: number;
  /** `proto-max-bulk-len`, bytes. */
  readonly protoMaxBulkLen: number;
  /** `lazyfree-lazy-expire`. */
  readonly lazyfreeLazyExpire: boolean;
  /** `lazyfree-lazy-server-del`: whether a key that goes as a side effect leaves as UNLINK or as DEL. */
  readonly lazyfreeLazyServerDel: boolean;
  /** `lazyfree-lazy-user-flush`: whether FLUSHALL and FLUSHDB without a word free in the background. */
  readonly lazyfreeLazyUserFlush: boolean;
  /** `set-max-intset-entries`: the most integers that a set has as an intset … */
  readonly setMaxIntsetEntries: number;
  /** `set-max-listpack-entries`: … the most members that it has as a listpack … */
  readonly setMaxListpackEntries: number;
  /** `set-max-listpack-value`: … and the longest one there, bytes. */
  readonly setMaxListpackValue: number;
  /** `stream-node-max-bytes`: from how many bytes on a stream's node is full, 0 for any number … */
  readonly streamNodeMaxBytes: number;
  /** `stream-node-max-entries`: … and from how many entries on. */
  readonly streamNodeMaxEntries: number;
  /** `zset-max-listpack-entries`: the most members that a sorted set has packed … */
  readonly zsetMaxListpackEntries: number;
  /** `zset-max-listpack-value`: … and the longest one, bytes. */
  readonly zsetMaxListpackValue: number;
}

/** Live configuration, as CONFIG sees it. */
export interface ConfigApi {
  /** Always the present values. */
  readonly values: ConfigValues;
  get(patterns: readonly string[]): [name: string, value: string][];
  /** @throws {ReplyError} with Redis's text; nothing is changed then */
  set(
    pairs: readonly (readonly [name: string, value: string])[],
    options?: { readonly local?: boolean; readonly loading?: boolean },
  ): void;
  /** Writes the configuration file. @throws {ReplyError} */
  rewrite(options?: { readonly all?: boolean }): void;
}

/** Which clients a CLIENT KILL or CLIENT LIST means. */
export interface ClientFilter {
  ids?: readonly number[];
  address?: string;
  localAddress?: string;
  type?: "normal" | "replica" | "primary" | "pubsub";
  user?: string;
  skip?: number;
  maxAgeSeconds?: number;
}

/** All connected clients. */
export interface ClientsApi {
  readonly count: number;
  get(id: number): ClientApi | undefined;
  list(filter: ClientFilter): readonly ClientApi[];
  /** Closes those clients (the caller's own after its reply) and answers how many. */
  kill(filter: ClientFilter): number;
  /** CLIENT PAUSE: until a Unix time in ms, all commands or those that write. */
  pause(until: number, what: "all" | "write"): void;
  unpause(): void;
  /** Ends a blocked client's wait, with a timeout's reply or an error; false when it is not blocked. */
  unblock(id: number, how: "timeout" | "error"): boolean;
}

/** What clients subscribe to. Messages to channels reach patterns, too; shard channels are a world of their own. */
export type SubscriptionKind = "channel" | "pattern" | "shard";

/** Publish and subscribe. Names that are given are copied. */
export interface PubSubApi {
  /** Does nothing where the client is subscribed already. */
  subscribe(client: ClientApi, kind: SubscriptionKind, name: Uint8Array): void;
  /** Does nothing where it is not. */
  unsubscribe(client: ClientApi, kind: SubscriptionKind, name: Uint8Array): void;
  /** What the client is subscribed to, in the order in which it was said. */
  subscriptions(client: ClientApi, kind: SubscriptionKind): readonly Uint8Array[];
  /** How many {@link subscriptions} there are. O(1). */
  subscriptionCount(client: ClientApi, kind: SubscriptionKind): number;
  /** All names that somebody is subscribed to, or those that match. */
  names(kind: SubscriptionKind, pattern?: Uint8Array): readonly Uint8Array[];
  /** How many clients are subscribed to a name. */
  subscriberCount(kind: SubscriptionKind, name: Uint8Array): number;
  /** How many different patterns somebody is subscribed to. */
  readonly patterns: number;
  /** Sends a message to a channel and answers how often it was sent; a client may match several times. */
  publish(channel: Uint8Array, message: Uint8Array): number;
  /** The same for a shard channel. */
  publishToShard(channel: Uint8Array, message: Uint8Array): number;
}

/** Scripts that clients send. */
export interface ScriptingApi {
  /**
   * EVAL and its like: argument 1 is a script or (`byName`) its SHA-1, argument 2 the number of keys. A promise only if the script
   * runs for long.
   *
   * @throws {ReplyError} with the script's error
   */
  evaluate(
    ctx: Context,
    args: Args,
    options: { byName: boolean; isReadOnly: boolean },
  ): void | Promise<void>;
  /** The flags of a script, the first argument; undefined if it declares none or is not known. */
  declaredFlags(args: Args, options: { byName: boolean }): number | undefined;
  /** Keeps a script and answers its name, the SHA-1. @throws {ReplyError} when it cannot be compiled */
  load(source: Uint8Array): string;
  /** Whether there is a script of that name, in lower case. */
  has(name: string): boolean;
  /** Forgets all scripts. */
  flush(): void;
  /** Ends the script that is running. @throws {ReplyError} when none is, or it must not be ended */
  kill(kind: "script" | "function"): void;
  /** Bytes of the scripts that are kept. */
  readonly scriptBytes: number;
}

/** A function that clients may call. */
export interface FunctionFacts {
  readonly name: string;
  readonly description: Uint8Array | undefined;
  /** `no-writes` and the like. */
  readonly flags: readonly string[];
}

/** A library of functions. */
export interface FunctionLibraryFacts {
  readonly name: string;
  readonly source: Uint8Array;
  readonly functions: readonly FunctionFacts[];
}

/** The function that is running. */
export interface RunningFunction {
  readonly name: string;
  /** The request that called it. */
  readonly command: readonly Uint8Array[];
  /** In ms. */
  readonly duration: number;
}

/** What becomes of the libraries that are there when others are restored. */
export type FunctionRestorePolicy = "append" | "replace" | "flush";

/** Libraries of functions. Refusals are thrown as {@link ReplyError}s with Redis's texts, and change nothing. */
export interface FunctionsApi {
  readonly libraries: Iterable<FunctionLibraryFacts>;
  readonly libraryCount: number;
  readonly functionCount: number;
  /** Makes a library of a source and answers its name. `mustObey`: the source may run for as long as it takes. */
  load(source: Uint8Array, options: { replace: boolean; mustObey: boolean }): string;
  delete(name: string): void;
  /** Deletes all libraries. */
  flush(): void;
  /** All libraries as bytes for {@link restore}. O(bytes). */
  dump(): Uint8Array;
  restore(payload: Uint8Array, policy: FunctionRestorePolicy): void;
  /** Undefined when none runs; refuses while a script does. */
  running(): RunningFunction | undefined;
  /** Ends the function that is running. */
  kill(): void;
  /** Bytes of the sources and what is kept of them. */
  readonly usedBytes: number;
  /** The flags that the function, the first argument, was registered with; undefined if it is not known. */
  declaredFlags(args: Args): number | undefined;
  /** FCALL: argument 1 is the function, argument 2 the number of keys. A promise only if the function runs for long. */
  call(ctx: Context, args: Args, options: { readOnly: boolean }): void | Promise<void>;
}

/** Counters that CONFIG RESETSTAT clears. */
export interface StatsApi {
  reset(): void;
}

/** One entry of the slow log. */
export interface SlowlogEntry {
  readonly id: number;
  /** Unix time in seconds. */
  readonly time: number;
  readonly micros: number;
  /** Trimmed as Redis trims them. */
  readonly args: readonly Uint8Array[];
  readonly client: string;
  readonly clientName: string;
}

export interface SlowlogApi {
  readonly length: number;
  /** The newest first. */
  latest(count: number): readonly SlowlogEntry[];
  reset(): void;
}

/** The latency monitor: events above `latency-monitor-threshold`. */
export interface LatencyApi {
  readonly events: readonly string[];
  /** Samples (Unix seconds, ms), oldest first. */
  history(event: string): readonly (readonly [time: number, ms: number])[];
  latest(): readonly { event: string; time: number; ms: number; worst: number }[];
  /** Forgets these events (none given: all) and answers how many existed. */
  reset(events: readonly string[]): number;
  record(event: string, ms: number): void;
}

/** Switches that the public test suites turn. */
export interface DebugSwitches {
  /** DEBUG SET-ACTIVE-EXPIRE. */
  activeExpire: boolean;
  /** DEBUG SET-DISABLE-DENY-SCRIPTS and its like have no effect but are kept. */
  readonly flags: Map<string, string>;
}
