/**
 * XACK: what a consumer is done with.
 *
 * @module
 */

import { arg, command } from "../command.ts";
import { readId } from "./ids.ts";
import { readStream } from "./lookup.ts";

/** XACK */
export const xack = command({
  name: "XACK",
  summary: "Takes entries off a group's pending ones, and tells how many there were.",
  group: "stream",
  since: "5.0.0",
  complexity: "O(1) for each message ID processed.",
  arity: -4,
  flags: ["write", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["update"] }],
  args: [arg.key("key"), arg.string("group"), arg.string("ID", { multiple: true })],

  run(ctx, args) {
    const group = readStream(ctx.db, args, 1)?.group(args.binary(2));
    if (group === undefined) {
      ctx.reply.int(0);
      return;
    }
    // All IDs are read before the first one is acknowledged.
    const ids = Array.from({ length: args.count - 3 }, (_, i) => readId(args, i + 3));
    let acknowledged = 0;
    for (const id of ids) if (group.acknowledge(id)) acknowledged++;
    ctx.dirty(acknowledged);
    ctx.reply.int(acknowledged);
  },
});
