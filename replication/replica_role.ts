/**
 * The replica's part in replication: follows a primary, whatever becomes of the connection.
 *
 *     none ──► connect ──► connecting ──► handshake ──► sync ──► connected
 *                 ▲            │             │  └── +CONTINUE ──►  │
 *                 └────────────┴─────────────┴───────────┴──────────┘  at once when the stream broke, else a second later
 *
 * One attempt at a time goes from the socket to the stream. What then comes is carried out by a client like any other,
 * except that it must be obeyed and is not answered; its bytes are handed on as they are ({@link PrimaryFeed}), so that
 * replicas of this server have the very stream of its primary.
 *
 * How far the data are is the {@link ReplicationStream}'s id and offset, which outlast the connection: with them the
 * next attempt asks the primary, or whoever has been promoted in its place, to go on. A primary that becomes a replica
 * asks with its own.
 *
 * @module
 */

import type { PrimaryAddress, ReplicaApi, ReplicaState } from "../commands/context.ts";
import { Args } from "../server/resp/args.ts";
import type { Primary } from "./primary.ts";
import type { ReplicationStream } from "./stream.ts";
import {
  type PayloadEnd,
  request,
  SyncFailure,
  Upstream,
  type UpstreamSocket,
} from "./upstream.ts";

/** Stands for the id of a history that a primary does not tell. */
const ID_LENGTH = 40;
/** What a primary reads over: it says that a replica lives. */
const SIGN_OF_LIFE = new Uint8Array([10]);

/** The directives that matter here. */
interface ReplicaConfig {
  readonly masterauth: string;
  readonly masteruser: string;
  readonly replTimeout: number;
  readonly replicaAnnounceIp: string;
  readonly replicaAnnouncePort: number;
  readonly replicaReadOnly: boolean;
  readonly replicaServeStaleData: boolean;
}

/** The client that carries out a primary's stream. */
export interface PrimaryClient {
  /** The database that the stream has selected. */
  readonly database: number;
  /** Sends bytes to the primary. */
  push(bytes: Uint8Array): void;
  close(): void;
}

/** What a {@link PrimaryClient} tells of the stream. */
export interface StreamFeed {
  /** How many of the bytes that came have been carried out; half a transaction has not. */
  position: number;
  /** Bytes have come; they are read before the call returns or {@link relay} is called. */
  arrived(bytes: Uint8Array): void;
  /** Hands on what has been carried out. */
  relay(): void;
  /** The connection is closed; `isBroken`: its bytes made no sense. */
  ended(isBroken: boolean): void;
}

/** How the data that a primary sends are taken. */
export interface TakeOver {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** How many bytes there will be; undefined if that is not known. */
  readonly length: number | undefined;
  /** Whether they are data of the history that there is already, of which old data may be shown meanwhile. */
  readonly isSameHistory: boolean;
  /** Is called when there is no way back: the old data are about to go. */
  attach(): void;
}

/** What a replica needs of its server. */
export interface ReplicaHost {
  readonly config: { readonly values: ReplicaConfig };
  /** The port listened on. */
  readonly port: number;
  /** How much of the stream is on the disk, when so much is carried out; undefined if it is not appended to a file. */
  diskOffset(offset: number): number | undefined;
  /** Unix time in ms, read afresh. */
  now(): number;
  randomHex(digits: number): string;
  connect(address: PrimaryAddress, signal: AbortSignal): Promise<UpstreamSocket>;
  /** Puts a primary's data in the place of those that there are, and answers the database that its stream has selected. */
  takeOver(data: TakeOver): Promise<number>;
  /** Lets a client carry out what comes over a socket, beginning with `unread`. */
  follow(
    socket: UpstreamSocket,
    options: { unread: Uint8Array; feed: StreamFeed; database: number },
  ): PrimaryClient;
  /** The server has become a replica (of another primary), or a primary. */
  roleChanged(): void;
  /** The link is up or down. */
  linkChanged(): void;
  log(level: "notice" | "warning", message: string): void;
}

/** Is told how attempts go that are part of a failover. */
export interface FailoverWatch {
  /** Whether the primary is to be told that it is one from now on. */
  readonly isUnderWay: boolean;
  accepted(): void;
  rejected(why: string): void;
}

/** How much of the data has come. */
export interface SyncProgress {
  /** 0 where it is not known. */
  readonly totalBytes: number;
  readonly readBytes: number;
}

/** A connection in the making. */
interface Attempt {
  readonly abort: AbortController;
  upstream: Upstream | undefined;
  /** When something last came, Unix time in ms. */
  lastIo: number;
  progress: { totalBytes: number; readBytes: number };
  /** Whether the primary waits for nothing but signs of life. */
  isTransfer: boolean;
}

/** One server as a replica. */
export class ReplicaRole implements ReplicaApi {
  /** Bytes that have come from primaries. */
  receivedBytes = 0;
  failover: FailoverWatch | undefined;
  readonly #host: ReplicaHost;
  readonly #replicas: Primary;
  readonly #stream: ReplicationStream;
  #primary: PrimaryAddress | undefined;
  #state: ReplicaState = "none";
  #attempt: Attempt | undefined;
  #work: Promise<void> = Promise.resolve();
  #client: PrimaryClient | undefined;
  #feed: PrimaryFeed | undefined;
  /** Whether id and offset tell how far the data are, so that a primary may go on from there. */
  #isResumable = false;
  /** The database that the stream had selected when it broke. */
  #database = 0;
  #downSince: number | undefined;

  /** @param replicas the server's part towards its own replicas */
  constructor(host: ReplicaHost, replicas: Primary) {
    this.#host = host;
    this.#replicas = replicas;
    this.#stream = replicas.stream;
  }

  // --- what others ask ----------------------------------------------------------------------------------------

  get primary(): PrimaryAddress | undefined {
    return this.#primary;
  }

  get state(): ReplicaState {
    return this.#state;
  }

  get isLinked(): boolean {
    return this.#state === "connected";
  }

  get isStale(): boolean {
    return this.#primary !== undefined && !this.isLinked &&
      !this.#host.config.values.replicaServeStaleData;
  }

  get isReadOnly(): boolean {
    return this.#primary !== undefined && this.#host.config.values.replicaReadOnly;
  }

  get offset(): number | undefined {
    return this.#feed?.offset;
  }

  /** How far the data are, also while there is no connection: bytes of the stream carried out, and received. */
  get offsets(): { readonly done: number; readonly read: number } {
    const feed = this.#feed;
    if (feed !== undefined) return { done: feed.offset, read: feed.readOffset };
    // Redis begins to count at one.
    return this.#isResumable
      ? { done: this.#stream.offset, read: this.#stream.offset }
      : { done: 1, read: 1 };
  }

  /** When the primary was last heard of, Unix time in ms; undefined while there is no stream. */
  get heardAt(): number | undefined {
    return this.#feed?.heardAt;
  }

  /** Since when the link has been down, Unix time in ms; undefined if it never was up. */
  get downSince(): number | undefined {
    return this.#downSince;
  }

  /** How the transfer of the data goes; undefined while there is none. */
  get progress(): SyncProgress & { readonly lastIo: number } | undefined {
    if (this.#state !== "sync" || this.#attempt === undefined) return undefined;
    return { ...this.#attempt.progress, lastIo: this.#attempt.lastIo };
  }

  /** The database that the stream has selected. */
  get database(): number {
    return this.#client?.database ?? this.#database;
  }

  // --- roles --------------------------------------------------------------------------------------------------

  follow(address: PrimaryAddress): void {
    const wasPrimary = this.#primary === undefined;
    this.#primary = undefined;
    this.#letGo();
    this.#primary = address;
    if (wasPrimary) {
      // The new primary begins its stream with SELECT.
      this.#database = 0;
      this.#isResumable = true;
      this.#replicas.stopComposing();
    }
    this.#host.roleChanged();
    this.#state = "connect";
    this.#connect();
  }

  /**
   * {@link follow} for a server that starts as a replica: what it has is nobody's, unless it was loaded from a file that
   * says where in a history its data are, and which database the stream had selected there.
   */
  begin(
    address: PrimaryAddress,
    from?: { readonly id: string; readonly offset: number; readonly database: number },
  ): void {
    this.#primary = address;
    this.#replicas.stopComposing();
    if (from !== undefined) {
      this.#stream.restart(from.id, from.offset);
      this.#database = from.database;
      this.#isResumable = true;
    }
    this.#host.roleChanged();
    this.#connect();
  }

  /** The same for one that starts as a primary: its replicas may go on from there. */
  restore({ id, offset, expired }: {
    readonly id: string;
    readonly offset: number;
    readonly expired: readonly { readonly database: number; readonly key: Uint8Array }[];
  }): void {
    this.#stream.restart(id, offset);
    this.#stream.rename(this.#host.randomHex(ID_LENGTH));
    for (const { database, key } of expired) this.#stream.add(database, Args.of("DEL", key));
    this.#replicas.compose();
  }

  promote(): void {
    if (this.#primary === undefined) return;
    this.#primary = undefined;
    this.#letGo();
    this.#state = "none";
    this.#downSince = undefined;
    this.#stream.rename(this.#host.randomHex(ID_LENGTH));
    // They must learn of the new name, and can go on then.
    this.#replicas.disconnectAll();
    this.#replicas.compose();
    this.#host.roleChanged();
  }

  acknowledge(): void {
    if (this.#feed === undefined || !this.#feed.isAcknowledged) return;
    const diskOffset = this.#host.diskOffset(this.#feed.offset);
    const words = ["REPLCONF", "ACK", String(this.#feed.offset)];
    if (diskOffset !== undefined) words.push("FACK", String(diskOffset));
    this.#client?.push(request(...words));
  }

  /** Ends the connection, or the attempt. */
  #letGo(): void {
    const client = this.#client;
    if (client !== undefined) this.#downSince = this.#host.now();
    this.#keepPlace();
    client?.close();
    this.#abort();
  }

  /** Remembers what a broken stream leaves. */
  #keepPlace(): void {
    if (this.#client !== undefined) this.#database = this.#client.database;
    this.#client = undefined;
    this.#feed = undefined;
  }

  #abort(): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    attempt?.abort.abort();
    attempt?.upstream?.close();
  }

  /** Ends everything; what is under way has ended then. */
  async close(): Promise<void> {
    this.#primary = undefined;
    this.#letGo();
    await this.#work;
  }

  // --- attempts -----------------------------------------------------------------------------------------------

  #connect(): void {
    const address = this.#primary;
    if (address === undefined) return;
    this.#host.log("notice", `Connecting to MASTER ${address.host}:${address.port}`);
    const attempt: Attempt = {
      abort: new AbortController(),
      upstream: undefined,
      lastIo: this.#host.now(),
      progress: { totalBytes: 0, readBytes: 0 },
      isTransfer: false,
    };
    this.#attempt = attempt;
    this.#state = "connecting";
    const before = this.#work;
    this.#work = this.#sync(attempt, address).catch((error) => this.#fail(attempt, error))
      .then(() => before);
  }

  #fail(attempt: Attempt, error: unknown): void {
    attempt.upstream?.close();
    // Whoever has ended it knows why.
    if (this.#attempt !== attempt) return;
    this.#attempt = undefined;
    this.#state = "connect";
    const why = error instanceof Error ? error.message : String(error);
    this.#host.log("warning", `MASTER <-> REPLICA sync failed: ${why}`);
    this.#host.linkChanged();
  }

  /** Goes from the socket to the stream. */
  async #sync(attempt: Attempt, address: PrimaryAddress): Promise<void> {
    const { signal } = attempt.abort;
    const socket = await this.#host.connect(address, signal);
    if (signal.aborted) return socket.close();
    const upstream = new Upstream(socket, () => attempt.lastIo = this.#host.now());
    attempt.upstream = upstream;
    this.#state = "handshake";
    const { masteruser, masterauth, replicaAnnounceIp, replicaAnnouncePort } =
      this.#host.config.values;
    await upstream.introduce({
      user: masteruser,
      password: masterauth,
      port: replicaAnnouncePort || this.#host.port,
      address: replicaAnnounceIp,
    }, (message) => this.#host.log("notice", message));
    if (signal.aborted) return;
    await this.#ask(attempt, upstream);
  }

  async #ask(attempt: Attempt, upstream: Upstream): Promise<void> {
    const { id, offset } = this.#stream;
    const from = this.#isResumable ? { id, offset } : undefined;
    this.#host.log(
      "notice",
      from === undefined
        ? "Partial resynchronization not possible (no cached master)"
        : `Trying a partial resynchronization (request ${id}:${offset + 1}).`,
    );
    const isFailover = this.failover?.isUnderWay ?? false;
    const answer = await upstream.psync(from, { isFailover });
    if (attempt.abort.signal.aborted) return;
    if (isFailover) {
      if (answer.kind !== "continue" && answer.kind !== "full") {
        this.failover?.rejected("Failover target rejected psync request");
        return;
      }
      this.failover?.accepted();
    }
    switch (answer.kind) {
      case "continue":
        if (from === undefined) throw new SyncFailure("the primary goes on from nowhere");
        return this.#goOn(upstream, answer.id);
      case "full":
        this.#host.log("notice", `Full resync from master: ${answer.id}:${answer.offset}`);
        return await this.#takeAll(attempt, upstream, answer);
      case "later":
        throw new SyncFailure(
          `Master is currently unable to PSYNC but should be in the future: ${answer.why}`,
        );
      case "refused":
        this.#host.log(
          "notice",
          `Master does not support PSYNC or is in error state (reply: ${answer.why})`,
        );
        this.#host.log("notice", "Retrying with SYNC...");
        await upstream.send(request("SYNC"));
        return await this.#takeAll(attempt, upstream, undefined);
    }
  }

  /** The stream goes on where it broke. */
  #goOn(upstream: Upstream, id: string | undefined): void {
    this.#host.log("notice", "Successful partial resynchronization with master.");
    if (id !== undefined && id !== this.#stream.id) {
      this.#host.log("notice", `Master replication ID changed to ${id}`);
      this.#stream.rename(id);
      this.#replicas.disconnectAll();
    }
    this.#stream.keep();
    this.#startStream(upstream, { database: this.#database, isAcknowledged: true });
  }

  /** Takes all data, and then the stream; `state` is what they are a snapshot of, unless the primary has no PSYNC. */
  async #takeAll(
    attempt: Attempt,
    upstream: Upstream,
    state: { readonly id: string; readonly offset: number } | undefined,
  ): Promise<void> {
    this.#state = "sync";
    const end = await upstream.payloadEnd();
    attempt.isTransfer = true;
    attempt.progress.totalBytes = "length" in end ? end.length : 0;
    const chunks = this.#counted(attempt, upstream, end);
    const database = await this.#host.takeOver({
      chunks,
      length: "length" in end ? end.length : undefined,
      isSameHistory: state !== undefined && state.id === this.#stream.id,
      attach: () => {
        this.#isResumable = false;
        this.#replicas.disconnectAll();
        this.#stream.close(this.#host.randomHex(ID_LENGTH));
      },
    });
    // Behind the data there is at most the mark.
    if (!(await chunks.next()).done) throw new SyncFailure("there is more than the data");
    if (attempt.abort.signal.aborted) return;
    const { id, offset } = state ?? { id: this.#host.randomHex(ID_LENGTH), offset: 0 };
    this.#stream.restart(id, offset);
    this.#isResumable = state !== undefined;
    this.#host.log("notice", "MASTER <-> REPLICA sync: Finished with success");
    this.#startStream(upstream, { database, isAcknowledged: state !== undefined });
  }

  async *#counted(
    attempt: Attempt,
    upstream: Upstream,
    end: PayloadEnd,
  ): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of upstream.payload(end)) {
      attempt.progress.readBytes += chunk.length;
      yield chunk;
      if (attempt.abort.signal.aborted) throw new SyncFailure("it was given up");
    }
  }

  #startStream(
    upstream: Upstream,
    { database, isAcknowledged }: { database: number; isAcknowledged: boolean },
  ): void {
    this.#attempt = undefined;
    this.receivedBytes += upstream.receivedBytes;
    const feed: PrimaryFeed = new PrimaryFeed({
      stream: this.#stream,
      isAcknowledged,
      now: () => this.#host.now(),
      onArrival: (bytes) => this.receivedBytes += bytes,
      onRelay: () => this.#replicas.relayed(),
      onEnd: (isBroken) => this.#streamEnded(feed, isBroken),
    });
    this.#feed = feed;
    this.#state = "connected";
    this.#downSince = undefined;
    this.#client = this.#host.follow(upstream.socket, { unread: upstream.rest, feed, database });
    this.#host.linkChanged();
    this.acknowledge();
  }

  #streamEnded(feed: PrimaryFeed, isBroken: boolean): void {
    if (this.#feed !== feed) return;
    this.#keepPlace();
    if (isBroken) this.#isResumable = false;
    this.#downSince = this.#host.now();
    this.#host.log("notice", "Connection with master lost.");
    this.#state = "connect";
    this.#host.linkChanged();
    // At once: the backlog may not reach back for long.
    this.#connect();
  }

  /** What is to be done once a second. */
  tick(): void {
    if (this.#primary === undefined) return;
    const patience = this.#host.config.values.replTimeout * 1000;
    const now = this.#host.now();
    const attempt = this.#attempt;
    if (attempt !== undefined && now - attempt.lastIo > patience) {
      this.#abort();
      this.#state = "connect";
      this.#host.log(
        "warning",
        attempt.isTransfer
          ? "Timeout receiving bulk data from MASTER... If the problem persists try to set the " +
            "'repl-timeout' parameter in redis.conf to a larger value."
          : "Timeout connecting to the MASTER...",
      );
    } else if (attempt?.isTransfer) {
      attempt.upstream?.send(SIGN_OF_LIFE).catch((error) => this.#fail(attempt, error));
    }
    if (this.#feed !== undefined && now - this.#feed.heardAt > patience) {
      this.#host.log("warning", "MASTER timeout: no data nor PING received...");
      this.#client?.close();
    }
    if (this.#state === "connect") this.#connect();
    else this.acknowledge();
  }
}

/** The stream on its way from a primary's client to the server's own stream. */
class PrimaryFeed implements StreamFeed {
  position = 0;
  heardAt: number;
  readonly isAcknowledged: boolean;
  readonly #stream: ReplicationStream;
  readonly #start: number;
  readonly #now: () => number;
  readonly #onArrival: (bytes: number) => void;
  readonly #onRelay: () => void;
  readonly #onEnd: (isBroken: boolean) => void;
  #received = 0;
  #relayed = 0;
  /** What came before the last read and has not been carried out. */
  #waiting: Uint8Array[] = [];
  /** What the last read brought. */
  #latest: Uint8Array = new Uint8Array(0);

  constructor(options: {
    stream: ReplicationStream;
    isAcknowledged: boolean;
    now: () => number;
    onArrival: (bytes: number) => void;
    onRelay: () => void;
    onEnd: (isBroken: boolean) => void;
  }) {
    this.#stream = options.stream;
    this.#start = options.stream.offset;
    this.isAcknowledged = options.isAcknowledged;
    this.#now = options.now;
    this.#onArrival = options.onArrival;
    this.#onRelay = options.onRelay;
    this.#onEnd = options.onEnd;
    this.heardAt = this.#now();
  }

  /** How many bytes of the stream have been carried out. */
  get offset(): number {
    return this.#start + this.position;
  }

  /** How many bytes of the stream have come. */
  get readOffset(): number {
    return this.#start + this.#received;
  }

  arrived(bytes: Uint8Array): void {
    this.heardAt = this.#now();
    this.#received += bytes.length;
    this.#latest = bytes;
    this.#onArrival(bytes.length);
  }

  relay(): void {
    let due = this.position - this.#relayed;
    const isNews = due > 0;
    this.#relayed = this.position;
    while (due > 0 && this.#waiting.length > 0) {
      const part = this.#waiting[0].subarray(0, due);
      this.#stream.relay(part);
      due -= part.length;
      const rest = this.#waiting[0].subarray(part.length);
      if (rest.length === 0) this.#waiting.shift();
      else this.#waiting[0] = rest;
    }
    if (due > 0) this.#stream.relay(this.#latest.subarray(0, due));
    // The client's buffer is about to be used again.
    if (due < this.#latest.length) this.#waiting.push(this.#latest.slice(due));
    this.#latest = this.#latest.subarray(this.#latest.length);
    if (isNews) this.#onRelay();
  }

  ended(isBroken: boolean): void {
    this.#onEnd(isBroken);
  }
}
