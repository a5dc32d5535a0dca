/**
 * EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT and PERSIST: when a key goes.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { NO_EXPIRY } from "../../storage/entry.ts";
import { arg, type ArgSpec, command, type CommandSpec } from "../command.ts";
import { type Context, EventClass } from "../context.ts";
import {
  Condition,
  conditionsHold,
  readConditions,
  readTime,
  type TimeUnit,
} from "./expire_options.ts";

/** EXPIRE */
export const expire = expireCommand({
  name: "EXPIRE",
  summary: "Lets a key expire after some seconds.",
  since: "1.0.0",
  time: arg.integer("seconds"),
}, { unit: 1000, fromNow: true });

/** PEXPIRE */
export const pexpire = expireCommand({
  name: "PEXPIRE",
  summary: "Lets a key expire after some milliseconds.",
  since: "2.6.0",
  time: arg.integer("milliseconds"),
}, { unit: 1, fromNow: true });

/** EXPIREAT */
export const expireat = expireCommand({
  name: "EXPIREAT",
  summary: "Lets a key expire at a Unix time in seconds.",
  since: "1.2.0",
  time: arg.unixTime("unix-time-seconds"),
}, { unit: 1000, fromNow: false });

/** PEXPIREAT */
export const pexpireat = expireCommand({
  name: "PEXPIREAT",
  summary: "Lets a key expire at a Unix time in milliseconds.",
  since: "2.6.0",
  time: arg.unixTime("unix-time-milliseconds"),
}, { unit: 1, fromNow: false });

/** PERSIST */
export const persist = command({
  name: "PERSIST",
  summary: "Lets a key stay for good that would have expired.",
  group: "generic",
  since: "2.2.0",
  complexity: "O(1)",
  arity: 2,
  flags: ["write", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["update"] }],
  args: [arg.key("key")],

  run(ctx, args) {
    const { db } = ctx;
    const ref = db.find(args, 1);
    if (ref === 0 || db.expiry(ref) === NO_EXPIRY) {
      ctx.reply.int(0);
      return;
    }
    db.setExpiry(ref, NO_EXPIRY);
    ctx.changed(args, 1, EventClass.generic, "persist");
    ctx.reply.int(1);
  },
});

interface ExpireFacts {
  name: string;
  summary: string;
  since: string;
  time: ArgSpec;
}

function expireCommand(facts: ExpireFacts, unit: TimeUnit): CommandSpec {
  const { name, summary, since, time } = facts;
  const lowerName = name.toLowerCase();
  return command({
    name,
    summary,
    group: "generic",
    since,
    complexity: "O(1)",
    arity: -3,
    flags: ["write", "fast"],
    keys: [{ at: 1, access: "RW", effects: ["update"] }],
    args: [
      arg.key("key"),
      time,
      arg.oneOf("condition", [
        arg.token("NX"),
        arg.token("XX"),
        arg.token("GT"),
        arg.token("LT"),
      ], { optional: true, since: "7.0.0" }),
    ],
    history: [["7.0.0", "The conditions `NX`, `XX`, `GT` and `LT` came."]],
    run: (ctx, args) => expireKey(ctx, args, unit, lowerName),
  });
}

function expireKey(ctx: Context, args: Args, unit: TimeUnit, name: string): void {
  const conditions = args.count === 3 ? Condition.none : readConditions(args, 3);
  const expiry = readTime(args, 2, unit, ctx.now, name);
  const { db } = ctx;
  const ref = db.find(args, 1);
  if (
    ref === 0 ||
    (conditions !== Condition.none && !conditionsHold(conditions, expiry, db.expiry(ref)))
  ) {
    ctx.reply.int(0);
    return;
  }

  // A replica keeps the key until its primary says DEL.
  if (expiry <= ctx.now && db.keyspace.deletesExpired) {
    db.deleteRef(ref);
    if (ctx.propagates) {
      ctx.propagate(ctx.server.config.values.lazyfreeLazyExpire ? "UNLINK" : "DEL", args.view(1));
    }
    ctx.changed(args, 1, EventClass.generic, "del");
  } else {
    db.setExpiry(ref, Math.max(expiry, 0));
    const isEffect = unit.unit === 1 && !unit.fromNow && conditions === Condition.none;
    if (ctx.propagates && !isEffect) {
      ctx.propagate("PEXPIREAT", args.view(1), exactDecimal(expiry));
    }
    ctx.changed(args, 1, EventClass.generic, "expire");
  }
  ctx.reply.int(1);
}

/** A whole number so that its decimal text has no exponent. */
function exactDecimal(value: number): number | bigint {
  return Number.isSafeInteger(value) ? value : BigInt(value);
}
