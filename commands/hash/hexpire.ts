/**
 * When fields of a hash go: HEXPIRE, HPEXPIRE, HEXPIREAT, HPEXPIREAT and HPERSIST; how long they have still to live: HTTL,
 * HPTTL, HEXPIRETIME and HPEXPIRETIME.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { Hashes } from "../../storage/hashes.ts";
import { FieldTime } from "../../storage/types/hash_fields.ts";
import { arg, type ArgSpec, command, type CommandSpec } from "../command.ts";
import { type Context, type EffectPart, EventClass } from "../context.ts";
import { FIELD_COUNT_NOT_ABOVE_ZERO, FIELD_COUNT_NOT_POSITIVE } from "../errors.ts";
import {
  Condition,
  conditionArgument,
  conditionsHold,
  EX,
  EXAT,
  PX,
  PXAT,
  readCondition,
  type TimeUnit,
} from "../generic/expire.ts";
import { fieldsArgument, readFields, readFieldTime } from "./field_arguments.ts";

/** What is answered for each field. */
const FieldReply = { missing: -2, noTime: -1, conditionFails: 0, done: 1, removed: 2 } as const;

/** HEXPIRE */
export const hexpire = expireCommand({
  name: "HEXPIRE",
  summary: "Lets fields of a hash expire after some seconds.",
  time: arg.integer("seconds"),
}, EX);

/** HPEXPIRE */
export const hpexpire = expireCommand({
  name: "HPEXPIRE",
  summary: "Lets fields of a hash expire after some milliseconds.",
  time: arg.integer("milliseconds"),
}, PX);

/** HEXPIREAT */
export const hexpireat = expireCommand({
  name: "HEXPIREAT",
  summary: "Lets fields of a hash expire at a Unix time in seconds.",
  time: arg.unixTime("unix-time-seconds"),
}, EXAT);

/** HPEXPIREAT */
export const hpexpireat = expireCommand({
  name: "HPEXPIREAT",
  summary: "Lets fields of a hash expire at a Unix time in milliseconds.",
  time: arg.unixTime("unix-time-milliseconds"),
}, PXAT);

/** HPERSIST */
export const hpersist = command({
  name: "HPERSIST",
  summary: "Lets fields of a hash stay that would have expired.",
  group: "hash",
  since: "7.4.0",
  complexity: "O(N) for N fields",
  arity: -5,
  flags: ["write", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["update"] }],
  args: [arg.key("key"), fieldsArgument()],

  run(ctx, args) {
    const { reply } = ctx;
    const hashes = ctx.db.tool(Hashes);
    const fields = hashes.find(args, 1);
    const first = readFields(args, 2, FIELD_COUNT_NOT_POSITIVE);
    let changed = false;
    reply.array(args.count - first);
    for (let i = first; i < args.count; i++) {
      const field = fields?.find(args.buf, args.off[i], args.len[i]) ?? 0;
      if (fields === undefined || field === 0 || hashes.isOver(field)) {
        reply.int(FieldReply.missing);
      } else if (fields.expiryOf(field) === FieldTime.none) {
        reply.int(FieldReply.noTime);
      } else {
        hashes.setExpiry(field, FieldTime.none);
        changed = true;
        reply.int(FieldReply.done);
      }
    }
    if (changed) ctx.changed(args, 1, EventClass.hash, "hpersist");
  },
});

interface ExpireFacts {
  name: string;
  summary: string;
  time: ArgSpec;
}

function expireCommand({ name, summary, time }: ExpireFacts, unit: TimeUnit): CommandSpec {
  const lowerName = name.toLowerCase();
  return command({
    name,
    summary,
    group: "hash",
    since: "7.4.0",
    complexity: "O(N) for N fields",
    arity: -6,
    flags: ["write", "denyoom", "fast"],
    keys: [{ at: 1, access: "RW", effects: ["update"] }],
    args: [
      arg.key("key"),
      time,
      conditionArgument(),
      fieldsArgument(),
    ],
    run: (ctx, args) => expireFields(ctx, args, unit, lowerName),
  });
}

function expireFields(ctx: Context, args: Args, unit: TimeUnit, name: string): void {
  const hashes = ctx.db.tool(Hashes);
  const fields = hashes.find(args, 1);
  const time = readFieldTime(args, 2, unit, ctx.now, name);
  const condition = readCondition(args, 3);
  const fieldsAt = condition === Condition.none ? 3 : 4;
  const first = readFields(args, fieldsAt, FIELD_COUNT_NOT_ABOVE_ZERO);
  const { buf, off, len, count } = args;

  const isGone = fields === undefined || hashes.expireNamed(args, first, count);
  if (!isGone) hashes.allowTimes();
  const change = new TimeChange(ctx, args, time);
  ctx.reply.array(count - first);
  for (let i = first; i < count; i++) {
    const field = fields === undefined || isGone ? 0 : fields.find(buf, off[i], len[i]);
    if (fields === undefined || field === 0) {
      ctx.reply.int(FieldReply.missing);
    } else if (
      condition !== Condition.none && !conditionsHold(condition, time, fields.expiryOf(field))
    ) {
      ctx.reply.int(FieldReply.conditionFails);
    } else {
      ctx.reply.int(change.set(i, field) ? FieldReply.done : FieldReply.removed);
    }
  }
  change.end(condition === Condition.none ? undefined : args.view(3));
}

/** Fields of the open hash, that of the key in argument 1, get one time, or go at once where that is over. */
export class TimeChange {
  readonly #ctx: Context;
  readonly #args: Args;
  readonly #time: number;
  readonly #removes: boolean;
  readonly #effect: EffectPart[] = [];
  #set = 0;
  #removed = 0;

  constructor(ctx: Context, args: Args, time: number) {
    this.#ctx = ctx;
    this.#args = args;
    this.#time = time;
    // A replica keeps its fields until its primary says HDEL.
    this.#removes = time <= ctx.now && ctx.db.keyspace.deletesExpired;
  }

  /** Gives a field, whose name is in argument `i`, the time; false if it has gone instead. */
  set(i: number, field: number): boolean {
    const ctx = this.#ctx;
    const hashes = ctx.db.tool(Hashes);
    if (this.#removes) {
      hashes.remove(field);
      this.#removed++;
      if (ctx.propagates) ctx.propagate("HDEL", this.#args.view(1), this.#args.view(i));
      return false;
    }
    hashes.setExpiry(field, this.#time);
    this.#set++;
    if (ctx.propagates) this.#effect.push(this.#args.view(i));
    return true;
  }

  /**
   * Says what has changed, after all fields.
   *
   * @param condition the word that stays in the effect
   */
  end(condition?: Uint8Array): void {
    const changes = this.#set + this.#removed;
    if (changes === 0) return;
    const ctx = this.#ctx;
    const args = this.#args;
    const isGone = ctx.db.tool(Hashes).deleteIfEmpty();
    ctx.changed(args, 1, EventClass.hash, this.#removed > 0 ? "hdel" : "hexpire");
    if (isGone) ctx.notify(EventClass.generic, "del", args.bytes(1));
    if (changes > 1) ctx.dirty(changes - 1);
    if (this.#effect.length > 0) {
      const word = condition === undefined ? [] : [condition];
      const fields = ["FIELDS", this.#effect.length, ...this.#effect];
      ctx.propagate("HPEXPIREAT", args.view(1), this.#time, ...word, ...fields);
    }
  }
}

/** HTTL */
export const httl = command({
  ...timeCommand(EX),
  name: "HTTL",
  summary: "Tells how many seconds are left until fields of a hash expire.",
  tips: ["nondeterministic_output"],
});

/** HPTTL */
export const hpttl = command({
  ...timeCommand(PX),
  name: "HPTTL",
  summary: "Tells how many milliseconds are left until fields of a hash expire.",
  tips: ["nondeterministic_output"],
});

/** HEXPIRETIME */
export const hexpiretime = command({
  ...timeCommand(EXAT),
  name: "HEXPIRETIME",
  summary: "Tells the Unix times in seconds at which fields of a hash expire.",
});

/** HPEXPIRETIME */
export const hpexpiretime = command({
  ...timeCommand(PXAT),
  name: "HPEXPIRETIME",
  summary: "Tells the Unix times in milliseconds at which fields of a hash expire.",
});

function timeCommand(unit: TimeUnit): Omit<CommandSpec, "name" | "summary"> {
  return {
    group: "hash",
    since: "7.4.0",
    complexity: "O(N) for N fields",
    arity: -5,
    flags: ["readonly", "fast"],
    keys: [{ at: 1, access: "RO", effects: ["access"] }],
    args: [arg.key("key"), fieldsArgument()],
    run: (ctx, args) => replyWithTimes(ctx, args, unit),
  };
}

function replyWithTimes(ctx: Context, args: Args, { unit, fromNow }: TimeUnit): void {
  const { reply } = ctx;
  const hashes = ctx.db.tool(Hashes);
  const fields = hashes.read(args, 1);
  const first = readFields(args, 2, FIELD_COUNT_NOT_POSITIVE);
  reply.array(args.count - first);
  for (let i = first; i < args.count; i++) {
    const field = fields?.find(args.buf, args.off[i], args.len[i]) ?? 0;
    if (fields === undefined || field === 0 || hashes.isOver(field)) {
      reply.int(FieldReply.missing);
      continue;
    }
    const expiry = fields.expiryOf(field);
    if (expiry === FieldTime.none) {
      reply.int(FieldReply.noTime);
      continue;
    }
    const time = fromNow ? expiry - ctx.now : expiry;
    // Seconds are rounded up, unlike those of keys.
    reply.int(unit === 1 ? time : Math.ceil(time / 1000));
  }
}
