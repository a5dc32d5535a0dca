/**
 * DEL and UNLINK.
 *
 * Both give a key's memory back at once, which takes the same short time for a string of any size.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
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
