/**
 * A connection whose socket this process reads and writes itself, when its {@link SocketPoller} says that it can.
 *
 * Events tell of changes (epoll's edges). So a socket counts as readable from an event on until a read takes less than
 * it asked for, and it is read once a turn of the poller at the most, so that all have their turns. What was read flows
 * to its receiver with what the other sockets' reads of the turn have brought ({@link SocketPoller.arrivals}).
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

/** Who is given what comes from a socket. */
export interface Receiver {
  /** Where the next read may write. */
  room(): Uint8Array;
  /** Takes `count` bytes that were read; the promise, if any, asks to wait before more is read. */
  receive(count: number): void | Promise<void>;
}

/** What a socket wants of its poller. */
export interface Turns {
  /** Has {@link PolledSocket.take} called at the end of this turn. */
  arrived(socket: PolledSocket): void;
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
  #receiver: Receiver | undefined;
  /** Whether its receiver has taken all that was read, and wants more. */
  #isWanted = false;
  /** The bytes of the last read. */
  #count = 0;
  readonly #delivered = Promise.withResolvers<void>();
  readonly #goOn = () => this.#readOn();
  readonly #fail = (error: unknown) => this.#delivered.reject(error);
  /** The write that waits. */
  #sending: Sending | undefined;

  constructor(libc: Libc, turns: Turns, connection: Deno.Conn, fd: number, key: number) {
    this.#libc = libc;
    this.#turns = turns;
    this.#connection = connection;
    this.fd = fd;
    this.key = key;
  }

  /** Gives what comes to `receiver`, until either side ends; once. Rejects when the connection or the receiver fails. */
  deliver(receiver: Receiver): Promise<void> {
    this.#receiver = receiver;
    if (!this.#closed) this.#readOn();
    return this.#delivered.promise;
  }

  #readOn(): void {
    if (this.#closed) return;
    this.#isWanted = true;
    if (this.#readable) this.#turns.receiveNext(this);
  }

  /** Takes note of what happened to the socket. */
  happened(flags: number): void {
    if ((flags & (Event.error | Event.hungUp)) !== 0) this.#ended = this.#failed = true;
    if ((flags & Event.peerEnded) !== 0) this.#ended = true;
    if ((flags & ~Event.writable) !== 0) {
      this.#readable = true;
      this.receive();
    }
    if (this.#sending !== undefined) this.#sendOn(this.#sending);
  }

  /** Reads what is there, if it is wanted. */
  receive(): void {
    if (!this.#isWanted) return;
    const into = this.#receiver!.room() as Bytes;
    const count = this.#libc.recv(this.fd, into, into.length, RECEIVE_FLAGS);
    if (count < into.length && !this.#ended) this.#readable = false;
    if (count < 0 && !this.#failed) return;
    this.#isWanted = false;
    if (count > 0) {
      this.#count = count;
      this.#turns.arrived(this);
    } else if (count === 0) this.#delivered.resolve();
    else this.#fail(new Deno.errors.ConnectionReset("the connection has failed"));
  }

  /** Hands over what was read. */
  take(): void {
    if (this.#closed) return;
    try {
      const patience = this.#receiver!.receive(this.#count);
      if (patience === undefined) this.#readOn();
      else patience.then(this.#goOn, this.#fail);
    } catch (error) {
      this.#fail(error);
    }
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
    this.#isWanted = false;
    this.#delivered.resolve();
    this.#failSending();
  }
}
