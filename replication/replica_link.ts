/**
 * A replica as its primary sees it: how far it is, and how the stream gets to it.
 *
 * @module
 */

import type { Announcement, ClientApi } from "../commands/context.ts";
import type { StreamReader } from "./stream.ts";

/** What a replica's connection must offer. */
export interface ReplicaLink extends ClientApi {
  /** Set once it has asked for synchronization. */
  replica: Replica | undefined;
  readonly remoteAddress: string;
  readonly isClosed: boolean;
  /** Sends bytes after the reply of its command at hand, or soon. */
  push(bytes: Uint8Array): void;
  readonly output: {
    /** Bytes not yet taken by the socket. */
    readonly pending: number;
    /** Adds bytes that will not change any more. */
    share(buf: Uint8Array, from: number, to: number): boolean;
    flush(): void;
    /** Ends when the socket has taken all, or is closed. */
    drained(): Promise<void>;
  };
  /** Closes it if too much waits. */
  checkOutputLimit(): void;
  close(): void;
}

/** One replica. */
export class Replica {
  readonly link: ReplicaLink;
  readonly said: Announcement;
  /** Whether it came with SYNC, as versions before 2.8 and tools do: it acknowledges nothing. */
  readonly isOld: boolean;
  /**
   * It waits for a snapshot (and others may come that share it); one is being written for it, whose length it wants to
   * know before; it is being sent one; it follows the stream.
   */
  state: "waiting" | "gathering" | "sending" | "online" = "waiting";
  /** Until when a snapshot may wait for others that want one, Unix time in ms. */
  waitsUntil = 0;
  /** Its place in the stream, from the snapshot's moment on. */
  reader: StreamReader | undefined;
  /** Whether it may be sent nothing more before it has acknowledged something. */
  waitsForAck = false;
  /** How many bytes of the stream it says to have carried out, and to have on its disk. */
  ackOffset = 0;
  diskOffset = 0;
  /** When it last gave a sign of life, Unix time in ms. */
  ackAt = 0;
  /** How many bytes of snapshots and of the stream it has been sent. */
  sentBytes = 0;
  #isSending = false;

  constructor(link: ReplicaLink, said: Announcement, isOld: boolean) {
    this.link = link;
    this.said = said;
    this.isOld = isOld;
  }

  get address(): string {
    return this.said.address ?? this.link.remoteAddress;
  }

  get port(): number {
    return this.said.port;
  }

  /** How logs call it. */
  get name(): string {
    return this.port === 0
      ? `${this.address}:<unknown-replica-port>`
      : `${this.address}:${this.port}`;
  }

  /** How many bytes of the stream it has been sent, or begins after; undefined while that is not decided. */
  get offset(): number | undefined {
    return this.reader?.offset;
  }

  /** Notes that it lives: while it loads a snapshot it sends empty lines, and nothing else. */
  heard(now: number): void {
    this.ackAt = now;
  }

  /** Whether it waits for the first bytes of a snapshot. */
  get isExpectant(): boolean {
    return this.state === "waiting" || this.state === "gathering";
  }

  /** How long ago it gave a sign of life, whole seconds. */
  lagSeconds(now: number): number {
    return Math.floor(now / 1000) - Math.floor(this.ackAt / 1000);
  }

  /** Whether it has taken nothing, or acknowledged nothing, for longer than it may. */
  isSilent(now: number, patience: number): boolean {
    // Others are the ones who are waited for.
    if (this.isExpectant || (this.state === "online" && this.isOld)) return false;
    return now - this.ackAt > patience;
  }

  /** Sends a part of a snapshot: bytes that will not change. Never while one of its own commands runs. */
  write(bytes: Uint8Array): void {
    if (this.link.isClosed) return;
    this.sentBytes += bytes.length;
    this.link.output.share(bytes, 0, bytes.length);
    this.link.output.flush();
  }

  /** Bytes of the stream that wait for it, and what its socket has not taken of those that do not. */
  unsent(streamOffset: number): number {
    const waiting = this.reader === undefined ? 0 : streamOffset - this.reader.offset;
    return waiting + (this.state === "online" ? this.link.output.pending : 0);
  }

  /** Sends what there is of the stream, as fast as the socket takes it. Never while one of its own commands runs. */
  send(): void {
    if (this.#isSending || this.state !== "online" || this.waitsForAck) return;
    this.#isSending = true;
    this.#sendOn();
  }

  async #sendOn(): Promise<void> {
    const { link } = this;
    for (;;) {
      const range = link.isClosed ? undefined : this.reader?.next();
      if (range === undefined) break;
      this.sentBytes += range.to - range.from;
      link.output.share(range.bytes, range.from, range.to);
      link.output.flush();
      await link.output.drained();
    }
    this.#isSending = false;
  }
}
