/**
 * Taking members from either end: ZPOPMIN, ZPOPMAX, ZMPOP, and BZPOPMIN, BZPOPMAX, BZMPOP, which wait for some.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import { Type } from "../../storage/entry.ts";
import { SortedSets } from "../../storage/sorted_sets.ts";
import type { SortedMembers } from "../../storage/types/sorted_members.ts";
import { readBlockTimeout } from "../block_timeout.ts";
import { arg, command } from "../command.ts";
import { type Context, EventClass } from "../context.ts";

/** ZPOPMIN */
export const zpopmin = command({
  name: "ZPOPMIN",
  summary: "Takes the members with the lowest scores.",
  group: "sorted_set",
  since: "5.0.0",
  complexity: "O(log(N)*M) for M members to take from N",
  arity: -2,
  flags: ["write", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["access", "delete"] }],
  args: [arg.key("key"), arg.integer("count", { optional: true })],

  run(ctx, args) {
    popFromOne(ctx, args, "min");
  },
});

/** ZPOPMAX */
export const zpopmax = command({
  name: "ZPOPMAX",
  summary: "Takes the members with the highest scores.",
  group: "sorted_set",
  since: "5.0.0",
  complexity: "O(log(N)*M) for M members to take from N",
  arity: -2,
  flags: ["write", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["access", "delete"] }],
  args: [arg.key("key"), arg.integer("count", { optional: true })],

  run(ctx, args) {
    popFromOne(ctx, args, "max");
  },
});

/** ZMPOP */
export const zmpop = command({
  name: "ZMPOP",
  summary:
    "Takes members with the lowest or highest scores from the first of several sorted sets that is there.",
  group: "sorted_set",
  since: "7.0.0",
  complexity: "O(K)+O(M*log(N)) for K keys and M members to take from N",
  arity: -4,
  flags: ["write"],
  keys: [{ at: 1, countAt: 0, firstAt: 1, access: "RW", effects: ["access", "delete"] }],
  args: [
    arg.integer("numkeys"),
    arg.key("key", { multiple: true }),
    arg.oneOf("where", [arg.token("MIN"), arg.token("MAX")]),
    arg.integer("count", { token: "COUNT", optional: true }),
  ],

  run(ctx, args) {
    const { first, keys, end, count } = readMultiPop(args, 1);
    for (let i = first; i < first + keys; i++) {
      const set = ctx.db.tool(SortedSets).find(args, i);
      if (set === undefined) continue;
      popNested(ctx, args, i, set, { end, count });
      return;
    }
    ctx.reply.nullArray();
  },
});

/** BZPOPMIN */
export const bzpopmin = command({
  name: "BZPOPMIN",
  summary: "Takes the member with the lowest score, waiting for one if there is none.",
  group: "sorted_set",
  since: "5.0.0",
  complexity: "O(log(N))",
  arity: -3,
  flags: ["write", "blocking", "fast"],
  keys: [{ at: 1, last: -2, access: "RW", effects: ["access", "delete"] }],
  args: [arg.key("key", { multiple: true }), arg.double("timeout")],
  history: [["6.0.0", "The timeout may have a fraction."]],

  run(ctx, args) {
    return popOrWait(ctx, args, "min");
  },
});

/** BZPOPMAX */
export const bzpopmax = command({
  name: "BZPOPMAX",
  summary: "Takes the member with the highest score, waiting for one if there is none.",
  group: "sorted_set",
  since: "5.0.0",
  complexity: "O(log(N))",
  arity: -3,
  flags: ["write", "blocking", "fast"],
  keys: [{ at: 1, last: -2, access: "RW", effects: ["access", "delete"] }],
  args: [arg.key("key", { multiple: true }), arg.double("timeout")],
  history: [["6.0.0", "The timeout may have a fraction."]],

  run(ctx, args) {
    return popOrWait(ctx, args, "max");
  },
});

/** BZMPOP */
export const bzmpop = command({
  name: "BZMPOP",
  summary: "Does what ZMPOP does, waiting for members if there are none.",
  group: "sorted_set",
  since: "7.0.0",
  complexity: "O(K)+O(M*log(N)) for K keys and M members to take from N",
  arity: -5,
  flags: ["write", "blocking"],
  keys: [{ at: 2, countAt: 0, firstAt: 1, access: "RW", effects: ["access", "delete"] }],
  args: [
    arg.double("timeout"),
    arg.integer("numkeys"),
    arg.key("key", { multiple: true }),
    arg.oneOf("where", [arg.token("MIN"), arg.token("MAX")]),
    arg.integer("count", { token: "COUNT", optional: true }),
  ],

  run(ctx, args) {
    const { first, keys, end, count } = readMultiPop(args, 2);
    return serveOrWait(ctx, args, {
      first,
      keys,
      timeoutAt: 1,
      pop: (ctx, args, i, set) => popNested(ctx, args, i, set, { end, count }),
    });
  },
});

/** Redis says so of what is no integer, too. */
const COUNT_NEGATIVE = "ERR value is out of range, must be positive";

type End = "min" | "max";

/** What is taken: so many members from one end. */
interface Portion {
  end: End;
  count: number;
}

function popFromOne(ctx: Context, args: Args, end: End): void {
  if (args.count > 3) throw syntaxError();
  const { reply } = ctx;
  const hasCount = args.count === 3;
  const count = hasCount ? args.intBetween(2, 0, Infinity, COUNT_NEGATIVE) : 1;
  const set = ctx.db.tool(SortedSets).find(args, 1);
  if (set === undefined || count === 0) {
    reply.array(0);
    return;
  }
  const taken = Math.min(count, set.size);
  const isNested = hasCount && reply.protocol === 3;
  reply.array(isNested ? taken : taken * 2);
  popMembers(ctx, args, 1, set, { end, count: taken }, isNested);
}

/** Replies with the key in argument `i` and pairs of members and scores. */
function popNested(
  ctx: Context,
  args: Args,
  i: number,
  set: SortedMembers,
  { end, count }: Portion,
): void {
  const { reply } = ctx;
  const taken = Math.min(count, set.size);
  reply.array(2);
  reply.bulkAt(args.buf, args.off[i], args.len[i]);
  reply.array(taken);
  popMembers(ctx, args, i, set, { end, count: taken }, true);
  ctx.propagate(end === "min" ? "ZPOPMIN" : "ZPOPMAX", args.view(i), taken);
}

/** Takes members, which must be there, from the open set of the key in argument `i`, and replies with each. */
function popMembers(
  ctx: Context,
  args: Args,
  i: number,
  set: SortedMembers,
  { end, count }: Portion,
  isNested: boolean,
): void {
  const { reply } = ctx;
  const isMin = end === "min";
  set.seek(isMin ? 0 : set.size - 1);
  for (let left = count; left > 0; left--) {
    if (isNested) reply.array(2);
    reply.bulkAt(set.buf, set.off, set.len);
    reply.double(set.score);
    if (left === 1) break;
    if (isMin) set.forward();
    else set.back();
  }
  if (count === 1) set.removeHere();
  else set.removeRange(isMin ? 0 : set.size - count, count);
  const isDeleted = set.size === 0 && ctx.db.tool(SortedSets).deleteIfEmpty(set);
  ctx.changed(args, i, EventClass.sortedSet, isMin ? "zpopmin" : "zpopmax");
  if (isDeleted) ctx.notify(EventClass.generic, "del", args.bytes(i));
  if (count > 1) ctx.dirty(count - 1);
}

/** Reads `numkeys key … MIN|MAX [COUNT count]`. */
function readMultiPop(
  args: Args,
  keysAt: number,
): Portion & { first: number; keys: number } {
  const keys = args.intBetween(
    keysAt,
    1,
    Infinity,
    "ERR numkeys should be greater than 0",
  );
  const first = keysAt + 1;
  const whereAt = first + keys;
  if (whereAt >= args.count) throw syntaxError();
  const isMin = args.is(whereAt, "MIN");
  if (!isMin && !args.is(whereAt, "MAX")) throw syntaxError();
  let count = 0;
  for (let i = whereAt + 1; i < args.count; i += 2) {
    if (count > 0 || i + 1 === args.count || !args.is(i, "COUNT")) throw syntaxError();
    count = args.intBetween(i + 1, 1, Infinity, "ERR count should be greater than 0");
  }
  return { end: isMin ? "min" : "max", count: Math.max(count, 1), first, keys };
}

function popOrWait(ctx: Context, args: Args, end: End): Promise<void> | void {
  return serveOrWait(ctx, args, {
    first: 1,
    keys: args.count - 2,
    timeoutAt: args.count - 1,
    pop: (ctx, args, i, set) => popOne(ctx, args, i, set, end),
  });
}

/** Replies with the key in argument `i`, a member and its score. */
function popOne(ctx: Context, args: Args, i: number, set: SortedMembers, end: End): void {
  const { reply } = ctx;
  reply.array(3);
  reply.bulkAt(args.buf, args.off[i], args.len[i]);
  popMembers(ctx, args, i, set, { end, count: 1 }, false);
  ctx.propagate(end === "min" ? "ZPOPMIN" : "ZPOPMAX", args.view(i));
}

/** Where a blocking command looks, and what it does with what it finds. */
interface Wanted {
  readonly first: number;
  readonly keys: number;
  readonly timeoutAt: number;
  readonly pop: (ctx: Context, args: Args, i: number, set: SortedMembers) => void;
}

function serveOrWait(ctx: Context, args: Args, wanted: Wanted): Promise<void> | void {
  const timeout = readBlockTimeout(args, wanted.timeoutAt, ctx.now);
  if (popFirst(ctx, args, wanted)) return;
  return ctx.block(args, {
    keys: Array.from({ length: wanted.keys }, (_, k) => wanted.first + k),
    // A key of another type does not end the wait, unless it comes before one that would.
    type: Type.zset,
    timeout,
    serve: (ctx, args) => popFirst(ctx, args, wanted),
    onTimeout: ({ reply }) => reply.nullArray(),
  });
}

function popFirst(ctx: Context, args: Args, { first, keys, pop }: Wanted): boolean {
  for (let i = first; i < first + keys; i++) {
    const set = ctx.db.tool(SortedSets).find(args, i);
    if (set === undefined) continue;
    pop(ctx, args, i, set);
    return true;
  }
  return false;
}
