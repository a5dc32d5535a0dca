/**
 * DEBUG PROTOCOL: a reply of every kind, for tests of clients.
 *
 * @module
 */

import { ReplyError } from "../../server/resp/errors.ts";
import type { Reply } from "../../server/resp/reply.ts";
import type { DebugSubcommand } from "./debug_subcommand.ts";

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
export const protocolSubcommand: DebugSubcommand = {
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
