/**
 * What is thrown when bytes that should be RDB are not.
 *
 * @module
 */

/** The bytes cannot be what they should be; the message says why. */
export class CorruptRdb extends Error {
  override readonly name = "CorruptRdb";
}
