/**
 * HGETEX: answers fields of a hash and changes when they expire.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { Hashes } from "../../storage/hashes.ts";
import { FieldTime } from "../../storage/types/hash_fields.ts";
import { arg, command } from "../command.ts";
import { type Context, type EffectPart, EventClass } from "../context.ts";
import { FIELD_COUNT_NOT_POSITIVE } from "../errors.ts";
import { expirationArgument } from "../generic/expire.ts";
import { fieldsArgument, readFields, readFieldTime, readTimeWord } from "./field_arguments.ts";
import { TimeChange } from "./hexpire.ts";

/** HGETEX */
export const hgetex = command({
  name: "HGETEX",
  summary: "Answers the values of fields of a hash and changes when the fields expire.",
  group: "hash",
  since: "8.0.0",
  complexity: "O(N) for N fields",
  arity: -5,
  flags: ["write", "fast"],
  keys: [{
    at: 1,
    access: "RW",
    effects: ["access", "update"],
    note: "The times count as part of the value",
  }],
  args: [
    arg.key("key"),
    expirationArgument(arg.token("PERSIST")),
    fieldsArgument(),
  ],

  run(ctx, args) {
    const hashes = ctx.db.tool(Hashes);
    const found = hashes.find(args, 1);
    const unit = readTimeWord(args, 2);
    const persists = unit === undefined && args.is(2, "PERSIST");
    const time = unit === undefined ? 0 : readFieldTime(args, 3, unit, ctx.now, "hgetex");
    const fieldsAt = unit !== undefined ? 4 : persists ? 3 : 2;
    const first = readFields(args, fieldsAt, FIELD_COUNT_NOT_POSITIVE);

    const isGone = found === undefined || hashes.expireNamed(args, first, args.count);
    if (isGone) {
      replyWithNone(ctx, args.count - first);
    } else if (unit !== undefined) {
      replyAndSetTimes(ctx, args, first, time);
    } else if (persists) {
      replyAndPersist(ctx, args, first);
    } else {
      ctx.reply.array(args.count - first);
      for (let i = first; i < args.count; i++) replyWithField(ctx, args, i);
    }
  },
});

function replyWithNone({ reply }: Context, count: number): void {
  reply.array(count);
  for (; count > 0; count--) reply.null();
}

/** Replies with the value of the field in argument `i` of the open hash; answers the field, 0 when there is none. */
function replyWithField(ctx: Context, args: Args, i: number): number {
  const { fields } = ctx.db.tool(Hashes);
  const field = fields.find(args.buf, args.off[i], args.len[i]);
  if (field === 0) {
    ctx.reply.null();
  } else {
    fields.showValue(field);
    ctx.reply.bulkAt(fields.buf, fields.off, fields.len);
  }
  return field;
}

function replyAndSetTimes(ctx: Context, args: Args, first: number, time: number): void {
  ctx.db.tool(Hashes).allowTimes();
  const change = new TimeChange(ctx, args, time);
  ctx.reply.array(args.count - first);
  for (let i = first; i < args.count; i++) {
    const field = replyWithField(ctx, args, i);
    if (field !== 0) change.set(i, field);
  }
  change.end();
}

function replyAndPersist(ctx: Context, args: Args, first: number): void {
  const hashes = ctx.db.tool(Hashes);
  const effect: EffectPart[] = [];
  ctx.reply.array(args.count - first);
  for (let i = first; i < args.count; i++) {
    const field = replyWithField(ctx, args, i);
    if (field === 0 || hashes.fields.expiryOf(field) === FieldTime.none) continue;
    hashes.setExpiry(field, FieldTime.none);
    effect.push(args.view(i));
  }
  if (effect.length === 0) return;
  ctx.changed(args, 1, EventClass.hash, "hpersist");
  if (ctx.propagates) {
    ctx.propagate("HPERSIST", args.view(1), "FIELDS", effect.length, ...effect);
  }
}
