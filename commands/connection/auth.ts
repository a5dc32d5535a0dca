/**
 * AUTH, and what it shares with HELLO: how a client becomes a user.
 *
 * @module
 */

import { ReplyError, syntaxError } from "../../server/resp/errors.ts";
import { arg, command } from "../command.ts";
import type { Context } from "../context.ts";

/** Whom a password alone logs in. */
const DEFAULT_USER = "default";

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
    if (alone && !ctx.server.requiresPassword) throw noPasswordConfigured();
    logIn(ctx, alone ? DEFAULT_USER : args.text(1), args.text(args.count - 1));
    ctx.reply.ok();
  },
});

/**
 * Makes the client a user.
 *
 * @throws {ReplyError} when the password is wrong; nothing is changed then
 */
export function logIn(ctx: Context, user: string, password: string): void {
  if (!ctx.server.authenticate(user, password)) throw wrongPassword();
  ctx.client.user = user;
  ctx.client.authenticated = true;
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
