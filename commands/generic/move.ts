/**
 * MOVE and COPY: keys to other databases, values to other keys.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import type { Database } from "../../storage/keyspace.ts";
import { arg, command } from "../command.ts";
import { type Context, EventClass } from "../context.ts";
import { readDatabase } from "./database_number.ts";
import { sameObject } from "./errors.ts";

/** MOVE */
export const move = command({
  name: "MOVE",
  summary: "Moves a key to another database, unless it exists there.",
  group: "generic",
  since: "1.0.0",
  complexity: "O(1)",
  arity: 3,
  flags: ["write", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["access", "update"] }],
  args: [arg.key("key"), arg.integer("db")],

  run(ctx, args) {
    const source = ctx.db;
    const target = readDatabase(source.keyspace, args, 2);
    if (source === target) throw sameObject();
    const ref = source.find(args, 1);
    if (ref === 0 || target.find(args, 1) !== 0) {
      ctx.reply.int(0);
      return;
    }
    source.moveTo(ref, target, args, 1);
    ctx.changed(args, 1, EventClass.generic, "move_from");
    ctx.changedKey(args.bytes(1), EventClass.generic, "move_to", target);
    // Two keys changed, but Redis counts one change.
    ctx.dirty(-1);
    ctx.reply.int(1);
  },
});

/** COPY */
export const copy = command({
  name: "COPY",
  summary: "Copies the value at a key, with its expiry, to another key.",
  group: "generic",
  since: "6.2.0",
  complexity: "O(1) for a string, O(N) in the elements of a collection",
  arity: -3,
  flags: ["write", "denyoom"],
  keys: [
    { at: 1, access: "RO", effects: ["access"] },
    { at: 2, access: "OW", effects: ["update"] },
  ],
  args: [
    arg.key("source"),
    arg.key("destination", { keySpecIndex: 1 }),
    arg.integer("destination-db", { token: "DB", optional: true }),
    arg.token("REPLACE", { optional: true }),
  ],

  run(ctx, args) {
    const { target, replace } = readCopyOptions(ctx, args);
    const source = ctx.db;
    if (source === target && args.same(1, 2)) throw sameObject();
    const ref = source.read(args, 1);
    if (ref === 0) {
      ctx.reply.int(0);
      return;
    }
    const old = target.find(args, 2);
    if (old !== 0) {
      if (!replace) {
        ctx.reply.int(0);
        return;
      }
      target.deleteRef(old);
    }
    source.copyTo(ref, target, args, 2);
    ctx.changedKey(args.bytes(2), EventClass.generic, "copy_to", target);
    ctx.reply.int(1);
  },
});

function readCopyOptions(ctx: Context, args: Args): { target: Database; replace: boolean } {
  let target = ctx.db;
  let replace = false;
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, "REPLACE")) replace = true;
    else if (args.is(i, "DB") && i + 1 < args.count) {
      target = readDatabase(ctx.db.keyspace, args, ++i);
    } else throw syntaxError();
  }
  return { target, replace };
}
