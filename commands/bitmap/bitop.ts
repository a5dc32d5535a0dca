/**
 * BITOP: strings combined bit by bit into another one.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import { StringEncoding, Type } from "../../storage/entry.ts";
import type { Ref } from "../../storage/memory/arena.ts";
import { type Combination, combineInto, invert } from "../../storage/types/bitmap.ts";
import { arg, command } from "../command.ts";
import { type Context, EventClass } from "../context.ts";
import { notTakesOneKey } from "../errors.ts";

/** BITOP */
export const bitop = command({
  name: "BITOP",
  summary: "Combines strings bit by bit and stores the result.",
  group: "bitmap",
  since: "2.6.0",
  complexity: "O(N)",
  arity: -4,
  flags: ["write", "denyoom"],
  keys: [
    { at: 2, access: "OW", effects: ["update"] },
    { at: 3, last: -1, access: "RO", effects: ["access"] },
  ],
  args: [
    arg.oneOf("operation", [
      arg.token("AND"),
      arg.token("OR"),
      arg.token("XOR"),
      arg.token("NOT"),
    ]),
    arg.key("destkey"),
    arg.key("key", { keySpecIndex: 1, multiple: true }),
  ],

  run(ctx, args) {
    const { db } = ctx;
    const how = readCombination(args);
    if (how === "not" && args.count !== 4) throw notTakesOneKey();
    const sources: Ref[] = [];
    let length = 0;
    for (let i = 3; i < args.count; i++) {
      const ref = db.read(args, i, Type.string);
      sources.push(ref);
      if (ref !== 0) length = Math.max(length, db.value(ref).len);
    }

    if (length > 0) {
      const result = combined(ctx, sources, how, length);
      const ref = db.setString(args, 2, result);
      db.setEncoding(ref, StringEncoding.raw);
      ctx.changed(args, 2, EventClass.string, "set");
    } else if (db.delete(args, 2)) {
      ctx.changed(args, 2, EventClass.generic, "del");
    }
    ctx.reply.int(length);
  },
});

function readCombination(args: Args): Combination {
  if (args.is(1, "AND")) return "and";
  if (args.is(1, "OR")) return "or";
  if (args.is(1, "XOR")) return "xor";
  if (args.is(1, "NOT")) return "not";
  throw syntaxError();
}

function combined(
  ctx: Context,
  sources: readonly Ref[],
  how: Combination,
  length: number,
): Uint8Array {
  const result = new Uint8Array(length);
  result.set(bytesOf(ctx, sources[0]));
  if (how === "not") {
    invert(result);
  } else {
    for (let i = 1; i < sources.length; i++) combineInto(result, bytesOf(ctx, sources[i]), how);
  }
  return result;
}

/** A string's bytes where they lie; none for an absent key. */
function bytesOf({ db }: Context, ref: Ref): Uint8Array {
  if (ref === 0) return new Uint8Array(0);
  const { buf, off, len } = db.value(ref);
  return buf.subarray(off, off + len);
}
