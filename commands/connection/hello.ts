/**
 * HELLO: the handshake that chooses the protocol.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError } from "../../server/resp/errors.ts";
import { arg, command } from "../command.ts";
import type { Context } from "../context.ts";
import { logIn } from "./auth.ts";
import { checkClientName } from "./client_attributes.ts";

/** HELLO */
export const hello = command({
  name: "HELLO",
  summary: "Chooses the protocol, logs in and names the connection in one step.",
  group: "connection",
  since: "6.0.0",
  complexity: "O(1)",
  arity: -1,
  flags: ["noscript", "loading", "stale", "fast", "no_auth", "sentinel", "allow_busy"],
  args: [
    arg.block("arguments", [
      arg.integer("protover"),
      arg.block("auth", [arg.string("username"), arg.string("password")], {
        token: "AUTH",
        optional: true,
      }),
      arg.string("clientname", { token: "SETNAME", optional: true }),
    ], { optional: true }),
  ],
  history: [["6.2.0", "Without arguments it tells how the connection stands."]],
  secrets: findSecrets,

  run(ctx, args) {
    const { client } = ctx;
    const version = args.count > 1 ? readVersion(args) : client.protocol;
    let auth = 0;
    let name = 0;
    for (let i = 2; i < args.count; i++) {
      const left = args.count - 1 - i;
      if (args.is(i, "AUTH") && left >= 2) {
        auth = i;
        i += 2;
      } else if (args.is(i, "SETNAME") && left >= 1) {
        name = ++i;
        checkClientName(args, name);
      } else {
        throw new ReplyError(`ERR Syntax error in HELLO option '${args.binary(i)}'`);
      }
    }

    if (auth > 0) logIn(ctx, args.text(auth + 1), args.text(auth + 2));
    if (!client.authenticated) throw mustAuthenticate();
    if (name > 0) client.name = args.text(name);
    client.protocol = version;
    replyWithServer(ctx);
  },
});

function readVersion(args: Args): 2 | 3 {
  const version = args.int(1, "ERR Protocol version is not an integer or out of range");
  if (version !== 2 && version !== 3) throw new ReplyError("NOPROTO unsupported protocol version");
  return version;
}

function replyWithServer({ server, client, reply }: Context): void {
  reply.map(7);
  reply.bulk("server");
  reply.bulk("redis");
  reply.bulk("version");
  reply.bulk(server.redisVersion);
  reply.bulk("proto");
  reply.int(client.protocol);
  reply.bulk("id");
  reply.int(client.id);
  reply.bulk("mode");
  reply.bulk("standalone");
  reply.bulk("role");
  reply.bulk("master");
  reply.bulk("modules");
  reply.array(0);
}

function findSecrets(args: Args): number[] {
  for (let i = 2; i < args.count - 2; i++) if (args.is(i, "AUTH")) return [i + 1, i + 2];
  return [];
}

function mustAuthenticate(): ReplyError {
  return new ReplyError(
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO " +
      "<proto> AUTH <user> <pass> option can be used to authenticate the client and select the " +
      "RESP protocol version at the same time",
  );
}
