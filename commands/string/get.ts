/**
 * Commands that answer a key's whole string: GET, GETDEL, GETEX, MGET.
 *
 * @module
 */

import { NO_EXPIRY, Type } from "../../storage/entry.ts";
import { arg, command } from "../command.ts";
import { type Context, EventClass } from "../context.ts";
import { expirationArgument } from "../generic/expire.ts";
import { Expiration, readExpireTime, readGetexOptions } from "./set_options.ts";

/** Replies with a key's string, or with null when there is no key. */
export function replyWithString(ctx: Context, ref: number): void {
  if (ref === 0) {
    ctx.reply.null();
    return;
  }
  const value = ctx.db.value(ref);
  ctx.reply.bulkAt(value.buf, value.off, value.len);
}

/** GET */
export const get = command({
  name: "GET",
  summary: "Answers the string that a key holds.",
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
  arity: 2,
  flags: ["readonly", "fast"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [arg.key("key")],

  run(ctx, args) {
    replyWithString(ctx, ctx.db.read(args, 1, Type.string));
  },
});

/** MGET */
export const mget = command({
  name: "MGET",
  summary: "Answers the strings that several keys hold.",
  group: "string",
  since: "1.0.0",
  complexity: "O(N) where N is the number of keys.",
  arity: -2,
  flags: ["readonly", "fast"],
  keys: [{ at: 1, last: -1, access: "RO", effects: ["access"] }],
  args: [arg.key("key", { multiple: true })],
  tips: ["request_policy:multi_shard"],

  run(ctx, args) {
    const { db, reply } = ctx;
    const count = args.count;
    reply.array(count - 1);
    try {
      for (let i = 1; i < count; i++) {
        db.lookAhead(args, i, 1);
        const ref = db.read(args, i);
        replyWithString(ctx, ref !== 0 && db.type(ref) === Type.string ? ref : 0);
      }
    } finally {
      db.closeWindow();
    }
  },
});

/** GETDEL */
export const getdel = command({
  name: "GETDEL",
  summary: "Answers the string that a key holds and deletes the key.",
  group: "string",
  since: "6.2.0",
  complexity: "O(1)",
  arity: 2,
  flags: ["write", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["access", "delete"] }],
  args: [arg.key("key")],

  run(ctx, args) {
    const ref = ctx.db.read(args, 1, Type.string);
    replyWithString(ctx, ref);
    if (ref === 0) return;
    ctx.db.deleteRef(ref);
    ctx.changed(args, 1, EventClass.generic, "del");
    if (ctx.propagates) ctx.propagate("DEL", args.view(1));
  },
});

/** GETEX */
export const getex = command({
  name: "GETEX",
  summary: "Answers the string that a key holds and changes when the key expires.",
  group: "string",
  since: "6.2.0",
  complexity: "O(1)",
  arity: -2,
  flags: ["write", "fast"],
  keys: [{
    at: 1,
    access: "RW",
    effects: ["access", "update"],
    note: "The expiry counts as part of the value",
  }],
  args: [
    arg.key("key"),
    expirationArgument(arg.token("PERSIST")),
  ],

  run(ctx, args) {
    const { db } = ctx;
    const { expiration, timeAt } = readGetexOptions(args, 2);
    const ref = db.read(args, 1, Type.string);
    if (ref === 0) {
      ctx.reply.null();
      return;
    }
    const expiry = timeAt > 0 ? readExpireTime(args, timeAt, expiration, ctx.now, "getex") : 0;
    replyWithString(ctx, ref);

    if (expiration === Expiration.remove) {
      if (db.expiry(ref) === NO_EXPIRY) return;
      db.setExpiry(ref, NO_EXPIRY);
      ctx.changed(args, 1, EventClass.generic, "persist");
      if (ctx.propagates) ctx.propagate("PERSIST", args.view(1));
    } else if (timeAt > 0) {
      // A replica keeps a key whose time is over until its primary says DEL.
      if (expiry <= ctx.now && db.keyspace.deletesExpired) {
        db.deleteRef(ref);
        ctx.changed(args, 1, EventClass.generic, "del");
        if (!ctx.propagates) return;
        const { lazyfreeLazyExpire } = ctx.server.config.values;
        ctx.propagate(lazyfreeLazyExpire ? "UNLINK" : "DEL", args.view(1));
      } else {
        db.setExpiry(ref, expiry);
        ctx.changed(args, 1, EventClass.generic, "expire");
        if (ctx.propagates) ctx.propagate("PEXPIREAT", args.view(1), expiry);
      }
    }
  },
});
