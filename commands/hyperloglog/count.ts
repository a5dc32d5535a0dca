/**
 * Counting different elements: PFADD, PFCOUNT, PFMERGE; and HyperLogLogs where they are kept: in strings.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { StringEncoding, Type } from "../../storage/entry.ts";
import { wrongType } from "../../storage/errors.ts";
import type { Database } from "../../storage/keyspace.ts";
import type { Ref } from "../../storage/memory/arena.ts";
import {
  emptyHyperLogLog,
  estimateRegisters,
  HyperLogLog,
  type HyperLogLogOwner,
  isHyperLogLog,
  REGISTERS,
} from "../../storage/types/hyperloglog.ts";
import { arg, command } from "../command.ts";
import { type Context, EventClass } from "../context.ts";
import { corruptHyperLogLog, notAHyperLogLog } from "../errors.ts";

/** PFADD */
export const pfadd = command({
  name: "PFADD",
  summary: "Adds elements to a HyperLogLog, which an absent key becomes.",
  group: "hyperloglog",
  since: "2.8.9",
  complexity: "O(1) to add every element.",
  arity: -2,
  flags: ["write", "denyoom", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["insert"] }],
  args: [arg.key("key"), arg.string("element", { optional: true, multiple: true })],

  run(ctx, args) {
    const { db } = ctx;
    const sparseLimit = ctx.server.config.values.hllSparseMaxBytes;
    const existing = db.find(args, 1);
    let changes = existing === 0 ? 1 : 0;
    const stored = new StoredHyperLogLog(
      db,
      existing === 0 ? db.setString(args, 1, emptyHyperLogLog()) : existing,
    );
    stored.markChanged();
    const { buf } = args;
    for (let i = 2; i < args.count; i++) {
      const element = { buf, off: args.off[i], len: args.len[i], sparseLimit };
      const added = stored.hll.add(stored, element);
      if (added === undefined) {
        // What came before has left its mark, and replicas must have it too.
        if (changes > 0) ctx.changed(args, 1);
        throw corruptHyperLogLog();
      }
      if (added) changes++;
    }
    if (changes > 0) {
      stored.hll.outdateEstimate();
      ctx.changed(args, 1, EventClass.string, "pfadd");
      ctx.dirty(changes - 1);
    }
    ctx.reply.int(changes > 0 ? 1 : 0);
  },
});

/** PFCOUNT */
export const pfcount = command({
  name: "PFCOUNT",
  summary: "Estimates how many different elements were added to any of some HyperLogLogs.",
  group: "hyperloglog",
  since: "2.8.9",
  complexity:
    "O(1) for one key, its last estimate being kept; O(N) in the number of keys for more.",
  arity: -2,
  flags: ["readonly", "may_replicate"],
  keys: [{
    at: 1,
    last: -1,
    access: "RW",
    effects: ["access"],
    note: "The estimate is kept with the value, and replicas are told",
  }],
  args: [arg.key("key", { multiple: true })],

  run(ctx, args) {
    if (args.count > 2) {
      const registers = new Uint8Array(REGISTERS);
      for (let i = 1; i < args.count; i++) raiseTo(registers, ctx, args, i);
      ctx.reply.int(estimateRegisters(registers));
      return;
    }
    const ref = ctx.db.read(args, 1);
    if (ref === 0) {
      ctx.reply.int(0);
      return;
    }
    const stored = new StoredHyperLogLog(ctx.db, ref);
    stored.markChanged();
    const cached = stored.hll.cachedEstimate;
    if (cached !== undefined) {
      ctx.reply.int(cached);
      return;
    }
    const estimate = stored.hll.estimate();
    if (estimate === undefined) throw corruptHyperLogLog();
    stored.hll.cacheEstimate(estimate);
    ctx.changed(args, 1);
    ctx.reply.int(estimate);
  },
});

/** PFMERGE */
export const pfmerge = command({
  name: "PFMERGE",
  summary: "Makes a HyperLogLog count what it and others count together.",
  group: "hyperloglog",
  since: "2.8.9",
  complexity: "O(N) to merge N HyperLogLogs, but with high constant times.",
  arity: -2,
  flags: ["write", "denyoom"],
  keys: [
    { at: 1, access: "RW", effects: ["access", "insert"] },
    { at: 2, last: -1, access: "RO", effects: ["access"] },
  ],
  args: [
    arg.key("destkey"),
    arg.key("sourcekey", { keySpecIndex: 1, optional: true, multiple: true }),
  ],

  run(ctx, args) {
    const { db } = ctx;
    const sparseLimit = ctx.server.config.values.hllSparseMaxBytes;
    const registers = new Uint8Array(REGISTERS);
    let dense = false;
    for (let i = 1; i < args.count; i++) {
      const source = raiseTo(registers, ctx, args, i);
      if (source !== undefined && !source.hll.isSparse) dense = true;
    }

    const existing = db.find(args, 1);
    const ref = existing === 0 ? db.setString(args, 1, emptyHyperLogLog()) : existing;
    const stored = new StoredHyperLogLog(db, ref);
    stored.markChanged();
    const { hll } = stored;
    if (dense) {
      hll.storeDense(stored, registers);
    } else {
      for (let index = 0; index < REGISTERS; index++) {
        const value = registers[index];
        if (value !== 0) hll.raiseRegister(stored, { index, value, sparseLimit });
      }
    }
    hll.outdateEstimate();
    ctx.changed(args, 1, EventClass.string, "pfadd");
    ctx.reply.ok();
  },
});

/** Raises registers to those of the key in argument `i`, if there is one; answers it. @throws {ReplyError} */
function raiseTo(
  registers: Uint8Array,
  { db }: Context,
  args: Args,
  i: number,
): StoredHyperLogLog | undefined {
  const ref = db.read(args, i);
  if (ref === 0) return undefined;
  const stored = new StoredHyperLogLog(db, ref);
  if (!stored.hll.raise(registers)) throw corruptHyperLogLog();
  return stored;
}

/** A HyperLogLog that is a key's string, and stays with it when it grows. */
export class StoredHyperLogLog implements HyperLogLogOwner {
  readonly hll = new HyperLogLog();
  readonly #db: Database;
  #ref: Ref;

  /** @throws {ReplyError} when the key holds something else */
  constructor(db: Database, ref: Ref) {
    this.#db = db;
    this.#ref = ref;
    if (db.type(ref) !== Type.string) throw wrongType();
    const { buf, off, len } = db.value(ref);
    if (!isHyperLogLog(buf, off, len)) throw notAHyperLogLog();
    this.hll.attach(buf, off, len);
  }

  resize(hll: HyperLogLog, length: number): void {
    this.#ref = this.#db.resizeValue(this.#ref, length);
    const { buf, off } = this.#db.value(this.#ref);
    hll.attach(buf, off, length);
  }

  /** Says that the string is being changed in part. */
  markChanged(): void {
    this.#db.setEncoding(this.#ref, StringEncoding.raw);
  }
}
