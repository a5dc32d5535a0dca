/**
 * XRANGE, XREVRANGE and XLEN: the entries between two IDs, and how many there are in all.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import { arg, command } from "../command.ts";
import type { Context } from "../context.ts";
import { readIntervalEnd, readIntervalStart, readStream, replyWithRange } from "./lookup.ts";

/** XRANGE */
export const xrange = command({
  name: "XRANGE",
  summary: "Answers the entries of a stream between two IDs.",
  group: "stream",
  since: "5.0.0",
  complexity: "O(N) with N being the number of elements being returned. If N is constant (e.g. " +
    "always asking for the first 10 elements with COUNT), you can consider it O(1).",
  arity: -4,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [
    arg.key("key"),
    arg.string("start"),
    arg.string("end"),
    arg.integer("count", { token: "COUNT", optional: true }),
  ],
  history: [["6.2.0", "Intervals need not include their ends."]],
  run: (ctx, args) => range(ctx, args, false),
});

/** XREVRANGE */
export const xrevrange = command({
  name: "XREVRANGE",
  summary: "Answers the entries of a stream between two IDs, the last one first.",
  group: "stream",
  since: "5.0.0",
  complexity: "O(N) with N being the number of elements returned. If N is constant (e.g. always " +
    "asking for the first 10 elements with COUNT), you can consider it O(1).",
  arity: -4,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [
    arg.key("key"),
    arg.string("end"),
    arg.string("start"),
    arg.integer("count", { token: "COUNT", optional: true }),
  ],
  history: [["6.2.0", "Intervals need not include their ends."]],
  run: (ctx, args) => range(ctx, args, true),
});

/** XLEN */
export const xlen = command({
  name: "XLEN",
  summary: "Tells how many entries a stream has.",
  group: "stream",
  since: "5.0.0",
  complexity: "O(1)",
  arity: 2,
  flags: ["readonly", "fast"],
  keys: [{ at: 1, access: "RO" }],
  args: [arg.key("key")],

  run(ctx, args) {
    ctx.reply.int(readStream(ctx.db, args, 1)?.length ?? 0);
  },
});

function range(ctx: Context, args: Args, reverse: boolean): void {
  const from = readIntervalStart(args, reverse ? 3 : 2);
  const to = readIntervalEnd(args, reverse ? 2 : 3);
  let count: number | undefined;
  for (let i = 4; i < args.count; i += 2) {
    if (i + 1 === args.count || !args.is(i, "COUNT")) throw syntaxError();
    count = Math.max(0, args.int(i + 1));
  }
  const stream = readStream(ctx.db, args, 1);
  if (stream === undefined) ctx.reply.array(0);
  else if (count === 0) ctx.reply.nullArray();
  else replyWithRange(ctx, stream, { from, to, reverse, count: count ?? 0 });
}
