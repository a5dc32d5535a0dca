/**
 * Counters of streams: 64 bits, almost always small. A number up to 2^53, a bigint beyond.
 *
 * @module
 */

/** A count, exact at any size up to 64 bits. */
export type Count = number | bigint;

/** A bigint as a number where that is exact. */
export function narrowCount(value: bigint): Count {
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

/** A count after one more. */
export function plusOne(count: Count): Count {
  if (typeof count === "number" && count < Number.MAX_SAFE_INTEGER) return count + 1;
  return BigInt(count) + 1n;
}

/** What one count is above another; negative when it is less. */
export function minus(count: Count, less: Count): Count {
  if (typeof count === "number" && typeof less === "number") return count - less;
  return narrowCount(BigInt(count) - BigInt(less));
}
