/**
 * RENAME and RENAMENX.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { arg, command } from "../command.ts";
import { type Context, EventClass } from "../context.ts";
import { noSuchKey } from "./errors.ts";

/** RENAME */
export const rename = command({
  name: "RENAME",
  summary: "Gives a key another name, in place of whatever had that name.",
  group: "generic",
  since: "1.0.0",
  complexity: "O(1)",
  arity: 3,
  flags: ["write"],
  keys: [
    { at: 1, access: "RW", effects: ["access", "delete"] },
    { at: 2, access: "OW", effects: ["update"] },
  ],
  args: [arg.key("key"), arg.key("newkey", { keySpecIndex: 1 })],

  run(ctx, args) {
    renameKey(ctx, args, true);
    ctx.reply.ok();
  },
});

/** RENAMENX */
export const renamenx = command({
  name: "RENAMENX",
  summary: "Gives a key another name, unless a key has that name already.",
  group: "generic",
  since: "1.0.0",
  complexity: "O(1)",
  arity: 3,
  flags: ["write", "fast"],
  keys: [
    { at: 1, access: "RW", effects: ["access", "delete"] },
    { at: 2, access: "OW", effects: ["insert"] },
  ],
  args: [arg.key("key"), arg.key("newkey", { keySpecIndex: 1 })],
  history: [["3.2.0", "Two equal names are no error any more."]],

  run(ctx, args) {
    ctx.reply.int(renameKey(ctx, args, false) ? 1 : 0);
  },
});

/** Answers whether the key has another name now. */
function renameKey(ctx: Context, args: Args, replace: boolean): boolean {
  const { db } = ctx;
  const ref = db.find(args, 1);
  if (ref === 0) throw noSuchKey();
  if (args.same(1, 2)) return false;
  const old = db.find(args, 2);
  if (old !== 0) {
    if (!replace) return false;
    db.deleteRef(old);
  }
  db.moveTo(ref, db, args, 2);
  ctx.changed(args, 1, EventClass.generic, "rename_from");
  ctx.changed(args, 2, EventClass.generic, "rename_to");
  // Two keys changed, but Redis counts one change.
  ctx.dirty(-1);
  return true;
}
