/**
 * Stretches of a list: LRANGE, LTRIM.
 *
 * @module
 */

import { Type } from "../../storage/entry.ts";
import { Lists } from "../../storage/lists.ts";
import { arg, command } from "../command.ts";
import { elementsRemoved } from "./pop.ts";

/** LRANGE */
export const lrange = command({
  name: "LRANGE",
  summary: "Answers the elements of a list from one index to another.",
  group: "list",
  since: "1.0.0",
  complexity: "O(S+N) for N elements, S elements away from the nearer end",
  arity: 4,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [arg.key("key"), arg.integer("start"), arg.integer("stop")],

  run(ctx, args) {
    let start = args.int(2);
    let stop = args.int(3);
    const ref = ctx.db.read(args, 1, Type.list);
    if (ref === 0) {
      ctx.reply.array(0);
      return;
    }
    const list = ctx.db.tool(Lists).open(ref);
    const { size } = list;
    if (start < 0) start = Math.max(0, size + start);
    if (stop < 0) stop += size;
    const count = Math.max(0, Math.min(stop, size - 1) - start + 1);
    ctx.reply.array(count);
    if (count > 0) list.copy(start, count, false, ctx.reply);
  },
});

/** LTRIM */
export const ltrim = command({
  name: "LTRIM",
  summary: "Removes all elements of a list but those from one index to another.",
  group: "list",
  since: "1.0.0",
  complexity: "O(N) for N elements removed",
  arity: 4,
  flags: ["write"],
  keys: [{ at: 1, access: "RW", effects: ["delete"] }],
  args: [arg.key("key"), arg.integer("start"), arg.integer("stop")],

  run(ctx, args) {
    let start = args.int(2);
    let stop = args.int(3);
    const ref = ctx.db.find(args, 1, Type.list);
    if (ref === 0) {
      ctx.reply.ok();
      return;
    }
    const list = ctx.db.tool(Lists).open(ref);
    const { size } = list;
    if (start < 0) start = Math.max(0, size + start);
    if (stop < 0) stop += size;
    stop = Math.min(stop, size - 1);
    const kept = Math.max(0, stop - start + 1);
    if (kept === 0) {
      list.remove(0, size);
    } else {
      list.remove(stop + 1, size - stop - 1);
      list.remove(0, start);
    }
    elementsRemoved(ctx, args, 1, "ltrim", kept);
    // The list counts as changed, but for as many times as elements went.
    ctx.dirty(size - kept - 1);
    ctx.reply.ok();
  },
});
