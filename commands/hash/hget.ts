/**
 * Commands that answer what single fields hold: HGET, HMGET, HEXISTS, HSTRLEN, and HLEN, which counts them.
 *
 * @module
 */

import { Hashes } from "../../storage/hashes.ts";
import { arg, command } from "../command.ts";

/** HGET */
export const hget = command({
  name: "HGET",
  summary: "Answers the value of a field of a hash.",
  group: "hash",
  since: "2.0.0",
  complexity: "O(1)",
  arity: 3,
  flags: ["readonly", "fast"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [arg.key("key"), arg.string("field")],

  run(ctx, args) {
    const hashes = ctx.db.tool(Hashes);
    const fields = hashes.read(args, 1);
    const field = fields === undefined ? 0 : hashes.findLive(args.buf, args.off[2], args.len[2]);
    if (fields === undefined || field === 0) {
      ctx.reply.null();
      return;
    }
    fields.showValue(field);
    ctx.reply.bulkAt(fields.buf, fields.off, fields.len);
  },
});

/** HMGET */
export const hmget = command({
  name: "HMGET",
  summary: "Answers the values of several fields of a hash.",
  group: "hash",
  since: "2.0.0",
  complexity: "O(N) for N fields",
  arity: -3,
  flags: ["readonly", "fast"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [arg.key("key"), arg.string("field", { multiple: true })],

  run(ctx, args) {
    const { reply } = ctx;
    const hashes = ctx.db.tool(Hashes);
    const fields = hashes.read(args, 1);
    const { buf, off, len, count } = args;
    reply.array(count - 2);
    for (let i = 2; i < count; i++) {
      const field = fields === undefined ? 0 : hashes.live(buf, off[i], len[i]);
      if (fields === undefined || field === 0) {
        reply.null();
        continue;
      }
      fields.showValue(field);
      reply.bulkAt(fields.buf, fields.off, fields.len);
    }
    if (fields !== undefined) hashes.endExpiry();
  },
});

/** HEXISTS */
export const hexists = command({
  name: "HEXISTS",
  summary: "Tells whether a hash has a field.",
  group: "hash",
  since: "2.0.0",
  complexity: "O(1)",
  arity: 3,
  flags: ["readonly", "fast"],
  keys: [{ at: 1, access: "RO" }],
  args: [arg.key("key"), arg.string("field")],

  run(ctx, args) {
    const hashes = ctx.db.tool(Hashes);
    const exists = hashes.read(args, 1) !== undefined &&
      hashes.findLive(args.buf, args.off[2], args.len[2]) !== 0;
    ctx.reply.int(exists ? 1 : 0);
  },
});

/** HSTRLEN */
export const hstrlen = command({
  name: "HSTRLEN",
  summary: "Tells how long the value of a field of a hash is.",
  group: "hash",
  since: "3.2.0",
  complexity: "O(1)",
  arity: 3,
  flags: ["readonly", "fast"],
  keys: [{ at: 1, access: "RO" }],
  args: [arg.key("key"), arg.string("field")],

  run(ctx, args) {
    const hashes = ctx.db.tool(Hashes);
    const fields = hashes.read(args, 1);
    const field = fields === undefined ? 0 : hashes.findLive(args.buf, args.off[2], args.len[2]);
    if (fields === undefined || field === 0) {
      ctx.reply.int(0);
      return;
    }
    fields.showValue(field);
    ctx.reply.int(fields.len);
  },
});

/** HLEN */
export const hlen = command({
  name: "HLEN",
  summary: "Counts the fields of a hash.",
  group: "hash",
  since: "2.0.0",
  complexity: "O(1)",
  arity: 2,
  flags: ["readonly", "fast"],
  keys: [{ at: 1, access: "RO" }],
  args: [arg.key("key")],

  run(ctx, args) {
    // Fields count that are over but that nobody has met yet.
    ctx.reply.int(ctx.db.tool(Hashes).read(args, 1)?.size ?? 0);
  },
});
