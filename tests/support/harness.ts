/**
 * A server without sockets, for tests of commands: requests go straight to the dispatcher, time and chance are the
 * test's own.
 *
 * ```ts
 * await using t = await startTestServer();
 * assertEquals(await t.run("SET", "k", "v"), "OK");
 * t.advance(1000);
 * ```
 *
 * @module
 */

import type { EventClass } from "../../commands/context.ts";
import type { ConfigOptions } from "../../server/config/config.ts";
import { CoolCache, type CoolCacheOptions } from "../../server/coolcache.ts";
import { Args, decodeLatin1 } from "../../server/resp/args.ts";
import { ReplyError } from "../../server/resp/errors.ts";
import { type ReplyBuilder, ReplyDecoder } from "../../server/resp/reply_decoder.ts";
import { ReplyEncoder } from "../../server/resp/reply_encoder.ts";
import type { Server } from "../../server/server.ts";
import type { Session } from "../../server/session.ts";

/** A reply as a test compares it: bytes as text of one-byte characters, errors as values, maps as pairs. */
export type Value =
  | string
  | number
  | bigint
  | boolean
  | null
  | ReplyError
  | Value[]
  | Map<Value, Value>
  | Set<Value>;

/** Where test time begins: a round Unix time in ms. */
export const TEST_TIME = 1_700_000_000_000;

const valueBuilder: ReplyBuilder<Value> = {
  simple: (text) => decodeLatin1(text),
  error: (text) => new ReplyError(decodeLatin1(text)),
  int: (value) => value,
  bulk: (bytes) => decodeLatin1(bytes),
  null: () => null,
  bool: (value) => value,
  double: (text) => Number(text.replace("inf", "Infinity")),
  bigNumber: (digits) => BigInt(digits),
  verbatim: (_format, bytes) => decodeLatin1(bytes),
  array: (items) => items,
  map: (pairs) => {
    const map = new Map<Value, Value>();
    for (let i = 0; i < pairs.length; i += 2) map.set(pairs[i], pairs[i + 1]);
    return map;
  },
  set: (items) => new Set(items),
  push: (items) => items,
  attributed: (value) => value,
};

/** A keyspace event that a test saw. */
export interface SeenEvent {
  kind: EventClass;
  event: string;
  key: string;
  db: number;
}

/** A client of a test server. */
export class TestClient {
  readonly session: Session;
  readonly #server: Server;

  constructor(server: Server, session: Session) {
    this.#server = server;
    this.session = session;
  }

  /** Carries out one command and answers its reply; errors are values. */
  async run(...parts: (string | number | Uint8Array)[]): Promise<Value> {
    const bytes = await this.bytes(...parts);
    const decoder = new ReplyDecoder(valueBuilder);
    decoder.feed(bytes);
    const value = decoder.next();
    if (value === undefined) throw new Error(`No reply to ${parts.join(" ")}`);
    return value;
  }

  /** Carries out one command and answers the bytes of its reply. */
  async bytes(...parts: (string | number | Uint8Array)[]): Promise<Uint8Array> {
    const args = Args.of(...parts.map((part) => typeof part === "number" ? String(part) : part));
    const context = this.session.context;
    const encoder = new ReplyEncoder(this.session.protocol);
    context.reply = encoder;
    this.#server.beginBatch(this.session);
    const before = this.#server.stats.commands;
    const later = this.#server.dispatcher.dispatch(context, args);
    this.#server.endBatch(this.session, this.#server.stats.commands - before);
    await later;
    // HELLO and RESET choose the protocol anew, and with it the session's own encoder.
    const reply = context.reply as ReplyEncoder;
    const bytes = reply.bytes().slice();
    if (reply !== encoder) reply.truncate(0);
    return bytes;
  }

  /** {@link run} for a line of words without quotes. */
  line(text: string): Promise<Value> {
    return this.run(...text.split(" "));
  }
}

/** A server in this process whose clock stands still until it is moved. */
export class TestServer extends TestClient implements AsyncDisposable {
  readonly instance: CoolCache;
  readonly #clock: { now: number };
  readonly #events: SeenEvent[] = [];
  readonly #effects: string[] = [];

  constructor(instance: CoolCache, clock: { now: number }) {
    super(instance.server, connectTo(instance.server));
    this.instance = instance;
    this.#clock = clock;
    instance.server.keyEvents.onEvent((kind, event, key, db) => {
      this.#events.push({ kind, event, key: decodeLatin1(key), db: db.id });
    });
    instance.server.effects.listen((database, args) => {
      const words = Array.from({ length: args.count }, (_, i) => args.binary(i));
      this.#effects.push(`${database}: ${words.join(" ")}`);
    });
  }

  get server(): Server {
    return this.instance.server;
  }

  /** Another client of the same server. */
  connect(): TestClient {
    return new TestClient(this.server, connectTo(this.server));
  }

  /** Unix time in ms. */
  get now(): number {
    return this.#clock.now;
  }

  /** Moves time on. */
  advance(ms: number): void {
    this.#clock.now += ms;
    this.server.keyspace.setTime(this.#clock.now);
  }

  /** The keyspace events since the last call, as `class event key`. */
  events(): string[] {
    return this.#events.splice(0).map(({ kind, event, key }) => `${kind} ${event} ${key}`);
  }

  /** The effects since the last call, as `database: COMMAND args`; how they leave together is {@link units}. */
  effects(): string[] {
    return this.units().flat();
  }

  /** The effects since the last call, those in one list that left within MULTI and EXEC. */
  units(): string[][] {
    const units: string[][] = [];
    let open: string[] | undefined;
    for (const effect of this.#effects.splice(0)) {
      if (effect.endsWith(": MULTI")) units.push(open = []);
      else if (effect.endsWith(": EXEC")) open = undefined;
      else if (open !== undefined) open.push(effect);
      else units.push([effect]);
    }
    return units;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.instance.close();
  }
}

function connectTo(server: Server): Session {
  return server.clients.add({
    read: () => Promise.resolve(null),
    write: (bytes) => Promise.resolve(bytes.length),
    close: () => {},
  }, { remote: "127.0.0.1:50000", local: "127.0.0.1:6379", isLocal: true, isUnix: false });
}

/** Starts a server without sockets; directives as in redis.conf. DEBUG is allowed. */
export async function startTestServer(
  directives: ConfigOptions = {},
  options: Pick<CoolCacheOptions, "discardMemory"> = {},
): Promise<TestServer> {
  const clock = { now: TEST_TIME };
  const instance = await CoolCache.start({
    port: null,
    directives: { "enable-debug-command": "yes", ...directives },
    now: () => clock.now,
    random: seededRandom(1),
    ...options,
  });
  return new TestServer(instance, clock);
}

/** The same numbers in [0, 1) for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
