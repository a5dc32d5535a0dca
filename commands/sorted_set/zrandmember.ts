/**
 * ZRANDMEMBER: members chosen by chance.
 *
 * Chance chooses ranks, so every member is exactly as likely as any other.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError, syntaxError } from "../../server/resp/errors.ts";
import { INT64_MAX, INT64_MIN } from "../../server/resp/numbers.ts";
import { SortedSets } from "../../storage/sorted_sets.ts";
import type { SortedMembers } from "../../storage/types/sorted_members.ts";
import { arg, command } from "../command.ts";
import type { Context } from "../context.ts";
import { replyTooLarge } from "../errors.ts";
import { beginMembers, replyMember } from "./reply_members.ts";

/** Bytes of the shortest member in a reply. */
const LEAST_BULK = 6;

/** ZRANDMEMBER */
export const zrandmember = command({
  name: "ZRANDMEMBER",
  summary: "Answers members chosen by chance.",
  group: "sorted_set",
  since: "6.2.0",
  complexity: "O(M*log(N)) for M members of N",
  arity: -2,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [
    arg.key("key"),
    arg.block("options", [
      arg.integer("count"),
      arg.token("WITHSCORES", { optional: true }),
    ], { optional: true }),
  ],
  tips: ["nondeterministic_output"],

  run(ctx, args) {
    if (args.count > 2) {
      replyWithMany(ctx, args);
      return;
    }
    const set = ctx.db.tool(SortedSets).read(args, 1);
    if (set === undefined) {
      ctx.reply.null();
      return;
    }
    seekAny(ctx, set);
    replyMember(ctx.reply, set, false);
  },
});

function replyWithMany(ctx: Context, args: Args): void {
  const { reply } = ctx;
  const count = readCount(args, 2);
  if (args.count > 4 || (args.count === 4 && !args.is(3, "WITHSCORES"))) throw syntaxError();
  const withScores = args.count === 4;
  if (withScores && Math.abs(count) > Number(INT64_MAX) / 2) throw replyTooLarge();

  const set = ctx.db.tool(SortedSets).read(args, 1);
  if (set === undefined || count === 0) {
    reply.array(0);
    return;
  }
  if (count < 0) {
    // Members may repeat, so nothing else bounds the reply.
    let room = ctx.server.config.values.protoMaxBulkLen;
    if (-count * LEAST_BULK > room) throw replyTooLarge();
    beginMembers(reply, -count, withScores);
    for (let left = -count; left > 0; left--) {
      seekAny(ctx, set);
      room -= set.len + LEAST_BULK;
      if (room < 0) throw replyTooLarge();
      replyMember(reply, set, withScores);
    }
    return;
  }
  const different = Math.min(count, set.size);
  beginMembers(reply, different, withScores);
  for (const rank of chooseRanks(ctx, set.size, different)) {
    set.seek(rank);
    replyMember(reply, set, withScores);
  }
}

/** An integer whose negative is one, too. */
function readCount(args: Args, i: number): number {
  const count = args.int(i);
  if (Number.isSafeInteger(count)) return count;
  if (args.bigint(i) !== INT64_MIN) return count;
  throw new ReplyError(
    `ERR value is out of range, value must between ${-INT64_MAX} and ${INT64_MAX}`,
  );
}

function seekAny(ctx: Context, set: SortedMembers): void {
  set.seek(Math.floor(ctx.server.random() * set.size));
}

/**
 * So many different ranks below `size`: Floyd's way, which draws each once. Source: Bentley and Floyd, "A sample of
 * brilliance", Communications of the ACM 30 (1987).
 */
function chooseRanks(ctx: Context, size: number, count: number): Set<number> {
  const chosen = new Set<number>();
  for (let last = size - count; last < size; last++) {
    const rank = Math.floor(ctx.server.random() * (last + 1));
    chosen.add(chosen.has(rank) ? last : rank);
  }
  return chosen;
}
