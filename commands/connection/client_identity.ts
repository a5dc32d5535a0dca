/**
 * CLIENT ID, GETNAME, SETNAME and SETINFO: what tells one client from another.
 *
 * @module
 */

import { ReplyError } from "../../server/resp/errors.ts";
import { arg, command } from "../command.ts";
import { checkClientAttribute, checkClientName } from "./client_attributes.ts";

/** CLIENT ID */
export const clientId = command({
  name: "ID",
  summary: "Answers the connection's ID.",
  group: "connection",
  since: "5.0.0",
  complexity: "O(1)",
  arity: 2,
  flags: ["noscript", "loading", "stale", "sentinel"],

  run(ctx) {
    ctx.reply.int(ctx.client.id);
  },
});

/** CLIENT GETNAME */
export const clientGetname = command({
  name: "GETNAME",
  summary: "Answers the connection's name.",
  group: "connection",
  since: "2.6.9",
  complexity: "O(1)",
  arity: 2,
  flags: ["noscript", "loading", "stale", "sentinel"],

  run(ctx) {
    if (ctx.client.name === "") ctx.reply.null();
    else ctx.reply.bulk(ctx.client.name);
  },
});

/** CLIENT SETNAME */
export const clientSetname = command({
  name: "SETNAME",
  summary: "Gives the connection a name.",
  group: "connection",
  since: "2.6.9",
  complexity: "O(1)",
  arity: 3,
  flags: ["noscript", "loading", "stale", "sentinel"],
  args: [arg.string("connection-name")],
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],

  run(ctx, args) {
    checkClientName(args, 2);
    ctx.client.name = args.text(2);
    ctx.reply.ok();
  },
});

/** CLIENT SETINFO */
export const clientSetinfo = command({
  name: "SETINFO",
  summary: "Tells which library the client uses.",
  group: "connection",
  since: "7.2.0",
  complexity: "O(1)",
  arity: 4,
  flags: ["noscript", "loading", "stale", "sentinel"],
  args: [
    arg.oneOf("attr", [
      arg.string("libname", { token: "lib-name" }),
      arg.string("libver", { token: "lib-ver" }),
    ]),
  ],
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],

  run(ctx, args) {
    const isName = args.is(2, "LIB-NAME");
    if (!isName && !args.is(2, "LIB-VER")) {
      throw new ReplyError(`ERR Unrecognized option '${args.binary(2)}'`);
    }
    checkClientAttribute(args, 3, args.text(2));
    if (isName) ctx.client.libName = args.text(3);
    else ctx.client.libVersion = args.text(3);
    ctx.reply.ok();
  },
});
