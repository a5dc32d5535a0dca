/**
 * LATENCY: spikes above `latency-monitor-threshold`, by event. People read of them in a graph, and in advice:
 *
 *     command - high 50 ms, low 10 ms (all time high 50 ms)
 *     --------------------------------------------------------------------------------
 *        #
 *      _ #          the higher, the longer it took
 *     o####
 *
 *     54321         how long ago, from top to bottom
 *     sssss
 *
 * @module
 */

import { ReplyError } from "../../server/resp/errors.ts";
import { arg, command } from "../command.ts";
import type { Context, LatencyApi } from "../context.ts";
import { helpCommand } from "../help.ts";

/** Tips of the subcommands whose answers are each node's own. */
const EACH_NODE = [
  "nondeterministic_output",
  "request_policy:all_nodes",
  "response_policy:special",
] as const;
const FLAGS = ["admin", "noscript", "loading", "stale"] as const;

const doctor = command({
  name: "DOCTOR",
  summary: "Explains the spikes in words.",
  group: "server",
  since: "2.8.13",
  complexity: "O(1)",
  arity: 2,
  flags: FLAGS,
  tips: EACH_NODE,

  run(ctx) {
    ctx.reply.verbatim("txt", latencyReport(ctx.server.latency));
  },
});

const graph = command({
  name: "GRAPH",
  summary: "Draws the spikes of an event.",
  group: "server",
  since: "2.8.13",
  complexity: "O(1)",
  arity: 3,
  flags: FLAGS,
  args: [arg.string("event")],
  tips: EACH_NODE,

  run(ctx, args) {
    const event = args.binary(2);
    const latest = ctx.server.latency.latest().find((each) => each.event === event);
    if (latest === undefined) {
      throw new ReplyError(`ERR No samples available for event '${event}'`);
    }
    const samples = ctx.server.latency.history(event);
    ctx.reply.verbatim("txt", drawLatency(latest, samples, Math.floor(ctx.now / 1000)));
  },
});

const histogram = command({
  name: "HISTOGRAM",
  summary: "Answers how the durations of commands are distributed.",
  group: "server",
  since: "7.0.0",
  complexity: "O(N) where N is the number of commands with latency information being retrieved.",
  arity: -2,
  flags: FLAGS,
  args: [arg.string("COMMAND", { optional: true, multiple: true })],
  tips: EACH_NODE,

  run(ctx) {
    // Distributions are not kept: the answer is that of a Redis without `latency-tracking`.
    ctx.reply.map(0);
  },
});

const history = command({
  name: "HISTORY",
  summary: "Answers the spikes of an event.",
  group: "server",
  since: "2.8.13",
  complexity: "O(1)",
  arity: 3,
  flags: FLAGS,
  args: [arg.string("event")],
  tips: EACH_NODE,

  run(ctx, args) {
    const samples = ctx.server.latency.history(args.text(2));
    ctx.reply.array(samples.length);
    for (const [time, ms] of samples) {
      ctx.reply.array(2);
      ctx.reply.int(time);
      ctx.reply.int(Math.floor(ms));
    }
  },
});

const latest = command({
  name: "LATEST",
  summary: "Answers the latest spike of each event.",
  group: "server",
  since: "2.8.13",
  complexity: "O(1)",
  arity: 2,
  flags: FLAGS,
  tips: EACH_NODE,

  run: replyWithLatest,
});

const reset = command({
  name: "RESET",
  summary: "Forgets the spikes of some events, or all.",
  group: "server",
  since: "2.8.13",
  complexity: "O(1)",
  arity: -2,
  flags: FLAGS,
  args: [arg.string("event", { optional: true, multiple: true })],
  tips: ["request_policy:all_nodes", "response_policy:agg_sum"],

  run(ctx, args) {
    const events = Array.from({ length: args.count - 2 }, (_, i) => args.text(i + 2));
    ctx.reply.int(ctx.server.latency.reset(events));
  },
});

/** LATENCY */
export const latency = command({
  name: "LATENCY",
  summary: "Holds the commands about latency.",
  group: "server",
  since: "2.8.13",
  complexity: "Depends on subcommand.",
  arity: -2,
  subcommands: [
    doctor,
    graph,
    helpCommand({
      container: "LATENCY",
      group: "server",
      since: "2.8.13",
      lines: [
        "DOCTOR",
        "    The spikes explained in words.",
        "GRAPH <event>",
        "    The spikes of an <event>, drawn.",
        "HISTOGRAM [COMMAND ...]",
        "    How the durations of commands are distributed; of all when none is named.",
        "HISTORY <event>",
        "    The spikes of an <event>: Unix time and milliseconds.",
        "LATEST",
        "    The latest spike of each event, and the worst.",
        "RESET [<event> ...]",
        "    Forget the spikes of these events; of all when none is named.",
      ],
    }),
    histogram,
    history,
    latest,
    reset,
  ],
});

function replyWithLatest(ctx: Context): void {
  const events = ctx.server.latency.latest();
  ctx.reply.array(events.length);
  for (const { event, time, ms, worst } of events) {
    ctx.reply.array(4);
    ctx.reply.bulk(event);
    ctx.reply.int(time);
    ctx.reply.int(Math.floor(ms));
    ctx.reply.int(Math.floor(worst));
  }
}

type Samples = readonly (readonly [time: number, ms: number])[];

/** Columns of a graph; a longer history goes on below. */
const COLUMNS = 80;
const ROWS = 4;
/** Fillings of a cell: nothing, a third, two thirds, all of it. */
const CELLS = [" ", "_", "o", "#"] as const;

/** Draws the spikes of an event as a graph; `now` in Unix seconds. */
function drawLatency(
  { event, worst }: { event: string; worst: number },
  samples: Samples,
  now: number,
): string {
  const heights = samples.map(([, ms]) => ms);
  const high = Math.max(...heights);
  const low = Math.min(...heights);
  const lines = [
    `${event} - high ${high} ms, low ${low} ms (all time high ${worst} ms)`,
    "-".repeat(COLUMNS),
  ];
  for (let from = 0; from < samples.length; from += COLUMNS) {
    const part = samples.slice(from, from + COLUMNS);
    for (let row = ROWS - 1; row >= 0; row--) {
      lines.push(part.map(([, ms]) => cell(ms, { row, low, high })).join(""));
    }
    lines.push("", ...downwards(part.map(([time]) => age(now - time))), "");
  }
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}

/** What a spike fills of a row; the smallest of all fills a third of the lowest one. */
function cell(
  ms: number,
  { row, low, high }: { row: number; low: number; high: number },
): string {
  const most = CELLS.length - 1;
  const share = high === low ? 1 : (ms - low) / (high - low);
  const height = Math.max(1, Math.round(share * ROWS * most));
  return CELLS[Math.min(most, Math.max(0, height - row * most))];
}

function age(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86400)}d`;
}

/** Words written from top to bottom, side by side. */
function downwards(words: readonly string[]): string[] {
  const longest = Math.max(...words.map((word) => word.length));
  return Array.from(
    { length: longest },
    (_, row) => words.map((word) => word[row] ?? " ").join(""),
  );
}

/** What can be done about the spikes of an event, where something can. */
const ADVICE: Readonly<Record<string, string>> = {
  "command": "Look at SLOWLOG GET for the commands that took long, and ask for less at a time.",
  "fast-command":
    "Commands that cannot take long did: the machine may be overloaded, or garbage was collected.",
  "expire-cycle": "Many keys expire at the same time: spread their expiry.",
  "eviction-cycle": "Memory is short: raise maxmemory, or lower it in smaller steps.",
};

/** The spikes in words, with advice. */
function latencyReport(latency: LatencyApi): string {
  const events = latency.latest();
  if (events.length === 0) {
    return "No latency spikes are known. They are looked for while latency-monitor-threshold is " +
      "above 0.\n";
  }
  const lines = ["Latency spikes were seen:", ""];
  for (const { event, worst } of events) {
    lines.push(`- ${event}: ${describeSamples(latency.history(event))}, worst ever ${worst} ms.`);
    if (event in ADVICE) lines.push(`  ${ADVICE[event]}`);
  }
  return `${lines.join("\n")}\n`;
}

function describeSamples(samples: Samples): string {
  const mean = samples.reduce((sum, [, ms]) => sum + ms, 0) / samples.length;
  const period = samples[samples.length - 1][0] - samples[0][0];
  return `${samples.length} spikes within ${period} s, ${mean.toFixed(1)} ms on average`;
}
