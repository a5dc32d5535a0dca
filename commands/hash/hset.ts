/**
 * HSET, HMSET and HSETNX: fields get values.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { Type } from "../../storage/entry.ts";
import { Hashes, untimedTable } from "../../storage/hashes.ts";
import { FieldTime } from "../../storage/types/hash_fields.ts";
import { arg, command } from "../command.ts";
import { type Context, EventClass } from "../context.ts";
import { wrongNumberOfArguments } from "../errors.ts";

/** HSET */
export const hset = command({
  name: "HSET",
  summary: "Gives fields of a hash values; the hash is made if there is none.",
  group: "hash",
  since: "2.0.0",
  complexity: "O(1) for each field",
  arity: -4,
  flags: ["write", "denyoom", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["update"] }],
  args: [
    arg.key("key"),
    arg.block("data", [arg.string("field"), arg.string("value")], { multiple: true }),
  ],
  history: [["4.0.0", "Takes several fields."]],

  run(ctx, args) {
    ctx.reply.int(setFields(ctx, args, "hset"));
  },
});

/** HMSET */
export const hmset = command({
  name: "HMSET",
  summary: "Gives fields of a hash values, as HSET does.",
  group: "hash",
  since: "2.0.0",
  complexity: "O(N) for N fields",
  arity: -4,
  flags: ["write", "denyoom", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["update"] }],
  args: [
    arg.key("key"),
    arg.block("data", [arg.string("field"), arg.string("value")], { multiple: true }),
  ],
  deprecatedSince: "4.0.0",
  replacedBy: "`HSET` with multiple field-value pairs",
  docFlags: ["deprecated"],

  run(ctx, args) {
    setFields(ctx, args, "hmset");
    ctx.reply.ok();
  },
});

/** HSETNX */
export const hsetnx = command({
  name: "HSETNX",
  summary: "Gives a field of a hash a value unless it has one.",
  group: "hash",
  since: "2.0.0",
  complexity: "O(1)",
  arity: 4,
  flags: ["write", "denyoom", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["insert"] }],
  args: [arg.key("key"), arg.string("field"), arg.string("value")],

  run(ctx, args) {
    const hashes = ctx.db.tool(Hashes);
    const { buf, off, len } = args;
    if (hashes.find(args, 1) !== undefined && hashes.findLive(buf, off[2], len[2]) !== 0) {
      ctx.reply.int(0);
      return;
    }
    putFields(ctx, args, hashes.ref);
    ctx.changed(args, 1, EventClass.hash, "hset");
    ctx.reply.int(1);
  },
});

/** Sets the fields of a request and answers how many are new. */
function setFields(ctx: Context, args: Args, name: string): number {
  if (args.count % 2 === 1) throw wrongNumberOfArguments(name);
  const added = putFields(ctx, args, ctx.db.find(args, 1, Type.hash));
  ctx.changed(args, 1, EventClass.hash, "hset");
  if (args.count > 4) ctx.dirty(args.count / 2 - 2);
  return added;
}

/** Puts names and values from argument 2 on into the hash at `ref`, or into a new one; answers how many are new. */
function putFields(ctx: Context, args: Args, ref: number): number {
  const { buf, off, len, count } = args;
  const large = ref === 0 ? undefined : untimedTable(ctx.db, ref);
  if (large !== undefined) {
    let added = 0;
    for (let i = 2; i < count; i += 2) {
      const v = i + 1;
      if (large.put(buf, off[i], len[i], buf, off[v], len[v], FieldTime.none)) added++;
    }
    return added;
  }
  const limits = ctx.server.config.values;
  const hashes = ctx.db.tool(Hashes);
  if (ref === 0) return hashes.createFrom(args, 1, 2, count, limits);
  hashes.open(ref);
  hashes.prepareFor(args, 2, count, limits);
  let added = 0;
  for (let i = 2; i < count; i += 2) {
    const v = i + 1;
    const isNew = hashes.put(buf, off[i], len[i], buf, off[v], len[v], FieldTime.none, limits);
    if (isNew) added++;
  }
  return added;
}
