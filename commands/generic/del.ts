/**
 * What takes no notice of values: DEL and UNLINK, EXISTS, TOUCH and TYPE.
 *
 * DEL and UNLINK both give a key's memory back at once, which takes the same short time for a string of any size.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { TYPE_NAMES } from "../../storage/entry.ts";
import { arg, command } from "../command.ts";
import { type Context, EventClass } from "../context.ts";

/** DEL */
export const del = command({
  name: "DEL",
  summary: "Removes keys.",
  group: "generic",
  since: "1.0.0",
  complexity: "O(N) in the number of keys, and for each collection O(M) in its elements",
  arity: -2,
  flags: ["write"],
  keys: [{ at: 1, access: "RM", effects: ["delete"], last: -1 }],
  args: [arg.key("key", { multiple: true })],
  tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
  run: removeKeys,
});

/** UNLINK */
export const unlink = command({
  name: "UNLINK",
  summary: "Removes keys and frees what they held in the background.",
  group: "generic",
  since: "4.0.0",
  complexity: "O(1) for each key; freeing a collection of N elements is O(N) in the background",
  arity: -2,
  flags: ["write", "fast"],
  keys: [{ at: 1, access: "RM", effects: ["delete"], last: -1 }],
  args: [arg.key("key", { multiple: true })],
  tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
  run: removeKeys,
});

function removeKeys(ctx: Context, args: Args): void {
  const { db } = ctx;
  let removed = 0;
  for (let i = 1; i < args.count; i++) {
    if (!db.delete(args, i)) continue;
    removed++;
    ctx.changed(args, i, EventClass.generic, "del");
  }
  ctx.reply.int(removed);
}

/** EXISTS */
export const exists = command({
  name: "EXISTS",
  summary: "Counts how many of the given keys exist; a key named twice counts twice.",
  group: "generic",
  since: "1.0.0",
  complexity: "O(N) in the number of keys",
  arity: -2,
  flags: ["readonly", "fast"],
  keys: [{ at: 1, access: "RO", last: -1 }],
  args: [arg.key("key", { multiple: true })],
  tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
  history: [["3.0.3", "More than one key may be given."]],

  run(ctx, args) {
    let found = 0;
    for (let i = 1; i < args.count; i++) if (ctx.db.inspect(args, i) !== 0) found++;
    ctx.reply.int(found);
  },
});

/** TOUCH */
export const touch = command({
  name: "TOUCH",
  summary: "Marks keys as used now and counts how many of them exist.",
  group: "generic",
  since: "3.2.1",
  complexity: "O(N) in the number of keys",
  arity: -2,
  flags: ["readonly", "fast"],
  keys: [{ at: 1, access: "RO", last: -1 }],
  args: [arg.key("key", { multiple: true })],
  tips: ["request_policy:multi_shard", "response_policy:agg_sum"],

  run(ctx, args) {
    const { keyspace } = ctx.db;
    const { touching } = keyspace;
    // Who says TOUCH means it, also after CLIENT NO-TOUCH.
    keyspace.touching = keyspace.tracking;
    let found = 0;
    for (let i = 1; i < args.count; i++) if (ctx.db.read(args, i) !== 0) found++;
    keyspace.touching = touching;
    ctx.reply.int(found);
  },
});

/** TYPE */
export const type = command({
  name: "TYPE",
  summary: "Tells the type of the value at a key.",
  group: "generic",
  since: "1.0.0",
  complexity: "O(1)",
  arity: 2,
  flags: ["readonly", "fast"],
  keys: [{ at: 1, access: "RO" }],
  args: [arg.key("key")],

  run(ctx, args) {
    const ref = ctx.db.inspect(args, 1);
    ctx.reply.simple(ref === 0 ? TYPE_NAMES[0] : TYPE_NAMES[ctx.db.type(ref)]);
  },
});
