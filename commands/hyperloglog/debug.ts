/**
 * Looking into a HyperLogLog: PFDEBUG, and PFSELFTEST, which tries the structure itself.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import {
  emptyHyperLogLog,
  HyperLogLog,
  type HyperLogLogOwner,
  REGISTERS,
} from "../../storage/types/hyperloglog.ts";
import { arg, command } from "../command.ts";
import type { Context } from "../context.ts";
import {
  corruptHyperLogLog,
  keyDoesNotExist,
  notSparse,
  selfTestFailed,
  unknownDebugSubcommand,
} from "../errors.ts";
import { StoredHyperLogLog } from "./count.ts";

/** PFDEBUG */
export const pfdebug = command({
  name: "PFDEBUG",
  summary: "Shows how a HyperLogLog is kept, or makes it dense.",
  group: "hyperloglog",
  since: "2.8.9",
  complexity: "N/A",
  arity: 3,
  flags: ["write", "denyoom", "admin"],
  docFlags: ["syscmd"],
  keys: [{ at: 2, access: "RW", effects: ["access"] }],
  args: [arg.string("subcommand"), arg.key("key")],

  run(ctx, args) {
    const ref = ctx.db.find(args, 2);
    if (ref === 0) throw keyDoesNotExist();
    const stored = new StoredHyperLogLog(ctx.db, ref);
    stored.markChanged();
    if (args.is(1, "GETREG")) replyWithRegisters(ctx, stored);
    else if (args.is(1, "DECODE")) replyWithRuns(ctx, stored.hll);
    else if (args.is(1, "ENCODING")) ctx.reply.simple(stored.hll.isSparse ? "sparse" : "dense");
    else if (args.is(1, "TODENSE")) ctx.reply.int(makeDense(ctx, stored) ? 1 : 0);
    else throw unknownDebugSubcommand(nameOf(args));
  },
});

function nameOf(args: Args): string {
  return args.binary(1).split("\0", 1)[0];
}

/** Answers whether it was sparse. */
function makeDense(ctx: Context, stored: StoredHyperLogLog): boolean {
  if (!stored.hll.isSparse) return false;
  if (!stored.hll.makeDense(stored)) throw corruptHyperLogLog();
  // The value is the same, but replicas should keep it alike.
  ctx.dirty();
  return true;
}

function replyWithRegisters(ctx: Context, stored: StoredHyperLogLog): void {
  makeDense(ctx, stored);
  const registers = new Uint8Array(REGISTERS);
  stored.hll.raise(registers);
  ctx.reply.array(REGISTERS);
  for (const value of registers) ctx.reply.int(value);
}

function replyWithRuns(ctx: Context, hll: HyperLogLog): void {
  if (!hll.isSparse) throw notSparse();
  const runs: string[] = [];
  hll.forEachRun((length, value, isLong) => {
    runs.push(value > 0 ? `v:${value},${length}` : `${isLong ? "Z" : "z"}:${length}`);
  });
  ctx.reply.bulk(runs.join(" "));
}

/** Elements added by the self-test at the most; an estimate is checked at each power of ten. */
const MOST_ELEMENTS = 1_000_000;
/** The standard error of an estimate. */
const STANDARD_ERROR = 1.04 / Math.sqrt(REGISTERS);

/** PFSELFTEST */
export const pfselftest = command({
  name: "PFSELFTEST",
  summary: "Tries out HyperLogLogs: whether both forms agree, and how far estimates are off.",
  group: "hyperloglog",
  since: "2.8.9",
  complexity: "N/A",
  arity: 1,
  flags: ["admin"],
  docFlags: ["syscmd"],

  run(ctx) {
    const sparseLimit = ctx.server.config.values.hllSparseMaxBytes;
    const sparse = new OwnHyperLogLog();
    const dense = new OwnHyperLogLog();
    dense.hll.makeDense(dense);
    const buf = new Uint8Array(8);
    const element = { buf, off: 0, len: buf.length, sparseLimit };
    const words = new Uint32Array(buf.buffer);
    words[1] = Math.floor(ctx.server.random() * 2 ** 32);
    for (let count = 1, checkpoint = 1; count <= MOST_ELEMENTS; count++) {
      words[0] = count;
      sparse.hll.add(sparse, element);
      dense.hll.add(dense, element);
      if (count < checkpoint) continue;
      checkpoint *= 10;
      if (count < sparseLimit / 2 && !sparse.hll.isSparse) {
        throw selfTestFailed("sparse encoding not used");
      }
      const estimate = dense.hll.estimate() ?? 0;
      if (estimate !== sparse.hll.estimate()) throw selfTestFailed("dense/sparse disagree");
      const error = Math.abs(count - estimate);
      // Among ten elements two may well meet in one register.
      const mostError = count === 10 ? 1 : Math.ceil(STANDARD_ERROR * 6 * count);
      if (error > mostError) {
        throw selfTestFailed(`Too big error. card:${count} abserr:${error}`);
      }
    }
    ctx.reply.ok();
  },
});

/** A HyperLogLog with bytes of its own. */
class OwnHyperLogLog implements HyperLogLogOwner {
  readonly hll = new HyperLogLog();
  #bytes = emptyHyperLogLog();

  constructor() {
    this.hll.attach(this.#bytes, 0, this.#bytes.length);
  }

  resize(hll: HyperLogLog, length: number): void {
    const bytes = new Uint8Array(length);
    bytes.set(this.#bytes.subarray(0, length));
    this.#bytes = bytes;
    hll.attach(bytes, 0, length);
  }
}
