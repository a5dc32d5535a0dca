/**
 * All members of a set: SMEMBERS at once, SSCAN some per call.
 *
 * @module
 */

import { Type } from "../../storage/entry.ts";
import { globMatchAt } from "../../storage/glob.ts";
import { Sets } from "../../storage/sets.ts";
import { arg, command } from "../command.ts";
import { readCursor, readScanOptions } from "../generic/scan.ts";

/** SMEMBERS */
export const smembers = command({
  name: "SMEMBERS",
  summary: "Answers all members of a set.",
  group: "set",
  since: "1.0.0",
  complexity: "O(N) where N is the set cardinality",
  arity: 2,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [arg.key("key")],
  tips: ["nondeterministic_output_order"],

  run(ctx, args) {
    const { db, reply } = ctx;
    const ref = db.read(args, 1, Type.set);
    if (ref === 0) {
      reply.set(0);
      return;
    }
    const set = db.tool(Sets).open(ref, ctx.server.config.values);
    reply.set(set.size);
    set.copy(reply);
  },
});

/** SSCAN */
export const sscan = command({
  name: "SSCAN",
  summary: "Goes through the members of a set, some per call.",
  group: "set",
  since: "2.8.0",
  complexity: "O(1) for each call, O(N) in the number of members for a whole iteration",
  arity: -3,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [
    arg.key("key"),
    arg.integer("cursor"),
    arg.pattern("pattern", { token: "MATCH", optional: true }),
    arg.integer("count", { token: "COUNT", optional: true }),
  ],
  tips: ["nondeterministic_output"],

  run(ctx, args) {
    const { db, reply } = ctx;
    const cursor = readCursor(args, 2);
    const ref = db.read(args, 1, Type.set);
    if (ref === 0) {
      reply.array(2);
      reply.bulk("0");
      reply.array(0);
      return;
    }
    const { pattern, count } = readScanOptions(args, 3, false);
    const set = db.tool(Sets).open(ref, ctx.server.config.values);

    const matches = (buf: Uint8Array, off: number, len: number) =>
      pattern === undefined || globMatchAt(pattern, buf, { off, len });

    reply.array(2);
    if (set.table === undefined) {
      // Packed sets are small enough to be told in one call.
      reply.bulk("0");
      const mark = reply.open();
      let found = 0;
      set.some((buf, off, len) => {
        if (!matches(buf, off, len)) return;
        reply.bulkAt(buf, off, len);
        found++;
      });
      reply.close(mark, "array", found);
      return;
    }
    // The next cursor is known last, but replied first.
    const members: Uint8Array[] = [];
    const next = set.table.scan(cursor, count, (buf, off, len) => {
      if (matches(buf, off, len)) members.push(buf.subarray(off, off + len));
    });
    reply.bulk(String(next));
    reply.array(members.length);
    for (const member of members) reply.bulk(member);
  },
});
