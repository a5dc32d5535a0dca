/**
 * INCRBYFLOAT: a counter in C's extended precision, whose digits clients see.
 *
 * @module
 */

import { notAFloat } from "../../server/resp/errors.ts";
import { KEEP_EXPIRY, StringEncoding, Type } from "../../storage/entry.ts";
import {
  formatLongDouble,
  LONG_DOUBLE_ZERO,
  parseLongDouble,
  sumLongDoubles,
} from "../../storage/long_double.ts";
import { arg, command } from "../command.ts";
import { EventClass } from "../context.ts";
import { incrementNotFinite } from "./errors.ts";

/** INCRBYFLOAT */
export const incrbyfloat = command({
  name: "INCRBYFLOAT",
  summary:
    "Adds a floating-point number to the one that a key holds; an absent key counts as zero.",
  group: "string",
  since: "2.6.0",
  complexity: "O(1)",
  arity: 3,
  flags: ["write", "denyoom", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["access", "update"] }],
  args: [arg.key("key"), arg.double("increment")],

  run(ctx, args) {
    const { db } = ctx;
    const ref = db.find(args, 1, Type.string);
    let before: typeof LONG_DOUBLE_ZERO | undefined = LONG_DOUBLE_ZERO;
    if (ref !== 0) {
      const { buf, off, len } = db.value(ref);
      before = parseLongDouble(buf, off, len);
    }
    const by = parseLongDouble(args.buf, args.off[2], args.len[2]);
    if (before === undefined || by === undefined) throw notAFloat();
    const sum = sumLongDoubles(before, by);
    if (sum === undefined) throw incrementNotFinite();

    const digits = formatLongDouble(sum);
    db.setEncoding(db.setString(args, 1, digits, KEEP_EXPIRY), StringEncoding.text);
    ctx.changed(args, 1, EventClass.string, "incrbyfloat");
    // Replicas must store our digits, not repeat our arithmetic.
    if (ctx.propagates) ctx.propagate("SET", args.view(1), digits, "KEEPTTL");
    ctx.reply.bulk(digits);
  },
});
