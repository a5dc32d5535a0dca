/**
 * Copying and comparing stretches of bytes inside larger buffers.
 *
 * Most stretches here are short (keys, small values): for them a plain loop beats the built-in methods, which need
 * a view of each stretch first (40 to 100 ns apiece).
 *
 * @module
 */

/** Longest stretch copied by a loop; above, the views that `set` needs pay for themselves. */
const LOOP_BYTES = 48;

/** Copies `length` bytes; the stretches may overlap only when `src` and `dst` share a buffer and `length` > 48. */
export function copyBytes(
  src: Uint8Array,
  from: number,
  dst: Uint8Array,
  to: number,
  length: number,
): void {
  if (length <= LOOP_BYTES) {
    for (let i = 0; i < length; i++) dst[to + i] = src[from + i];
  } else {
    dst.set(src.subarray(from, from + length), to);
  }
}

/** Whether two stretches of `length` bytes hold the same bytes. */
export function bytesEqual(
  a: Uint8Array,
  aOffset: number,
  b: Uint8Array,
  bOffset: number,
  length: number,
): boolean {
  for (let i = 0; i < length; i++) {
    if (a[aOffset + i] !== b[bOffset + i]) return false;
  }
  return true;
}

/** Orders two stretches as C's `memcmp` does, a prefix before what it begins; negative, zero or positive. */
export function compareBytes(
  a: Uint8Array,
  aOffset: number,
  aLength: number,
  b: Uint8Array,
  bOffset: number,
  bLength: number,
): number {
  const common = Math.min(aLength, bLength);
  for (let i = 0; i < common; i++) {
    const difference = a[aOffset + i] - b[bOffset + i];
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}
