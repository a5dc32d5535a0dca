/**
 * HSETEX: fields get values and, at the same time, times at which they expire.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { Hashes } from "../../storage/hashes.ts";
import { FieldTime } from "../../storage/types/hash_fields.ts";
import { arg, command } from "../command.ts";
import { type Context, type EffectPart, EventClass } from "../context.ts";
import {
  conditionTwice,
  expirationTwice,
  FIELD_COUNT_INVALID,
  missingExpireTime,
  missingFields,
  shown,
  unknownArgument,
  wrongNumberOfArguments,
} from "../errors.ts";
import { expirationArgument } from "../generic/expire.ts";
import { readFieldTime, readTimeWord } from "./field_arguments.ts";

/** HSETEX */
export const hsetex = command({
  name: "HSETEX",
  summary: "Gives fields of a hash values and changes when the fields expire.",
  group: "hash",
  since: "8.0.0",
  complexity: "O(N) for N fields",
  arity: -6,
  flags: ["write", "denyoom", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["update"] }],
  args: [
    arg.key("key"),
    arg.oneOf("condition", [arg.token("FNX"), arg.token("FXX")], { optional: true }),
    expirationArgument(arg.token("KEEPTTL")),
    arg.block("fields", [
      arg.integer("numfields"),
      arg.block("data", [arg.string("field"), arg.string("value")], { multiple: true }),
    ], { token: "FIELDS" }),
  ],

  run(ctx, args) {
    const { first, condition, time } = readRequest(ctx, args);
    const hashes = ctx.db.tool(Hashes);
    const fields = hashes.find(args, 1);
    if (fields !== undefined && condition !== "none") {
      hashes.expireNamed(args, first, args.count, 2);
    }
    if (!conditionHolds(hashes, args, first, condition)) {
      ctx.reply.int(0);
      return;
    }

    if (time >= 0 && time <= ctx.now && ctx.db.keyspace.deletesExpired) {
      setAndRemove(ctx, args, first);
    } else {
      setWithTime(ctx, args, first, time);
    }
    ctx.reply.int(1);
  },
});

/** On which condition fields are set: that none of them exists (FNX), or that all do (FXX). */
type FieldCondition = "none" | "fnx" | "fxx";

interface Request {
  /** The first field's name. */
  first: number;
  condition: FieldCondition;
  /** A Unix time in ms or one of {@link FieldTime}. */
  time: number;
}

function readRequest(ctx: Context, args: Args): Request {
  const request: Request = { first: 0, condition: "none", time: FieldTime.none };
  for (let i = 2; i < args.count; i++) {
    const unit = readTimeWord(args, i);
    if (unit !== undefined) {
      if (request.time !== FieldTime.none) throw expirationTwice();
      if (++i === args.count) throw missingExpireTime();
      request.time = readFieldTime(args, i, unit, ctx.now, "hsetex");
    } else if (args.is(i, "KEEPTTL")) {
      if (request.time !== FieldTime.none) throw expirationTwice();
      request.time = FieldTime.keep;
    } else if (args.is(i, "FXX") || args.is(i, "FNX")) {
      if (request.condition !== "none") throw conditionTwice();
      request.condition = args.is(i, "FXX") ? "fxx" : "fnx";
    } else if (args.is(i, "FIELDS")) {
      if (i + 1 === args.count) throw wrongNumberOfArguments("hsetex");
      const count = args.intBetween(i + 1, 1, 2 ** 31 - 1, FIELD_COUNT_INVALID);
      request.first = i + 2;
      if (request.first + count * 2 !== args.count) throw wrongNumberOfArguments("hsetex");
      return request;
    } else {
      throw unknownArgument(shown(args, i));
    }
  }
  throw missingFields();
}

/** Whether the hash that is open, if there is one, has all those fields, or none of them. */
function conditionHolds(
  hashes: Hashes,
  args: Args,
  first: number,
  condition: FieldCondition,
): boolean {
  if (condition === "none") return true;
  for (let i = first; i < args.count; i += 2) {
    const exists = hashes.live(args.buf, args.off[i], args.len[i]) !== 0;
    if (exists !== (condition === "fxx")) return false;
  }
  return true;
}

function setWithTime(ctx: Context, args: Args, first: number, time: number): void {
  const limits = ctx.server.config.values;
  const hashes = ctx.db.tool(Hashes);
  const { buf, off, len, count } = args;
  if (hashes.ref === 0) hashes.create(args, 1);
  hashes.prepareFor(args, first, count, limits);
  for (let i = first; i < count; i += 2) {
    const v = i + 1;
    hashes.put(buf, off[i], len[i], buf, off[v], len[v], time, limits);
  }
  ctx.changed(args, 1, EventClass.hash, "hset");
  if (time >= 0) ctx.notify(EventClass.hash, "hexpire", args.bytes(1));
  const pairs = (count - first) / 2;
  if (pairs > 1) ctx.dirty(pairs - 1);
  if (ctx.propagates) propagateFields(ctx, args, first, time);
}

/** Hands on what older replicas understand, too: HSET, and the times that the fields have then. */
function propagateFields(ctx: Context, args: Args, first: number, time: number): void {
  const { fields } = ctx.db.tool(Hashes);
  const key = args.view(1);
  const values: EffectPart[] = [];
  const names: EffectPart[] = [];
  for (let i = first; i < args.count; i += 2) {
    values.push(args.view(i), args.view(i + 1));
    names.push(args.view(i));
  }
  ctx.propagate("HSET", key, ...values);
  if (time >= 0) {
    ctx.propagate("HPEXPIREAT", key, time, "FIELDS", names.length, ...names);
  } else if (time === FieldTime.keep) {
    for (let i = first; i < args.count; i += 2) {
      const expiry = fields.expiryOf(fields.find(args.buf, args.off[i], args.len[i]));
      if (expiry === FieldTime.none) continue;
      ctx.propagate("HPEXPIREAT", key, expiry, "FIELDS", 1, args.view(i));
    }
  }
}

/** What a time in the past comes to: fields that exist go, new ones never come. */
function setAndRemove(ctx: Context, args: Args, first: number): void {
  const hashes = ctx.db.tool(Hashes);
  const { buf, off, len, count } = args;
  const names: EffectPart[] = [];
  for (let i = first; i < count; i += 2) {
    names.push(args.view(i));
    if (hashes.ref === 0) continue;
    const field = hashes.fields.find(buf, off[i], len[i]);
    if (field !== 0) hashes.remove(field);
  }
  const isGone = hashes.ref === 0 || hashes.deleteIfEmpty();
  // To those who listen, the fields have been set and then removed.
  ctx.changed(args, 1, EventClass.hash, "hset");
  ctx.notify(EventClass.hash, "hdel", args.bytes(1));
  if (isGone) ctx.notify(EventClass.generic, "del", args.bytes(1));
  ctx.dirty(names.length);
  ctx.propagate("HDEL", args.view(1), ...names);
}
