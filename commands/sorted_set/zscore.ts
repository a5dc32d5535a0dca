/**
 * ZCARD, ZSCORE, ZMSCORE: how many members there are, and what scores they have.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import type { Reply } from "../../server/resp/reply.ts";
import { SortedSets } from "../../storage/sorted_sets.ts";
import type { SortedMembers } from "../../storage/types/sorted_members.ts";
import { arg, command } from "../command.ts";

/** ZCARD */
export const zcard = command({
  name: "ZCARD",
  summary: "Counts the members of a sorted set.",
  group: "sorted_set",
  since: "1.2.0",
  complexity: "O(1)",
  arity: 2,
  flags: ["readonly", "fast"],
  keys: [{ at: 1, access: "RO" }],
  args: [arg.key("key")],

  run(ctx, args) {
    ctx.reply.int(ctx.db.tool(SortedSets).read(args, 1)?.size ?? 0);
  },
});

/** ZSCORE */
export const zscore = command({
  name: "ZSCORE",
  summary: "Answers a member's score.",
  group: "sorted_set",
  since: "1.2.0",
  complexity: "O(1)",
  arity: 3,
  flags: ["readonly", "fast"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [arg.key("key"), arg.string("member")],

  run(ctx, args) {
    replyScore(ctx.reply, ctx.db.tool(SortedSets).read(args, 1), args, 2);
  },
});

/** ZMSCORE */
export const zmscore = command({
  name: "ZMSCORE",
  summary: "Answers the scores of several members.",
  group: "sorted_set",
  since: "6.2.0",
  complexity: "O(N) in the number of members asked for",
  arity: -3,
  flags: ["readonly", "fast"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [arg.key("key"), arg.string("member", { multiple: true })],

  run(ctx, args) {
    const set = ctx.db.tool(SortedSets).read(args, 1);
    ctx.reply.array(args.count - 2);
    for (let i = 2; i < args.count; i++) replyScore(ctx.reply, set, args, i);
  },
});

function replyScore(reply: Reply, set: SortedMembers | undefined, args: Args, i: number): void {
  const member = set?.find(args.buf, args.off[i], args.len[i]) ?? 0;
  if (set === undefined || member === 0) reply.null();
  else reply.double(set.scoreOf(member));
}
