/**
 * CLIENT ID, GETNAME, SETNAME and SETINFO: what tells one client from another.
 *
 * CLIENT LIST shows what clients say of themselves between spaces, so it must hold none.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError } from "../../server/resp/errors.ts";
import { arg, command } from "../command.ts";
import { shown } from "../errors.ts";

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
      throw new ReplyError(`ERR Unrecognized option '${shown(args, 2)}'`);
    }
    checkClientAttribute(args, 3, args.text(2));
    if (isName) ctx.client.libName = args.text(3);
    else ctx.client.libVersion = args.text(3);
    ctx.reply.ok();
  },
});

const EXCLAMATION_MARK = 33;
const TILDE = 126;

/** Whether an argument is visible ASCII throughout; an empty one is. */
function isPlain(args: Args, i: number): boolean {
  const end = args.off[i] + args.len[i];
  for (let at = args.off[i]; at < end; at++) {
    if (args.buf[at] < EXCLAMATION_MARK || args.buf[at] > TILDE) return false;
  }
  return true;
}

/** @throws {ReplyError} when the argument cannot be a client's name */
export function checkClientName(args: Args, i: number): void {
  if (isPlain(args, i)) return;
  throw new ReplyError(
    "ERR Client names cannot contain spaces, newlines or special characters.",
  );
}

/** @throws {ReplyError} when the argument cannot be the value of an attribute, called as the client called it */
function checkClientAttribute(args: Args, i: number, name: string): void {
  if (isPlain(args, i)) return;
  throw new ReplyError(`ERR ${name} cannot contain spaces, newlines or special characters.`);
}
