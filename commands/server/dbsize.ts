/**
 * DBSIZE.
 *
 * @module
 */

import { command } from "../command.ts";

/** DBSIZE */
export const dbsize = command({
  name: "DBSIZE",
  summary: "Counts the keys of the database.",
  group: "server",
  since: "1.0.0",
  complexity: "O(1)",
  arity: 1,
  flags: ["readonly", "fast"],
  categories: ["keyspace"],
  tips: ["request_policy:all_shards", "response_policy:agg_sum"],

  run(ctx) {
    ctx.reply.int(ctx.db.size);
  },
});
