/**
 * One connected client: its state, its requests in, its replies out.
 *
 * Requests are carried out in the order in which they came, as many as are complete per read. A session that waits
 * (for slow work, a pause, a blocking command) is *parked*: it goes on reading, so that its end is noticed, but
 * carries nothing out until {@link Session.resume}.
 *
 * @module
 */

import type { User } from "./acl/user.ts";
import type { ClientApi, ReplyMode } from "../commands/context.ts";
import type { RegisteredCommand } from "../commands/registry.ts";
import type { Database } from "../storage/keyspace.ts";
import { CallContext } from "./call_context.ts";
import { MOST_UNREAD_BYTES, OutputLimit, RequestLimits, UNCOUNTED_BYTES } from "./client_limits.ts";
import { clientLine } from "./client_line.ts";
import { type Connection, type Endpoints, farewell, isDisconnection } from "./connection.ts";
import type { Replica, ReplicaLink } from "../replication/replica_link.ts";
import type { StreamFeed } from "../replication/replica_role.ts";
import { LEAST_BYTES } from "./look_ahead.ts";
import { Output } from "./output.ts";
import type { Subscriptions } from "./pubsub.ts";
import { commandSink, requestStream } from "./request_stream.ts";
import type { Args } from "./resp/args.ts";
import { ProtocolError } from "./resp/errors.ts";
import type { Reply } from "./resp/reply.ts";
import { ReplyEncoder } from "./resp/reply_encoder.ts";
import { RequestDecoder } from "./resp/request_decoder.ts";
import type { Server } from "./server.ts";
import { prefixMemory, type Tracked } from "./tracking.ts";
import { Transaction } from "./transaction.ts";
import type { Watch } from "./watches.ts";

/** From so many requests in one read on a client counts as one that pipelines. */
const PIPELINED = 4;
/** The first room for the reply of a command that waits. */
const LATE_REPLY_BYTES = 64;
/** About what each watch of a key takes. */
const WATCH_BYTES = 256;

/** States of a client in which its commands do not go straight to their handlers. */
export const Mode = {
  /** Commands are queued (MULTI). */
  multi: 1,
  /** It is subscribed to something. */
  subscribed: 2,
  /** The keys that it reads are remembered (CLIENT TRACKING). */
  tracking: 4,
  /** It was sent something while its command ran, which is to follow the reply. */
  pushed: 8,
  /** It is a replica, which may not touch keys. */
  replica: 16,
  /** Its user may not do everything. */
  restricted: 32,
} as const;

/** One connected client. */
export class Session implements ClientApi, ReplicaLink {
  readonly id: number;
  readonly endpoints: Endpoints;
  /** Unix time in ms. */
  readonly createdAt: number;
  lastActiveAt: number;
  name = "";
  authenticated: boolean;
  libName = "";
  libVersion = "";
  noEvict = false;
  /** In a cluster: whether it said READONLY, and the slot of the keys of its command (-1 without any). */
  readsFromReplica = false;
  slot = -1;
  /** How many more commands ASKING reaches: itself and the next one. */
  #asking = 0;
  replyMode: ReplyMode = "on";
  isMonitor = false;
  /** What makes its commands go another way than straight to their handlers: bits of {@link Mode}. */
  modes = 0;
  /** What it has queued since MULTI; set together with {@link Mode.multi}. */
  transaction: Transaction | undefined;
  /** What it listens to; set together with {@link Mode.subscribed}. */
  subscriptions: Subscriptions | undefined;
  /** How it tracks; set together with {@link Mode.tracking}. */
  tracking: Tracked | undefined;
  /** Whether it has ever tracked. */
  hasTracked = false;
  /** What it watches for its next transaction … */
  watched: Watch[] = [];
  /** … and whether any of it has changed, so that EXEC must fail. */
  isBroken = false;
  /** How the scripts that it calls are debugged. */
  scriptDebugging: "no" | "yes" | "sync" = "no";
  commandCount = 0;
  lastCommand: RegisteredCommand | undefined;
  readonly output: Output;
  /** Whether others have their turns between two reads of it anyway. */
  readonly takesTurns: boolean;

  /** How long the replication stream was after its latest write. */
  writeOffset = 0;

  effectPosition = 0;

  readonly #server: Server;
  readonly #connection: Connection;
  readonly #decoder: RequestDecoder;
  readonly #context: CallContext;
  readonly #outputLimit = new OutputLimit();
  /** Where in the output the reply of the command at hand begins. */
  #replyStart = 0;
  /** What it was sent while its own command runs. */
  #pushed: Uint8Array[] = [];
  #protocol: 2 | 3 = 2;
  #account!: User;
  #mustObey = false;
  /** Whom to tell of the stream, if it is this server's primary. */
  #feed: StreamFeed | undefined;
  /** What it is as a replica; set together with {@link Mode.replica}. */
  #replica: Replica | undefined;
  /** The last transaction's, for the next one. */
  #emptyTransaction: Transaction | undefined;
  #noTouch = false;
  #parked = false;
  /** Whether it is parked because of CLIENT PAUSE. */
  #postponed = false;
  #closing = false;
  #closed = false;
  /** Whether what it sent made no sense. */
  #isBroken = false;
  /** Where a command that waits answers. */
  #late: ReplyEncoder | undefined;
  /** Who gets what it sends in place of the decoder. */
  #diverted: ((bytes?: Uint8Array) => void) | undefined;
  /** Ends a wait of this session early; set while it is blocked. */
  #unblock: ((how: "timeout" | "error") => void) | undefined;

  constructor(server: Server, id: number, connection: Connection, endpoints: Endpoints) {
    this.#server = server;
    this.#connection = connection;
    this.takesTurns = "deliver" in connection;
    this.id = id;
    this.endpoints = endpoints;
    this.createdAt = this.lastActiveAt = server.keyspace.now;
    this.account = server.acl.defaultUser;
    this.authenticated = !server.acl.requiresLogin;
    this.#decoder = new RequestDecoder(new RequestLimits(server.config.values, this));
    this.output = new Output(connection, server.encoders, server.stats, () => this.close());
    this.#context = new CallContext(server, this, server.discard);
  }

  /** Its user. Set anew when what that is allowed has changed. */
  get account(): User {
    return this.#account;
  }

  set account(user: User) {
    this.#account = user;
    if (user.isUnrestricted || this.#mustObey) this.modes &= ~Mode.restricted;
    else this.modes |= Mode.restricted;
  }

  get user(): string {
    return this.#account.name;
  }

  /** Whether it carries out what was checked elsewhere, so that no user's rules hold for it. */
  get mustObey(): boolean {
    return this.#mustObey;
  }

  set mustObey(on: boolean) {
    this.#mustObey = on;
    this.account = this.#account;
  }

  get isRestricted(): boolean {
    return (this.modes & Mode.restricted) !== 0;
  }

  get protocol(): 2 | 3 {
    return this.#protocol;
  }

  set protocol(protocol: 2 | 3) {
    this.#protocol = protocol;
    // HELLO's own reply is already in the new protocol.
    if (this.#late !== undefined) this.#late.protocol = protocol;
    this.#context.reply = this.#late ?? this.output.encoder(protocol);
  }

  get noTouch(): boolean {
    return this.#noTouch;
  }

  set noTouch(on: boolean) {
    this.#noTouch = on;
    // It holds from the next command on, of which there may be some in this batch.
    this.#server.touchFor(this);
  }

  get context(): CallContext {
    return this.#context;
  }

  /** The arguments of the command carried out last; they go with the next one. */
  get lastArgs(): Args {
    return this.#decoder.args;
  }

  /** Whether its next command waits for the end of a CLIENT PAUSE. */
  get isPostponed(): boolean {
    return this.#postponed;
  }

  get isBlocked(): boolean {
    return this.#unblock !== undefined;
  }

  get isListener(): boolean {
    return (this.modes & Mode.subscribed) !== 0 && this.#protocol === 2;
  }

  get replica(): Replica | undefined {
    return this.#replica;
  }

  set replica(replica: Replica | undefined) {
    this.#replica = replica;
    this.modes |= Mode.replica;
  }

  get isReplica(): boolean {
    return this.#replica !== undefined;
  }

  /** Makes it the one who carries out a primary's stream: it is not answered, and tells `feed` how far it is. */
  obeyPrimary(feed: StreamFeed): void {
    this.#feed = feed;
    this.mustObey = this.authenticated = true;
    this.replyMode = "off";
  }

  /** Whether it carries out a primary's stream. */
  get isPrimary(): boolean {
    return this.#feed !== undefined;
  }

  /** The number of the selected database. */
  get database(): number {
    return this.#context.db.id;
  }

  /** The other side's address, without its port. */
  get remoteAddress(): string {
    const { remote } = this.endpoints;
    return remote.slice(0, remote.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** The class of clients it belongs to. */
  get type(): "normal" | "primary" | "pubsub" | "replica" {
    if (this.#replica !== undefined) return "replica";
    if (this.#feed !== undefined) return "primary";
    return (this.modes & Mode.subscribed) !== 0 ? "pubsub" : "normal";
  }

  get isClosing(): boolean {
    return this.#closing;
  }

  /** Bytes of requests not yet carried out, and the input buffer's size. */
  get inputPending(): number {
    return this.#decoder.pending;
  }

  get inputCapacity(): number {
    return this.#decoder.capacity;
  }

  /** Bytes of memory that the client takes. */
  get memory(): number {
    const prefixes = this.tracking === undefined ? 0 : prefixMemory(this.tracking);
    const queue = (this.transaction ?? this.#emptyTransaction)?.memory ?? 0;
    return this.#decoder.capacity + this.output.memory + queue +
      this.watched.length * WATCH_BYTES + (this.subscriptions?.memory ?? 0) + prefixes;
  }

  /** Reads requests and answers them until either side ends. Never rejects. */
  async serve(): Promise<void> {
    try {
      const connection = this.#connection;
      if ("deliver" in connection) await connection.deliver(this);
      else await commandSink(requestStream(connection, this), this);
      if (!this.#closed) await farewell(this.output);
    } catch (error) {
      if (!isDisconnection(error) && !this.#closed) {
        this.#server.log("warning", `Client ${this.endpoints.remote} was dropped: ${error}`);
      }
    }
    this.close();
  }

  /** Whether the last read took all the room there was, so that more is waiting. */
  get isFlooding(): boolean {
    return this.#decoder.wasFull;
  }

  /** Ends when the other clients have had their turn. */
  othersFirst(): Promise<void> {
    return this.#server.fairness.othersFirst();
  }

  /** Where the next read may write. */
  room(): Uint8Array {
    return this.#decoder.room();
  }

  /** Takes `count` bytes that were read; the promise, if any, asks to wait before more is read. */
  receive(count: number): void | Promise<void> {
    const server = this.#server;
    server.stats.inputBytes += count;
    server.stats.reads++;
    if (this.#replica !== undefined) this.#replica.heard(server.keyspace.now);
    this.#decoder.filled(count);
    if (this.#diverted !== undefined) return this.#diverted(this.#decoder.takeBack(count));
    if (this.#feed !== undefined) this.#feed.arrived(this.#decoder.latest(count));
    if (!this.#parked) {
      if (this.#closing) this.#decoder.discard();
      else this.#carryOut();
    }
    if (this.#feed !== undefined) this.#feed.relay();
    else if (this.#decoder.pending > server.config.values.clientQueryBufferLimit) {
      server.stats.queryLimitDisconnections++;
      server.log("warning", `Client ${this.describe()} is closed: its requests are too long`);
      this.close();
    }
    if (this.output.pending > MOST_UNREAD_BYTES) return this.output.drained();
  }

  /** Carries out every complete request, and sends the replies. */
  #carryOut(): void {
    const server = this.#server;
    const decoder = this.#decoder;
    const context = this.#context;
    server.beginBatch(this);
    this.lastActiveAt = server.keyspace.now;
    const reply = this.output.encoder(this.#protocol);
    context.reply = this.#feed === undefined ? reply : server.discard;
    const first = server.stats.commands;
    const ahead = decoder.remaining >= LEAST_BYTES ? server.lookAhead : undefined;
    try {
      for (;;) {
        // What is only queued needs no keys yet.
        if (ahead !== undefined && this.transaction === undefined) {
          ahead.advance(decoder, context.db.table);
        }
        if (!decoder.next()) break;
        if (server.pausesAny && this.#waitsForPause()) break;
        const mode = this.replyMode;
        this.#replyStart = reply.length;
        const later = server.dispatcher.dispatch(context, decoder.args);
        if (later !== undefined) {
          this.#await(later);
          break;
        }
        decoder.release();
        if (this.#feed !== undefined) this.#noteProgress(this.#feed);
        if (this.replyMode !== "on" || mode !== "on") this.#silence(mode);
        if (this.#replica !== undefined && reply.length > this.#replyStart) {
          this.#endRogueReplica();
          break;
        }
        if ((this.modes & Mode.pushed) !== 0) this.sendPushed();
        if (this.#closing) break;
        if (reply.length > MOST_UNREAD_BYTES) {
          this.#waitForReader();
          break;
        }
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      server.stats.countError("ERR");
      this.#isBroken = true;
      if (this.isAnswered) reply.error(`ERR Protocol error: ${error.message}`);
      this.closeAfterReply();
    }
    if (ahead !== undefined) ahead.end();
    const commands = server.stats.commands - first;
    this.commandCount += commands;
    // A client that asks for more than its limit allows is sent nothing of it.
    if (this.output.pending > UNCOUNTED_BYTES) this.checkOutputLimit();
    // Of Deno's connections few are served in a turn, so that a reply that somebody waits for leaves at once.
    if (commands < PIPELINED && !this.takesTurns) this.output.flush();
    else server.pushes.addReplies(this.output);
    server.endBatch(this, commands);
    if (this.#closing) this.#closeWhenDrained();
  }

  /** Notes how much of the stream has been carried out: of a transaction nothing before its end. */
  #noteProgress(feed: StreamFeed): void {
    if (this.transaction === undefined) feed.position = this.#decoder.position;
  }

  /** Closes the connection when more replies wait to be read than `client-output-buffer-limit` allows. */
  checkOutputLimit(): void {
    const server = this.#server;
    if (!this.#outputLimit.isBroken(this, server.config.values, server.keyspace.now)) return;
    server.stats.outputLimitDisconnections++;
    server.log("warning", `Client ${this.describe()} is closed: it leaves its replies unread`);
    this.close();
  }

  /** Bytes that it has not read yet; of a replica what waits of the stream, but not of its snapshot. */
  get unread(): number {
    if (this.#replica === undefined) return this.output.pending;
    return this.#replica.unsent(this.#server.replication.offset);
  }

  /** A replica's connection carries the stream: a reply in it would be taken for effects. */
  #endRogueReplica(): void {
    const name = this.lastCommand?.fullName ?? "<unknown>";
    this.#server.log(
      "warning",
      `Replica ${this.describe()} is closed: it wants a reply to ${name}`,
    );
    this.close();
  }

  /**
   * Sends something that is no reply: `bytes` are a whole message. It leaves when the batch at hand is over; while a
   * command of this client runs, it comes after the command's reply. The bytes are copied.
   */
  push(bytes: Uint8Array): void {
    if (this.#closed) return;
    if (this.#isAtWork) {
      this.#pushed.push(bytes.slice());
      this.modes |= Mode.pushed;
      return;
    }
    this.output.encoder(this.#protocol).raw(bytes);
    this.#server.pushes.add(this);
  }

  /**
   * {@link push} of a message that many clients are sent: where it lies in `buf` it must not change any more, since it
   * may leave from there.
   */
  pushShared(buf: Uint8Array, from: number, to: number): void {
    if (this.#closed) return;
    if (this.#isAtWork) return this.push(buf.subarray(from, to));
    const { output } = this;
    if (output.share(buf, from, to)) this.#server.pushes.add(this);
    else if (output.gathered > UNCOUNTED_BYTES) this.checkOutputLimit();
  }

  get hasUnsentReplies(): boolean {
    return this.output.gathered > 0;
  }

  divertInput(receive: ((bytes?: Uint8Array) => void) | undefined): void {
    this.#diverted = receive;
    if (this.#closed) receive?.();
  }

  sendAtOnce(compose: (reply: Reply) => void): void {
    if (this.#closed) return;
    compose(this.output.encoder(this.#protocol));
    this.output.flush();
    this.checkOutputLimit();
  }

  sayEvenInSilence(reply: Reply, say: (reply: Reply) => void): void {
    if (this.replyMode === "on") return say(reply);
    const message = new ReplyEncoder(this.#protocol, LATE_REPLY_BYTES);
    say(message);
    this.push(message.bytes());
  }

  /** Whether its own command is being carried out: now, or in slices (a script that takes long). */
  get #isAtWork(): boolean {
    return this.#server.currentSession === this ||
      (this.#late !== undefined && this.#unblock === undefined);
  }

  /**
   * Lets what the client was sent during its command follow the reply, or precede it if the command has not replied
   * anything yet.
   */
  sendPushed(): void {
    if ((this.modes & Mode.pushed) === 0) return;
    this.modes &= ~Mode.pushed;
    const encoder = this.output.encoder(this.#protocol);
    for (const bytes of this.#pushed) encoder.raw(bytes);
    this.#pushed = [];
    // It is no part of the reply, which may be silenced or taken back.
    this.#replyStart = encoder.length;
    if (this.#server.currentSession !== this) this.#server.pushes.add(this);
  }

  /** Whether replies reach the client, as CLIENT REPLY wants it. */
  get isAnswered(): boolean {
    return this.replyMode === "on" || this.replyMode === "skipNext";
  }

  /** Drops the reply of a command that CLIENT REPLY silences, and goes on to the mode of the next command. */
  #silence(before: ReplyMode): void {
    // CLIENT REPLY ON answers OK although it was sent in silence.
    if (before !== "on" && this.replyMode !== "on") {
      this.output.encoder(this.#protocol).truncate(this.#replyStart);
    }
    this.#endSkip();
  }

  #endSkip(): void {
    if (this.replyMode === "skipNext") this.replyMode = "skipping";
    else if (this.replyMode === "skipping") this.replyMode = "on";
  }

  /** Waits for a slow command. */
  #await(work: Promise<void>): void {
    this.#parked = true;
    // What was answered before leaves now. The slow command answers into a buffer of its own, as others may send the
    // client something meanwhile; a small one, since ten thousand may wait.
    const encoder = this.output.encoder(this.#protocol);
    const reply = this.isAnswered ? new ReplyEncoder(this.#protocol, LATE_REPLY_BYTES) : undefined;
    const start = this.#replyStart;
    if (encoder.length > start) {
      reply?.raw(encoder.bytes().subarray(start));
      encoder.truncate(start);
    }
    if ((this.modes & Mode.pushed) !== 0) this.sendPushed();
    this.output.flush();
    this.#late = reply;
    this.#context.reply = reply ?? this.#server.discard;
    work.then(() => {
      this.#late = undefined;
      if (reply !== undefined && !this.#closed) {
        this.output.encoder(this.#protocol).raw(reply.bytes());
      }
      if ((this.modes & Mode.pushed) !== 0) this.sendPushed();
      this.#endSkip();
      this.#decoder.release();
      if (this.#feed !== undefined) this.#noteProgress(this.#feed);
      this.resume();
    });
  }

  /** Lets the client read before it is answered any further: a few requests may ask for gigabytes. */
  #waitForReader(): void {
    this.#parked = true;
    this.output.drained().then(() => this.resume());
  }

  /** Whether the command at hand must wait for CLIENT UNPAUSE. */
  #waitsForPause(): boolean {
    const { clients } = this.#server;
    if (!clients.holdsUp(this, this.#decoder.args)) return false;
    this.#parked = this.#postponed = true;
    this.#decoder.rereadRequest();
    clients.waitForUnpause(this);
    return true;
  }

  /** Goes on after having been parked. */
  resume(): void {
    if (!this.#parked || this.#closed) return;
    this.#parked = this.#postponed = false;
    this.output.flush();
    if (this.#closing) this.#closeWhenDrained();
    else this.#carryOut();
    this.#feed?.relay();
  }

  /** Says how a wait that now begins can be ended from outside; undefined when it is over. */
  blockedOn(unblock: ((how: "timeout" | "error") => void) | undefined): void {
    this.#unblock = unblock;
  }

  /** Ends a blocked client's wait; false when it is not blocked. */
  unblock(how: "timeout" | "error"): boolean {
    const unblock = this.#unblock;
    this.#unblock = undefined;
    unblock?.(how);
    return unblock !== undefined;
  }

  get isAsking(): boolean {
    return this.#asking > 0;
  }

  ask(): void {
    this.#asking = 2;
  }

  /** A further command begins; in a transaction what was said before it still holds. */
  stepAsking(): void {
    if (this.#asking > 0 && (this.#asking > 1 || this.transaction === undefined)) this.#asking--;
  }

  select(database: number): void {
    this.#context.db = this.#server.keyspace.databases[database];
  }

  get isLocal(): boolean {
    return this.endpoints.isLocal;
  }

  get inTransaction(): boolean {
    return this.transaction !== undefined;
  }

  beginTransaction(): void {
    this.transaction = this.#emptyTransaction ?? new Transaction();
    this.#emptyTransaction = undefined;
    this.modes |= Mode.multi;
  }

  discardTransaction(): void {
    if (this.transaction !== undefined) {
      this.transaction.clear();
      this.#emptyTransaction = this.transaction;
      this.transaction = undefined;
      this.modes &= ~Mode.multi;
    }
    this.unwatch();
  }

  watch(db: Database, key: Uint8Array): void {
    // A transaction that fails anyway need not know of more.
    if (!this.isBroken) this.#server.watches.watch(this, db, key);
  }

  unwatch(): void {
    this.#server.watches.unwatch(this);
    this.isBroken = false;
  }

  closeAfterReply(): void {
    this.#closing = true;
  }

  #closeWhenDrained(): void {
    if (this.output.pending === 0) this.close();
    else this.output.drained().then(() => this.close());
  }

  /** Ends the connection at once. */
  close(): void {
    if (this.#closed) return;
    this.#closed = this.#closing = true;
    this.output.discard();
    this.unblock("timeout");
    this.#server.watches.unwatch(this);
    this.#server.tracking.leave(this);
    this.#server.replication.leave(this);
    this.#server.clients.remove(this);
    this.#connection.close();
    this.#diverted?.();
    this.#feed?.ended(this.#isBroken);
  }

  reset(): void {
    this.discardTransaction();
    this.#server.tracking.disable(this);
    this.select(0);
    this.name = "";
    this.account = this.#server.acl.defaultUser;
    this.noEvict = this.noTouch = this.isMonitor = false;
    this.replyMode = "on";
    this.readsFromReplica = false;
    this.#asking = 0;
    this.#server.monitors.delete(this);
    this.#server.pubsub.unsubscribeAll(this);
    this.authenticated = !this.#server.acl.requiresLogin;
    this.protocol = 2;
  }

  describe(): string {
    return clientLine(this, this.#server);
  }
}
