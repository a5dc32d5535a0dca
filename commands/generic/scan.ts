/**
 * SCAN, KEYS and RANDOMKEY: ways through all keys of a database; the cursor and the options that SCAN shares with HSCAN,
 * SSCAN and ZSCAN.
 *
 * None of the commands copies a key: those found are written from the arena straight into the reply.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError, syntaxError } from "../../server/resp/errors.ts";
import { TYPE_NAMES } from "../../storage/entry.ts";
import { globMatchAt } from "../../storage/glob.ts";
import type { Database } from "../../storage/keyspace.ts";
import type { Ref } from "../../storage/memory/arena.ts";
import { arg, command } from "../command.ts";
import type { Context } from "../context.ts";
import { invalidCursor } from "../errors.ts";

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

/** A type name that is none: no key has this type. */
const UNKNOWN_TYPE = -1;
/** No TYPE was asked for. */
const ANY_TYPE = 0;

/** Options of the SCAN family. */
interface ScanOptions {
  /** MATCH; undefined when everything matches. */
  pattern: Uint8Array | undefined;
  /** COUNT */
  count: number;
  /** TYPE: a type's number, {@link ANY_TYPE} or {@link UNKNOWN_TYPE}. */
  type: number;
  /** NOVALUES */
  noValues: boolean;
}

const DEFAULT_COUNT = 10;
const STAR = 42;
const UINT64_MAX = 0xffffffffffffffffn;
/** Our cursors have 53 bits; what is above them was not given out by us. */
const CURSOR_MASK = 0x1fffffffffffffn;
/** What C's strtoul reads in full and Redis lets pass. */
const CURSOR = /^[+-]?\d+$/;

/**
 * Reads a cursor: an unsigned 64-bit number.
 *
 * @throws {ReplyError} `ERR invalid cursor`
 */
export function readCursor(args: Args, i: number): number {
  const small = args.safeInt(i);
  if (small >= 0) return small;
  const text = args.binary(i);
  // strtoul takes nothing for zero.
  if (text === "") return 0;
  if (!CURSOR.test(text)) throw invalidCursor();
  const value = BigInt(text.replace(/^[+-]/, ""));
  if (value > UINT64_MAX) throw invalidCursor();
  return Number(BigInt.asUintN(64, text[0] === "-" ? -value : value) & CURSOR_MASK);
}

/**
 * Reads MATCH, COUNT and, where keys are scanned, TYPE.
 *
 * @param from the first argument that may be an option
 * @throws {ReplyError} for a count that is no integer or below one, or an unknown word
 */
export function readScanOptions(args: Args, from: number, ofKeys: boolean): ScanOptions {
  return readOptions(args, from, ofKeys, false);
}

/** {@link readScanOptions} for HSCAN, which knows NOVALUES. */
export function readFieldScanOptions(args: Args, from: number): ScanOptions {
  return readOptions(args, from, false, true);
}

function readOptions(args: Args, from: number, ofKeys: boolean, ofFields: boolean): ScanOptions {
  const options: ScanOptions = {
    pattern: undefined,
    count: DEFAULT_COUNT,
    type: ANY_TYPE,
    noValues: false,
  };
  for (let i = from; i < args.count; i += 2) {
    const last = i + 1 === args.count;
    if (args.is(i, "NOVALUES")) {
      if (!ofFields) throw new ReplyError("ERR NOVALUES option can only be used in HSCAN");
      options.noValues = true;
      i--;
    } else if (!last && args.is(i, "COUNT")) {
      options.count = args.int(i + 1);
      if (options.count < 1) throw syntaxError();
    } else if (!last && args.is(i, "MATCH")) {
      options.pattern = readPattern(args, i + 1);
    } else if (!last && ofKeys && args.is(i, "TYPE")) {
      const type = TYPE_NAMES.findIndex((name) => name === args.lower(i + 1));
      options.type = type > 0 ? type : UNKNOWN_TYPE;
    } else {
      throw syntaxError();
    }
  }
  return options;
}

/** A pattern; undefined for a lone star, which matches everything. */
export function readPattern(args: Args, i: number): Uint8Array | undefined {
  const pattern = args.view(i);
  return pattern.length === 1 && pattern[0] === STAR ? undefined : pattern;
}
