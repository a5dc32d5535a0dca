/**
 * The connections of the cluster bus: packets over TCP.
 *
 * @module
 */

import { concat } from "@std/bytes/concat";
import { packetLength } from "./messages.ts";
import type { BusLink, ClusterNode } from "./node.ts";

const READ_BYTES = 64 * 1024;
/** What a packet may have at most: a message of the largest size, and its channel. */
const MOST_BYTES = 1024 * 1024 * 1024;

/** Who is told what happens on the links. */
export interface LinkEvents {
  now(): number;
  opened(link: BusLink): void;
  /** Some whole packets have come; they are views that hold until the call returns. */
  received(link: BusLink, packets: readonly Uint8Array[]): void;
  closed(link: BusLink): void;
  log(level: "debug" | "warning", message: string): void;
}

/** One connection. */
export class TcpLink implements BusLink {
  readonly isInbound: boolean;
  readonly createdAt: number;
  node: ClusterNode | undefined;
  queuedBytes = 0;
  localAddress = "";
  remoteAddress = "";
  readonly #events: LinkEvents;
  readonly #abort = new AbortController();
  #connection: Deno.TcpConn | undefined;
  #queue: Uint8Array[] = [];
  #isSending = false;
  #isClosed = false;

  private constructor(events: LinkEvents, node: ClusterNode | undefined) {
    this.#events = events;
    this.isInbound = node === undefined;
    this.node = node;
    this.createdAt = events.now();
  }

  /** Begins to dial a node; the promise ends, and never rejects, when the link is closed. */
  static dial(events: LinkEvents, node: ClusterNode): { link: TcpLink; ended: Promise<void> } {
    const link = new TcpLink(events, node);
    const { ip, busPort } = node;
    return { link, ended: link.#dial(ip, busPort) };
  }

  /** Serves a connection that somebody has dialled. */
  static accept(
    events: LinkEvents,
    connection: Deno.TcpConn,
  ): { link: TcpLink; ended: Promise<void> } {
    const link = new TcpLink(events, undefined);
    return { link, ended: link.#serve(connection) };
  }

  async #dial(hostname: string, port: number): Promise<void> {
    let connection: Deno.TcpConn;
    try {
      connection = await Deno.connect({ hostname, port, signal: this.#abort.signal });
    } catch (error) {
      this.#events.log(
        "debug",
        `Unable to connect to Cluster Node [${hostname}]:${port}: ${error}`,
      );
      this.close();
      return;
    }
    await this.#serve(connection);
  }

  async #serve(connection: Deno.TcpConn): Promise<void> {
    if (this.#isClosed) return connection.close();
    this.#connection = connection;
    this.localAddress = plainAddress(connection.localAddr.hostname);
    this.remoteAddress = plainAddress(connection.remoteAddr.hostname);
    try {
      connection.setNoDelay(true);
      connection.setKeepAlive(true);
      if (!this.isInbound) this.#events.opened(this);
      this.#send();
      await this.#read(connection);
    } catch (error) {
      if (!this.#isClosed) this.#events.log("debug", `A link of the cluster bus broke: ${error}`);
    }
    this.close();
  }

  async #read(connection: Deno.TcpConn): Promise<void> {
    let buffer = new Uint8Array(READ_BYTES);
    let filled = 0;
    for (;;) {
      const count = await connection.read(buffer.subarray(filled));
      if (count === null || this.#isClosed) return;
      filled += count;
      const packets: Uint8Array[] = [];
      let at = 0;
      let wanted: number | undefined;
      for (;;) {
        wanted = packetLength(buffer.subarray(at, filled));
        if (wanted === undefined || at + wanted > filled) break;
        packets.push(buffer.subarray(at, at + wanted));
        at += wanted;
      }
      if (packets.length > 0) this.#events.received(this, packets);
      if (wanted !== undefined && wanted > MOST_BYTES) throw new Error("a packet is too long");
      const rest = buffer.subarray(at, filled);
      // A read must have room, and a packet must fit as a whole; after a long one the buffer is small again.
      const room = Math.max(READ_BYTES, wanted ?? 0);
      if (room !== buffer.length) buffer = concat([rest, new Uint8Array(room - rest.length)]);
      else buffer.copyWithin(0, at, filled);
      filled = rest.length;
    }
  }

  send(packet: Uint8Array): void {
    if (this.#isClosed) return;
    this.queuedBytes += packet.length;
    this.#queue.push(packet);
    if (!this.#isSending) this.#send();
  }

  async #send(): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#isSending = true;
    try {
      while (this.#queue.length > 0) {
        const queue = this.#queue;
        this.#queue = [];
        const bytes = queue.length === 1 ? queue[0] : concat(queue);
        for (let sent = 0; sent < bytes.length;) {
          sent += await connection.write(bytes.subarray(sent));
        }
        this.queuedBytes -= bytes.length;
      }
    } catch (error) {
      if (!this.#isClosed) this.#events.log("debug", `A link of the cluster bus broke: ${error}`);
      this.close();
    }
    this.#isSending = false;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue = [];
    this.#abort.abort();
    this.#connection?.close();
    this.#events.closed(this);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }
}

/** An IPv4 address without the prefix that a socket for both families shows. */
function plainAddress(hostname: string): string {
  return hostname.startsWith("::ffff:") ? hostname.slice("::ffff:".length) : hostname;
}
