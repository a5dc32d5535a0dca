/**
 * SELECT.
 *
 * @module
 */

import { ReplyError } from "../../server/resp/errors.ts";
import { arg, command } from "../command.ts";

const INT32_MAX = 0x7fffffff;
const INT32_MIN = -0x80000000;

/** SELECT */
export const select = command({
  name: "SELECT",
  summary: "Chooses the database that the connection works with.",
  group: "connection",
  since: "1.0.0",
  complexity: "O(1)",
  arity: 2,
  flags: ["loading", "stale", "fast"],
  args: [arg.integer("index")],

  run(ctx, args) {
    const database = args.intBetween(1, INT32_MIN, INT32_MAX);
    if (database < 0 || database >= ctx.server.keyspace.databases.length) {
      throw new ReplyError("ERR DB index is out of range");
    }
    ctx.db = ctx.server.keyspace.databases[database];
    ctx.reply.ok();
  },
});
