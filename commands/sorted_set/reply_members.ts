/**
 * How members and scores are replied.
 *
 * @module
 */

import type { Reply } from "../../server/resp/reply.ts";
import type { SortedMembers } from "../../storage/types/sorted_members.ts";

/** Announces so many members. With scores, RESP2 has a flat array and RESP3 one of pairs, which keep their order. */
export function beginMembers(reply: Reply, count: number, withScores: boolean): void {
  reply.array(withScores && reply.protocol === 2 ? count * 2 : count);
}

/** Replies with the member that the set is at. */
export function replyMember(reply: Reply, set: SortedMembers, withScores: boolean): void {
  if (withScores && reply.protocol === 3) reply.array(2);
  reply.bulkAt(set.buf, set.off, set.len);
  if (withScores) reply.double(set.score);
}

/** Which members to go through, and which way. */
export interface RankRange {
  /** The lowest rank. */
  from: number;
  count: number;
  reverse: boolean;
}

/** Replies with the members of a range of ranks. O(log n + count). */
export function replyRange(
  reply: Reply,
  set: SortedMembers,
  { from, count, reverse }: RankRange,
  withScores: boolean,
): void {
  beginMembers(reply, count, withScores);
  if (count === 0) return;
  set.seek(reverse ? from + count - 1 : from);
  for (let left = count; left > 0; left--) {
    replyMember(reply, set, withScores);
    if (reverse) set.back();
    else set.forward();
  }
}
