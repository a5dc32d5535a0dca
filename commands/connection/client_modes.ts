/**
 * CLIENT NO-EVICT, NO-TOUCH, REPLY and CAPA: how the server treats this connection.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import { arg, command } from "../command.ts";

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
