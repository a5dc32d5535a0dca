/**
 * The primary's part in replication: hands its data and then its effects to replicas.
 *
 * A replica asks with SYNC or PSYNC. If it knows the history and the backlog reaches back to where it stopped, it goes
 * on from there. Else it gets a snapshot and the stream from the snapshot's moment on:
 *
 *     waiting ──► sending ──► online        PSYNC that can go on ──► online
 *
 * Replicas that wait at the same time share one snapshot. Nobody waits for a replica: each reads the stream at its own
 * pace from the blocks that all share (./stream.ts), and one that falls too far behind is closed by its output limit.
 *
 * The stream is fed by the {@link EffectStream} from the first replica on until there has been none for
 * `repl-backlog-ttl`. Before and after that effects cost nothing, and nobody can tell what has happened: the next
 * backlog begins under a new id.
 *
 * A server that is a replica itself has this part, too. Its stream is its primary's (./replica_role.ts): it adds nothing
 * of its own, and keeps the backlog for the day on which it is promoted.
 *
 * @module
 */

import type { Announcement, ReplicaFacts, ReplicationApi } from "../commands/context.ts";
import { Args, encodeLatin1 } from "../server/resp/args.ts";
import { Audience, type EffectStream, NO_DATABASE } from "./effects.ts";
import { Replica, type ReplicaLink } from "./replica_link.ts";
import { ReplicationStream } from "./stream.ts";

/** Hexadecimal digits of an id, and of the mark at a snapshot's end. */
const ID_LENGTH = 40;

/** The directives that matter here. */
interface PrimaryConfig {
  readonly minReplicasMaxLag: number;
  readonly minReplicasToWrite: number;
  readonly replBacklogSize: number;
  readonly replBacklogTtl: number;
  readonly replDisklessSync: boolean;
  readonly replDisklessSyncDelay: number;
  readonly replDisklessSyncMaxReplicas: number;
  readonly replPingReplicaPeriod: number;
  readonly replTimeout: number;
}

/** What a snapshot for replicas holds. */
export interface SnapshotRequest {
  readonly includesKeys: boolean;
  readonly includesFunctions: boolean;
  /** Whether it tells when single fields of hashes expire, in a version of RDB that Redis 7.0 cannot read. */
  readonly includesFieldTimes: boolean;
  /** The state of the stream at its moment. */
  readonly stream: ReplicationStream;
}

/** What a primary needs of its server. */
export interface PrimaryHost {
  readonly config: { readonly values: PrimaryConfig };
  readonly effects: EffectStream;
  /** The client whose commands run now. */
  readonly currentSession: { writeOffset: number } | undefined;
  /** Unix time in ms. */
  readonly now: () => number;
  /** So many random hexadecimal digits. */
  randomHex(digits: number): string;
  /** All data as it is when this returns, in RDB that the oldest replica can read. */
  snapshot(request: SnapshotRequest): ReadableStream<Uint8Array>;
  /** Some replica has acknowledged something: clients may wait for it. */
  acknowledged(): void;
  /** What the server is itself: nobody's replica, or one that has a link to its primary, or has none. */
  readonly upstream: "none" | "up" | "down";
  /** Whether a failover is being prepared: nothing but effects may get into the stream. */
  readonly isFailingOver: boolean;
  /** Makes the server a primary, as the one that it follows wants it. */
  promote(): void;
  log(level: "notice" | "warning", message: string): void;
}

/** A refusal of SYNC or PSYNC, with its code. */
export const SyncRefusal = {
  pendingOutput: "ERR SYNC and PSYNC are invalid with pending output",
  failoverOfPrimary: "ERR PSYNC FAILOVER can't be sent to a master.",
  failoverOfAnother: "ERR PSYNC FAILOVER replid must match my replid.",
  failingOver: "NOMASTERLINK Can't SYNC while failing over",
  noLink: "NOMASTERLINK Can't SYNC while not connected with my master",
  filterNeedsMark: "ERR Filtered replica requires EOF capability",
} as const;

/** One server as a primary. */
export class Primary implements ReplicationApi {
  readonly stream: ReplicationStream;
  /** How many full and partial syncs there have been, and how many partial ones were asked for in vain. */
  fullSyncs = 0;
  partialSyncs = 0;
  failedPartialSyncs = 0;
  readonly #host: PrimaryHost;
  readonly #replicas = new Set<Replica>();
  /** What clients have said of themselves before they ask for anything. */
  readonly #announced = new WeakMap<ReplicaLink, Announcement>();
  /** To replicas that have gone. */
  #sentBytes = 0;
  #stopListening: (() => void) | undefined;
  /** When the last replica went, Unix time in ms. */
  #aloneSince = 0;
  /** How long there have been replicas, in ticks. */
  #seconds = 0;
  #isDue = false;
  #wantsAcks = false;
  readonly #flush = () => this.#sendAll();

  constructor(host: PrimaryHost) {
    this.#host = host;
    this.stream = new ReplicationStream(
      host.randomHex(ID_LENGTH),
      () => host.config.values.replBacklogSize,
    );
  }

  // --- what others ask ----------------------------------------------------------------------------------------

  get offset(): number {
    return this.stream.offset;
  }

  /** Every client that is a replica, in the order in which they came. */
  get links(): Iterable<Replica> {
    return this.#replicas;
  }

  get replicaCount(): number {
    return this.#replicas.size;
  }

  get replicas(): readonly ReplicaFacts[] {
    return [...this.#replicas]
      .filter(({ state }) => state === "online")
      .map(({ address, port, ackOffset }) => ({ address, port, offset: ackOffset }));
  }

  /** How many replicas have acknowledged within `min-replicas-max-lag` seconds. */
  get goodReplicas(): number {
    const now = this.#host.now();
    const { minReplicasMaxLag } = this.#host.config.values;
    let count = 0;
    for (const replica of this.#replicas) {
      if (replica.state === "online" && replica.lagSeconds(now) <= minReplicasMaxLag) count++;
    }
    return count;
  }

  get lacksReplicas(): boolean {
    const { minReplicasMaxLag, minReplicasToWrite } = this.#host.config.values;
    return this.#host.upstream === "none" && minReplicasToWrite > 0 && minReplicasMaxLag > 0 &&
      this.goodReplicas < minReplicasToWrite;
  }

  acknowledgedBy(offset: number): number {
    let count = 0;
    for (const replica of this.#replicas) {
      if (replica.state === "online" && replica.ackOffset >= offset) count++;
    }
    return count;
  }

  writtenToDiskBy(offset: number): number {
    let count = 0;
    for (const replica of this.#replicas) {
      if (replica.state === "online" && replica.diskOffset >= offset) count++;
    }
    return count;
  }

  requestAcknowledgements(): void {
    this.#wantsAcks = this.#replicas.size > 0;
    if (this.#wantsAcks) this.#schedule();
  }

  /** Bytes of the stream that are kept: for the backlog, and for replicas that are behind it. O(replicas). */
  get bufferedBytes(): number {
    let start = this.stream.backlogStart;
    for (const { offset } of this.#replicas) start = Math.min(start, offset ?? start);
    return this.stream.offset - start;
  }

  /** Bytes that replicas have been sent. O(replicas). */
  get sentBytes(): number {
    let bytes = this.#sentBytes;
    for (const { sentBytes } of this.#replicas) bytes += sentBytes;
    return bytes;
  }

  resetCounts(): void {
    this.fullSyncs = this.partialSyncs = this.failedPartialSyncs = 0;
  }

  replicate(request: Args): void {
    if (this.#stopListening !== undefined) this.#feed(NO_DATABASE, request);
  }

  changeId(): void {
    this.stream.id = this.#host.randomHex(ID_LENGTH);
  }

  // --- what replicas say --------------------------------------------------------------------------------------

  announcement(link: ReplicaLink): Announcement {
    let said = this.#announced.get(link);
    if (said === undefined) {
      said = {
        port: 0,
        address: undefined,
        understandsMark: false,
        understandsNewIds: false,
        understandsFieldTimes: false,
        onlySnapshot: false,
        onlyFunctions: undefined,
      };
      this.#announced.set(link, said);
    }
    return said;
  }

  acknowledge(link: ReplicaLink, offset: number, diskOffset?: number): void {
    const { replica } = link;
    if (replica === undefined) return;
    replica.ackOffset = Math.max(replica.ackOffset, offset);
    if (diskOffset !== undefined) replica.diskOffset = Math.max(replica.diskOffset, diskOffset);
    if (replica.state === "online" && replica.waitsForAck) {
      replica.waitsForAck = false;
      this.#schedule();
    }
    this.#host.acknowledged();
  }

  sync(
    link: ReplicaLink,
    from?: { id: string; offset: number; isFailover: boolean },
  ): string | undefined {
    if (link.replica !== undefined || link.isMonitor) return undefined;
    const host = this.#host;
    if (from?.isFailover) {
      if (host.upstream === "none") return SyncRefusal.failoverOfPrimary;
      if (from.id.toLowerCase() !== this.stream.id) return SyncRefusal.failoverOfAnother;
      host.log("notice", "Failover request received: this server is the primary from now on");
      host.promote();
    }
    if (host.isFailingOver) return SyncRefusal.failingOver;
    if (host.upstream === "down") return SyncRefusal.noLink;
    if (link.output.pending > 0) return SyncRefusal.pendingOutput;
    const said = this.announcement(link);
    if (said.onlyFunctions !== undefined && !said.understandsMark) {
      return SyncRefusal.filterNeedsMark;
    }
    const replica = new Replica(link, said, from === undefined);
    this.#host.log("notice", `Replica ${replica.name} asks for synchronization`);
    if (from !== undefined && this.#goOn(replica, from)) return undefined;

    this.fullSyncs++;
    this.#add(replica);
    const { replDisklessSync, replDisklessSyncDelay } = this.#host.config.values;
    const mayCome = replDisklessSync && said.understandsMark && replDisklessSyncDelay > 0;
    replica.waitsUntil = mayCome ? this.#host.now() + replDisklessSyncDelay * 1000 : 0;
    this.#startSync();
    return undefined;
  }

  /** Lets a replica go on where it stopped; false if that cannot be. */
  #goOn(replica: Replica, { id, offset }: { id: string; offset: number }): boolean {
    const { stream } = this;
    const isKnown = stream.includes(id.toLowerCase(), offset - 1);
    if (!isKnown || !stream.reaches(offset - 1)) {
      if (id !== "?") {
        this.failedPartialSyncs++;
        const why = isKnown ? "the backlog does not reach so far" : "unknown id";
        this.#host.log("notice", `Replica ${replica.name} cannot go on from ${offset}: ${why}`);
      }
      return false;
    }
    this.partialSyncs++;
    this.#add(replica);
    const newId = replica.said.understandsNewIds ? ` ${stream.id}` : "";
    replica.link.push(encodeLatin1(`+CONTINUE${newId}\r\n`));
    replica.reader = stream.readFrom(offset - 1);
    replica.heard(this.#host.now());
    replica.state = "online";
    this.#host.log("notice", `Replica ${replica.name} goes on from ${offset}`);
    this.#schedule();
    return true;
  }

  #add(replica: Replica): void {
    replica.link.replica = replica;
    if (this.#replicas.size === 0) this.#seconds = 0;
    this.#replicas.add(replica);
    if (this.stream.isOpen) return;
    this.stream.open(this.#host.randomHex(ID_LENGTH));
    this.compose();
  }

  /** Lets the effects be the stream from now on, if there is one. */
  compose(): void {
    this.#aloneSince = this.#host.now();
    if (!this.stream.isOpen || this.#stopListening !== undefined) return;
    this.#stopListening = this.#host.effects.listen((database, args, audience) => {
      if ((audience & Audience.replicas) !== 0) this.#feed(database, args);
    });
  }

  /** Lets the stream be another server's. */
  stopComposing(): void {
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  /** Something of another server's stream has been added to this one's. */
  relayed(): void {
    if (this.#replicas.size > 0) this.#schedule();
  }

  /** Closes the connections of all replicas, which will come back. */
  disconnectAll(): void {
    for (const { link } of [...this.#replicas]) link.close();
  }

  /** Forgets a client that has gone. */
  leave(link: ReplicaLink): void {
    const { replica } = link;
    if (replica === undefined || !this.#replicas.delete(replica)) return;
    this.#sentBytes += replica.sentBytes;
    if (this.#replicas.size === 0) this.#aloneSince = this.#host.now();
    this.#host.log("notice", `Replica ${replica.name} has gone`);
  }

  // --- snapshots ----------------------------------------------------------------------------------------------

  /** Takes a snapshot for all replicas that wait, if one of them has waited long enough. */
  #startSync(): void {
    const waiting = [...this.#replicas].filter(({ state }) => state === "waiting");
    const now = this.#host.now();
    const { replDisklessSyncMaxReplicas } = this.#host.config.values;
    const areEnough = replDisklessSyncMaxReplicas > 0 &&
      waiting.length >= replDisklessSyncMaxReplicas;
    if (!areEnough && !waiting.some(({ waitsUntil }) => now >= waitsUntil)) return;

    // They share it who want the same.
    const groups = Map.groupBy(
      waiting,
      ({ said }) => `${said.onlyFunctions} ${said.understandsFieldTimes}`,
    );
    for (const replicas of groups.values()) this.#sendSnapshot(replicas);
  }

  /** Sends a snapshot to replicas that want the same. */
  #sendSnapshot(replicas: readonly Replica[]): void {
    const { stream } = this;
    const { onlyFunctions, understandsFieldTimes } = replicas[0].said;
    // Who begins here has no database selected.
    stream.forgetDatabase();
    const snapshot = this.#host.snapshot({
      includesKeys: onlyFunctions === undefined,
      includesFunctions: onlyFunctions !== false,
      includesFieldTimes: understandsFieldTimes,
      stream,
    });
    for (const replica of replicas) {
      replica.reader = stream.readFrom(stream.offset);
      replica.state = this.#isMarked(replica) ? "sending" : "gathering";
      replica.heard(this.#host.now());
      if (replica.isOld) continue;
      replica.link.push(encodeLatin1(`+FULLRESYNC ${stream.id} ${stream.offset}\r\n`));
    }
    this.#send(snapshot, replicas).catch((error) => {
      this.#host.log("warning", `A snapshot for replicas was not sent: ${error}`);
      for (const replica of replicas) replica.link.close();
    });
  }

  /** Whether its snapshot ends with a mark, so that nothing of it must be kept. */
  #isMarked({ said }: Replica): boolean {
    const { replDisklessSync } = this.#host.config.values;
    return said.understandsMark && (replDisklessSync || said.onlyFunctions !== undefined);
  }

  async #send(snapshot: ReadableStream<Uint8Array>, replicas: readonly Replica[]): Promise<void> {
    // The command that asked for it may still be running.
    await Promise.resolve();
    const { marked = [], counted = [] } = Object.groupBy(
      replicas,
      ({ state }) => state === "sending" ? "marked" : "counted",
    );
    const mark = encodeLatin1(this.#host.randomHex(ID_LENGTH));
    const now = this.#host.now;
    // Who does not know the mark must be told the length before all else.
    const gathered: Uint8Array[] = [];
    await writeAll(marked, [encodeLatin1("$EOF:"), mark, encodeLatin1("\r\n")], now);
    for await (const chunk of snapshot) {
      if (counted.length > 0) gathered.push(chunk);
      await writeAll(marked, [chunk], now);
      if (replicas.every(({ link }) => link.isClosed)) return;
    }
    await writeAll(marked, [mark], now);
    for (const replica of marked) this.#goOnline(replica, true);

    const length = gathered.reduce((sum, chunk) => sum + chunk.length, 0);
    for (const replica of counted) replica.state = "sending";
    await writeAll(counted, [encodeLatin1(`$${length}\r\n`)], now);
    for (const chunk of gathered) await writeAll(counted, [chunk], now);
    for (const replica of counted) this.#goOnline(replica, false);
  }

  #goOnline(replica: Replica, waitsForAck: boolean): void {
    if (replica.link.isClosed) return;
    if (replica.said.onlySnapshot) {
      this.#host.log("notice", `${replica.name} has the snapshot that it wanted`);
      replica.link.close();
      return;
    }
    // A Redis that keeps the snapshot in a file looks for the mark at the end of what it has just read: nothing must
    // follow it before its first sign of life.
    replica.waitsForAck = waitsForAck;
    replica.heard(this.#host.now());
    replica.state = "online";
    this.#host.log("notice", `Replica ${replica.name} has the data`);
    replica.send();
  }

  // --- the stream ---------------------------------------------------------------------------------------------

  /**
   * Counts an effect that the append-only file keeps before there are replicas: those that come later have to say that
   * it is on their disks, too.
   */
  countUnsent(): void {
    if (this.stream.isOpen || this.#host.upstream !== "none") return;
    this.stream.pass();
    this.#noteWriter();
  }

  /** What the client at hand waits for with WAIT and WAITAOF is up to here. */
  #noteWriter(): void {
    const { currentSession } = this.#host;
    if (currentSession !== undefined) currentSession.writeOffset = this.stream.offset;
  }

  #feed(database: number, args: Args): void {
    this.stream.add(database, args);
    this.#noteWriter();
    if (this.#replicas.size > 0) this.#schedule();
  }

  /** Sends what there is when the JavaScript at hand is over. */
  #schedule(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(this.#flush);
  }

  #sendAll(): void {
    this.#isDue = false;
    if (this.#wantsAcks && !this.#host.isFailingOver) {
      this.#wantsAcks = false;
      this.stream.add(NO_DATABASE, Args.of("REPLCONF", "GETACK", "*"));
    }
    for (const replica of this.#replicas) {
      replica.send();
      replica.link.checkOutputLimit();
    }
  }

  /** What is to be done once a second. */
  tick(): void {
    const { replBacklogTtl, replPingReplicaPeriod, replTimeout } = this.#host.config.values;
    const now = this.#host.now();
    const isComposing = this.#stopListening !== undefined;
    if (this.#replicas.size === 0) {
      if (isComposing && replBacklogTtl > 0 && now - this.#aloneSince > replBacklogTtl * 1000) {
        this.#close();
      }
      return;
    }
    const isDue = ++this.#seconds % replPingReplicaPeriod === 0;
    if (isDue && isComposing && !this.#host.isFailingOver) {
      this.#feed(NO_DATABASE, Args.of("PING"));
    }
    for (const replica of [...this.#replicas]) {
      if (replica.isExpectant) {
        replica.link.push(KEEP_ALIVE);
      } else if (replica.isSilent(now, replTimeout * 1000)) {
        this.#host.log(
          "warning",
          `Replica ${replica.name} is closed: it has been silent for too long`,
        );
        replica.link.close();
      }
    }
    this.#startSync();
  }

  /** Gives the backlog up. */
  #close(): void {
    this.stopComposing();
    // What happens from now on nobody counts.
    this.stream.close(this.#host.randomHex(ID_LENGTH));
    this.#host.log(
      "notice",
      "The replication backlog is given up: there has been no replica for long",
    );
  }
}

/** What a replica reads over while it waits. */
const KEEP_ALIVE = encodeLatin1("\n");

/** Writes bytes to all, and waits until all have taken them or have gone. */
async function writeAll(
  replicas: readonly Replica[],
  parts: readonly Uint8Array[],
  now: () => number,
): Promise<void> {
  await Promise.all(replicas.map(async (replica) => {
    for (const bytes of parts) replica.write(bytes);
    await replica.link.output.drained();
    replica.heard(now());
  }));
}
