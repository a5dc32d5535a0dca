/**
 * `client-output-buffer-limit` for one client: how many unread replies are too many, and for how long.
 *
 * The hard limit holds at once; the soft one must be exceeded for some seconds on end.
 *
 * @module
 */

import type { OutputBufferLimit } from "./config/lists.ts";

/** Judges the unread replies of one client. */
export class OutputLimit {
  /** When the soft limit was reached, Unix time in ms; undefined while it is not. */
  #softSince: number | undefined;

  /** Whether a client with `pending` bytes of unread replies is to be closed; 0 in `limit` means unlimited. */
  isExceeded(pending: number, limit: OutputBufferLimit, now: number): boolean {
    const { hardBytes, softBytes, softSeconds } = limit;
    if (hardBytes > 0 && pending >= hardBytes) return true;
    if (softBytes === 0 || pending < softBytes) {
      this.#softSince = undefined;
      return false;
    }
    this.#softSince ??= now;
    return now - this.#softSince > softSeconds * 1000;
  }
}
