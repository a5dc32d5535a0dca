/**
 * SLOWLOG.
 *
 * @module
 */

import { arg, command } from "../command.ts";
import { helpCommand, subcommandSyntaxError } from "../help.ts";

const USUAL_COUNT = 10;

const get = command({
  name: "GET",
  summary: "Answers the latest entries.",
  group: "server",
  since: "2.2.12",
  complexity: "O(N) where N is the number of entries returned",
  arity: -2,
  flags: ["admin", "loading", "stale"],
  args: [arg.integer("count", { optional: true })],
  tips: ["request_policy:all_nodes", "nondeterministic_output"],
  history: [["4.0.0", "Entries tell the client's address and name."]],

  run(ctx, args) {
    const { slowlog } = ctx.server;
    if (args.count > 3) throw subcommandSyntaxError(args, "SLOWLOG");
    let count = USUAL_COUNT;
    if (args.count === 3) {
      const refusal = "ERR count should be greater than or equal to -1";
      count = args.intBetween(2, -1, Infinity, refusal);
    }
    const entries = slowlog.latest(count === -1 ? slowlog.length : count);
    ctx.reply.array(entries.length);
    for (const entry of entries) {
      ctx.reply.array(6);
      ctx.reply.int(entry.id);
      ctx.reply.int(entry.time);
      ctx.reply.int(entry.micros);
      ctx.reply.array(entry.args.length);
      for (const argument of entry.args) ctx.reply.bulk(argument);
      ctx.reply.bulk(entry.client);
      ctx.reply.bulk(entry.clientName);
    }
  },
});

const len = command({
  name: "LEN",
  summary: "Counts the entries.",
  group: "server",
  since: "2.2.12",
  complexity: "O(1)",
  arity: 2,
  flags: ["admin", "loading", "stale"],
  tips: ["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],

  run(ctx) {
    ctx.reply.int(ctx.server.slowlog.length);
  },
});

const reset = command({
  name: "RESET",
  summary: "Forgets all entries.",
  group: "server",
  since: "2.2.12",
  complexity: "O(N) where N is the number of entries in the slowlog",
  arity: 2,
  flags: ["admin", "loading", "stale"],
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],

  run(ctx) {
    ctx.server.slowlog.reset();
    ctx.reply.ok();
  },
});

/** SLOWLOG */
export const slowlog = command({
  name: "SLOWLOG",
  summary: "Holds the commands about the log of slow commands.",
  group: "server",
  since: "2.2.12",
  complexity: "Depends on subcommand.",
  arity: -2,
  subcommands: [
    get,
    helpCommand({
      container: "SLOWLOG",
      group: "server",
      since: "6.2.0",
      lines: [
        "GET [<count>]",
        "    The latest <count> entries (10 unless told, -1 for all). An entry is made of",
        "    its ID, the Unix time, the microseconds that the command took, its arguments,",
        "    and the client's address and name.",
        "LEN",
        "    How many entries there are.",
        "RESET",
        "    Forget all entries.",
      ],
    }),
    len,
    reset,
  ],
});
