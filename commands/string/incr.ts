/**
 * Counters: INCR, DECR, INCRBY, DECRBY on the decimal text of a 64-bit integer; INCRBYFLOAT in C's extended precision,
 * whose digits clients see.
 *
 * Integers that a double holds exactly, which are nearly all, are read from and written into the key's record without
 * leaving the stack; the rest go through BigInt.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { notAFloat, notAnInteger } from "../../server/resp/errors.ts";
import {
  INT64_MAX,
  INT64_MIN,
  parseBigInt64,
  parseSafeInteger,
} from "../../server/resp/numbers.ts";
import { writeDigits } from "../../server/resp/reply_encoder.ts";
import { KEEP_EXPIRY, NO_EXPIRY, StringEncoding, Type } from "../../storage/entry.ts";
import type { Database } from "../../storage/keyspace.ts";
import {
  formatLongDouble,
  LONG_DOUBLE_ZERO,
  parseLongDouble,
  sumLongDoubles,
} from "../../storage/long_double.ts";
import { arg, command } from "../command.ts";
import { type Context, EventClass } from "../context.ts";
import { decrementOverflows, incrementNotFinite, incrementOverflows } from "../errors.ts";

const MINUS = 45;

/** INCR */
export const incr = command({
  name: "INCR",
  summary: "Adds one to the integer that a key holds; an absent key counts as zero.",
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  arity: 2,
  flags: ["write", "denyoom", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["access", "update"] }],
  args: [arg.key("key")],

  run(ctx, args) {
    increment(ctx, args, 1);
  },
});

/** DECR */
export const decr = command({
  name: "DECR",
  summary: "Takes one from the integer that a key holds; an absent key counts as zero.",
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  arity: 2,
  flags: ["write", "denyoom", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["access", "update"] }],
  args: [arg.key("key")],

  run(ctx, args) {
    increment(ctx, args, -1);
  },
});

/** INCRBY */
export const incrby = command({
  name: "INCRBY",
  summary: "Adds a number to the integer that a key holds; an absent key counts as zero.",
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  arity: 3,
  flags: ["write", "denyoom", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["access", "update"] }],
  args: [arg.key("key"), arg.integer("increment")],

  run(ctx, args) {
    const by = args.safeInt(2);
    if (by === by) increment(ctx, args, by);
    else incrementExactly(ctx, args, args.bigint(2));
  },
});

/** DECRBY */
export const decrby = command({
  name: "DECRBY",
  summary: "Takes a number from the integer that a key holds; an absent key counts as zero.",
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  arity: 3,
  flags: ["write", "denyoom", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["access", "update"] }],
  args: [arg.key("key"), arg.integer("decrement")],

  run(ctx, args) {
    const by = args.safeInt(2);
    if (by === by) {
      increment(ctx, args, -by);
      return;
    }
    const exact = args.bigint(2);
    if (exact === INT64_MIN) throw decrementOverflows();
    incrementExactly(ctx, args, -exact);
  },
});

/** Adds a small integer to the key in argument 1. */
function increment(ctx: Context, args: Args, by: number): void {
  const { db } = ctx;
  const ref = db.find(args, 1, Type.string);
  if (ref === 0) {
    // `+ 0` because DECRBY 0 arrives as minus zero.
    db.setString(args, 1, String(by + 0), NO_EXPIRY);
    finish(ctx, args, by + 0);
    return;
  }
  const value = db.value(ref);
  const sum = parseSafeInteger(value.buf, value.off, value.len) + by;
  if (!Number.isSafeInteger(sum)) {
    incrementExactly(ctx, args, BigInt(by));
    return;
  }
  overwrite(db, ref, value.len, sum);
  finish(ctx, args, sum);
}

/** Adds any 64-bit integer to the key in argument 1. */
function incrementExactly(ctx: Context, args: Args, by: bigint): void {
  const { db } = ctx;
  const ref = db.find(args, 1, Type.string);
  let before: bigint | undefined = 0n;
  if (ref !== 0) {
    const { buf, off, len } = db.value(ref);
    before = parseBigInt64(buf, off, len);
    if (before === undefined) throw notAnInteger();
  }
  const sum = before + by;
  if (sum > INT64_MAX || sum < INT64_MIN) throw incrementOverflows();
  db.setString(args, 1, sum.toString(), KEEP_EXPIRY);
  finish(ctx, args, sum);
}

function finish(ctx: Context, args: Args, sum: number | bigint): void {
  ctx.changed(args, 1, EventClass.string, "incrby");
  ctx.reply.int(sum);
}

/** Writes an integer over a record's value of `length` bytes, in place where it has as many digits. */
function overwrite(db: Database, ref: number, length: number, value: number): void {
  const magnitude = Math.abs(value);
  let needed = value < 0 ? 2 : 1;
  for (let limit = 10; magnitude >= limit; limit *= 10) needed++;
  const target = needed === length ? ref : db.resizeValue(ref, needed);
  if (db.encoding(target) !== StringEncoding.plain) db.setEncoding(target, StringEncoding.plain);
  const { buf, off } = db.value(target);
  let at = off;
  if (value < 0) buf[at++] = MINUS;
  writeDigits(buf, at, magnitude);
}

/** INCRBYFLOAT */
export const incrbyfloat = command({
  name: "INCRBYFLOAT",
  summary:
    "Adds a floating-point number to the one that a key holds; an absent key counts as zero.",
  group: "string",
  since: "2.6.0",
  complexity: "O(1)",
  arity: 3,
  flags: ["write", "denyoom", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["access", "update"] }],
  args: [arg.key("key"), arg.double("increment")],

  run(ctx, args) {
    const { db } = ctx;
    const ref = db.find(args, 1, Type.string);
    let before: typeof LONG_DOUBLE_ZERO | undefined = LONG_DOUBLE_ZERO;
    if (ref !== 0) {
      const { buf, off, len } = db.value(ref);
      before = parseLongDouble(buf, off, len);
    }
    const by = parseLongDouble(args.buf, args.off[2], args.len[2]);
    if (before === undefined || by === undefined) throw notAFloat();
    const sum = sumLongDoubles(before, by);
    if (sum === undefined) throw incrementNotFinite();

    const digits = formatLongDouble(sum);
    db.setEncoding(db.setString(args, 1, digits, KEEP_EXPIRY), StringEncoding.text);
    ctx.changed(args, 1, EventClass.string, "incrbyfloat");
    // Replicas must store our digits, not repeat our arithmetic.
    if (ctx.propagates) ctx.propagate("SET", args.view(1), digits, "KEEPTTL");
    ctx.reply.bulk(digits);
  },
});
