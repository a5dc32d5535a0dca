/**
 * LCS: what the strings of two keys have in common.
 *
 * The longest common subsequence is found by the classic table: cell (i, j) is its length for the first i bytes of `a`
 * and the first j bytes of `b`. Where several are equally long, the one found is Redis's: from the end backwards, `b` is
 * shortened in a tie.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError, syntaxError } from "../../server/resp/errors.ts";
import { Type } from "../../storage/entry.ts";
import { arg, command } from "../command.ts";
import type { Context } from "../context.ts";

interface LcsOptions {
  /** LEN: the length alone. */
  length: boolean;
  /** IDX: where the runs lie in both strings. */
  indexes: boolean;
  /** MINMATCHLEN: shorter runs are left out. */
  shortest: number;
  /** WITHMATCHLEN: say the runs' lengths, too. */
  withLengths: boolean;
}

/** LCS */
export const lcs = command({
  name: "LCS",
  summary: "Finds the longest sequence of bytes that two strings have in common.",
  group: "string",
  since: "7.0.0",
  complexity: "O(N*M) where N and M are the lengths of the two strings.",
  arity: -3,
  flags: ["readonly"],
  keys: [{ at: 1, last: 1, access: "RO", effects: ["access"] }],
  args: [
    arg.key("key1"),
    arg.key("key2"),
    arg.token("LEN", { optional: true }),
    arg.token("IDX", { optional: true }),
    arg.integer("min-match-len", { token: "MINMATCHLEN", optional: true }),
    arg.token("WITHMATCHLEN", { optional: true }),
  ],

  run(ctx, args) {
    const a = stringOf(ctx, args, 1);
    const b = stringOf(ctx, args, 2);
    if (a === undefined || b === undefined) {
      throw new ReplyError("ERR The specified keys must contain string values");
    }
    const options = readOptions(args);
    // The table's size in Redis, even where we do without it.
    const tableBytes = (a.length + 1) * (b.length + 1) * 4;
    if (tableBytes > ctx.server.config.values.protoMaxBulkLen) {
      throw insufficientMemory("transient memory for LCS exceeds proto-max-bulk-len");
    }

    if (options.length) {
      ctx.reply.int(commonLength(a, b));
      return;
    }
    const common = findRuns(a, b);
    if (options.indexes) replyWithIndexes(ctx, common, options);
    else ctx.reply.bulk(join(a, common));
  },
});

/** The key's bytes, none when it is absent; undefined when it is no string. They are good until the next change. */
function stringOf(ctx: Context, args: Args, i: number): Uint8Array | undefined {
  const ref = ctx.db.read(args, i);
  if (ref === 0) return new Uint8Array(0);
  if (ctx.db.type(ref) !== Type.string) return undefined;
  const { buf, off, len } = ctx.db.value(ref);
  return buf.subarray(off, off + len);
}

function readOptions(args: Args): LcsOptions {
  const options: LcsOptions = { length: false, indexes: false, shortest: 0, withLengths: false };
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, "IDX")) options.indexes = true;
    else if (args.is(i, "LEN")) options.length = true;
    else if (args.is(i, "WITHMATCHLEN")) options.withLengths = true;
    else if (args.is(i, "MINMATCHLEN") && i + 1 < args.count) options.shortest = args.int(++i);
    else throw syntaxError();
  }
  if (options.length && options.indexes) {
    throw new ReplyError("ERR If you want both the length and indexes, please just use IDX.");
  }
  return options;
}

function findRuns(a: Uint8Array, b: Uint8Array): CommonRuns {
  try {
    return commonRuns(a, b);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw insufficientMemory("failed allocating transient memory for LCS");
  }
}

function insufficientMemory(reason: string): ReplyError {
  return new ReplyError(`ERR Insufficient memory, ${reason}`);
}

/** The common bytes themselves. */
function join(a: Uint8Array, { length, runs }: CommonRuns): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = length;
  for (const run of runs) {
    at -= run.length;
    bytes.set(a.subarray(run.a, run.a + run.length), at);
  }
  return bytes;
}

function replyWithIndexes(ctx: Context, { length, runs }: CommonRuns, options: LcsOptions): void {
  const { reply } = ctx;
  const shown = runs.filter((run) => run.length >= options.shortest);
  reply.map(2);
  reply.bulk("matches");
  reply.array(shown.length);
  for (const run of shown) {
    reply.array(options.withLengths ? 3 : 2);
    replyWithRange(ctx, run.a, run);
    replyWithRange(ctx, run.b, run);
    if (options.withLengths) reply.int(run.length);
  }
  reply.bulk("len");
  reply.int(length);
}

function replyWithRange({ reply }: Context, start: number, run: CommonRun): void {
  reply.array(2);
  reply.int(start);
  reply.int(start + run.length - 1);
}

/** A run of bytes that both strings have in common; positions are of the first byte in each. */
interface CommonRun {
  readonly a: number;
  readonly b: number;
  readonly length: number;
}

/** The length of the longest common subsequence. O(a × b) time, O(b) space. */
export function commonLength(a: Uint8Array, b: Uint8Array): number {
  const row = new Uint32Array(b.length + 1);
  for (let i = 0; i < a.length; i++) {
    const byte = a[i];
    let diagonal = 0;
    for (let j = 1; j <= b.length; j++) {
      const above = row[j];
      row[j] = byte === b[j - 1] ? diagonal + 1 : Math.max(above, row[j - 1]);
      diagonal = above;
    }
  }
  return row[b.length];
}

/** A longest common subsequence, as the runs that it consists of, the last one first. */
interface CommonRuns {
  readonly length: number;
  readonly runs: readonly CommonRun[];
}

/**
 * Finds a longest common subsequence. O(a × b) time and space, 4 bytes a cell.
 *
 * @throws {RangeError} when there is no memory for the table
 */
export function commonRuns(a: Uint8Array, b: Uint8Array): CommonRuns {
  const width = b.length + 1;
  const table = fillTable(a, b);
  const runs: CommonRun[] = [];
  let i = a.length;
  let j = b.length;
  let length = 0;
  while (i > 0 && j > 0) {
    if (a[i - 1] === b[j - 1]) {
      i--;
      j--;
      length++;
      continue;
    }
    if (length > 0) runs.push({ a: i, b: j, length });
    length = 0;
    if (table[(i - 1) * width + j] > table[i * width + j - 1]) i--;
    else j--;
  }
  if (length > 0) runs.push({ a: i, b: j, length });
  return { length: table[a.length * width + b.length], runs };
}

function fillTable(a: Uint8Array, b: Uint8Array): Uint32Array {
  const width = b.length + 1;
  const table = new Uint32Array((a.length + 1) * width);
  for (let i = 1; i <= a.length; i++) {
    const byte = a[i - 1];
    const row = i * width;
    for (let j = 1; j < width; j++) {
      const at = row + j;
      table[at] = byte === b[j - 1]
        ? table[at - width - 1] + 1
        : Math.max(table[at - width], table[at - 1]);
    }
  }
  return table;
}
