/**
 * Adding elements at either end: LPUSH, RPUSH, and LPUSHX, RPUSHX, which never make a list.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { Type } from "../../storage/entry.ts";
import { Lists } from "../../storage/lists.ts";
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
  const lists = db.tool(Lists);
  const setting = ctx.server.config.values.listMaxListpackSize;
  let size = count - 2;
  if (ref === 0) {
    lists.create(args, 1, 2, atHead, setting);
  } else {
    let bytes = len[2];
    for (let i = 3; i < count; i++) bytes += len[i];
    let place = lists.grow(ref, bytes, count - 2, setting);
    for (let i = 2; i < count; i++) {
      size = lists.push(place, atHead, buf, off[i], len[i]);
      place = lists.ref;
    }
  }
  ctx.changed(args, 1, EventClass.list, atHead ? "lpush" : "rpush");
  if (count > 3) ctx.dirty(count - 3);
  ctx.reply.int(size);
}
