/**
 * One connection to a server: requests out, replies in, in order.
 *
 * Commands issued in the same tick leave in one write; while a write is under way the next ones gather. Replies are
 * matched to requests by their order alone. What the server says unasked goes to {@link Connection.onPush}: RESP3
 * push messages, RESP2 messages of channels, MONITOR's lines.
 *
 * SUBSCRIBE and its relatives are confirmed by pushes, one for each channel, in either protocol; their promise waits
 * for the last one.
 *
 * Knows neither what replies are made into (that is the builder's matter) nor any login: see ./client.ts.
 *
 * @module
 */

import { ReplyDecoder } from "../server/resp/reply_decoder.ts";
import type { ReplyBuilder } from "../server/resp/reply_decoder.ts";
import { ReplyEncoder, USUAL_CAPACITY } from "../server/resp/reply_encoder.ts";
import { ConnectionError, reasonOf } from "./errors.ts";

/** What a command may be made of; numbers are sent as their decimal text, text as UTF-8. */
export type Argument = string | number | bigint | Uint8Array;

/** Where a server listens: a host and port, or a Unix socket. */
export type Address = { host: string; port: number } | { path: string };

/** How the connection looks into values that a builder made. */
export interface ReadableReplies<R> {
  /** The elements of an array or push. */
  items(value: R): readonly R[] | undefined;
  /** The text of a string, the value of an integer. */
  scalar(value: R): string | number | undefined;
}

/** An encoder that held a large request is replaced instead of kept. */
const LARGEST_KEPT_ENCODER = 1024 * 1024;

const SUBSCRIBING = /^[ps]?(un)?subscribe$/i;
const SHARD_CONFIRMATION = /^s(un)?subscribe$/;
const CHANNEL_PUSH = /^[ps]?(message|(un)?subscribe)$/;

/** A request that awaits its reply. */
interface Pending<R> {
  readonly resolve: (reply: R) => void;
  readonly reject: (error: Error) => void;
  /** For SUBSCRIBE and relatives: the word that confirms them, and how many times it has yet to come. */
  readonly confirmation: string | undefined;
  missing: number;
}

/** A connection whose replies are values of type R. */
export class Connection<R> implements AsyncDisposable {
  /** Receives what comes unasked. It must not throw. */
  onPush: ((value: R) => void) | undefined;
  /** Fulfilled when the connection has ended, whoever ended it, with the reason. */
  readonly ended: Promise<ConnectionError>;

  readonly #conn: Deno.Conn;
  readonly #builder: ReplyBuilder<R> & ReadableReplies<R>;
  readonly #decoder: ReplyDecoder<R>;
  #out = new ReplyEncoder();
  #spare = new ReplyEncoder();
  #flushing = false;
  #pending: Pending<R>[] = [];
  #answered = 0;
  /** How many channels and patterns are subscribed to, and how many shard channels, as the server has confirmed. */
  #subscribed = 0;
  #subscribedToShards = 0;
  #end: ConnectionError | undefined;

  private constructor(conn: Deno.Conn, builder: ReplyBuilder<R> & ReadableReplies<R>) {
    this.#conn = conn;
    this.#builder = builder;
    this.#decoder = new ReplyDecoder(builder);
    this.ended = this.#read();
  }

  /**
   * Connects.
   *
   * @throws {ConnectionError} when nobody answers there
   */
  static async open<R>(
    address: Address,
    builder: ReplyBuilder<R> & ReadableReplies<R>,
  ): Promise<Connection<R>> {
    return new Connection(await dial(address), builder);
  }

  /** Whether the connection has ended. */
  get closed(): boolean {
    return this.#end !== undefined;
  }

  /** Sends a command; the promise holds its reply, an error reply included. */
  send(command: readonly Argument[]): Promise<R> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    const out = this.#out;
    out.array(command.length);
    for (const argument of command) {
      const plain = typeof argument === "string" || argument instanceof Uint8Array;
      out.bulk(plain ? argument : String(argument));
    }
    const confirmation = confirmationOf(command[0]);
    const missing = Math.max(1, command.length - 1);
    const reply = new Promise<R>((resolve, reject) => {
      this.#pending.push({ resolve, reject, confirmation, missing });
    });
    this.#flushSoon();
    return reply;
  }

  /** Sends bytes as they are; what is answered goes to {@link onPush}. Fulfilled when they are written. */
  async sendRaw(bytes: Uint8Array): Promise<void> {
    if (this.#end !== undefined) throw this.#end;
    try {
      await writeAll(this.#conn, bytes);
    } catch (error) {
      throw this.#fail(new ConnectionError(reasonOf(error)));
    }
  }

  /** Ends the connection at once. Commands under way are rejected. */
  async close(): Promise<void> {
    this.#fail(new ConnectionError("The connection was closed"));
    await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => this.#flush());
  }

  async #flush(): Promise<void> {
    try {
      while (this.#out.length > 0 && this.#end === undefined) {
        const full = this.#out;
        this.#out = this.#spare;
        await writeAll(this.#conn, full.bytes());
        full.truncate(0);
        this.#spare = full.capacity > LARGEST_KEPT_ENCODER
          ? new ReplyEncoder(2, USUAL_CAPACITY)
          : full;
      }
    } catch (error) {
      this.#fail(new ConnectionError(reasonOf(error)));
    } finally {
      this.#flushing = false;
    }
  }

  async #read(): Promise<ConnectionError> {
    const decoder = this.#decoder;
    try {
      for (;;) {
        const count = await this.#conn.read(decoder.room());
        if (count === null) return this.#fail(new ConnectionError("Server closed the connection"));
        decoder.filled(count);
        for (;;) {
          const reply = decoder.next();
          if (reply === undefined) break;
          this.#deliver(reply, decoder.pushed);
        }
      }
    } catch (error) {
      return this.#fail(new ConnectionError(reasonOf(error)));
    }
  }

  #deliver(reply: R, pushed: boolean): void {
    const head = this.#pending[this.#answered] as Pending<R> | undefined;
    // In RESP2 a channel's message is an array like any other; only the subscription tells.
    const listens = this.#subscribed + this.#subscribedToShards > 0;
    if (pushed || listens || head?.confirmation !== undefined) {
      const word = this.#channelPush(reply);
      if (word !== undefined || pushed) {
        this.onPush?.(reply);
        if (head !== undefined && word !== undefined && word === head.confirmation) {
          if (--head.missing === 0) this.#answer(head, reply);
        }
        return;
      }
    }
    if (head === undefined) this.onPush?.(reply);
    else this.#answer(head, reply);
  }

  /** The first word of a message about channels; undefined for every other reply. */
  #channelPush(reply: R): string | undefined {
    const items = this.#builder.items(reply);
    if (items === undefined || items.length < 3) return undefined;
    const word = this.#builder.scalar(items[0]);
    if (typeof word !== "string" || !CHANNEL_PUSH.test(word)) return undefined;
    if (SUBSCRIBING.test(word)) {
      const count = Number(this.#builder.scalar(items[2]));
      if (SHARD_CONFIRMATION.test(word)) this.#subscribedToShards = count;
      else this.#subscribed = count;
    }
    return word;
  }

  #answer(request: Pending<R>, reply: R): void {
    this.#answered++;
    if (this.#answered === this.#pending.length) {
      this.#pending = [];
      this.#answered = 0;
    } else if (this.#answered > 1024 && this.#answered * 2 > this.#pending.length) {
      this.#pending = this.#pending.slice(this.#answered);
      this.#answered = 0;
    }
    request.resolve(reply);
  }

  /** Ends the connection for the first reason given; answers that one. */
  #fail(reason: ConnectionError): ConnectionError {
    if (this.#end !== undefined) return this.#end;
    this.#end = reason;
    const waiting = this.#pending.slice(this.#answered);
    this.#pending = [];
    this.#answered = 0;
    for (const request of waiting) request.reject(reason);
    this.#conn.close();
    return reason;
  }
}

async function dial(address: Address): Promise<Deno.Conn> {
  try {
    if ("path" in address) return await Deno.connect({ transport: "unix", path: address.path });
    const conn = await Deno.connect({ hostname: address.host, port: address.port });
    conn.setNoDelay(true);
    conn.setKeepAlive(true);
    return conn;
  } catch (error) {
    throw new ConnectionError(reasonOf(error));
  }
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await conn.write(at === 0 ? bytes : bytes.subarray(at));
  }
}

function confirmationOf(name: Argument): string | undefined {
  return typeof name === "string" && SUBSCRIBING.test(name) ? name.toLowerCase() : undefined;
}
