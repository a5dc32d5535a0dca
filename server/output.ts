/**
 * The way of replies to one connection's socket.
 *
 * Replies gather in an encoder while a batch of requests runs; {@link Output.flush} gives them to the socket in one
 * write. While that write is under way further replies gather in another encoder. Nobody waits for a write, so a
 * client that does not read holds up neither the server nor the discovery that it has gone.
 *
 * Encoders come from a pool shared by all connections: an idle one holds none.
 *
 * @module
 */

import type { EncoderPool } from "./encoder_pool.ts";
import type { ReplyEncoder } from "./resp/reply_encoder.ts";

/** Where bytes go. */
export interface ByteSink {
  write(bytes: Uint8Array): Promise<number>;
}

/** Counts what sockets take; one for all connections of a server. */
export interface Traffic {
  outputBytes: number;
  /** How many writes were complete. */
  writes: number;
}

/** The replies of one connection on their way. */
export class Output {
  readonly #sink: ByteSink;
  readonly #pool: EncoderPool;
  readonly #traffic: Traffic;
  readonly #onFailure: (error: unknown) => void;
  readonly #onWritten: (count: number) => void;
  readonly #onFailed: (error: unknown) => void;
  /** Replies not yet given to the socket. */
  #gathering: ReplyEncoder | undefined;
  /** Replies that the socket is taking. */
  #leaving: ReplyEncoder | undefined;
  #sent = 0;
  #failed = false;
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(
    sink: ByteSink,
    pool: EncoderPool,
    traffic: Traffic,
    onFailure: (error: unknown) => void,
  ) {
    this.#sink = sink;
    this.#pool = pool;
    this.#traffic = traffic;
    this.#onFailure = onFailure;
    this.#onWritten = (count) => this.#written(count);
    this.#onFailed = (error) => this.#fail(error);
  }

  /** Where to encode the next replies. */
  encoder(protocol: 2 | 3): ReplyEncoder {
    const encoder = this.#gathering ??= this.#pool.take();
    encoder.protocol = protocol;
    return encoder;
  }

  /** Bytes that the socket has not taken yet. */
  get pending(): number {
    return (this.#gathering?.length ?? 0) +
      (this.#leaving === undefined ? 0 : this.#leaving.length - this.#sent);
  }

  /** Bytes of memory that the buffers take. */
  get memory(): number {
    return (this.#gathering?.capacity ?? 0) + (this.#leaving?.capacity ?? 0);
  }

  /** Bytes of replies that wait behind the write under way. */
  get waiting(): number {
    return this.#leaving === undefined ? 0 : this.#gathering?.length ?? 0;
  }

  /** Gives what has gathered to the socket, unless it is still busy with what came before. */
  flush(): void {
    if (this.#leaving !== undefined) return;
    const encoder = this.#gathering;
    if (encoder === undefined) return;
    this.#gathering = undefined;
    if (encoder.length === 0 || this.#failed) {
      encoder.truncate(0);
      this.#pool.give(encoder);
      return;
    }
    this.#leaving = encoder;
    this.#sent = 0;
    this.#sink.write(encoder.bytes()).then(this.#onWritten, this.#onFailed);
  }

  #written(count: number): void {
    const traffic = this.#traffic;
    traffic.outputBytes += count;
    traffic.writes++;
    const encoder = this.#leaving;
    if (encoder === undefined) return;
    this.#sent += count;
    if (this.#sent < encoder.length) {
      this.#sink.write(encoder.bytes().subarray(this.#sent)).then(this.#onWritten, this.#onFailed);
      return;
    }
    this.#leaving = undefined;
    this.#pool.give(encoder);
    this.flush();
    if (this.#leaving === undefined) this.#settle();
  }

  #fail(error: unknown): void {
    this.#failed = true;
    this.#leaving = undefined;
    this.#gathering = undefined;
    this.#settle();
    this.#onFailure(error);
  }

  #settle(): void {
    this.#drained?.resolve();
    this.#drained = undefined;
  }

  /** Ends when the socket has taken everything, or fails. */
  drained(): Promise<void> {
    this.flush();
    if (this.#leaving === undefined) return Promise.resolve();
    return (this.#drained ??= Promise.withResolvers<void>()).promise;
  }

  /** Gives the buffers back; nothing is written any more. */
  discard(): void {
    this.#failed = true;
    this.#gathering = undefined;
  }
}
