/**
 * DUMP: a value as bytes, for RESTORE here or elsewhere.
 *
 * @module
 */

import { writeDump } from "../../storage/rdb/dump.ts";
import { arg, command } from "../command.ts";

/** DUMP */
export const dump = command({
  name: "DUMP",
  summary: "Answers the value of a key as bytes that RESTORE takes, here or in a Redis.",
  group: "generic",
  since: "2.6.0",
  complexity: "O(1) to find the key, and O(N) in the bytes of the value.",
  arity: 2,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [arg.key("key")],
  tips: ["nondeterministic_output"],

  run(ctx, args) {
    const ref = ctx.db.read(args, 1);
    if (ref === 0) ctx.reply.null();
    else ctx.reply.bulk(writeDump(ctx.db, ref));
  },
});
