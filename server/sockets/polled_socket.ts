/**
 * A connection whose socket this process reads and writes itself, when its {@link SocketPoller} says that it can.
 *
 * Events tell of changes (epoll's edges). So a socket counts as readable from an event on until a read takes less than
 * it asked for, and it is read once a turn of the poller at the most, so that all have their turns.
 *
 * @module
 */

import { Event } from "./epoll.ts";
import type { Bytes, Libc } from "./libc.ts";

/** MSG_DONTWAIT and MSG_NOSIGNAL. */
const SEND_FLAGS = 0x40 | 0x4000;
const RECEIVE_FLAGS = 0x40;
/** The most that is given to the system at once, in bytes. */
const MOST_SENT = 1 << 30;

/** What a socket wants of its poller. */
export interface Turns {
  /** Calls {@link PolledSocket.receive} in the next turn. */
  receiveNext(socket: PolledSocket): void;
  /** Gives it up. */
  drop(socket: PolledSocket): void;
}

interface Sending {
  readonly bytes: Bytes;
  readonly done: PromiseWithResolvers<number>;
}

/** One such connection. */
export class PolledSocket {
  readonly takesTurns = true;
  readonly fd: number;
  /** Where its poller finds it. */
  readonly key: number;
  readonly #libc: Libc;
  readonly #turns: Turns;
  readonly #connection: Deno.Conn;
  /** Whether there may be something to read. */
  #readable = false;
  /** Whether the end is near, so that reading goes on until it is reached. */
  #ended = false;
  #failed = false;
  #closed = false;
  /** The read that waits. */
  #into: Bytes | undefined;
  #resolve!: (count: number | null) => void;
  #reject!: (error: unknown) => void;
  readonly #wait = (resolve: (count: number | null) => void, reject: (error: unknown) => void) => {
    this.#resolve = resolve;
    this.#reject = reject;
  };
  /** The write that waits. */
  #sending: Sending | undefined;

  constructor(libc: Libc, turns: Turns, connection: Deno.Conn, fd: number, key: number) {
    this.#libc = libc;
    this.#turns = turns;
    this.#connection = connection;
    this.fd = fd;
    this.key = key;
  }

  /** Reads into `into`; null at the end. One read at a time. */
  read(into: Uint8Array): Promise<number | null> {
    if (this.#closed) return Promise.resolve(null);
    this.#into = into as Bytes;
    if (this.#readable) this.#turns.receiveNext(this);
    return new Promise<number | null>(this.#wait);
  }

  /** Takes note of what happened to the socket. */
  happened(flags: number): void {
    if ((flags & (Event.error | Event.hungUp)) !== 0) this.#ended = this.#failed = true;
    if ((flags & Event.peerEnded) !== 0) this.#ended = true;
    if ((flags & ~Event.writable) !== 0) {
      this.#readable = true;
      if (this.#into !== undefined) this.receive();
    }
    if (this.#sending !== undefined) this.#sendOn(this.#sending);
  }

  /** Reads what is there, for the read that waits. */
  receive(): void {
    const into = this.#into;
    if (into === undefined) return;
    const count = this.#libc.recv(this.fd, into, into.length, RECEIVE_FLAGS);
    if (count < into.length && !this.#ended) this.#readable = false;
    if (count < 0 && !this.#failed) return;
    this.#into = undefined;
    if (count > 0) this.#resolve(count);
    else if (count === 0) this.#resolve(null);
    else this.#reject(new Deno.errors.ConnectionReset("the connection has failed"));
  }

  /**
   * Writes the beginning of `all`, and answers how many it were: at once, or when the socket takes some. One write at
   * a time.
   */
  write(all: Uint8Array): number | Promise<number> {
    if (all.length > MOST_SENT) all = all.subarray(0, MOST_SENT);
    const bytes = all as Bytes;
    const count = this.#closed ? -1 : this.#libc.send(this.fd, bytes, bytes.length, SEND_FLAGS);
    if (count > 0) return count;
    const done = Promise.withResolvers<number>();
    if (this.#closed || this.#failed) {
      done.reject(new Deno.errors.BrokenPipe("the connection has failed"));
    } else this.#sending = { bytes, done };
    return done.promise;
  }

  #sendOn({ bytes, done }: Sending): void {
    const count = this.#libc.send(this.fd, bytes, bytes.length, SEND_FLAGS);
    if (count > 0) {
      this.#sending = undefined;
      done.resolve(count);
    } else if (this.#failed) this.#failSending();
  }

  #failSending(): void {
    const sending = this.#sending;
    this.#sending = undefined;
    sending?.done.reject(new Deno.errors.BrokenPipe("the connection has failed"));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#turns.drop(this);
    this.#connection.close();
    if (this.#into !== undefined) {
      this.#into = undefined;
      this.#resolve(null);
    }
    this.#failSending();
  }
}
