/**
 * ZSCAN: goes through a sorted set in parts.
 *
 * @module
 */

import { formatDouble, formatPrecisely } from "../../server/resp/numbers.ts";
import { globMatchAt } from "../../storage/glob.ts";
import { SortedSets } from "../../storage/sorted_sets.ts";
import type { Member } from "../../storage/types/sorted_members.ts";
import { SortedSet } from "../../storage/types/sorted_set.ts";
import { arg, command } from "../command.ts";
import { readCursor, readScanOptions } from "../generic/scan.ts";

/** ZSCAN */
export const zscan = command({
  name: "ZSCAN",
  summary: "Goes through the members of a sorted set and their scores, some per call.",
  group: "sorted_set",
  since: "2.8.0",
  complexity: "O(1) for each call, O(N) for a whole iteration",
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
    const { reply } = ctx;
    const cursor = readCursor(args, 2);
    const set = ctx.db.tool(SortedSets).read(args, 1);
    if (set === undefined) {
      reply.array(2);
      reply.bulk("0");
      reply.array(0);
      return;
    }
    const { pattern, count } = readScanOptions(args, 3, false);
    const matches = () => pattern === undefined || globMatchAt(pattern, set.buf, set);
    if (set instanceof SortedSet) {
      const found: Member[] = [];
      const next = set.scan(cursor, count, (member) => {
        set.show(member);
        if (matches()) found.push(member);
      });
      reply.array(2);
      reply.bulk(String(next));
      reply.array(found.length * 2);
      for (const member of found) {
        set.show(member);
        reply.bulkAt(set.buf, set.off, set.len);
        reply.bulk(formatPrecisely(set.score));
      }
      return;
    }

    // A packed set is answered whole, with its scores as they are written there.
    reply.array(2);
    reply.bulk("0");
    const mark = reply.open();
    let found = 0;
    set.seek(0);
    for (let left = set.size; left > 0; left--) {
      if (matches()) {
        found++;
        reply.bulkAt(set.buf, set.off, set.len);
        reply.bulk(formatDouble(set.score));
      }
      set.forward();
    }
    reply.close(mark, "array", found * 2);
  },
});
