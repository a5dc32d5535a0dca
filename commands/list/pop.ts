/**
 * Taking elements from either end: LPOP, RPOP, LMPOP, and BLPOP, BRPOP, BLMPOP, which wait for some.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import { Type } from "../../storage/entry.ts";
import { largeList, Lists } from "../../storage/lists.ts";
import type { Ref } from "../../storage/memory/arena.ts";
import { readBlockTimeout } from "../block_timeout.ts";
import { arg, type ArgSpec, command } from "../command.ts";
import { type Context, EventClass } from "../context.ts";
import {
  COUNT_TOO_SMALL,
  KEY_COUNT_TOO_SMALL,
  POP_COUNT_NEGATIVE,
  wrongNumberOfArguments,
} from "../errors.ts";
import { readEnd } from "./move.ts";

/** LPOP */
export const lpop = command({
  name: "LPOP",
  summary: "Takes the first elements of a list.",
  group: "list",
  since: "1.0.0",
  complexity: "O(N) for N elements taken",
  arity: -2,
  flags: ["write", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["access", "delete"] }],
  args: [arg.key("key"), arg.integer("count", { optional: true, since: "6.2.0" })],
  history: [["6.2.0", "The argument `count` came."]],

  run(ctx, args) {
    popFromOne(ctx, args, true);
  },
});

/** RPOP */
export const rpop = command({
  name: "RPOP",
  summary: "Takes the last elements of a list.",
  group: "list",
  since: "1.0.0",
  complexity: "O(N) for N elements taken",
  arity: -2,
  flags: ["write", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["access", "delete"] }],
  args: [arg.key("key"), arg.integer("count", { optional: true, since: "6.2.0" })],
  history: [["6.2.0", "The argument `count` came."]],

  run(ctx, args) {
    popFromOne(ctx, args, false);
  },
});

const MULTI_POP_ARGS: readonly ArgSpec[] = [
  arg.integer("numkeys"),
  arg.key("key", { multiple: true }),
  arg.oneOf("where", [arg.token("LEFT"), arg.token("RIGHT")]),
  arg.integer("count", { token: "COUNT", optional: true }),
];

/** LMPOP */
export const lmpop = command({
  name: "LMPOP",
  summary: "Takes elements from an end of the first of several lists that exists.",
  group: "list",
  since: "7.0.0",
  complexity: "O(N+M) for N keys and M elements taken",
  arity: -4,
  flags: ["write"],
  keys: [{ at: 1, countAt: 0, firstAt: 1, access: "RW", effects: ["access", "delete"] }],
  args: MULTI_POP_ARGS,

  run(ctx, args) {
    if (!popFirstOf(ctx, args, readMultiPop(args, 1))) ctx.reply.nullArray();
  },
});

/** BLPOP */
export const blpop = command({
  name: "BLPOP",
  summary: "Takes the first element of the first of several lists that exists, waiting for one.",
  group: "list",
  since: "2.0.0",
  complexity: "O(N) for N keys",
  arity: -3,
  flags: ["write", "blocking"],
  keys: [{ at: 1, last: -2, access: "RW", effects: ["access", "delete"] }],
  args: [arg.key("key", { multiple: true }), arg.double("timeout")],
  history: [["6.0.0", "The timeout may have a fraction."]],

  run(ctx, args) {
    return popOrWait(ctx, args, args.count - 1, oneFromAny(args, true));
  },
});

/** BRPOP */
export const brpop = command({
  name: "BRPOP",
  summary: "Takes the last element of the first of several lists that exists, waiting for one.",
  group: "list",
  since: "2.0.0",
  complexity: "O(N) for N keys",
  arity: -3,
  flags: ["write", "blocking"],
  keys: [{ at: 1, last: -2, access: "RW", effects: ["access", "delete"] }],
  args: [arg.key("key", { multiple: true }), arg.double("timeout")],
  history: [["6.0.0", "The timeout may have a fraction."]],

  run(ctx, args) {
    return popOrWait(ctx, args, args.count - 1, oneFromAny(args, false));
  },
});

/** BLMPOP */
export const blmpop = command({
  name: "BLMPOP",
  summary: "Takes elements from an end of the first of several lists that exists, waiting for one.",
  group: "list",
  since: "7.0.0",
  complexity: "O(N+M) for N keys and M elements taken",
  arity: -5,
  flags: ["write", "blocking"],
  keys: [{ at: 2, countAt: 0, firstAt: 1, access: "RW", effects: ["access", "delete"] }],
  args: [arg.double("timeout"), ...MULTI_POP_ARGS],

  run(ctx, args) {
    return popOrWait(ctx, args, 1, readMultiPop(args, 2));
  },
});

/** What is to be taken from the first of several lists that exists. */
interface Portion {
  /** The argument that is the first key, and how many keys there are. */
  readonly first: number;
  readonly keys: number;
  readonly atHead: boolean;
  /** The most elements to take; 0 for one that is replied by itself. */
  readonly count: number;
}

function popFromOne(ctx: Context, args: Args, atHead: boolean): void {
  const { reply } = ctx;
  if (args.count > 3) throw wrongNumberOfArguments(atHead ? "lpop" : "rpop");
  const hasCount = args.count === 3;
  const count = hasCount ? args.intBetween(2, 0, Infinity, POP_COUNT_NEGATIVE) : 1;
  const ref = ctx.db.find(args, 1, Type.list);
  if (ref === 0) {
    if (hasCount) reply.nullArray();
    else reply.null();
    return;
  }
  if (!hasCount) {
    takeOne(ctx, args, ref, atHead);
    return;
  }
  const taken = Math.min(count, ctx.db.tool(Lists).open(ref).size);
  reply.array(taken);
  if (taken > 0) take(ctx, args, 1, ref, taken, atHead);
}

/** Replies with an end of the list at `ref`, the key in argument 1, and removes it. */
function takeOne(ctx: Context, args: Args, ref: Ref, atHead: boolean): void {
  const large = largeList(ctx.db, ref);
  // A list of several nodes stays one: the usual case, and the shortest way.
  if (large === undefined || large.nodeCount < 3) {
    take(ctx, args, 1, ref, 1, atHead);
    return;
  }
  if (atHead) large.dropHead(ctx.reply);
  else large.dropTail(ctx.reply);
  ctx.changed(args, 1, EventClass.list, atHead ? "lpop" : "rpop");
}

/** Replies with so many elements of the list at `ref`, the key in argument `i`, and removes them. */
function take(
  ctx: Context,
  args: Args,
  i: number,
  ref: Ref,
  count: number,
  atHead: boolean,
): void {
  const list = ctx.db.tool(Lists).open(ref);
  const start = atHead ? 0 : list.size - count;
  if (count === 1) {
    const { buf, off, len } = list.read(start);
    ctx.reply.bulkAt(buf, off, len);
  } else {
    list.copy(start, count, !atHead, ctx.reply);
  }
  list.remove(start, count);
  elementsRemoved(ctx, args, i, atHead ? "lpop" : "rpop", list.size);
  if (count > 1) ctx.dirty(count - 1);
}

/** Says that the open list of the key in argument `i` has lost elements, and deletes the key when none is left. */
export function elementsRemoved(
  ctx: Context,
  args: Args,
  i: number,
  event: string,
  left: number,
): void {
  const { db } = ctx;
  const lists = db.tool(Lists);
  if (left > 0) {
    lists.shrink(lists.ref, ctx.server.config.values.listMaxListpackSize);
    ctx.changed(args, i, EventClass.list, event);
    return;
  }
  db.deleteRef(lists.ref);
  ctx.changed(args, i, EventClass.list, event);
  if (ctx.notifies) ctx.notify(EventClass.generic, "del", args.bytes(i));
}

function oneFromAny(args: Args, atHead: boolean): Portion {
  return { first: 1, keys: args.count - 2, atHead, count: 0 };
}

/** Reads `numkeys key … LEFT|RIGHT [COUNT count]`. */
function readMultiPop(args: Args, at: number): Portion {
  const keys = args.intBetween(at, 1, Infinity, KEY_COUNT_TOO_SMALL);
  const whereAt = at + keys + 1;
  if (whereAt >= args.count) throw syntaxError();
  const atHead = readEnd(args, whereAt);
  let count = 0;
  for (let i = whereAt + 1; i < args.count; i += 2) {
    if (count > 0 || i + 1 === args.count || !args.is(i, "COUNT")) throw syntaxError();
    count = args.intBetween(i + 1, 1, Infinity, COUNT_TOO_SMALL);
  }
  return { first: at + 1, keys, atHead, count: Math.max(count, 1) };
}

function popOrWait(
  ctx: Context,
  args: Args,
  timeoutAt: number,
  portion: Portion,
): Promise<void> | void {
  const timeout = readBlockTimeout(args, timeoutAt, ctx.now);
  if (popFirstOf(ctx, args, portion)) return;
  return ctx.block(args, {
    keys: Array.from({ length: portion.keys }, (_, k) => portion.first + k),
    type: Type.list,
    timeout,
    serve: (ctx, args) => popFirstOf(ctx, args, portion),
    onTimeout: ({ reply }) => reply.nullArray(),
  });
}

/** Takes elements from the first key that exists; false when there is none. */
function popFirstOf(ctx: Context, args: Args, portion: Portion): boolean {
  const { db, reply } = ctx;
  const { first, keys, atHead, count } = portion;
  for (let i = first; i < first + keys; i++) {
    const ref = db.find(args, i, Type.list);
    if (ref === 0) continue;
    const name = atHead ? "LPOP" : "RPOP";
    reply.array(2);
    reply.bulkAt(args.buf, args.off[i], args.len[i]);
    if (count === 0) {
      take(ctx, args, i, ref, 1, atHead);
      if (ctx.propagates) ctx.propagate(name, args.bytes(i));
      return true;
    }
    const taken = Math.min(count, db.tool(Lists).open(ref).size);
    reply.array(taken);
    take(ctx, args, i, ref, taken, atHead);
    if (ctx.propagates) ctx.propagate(name, args.bytes(i), taken);
    return true;
  }
  return false;
}
