/**
 * How a replica takes its primary's place, and how primaries vote about that.
 *
 *     primary has failed ──► wait 0.5 s, by chance a little more, and longer the further behind ──► ask for votes
 *         ──► most primaries vote for it ──► take the slots under the election's epoch, tell everybody
 *
 * A primary votes at most once in an epoch, and writes that down before it votes. An operator may start the same while
 * the primary works: it pauses writes and tells how long its stream is, and when the replica has all of it the election
 * begins at once (CLUSTER FAILOVER); or without asking the primary (FORCE), or anybody (TAKEOVER).
 *
 * Replicas also move from primaries that have several to ones that have none.
 *
 * @module
 */

import { SLOTS } from "../../storage/memory/key_slot.ts";
import type { Health } from "./health.ts";
import { Mark, type Packet, PacketType } from "./messages.ts";
import type { Member } from "./member.ts";
import { type BusLink, type ClusterNode, hasSlot, NodeFlag } from "./node.ts";

/** An election begins so long after a failure, and up to as much again by chance, in ms. */
const ELECTION_DELAY_MS = 500;
/** A replica waits so much longer for each of its siblings that has more data. */
const RANK_DELAY_MS = 1000;
const LEAST_ELECTION_MS = 2000;
/** How long an operator's failover may take at the replica; the primary waits for twice as long. */
const MANUAL_MS = 5000;
const PAUSE_FACTOR = 2;
/** How long a primary must have been without replicas before one moves to it. */
const MIGRATION_DELAY_MS = 5000;

/** A failover that an operator has asked for; on both sides. */
interface ManualFailover {
  readonly until: number;
  /** Whether the replica need not wait for the primary any more. */
  mayStart: boolean;
  /** At the primary: who is to take its place. */
  readonly replica: ClusterNode | undefined;
  /** How long the primary's stream is since it paused writes. */
  primaryOffset: number | undefined;
}

/** The attempt of a replica to be elected. */
interface Election {
  /** When votes are asked for. */
  at: number;
  rank: number;
  isAsked: boolean;
  epoch: number;
  votes: number;
}

/** One node's part in failovers. */
export class Failover {
  readonly #member: Member;
  readonly #health: Health;
  #manual: ManualFailover | undefined;
  #election: Election | undefined;

  constructor(member: Member, health: Health) {
    this.#member = member;
    this.#health = health;
  }

  /** The replica for which this primary has paused writes: it is pinged all the time. */
  get pausedFor(): ClusterNode | undefined {
    return this.#manual?.replica;
  }

  // --- regular work -------------------------------------------------------------------------------------------

  /** What is due; called ten times a second. */
  tick(): void {
    if (this.#manual !== undefined && this.#manual.until < this.#member.host.now()) {
      this.#member.host.log("warning", "Manual failover timed out.");
      this.endManual();
    }
    if (!this.#member.myself.isReplica) return;
    this.#compareOffsets();
    this.proceed();
    this.#considerMigration();
  }

  /** Goes on with an election, or begins one. */
  proceed(): void {
    const { host, myself, topology } = this.#member;
    const { primary } = myself;
    const isManual = this.#manual?.mayStart ?? false;
    if (!myself.isReplica || primary === undefined || primary.slotCount === 0) return;
    if (!isManual && (!primary.isFailed || host.values.clusterReplicaNoFailover)) return;
    if (!isManual && this.#isTooOld()) return;

    const now = host.now();
    const patience = Math.max(host.values.clusterNodeTimeout * 2, LEAST_ELECTION_MS);
    const election = this.#election;
    if (election === undefined || now - election.at > patience * 2) {
      this.#schedule(now);
      return;
    }
    if (!election.isAsked && this.#manual === undefined) this.#updateRank(election);
    if (now < election.at || now - election.at > patience) return;
    if (!election.isAsked) {
      election.epoch = ++topology.currentEpoch;
      election.isAsked = true;
      host.log("notice", `Starting a failover election for epoch ${election.epoch}.`);
      this.#member.save();
      const marks = this.#manual === undefined ? 0 : Mark.forced;
      const packet = this.#member.compose(PacketType.voteRequest, undefined, marks);
      this.#member.broadcast(PacketType.voteRequest, packet);
      return;
    }
    if (election.votes < this.#health.quorum) return;
    host.log("notice", "Failover election won: I'm the new master.");
    myself.configEpoch = Math.max(myself.configEpoch, election.epoch);
    this.#takePlace();
  }

  /** Whether the data are too old to become the primary's. */
  #isTooOld(): boolean {
    const { values, replication, now } = this.#member.host;
    const factor = values.clusterReplicaValidityFactor;
    if (factor === 0) return false;
    const timeout = values.clusterNodeTimeout;
    let age = now() - replication.heardAt;
    if (age > timeout) age -= timeout;
    return age > values.replPingReplicaPeriod * 1000 + timeout * factor;
  }

  #schedule(now: number): void {
    const { host, myself } = this.#member;
    const rank = this.#manual === undefined ? this.#rank() : 0;
    const delay = this.#manual === undefined
      ? ELECTION_DELAY_MS + Math.floor(host.random() * ELECTION_DELAY_MS) + rank * RANK_DELAY_MS
      : 0;
    this.#election = { at: now + delay, rank, isAsked: false, epoch: 0, votes: 0 };
    const { offset } = host.replication;
    host.log(
      "notice",
      `Start of election delayed for ${delay} milliseconds (rank #${rank}, offset ${offset}).`,
    );
    // Siblings compare their offsets with ours.
    const { primary } = myself;
    this.#member.broadcastPong((node) => node.isReplica && node.primary === primary);
    if (delay === 0) this.proceed();
  }

  /** How many siblings have more data. */
  #rank(): number {
    const { host, myself } = this.#member;
    const { offset } = host.replication;
    const siblings = myself.primary?.replicas ?? [];
    return siblings.filter((node) =>
      node !== myself && !node.has(NodeFlag.noFailover) && node.replicationOffset > offset
    ).length;
  }

  #updateRank(election: Election): void {
    const rank = this.#rank();
    if (rank <= election.rank) return;
    election.at += (rank - election.rank) * RANK_DELAY_MS;
    election.rank = rank;
  }

  /** Becomes the primary of the slots that its primary had. */
  #takePlace(): void {
    const member = this.#member;
    const { host, myself, topology } = member;
    const { primary } = myself;
    if (primary === undefined) return;
    topology.promote(myself);
    host.replication.promote();
    for (let slot = 0; slot < SLOTS; slot++) {
      if (!hasSlot(primary.slots, slot)) continue;
      topology.unassign(slot);
      topology.assign(slot, myself);
    }
    this.#election = undefined;
    this.#health.judge();
    member.save();
    member.broadcastPong();
    this.endManual();
  }

  // --- votes --------------------------------------------------------------------------------------------------

  /** A replica asks for a vote. */
  voteRequested(by: ClusterNode, { header }: Packet): void {
    const { host, myself, topology } = this.#member;
    if (myself.isReplica || myself.slotCount === 0) return;
    const refusal = this.#whyNot(by, header);
    if (refusal !== undefined) {
      host.log("warning", `Failover auth denied to ${by.id}: ${refusal}`);
      return;
    }
    topology.lastVoteEpoch = topology.currentEpoch;
    if (by.primary !== undefined) by.primary.votedAt = host.now();
    // Whoever forgets a vote might give another one.
    this.#member.save();
    this.#member.sendTo(by, PacketType.vote);
    host.log("notice", `Failover auth granted to ${by.id} for epoch ${topology.currentEpoch}`);
  }

  #whyNot(by: ClusterNode, header: Packet["header"]): string | undefined {
    const { host, topology } = this.#member;
    const { primary } = by;
    if (header.currentEpoch < topology.currentEpoch) {
      return `reqEpoch (${header.currentEpoch}) < curEpoch(${topology.currentEpoch})`;
    }
    if (topology.lastVoteEpoch === topology.currentEpoch) {
      return `already voted for epoch ${topology.currentEpoch}`;
    }
    if (by.isPrimary) return "it is a master node";
    if (primary === undefined) return "I don't know its master";
    if (!primary.isFailed && (header.marks & Mark.forced) === 0) return "its master is up";
    const left = primary.votedAt + host.values.clusterNodeTimeout * 2 - host.now();
    if (left > 0) return `can't vote about this master before ${left} milliseconds`;
    for (let slot = 0; slot < SLOTS; slot++) {
      if (!hasSlot(header.slots, slot) || topology.isUnclaimed(slot)) continue;
      const epoch = topology.owners[slot]?.configEpoch ?? 0;
      if (epoch <= header.configEpoch) continue;
      return `slot ${slot} epoch (${epoch}) > reqEpoch (${header.configEpoch})`;
    }
    return undefined;
  }

  /** A primary has voted for this node. */
  voteReceived(by: ClusterNode, { header }: Packet): void {
    const election = this.#election;
    if (election === undefined || !election.isAsked) return;
    if (!by.isPrimary || by.slotCount === 0 || header.currentEpoch < election.epoch) return;
    election.votes++;
    this.proceed();
  }

  // --- operators ----------------------------------------------------------------------------------------------

  /** CLUSTER FAILOVER, at a replica whose primary is known. */
  startManual(how: "agreed" | "force" | "takeover"): void {
    const member = this.#member;
    const { host, myself, topology } = member;
    this.endManual();
    this.#election = undefined;
    if (how === "takeover") {
      host.log("notice", "Taking over the master (user request).");
      topology.bumpEpoch();
      this.#takePlace();
      return;
    }
    this.#manual = {
      until: host.now() + MANUAL_MS,
      mayStart: how === "force",
      replica: undefined,
      primaryOffset: undefined,
    };
    host.log("notice", "Manual failover user request accepted.");
    if (how === "force") this.proceed();
    else if (myself.primary !== undefined) {
      member.sendTo(myself.primary, PacketType.failoverStart);
    }
  }

  /** A replica of this primary wants to take its place. */
  requested(by: ClusterNode, link: BusLink): void {
    const member = this.#member;
    const { host, myself } = member;
    if (by.primary !== myself) return;
    this.endManual();
    this.#manual = {
      until: host.now() + MANUAL_MS * PAUSE_FACTOR,
      mayStart: false,
      replica: by,
      primaryOffset: undefined,
    };
    member.isPaused = true;
    host.pauseWrites(true);
    host.log("warning", `Manual failover requested by replica ${by.id}.`);
    // It tells how long the stream is now that nobody writes.
    member.ping(link, PacketType.ping);
  }

  /** The primary has said how long its stream is, writes being paused. */
  offsetTold(offset: number): void {
    const manual = this.#manual;
    if (manual === undefined || manual.replica !== undefined) return;
    if (manual.primaryOffset !== undefined) return;
    manual.primaryOffset = offset;
    this.#compareOffsets();
  }

  #compareOffsets(): void {
    const manual = this.#manual;
    if (manual === undefined || manual.mayStart || manual.primaryOffset === undefined) return;
    if (manual.primaryOffset !== this.#member.host.replication.offset) return;
    this.#member.host.log("notice", "All master replication stream processed, failover can start.");
    manual.mayStart = true;
    this.proceed();
  }

  /** Ends an operator's failover, whatever has become of it. */
  endManual(): void {
    const manual = this.#manual;
    this.#manual = undefined;
    if (manual?.replica === undefined) return;
    this.#member.isPaused = false;
    this.#member.host.pauseWrites(false);
  }

  // --- migration ----------------------------------------------------------------------------------------------

  /** Moves this replica to a primary that has none, if its own has the most and others do not move first. */
  #considerMigration(): void {
    const member = this.#member;
    const { host, myself, topology } = member;
    const { values } = host;
    const { primary } = myself;
    if (!values.clusterAllowReplicaMigration || primary === undefined || member.isFailing) return;
    const primaries = [...topology.nodes.values()].filter((node) => node.isPrimary);
    const working = primaries.filter((node) => !node.isFailed);
    const most = Math.max(0, ...working.map(({ workingReplicas }) => workingReplicas));
    const now = host.now();
    let target: ClusterNode | undefined;
    for (const node of primaries) {
      const isOrphaned = !node.isFailed && node.has(NodeFlag.wantsReplicas) &&
        node.workingReplicas === 0 && node.slotCount > 0;
      if (!isOrphaned) node.orphanedAt = 0;
      else {
        if (node.orphanedAt === 0) node.orphanedAt = now;
        target ??= node;
      }
    }
    if (target === undefined || most < 2 || primary.workingReplicas !== most) return;
    const reachable = primary.replicas.filter((node) => !node.isSuspect).length;
    if (reachable <= values.clusterMigrationBarrier) return;
    const candidates = working.filter(({ workingReplicas }) => workingReplicas === most)
      .flatMap(({ replicas }) => replicas);
    if (candidates.some(({ id }) => id < myself.id)) return;
    if (now - target.orphanedAt <= MIGRATION_DELAY_MS) return;
    host.log("notice", `Migrating to orphaned master ${target.id}`);
    member.follow(target);
    member.changed({ state: true, save: true });
  }
}
