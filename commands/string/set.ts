/**
 * SET and the commands that it has replaced: SETEX, PSETEX, SETNX, GETSET; MSET and MSETNX, which set several keys at
 * once.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { KEEP_EXPIRY, NO_EXPIRY, Type } from "../../storage/entry.ts";
import { arg, command, type KeyUse } from "../command.ts";
import { type Context, EventClass } from "../context.ts";
import { wrongNumberOfArguments } from "../errors.ts";
import { replyWithString } from "./get.ts";
import { Expiration, readExpireTime, readSetOptions, type SetOptions } from "./set_options.ts";

const READS_AND_SETS: KeyUse = { access: "RW", effects: ["access", "update"] };
const SETS: KeyUse = { access: "OW", effects: ["update"] };

/** Whether a SET has the option GET, whatever else may be wrong with it. */
function isGetting(args: Args): boolean {
  for (let i = 3; i < args.count; i++) if (args.is(i, "GET")) return true;
  return false;
}

/** SET */
export const set = command({
  name: "SET",
  summary: "Stores a string under a key, whatever the key held before.",
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  arity: -3,
  flags: ["write", "denyoom"],
  keys: [{
    at: 1,
    access: "RW",
    effects: ["access", "update", "variable_flags"],
    note: "The value is read only with the GET option",
  }],
  args: [
    arg.key("key"),
    arg.string("value"),
    arg.oneOf("condition", [arg.token("NX"), arg.token("XX")], { optional: true, since: "2.6.12" }),
    arg.token("GET", { optional: true, since: "6.2.0" }),
    arg.oneOf("expiration", [
      arg.integer("seconds", { token: "EX", since: "2.6.12" }),
      arg.integer("milliseconds", { token: "PX", since: "2.6.12" }),
      arg.unixTime("unix-time-seconds", { token: "EXAT", since: "6.2.0" }),
      arg.unixTime("unix-time-milliseconds", { token: "PXAT", since: "6.2.0" }),
      arg.token("KEEPTTL", { since: "6.0.0" }),
    ], { optional: true }),
  ],
  keyUse: (args) => isGetting(args) ? READS_AND_SETS : SETS,
  history: [
    ["2.6.12", "The options `EX`, `PX`, `NX` and `XX` came."],
    ["6.0.0", "The option `KEEPTTL` came."],
    ["6.2.0", "The options `GET`, `EXAT` and `PXAT` came."],
    ["7.0.0", "`NX` and `GET` may stand together."],
  ],

  run(ctx, args) {
    if (args.count > 3) {
      setWithOptions(ctx, args, 2, readSetOptions(args, 3), "set");
      return;
    }
    ctx.db.setArg(args, 1, 2, NO_EXPIRY);
    ctx.changed(args, 1, EventClass.string, "set");
    ctx.reply.ok();
  },
});

/** SETEX */
export const setex = command({
  name: "SETEX",
  summary: "Stores a string under a key that expires after some seconds.",
  group: "string",
  since: "2.0.0",
  complexity: "O(1)",
  deprecatedSince: "2.6.12",
  replacedBy: "`SET` with the `EX` argument",
  docFlags: ["deprecated"],
  arity: 4,
  flags: ["write", "denyoom"],
  keys: [{ at: 1, access: "OW", effects: ["update"] }],
  args: [arg.key("key"), arg.integer("seconds"), arg.string("value")],

  run(ctx, args) {
    setWithOptions(ctx, args, 3, expiringIn(Expiration.seconds), "setex");
  },
});

/** PSETEX */
export const psetex = command({
  name: "PSETEX",
  summary: "Stores a string under a key that expires after some milliseconds.",
  group: "string",
  since: "2.6.0",
  complexity: "O(1)",
  deprecatedSince: "2.6.12",
  replacedBy: "`SET` with the `PX` argument",
  docFlags: ["deprecated"],
  arity: 4,
  flags: ["write", "denyoom"],
  keys: [{ at: 1, access: "OW", effects: ["update"] }],
  args: [arg.key("key"), arg.integer("milliseconds"), arg.string("value")],

  run(ctx, args) {
    setWithOptions(ctx, args, 3, expiringIn(Expiration.milliseconds), "psetex");
  },
});

/** SETNX */
export const setnx = command({
  name: "SETNX",
  summary: "Stores a string under a key that does not exist yet.",
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  deprecatedSince: "2.6.12",
  replacedBy: "`SET` with the `NX` argument",
  docFlags: ["deprecated"],
  arity: 3,
  flags: ["write", "denyoom", "fast"],
  keys: [{ at: 1, access: "OW", effects: ["insert"] }],
  args: [arg.key("key"), arg.string("value")],

  run(ctx, args) {
    if (ctx.db.find(args, 1) !== 0) {
      ctx.reply.int(0);
      return;
    }
    ctx.db.setArg(args, 1, 2, NO_EXPIRY);
    ctx.changed(args, 1, EventClass.string, "set");
    ctx.reply.int(1);
  },
});

/** GETSET */
export const getset = command({
  name: "GETSET",
  summary: "Stores a string under a key and answers the one that was there.",
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  deprecatedSince: "6.2.0",
  replacedBy: "`SET` with the `!GET` argument",
  docFlags: ["deprecated"],
  arity: 3,
  flags: ["write", "denyoom", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["access", "update"] }],
  args: [arg.key("key"), arg.string("value")],

  run(ctx, args) {
    replyWithString(ctx, ctx.db.read(args, 1, Type.string));
    ctx.db.setArg(args, 1, 2, NO_EXPIRY);
    ctx.changed(args, 1, EventClass.string, "set");
    if (ctx.propagates) ctx.propagate("SET", args.view(1), args.view(2));
  },
});

/** The options of a command whose second argument is a span of time. */
function expiringIn(unit: Expiration): SetOptions {
  return { onlyNew: false, onlyExisting: false, get: false, expiration: unit, timeAt: 2 };
}

/** Stores argument `v` under the key in argument 1 as the options want it; `name` is the command's. */
function setWithOptions(
  ctx: Context,
  args: Args,
  v: number,
  options: SetOptions,
  name: string,
): void {
  const { expiration, timeAt, get } = options;
  const { db } = ctx;
  let expiry = expiration === Expiration.keep ? KEEP_EXPIRY : NO_EXPIRY;
  if (timeAt > 0) expiry = readExpireTime(args, timeAt, expiration, ctx.now, name);
  if (get) replyWithString(ctx, db.read(args, 1, Type.string));
  if (options.onlyNew || options.onlyExisting) {
    const exists = db.find(args, 1) !== 0;
    if (exists === options.onlyNew) {
      if (!get) ctx.reply.null();
      return;
    }
  }

  db.setArg(args, 1, v, expiry);
  ctx.changed(args, 1, EventClass.string, "set");
  if (timeAt > 0) {
    if (ctx.propagates && expiration !== Expiration.atMillisecond) {
      ctx.propagate("SET", args.view(1), args.view(v), "PXAT", expiry);
    }
    if (ctx.notifies) ctx.notify(EventClass.generic, "expire", args.view(1));
  } else if (get && ctx.propagates) {
    ctx.propagate(...withoutGet(args));
  }
  if (!get) ctx.reply.ok();
}

/** The request without its GET options: a replica has nobody to answer. */
function withoutGet(args: Args): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let i = 0; i < args.count; i++) {
    if (i < 3 || !args.is(i, "GET")) parts.push(args.view(i));
  }
  return parts;
}

/** MSET */
export const mset = command({
  name: "MSET",
  summary: "Stores strings under several keys, whatever they held before.",
  group: "string",
  since: "1.0.1",
  complexity: "O(N) where N is the number of keys.",
  arity: -3,
  flags: ["write", "denyoom"],
  keys: [{ at: 1, last: -1, step: 2, access: "OW", effects: ["update"] }],
  args: [arg.block("data", [arg.key("key"), arg.string("value")], { multiple: true })],
  tips: ["request_policy:multi_shard", "response_policy:all_succeeded"],

  run(ctx, args) {
    if ((args.count & 1) === 0) throw wrongNumberOfArguments("mset");
    setPairs(ctx, args);
    ctx.reply.ok();
  },
});

/** MSETNX */
export const msetnx = command({
  name: "MSETNX",
  summary: "Stores strings under several keys if none of them exists yet.",
  group: "string",
  since: "1.0.1",
  complexity: "O(N) where N is the number of keys.",
  arity: -3,
  flags: ["write", "denyoom"],
  keys: [{ at: 1, last: -1, step: 2, access: "OW", effects: ["insert"] }],
  args: [arg.block("data", [arg.key("key"), arg.string("value")], { multiple: true })],

  run(ctx, args) {
    if ((args.count & 1) === 0) throw wrongNumberOfArguments("msetnx");
    for (let i = 1; i < args.count; i += 2) {
      if (ctx.db.find(args, i) !== 0) {
        ctx.reply.int(0);
        return;
      }
    }
    setPairs(ctx, args);
    ctx.reply.int(1);
  },
});

function setPairs(ctx: Context, args: Args): void {
  const { db } = ctx;
  try {
    for (let i = 1, count = args.count; i < count; i += 2) {
      db.lookAhead(args, i, 2);
      db.setArg(args, i, i + 1, NO_EXPIRY);
      ctx.changed(args, i, EventClass.string, "set");
    }
  } finally {
    db.closeWindow();
  }
}
