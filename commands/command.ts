/**
 * What a command is: one declarative object.
 *
 * Its facts are written once, here, and everything else is derived from them: arity errors, COMMAND's replies, ACL
 * categories, the dispatcher's gates, the keys that a request names. A subcommand is the same object inside its parent.
 *
 * @module
 */

import type { Args } from "../server/resp/args.ts";
import type { Context, ServerApi } from "./context.ts";

/** The groups of Redis's documentation. */
export type Group =
  | "bitmap"
  | "cluster"
  | "connection"
  | "generic"
  | "geo"
  | "hash"
  | "hyperloglog"
  | "list"
  | "pubsub"
  | "scripting"
  | "server"
  | "set"
  | "sorted_set"
  | "stream"
  | "string"
  | "transactions";

/** Redis's command flags, with their published names. */
export type CommandFlag =
  | "write"
  | "readonly"
  | "denyoom"
  | "admin"
  | "pubsub"
  | "noscript"
  | "blocking"
  | "loading"
  | "stale"
  | "skip_monitor"
  | "skip_slowlog"
  | "asking"
  | "fast"
  | "no_auth"
  | "may_replicate"
  | "no_async_loading"
  | "no_multi"
  | "movablekeys"
  | "allow_busy"
  | "protected"
  | "touches_arbitrary_keys"
  | "sentinel"
  | "experimental"
  | "no_mandatory_keys";

/** What a command does to a key as a whole. */
export type KeyAccess = "RO" | "RW" | "OW" | "RM";

/** What a command does with a key's value, and caveats about the key spec itself. */
export type KeyEffect =
  | "access"
  | "update"
  | "insert"
  | "delete"
  | "not_key"
  | "incomplete"
  | "variable_flags";

/** What becomes of a key: the part of a key spec that ACL rules and COMMAND GETKEYSANDFLAGS look at. */
export type KeyUse = Pick<KeySpec, "access" | "effects">;

/** Which arguments are names of channels that the user must be allowed. */
export interface ChannelUse {
  /** Index of the first one. */
  readonly first: number;
  /** Index of the last one; negative: from the end of the request. */
  readonly last: number;
  /** They are patterns. */
  readonly arePatterns?: true;
}

/** How a command's keys are found among its arguments; the published "key specifications". */
export interface KeySpec {
  /** Absent where no key is meant: a shard channel, which belongs to a slot like a key. */
  readonly access?: KeyAccess;
  readonly effects?: readonly KeyEffect[];
  /** Index of the argument where the search begins. */
  readonly at?: number;
  /** Or: the word after which it begins, searched from argument `from` on (negative: from the end, backwards). */
  readonly keyword?: string;
  readonly from?: number;
  /** A range of keys: index of the last one relative to the first (negative: from the end of the request). Default 0. */
  readonly last?: number;
  /** How far two keys are apart. Default 1. */
  readonly step?: number;
  /** With `last: -1`: stop after 1/limit of the remaining arguments. Default 0, no limit. */
  readonly limit?: number;
  /** Or: a count of keys stands at this index, relative to the beginning of the search … */
  readonly countAt?: number;
  /** … and the first key at this one. */
  readonly firstAt?: number;
  /** Keys exist that no spec can describe. */
  readonly unknown?: true;
  readonly note?: string;
}

/** One argument of a command's grammar, as COMMAND DOCS tells it. */
export interface ArgSpec {
  readonly name: string;
  readonly type:
    | "string"
    | "integer"
    | "double"
    | "key"
    | "pattern"
    | "unix-time"
    | "pure-token"
    | "oneof"
    | "block";
  readonly displayText?: string;
  readonly token?: string;
  readonly summary?: string;
  readonly since?: string;
  readonly deprecatedSince?: string;
  readonly keySpecIndex?: number;
  readonly optional?: boolean;
  readonly multiple?: boolean;
  readonly multipleToken?: boolean;
  readonly args?: readonly ArgSpec[];
}

/** The facts of one command. */
export interface CommandSpec {
  /** Upper case, `GET`; of a subcommand its own word only, `ENCODING`. */
  readonly name: string;
  readonly summary: string;
  readonly group: Group;
  readonly since: string;
  readonly complexity?: string;
  /** Number of arguments with the name (and the subcommand's name); negative means "at least". */
  readonly arity: number;
  readonly flags?: readonly CommandFlag[];
  /** ACL categories beyond those that flags and group imply, without `@`; `-keyspace` takes an implied one away. */
  readonly categories?: readonly string[];
  readonly keys?: readonly KeySpec[];
  /** Channels that are listened to or sent to, shard channels included. */
  readonly channels?: ChannelUse;
  readonly args?: readonly ArgSpec[];
  readonly tips?: readonly string[];
  /** Pairs of version and change. */
  readonly history?: readonly (readonly [since: string, change: string])[];
  readonly deprecatedSince?: string;
  readonly replacedBy?: string;
  readonly docFlags?: readonly ("deprecated" | "syscmd")[];
  readonly subcommands?: readonly CommandSpec[];
  /**
   * Finds the keys where specs cannot; answers indexes into the arguments.
   *
   * @throws {ReplyError} when the arguments are not the command's
   */
  readonly findKeys?: (args: Args) => number[];
  /** What this request really does with its keys, where a spec is marked `variable_flags`. */
  readonly keyUse?: (args: Args) => KeyUse;
  /** Whether a client that is subscribed to something may say it in RESP2, too. */
  readonly whileSubscribed?: true;
  /**
   * How it stands to a transaction, unless it is queued like all others: it is carried out at once even between MULTI
   * and EXEC, or it is the one that executes the transaction, and is refused wherever a queued command is.
   */
  readonly inTransaction?: "at-once" | "executes";
  /** Whether it is refused like a write while the disk fails, since it is how clients ask whether all is well. */
  readonly tellsOfDiskErrors?: true;
  /**
   * What this request, of a command that runs a script or function, says of that: its flags as bits (`no-writes` …);
   * undefined if it says nothing, or there is none.
   */
  readonly declaredFlags?: (server: ServerApi, args: Args) => number | undefined;
  /** Indexes of the arguments that no log may show: passwords. Asked before the arguments are checked. */
  readonly secrets?: (args: Args) => readonly number[];
  /**
   * Carries the command out and replies. Must check everything before the first write.
   *
   * A promise is for slow work only: the client's further requests wait for it, everybody else goes on.
   */
  readonly run?: (ctx: Context, args: Args) => void | Promise<void>;
}

/** Declares a command; the identity function, for the type's sake. */
export function command(spec: CommandSpec): CommandSpec {
  return spec;
}

type ArgOptions = Partial<Omit<ArgSpec, "name" | "type" | "args">>;

function simple(type: ArgSpec["type"]) {
  return (name: string, options: ArgOptions = {}): ArgSpec => ({ name, type, ...options });
}

/** Short hands for the grammar of a command's arguments. */
export const arg = {
  string: simple("string"),
  integer: simple("integer"),
  double: simple("double"),
  pattern: simple("pattern"),
  unixTime: simple("unix-time"),
  /** A key that the command's key spec of that index finds (default: the first). */
  key: (name: string, options: ArgOptions = {}): ArgSpec => ({
    name,
    type: "key",
    keySpecIndex: 0,
    ...options,
  }),
  /** A word that stands for itself; its name is the word in lower case unless given. */
  token: (token: string, options: ArgOptions & { name?: string } = {}): ArgSpec => ({
    name: token.toLowerCase(),
    type: "pure-token",
    token,
    ...options,
  }),
  oneOf: (name: string, args: readonly ArgSpec[], options: ArgOptions = {}): ArgSpec => ({
    name,
    type: "oneof",
    args,
    ...options,
  }),
  block: (name: string, args: readonly ArgSpec[], options: ArgOptions = {}): ArgSpec => ({
    name,
    type: "block",
    args,
    ...options,
  }),
};
