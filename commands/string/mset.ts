/**
 * MSET and MSETNX: several keys at once.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { NO_EXPIRY } from "../../storage/entry.ts";
import { arg, command } from "../command.ts";
import { type Context, EventClass } from "../context.ts";
import { wrongNumberOfArguments } from "./errors.ts";

/** MSET */
export const mset = command({
  name: "MSET",
  summary: "Stores strings under several keys, whatever they held before.",
  group: "string",
  since: "1.0.1",
  complexity: "O(N) where N is the number of keys.",
  arity: -3,
  flags: ["write", "denyoom"],
  keys: [{ at: 1, last: -1, step: 2, access: "OW", effects: ["update"] }],
  args: [arg.block("data", [arg.key("key"), arg.string("value")], { multiple: true })],
  tips: ["request_policy:multi_shard", "response_policy:all_succeeded"],

  run(ctx, args) {
    if ((args.count & 1) === 0) throw wrongNumberOfArguments("mset");
    setPairs(ctx, args);
    ctx.reply.ok();
  },
});

/** MSETNX */
export const msetnx = command({
  name: "MSETNX",
  summary: "Stores strings under several keys if none of them exists yet.",
  group: "string",
  since: "1.0.1",
  complexity: "O(N) where N is the number of keys.",
  arity: -3,
  flags: ["write", "denyoom"],
  keys: [{ at: 1, last: -1, step: 2, access: "OW", effects: ["insert"] }],
  args: [arg.block("data", [arg.key("key"), arg.string("value")], { multiple: true })],

  run(ctx, args) {
    if ((args.count & 1) === 0) throw wrongNumberOfArguments("msetnx");
    for (let i = 1; i < args.count; i += 2) {
      if (ctx.db.find(args, i) !== 0) {
        ctx.reply.int(0);
        return;
      }
    }
    setPairs(ctx, args);
    ctx.reply.int(1);
  },
});

function setPairs(ctx: Context, args: Args): void {
  const { db } = ctx;
  for (let i = 1, count = args.count; i < count; i += 2) {
    db.setArg(args, i, i + 1, NO_EXPIRY);
    ctx.changed(args, i, EventClass.string, "set");
  }
}
