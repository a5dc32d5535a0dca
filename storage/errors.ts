/**
 * Refusals that the storage layer speaks, in Redis's words.
 *
 * @module
 */

import { ReplyError } from "../server/resp/errors.ts";

/** The key holds another type than the command works on. */
export function wrongType(): ReplyError {
  return new ReplyError("WRONGTYPE Operation against a key holding the wrong kind of value");
}

/** No memory is left under `maxmemory` and nothing could be evicted. */
export function outOfMemory(): ReplyError {
  return new ReplyError("OOM command not allowed when used memory > 'maxmemory'.");
}
