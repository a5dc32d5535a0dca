/**
 * Single members of a set: SADD, SREM, SMOVE, SISMEMBER, SMISMEMBER, and SCARD, which counts them.
 *
 * @module
 */

import { Type } from "../../storage/entry.ts";
import { wrongType } from "../../storage/errors.ts";
import type { Args } from "../../server/resp/args.ts";
import type { Ref } from "../../storage/memory/arena.ts";
import { largeSet, Sets } from "../../storage/sets.ts";
import { arg, command } from "../command.ts";
import { type Context, EventClass } from "../context.ts";

/** SADD */
export const sadd = command({
  name: "SADD",
  summary: "Adds members to a set, which is made if there is none.",
  group: "set",
  since: "1.0.0",
  complexity: "O(1) for each element added, so O(N) to add N elements",
  arity: -3,
  flags: ["write", "denyoom", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["insert"] }],
  args: [arg.key("key"), arg.string("member", { multiple: true })],
  history: [["2.4.0", "Several members may be given."]],

  run(ctx, args) {
    const { db } = ctx;
    const ref = db.find(args, 1, Type.set);
    const { buf, off, len, count } = args;
    const set = (ref === 0 ? undefined : largeSet(db, ref)) ?? openSmall(ctx, args, ref);
    let added = 0;
    for (let i = 2; i < count; i++) if (set.add(buf, off[i], len[i])) added++;
    if (added > 0) {
      ctx.changed(args, 1, EventClass.set, "sadd");
      if (added > 1) ctx.dirty(added - 1);
    }
    ctx.reply.int(added);
  },
});

/** Opens the set at `ref`, which is no large one, or a new one, for the members from argument 2 on. */
function openSmall(ctx: Context, args: Args, ref: Ref): Sets {
  const limits = ctx.server.config.values;
  const set = ctx.db.tool(Sets);
  if (ref === 0) set.create(args, 1, 2, args.count - 2, limits);
  else set.open(ref, limits).prepareFor(args.count - 2);
  return set;
}

/** SREM */
export const srem = command({
  name: "SREM",
  summary: "Removes members from a set, and the key with the last one.",
  group: "set",
  since: "1.0.0",
  complexity: "O(N) where N is the number of members to be removed",
  arity: -3,
  flags: ["write", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["delete"] }],
  args: [arg.key("key"), arg.string("member", { multiple: true })],
  history: [["2.4.0", "Several members may be given."]],

  run(ctx, args) {
    const { db } = ctx;
    const ref = db.find(args, 1, Type.set);
    if (ref === 0) {
      ctx.reply.int(0);
      return;
    }
    const set = db.tool(Sets).open(ref, ctx.server.config.values);
    const { buf, off, len, count } = args;
    let removed = 0;
    let isGone = false;
    for (let i = 2; i < count && !isGone; i++) {
      if (!set.remove(buf, off[i], len[i])) continue;
      removed++;
      isGone = set.deleteIfEmpty();
    }
    if (removed > 0) {
      ctx.changed(args, 1, EventClass.set, "srem");
      if (isGone) ctx.notify(EventClass.generic, "del", args.view(1));
      if (removed > 1) ctx.dirty(removed - 1);
    }
    ctx.reply.int(removed);
  },
});

/** SMOVE */
export const smove = command({
  name: "SMOVE",
  summary: "Takes a member from one set and adds it to another.",
  group: "set",
  since: "1.0.0",
  complexity: "O(1)",
  arity: 4,
  flags: ["write", "fast"],
  keys: [
    { at: 1, access: "RW", effects: ["access", "delete"] },
    { at: 2, access: "RW", effects: ["insert"] },
  ],
  args: [
    arg.key("source"),
    arg.key("destination", { keySpecIndex: 1 }),
    arg.string("member"),
  ],

  run(ctx, args) {
    const { db } = ctx;
    const source = db.find(args, 1);
    const destination = db.find(args, 2);
    if (source === 0) {
      ctx.reply.int(0);
      return;
    }
    if (db.type(source) !== Type.set) throw wrongType();
    if (destination !== 0 && db.type(destination) !== Type.set) throw wrongType();

    const limits = ctx.server.config.values;
    const set = db.tool(Sets).open(source, limits);
    const { buf } = args;
    const off = args.off[3];
    const len = args.len[3];
    if (source === destination) {
      ctx.reply.int(set.has(buf, off, len) ? 1 : 0);
      return;
    }
    if (!set.remove(buf, off, len)) {
      ctx.reply.int(0);
      return;
    }
    const isGone = set.deleteIfEmpty();
    ctx.changed(args, 1, EventClass.set, "srem");
    if (isGone) ctx.notify(EventClass.generic, "del", args.view(1));

    if (destination === 0) set.create(args, 2, 3, 1, limits);
    else set.open(destination, limits);
    if (set.add(buf, off, len)) ctx.changed(args, 2, EventClass.set, "sadd");
    ctx.reply.int(1);
  },
});

/** SISMEMBER */
export const sismember = command({
  name: "SISMEMBER",
  summary: "Tells whether a set has a member.",
  group: "set",
  since: "1.0.0",
  complexity: "O(1)",
  arity: 3,
  flags: ["readonly", "fast"],
  keys: [{ at: 1, access: "RO" }],
  args: [arg.key("key"), arg.string("member")],

  run(ctx, args) {
    const { db } = ctx;
    const ref = db.read(args, 1, Type.set);
    const isMember = ref !== 0 && db.tool(Sets).open(ref, ctx.server.config.values)
      .has(args.buf, args.off[2], args.len[2]);
    ctx.reply.int(isMember ? 1 : 0);
  },
});

/** SMISMEMBER */
export const smismember = command({
  name: "SMISMEMBER",
  summary: "Tells of several members whether a set has them.",
  group: "set",
  since: "6.2.0",
  complexity: "O(N) where N is the number of elements being checked for membership",
  arity: -3,
  flags: ["readonly", "fast"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [arg.key("key"), arg.string("member", { multiple: true })],

  run(ctx, args) {
    const { db, reply } = ctx;
    const ref = db.read(args, 1, Type.set);
    const set = db.tool(Sets);
    if (ref !== 0) set.open(ref, ctx.server.config.values);
    const { buf, off, len, count } = args;
    reply.array(count - 2);
    for (let i = 2; i < count; i++) {
      reply.int(ref !== 0 && set.has(buf, off[i], len[i]) ? 1 : 0);
    }
  },
});

/** SCARD */
export const scard = command({
  name: "SCARD",
  summary: "Counts the members of a set.",
  group: "set",
  since: "1.0.0",
  complexity: "O(1)",
  arity: 2,
  flags: ["readonly", "fast"],
  keys: [{ at: 1, access: "RO" }],
  args: [arg.key("key")],

  run(ctx, args) {
    const { db } = ctx;
    const ref = db.read(args, 1, Type.set);
    ctx.reply.int(ref === 0 ? 0 : db.tool(Sets).open(ref, ctx.server.config.values).size);
  },
});
