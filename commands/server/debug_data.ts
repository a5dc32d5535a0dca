/**
 * Those subcommands of DEBUG that look at keys and values, or make many of them.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError } from "../../server/resp/errors.ts";
import { encodingName } from "../../storage/encoding.ts";
import { NO_EXPIRY, Type } from "../../storage/entry.ts";
import { areLong, headBytes } from "../../storage/memory/record.ts";
import type { Database } from "../../storage/keyspace.ts";
import type { Ref } from "../../storage/memory/arena.ts";
import { NEWEST_VERSION } from "../../storage/rdb/format.ts";
import { saveValue } from "../../storage/rdb/value.ts";
import { RdbWriter } from "../../storage/rdb/writer.ts";
import type { Quicklist } from "../../storage/types/quicklist.ts";
import type { DebugSubcommand } from "./debug_server.ts";
import { addValue, dataDigest, digestText, emptyDigest } from "./digest.ts";

const encoder = new TextEncoder();

const digest: DebugSubcommand = {
  name: "DIGEST",
  least: 2,
  help: ["DIGEST", "    A digest of all data, equal to that of a Redis with the same data."],

  run(ctx) {
    ctx.reply.simple(digestText(dataDigest(ctx.server.keyspace)));
  },
};

const digestValue: DebugSubcommand = {
  name: "DIGEST-VALUE",
  least: 2,
  most: Infinity,
  help: ["DIGEST-VALUE <key> [<key> ...]", "    Digests of the values of these keys."],

  run(ctx, args) {
    ctx.reply.array(args.count - 2);
    for (let i = 2; i < args.count; i++) {
      const value = emptyDigest();
      const ref = ctx.db.peek(args, i);
      if (ref !== 0) addValue(value, ctx.db, ref);
      ctx.reply.simple(digestText(value));
    }
  },
};

const object: DebugSubcommand = {
  name: "OBJECT",
  least: 3,
  help: ["OBJECT <key>", "    How the value at <key> is kept."],

  run(ctx, args) {
    const { db } = ctx;
    const ref = kept(db, args);
    const clock = db.clock(ref);
    ctx.reply.simple(
      `Value at:0x${ref.toString(16)} refcount:1 encoding:${encodingName(db, ref)} ` +
        `serializedlength:${serializedLength(db, ref)} lru:${clock} ` +
        `lru_seconds_idle:${db.keyspace.idleSeconds(clock)}` +
        (db.type(ref) === Type.list && db.isBeside(ref)
          ? quicklistFacts(
            db.collection(ref) as Quicklist,
            ctx.server.config.values.listMaxListpackSize,
          )
          : ""),
    );
  },
};

const sdslen: DebugSubcommand = {
  name: "SDSLEN",
  least: 3,
  help: ["SDSLEN <key>", "    The lengths of <key> and its string, and the room they have."],

  run(ctx, args) {
    const { db } = ctx;
    const ref = existing(db, args);
    if (db.type(ref) !== Type.string || encodingName(db, ref) === "int") {
      throw new ReplyError("ERR Not an sds encoded string.");
    }
    const key = db.key(ref).len;
    const { len } = db.value(ref);
    // Key and value lie in one block; what it has to spare is the value's.
    const header = headBytes(db.expiry(ref) !== NO_EXPIRY, areLong(key, len));
    const spare = db.keyspace.arena.usable(ref) - header - key - len;
    ctx.reply.simple(
      `key_sds_len:${key}, key_sds_avail:0, key_zmalloc: ${key}, ` +
        `val_sds_len:${len}, val_sds_avail:${spare}, val_zmalloc: ${len + spare}`,
    );
  },
};

const listpack: DebugSubcommand = {
  name: "LISTPACK",
  least: 3,
  help: ["LISTPACK <key>", "    Whether <key> is kept as a listpack; nothing is printed."],

  run(ctx, args) {
    const ref = existing(ctx.db, args);
    if (!encodingName(ctx.db, ref).startsWith("listpack")) {
      throw new ReplyError("ERR Not a listpack encoded object.");
    }
    ctx.reply.simple("Listpack structure printed on stdout");
  },
};

const quicklist: DebugSubcommand = {
  name: "QUICKLIST",
  least: 3,
  most: 4,
  help: [
    "QUICKLIST <key> [<0|1>]",
    "    Whether <key> is kept as a quicklist; nothing is printed.",
  ],

  run(ctx, args) {
    const ref = existing(ctx.db, args);
    if (encodingName(ctx.db, ref) !== "quicklist") {
      throw new ReplyError("ERR Not a quicklist encoded object.");
    }
    ctx.reply.simple("Quicklist structure printed on stdout");
  },
};

const htstats: DebugSubcommand = {
  name: "HTSTATS",
  least: 3,
  most: Infinity,
  help: ["HTSTATS <dbid> [full]", "    Figures of a database's index."],

  run(ctx, args) {
    const { databases } = ctx.server.keyspace;
    const id = args.int(2);
    if (id < 0 || id >= databases.length) throw new ReplyError("ERR Out of range database");
    const { table } = databases[id];
    ctx.reply.verbatim(
      "txt",
      "[Dictionary HT]\n" +
        (table.size === 0
          ? "No stats available for empty dictionaries\n"
          : ` index bytes: ${table.indexBytes}\n number of elements: ${table.size}\n`) +
        `[Expires HT]\n number of elements: ${table.volatileCount}\n`,
    );
  },
};

const htstatsKey: DebugSubcommand = {
  name: "HTSTATS-KEY",
  least: 3,
  most: Infinity,
  help: ["HTSTATS-KEY <key> [full]", "    How many elements the table has that <key> is kept as."],

  run(ctx, args) {
    const { db } = ctx;
    const ref = existing(db, args);
    const encoding = encodingName(db, ref);
    if (encoding !== "hashtable" && encoding !== "skiplist") {
      throw new ReplyError(
        "ERR The value stored at the specified key is not represented using an hash table",
      );
    }
    const { size } = db.collection(ref);
    ctx.reply.verbatim(
      "txt",
      `Hash table 0 stats (main hash table):\n number of elements: ${size}\n`,
    );
  },
};

const NOT_POSITIVE = "ERR value is out of range, must be positive";

const populate: DebugSubcommand = {
  name: "POPULATE",
  least: 3,
  most: 5,
  help: [
    "POPULATE <count> [<prefix>] [<size>]",
    "    Make <count> strings named key:<number>, or <prefix>:<number>; existing keys stay.",
  ],

  run(ctx, args) {
    const { db } = ctx;
    const count = args.intBetween(2, 0, Infinity, NOT_POSITIVE);
    const prefix = args.count > 3 ? args.bytes(3) : encoder.encode("key");
    const size = args.count > 4 ? args.intBetween(4, 0, Infinity, NOT_POSITIVE) : 0;
    for (let i = 0; i < count; i++) {
      const key = keyWithNumber(prefix, i);
      if (db.findKey(key) !== 0) continue;
      const text = encoder.encode(`value:${i}`);
      const value = size === 0 ? text : padded(text, size);
      db.store(key, 0, key.length, Type.string, value, 0, value.length, NO_EXPIRY);
      ctx.changedKey(key);
    }
    ctx.propagateNothing();
    ctx.reply.ok();
  },
};

/** The subcommands about data. */
export const dataSubcommands: readonly DebugSubcommand[] = [
  digest,
  digestValue,
  htstats,
  htstatsKey,
  listpack,
  object,
  populate,
  quicklist,
  sdslen,
];

/** The key in argument 2. @throws {ReplyError} when there is none */
function existing(db: Database, args: Args): Ref {
  const ref = db.peek(args, 2);
  if (ref === 0) throw new ReplyError("ERR no such key");
  return ref;
}

/** The key in argument 2, even if its time is over. @throws {ReplyError} when there is none */
function kept({ table }: Database, args: Args): Ref {
  const { buf } = args;
  const off = args.off[2];
  const len = args.len[2];
  const ref = table.find(buf, off, len, table.hash(buf, off, len));
  if (ref === 0) throw new ReplyError("ERR no such key");
  return ref;
}

function keyWithNumber(prefix: Uint8Array, number: number): Uint8Array {
  const digits = encoder.encode(`:${number}`);
  const key = new Uint8Array(prefix.length + digits.length);
  key.set(prefix);
  key.set(digits, prefix.length);
  return key;
}

/** Exactly `size` bytes: cut, or with zeros behind. */
function padded(text: Uint8Array, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes.set(text.subarray(0, size));
  return bytes;
}

/** How long a value is in an RDB file. */
function serializedLength(db: Database, ref: Ref): number {
  const writer = new RdbWriter({ version: NEWEST_VERSION });
  saveValue(writer, db, ref);
  return writer.length;
}

/** What more is known of a quicklist. */
function quicklistFacts(list: Quicklist, setting: number): string {
  let bytes = 0;
  list.eachNode((_buf, _off, len) => bytes += len);
  return ` ql_nodes:${list.nodeCount} ql_avg_node:${(list.size / list.nodeCount).toFixed(2)} ` +
    `ql_listpack_max:${setting} ql_compressed:0 ql_uncompressed_size:${bytes}`;
}
