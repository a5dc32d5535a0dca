/**
 * Reply buffers that wait to be used again, shared by all connections of a server.
 *
 * @module
 */

import { ReplyEncoder, USUAL_CAPACITY } from "./resp/reply_encoder.ts";

/** How many buffers wait at the most. */
const MOST_KEPT = 256;
/** A buffer that grew beyond this is not kept. */
const LARGEST_KEPT = USUAL_CAPACITY * 4;

/** The pool of one server. */
export class EncoderPool {
  readonly #free: ReplyEncoder[] = [];

  /** An empty encoder. */
  take(): ReplyEncoder {
    return this.#free.pop() ?? new ReplyEncoder();
  }

  give(encoder: ReplyEncoder): void {
    if (this.#free.length >= MOST_KEPT || encoder.capacity > LARGEST_KEPT) return;
    encoder.truncate(0);
    this.#free.push(encoder);
  }
}
