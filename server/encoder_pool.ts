/**
 * What the outputs of all connections of a server share: reply buffers that wait to be used again, and views of
 * messages that many of them send.
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
  /** What {@link view} answered last. */
  #view: Uint8Array = new Uint8Array(0);
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

  /**
   * A view of some bytes. Subscribers that were sent the same messages ask for the same one after another, so the last
   * view is remembered.
   */
  view(buf: Uint8Array, from: number, to: number): Uint8Array {
    const last = this.#view;
    const isSame = last.buffer === buf.buffer && last.byteOffset === from &&
      last.length === to - from;
    return isSame ? last : this.#view = buf.subarray(from, to);
  }
}
