/**
 * The request decoder as a standard transform stream, for bytes that already come as a stream: append-only files,
 * standard input, WebSockets.
 *
 *     file.readable.pipeThrough(new RespDecoderStream()) // → ReadableStream<Args>
 *
 * Each request leaves as a copy of its own, so it stays valid however late it is read. A server's own connections do
 * without that copy: see ../request_stream.ts.
 *
 * @module
 */

import type { Args } from "./args.ts";
import { type DecoderLimits, RequestDecoder } from "./request_decoder.ts";

/** Redis's default for `proto-max-bulk-len`, in bytes. */
const USUAL_MAX_BULK_LENGTH = 512 * 1024 * 1024;

/** Turns chunks of bytes, cut anywhere, into requests. Errors with a `ProtocolError` where the bytes make no sense. */
export class RespDecoderStream extends TransformStream<Uint8Array, Args> {
  readonly #progress: Progress;

  /** Without limits, those of a logged-in client of a server with default configuration hold. */
  constructor(limits: Partial<DecoderLimits> = {}) {
    const decoder = new RequestDecoder({
      maxBulkLength: USUAL_MAX_BULK_LENGTH,
      restricted: false,
      ...limits,
    });
    const progress: Progress = { received: 0, complete: 0 };
    super({
      transform(chunk, controller) {
        for (let at = 0; at < chunk.length;) {
          const room = decoder.room();
          const part = chunk.subarray(at, at + room.length);
          room.set(part);
          decoder.filled(part.length);
          progress.received += part.length;
          at += part.length;
          while (decoder.next()) {
            controller.enqueue(decoder.args.detach());
            decoder.release();
            progress.complete = progress.received - decoder.pending;
          }
        }
      },
    });
    this.#progress = progress;
  }

  /** Bytes of the input up to the end of the last whole request. */
  get completeBytes(): number {
    return this.#progress.complete;
  }

  /** Bytes after the last whole request: at the end of a file, what an interrupted write left behind. */
  get incompleteBytes(): number {
    return this.#progress.received - this.#progress.complete;
  }
}

/** What the transformer and the getters share; there is no `this` yet where the former is made. Both count bytes. */
interface Progress {
  received: number;
  complete: number;
}
