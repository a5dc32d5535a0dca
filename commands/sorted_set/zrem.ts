/**
 * ZREM, ZREMRANGEBYRANK, ZREMRANGEBYSCORE, ZREMRANGEBYLEX.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { SortedSets } from "../../storage/sorted_sets.ts";
import type { SortedMembers } from "../../storage/types/sorted_members.ts";
import { arg, command } from "../command.ts";
import { type Context, EventClass } from "../context.ts";
import { type Bounds, readBounds } from "./bounds.ts";

/** ZREM */
export const zrem = command({
  name: "ZREM",
  summary: "Removes members.",
  group: "sorted_set",
  since: "1.2.0",
  complexity: "O(M*log(N)) for M members to remove from N",
  arity: -3,
  flags: ["write", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["delete"] }],
  args: [arg.key("key"), arg.string("member", { multiple: true })],
  history: [["2.4.0", "Takes several members."]],

  run(ctx, args) {
    const set = ctx.db.tool(SortedSets).find(args, 1);
    let removed = 0;
    if (set !== undefined) {
      for (let i = 2; i < args.count && set.size > 0; i++) {
        const member = set.find(args.buf, args.off[i], args.len[i]);
        if (member === 0) continue;
        set.remove(member);
        removed++;
      }
      if (removed > 0) finishRemoval(ctx, args, set, removed, "zrem");
    }
    ctx.reply.int(removed);
  },
});

/** ZREMRANGEBYRANK */
export const zremrangebyrank = command({
  name: "ZREMRANGEBYRANK",
  summary: "Removes the members with ranks in a range.",
  group: "sorted_set",
  since: "2.0.0",
  complexity: "O(log(N)+M) for M members to remove from N",
  arity: 4,
  flags: ["write"],
  keys: [{ at: 1, access: "RW", effects: ["delete"] }],
  args: [arg.key("key"), arg.integer("start"), arg.integer("stop")],

  run(ctx, args) {
    removeRange(ctx, args, readBounds("rank", args, 2, 3), "zremrangebyrank");
  },
});

/** ZREMRANGEBYSCORE */
export const zremrangebyscore = command({
  name: "ZREMRANGEBYSCORE",
  summary: "Removes the members with scores in a range.",
  group: "sorted_set",
  since: "1.2.0",
  complexity: "O(log(N)+M) for M members to remove from N",
  arity: 4,
  flags: ["write"],
  keys: [{ at: 1, access: "RW", effects: ["delete"] }],
  args: [arg.key("key"), arg.double("min"), arg.double("max")],

  run(ctx, args) {
    removeRange(ctx, args, readBounds("score", args, 2, 3), "zremrangebyscore");
  },
});

/** ZREMRANGEBYLEX */
export const zremrangebylex = command({
  name: "ZREMRANGEBYLEX",
  summary: "Removes the members in a range, where all have the same score.",
  group: "sorted_set",
  since: "2.8.9",
  complexity: "O(log(N)+M) for M members to remove from N",
  arity: 4,
  flags: ["write"],
  keys: [{ at: 1, access: "RW", effects: ["delete"] }],
  args: [arg.key("key"), arg.string("min"), arg.string("max")],

  run(ctx, args) {
    removeRange(ctx, args, readBounds("bytes", args, 2, 3), "zremrangebylex");
  },
});

function removeRange(ctx: Context, args: Args, bounds: Bounds, event: string): void {
  const set = ctx.db.tool(SortedSets).find(args, 1);
  let removed = 0;
  if (set !== undefined) {
    const { from, count } = bounds(set);
    if (count > 0) {
      set.removeRange(from, count);
      finishRemoval(ctx, args, set, count, event);
    }
    removed = count;
  }
  ctx.reply.int(removed);
}

/** Deletes the key if its last member has gone, and tells what happened. */
function finishRemoval(
  ctx: Context,
  args: Args,
  set: SortedMembers,
  removed: number,
  event: string,
): void {
  const isDeleted = ctx.db.tool(SortedSets).deleteIfEmpty(set);
  ctx.changed(args, 1, EventClass.sortedSet, event);
  if (isDeleted) ctx.notify(EventClass.generic, "del", args.bytes(1));
  if (removed > 1) ctx.dirty(removed - 1);
}
