/**
 * When a key goes: EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT and PERSIST; how long it has still to live: TTL, PTTL, EXPIRETIME
 * and PEXPIRETIME.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { INT64_MAX, INT64_MIN } from "../../server/resp/numbers.ts";
import { NO_EXPIRY } from "../../storage/entry.ts";
import { arg, type ArgSpec, command, type CommandSpec } from "../command.ts";
import { type Context, EventClass } from "../context.ts";
import {
  greaterContradictsLess,
  invalidExpireTime,
  newContradictsOthers,
  shown,
  unsupportedOption,
} from "../errors.ts";

/** How a time is given. */
export interface TimeUnit {
  /** Milliseconds in one unit. */
  readonly unit: 1 | 1000;
  /** Whether it counts from now on; else from 1970. */
  readonly fromNow: boolean;
}

/** The units, by the words for them: SET has them as options. */
export const EX: TimeUnit = { unit: 1000, fromNow: true };
export const PX: TimeUnit = { unit: 1, fromNow: true };
export const EXAT: TimeUnit = { unit: 1000, fromNow: false };
export const PXAT: TimeUnit = { unit: 1, fromNow: false };

/** EXPIRE */
export const expire = expireCommand({
  name: "EXPIRE",
  summary: "Lets a key expire after some seconds.",
  since: "1.0.0",
  time: arg.integer("seconds"),
}, EX);

/** PEXPIRE */
export const pexpire = expireCommand({
  name: "PEXPIRE",
  summary: "Lets a key expire after some milliseconds.",
  since: "2.6.0",
  time: arg.integer("milliseconds"),
}, PX);

/** EXPIREAT */
export const expireat = expireCommand({
  name: "EXPIREAT",
  summary: "Lets a key expire at a Unix time in seconds.",
  since: "1.2.0",
  time: arg.unixTime("unix-time-seconds"),
}, EXAT);

/** PEXPIREAT */
export const pexpireat = expireCommand({
  name: "PEXPIREAT",
  summary: "Lets a key expire at a Unix time in milliseconds.",
  since: "2.6.0",
  time: arg.unixTime("unix-time-milliseconds"),
}, PXAT);

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
      conditionArgument({ since: "7.0.0" }),
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

/** What is answered for a key that does not exist, and for one that does not expire. */
const NO_KEY = -2;
const STAYS = -1;

/** TTL */
export const ttl = command({
  ...timeCommand(EX),
  name: "TTL",
  summary: "Tells how many seconds are left until a key expires.",
  since: "1.0.0",
  tips: ["nondeterministic_output"],
  history: [["2.8.0", "A key that does not exist is told from one that does not expire, by -2."]],
});

/** PTTL */
export const pttl = command({
  ...timeCommand(PX),
  name: "PTTL",
  summary: "Tells how many milliseconds are left until a key expires.",
  since: "2.6.0",
  tips: ["nondeterministic_output"],
  history: [["2.8.0", "A key that does not exist is told from one that does not expire, by -2."]],
});

/** EXPIRETIME */
export const expiretime = command({
  ...timeCommand(EXAT),
  name: "EXPIRETIME",
  summary: "Tells the Unix time in seconds at which a key expires.",
  since: "7.0.0",
});

/** PEXPIRETIME */
export const pexpiretime = command({
  ...timeCommand(PXAT),
  name: "PEXPIRETIME",
  summary: "Tells the Unix time in milliseconds at which a key expires.",
  since: "7.0.0",
});

function timeCommand(unit: TimeUnit): Omit<CommandSpec, "name" | "summary" | "since"> {
  return {
    group: "generic",
    complexity: "O(1)",
    arity: 2,
    flags: ["readonly", "fast"],
    keys: [{ at: 1, access: "RO", effects: ["access"] }],
    args: [arg.key("key")],
    run: (ctx, args) => replyWithTime(ctx, args, unit),
  };
}

function replyWithTime(ctx: Context, args: Args, { unit, fromNow }: TimeUnit): void {
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
  const ms = fromNow ? expiry - ctx.now : expiry;
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

/** The grammar of the conditions. */
export function conditionArgument(traits: { readonly since?: string } = {}): ArgSpec {
  const words = [arg.token("NX"), arg.token("XX"), arg.token("GT"), arg.token("LT")];
  return arg.oneOf("condition", words, { optional: true, ...traits });
}

/** The grammar of an option that says when a key or field goes, where `instead` may stand in its place. */
export function expirationArgument(instead: ArgSpec): ArgSpec {
  return arg.oneOf("expiration", [
    arg.integer("seconds", { token: "EX" }),
    arg.integer("milliseconds", { token: "PX" }),
    arg.unixTime("unix-time-seconds", { token: "EXAT" }),
    arg.unixTime("unix-time-milliseconds", { token: "PXAT" }),
    instead,
  ], { optional: true });
}

/** The conditions, as bits. */
export const Condition = { none: 0, nx: 1, xx: 2, gt: 4, lt: 8 } as const;

/** Up to this amount a time can be multiplied and added to without a rounding error. */
const PLAIN_TIME = 4e12;
/** The latest time that is both a double and 64 bits of milliseconds. */
const LATEST = 2 ** 63 - 1024;

/** The condition in argument `i`, one of {@link Condition}'s bits; none when it is something else. */
export function readCondition(args: Args, i: number): number {
  if (args.is(i, "NX")) return Condition.nx;
  if (args.is(i, "XX")) return Condition.xx;
  if (args.is(i, "GT")) return Condition.gt;
  return args.is(i, "LT") ? Condition.lt : Condition.none;
}

/**
 * Reads the conditions from argument `from` on; answers {@link Condition} bits.
 *
 * @throws {ReplyError} for an unknown word, or conditions that contradict each other
 */
function readConditions(args: Args, from: number): number {
  let conditions: number = Condition.none;
  for (let i = from; i < args.count; i++) {
    const condition = readCondition(args, i);
    if (condition === Condition.none) throw unsupportedOption(shown(args, i));
    conditions |= condition;
  }
  if ((conditions & Condition.nx) !== 0 && conditions !== Condition.nx) {
    throw newContradictsOthers();
  }
  if ((conditions & Condition.gt) !== 0 && (conditions & Condition.lt) !== 0) {
    throw greaterContradictsLess();
  }
  return conditions;
}

/** Whether the conditions let a key that expires at `current` expire at `expiry` instead. */
export function conditionsHold(conditions: number, expiry: number, current: number): boolean {
  const persists = current === NO_EXPIRY;
  if ((conditions & Condition.nx) !== 0 && !persists) return false;
  if ((conditions & Condition.xx) !== 0 && persists) return false;
  // A key that persists counts as one that expires at the end of time.
  if ((conditions & Condition.gt) !== 0 && (persists || expiry <= current)) return false;
  if ((conditions & Condition.lt) !== 0 && !persists && expiry >= current) return false;
  return true;
}

/**
 * The Unix time in ms that argument `i` stands for; it may lie before 1970. Beyond 2^53 ms, some 280,000 years from
 * now, it is rounded to a double.
 *
 * @param name the command's, in lower case, for the refusal
 * @throws {ReplyError} when it is no integer, or no 64-bit number of ms
 */
function readTime(
  args: Args,
  i: number,
  { unit, fromNow }: TimeUnit,
  now: number,
  name: string,
): number {
  const base = fromNow ? now : 0;
  const time = args.safeInt(i);
  if (time >= -PLAIN_TIME && time <= PLAIN_TIME) return time * unit + base;

  let exact = args.bigint(i);
  if (unit === 1000) {
    if (exact > INT64_MAX / 1000n || exact < INT64_MIN / 1000n) throw invalidExpireTime(name);
    exact *= 1000n;
  }
  if (exact > INT64_MAX - BigInt(base)) throw invalidExpireTime(name);
  return Math.min(Number(exact + BigInt(base)), LATEST);
}
