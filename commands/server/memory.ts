/**
 * MEMORY: where the memory goes, in figures and in words.
 *
 * The allocator of these figures is the arena: *allocated* are the blocks given out, *active* and *resident* the
 * chunks they lie in. The data set is what the blocks hold; indexes and buffers are overhead. Fields of Redis that
 * mean nothing here are 0.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import type { Reply } from "../../server/resp/reply.ts";
import type { Arena } from "../../storage/memory/arena.ts";
import { memoryUsage } from "../../storage/memory_usage.ts";
import { arg, command } from "../command.ts";
import type { ServerApi } from "../context.ts";
import { helpCommand } from "../help.ts";

/** Tips of the subcommands whose answers are each shard's own. */
const EACH_SHARD = [
  "nondeterministic_output",
  "request_policy:all_shards",
  "response_policy:special",
] as const;

/** How many elements of a collection tell its size unless the request says otherwise. */
const DEFAULT_SAMPLES = 5;

const doctor = command({
  name: "DOCTOR",
  summary: "Explains the use of memory in words.",
  group: "server",
  since: "4.0.0",
  complexity: "O(1)",
  arity: 2,
  tips: EACH_SHARD,

  run(ctx) {
    ctx.reply.verbatim("txt", memoryReport(ctx.server));
  },
});

const mallocStats = command({
  name: "MALLOC-STATS",
  summary: "Answers the figures of the arena that keeps the data.",
  group: "server",
  since: "4.0.0",
  complexity: "Depends on how much memory is allocated, could be slow",
  arity: 2,
  tips: EACH_SHARD,

  run(ctx) {
    ctx.reply.verbatim("txt", allocatorReport(ctx.server.keyspace.arena));
  },
});

const purge = command({
  name: "PURGE",
  summary: "Asks for free memory to be given back to the system.",
  group: "server",
  since: "4.0.0",
  complexity: "Depends on how much memory is allocated, could be slow",
  arity: 2,
  tips: ["request_policy:all_shards", "response_policy:all_succeeded"],

  run(ctx) {
    // The arena gives chunks back as soon as they are empty; what is left lies in the heap below it.
    ctx.server.releaseMemory();
    ctx.reply.ok();
  },
});

const stats = command({
  name: "STATS",
  summary: "Answers figures about the use of memory.",
  group: "server",
  since: "4.0.0",
  complexity: "O(1)",
  arity: 2,
  tips: EACH_SHARD,

  run(ctx) {
    replyWithStats(ctx.reply, memoryStats(ctx.server));
  },
});

const usage = command({
  name: "USAGE",
  summary: "Answers how many bytes a key takes, value and all.",
  group: "server",
  since: "4.0.0",
  complexity: "O(N) where N is the number of samples.",
  arity: -3,
  flags: ["readonly"],
  keys: [{ at: 2, access: "RO" }],
  args: [arg.key("key"), arg.integer("count", { token: "SAMPLES", optional: true })],

  run(ctx, args) {
    const samples = readSamples(args);
    const ref = ctx.db.peek(args, 2);
    if (ref === 0) ctx.reply.null();
    else ctx.reply.int(memoryUsage(ctx.db, ref, samples));
  },
});

/** MEMORY */
export const memory = command({
  name: "MEMORY",
  summary: "Holds the commands about memory.",
  group: "server",
  since: "4.0.0",
  complexity: "Depends on subcommand.",
  arity: -2,
  subcommands: [
    doctor,
    helpCommand({
      container: "MEMORY",
      group: "server",
      since: "4.0.0",
      lines: [
        "DOCTOR",
        "    The use of memory explained in words.",
        "MALLOC-STATS",
        "    Figures of the arena that keeps the data.",
        "PURGE",
        "    Give free memory back to the system.",
        "STATS",
        "    Figures about the use of memory.",
        "USAGE <key> [SAMPLES <count>]",
        "    How many bytes <key> takes with its value; a large collection is judged by <count> of",
        "    its elements, 0 for all.",
      ],
    }),
    mallocStats,
    purge,
    stats,
    usage,
  ],
});

/** How many elements of a collection to look at; 0 for all. */
function readSamples(args: Args): number {
  let samples = DEFAULT_SAMPLES;
  for (let i = 3; i < args.count; i += 2) {
    if (!args.is(i, "SAMPLES") || i + 1 === args.count) throw syntaxError();
    samples = args.int(i + 1);
    if (samples < 0) throw syntaxError();
  }
  return samples;
}

function replyWithStats(reply: Reply, figures: MemoryStats): void {
  const entries = Object.entries(figures);
  reply.map(entries.length);
  for (const [name, value] of entries) {
    reply.bulk(name);
    if (typeof value === "object") replyWithStats(reply, value);
    else if (RATIOS.has(name)) reply.double(value);
    else reply.int(value);
  }
}

/** Figures that are doubles even when they are whole. */
const RATIOS: ReadonlySet<string> = new Set([
  "dataset.percentage",
  "peak.percentage",
  "allocator-fragmentation.ratio",
  "allocator-rss.ratio",
  "rss-overhead.ratio",
  "fragmentation",
]);

/** Figures by name; those of a database in an object of their own. */
interface MemoryStats {
  readonly [name: string]: number | MemoryStats;
}

/** What MEMORY STATS answers. */
function memoryStats(server: ServerApi): MemoryStats {
  const { keyspace } = server;
  const { arena } = keyspace;
  const { used, peak, startup, clients, resident, baseline } = server.memory();
  const databases = keyspace.databases.filter((db) => db.size > 0);
  const keys = databases.reduce((sum, db) => sum + db.size, 0);
  const net = Math.max(1, used - startup);
  const allocated = arena.usedBytes;
  const committed = arena.committedBytes;
  return {
    "peak.allocated": Math.max(peak, used),
    "total.allocated": used,
    "startup.allocated": startup,
    "replication.backlog": 0,
    "clients.slaves": 0,
    "clients.normal": clients,
    "cluster.links": 0,
    "aof.buffer": 0,
    "lua.caches": server.scripting.scriptBytes,
    "functions.caches": server.functions.usedBytes,
    ...Object.fromEntries(databases.map((db) => [`db.${db.id}`, {
      "overhead.hashtable.main": db.table.indexBytes,
      // Expiries lie in the keys' own records.
      "overhead.hashtable.expires": 0,
      "overhead.hashtable.slot-to-keys": 0,
    }])),
    "overhead.total": used - allocated,
    "keys.count": keys,
    "keys.bytes-per-key": keys === 0 ? 0 : Math.floor(net / keys),
    "dataset.bytes": allocated,
    "dataset.percentage": Math.min(100, allocated * 100 / net),
    "peak.percentage": used * 100 / Math.max(peak, used, 1),
    "allocator.allocated": allocated,
    "allocator.active": committed,
    "allocator.resident": committed,
    "allocator-fragmentation.ratio": ratio(committed, allocated),
    "allocator-fragmentation.bytes": committed - allocated,
    "allocator-rss.ratio": 1,
    "allocator-rss.bytes": 0,
    "rss-overhead.ratio": ratio(resident, committed),
    "rss-overhead.bytes": resident - committed,
    // The runtime is no fragment: without it an empty server would alarm everybody.
    "fragmentation": ratio(resident, used + baseline),
    "fragmentation.bytes": resident - used - baseline,
  };
}

/** A ratio to nothing is 0: there is nothing to tell yet. */
function ratio(a: number, b: number): number {
  return b === 0 ? 0 : a / b;
}

/** Below this much in use, ratios say nothing. */
const LITTLE = 5 * 1024 * 1024;
const NOTEWORTHY = 10 * 1024 * 1024;
const LARGE_CLIENT = 200 * 1024;

/** What MEMORY DOCTOR answers. */
function memoryReport(server: ServerApi): string {
  const { used, peak, clients, resident, baseline } = server.memory();
  const explained = used + baseline;
  const { arena } = server.keyspace;
  if (used < LITTLE) return "Too little memory is in use to say anything about it.\n";

  const findings: string[] = [];
  if (peak > used * 1.5) {
    findings.push(
      `At the peak ${megabytes(peak)} were in use, now ${
        megabytes(used)
      }. Emptied chunks go back ` +
        `to the system by themselves; half-empty ones are joined bit by bit.`,
    );
  }
  const spare = arena.committedBytes - arena.usedBytes;
  if (spare > NOTEWORTHY && spare > arena.usedBytes * 0.1) {
    findings.push(
      `The data fills ${megabytes(arena.usedBytes)} of ${megabytes(arena.committedBytes)} that ` +
        `are set aside for it. Values of changing size do that; compaction is at work on it.`,
    );
  }
  if (resident - explained > NOTEWORTHY && resident > explained * 1.4) {
    findings.push(
      `The process takes ${megabytes(resident)}, much more than the ${
        megabytes(used)
      } in use and ` +
        `the ${megabytes(baseline)} of the runtime. Garbage and spare room make the difference.`,
    );
  }
  if (clients > server.clients.count * LARGE_CLIENT) {
    findings.push(
      `Buffers of clients take ${megabytes(clients)}, over 200 KiB each. Look for large obl and ` +
        `qbuf in CLIENT LIST.`,
    );
  }
  if (findings.length === 0) return "Nothing about the use of memory is remarkable.\n";
  return findings.map((finding) => `* ${finding}\n`).join("");
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

/** What MEMORY MALLOC-STATS answers. */
function allocatorReport(arena: Arena): string {
  return [
    "___ Begin coolcache arena statistics ___",
    `Allocated: ${arena.usedBytes}, committed: ${arena.committedBytes}`,
    `Chunks: ${arena.chunkCount}`,
    `Fragmentation: ${arena.fragmentation.toFixed(3)}`,
    "--- End coolcache arena statistics ---",
    "",
  ].join("\n");
}
