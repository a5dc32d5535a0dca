/**
 * The way of replies to one connection's socket.
 *
 * Replies gather in an encoder while a batch of requests runs; {@link Output.flush} gives them to the socket in one
 * write. While that write is under way further replies gather in another encoder. Nobody waits for a write, so a
 * client that does not read holds up neither the server nor the discovery that it has gone.
 *
 * What clients are told may depend on what is not on the disk yet: while the {@link OutputGate} is closed nothing leaves.
 * A disk takes long, and commands go on meanwhile, so replies wait in two buffers: those that the write under way makes
 * true are sealed, and leave with its end; those that came since wait for the next one.
 *
 *     gathering ──► sealed ──► released ──► leaving        with an open gate: gathering ──► leaving
 *
 * Encoders come from a pool shared by all connections of a server: an idle one holds none.
 *
 * @module
 */

import { ReplyEncoder, USUAL_CAPACITY } from "./resp/reply_encoder.ts";

/** Where bytes go. */
interface ByteSink {
  /** Takes the beginning of `bytes`, and answers how many: at once, if it can. */
  write(bytes: Uint8Array): number | Promise<number>;
}

/** Counts what sockets take; one for all connections of a server. */
interface Traffic {
  outputBytes: number;
  /** How many writes were complete. */
  writes: number;
}

/** Some bytes of a larger buffer. */
interface Stretch {
  readonly buf: Uint8Array;
  readonly from: number;
  to: number;
}

function lengthOf(stretch: Stretch | undefined): number {
  return stretch === undefined ? 0 : stretch.to - stretch.from;
}

/** The replies of one connection on their way. */
export class Output {
  readonly #sink: ByteSink;
  readonly #pool: EncoderPool;
  readonly #traffic: Traffic;
  readonly #gate: OutputGate;
  readonly #onFailure: (error: unknown) => void;
  readonly #onWritten: (count: number) => void;
  readonly #onFailed: (error: unknown) => void;
  /** Replies not yet given to the socket. */
  #gathering: ReplyEncoder | undefined;
  /** Where shared messages lie that are not yet given to the socket; while there are any, none is gathering. */
  #shared: Stretch | undefined;
  /** Where those behind them lie: in the next buffer, when one was full. */
  #sharedNext: Stretch | undefined;
  /** Replies that wait for the gate's next release, … */
  #sealed: ReplyEncoder | undefined;
  /** … and those that have been released and wait for the socket. */
  #released: ReplyEncoder | undefined;
  /** What the socket is taking, and the encoder that holds it unless the bytes are shared. */
  #leaving: Uint8Array | undefined;
  #leavingEncoder: ReplyEncoder | undefined;
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
    this.#gate = pool.gate;
    this.#traffic = traffic;
    this.#onFailure = onFailure;
    this.#onWritten = (count) => this.#written(count);
    this.#onFailed = (error) => this.#fail(error);
  }

  /** Where to encode the next replies. */
  encoder(protocol: 2 | 3): ReplyEncoder {
    const encoder = this.#gathering ??= this.#pool.take();
    if (this.#shared !== undefined) this.#copyShared(encoder);
    encoder.protocol = protocol;
    return encoder;
  }

  /**
   * Adds a message that lies in `buf` from one offset to another, where it will not change any more, and which other
   * connections may be sent as well. Answers whether it is the first that waits, so that a {@link flush} is due.
   */
  share(buf: Uint8Array, from: number, to: number): boolean {
    let encoder = this.#gathering;
    if (encoder === undefined || encoder.length === 0) {
      const last = this.#sharedNext ?? this.#shared;
      if (last === undefined) {
        this.#shared = { buf, from, to };
        return this.#leaving === undefined;
      }
      if (last.buf === buf && last.to === from) {
        last.to = to;
        return false;
      }
      // A gap holds messages for others: one write of copies is cheaper than many.
      if (last === this.#shared && last.buf !== buf) {
        this.#sharedNext = { buf, from, to };
        return false;
      }
      this.#copyShared(encoder = this.#gathering ??= this.#pool.take());
    }
    encoder.rawAt(buf, from, to - from);
    return false;
  }

  #copyShared(encoder: ReplyEncoder): void {
    for (const each of [this.#shared, this.#sharedNext]) {
      if (each !== undefined) encoder.rawAt(each.buf, each.from, each.to - each.from);
    }
    this.#shared = this.#sharedNext = undefined;
  }

  /** Bytes not yet given to the socket. */
  get gathered(): number {
    return this.#sharedBytes + (this.#gathering?.length ?? 0);
  }

  get #sharedBytes(): number {
    return lengthOf(this.#shared) + lengthOf(this.#sharedNext);
  }

  /** Bytes that the socket has not taken yet. */
  get pending(): number {
    return this.gathered + (this.#sealed?.length ?? 0) + (this.#released?.length ?? 0) +
      (this.#leaving === undefined ? 0 : this.#leaving.length - this.#sent);
  }

  /** Bytes of memory that the buffers take; shared messages count for each connection. */
  get memory(): number {
    const leaving = this.#leavingEncoder?.capacity ?? this.#leaving?.length ?? 0;
    return (this.#gathering?.capacity ?? 0) + this.#sharedBytes + leaving +
      (this.#sealed?.capacity ?? 0) + (this.#released?.capacity ?? 0);
  }

  /** Gives what has gathered to the socket, unless it is still busy with what came before, or the gate is closed. */
  flush(): void {
    if (this.#gate.isClosed) return this.#gate.hold(this);
    if (this.#leaving !== undefined) return;
    const encoder = this.#gathering;
    this.#gathering = undefined;
    if (encoder !== undefined && encoder.length > 0 && !this.#failed) {
      this.#leavingEncoder = encoder;
      this.#write(encoder.bytes());
      return;
    }
    if (encoder !== undefined) {
      encoder.truncate(0);
      this.#pool.give(encoder);
    }
    const shared = this.#shared;
    if (shared === undefined) return;
    this.#shared = this.#sharedNext;
    this.#sharedNext = undefined;
    if (!this.#failed) this.#write(this.#pool.view(shared.buf, shared.from, shared.to));
  }

  /** Puts what has gathered aside for {@link release}; the gate says when. */
  seal(): void {
    if (this.#shared !== undefined) this.#copyShared(this.#gathering ??= this.#pool.take());
    this.#sealed = join(this.#sealed, this.#gathering, this.#pool);
    this.#gathering = undefined;
  }

  /** Lets what was sealed leave. */
  release(): void {
    this.#released = join(this.#released, this.#sealed, this.#pool);
    this.#sealed = undefined;
    if (this.#leaving === undefined) this.#sendReleased();
  }

  #sendReleased(): void {
    const encoder = this.#released;
    this.#released = undefined;
    if (encoder === undefined) return;
    if (encoder.length === 0 || this.#failed) {
      encoder.truncate(0);
      this.#pool.give(encoder);
      return;
    }
    this.#leavingEncoder = encoder;
    this.#write(encoder.bytes());
  }

  #write(bytes: Uint8Array): void {
    this.#leaving = bytes;
    this.#sent = 0;
    this.#give(bytes);
  }

  #give(bytes: Uint8Array): void {
    const taken = this.#sink.write(bytes);
    if (typeof taken === "number") this.#written(taken);
    else taken.then(this.#onWritten, this.#onFailed);
  }

  #written(count: number): void {
    const traffic = this.#traffic;
    traffic.outputBytes += count;
    traffic.writes++;
    const bytes = this.#leaving;
    if (bytes === undefined) return;
    this.#sent += count;
    if (this.#sent < bytes.length) {
      return this.#give(bytes.subarray(this.#sent));
    }
    this.#leaving = undefined;
    const encoder = this.#leavingEncoder;
    if (encoder !== undefined) {
      this.#leavingEncoder = undefined;
      this.#pool.give(encoder);
    }
    if (this.#released !== undefined) this.#sendReleased();
    else this.flush();
    if (this.#leaving === undefined && this.pending === 0) this.#settle();
  }

  #fail(error: unknown): void {
    this.#failed = true;
    this.#leaving = this.#leavingEncoder = undefined;
    this.#forget();
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
    if (this.#failed || (this.#leaving === undefined && this.pending === 0)) {
      return Promise.resolve();
    }
    return (this.#drained ??= Promise.withResolvers<void>()).promise;
  }

  /** Gives the buffers back; nothing is written any more. */
  discard(): void {
    this.#failed = true;
    this.#forget();
    if (this.#leaving === undefined) this.#settle();
  }

  #forget(): void {
    this.#gathering =
      this.#shared =
      this.#sharedNext =
      this.#sealed =
      this.#released =
        undefined;
  }
}

/** The replies of both, in the first one's buffer if there are two. */
function join(
  first: ReplyEncoder | undefined,
  second: ReplyEncoder | undefined,
  pool: EncoderPool,
): ReplyEncoder | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  first.raw(second.bytes());
  second.truncate(0);
  pool.give(second);
  return first;
}

/**
 * What keeps the replies of one server back while they depend on effects that are not written yet. Who writes them
 * closes it and opens it again; while it is open it costs a comparison for each flush.
 */
export class OutputGate {
  /** Whether {@link Output.flush} must {@link hold} instead. */
  isClosed = false;
  /** Outputs with replies that came since the last {@link seal}, … */
  #held = new Set<Output>();
  /** … and those with replies that leave with the next {@link release}. */
  #sealed = new Set<Output>();

  close(): void {
    this.isClosed = true;
  }

  hold(output: Output): void {
    this.#held.add(output);
  }

  /** Lets the next release be for what is held by now. */
  seal(): void {
    for (const output of this.#held) {
      output.seal();
      this.#sealed.add(output);
    }
    this.#held.clear();
  }

  /** Lets go what was sealed; what came since is still held. */
  release(): void {
    const outputs = this.#sealed;
    if (outputs.size === 0) return;
    this.#sealed = new Set();
    for (const output of outputs) output.release();
  }

  /** Lets everything leave. */
  open(): void {
    this.release();
    this.isClosed = false;
    const outputs = this.#held;
    if (outputs.size === 0) return;
    this.#held = new Set();
    for (const output of outputs) output.flush();
  }
}

/** How many buffers wait at the most. */
const MOST_KEPT = 256;
/** A buffer that grew beyond this is not kept. */
const LARGEST_KEPT = USUAL_CAPACITY * 4;

/** What all outputs of one server share: buffers that wait to be used again, and the gate. */
export class EncoderPool {
  readonly gate = new OutputGate();
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
