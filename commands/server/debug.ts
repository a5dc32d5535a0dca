/**
 * DEBUG: what the public test suites need in order to look inside a server, and to hinder it. Here are the container and
 * DEBUG PROTOCOL, a reply of every kind for tests of clients.
 *
 * Ways to crash a server are left out: they answer as unknown subcommands.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError } from "../../server/resp/errors.ts";
import type { Reply } from "../../server/resp/reply.ts";
import { command } from "../command.ts";
import type { Context } from "../context.ts";
import { replyWithHelp, subcommandSyntaxError } from "../help.ts";
import { dataSubcommands } from "./debug_data.ts";
import { type DebugSubcommand, serverSubcommands } from "./debug_server.ts";

const KINDS: Readonly<Record<string, (reply: Reply) => void>> = {
  string: (reply) => reply.bulk("Hello World"),
  integer: (reply) => reply.int(12345),
  double: (reply) => reply.double(3.141),
  bignum: (reply) => reply.bigNumber("1234567999999999999999999999999999999"),
  null: (reply) => reply.null(),
  array: (reply) => {
    reply.array(3);
    for (let i = 0; i < 3; i++) reply.int(i);
  },
  set: (reply) => {
    reply.set(3);
    for (let i = 0; i < 3; i++) reply.int(i);
  },
  map: (reply) => {
    reply.map(3);
    for (let i = 0; i < 3; i++) {
      reply.int(i);
      reply.bool(i === 1);
    }
  },
  attrib: replyWithAttribute,
  push: replyWithPush,
  verbatim: (reply) => reply.verbatim("txt", "This is a verbatim\nstring"),
  true: (reply) => reply.bool(true),
  false: (reply) => reply.bool(false),
};

/** DEBUG PROTOCOL */
const protocolSubcommand: DebugSubcommand = {
  name: "PROTOCOL",
  least: 3,
  help: [
    "PROTOCOL <type>",
    "    Reply with a value of this type: string, integer, double, bignum, null, array, set,",
    "    map, attrib, push, verbatim, true, false.",
  ],

  run(ctx, args) {
    const kind = args.lower(2);
    if (!Object.hasOwn(KINDS, kind)) throw unknownKind();
    KINDS[kind](ctx.reply);
  },
};

function replyWithAttribute(reply: Reply): void {
  if (reply.protocol === 3) {
    reply.attribute(1);
    reply.bulk("key-popularity");
    reply.array(2);
    reply.bulk("key:123");
    reply.int(90);
  }
  reply.bulk("Some real reply following the attribute");
}

function replyWithPush(reply: Reply): void {
  if (reply.protocol < 3) throw new ReplyError("ERR RESP2 is not supported by this command");
  reply.push(2);
  reply.bulk("server-cpu-usage");
  reply.int(42);
  reply.bulk("Some real reply following the push reply");
}

function unknownKind(): ReplyError {
  return new ReplyError(
    "ERR Wrong protocol type name. Please use one of the following: " +
      Object.keys(KINDS).join("|"),
  );
}

const SUBCOMMANDS: readonly DebugSubcommand[] = [
  ...dataSubcommands,
  protocolSubcommand,
  ...serverSubcommands,
].sort((a, b) => a.name < b.name ? -1 : 1);

/** DEBUG. Its subcommands are no commands of their own for COMMAND and ACL, as in Redis. */
export const debug = command({
  name: "DEBUG",
  summary: "Holds the commands for tests of the server.",
  group: "server",
  since: "1.0.0",
  complexity: "Depends on subcommand.",
  docFlags: ["syscmd"],
  arity: -2,
  flags: ["admin", "noscript", "loading", "stale", "protected"],

  run(ctx, args) {
    if (args.count === 2 && args.is(1, "HELP")) replyWithAllHelp(ctx);
    else return findSubcommand(args).run(ctx, args);
  },
});

function findSubcommand(args: Args): DebugSubcommand {
  const found = SUBCOMMANDS.find(({ name, least, most = least }) =>
    args.is(1, name) && args.count >= least && args.count <= most
  );
  if (found === undefined) throw subcommandSyntaxError(args, "DEBUG");
  return found;
}

function replyWithAllHelp(ctx: Context): void {
  replyWithHelp(ctx.reply, "DEBUG", SUBCOMMANDS.flatMap(({ help }) => help));
}
