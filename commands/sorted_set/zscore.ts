/**
 * Looking up members: ZSCORE and ZMSCORE, ZRANK and ZREVRANK; and how many there are: ZCARD in all, ZCOUNT and ZLEXCOUNT
 * between bounds.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError, syntaxError } from "../../server/resp/errors.ts";
import type { Reply } from "../../server/resp/reply.ts";
import { SortedSets } from "../../storage/sorted_sets.ts";
import type { SortedMembers } from "../../storage/types/sorted_members.ts";
import { arg, command } from "../command.ts";
import type { Context } from "../context.ts";
import { readByteBounds, readScoreBounds } from "./bounds.ts";

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

/** ZRANK */
export const zrank = command({
  name: "ZRANK",
  summary: "Answers the rank of a member, by ascending scores.",
  group: "sorted_set",
  since: "2.0.0",
  complexity: "O(log(N))",
  arity: -3,
  flags: ["readonly", "fast"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [
    arg.key("key"),
    arg.string("member"),
    arg.token("WITHSCORE", { optional: true, since: "7.2.0" }),
  ],
  history: [["7.2.0", "The option `WITHSCORE` came."]],

  run(ctx, args) {
    replyRank(ctx, args, "zrank", false);
  },
});

/** ZREVRANK */
export const zrevrank = command({
  name: "ZREVRANK",
  summary: "Answers the rank of a member, by descending scores.",
  group: "sorted_set",
  since: "2.0.0",
  complexity: "O(log(N))",
  arity: -3,
  flags: ["readonly", "fast"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [
    arg.key("key"),
    arg.string("member"),
    arg.token("WITHSCORE", { optional: true, since: "7.2.0" }),
  ],
  history: [["7.2.0", "The option `WITHSCORE` came."]],

  run(ctx, args) {
    replyRank(ctx, args, "zrevrank", true);
  },
});

function replyRank(ctx: Context, args: Args, name: string, reverse: boolean): void {
  if (args.count > 4) {
    throw new ReplyError(`ERR wrong number of arguments for '${name}' command`);
  }
  const withScore = args.count === 4;
  if (withScore && !args.is(3, "WITHSCORE")) throw syntaxError();
  const { reply } = ctx;
  const set = ctx.db.tool(SortedSets).read(args, 1);
  const member = set?.find(args.buf, args.off[2], args.len[2]) ?? 0;
  if (set === undefined || member === 0) {
    if (withScore) reply.nullArray();
    else reply.null();
    return;
  }
  const rank = set.rankOf(member);
  if (withScore) reply.array(2);
  reply.int(reverse ? set.size - 1 - rank : rank);
  if (withScore) reply.double(set.scoreOf(member));
}

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
