/**
 * Members by chance: SRANDMEMBER leaves them in the set, SPOP takes them out.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import { INT64_MIN } from "../../server/resp/numbers.ts";
import { KEEP_EXPIRY, SetEncoding, Type } from "../../storage/entry.ts";
import { largeSet, Sets } from "../../storage/sets.ts";
import type { ElementSink } from "../../storage/types/listpack.ts";
import { arg, command } from "../command.ts";
import { type Context, type EffectPart, EventClass } from "../context.ts";
import { countOutOfRange, POP_COUNT_NEGATIVE, replyTooLarge } from "../errors.ts";

/** Where fewer than one in so many members stays, those that stay are put aside instead of taking out the others. */
const KEPT_RATIO = 5;
/** Members that one effect names at the most. */
const MEMBERS_PER_EFFECT = 1024;
/** Bytes around a member in a reply, roughly. */
const BULK_OVERHEAD = 8;

/** SRANDMEMBER */
export const srandmember = command({
  name: "SRANDMEMBER",
  summary: "Answers members of a set, chosen by chance.",
  group: "set",
  since: "1.0.0",
  complexity: "O(1) for one member, O(N) for N of them",
  arity: -2,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [arg.key("key"), arg.integer("count", { optional: true, since: "2.6.0" })],
  tips: ["nondeterministic_output"],
  history: [["2.6.0", "The argument `count` came."]],

  run(ctx, args) {
    if (args.count > 3) throw syntaxError();
    const { db, reply } = ctx;
    if (args.count === 3) return drawMany(ctx, args);
    const ref = db.read(args, 1, Type.set);
    if (ref === 0) {
      reply.null();
      return;
    }
    db.tool(Sets).open(ref, ctx.server.config.values).draw(1, db.keyspace.random, reply);
  },
});

function drawMany(ctx: Context, args: Args): void {
  const { db, reply } = ctx;
  const count = args.int(2);
  if (count === Number(INT64_MIN) && args.bigint(2) === INT64_MIN) throw countOutOfRange();
  const limits = ctx.server.config.values;
  const ref = db.read(args, 1, Type.set);
  if (ref === 0 || count === 0) {
    reply.array(0);
    return;
  }
  const { random } = db.keyspace;
  const set = db.tool(Sets).open(ref, limits);
  const { size } = set;
  if (count < 0) {
    // Members may repeat, so nothing else bounds the reply.
    const bytes = -count * (set.memberBytes / size + BULK_OVERHEAD);
    if (bytes > limits.protoMaxBulkLen) throw replyTooLarge();
    reply.array(-count);
    set.draw(-count, random, reply);
  } else if (count >= size) {
    reply.array(size);
    set.copy(reply);
  } else {
    reply.array(count);
    set.sample(count, random, reply);
  }
}

/** SPOP */
export const spop = command({
  name: "SPOP",
  summary: "Takes members out of a set, chosen by chance, and answers them.",
  group: "set",
  since: "1.0.0",
  complexity: "O(1) for one member, O(N) for N of them",
  arity: -2,
  flags: ["write", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["access", "delete"] }],
  args: [arg.key("key"), arg.integer("count", { optional: true, since: "3.2.0" })],
  tips: ["nondeterministic_output"],
  history: [["3.2.0", "The argument `count` came."]],

  run(ctx, args) {
    if (args.count > 3) throw syntaxError();
    if (args.count === 3) return takeMany(ctx, args);
    const { db, reply } = ctx;
    const ref = db.find(args, 1, Type.set);
    if (ref === 0) {
      reply.null();
      return;
    }
    const taken = ctx.propagates ? new Removals(ctx, args) : undefined;
    const sink = taken ?? reply;
    const large = largeSet(db, ref);
    let isGone = false;
    if (large !== undefined && large.size > 1) {
      large.take(1, db.keyspace.random, sink);
    } else {
      const set = db.tool(Sets).open(ref, ctx.server.config.values);
      set.take(1, db.keyspace.random, sink);
      isGone = set.deleteIfEmpty();
    }
    ctx.changed(args, 1, EventClass.set, "spop");
    if (isGone) ctx.notify(EventClass.generic, "del", args.view(1));
    taken?.end();
  },
});

function takeMany(ctx: Context, args: Args): void {
  const { db, reply } = ctx;
  const count = args.intBetween(2, 0, Infinity, POP_COUNT_NEGATIVE);
  const limits = ctx.server.config.values;
  const ref = db.find(args, 1, Type.set);
  if (ref === 0 || count === 0) {
    reply.set(0);
    return;
  }
  const set = db.tool(Sets).open(ref, limits);
  const { size } = set;
  if (count >= size) {
    reply.set(size);
    set.copy(reply);
    db.deleteRef(ref);
    ctx.changed(args, 1, EventClass.set, "spop");
    ctx.dirty(size - 1);
    ctx.notify(EventClass.generic, "del", args.view(1));
    ctx.propagate(limits.lazyfreeLazyServerDel ? "UNLINK" : "DEL", args.view(1));
    return;
  }

  reply.set(count);
  const taken = ctx.propagates ? new Removals(ctx, args) : undefined;
  const stay = size - count;
  if (stay * KEPT_RATIO > count) set.take(count, db.keyspace.random, taken ?? reply);
  else keepOnly(ctx, args, stay, taken ?? reply);
  ctx.changed(args, 1, EventClass.set, "spop");
  ctx.dirty(count - 1);
  taken?.end();
}

/** Puts `count` random members of the open set in its place, and hands the others on. */
function keepOnly(ctx: Context, args: Args, count: number, others: ElementSink): void {
  const { db } = ctx;
  const { random } = db.keyspace;
  const set = db.tool(Sets);
  const form = set.form === SetEncoding.intset ? SetEncoding.intset : SetEncoding.listpack;
  const kept = set.newResult(form, ctx.server.config.values);
  let left = set.size;
  set.some((buf, off, len) => {
    if (random() * left < count) {
      kept.add(buf, off, len);
      count--;
    } else {
      others.bulkAt(buf, off, len);
    }
    left--;
  });
  set.store(args, 1, kept, KEEP_EXPIRY);
}

/** Replies with members and makes SREM the effect that takes them out elsewhere. */
class Removals implements ElementSink {
  readonly #ctx: Context;
  readonly #key: Uint8Array;
  #effect: EffectPart[];

  constructor(ctx: Context, args: Args) {
    this.#ctx = ctx;
    this.#key = args.view(1);
    this.#effect = ["SREM", this.#key];
  }

  bulkAt(buf: Uint8Array, off: number, len: number): void {
    this.#ctx.reply.bulkAt(buf, off, len);
    // The member's bytes do not outlive the call.
    this.#effect.push(buf.slice(off, off + len));
    if (this.#effect.length < MEMBERS_PER_EFFECT + 2) return;
    this.end();
    this.#effect = ["SREM", this.#key];
  }

  /** Hands on what has come since the last full effect. */
  end(): void {
    if (this.#effect.length > 2) this.#ctx.propagate(...this.#effect);
  }
}
