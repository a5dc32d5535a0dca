/**
 * Subscriptions of one client: messages of channels as streams of values.
 *
 * ```ts
 * await using news = await client.subscribe("news", "weather");
 * for await (const { channel, message } of news) console.log(channel, message);
 * ```
 *
 * Several subscriptions to one name share it: the server is told when the first begins and when the last ends. What is
 * not taken at once waits in memory, without bound: replies come over the same connection, so that not reading would
 * stop them, too.
 *
 * @module
 */

import type { ConnectionError } from "./errors.ts";

/** Which channels are meant: those of these names, those that match patterns, or shard channels. */
export type SubscriptionKind = "channel" | "pattern" | "shard";

/** A message of a channel. */
export interface Message<V> {
  readonly channel: string;
  readonly message: V;
  /** The pattern that matched, in a subscription to patterns. */
  readonly pattern?: string;
}

/** The first word of a message, by the kind of its subscription. */
const WORDS: Readonly<Record<string, SubscriptionKind>> = {
  message: "channel",
  pmessage: "pattern",
  smessage: "shard",
};

/** What begins and ends subscriptions of a kind. */
const COMMANDS: Readonly<Record<SubscriptionKind, readonly [begin: string, end: string]>> = {
  channel: ["SUBSCRIBE", "UNSUBSCRIBE"],
  pattern: ["PSUBSCRIBE", "PUNSUBSCRIBE"],
  shard: ["SSUBSCRIBE", "SUNSUBSCRIBE"],
};

/** What subscriptions need of their connection. */
export interface Subscriber {
  /** Sends a command. @throws when it is refused or the connection ends */
  command(name: string, ...names: string[]): Promise<unknown>;
  /** Whether the connection has ended. */
  readonly closed: boolean;
}

/** Messages of some channels, from the subscription's beginning on. Made by {@link Subscriptions.begin}. */
export class Subscription<V> implements AsyncIterableIterator<Message<V>>, AsyncDisposable {
  readonly #end: (subscription: Subscription<V>) => Promise<void>;
  readonly #messages: Message<V>[] = [];
  #taken = 0;
  #waiting: PromiseWithResolvers<IteratorResult<Message<V>>>[] = [];
  #over = false;
  #failure: ConnectionError | undefined;

  constructor(end: (subscription: Subscription<V>) => Promise<void>) {
    this.#end = end;
  }

  /**
   * The next message.
   *
   * @throws {ConnectionError} when the connection has ended and all messages before are taken
   */
  next(): Promise<IteratorResult<Message<V>>> {
    if (this.#taken < this.#messages.length) {
      const value = this.#messages[this.#taken++];
      if (this.#taken === this.#messages.length) this.#messages.length = this.#taken = 0;
      return Promise.resolve({ done: false, value });
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#over) return Promise.resolve({ done: true, value: undefined });
    const waiting = Promise.withResolvers<IteratorResult<Message<V>>>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  /** Unsubscribes: the way out of a `for await` by `break`. */
  async return(): Promise<IteratorResult<Message<V>>> {
    await this.#end(this);
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end(this);
  }

  /** Adds a message. */
  deliver(message: Message<V>): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#messages.push(message);
    else waiting.resolve({ done: false, value: message });
  }

  /** Ends the stream: with an error if the connection did. */
  finish(failure?: ConnectionError): void {
    if (this.#over) return;
    this.#over = true;
    this.#failure = failure;
    for (const { resolve, reject } of this.#waiting.splice(0)) {
      if (failure !== undefined) reject(failure);
      else resolve({ done: true, value: undefined });
    }
  }
}

/** All subscriptions of one client. `V` is what messages are. */
export class Subscriptions<V> {
  readonly #subscriber: Subscriber;
  /** By kind and name. */
  readonly #byName: Record<SubscriptionKind, Map<string, Set<Subscription<V>>>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };

  constructor(subscriber: Subscriber) {
    this.#subscriber = subscriber;
  }

  /**
   * Begins a subscription to one or more names; fulfilled when the server has confirmed it.
   *
   * @throws {ReplyError} when the server refuses it
   * @throws {ConnectionError} when the connection ends before
   */
  async begin(kind: SubscriptionKind, names: readonly string[]): Promise<Subscription<V>> {
    if (names.length === 0) throw new TypeError("A subscription needs a name");
    const byName = this.#byName[kind];
    const [begin] = COMMANDS[kind];
    const subscription = new Subscription<V>((ended) => this.#finish(kind, names, ended));
    // Before the server is asked: the first message may come with the confirmation.
    for (const name of names) {
      const subscribed = byName.get(name);
      if (subscribed === undefined) byName.set(name, new Set([subscription]));
      else subscribed.add(subscription);
    }
    try {
      await this.#subscriber.command(begin, ...names);
      return subscription;
    } catch (error) {
      this.#forget(kind, names, subscription);
      subscription.finish();
      throw error;
    }
  }

  async #finish(
    kind: SubscriptionKind,
    names: readonly string[],
    subscription: Subscription<V>,
  ): Promise<void> {
    const free = this.#forget(kind, names, subscription);
    subscription.finish();
    if (free.length > 0 && !this.#subscriber.closed) {
      await this.#subscriber.command(COMMANDS[kind][1], ...free);
    }
  }

  /** Takes a subscription out; answers the names that nobody is subscribed to any more. */
  #forget(
    kind: SubscriptionKind,
    names: readonly string[],
    subscription: Subscription<V>,
  ): string[] {
    const byName = this.#byName[kind];
    return names.filter((name) => {
      const subscribed = byName.get(name);
      if (!subscribed?.delete(subscription) || subscribed.size > 0) return false;
      return byName.delete(name);
    });
  }

  /** Hands a message to those who are subscribed to it; `texts` are its items but the last one, the message itself. */
  deliver([word, ...names]: readonly string[], message: V): void {
    const kind = WORDS[word];
    if (kind === undefined) return;
    const channel = names[names.length - 1];
    const full = kind === "pattern"
      ? { channel, message, pattern: names[0] }
      : { channel, message };
    for (const each of this.#byName[kind].get(names[0]) ?? []) each.deliver(full);
  }

  /** The connection has ended. */
  fail(reason: ConnectionError): void {
    for (const byName of Object.values(this.#byName)) {
      for (const subscribed of byName.values()) for (const each of subscribed) each.finish(reason);
      byName.clear();
    }
  }
}
