/**
 * MEMORY: where the memory goes.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import { memoryUsage } from "../../storage/memory_usage.ts";
import { arg, command } from "../command.ts";
import { helpCommand } from "../help.ts";
import { allocatorReport, memoryReport, type MemoryStats, memoryStats } from "./memory_report.ts";
import type { Reply } from "../../server/resp/reply.ts";

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
