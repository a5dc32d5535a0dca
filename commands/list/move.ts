/**
 * Moving an element from list to list: LMOVE, RPOPLPUSH, and BLMOVE, BRPOPLPUSH, which wait for one.
 *
 * Also here: the words for a list's two ends.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import { Type } from "../../storage/entry.ts";
import { Lists } from "../../storage/lists.ts";
import type { Ref } from "../../storage/memory/arena.ts";
import { readBlockTimeout } from "../block_timeout.ts";
import { arg, type ArgSpec, command, type KeySpec } from "../command.ts";
import { type Context, EventClass } from "../context.ts";
import { elementsRemoved } from "./pop.ts";

/**
 * Whether argument `i` says LEFT, the head, rather than RIGHT.
 *
 * @throws {ReplyError} when it says neither
 */
export function readEnd(args: Args, i: number): boolean {
  if (args.is(i, "LEFT")) return true;
  if (args.is(i, "RIGHT")) return false;
  throw syntaxError();
}

const KEYS: readonly KeySpec[] = [
  { at: 1, access: "RW", effects: ["access", "delete"] },
  { at: 2, access: "RW", effects: ["insert"] },
];
const SOURCE_AND_DESTINATION: readonly ArgSpec[] = [
  arg.key("source"),
  arg.key("destination", { keySpecIndex: 1 }),
];
const ENDS: readonly ArgSpec[] = [
  arg.oneOf("wherefrom", [arg.token("LEFT"), arg.token("RIGHT")]),
  arg.oneOf("whereto", [arg.token("LEFT"), arg.token("RIGHT")]),
];

/** LMOVE */
export const lmove = command({
  name: "LMOVE",
  summary: "Moves an element from an end of one list to an end of another.",
  group: "list",
  since: "6.2.0",
  complexity: "O(1)",
  arity: 5,
  flags: ["write", "denyoom"],
  keys: KEYS,
  args: [...SOURCE_AND_DESTINATION, ...ENDS],

  run(ctx, args) {
    const fromHead = readEnd(args, 3);
    const toHead = readEnd(args, 4);
    if (!move(ctx, args, { fromHead, toHead })) ctx.reply.null();
  },
});

/** RPOPLPUSH */
export const rpoplpush = command({
  name: "RPOPLPUSH",
  summary: "Moves the last element of a list to the head of another.",
  group: "list",
  since: "1.2.0",
  complexity: "O(1)",
  deprecatedSince: "6.2.0",
  replacedBy: "`LMOVE` with the `RIGHT` and `LEFT` arguments",
  docFlags: ["deprecated"],
  arity: 3,
  flags: ["write", "denyoom"],
  keys: KEYS,
  args: SOURCE_AND_DESTINATION,

  run(ctx, args) {
    if (!move(ctx, args, { fromHead: false, toHead: true })) ctx.reply.null();
  },
});

/** BLMOVE */
export const blmove = command({
  name: "BLMOVE",
  summary: "Moves an element from an end of one list to an end of another, waiting for one.",
  group: "list",
  since: "6.2.0",
  complexity: "O(1)",
  arity: 6,
  flags: ["write", "denyoom", "blocking"],
  keys: KEYS,
  args: [...SOURCE_AND_DESTINATION, ...ENDS, arg.double("timeout")],

  run(ctx, args) {
    const fromHead = readEnd(args, 3);
    const toHead = readEnd(args, 4);
    const timeout = readBlockTimeout(args, 5, ctx.now);
    return moveOrWait(ctx, args, { fromHead, toHead, effect: "LMOVE" }, timeout);
  },
});

/** BRPOPLPUSH */
export const brpoplpush = command({
  name: "BRPOPLPUSH",
  summary: "Moves the last element of a list to the head of another, waiting for one.",
  group: "list",
  since: "2.2.0",
  complexity: "O(1)",
  deprecatedSince: "6.2.0",
  replacedBy: "`BLMOVE` with the `RIGHT` and `LEFT` arguments",
  docFlags: ["deprecated"],
  arity: 4,
  flags: ["write", "denyoom", "blocking"],
  keys: KEYS,
  args: [...SOURCE_AND_DESTINATION, arg.double("timeout")],
  history: [["6.0.0", "The timeout may have a fraction."]],

  run(ctx, args) {
    const timeout = readBlockTimeout(args, 3, ctx.now);
    const ends: Ends = { fromHead: false, toHead: true, effect: "RPOPLPUSH" };
    return moveOrWait(ctx, args, ends, timeout);
  },
});

/** Which end an element leaves, and which it comes to. */
interface Ends {
  readonly fromHead: boolean;
  readonly toHead: boolean;
  /** The effect of a command that may have waited; the others are their own. */
  readonly effect?: "LMOVE" | "RPOPLPUSH";
}

function moveOrWait(
  ctx: Context,
  args: Args,
  ends: Ends,
  timeout: number,
): Promise<void> | void {
  if (move(ctx, args, ends)) return;
  // Who may not wait gets what the plain command replies; after a wait Redis replies as after any other.
  if (ctx.denyBlocking) {
    ctx.reply.null();
    return;
  }
  return ctx.block(args, {
    keys: [1],
    type: Type.list,
    timeout,
    serve: (ctx, args) => move(ctx, args, ends),
    onTimeout: ({ reply }) => reply.nullArray(),
  });
}

/** Moves an element and replies with it; false when there is none. */
function move(ctx: Context, args: Args, ends: Ends): boolean {
  const { db } = ctx;
  const source = db.find(args, 1, Type.list);
  if (source === 0) return false;
  const target = db.find(args, 2, Type.list);
  if (source === target) rotate(ctx, args, source, ends);
  else moveToOther(ctx, args, source, target, ends);
  if (ends.effect !== undefined && ctx.propagates) {
    const keys = [args.bytes(1), args.bytes(2)];
    if (ends.effect === "RPOPLPUSH") ctx.propagate(ends.effect, ...keys);
    else ctx.propagate(ends.effect, ...keys, args.bytes(3), args.bytes(4));
  }
  return true;
}

function moveToOther(ctx: Context, args: Args, source: Ref, target: Ref, ends: Ends): void {
  const lists = ctx.db.tool(Lists);
  const setting = ctx.server.config.values.listMaxListpackSize;
  const list = lists.open(source);
  const index = ends.fromHead ? 0 : list.size - 1;
  // The element's bytes stay where they are until it is removed: a push does not touch the other list.
  const { buf, off, len } = list.read(index);
  ctx.reply.bulkAt(buf, off, len);
  const place = target === 0 ? lists.createEmpty(args, 2) : target;
  lists.push(lists.grow(place, len, 1, setting), ends.toHead, buf, off, len);
  ctx.changed(args, 2, EventClass.list, ends.toHead ? "lpush" : "rpush");
  const rest = lists.open(source);
  rest.remove(index, 1);
  elementsRemoved(ctx, args, 1, ends.fromHead ? "lpop" : "rpop", rest.size);
  // Two keys changed, but Redis counts one change.
  ctx.dirty(-1);
}

/** Moves an element within its list. */
function rotate(ctx: Context, args: Args, ref: Ref, ends: Ends): void {
  const lists = ctx.db.tool(Lists);
  const setting = ctx.server.config.values.listMaxListpackSize;
  const list = lists.open(ref);
  const index = ends.fromHead ? 0 : list.size - 1;
  const { buf, off, len } = list.read(index);
  const element = buf.slice(off, off + len);
  list.remove(index, 1);
  const place = lists.grow(lists.ref, element.length, 1, setting);
  lists.push(place, ends.toHead, element, 0, element.length);
  lists.shrink(lists.ref, setting);
  ctx.reply.bulk(element);
  ctx.changed(args, 2, EventClass.list, ends.toHead ? "lpush" : "rpush");
  ctx.changed(args, 1, EventClass.list, ends.fromHead ? "lpop" : "rpop");
  ctx.dirty(-1);
}
