/**
 * What a sorted set can do, however it is kept: packed into bytes (./packed_sorted_set.ts) or as a table and a tree
 * (./sorted_set.ts).
 *
 * @module
 */

/** A member's handle, good until the next change; 0 is none. */
export type Member = number;

/** Unique members ordered by score, those of equal scores by their bytes. Ranks count from 0. */
export interface SortedMembers {
  readonly size: number;

  /** The member with these bytes, or 0. */
  find(buf: Uint8Array, off: number, len: number): Member;
  scoreOf(member: Member): number;
  rankOf(member: Member): number;
  /** How many members have a score below a bound, or one up to it. */
  countBelow(bound: number, inclusive: boolean): number;
  /**
   * How many members have bytes below a bound, or up to it. Says nothing useful unless all have the same score, as the
   * order by bytes is the set's order only then.
   */
  countBelowBytes(buf: Uint8Array, off: number, len: number, inclusive: boolean): number;

  /** Adds a member, which must not be there yet. */
  add(buf: Uint8Array, off: number, len: number, score: number): void;
  rescore(member: Member, score: number): void;
  remove(member: Member): void;
  /** Removes the members of `length` ranks from `rank` on, which must be there. */
  removeRange(rank: number, length: number): void;
  /** Removes the member that {@link seek} has just gone to. */
  removeHere(): void;

  /** Goes to the member of a rank, which there must be: the fields below tell of it until the next change. */
  seek(rank: number): void;
  /** Goes to the next member, if there is one. */
  forward(): void;
  /** Goes to the member before, if there is one. */
  back(): void;

  readonly score: number;
  /** Where the member's bytes lie. */
  readonly buf: Uint8Array;
  readonly off: number;
  readonly len: number;
}
