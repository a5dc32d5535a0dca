/**
 * Whole databases: DBSIZE, FLUSHDB, FLUSHALL, SWAPDB.
 *
 * With either word of flushing the keys are gone at once; ASYNC leaves their memory to the background, SYNC waits for it.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import { flushAll, flushDatabase } from "../../storage/lazy_free.ts";
import { arg, command, type CommandSpec } from "../command.ts";
import type { Context } from "../context.ts";
import { notInCluster } from "../errors.ts";
import { databaseAt, readDatabaseNumber } from "../generic/move.ts";

/** DBSIZE */
export const dbsize = command({
  name: "DBSIZE",
  summary: "Counts the keys of the database.",
  group: "server",
  since: "1.0.0",
  complexity: "O(1)",
  arity: 1,
  flags: ["readonly", "fast"],
  categories: ["keyspace"],
  tips: ["request_policy:all_shards", "response_policy:agg_sum"],

  run(ctx) {
    ctx.reply.int(ctx.db.size);
  },
});

const FLUSH_ARGS = [
  arg.oneOf("flush-type", [
    arg.token("ASYNC", { since: "4.0.0" }),
    arg.token("SYNC", { since: "6.2.0" }),
  ], { optional: true }),
];

/** FLUSHDB */
export const flushdb = command({
  name: "FLUSHDB",
  summary: "Removes all keys of the database.",
  group: "server",
  since: "1.0.0",
  complexity: "O(N) in the number of keys of the database",
  arity: -1,
  flags: ["write"],
  categories: ["dangerous", "keyspace"],
  args: FLUSH_ARGS,
  tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
  history: [["4.0.0", "The word `ASYNC` came."], ["6.2.0", "The word `SYNC` came."]],

  run(ctx, args) {
    const waits = readFlushType(ctx, args);
    finish(ctx, flushDatabase(ctx.db), waits);
  },
});

/** FLUSHALL */
export const flushall = command({
  name: "FLUSHALL",
  summary: "Removes all keys of all databases.",
  group: "server",
  since: "1.0.0",
  complexity: "O(N) in the number of keys of all databases",
  arity: -1,
  flags: ["write"],
  categories: ["dangerous", "keyspace"],
  args: FLUSH_ARGS,
  tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
  history: [["4.0.0", "The word `ASYNC` came."], ["6.2.0", "The word `SYNC` came."]],

  run(ctx, args) {
    const waits = readFlushType(ctx, args);
    finish(ctx, flushAll(ctx.db.keyspace), waits);
    ctx.server.saves.flushed();
  },
});

/** Whether memory is to be freed before the reply. */
function readFlushType(ctx: Context, args: Args): boolean {
  if (args.count === 1) return !ctx.server.config.values.lazyfreeLazyUserFlush;
  if (args.count === 2 && args.is(1, "SYNC")) return true;
  if (args.count === 2 && args.is(1, "ASYNC")) return false;
  throw syntaxError();
}

function finish(ctx: Context, removed: number, waits: boolean): void {
  if (waits) {
    ctx.db.keyspace.lazyFree.drain();
    ctx.server.releaseMemory();
  }
  // Replicas and the AOF are told even when there was nothing to remove, as in Redis.
  ctx.dirty(Math.max(removed, 1));
  ctx.reply.ok();
}

/** SWAPDB */
export const swapdb = command({
  name: "SWAPDB",
  summary: "Exchanges two databases for all clients.",
  group: "server",
  since: "4.0.0",
  complexity: "O(N) in the number of clients that watch or wait for keys of either database",
  arity: 3,
  flags: ["write", "fast"],
  categories: ["dangerous", "keyspace"],
  args: [arg.integer("index1"), arg.integer("index2")],

  run(ctx, args) {
    if (ctx.server.cluster !== undefined) throw notInCluster("SWAPDB is");
    const { keyspace } = ctx.db;
    const first = readDatabaseNumber(args, 1, "ERR invalid first DB index");
    const second = readDatabaseNumber(args, 2, "ERR invalid second DB index");
    const a = databaseAt(keyspace, first);
    const b = databaseAt(keyspace, second);
    if (a !== b) keyspace.swap(first, second);
    ctx.dirty();
    ctx.reply.ok();
  },
});

/** DBSIZE, FLUSHALL, FLUSHDB and SWAPDB. */
export const keyspaceServerCommands: readonly CommandSpec[] = [dbsize, flushall, flushdb, swapdb];
