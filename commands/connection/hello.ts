/**
 * HELLO and AUTH: the handshake that chooses the protocol, and how a client becomes a user.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError, syntaxError } from "../../server/resp/errors.ts";
import { arg, command } from "../command.ts";
import type { Context } from "../context.ts";
import { shown } from "../errors.ts";
import { checkClientName } from "./client_identity.ts";

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
        throw new ReplyError(`ERR Syntax error in HELLO option '${shown(args, i)}'`);
      }
    }

    if (auth > 0) logIn(ctx, args, { user: args.binary(auth + 1), password: auth + 2 });
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

/** AUTH */
export const auth = command({
  name: "AUTH",
  summary: "Logs the connection in as a user.",
  group: "connection",
  since: "1.0.0",
  complexity: "O(N) where N is the number of passwords defined for the user",
  arity: -2,
  flags: ["noscript", "loading", "stale", "fast", "no_auth", "sentinel", "allow_busy"],
  args: [arg.string("username", { since: "6.0.0", optional: true }), arg.string("password")],
  history: [["6.0.0", "A user's name may stand before the password."]],
  secrets: (args) => Array.from({ length: args.count - 1 }, (_, i) => i + 1),

  run(ctx, args) {
    if (args.count > 3) throw syntaxError();
    const alone = args.count === 2;
    const { defaultUser } = ctx.server.acl;
    if (alone && defaultUser.needsNoPassword) throw noPasswordConfigured();
    const user = alone ? defaultUser.name : args.binary(1);
    logIn(ctx, args, { user, password: args.count - 1 });
    ctx.reply.ok();
  },
});

/**
 * Makes the client a user.
 *
 * @throws {ReplyError} when the password is wrong; nothing is changed then
 */
function logIn(
  { client, server: { acl } }: Context,
  args: Args,
  { user, password }: { user: string; password: number },
): void {
  if (!acl.logIn(client, user, args.binary(password), args.binary(0))) throw wrongPassword();
}

function wrongPassword(): ReplyError {
  return new ReplyError("WRONGPASS invalid username-password pair or user is disabled.");
}

function noPasswordConfigured(): ReplyError {
  return new ReplyError(
    "ERR AUTH <password> called without any password configured for the default user. " +
      "Are you sure your configuration is correct?",
  );
}
