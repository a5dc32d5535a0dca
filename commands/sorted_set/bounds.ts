/**
 * Bounds of ranges: by rank, by score, by the members' bytes. Every range comes down to a range of ranks.
 *
 * @module
 */

import { type Args, decodeLatin1, parseDouble } from "../../server/resp/args.ts";
import type { SortedMembers } from "../../storage/types/sorted_members.ts";
import { boundNotAFloat, boundNotAString } from "../errors.ts";

/** Neighbouring ranks. */
export interface Ranks {
  from: number;
  count: number;
}

/** Finds out which ranks of a set lie between bounds that have been read already. */
export type Bounds = (set: SortedMembers) => Ranks;

/** What a range is given by. */
export type RangeKind = "rank" | "score" | "bytes";

/**
 * Reads bounds of any kind, low and high, from the arguments `low` and `high`.
 *
 * @param reverse whether ranks are counted from the highest score
 * @throws {ReplyError} when they are none
 */
export function readBounds(
  kind: RangeKind,
  args: Args,
  low: number,
  high: number,
  reverse = false,
): Bounds {
  switch (kind) {
    case "rank":
      return readRankBounds(args, low, high, reverse);
    case "score":
      return readScoreBounds(args, low, high);
    case "bytes":
      return readByteBounds(args, low, high);
  }
}

function readRankBounds(args: Args, low: number, high: number, reverse: boolean): Bounds {
  const start = args.int(low);
  const stop = args.int(high);
  return ({ size }) => {
    const first = Math.max(0, start < 0 ? size + start : start);
    const last = Math.min(size - 1, stop < 0 ? size + stop : stop);
    const count = Math.max(0, last - first + 1);
    return { from: reverse ? size - first - count : first, count };
  };
}

/** @throws {ReplyError} `ERR min or max is not a float` */
export function readScoreBounds(args: Args, low: number, high: number): Bounds {
  const min = readScoreBound(args, low);
  const max = readScoreBound(args, high);
  return (set) => {
    const from = set.countBelow(min.score, min.exclusive);
    return { from, count: Math.max(0, set.countBelow(max.score, !max.exclusive) - from) };
  };
}

const OPEN = 40; // (
const CLOSED = 91; // [
const PLUS = 43;
const MINUS = 45;
const LEADING_SPACE = /^[ \t-\r]+(?=.)/;
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** A bound as C's strtod reads it up to a NUL byte: space may lead, nothing is zero, too much is infinite. */
function readScoreBound(args: Args, i: number): { score: number; exclusive: boolean } {
  const exclusive = args.len[i] > 0 && args.buf[args.off[i]] === OPEN;
  const bytes = exclusive ? args.view(i).subarray(1) : args.view(i);
  const text = decodeLatin1(bytes).split("\0", 1)[0];
  if (text === "") return { score: 0, exclusive };
  const number = text.replace(LEADING_SPACE, "");
  const score = parseDouble(number) ?? (DECIMAL.test(number) ? Number(number) : undefined);
  if (score === undefined) throw boundNotAFloat();
  return { score, exclusive };
}

/** @throws {ReplyError} `ERR min or max not valid string range item` */
export function readByteBounds(args: Args, low: number, high: number): Bounds {
  checkByteBound(args, low);
  checkByteBound(args, high);
  return (set) => {
    const from = countOutside(set, args, low, OPEN);
    return { from, count: Math.max(0, countOutside(set, args, high, CLOSED) - from) };
  };
}

function checkByteBound({ buf, off, len }: Args, i: number): void {
  const sign = len[i] === 0 ? 0 : buf[off[i]];
  const isEndless = sign === PLUS || sign === MINUS;
  if (isEndless ? len[i] > 1 && buf[off[i] + 1] !== 0 : sign !== OPEN && sign !== CLOSED) {
    throw boundNotAString();
  }
}

/** How many members are below a bound; those equal to it are if the bound begins with this sign. */
function countOutside(
  set: SortedMembers,
  { buf, off, len }: Args,
  i: number,
  equalIfSign: number,
): number {
  const sign = buf[off[i]];
  if (sign === PLUS) return set.size;
  if (sign === MINUS) return 0;
  return set.countBelowBytes(buf, off[i] + 1, len[i] - 1, sign === equalIfSign);
}
