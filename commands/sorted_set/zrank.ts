/**
 * ZRANK and ZREVRANK: how many members come before one.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError, syntaxError } from "../../server/resp/errors.ts";
import { SortedSets } from "../../storage/sorted_sets.ts";
import { arg, command } from "../command.ts";
import type { Context } from "../context.ts";

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
