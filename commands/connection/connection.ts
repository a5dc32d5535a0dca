/**
 * The connection itself: PING and ECHO try it, SELECT chooses its database, QUIT ends it.
 *
 * @module
 */

import { ReplyError } from "../../server/resp/errors.ts";
import { arg, command } from "../command.ts";
import { notInCluster } from "../errors.ts";

/** PING */
export const ping = command({
  name: "PING",
  summary: "Shows that the server is there, or gives a message back.",
  group: "connection",
  since: "1.0.0",
  complexity: "O(1)",
  arity: -1,
  flags: ["fast", "sentinel"],
  args: [arg.string("message", { optional: true })],
  tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
  whileSubscribed: true,
  tellsOfDiskErrors: true,

  run(ctx, args) {
    if (args.count > 2) throw new ReplyError("ERR wrong number of arguments for 'ping' command");
    if (ctx.client.isListener) {
      // Its replies come among messages, and look like one.
      ctx.reply.array(2);
      ctx.reply.bulk("pong");
      if (args.count === 1) ctx.reply.bulk("");
      else ctx.reply.bulkAt(args.buf, args.off[1], args.len[1]);
    } else if (args.count === 1) ctx.reply.simple("PONG");
    else ctx.reply.bulkAt(args.buf, args.off[1], args.len[1]);
  },
});

/** ECHO */
export const echo = command({
  name: "ECHO",
  summary: "Answers what it was given.",
  group: "connection",
  since: "1.0.0",
  complexity: "O(1)",
  arity: 2,
  flags: ["loading", "stale", "fast"],
  args: [arg.string("message")],

  run(ctx, args) {
    ctx.reply.bulkAt(args.buf, args.off[1], args.len[1]);
  },
});

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
    if (database !== 0 && ctx.server.cluster !== undefined) throw notInCluster("SELECT is");
    if (database < 0 || database >= ctx.server.keyspace.databases.length) {
      throw new ReplyError("ERR DB index is out of range");
    }
    ctx.db = ctx.server.keyspace.databases[database];
    ctx.reply.ok();
  },
});

/** QUIT */
export const quit = command({
  name: "QUIT",
  summary: "Closes the connection once everything is answered.",
  group: "connection",
  since: "1.0.0",
  complexity: "O(1)",
  deprecatedSince: "7.2.0",
  replacedBy: "just closing the connection",
  docFlags: ["deprecated"],
  arity: -1,
  flags: ["allow_busy", "noscript", "loading", "stale", "fast", "no_auth"],
  whileSubscribed: true,
  inTransaction: "at-once",

  run(ctx) {
    ctx.reply.ok();
    ctx.client.closeAfterReply();
  },
});
