/**
 * SCAN, KEYS and RANDOMKEY: ways through all keys of a database.
 *
 * None of them copies a key: those found are written from the arena straight into the reply.
 *
 * @module
 */

import { globMatchAt } from "../../storage/glob.ts";
import type { Ref } from "../../storage/memory/arena.ts";
import type { Database } from "../../storage/keyspace.ts";
import { arg, command } from "../command.ts";
import type { Context } from "../context.ts";
import { ANY_TYPE, readCursor, readPattern, readScanOptions } from "./scan_options.ts";

/** Where expired keys may not be deleted, RANDOMKEY gives up after so many of them. */
const RANDOM_TRIES = 100;

/** SCAN */
export const scan = command({
  name: "SCAN",
  summary: "Goes through the keys of the database, some per call.",
  group: "generic",
  since: "2.8.0",
  complexity: "O(1) for each call, O(N) in the number of keys for a whole iteration",
  arity: -2,
  flags: ["readonly", "touches_arbitrary_keys"],
  args: [
    arg.integer("cursor"),
    arg.pattern("pattern", { token: "MATCH", optional: true }),
    arg.integer("count", { token: "COUNT", optional: true }),
    arg.string("type", { token: "TYPE", optional: true, since: "6.0.0" }),
  ],
  tips: ["nondeterministic_output", "request_policy:special", "response_policy:special"],
  history: [["6.0.0", "The option `TYPE` came."]],

  run(ctx, args) {
    const cursor = readCursor(args, 1);
    const { pattern, count, type } = readScanOptions(args, 2, true);
    const { db, reply } = ctx;

    const found: Ref[] = [];
    const over: Ref[] = [];
    const next = db.table.scan(cursor, count, (ref) => {
      if (pattern !== undefined) {
        const key = db.key(ref);
        if (!globMatchAt(pattern, key.buf, key)) return;
      }
      if (db.isOver(ref)) over.push(ref);
      else if (type === ANY_TYPE || db.type(ref) === type) found.push(ref);
    });

    reply.array(2);
    reply.bulk(String(next));
    reply.array(found.length);
    for (const ref of found) replyWithKey(ctx, db, ref);
    // Only now: a table must not change while it is scanned.
    if (db.keyspace.deletesExpired) { for (const ref of over) db.expire(ref); }
  },
});

/** KEYS */
export const keys = command({
  name: "KEYS",
  summary: "Lists all keys that match a pattern.",
  group: "generic",
  since: "1.0.0",
  complexity: "O(N) in the number of keys in the database",
  arity: 2,
  flags: ["readonly"],
  categories: ["dangerous"],
  args: [arg.pattern("pattern")],
  tips: ["request_policy:all_shards", "nondeterministic_output_order"],

  run(ctx, args) {
    const { db, reply } = ctx;
    const { table } = db;
    const pattern = readPattern(args, 1);
    if (pattern === undefined && table.volatileCount === 0) {
      reply.array(table.size);
      walkAll(db, (ref) => replyWithKey(ctx, db, ref));
      return;
    }
    let found = 0;
    const mark = reply.open();
    walkAll(db, (ref) => {
      if (pattern !== undefined) {
        const key = db.key(ref);
        if (!globMatchAt(pattern, key.buf, key)) return;
      }
      if (db.isOver(ref)) return;
      found++;
      replyWithKey(ctx, db, ref);
    });
    reply.close(mark, "array", found);
  },
});

/** RANDOMKEY */
export const randomkey = command({
  name: "RANDOMKEY",
  summary: "Answers a key of the database, chosen by chance.",
  group: "generic",
  since: "1.0.0",
  complexity: "O(1)",
  arity: 1,
  flags: ["readonly", "touches_arbitrary_keys"],
  tips: ["request_policy:all_shards", "response_policy:special", "nondeterministic_output"],

  run(ctx) {
    const { db } = ctx;
    const { keyspace } = db;
    for (let tries = 1;; tries++) {
      const ref = db.table.randomRef(keyspace.random);
      if (ref === 0) {
        ctx.reply.null();
        return;
      }
      const allVolatile = db.table.volatileCount === db.size;
      const givesUp = !keyspace.deletesExpired && allVolatile && tries >= RANDOM_TRIES;
      if (!db.isOver(ref) || givesUp) {
        replyWithKey(ctx, db, ref);
        return;
      }
      if (keyspace.deletesExpired) db.expire(ref);
    }
  },
});

function walkAll(db: Database, visit: (ref: Ref) => void): void {
  let position = 0;
  do position = db.table.walk(position, visit); while (position !== 0);
}

function replyWithKey(ctx: Context, db: Database, ref: Ref): void {
  const { buf, off, len } = db.key(ref);
  ctx.reply.bulkAt(buf, off, len);
}
