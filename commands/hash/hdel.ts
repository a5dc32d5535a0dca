/**
 * HDEL and HGETDEL: fields leave a hash.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { Hashes } from "../../storage/hashes.ts";
import { arg, command } from "../command.ts";
import { type Context, type EffectPart, EventClass } from "../context.ts";
import { FIELD_COUNT_NOT_POSITIVE } from "../errors.ts";
import { fieldsArgument, readFields } from "./field_arguments.ts";

/** HDEL */
export const hdel = command({
  name: "HDEL",
  summary: "Removes fields from a hash, and the key with the last one.",
  group: "hash",
  since: "2.0.0",
  complexity: "O(N) for N fields",
  arity: -3,
  flags: ["write", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["delete"] }],
  args: [arg.key("key"), arg.string("field", { multiple: true })],
  history: [["2.4.0", "Takes several fields."]],

  run(ctx, args) {
    const hashes = ctx.db.tool(Hashes);
    const fields = hashes.find(args, 1);
    if (fields === undefined) {
      ctx.reply.int(0);
      return;
    }
    const { buf, off, len, count } = args;
    let removed = 0;
    let isGone = false;
    for (let i = 2; i < count && !isGone; i++) {
      // A field that is over counts: whether it is costs more to find out than to remove it.
      const field = fields.find(buf, off[i], len[i]);
      if (field === 0) continue;
      hashes.remove(field);
      removed++;
      isGone = hashes.deleteIfEmpty();
    }
    if (removed > 0) tellOfRemoval(ctx, args, removed, isGone);
    ctx.reply.int(removed);
  },
});

/** HGETDEL */
export const hgetdel = command({
  name: "HGETDEL",
  summary: "Answers the values of fields of a hash and removes the fields.",
  group: "hash",
  since: "8.0.0",
  complexity: "O(N) for N fields",
  arity: -5,
  flags: ["write", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["access", "delete"] }],
  args: [arg.key("key"), fieldsArgument()],

  run(ctx, args) {
    const { reply } = ctx;
    const hashes = ctx.db.tool(Hashes);
    const fields = hashes.find(args, 1);
    const first = readFields(args, 2, FIELD_COUNT_NOT_POSITIVE);
    const { buf, off, len, count } = args;
    let isGone = fields === undefined || hashes.expireNamed(args, first, count);

    const effect: EffectPart[] = ["HDEL", args.view(1)];
    let removed = 0;
    reply.array(count - first);
    for (let i = first; i < count; i++) {
      const field = fields === undefined || isGone ? 0 : hashes.live(buf, off[i], len[i]);
      if (fields === undefined || field === 0) {
        reply.null();
        continue;
      }
      fields.showValue(field);
      reply.bulkAt(fields.buf, fields.off, fields.len);
      hashes.remove(field);
      removed++;
      if (ctx.propagates) effect.push(args.view(i));
      isGone = hashes.deleteIfEmpty();
    }
    if (removed === 0) return;
    tellOfRemoval(ctx, args, removed, isGone);
    if (ctx.propagates) ctx.propagate(...effect);
  },
});

/** Says that fields of the hash in argument 1 have gone, and perhaps the key with them. */
export function tellOfRemoval(ctx: Context, args: Args, removed: number, isGone: boolean): void {
  ctx.changed(args, 1, EventClass.hash, "hdel");
  if (isGone) ctx.notify(EventClass.generic, "del", args.bytes(1));
  if (removed > 1) ctx.dirty(removed - 1);
}
