/**
 * ZCOUNT and ZLEXCOUNT: how many members lie between bounds.
 *
 * @module
 */

import { SortedSets } from "../../storage/sorted_sets.ts";
import { arg, command } from "../command.ts";
import { readByteBounds, readScoreBounds } from "./bounds.ts";

/** ZCOUNT */
export const zcount = command({
  name: "ZCOUNT",
  summary: "Counts the members with scores in a range.",
  group: "sorted_set",
  since: "2.0.0",
  complexity: "O(log(N))",
  arity: 4,
  flags: ["readonly", "fast"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [arg.key("key"), arg.double("min"), arg.double("max")],

  run(ctx, args) {
    const bounds = readScoreBounds(args, 2, 3);
    const set = ctx.db.tool(SortedSets).read(args, 1);
    ctx.reply.int(set === undefined ? 0 : bounds(set).count);
  },
});

/** ZLEXCOUNT */
export const zlexcount = command({
  name: "ZLEXCOUNT",
  summary: "Counts the members in a range, where all have the same score.",
  group: "sorted_set",
  since: "2.8.9",
  complexity: "O(log(N))",
  arity: 4,
  flags: ["readonly", "fast"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [arg.key("key"), arg.string("min"), arg.string("max")],

  run(ctx, args) {
    const bounds = readByteBounds(args, 2, 3);
    const set = ctx.db.tool(SortedSets).read(args, 1);
    ctx.reply.int(set === undefined ? 0 : bounds(set).count);
  },
});
