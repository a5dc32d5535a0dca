/**
 * How the server treats connections: CLIENT NO-EVICT, NO-TOUCH, REPLY and CAPA for this one; CLIENT PAUSE, UNPAUSE and
 * UNBLOCK, which hold clients up and let them go.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError, syntaxError } from "../../server/resp/errors.ts";
import { INT64_MAX } from "../../server/resp/numbers.ts";
import { arg, command } from "../command.ts";
import { subcommandSyntaxError } from "../help.ts";

/** CLIENT NO-EVICT */
export const clientNoEvict = command({
  name: "NO-EVICT",
  summary: "Spares the connection when clients are closed to save memory.",
  group: "connection",
  since: "7.0.0",
  complexity: "O(1)",
  arity: 3,
  flags: ["admin", "noscript", "loading", "stale", "sentinel"],
  args: [arg.oneOf("enabled", [arg.token("ON"), arg.token("OFF")])],

  run(ctx, args) {
    ctx.client.noEvict = readSwitch(args, 2);
    ctx.reply.ok();
  },
});

/** CLIENT NO-TOUCH */
export const clientNoTouch = command({
  name: "NO-TOUCH",
  summary: "Lets the connection's commands leave the last use of keys unchanged.",
  group: "connection",
  since: "7.2.0",
  complexity: "O(1)",
  arity: 3,
  flags: ["noscript", "loading", "stale"],
  args: [arg.oneOf("enabled", [arg.token("ON"), arg.token("OFF")])],

  run(ctx, args) {
    ctx.client.noTouch = readSwitch(args, 2);
    ctx.reply.ok();
  },
});

/** CLIENT REPLY */
export const clientReply = command({
  name: "REPLY",
  summary: "Chooses whether commands are answered.",
  group: "connection",
  since: "3.2.0",
  complexity: "O(1)",
  arity: 3,
  flags: ["noscript", "loading", "stale", "sentinel"],
  args: [arg.oneOf("action", [arg.token("ON"), arg.token("OFF"), arg.token("SKIP")])],

  run({ client, reply }, args) {
    if (args.is(2, "ON")) {
      client.replyMode = "on";
      reply.ok();
    } else if (args.is(2, "OFF")) {
      client.replyMode = "off";
    } else if (args.is(2, "SKIP")) {
      if (client.replyMode !== "off") client.replyMode = "skipNext";
    } else {
      throw syntaxError();
    }
  },
});

/** CLIENT CAPA */
export const clientCapa = command({
  name: "CAPA",
  summary: "Takes note of what the client is able to do.",
  group: "connection",
  since: "8.0.0",
  complexity: "O(1)",
  arity: -3,
  flags: ["noscript", "loading", "stale"],
  args: [arg.string("capability", { multiple: true })],

  run(ctx) {
    // Words that a server does not know are to be ignored, and no capability matters here yet.
    ctx.reply.ok();
  },
});

function readSwitch(args: Args, i: number): boolean {
  if (args.is(i, "ON")) return true;
  if (args.is(i, "OFF")) return false;
  throw syntaxError();
}

/** CLIENT PAUSE */
export const clientPause = command({
  name: "PAUSE",
  summary: "Holds up the commands of all clients for a while.",
  group: "connection",
  since: "3.0.0",
  complexity: "O(1)",
  arity: -3,
  flags: ["admin", "noscript", "loading", "stale", "sentinel"],
  args: [
    arg.integer("timeout"),
    arg.oneOf("mode", [arg.token("WRITE"), arg.token("ALL")], { since: "6.2.0", optional: true }),
  ],
  history: [["6.2.0", "`WRITE` holds up only commands that may change data."]],

  run(ctx, args) {
    if (args.count > 4) throw subcommandSyntaxError(args, "CLIENT");
    const onlyWrites = args.count === 4 && args.is(3, "WRITE");
    if (args.count === 4 && !onlyWrites && !args.is(3, "ALL")) {
      throw new ReplyError("ERR CLIENT PAUSE mode must be WRITE or ALL");
    }
    const ms = args.int(2, "ERR timeout is not an integer or out of range");
    if (ms < 0) throw new ReplyError("ERR timeout is negative");
    if (ms > Number(INT64_MAX) - ctx.now) throw new ReplyError("ERR timeout is out of range");
    if (ms > 0) ctx.server.clients.pause(ctx.now + ms, onlyWrites ? "write" : "all");
    ctx.reply.ok();
  },
});

/** CLIENT UNPAUSE */
export const clientUnpause = command({
  name: "UNPAUSE",
  summary: "Ends a pause.",
  group: "connection",
  since: "6.2.0",
  complexity: "O(N) Where N is the number of paused clients",
  arity: 2,
  flags: ["admin", "noscript", "loading", "stale", "sentinel"],

  run(ctx) {
    ctx.server.clients.unpause();
    ctx.reply.ok();
  },
});

/** CLIENT UNBLOCK */
export const clientUnblock = command({
  name: "UNBLOCK",
  summary: "Ends the wait of a client that a blocking command holds up.",
  group: "connection",
  since: "5.0.0",
  complexity: "O(log N) where N is the number of client connections",
  arity: -3,
  flags: ["admin", "noscript", "loading", "stale", "sentinel"],
  args: [
    arg.integer("client-id"),
    arg.oneOf("unblock-type", [arg.token("TIMEOUT"), arg.token("ERROR")], { optional: true }),
  ],

  run(ctx, args) {
    if (args.count > 4) throw subcommandSyntaxError(args, "CLIENT");
    const withError = args.count === 4 && args.is(3, "ERROR");
    if (args.count === 4 && !withError && !args.is(3, "TIMEOUT")) {
      throw new ReplyError("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    }
    const unblocked = ctx.server.clients.unblock(args.int(2), withError ? "error" : "timeout");
    ctx.reply.int(unblocked ? 1 : 0);
  },
});
