/**
 * MOVE, COPY, RENAME and RENAMENX: keys to other databases and names, values to other keys.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import type { Database, Keyspace } from "../../storage/keyspace.ts";
import { arg, command } from "../command.ts";
import { type Context, EventClass } from "../context.ts";
import { databaseOutOfRange, noSuchKey, notInCluster, sameObject } from "../errors.ts";

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
    if (ctx.server.cluster !== undefined) throw notInCluster("MOVE is");
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

const INT32_MIN = -0x80000000;
const INT32_MAX = 0x7fffffff;

/**
 * The database whose number argument `i` is.
 *
 * @throws {ReplyError} when it is no 32-bit integer or there is no such database
 */
function readDatabase(keyspace: Keyspace, args: Args, i: number): Database {
  return databaseAt(keyspace, readDatabaseNumber(args, i));
}

/** The number alone, whether there is such a database or not. */
export function readDatabaseNumber(args: Args, i: number, refusal?: string): number {
  return args.intBetween(i, INT32_MIN, INT32_MAX, refusal);
}

/** The database of that number. */
export function databaseAt(keyspace: Keyspace, number: number): Database {
  const db = keyspace.databases[number];
  if (db === undefined) throw databaseOutOfRange();
  return db;
}
