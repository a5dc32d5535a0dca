/**
 * EXISTS, TOUCH and TYPE: what can be asked of keys without their values.
 *
 * @module
 */

import { TYPE_NAMES } from "../../storage/entry.ts";
import { arg, command } from "../command.ts";

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
