/**
 * How much one client may ask for, and how much of the replies it may leave unread: `proto-max-bulk-len`,
 * `client-output-buffer-limit`, and bounds of our own where those are unlimited.
 *
 * @module
 */

import type { ConfigValues } from "./config/directives.ts";
import type { OutputBufferLimit } from "./config/lists.ts";
import type { DecoderLimits } from "./resp/request_decoder.ts";
import type { Session } from "./session.ts";

/** A client with this many bytes of unread replies is not read from until it reads. */
export const MOST_UNREAD_BYTES = 64 * 1024 * 1024;
/** The same for who is sent messages, and so cannot be held back: it is closed, even if its limits are higher. */
const MOST_UNREAD_MESSAGES = 1024 * 1024 * 1024;
/** So much may always wait, as in the fixed buffer that Redis does not count. */
export const UNCOUNTED_BYTES = 16 * 1024;

/** The limits of a session's requests, read where they live. */
export class RequestLimits implements DecoderLimits {
  readonly #values: ConfigValues;
  readonly #session: Session;

  constructor(values: ConfigValues, session: Session) {
    this.#values = values;
    this.#session = session;
  }

  get arraysOnly(): boolean {
    return this.#session.isPrimary;
  }

  get maxBulkLength(): number {
    return this.#session.mustObey ? Infinity : this.#values.protoMaxBulkLen;
  }

  get restricted(): boolean {
    return !this.#session.authenticated;
  }
}

/** Judges the unread replies of one client. */
export class OutputLimit {
  /** When the soft limit was reached, Unix time in seconds; undefined while it is not. */
  #softSince: number | undefined;

  /** Whether the client is to be closed for what it has not read; `now` is Unix time in ms. */
  isBroken({ type, unread, isMonitor }: Session, values: ConfigValues, now: number): boolean {
    // Who is fed by others is not held back by not being read from.
    if (isMonitor && unread > MOST_UNREAD_BYTES) return true;
    if (type === "pubsub" && unread > MOST_UNREAD_MESSAGES) return true;
    return this.isExceeded(unread, limitOf(type, values), now);
  }

  /** Whether `pending` bytes of unread replies are too many; 0 in `limit` means unlimited. */
  isExceeded(pending: number, limit: OutputBufferLimit, now: number): boolean {
    const { hardBytes, softBytes, softSeconds } = limit;
    if (hardBytes > 0 && pending >= hardBytes) return true;
    if (softBytes === 0 || pending < softBytes) {
      this.#softSince = undefined;
      return false;
    }
    // Whole seconds count, as in Redis: a client may have up to one more than configured.
    const second = Math.floor(now / 1000);
    this.#softSince ??= second;
    return second - this.#softSince > softSeconds;
  }
}

/** The limit of a class of clients. */
function limitOf(
  type: Session["type"],
  { clientOutputBufferLimit, replBacklogSize }: ConfigValues,
): OutputBufferLimit {
  const limit = clientOutputBufferLimit[type === "primary" ? "normal" : type];
  // Who was closed within the backlog would come back and go on where it was.
  return type !== "replica" || limit.hardBytes === 0 || limit.hardBytes >= replBacklogSize
    ? limit
    : { ...limit, hardBytes: replBacklogSize };
}
