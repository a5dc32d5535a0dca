/**
 * CoolClient: the TypeScript client.
 *
 * One object is one connection. There is no queue to tune and no pipeline to build: commands issued in the same tick
 * leave in one write, and each promise holds its own reply.
 *
 * ```ts
 * await using client = await CoolClient.connect({ port: 6379 });
 * await client.command("SET", "greeting", "hello");
 * const [greeting, length] = await Promise.all([
 *   client.command("GET", "greeting"),
 *   client.command("STRLEN", "greeting"),
 * ]);
 * ```
 *
 * It does not reconnect: what was under way when a connection broke may or may not have happened, and only the
 * caller knows which commands may be repeated.
 *
 * @module
 */

import { ReplyError } from "../server/resp/errors.ts";
import type { Address, Argument } from "./connection.ts";
import { Connection } from "./connection.ts";
import type { Reply } from "./replies.ts";
import { byteReplies, textReplies } from "./replies.ts";
import { type Subscription, type SubscriptionKind, Subscriptions } from "./subscription.ts";

const DEFAULT_HOST = "127.0.0.1";
const DEFAULT_PORT = 6379;

/** Where and as whom to connect. */
export interface ConnectOptions {
  /** `127.0.0.1` unless given. */
  host?: string;
  /** 6379 unless given. */
  port?: number;
  /** A Unix socket, instead of host and port. */
  path?: string;
  /** The `default` user unless given; needs a password. */
  username?: string;
  password?: string;
  /** The database to select; 0 unless given. */
  database?: number;
  /** A name for CLIENT LIST. */
  name?: string;
  /** RESP3 unless given. */
  protocol?: 2 | 3;
  /** Whether bulk strings become strings (decoded as UTF-8) or stay bytes; text unless given. */
  strings?: "text" | "bytes";
  /** Receives messages of channels, invalidations and whatever else the server says unasked. */
  onPush?: (message: Reply) => void;
}

/** A client of a coolcache server, or of any other that speaks RESP. */
export class CoolClient implements AsyncDisposable {
  readonly #connection: Connection<Reply>;
  readonly #subscriptions: Subscriptions<Reply>;
  #onPush: ((message: Reply) => void) | undefined;

  private constructor(connection: Connection<Reply>) {
    this.#connection = connection;
    this.#subscriptions = new Subscriptions(this);
    connection.onPush = (message) => {
      if (Array.isArray(message) && message.length >= 3) {
        this.#subscriptions.deliver(message.slice(0, -1).map(textOf), message[message.length - 1]);
      }
      this.#onPush?.(message);
    };
    connection.ended.then((reason) => this.#subscriptions.fail(reason));
  }

  /**
   * Connects, logs in and selects the database, in one round trip.
   *
   * @throws {ConnectionError} when the server cannot be reached
   * @throws {ReplyError} when it refuses the login, the protocol or the database
   */
  static async connect(options: ConnectOptions = {}): Promise<CoolClient> {
    const builder = options.strings === "bytes" ? byteReplies() : textReplies();
    const connection = await Connection.open(addressOf(options), builder);
    const client = new CoolClient(connection);
    client.onPush = options.onPush;
    try {
      const replies = await client.pipeline(greeting(options));
      for (const reply of replies) if (reply instanceof ReplyError) throw reply;
      return client;
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  /** Receives what the server says unasked; see {@link ConnectOptions.onPush}. It must not throw. */
  get onPush(): ((message: Reply) => void) | undefined {
    return this.#onPush;
  }
  set onPush(handler: ((message: Reply) => void) | undefined) {
    this.#onPush = handler;
  }

  /** Whether the connection has ended. */
  get closed(): boolean {
    return this.#connection.closed;
  }

  /**
   * Sends one command.
   *
   * @throws {ReplyError} when the server refuses it; errors within an aggregate (EXEC) are values there
   * @throws {ConnectionError} when the connection ends before the reply has come
   */
  async command(name: string, ...args: Argument[]): Promise<Reply> {
    const reply = await this.#connection.send([name, ...args]);
    if (reply instanceof ReplyError) throw reply;
    return reply;
  }

  /**
   * Sends several commands in one write; their replies in order, with refusals as {@link ReplyError} values in
   * their places.
   *
   * @throws {ConnectionError} when the connection ends before all replies have come
   */
  async pipeline(commands: readonly (readonly Argument[])[]): Promise<Reply[]> {
    return await Promise.all(commands.map((command) => this.#connection.send(command)));
  }

  /**
   * Listens to channels: the messages from now on, as they come, until the subscription is disposed of or its loop is
   * left. In RESP2 the connection may then say little else.
   *
   * ```ts
   * await using news = await client.subscribe("news");
   * for await (const { message } of news) console.log(message);
   * ```
   *
   * @throws {ReplyError} when the server refuses it
   * @throws {ConnectionError} when the connection ends before it is confirmed; taking messages throws it afterwards
   */
  subscribe(...channels: string[]): Promise<Subscription<Reply>> {
    return this.#subscribe("channel", channels);
  }

  /** {@link subscribe} for all channels that match patterns. */
  psubscribe(...patterns: string[]): Promise<Subscription<Reply>> {
    return this.#subscribe("pattern", patterns);
  }

  /** {@link subscribe} for shard channels. */
  ssubscribe(...channels: string[]): Promise<Subscription<Reply>> {
    return this.#subscribe("shard", channels);
  }

  #subscribe(kind: SubscriptionKind, names: readonly string[]): Promise<Subscription<Reply>> {
    return this.#subscriptions.begin(kind, names);
  }

  /** Ends the connection at once; commands under way are rejected with a ConnectionError. */
  async close(): Promise<void> {
    await this.#connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

const utf8 = new TextDecoder();

/** A word or a name in a message about channels. */
function textOf(item: Reply): string {
  return item instanceof Uint8Array ? utf8.decode(item) : String(item);
}

function addressOf(options: ConnectOptions): Address {
  if (options.path !== undefined) return { path: options.path };
  return { host: options.host ?? DEFAULT_HOST, port: options.port ?? DEFAULT_PORT };
}

/** The commands that make a fresh connection what the options ask for. */
function greeting(options: ConnectOptions): Argument[][] {
  const { username, password, database, name } = options;
  const commands: Argument[][] = [];
  if ((options.protocol ?? 3) === 3) {
    const hello: Argument[] = ["HELLO", 3];
    if (password !== undefined) hello.push("AUTH", username ?? "default", password);
    if (name !== undefined) hello.push("SETNAME", name);
    commands.push(hello);
  } else {
    if (password !== undefined) {
      commands.push(username === undefined ? ["AUTH", password] : ["AUTH", username, password]);
    }
    if (name !== undefined) commands.push(["CLIENT", "SETNAME", name]);
  }
  if (database !== undefined && database !== 0) commands.push(["SELECT", database]);
  return commands;
}
