/**
 * LATENCY: spikes above `latency-monitor-threshold`, by event.
 *
 * @module
 */

import { ReplyError } from "../../server/resp/errors.ts";
import { arg, command } from "../command.ts";
import type { Context } from "../context.ts";
import { helpCommand } from "../help.ts";
import { drawLatency, latencyReport } from "./latency_report.ts";

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
