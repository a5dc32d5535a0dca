/**
 * XDEL: removes entries by ID.
 *
 * @module
 */

import { arg, command } from "../command.ts";
import { EventClass } from "../context.ts";
import { readId } from "./ids.ts";
import { findStream } from "./lookup.ts";

/** XDEL */
export const xdel = command({
  name: "XDEL",
  summary: "Removes entries from a stream, and tells how many there were.",
  group: "stream",
  since: "5.0.0",
  complexity: "O(1) for each single item to delete in the stream, regardless of the stream size.",
  arity: -3,
  flags: ["write", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["delete"] }],
  args: [arg.key("key"), arg.string("ID", { multiple: true })],

  run(ctx, args) {
    const stream = findStream(ctx.db, args, 1);
    if (stream === undefined) {
      ctx.reply.int(0);
      return;
    }
    // All IDs are read before the first entry goes.
    const ids = Array.from({ length: args.count - 2 }, (_, i) => readId(args, i + 2));
    let deleted = 0;
    for (const id of ids) if (stream.delete(id)) deleted++;
    if (deleted > 0) {
      ctx.changed(args, 1, EventClass.stream, "xdel");
      ctx.dirty(deleted - 1);
    }
    ctx.reply.int(deleted);
  },
});
