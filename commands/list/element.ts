/**
 * Single elements: LLEN, LINDEX, LSET, LINSERT.
 *
 * @module
 */

import { syntaxError } from "../../server/resp/errors.ts";
import { Type } from "../../storage/entry.ts";
import { Lists } from "../../storage/lists.ts";
import { arg, command } from "../command.ts";
import { EventClass } from "../context.ts";
import { indexOutOfRange, noSuchKey } from "../errors.ts";

/** LLEN */
export const llen = command({
  name: "LLEN",
  summary: "Tells how many elements a list has.",
  group: "list",
  since: "1.0.0",
  complexity: "O(1)",
  arity: 2,
  flags: ["readonly", "fast"],
  keys: [{ at: 1, access: "RO" }],
  args: [arg.key("key")],

  run(ctx, args) {
    const ref = ctx.db.read(args, 1, Type.list);
    ctx.reply.int(ref === 0 ? 0 : ctx.db.tool(Lists).open(ref).size);
  },
});

/** LINDEX */
export const lindex = command({
  name: "LINDEX",
  summary: "Answers the element at an index of a list.",
  group: "list",
  since: "1.0.0",
  complexity: "O(N) for N elements before it, or behind it if they are fewer; O(1) at the ends",
  arity: 3,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [arg.key("key"), arg.integer("index")],

  run(ctx, args) {
    const ref = ctx.db.read(args, 1, Type.list);
    if (ref === 0) {
      ctx.reply.null();
      return;
    }
    let index = args.int(2);
    const list = ctx.db.tool(Lists).open(ref);
    if (index < 0) index += list.size;
    if (index < 0 || index >= list.size) {
      ctx.reply.null();
    } else {
      const { buf, off, len } = list.read(index);
      ctx.reply.bulkAt(buf, off, len);
    }
  },
});

/** LSET */
export const lset = command({
  name: "LSET",
  summary: "Replaces the element at an index of a list.",
  group: "list",
  since: "1.0.0",
  complexity: "O(N) for N elements before it, or behind it if they are fewer; O(1) at the ends",
  arity: 4,
  flags: ["write", "denyoom"],
  keys: [{ at: 1, access: "RW", effects: ["update"] }],
  args: [arg.key("key"), arg.integer("index"), arg.string("element")],

  run(ctx, args) {
    const { db } = ctx;
    const ref = db.find(args, 1, Type.list);
    if (ref === 0) throw noSuchKey();
    let index = args.int(2);
    const lists = db.tool(Lists);
    const { size } = lists.open(ref);
    if (index < 0) index += size;
    if (index < 0 || index >= size) throw indexOutOfRange();

    const setting = ctx.server.config.values.listMaxListpackSize;
    lists.open(lists.grow(ref, args.len[3], 1, setting))
      .replace(index, args.buf, args.off[3], args.len[3]);
    lists.shrink(lists.ref, setting);
    ctx.changed(args, 1, EventClass.list, "lset");
    ctx.reply.ok();
  },
});

/** LINSERT */
export const linsert = command({
  name: "LINSERT",
  summary: "Inserts an element before or after the first one that equals a given one.",
  group: "list",
  since: "2.2.0",
  complexity: "O(N) for N elements up to the one looked for; O(1) at the head",
  arity: 5,
  flags: ["write", "denyoom"],
  keys: [{ at: 1, access: "RW", effects: ["insert"] }],
  args: [
    arg.key("key"),
    arg.oneOf("where", [arg.token("BEFORE"), arg.token("AFTER")]),
    arg.string("pivot"),
    arg.string("element"),
  ],

  run(ctx, args) {
    const isAfter = args.is(2, "AFTER");
    if (!isAfter && !args.is(2, "BEFORE")) throw syntaxError();
    const { db } = ctx;
    const ref = db.find(args, 1, Type.list);
    if (ref === 0) {
      ctx.reply.int(0);
      return;
    }
    const lists = db.tool(Lists);
    const { buf, off, len } = args;
    let pivot = -1;
    lists.open(ref).search(buf, off[3], len[3], Infinity, false, (index) => {
      pivot = index;
      return false;
    });
    if (pivot < 0) {
      ctx.reply.int(-1);
      return;
    }
    const setting = ctx.server.config.values.listMaxListpackSize;
    const list = lists.open(lists.grow(ref, len[4], 1, setting));
    list.insert(isAfter ? pivot + 1 : pivot, buf, off[4], len[4]);
    ctx.changed(args, 1, EventClass.list, "linsert");
    ctx.reply.int(list.size);
  },
});
