/**
 * A command line that makes no sense.
 *
 * @module
 */

/** The message is shown to the user as it stands; nothing has been done. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
