/**
 * SWAPDB.
 *
 * @module
 */

import { arg, command } from "../command.ts";
import { databaseAt, readDatabaseNumber } from "../generic/database_number.ts";

/** SWAPDB */
export const swapdb = command({
  name: "SWAPDB",
  summary: "Exchanges two databases for all clients.",
  group: "server",
  since: "4.0.0",
  complexity: "O(N) in the number of clients that watch or wait for keys of either database",
  arity: 3,
  flags: ["write", "fast"],
  categories: ["dangerous", "keyspace"],
  args: [arg.integer("index1"), arg.integer("index2")],

  run(ctx, args) {
    const { keyspace } = ctx.db;
    const first = readDatabaseNumber(args, 1, "ERR invalid first DB index");
    const second = readDatabaseNumber(args, 2, "ERR invalid second DB index");
    const a = databaseAt(keyspace, first);
    const b = databaseAt(keyspace, second);
    if (a !== b) keyspace.swap(first, second);
    ctx.dirty();
    ctx.reply.ok();
  },
});
