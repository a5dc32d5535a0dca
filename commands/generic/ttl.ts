/**
 * TTL, PTTL, EXPIRETIME and PEXPIRETIME: how long a key has still to live.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { NO_EXPIRY } from "../../storage/entry.ts";
import { arg, command, type CommandSpec } from "../command.ts";
import type { Context } from "../context.ts";

/** What is answered for a key that does not exist, and for one that does not expire. */
const NO_KEY = -2;
const STAYS = -1;

/** TTL */
export const ttl = command({
  ...timeCommand(false, 1000),
  name: "TTL",
  summary: "Tells how many seconds are left until a key expires.",
  since: "1.0.0",
  tips: ["nondeterministic_output"],
  history: [["2.8.0", "A key that does not exist is told from one that does not expire, by -2."]],
});

/** PTTL */
export const pttl = command({
  ...timeCommand(false, 1),
  name: "PTTL",
  summary: "Tells how many milliseconds are left until a key expires.",
  since: "2.6.0",
  tips: ["nondeterministic_output"],
  history: [["2.8.0", "A key that does not exist is told from one that does not expire, by -2."]],
});

/** EXPIRETIME */
export const expiretime = command({
  ...timeCommand(true, 1000),
  name: "EXPIRETIME",
  summary: "Tells the Unix time in seconds at which a key expires.",
  since: "7.0.0",
});

/** PEXPIRETIME */
export const pexpiretime = command({
  ...timeCommand(true, 1),
  name: "PEXPIRETIME",
  summary: "Tells the Unix time in milliseconds at which a key expires.",
  since: "7.0.0",
});

function timeCommand(
  absolute: boolean,
  unit: number,
): Omit<CommandSpec, "name" | "summary" | "since"> {
  return {
    group: "generic",
    complexity: "O(1)",
    arity: 2,
    flags: ["readonly", "fast"],
    keys: [{ at: 1, access: "RO", effects: ["access"] }],
    args: [arg.key("key")],
    run: (ctx, args) => replyWithTime(ctx, args, absolute, unit),
  };
}

function replyWithTime(ctx: Context, args: Args, absolute: boolean, unit: number): void {
  const { db, reply } = ctx;
  const ref = db.inspect(args, 1);
  if (ref === 0) {
    reply.int(NO_KEY);
    return;
  }
  const expiry = db.expiry(ref);
  if (expiry === NO_EXPIRY) {
    reply.int(STAYS);
    return;
  }
  const ms = absolute ? expiry : expiry - ctx.now;
  reply.int(unit === 1 ? exact(ms) : toSeconds(ms));
}

/** Rounds to the nearest second, as Redis does. */
function toSeconds(ms: number): number | bigint {
  if (Number.isSafeInteger(ms)) return Math.floor((ms + 500) / 1000);
  return (BigInt(ms) + 500n) / 1000n;
}

function exact(ms: number): number | bigint {
  return Number.isSafeInteger(ms) ? ms : BigInt(ms);
}
