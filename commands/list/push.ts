/**
 * Adding elements at either end: LPUSH, RPUSH, and LPUSHX, RPUSHX, which never make a list.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { Type } from "../../storage/entry.ts";
import { largeList, Lists } from "../../storage/lists.ts";
import type { Ref } from "../../storage/memory/arena.ts";
import { arg, command } from "../command.ts";
import { type Context, EventClass } from "../context.ts";

/** LPUSH */
export const lpush = command({
  name: "LPUSH",
  summary: "Puts elements before all others of a list, one after the other.",
  group: "list",
  since: "1.0.0",
  complexity: "O(1) for each element",
  arity: -3,
  flags: ["write", "denyoom", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["insert"] }],
  args: [arg.key("key"), arg.string("element", { multiple: true })],
  history: [["2.4.0", "More than one element may be given."]],

  run(ctx, args) {
    push(ctx, args, true, true);
  },
});

/** RPUSH */
export const rpush = command({
  name: "RPUSH",
  summary: "Puts elements behind all others of a list, one after the other.",
  group: "list",
  since: "1.0.0",
  complexity: "O(1) for each element",
  arity: -3,
  flags: ["write", "denyoom", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["insert"] }],
  args: [arg.key("key"), arg.string("element", { multiple: true })],
  history: [["2.4.0", "More than one element may be given."]],

  run(ctx, args) {
    push(ctx, args, false, true);
  },
});

/** LPUSHX */
export const lpushx = command({
  name: "LPUSHX",
  summary: "Puts elements before all others of a list that exists.",
  group: "list",
  since: "2.2.0",
  complexity: "O(1) for each element",
  arity: -3,
  flags: ["write", "denyoom", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["insert"] }],
  args: [arg.key("key"), arg.string("element", { multiple: true })],
  history: [["4.0.0", "More than one element may be given."]],

  run(ctx, args) {
    push(ctx, args, true, false);
  },
});

/** RPUSHX */
export const rpushx = command({
  name: "RPUSHX",
  summary: "Puts elements behind all others of a list that exists.",
  group: "list",
  since: "2.2.0",
  complexity: "O(1) for each element",
  arity: -3,
  flags: ["write", "denyoom", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["insert"] }],
  args: [arg.key("key"), arg.string("element", { multiple: true })],
  history: [["4.0.0", "More than one element may be given."]],

  run(ctx, args) {
    push(ctx, args, false, false);
  },
});

function push(ctx: Context, args: Args, atHead: boolean, mayCreate: boolean): void {
  const { db } = ctx;
  const { buf, off, len, count } = args;
  const ref = db.find(args, 1, Type.list);
  if (ref === 0 && !mayCreate) {
    ctx.reply.int(0);
    return;
  }
  let size = count - 2;
  const large = ref === 0 ? undefined : largeList(db, ref);
  if (large !== undefined) {
    for (let i = 2; i < count; i++) {
      if (atHead) large.pushHead(buf, off[i], len[i]);
      else large.pushTail(buf, off[i], len[i]);
    }
    size = large.size;
  } else {
    const lists = db.tool(Lists);
    const setting = ctx.server.config.values.listMaxListpackSize;
    if (ref === 0) lists.create(args, 1, 2, atHead, setting);
    else {size = pushToSmall(
        lists,
        args,
        lists.grow(ref, totalLength(args), count - 2, setting),
        atHead,
      );}
  }
  ctx.changed(args, 1, EventClass.list, atHead ? "lpush" : "rpush");
  if (count > 3) ctx.dirty(count - 3);
  ctx.reply.int(size);
}

/** Bytes of all elements. */
function totalLength({ len, count }: Args): number {
  let bytes = len[2];
  for (let i = 3; i < count; i++) bytes += len[i];
  return bytes;
}

/** Pushes to a list that was small so far; answers its size. */
function pushToSmall(lists: Lists, args: Args, ref: Ref, atHead: boolean): number {
  let size = 0;
  for (let i = 2; i < args.count; i++) {
    size = lists.push(ref, atHead, args.buf, args.off[i], args.len[i]);
    ref = lists.ref;
  }
  return size;
}
