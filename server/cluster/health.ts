/**
 * Who has failed, and whether the cluster as a whole works.
 *
 * A node that leaves a ping unanswered for the node timeout *may have failed*. When most of the primaries that serve
 * slots say the same of it (their gossip does) it *has failed*, and everybody is told. The cluster works while all slots
 * are served by nodes that have not failed, and most of their primaries can be reached.
 *
 * @module
 */

import { SLOTS } from "../../storage/memory/key_slot.ts";
import { PacketType } from "./messages.ts";
import type { Member } from "./member.ts";
import { type ClusterNode, NodeFlag } from "./node.ts";

/** Reports of failures, and failures themselves, are old after so many node timeouts. */
const OLD_AFTER = 2;
/** A primary serves nobody for so long after its start: others may know better who serves its slots. */
const START_MS = 2000;
/** After it could not reach most others it waits for the node timeout, but within these bounds. */
const LEAST_REJOIN_MS = 500;
const MOST_REJOIN_MS = 5000;

/** One node's judgement. */
export class Health {
  /** How many primaries serve slots. */
  size = 1;
  readonly #member: Member;
  #firstJudgedAt: number | undefined;
  #minorityAt = -Infinity;

  constructor(member: Member) {
    this.#member = member;
    member.onStateDue = () => this.judge();
  }

  get quorum(): number {
    return Math.floor(this.size / 2) + 1;
  }

  // --- reports ------------------------------------------------------------------------------------------------

  /** Notes that a primary cannot reach a node; it may be that most cannot now. */
  report(node: ClusterNode, by: ClusterNode): void {
    if (!node.failureReports.has(by)) {
      this.#member.host.log(
        "verbose",
        `Node ${by.name} reported node ${node.name} as not reachable.`,
      );
    }
    node.failureReports.set(by, this.#member.host.now());
    this.failIfAgreed(node);
  }

  /** Notes that a primary can reach a node (again). */
  withdraw(node: ClusterNode, by: ClusterNode): void {
    if (!node.failureReports.delete(by)) return;
    this.#member.host.log("verbose", `Node ${by.name} reported node ${node.name} is back online.`);
  }

  /** How many primaries have lately said that they cannot reach a node. */
  reports(node: ClusterNode): number {
    const { host } = this.#member;
    const oldest = host.now() - host.values.clusterNodeTimeout * OLD_AFTER;
    for (const [by, at] of node.failureReports) if (at < oldest) node.failureReports.delete(by);
    return node.failureReports.size;
  }

  // --- failures -----------------------------------------------------------------------------------------------

  /** Marks a node that we cannot reach as failed if most primaries agree, and tells everybody. */
  failIfAgreed(node: ClusterNode): void {
    const member = this.#member;
    if (!node.has(NodeFlag.maybeFailed) || node.isFailed) return;
    const voices = this.reports(node) + (member.myself.isPrimary ? 1 : 0);
    if (voices < this.quorum) return;
    member.host.log("notice", `Marking node ${node.name} as failing (quorum reached).`);
    this.markFailed(node);
    member.broadcast(PacketType.fail, member.compose(PacketType.fail, { failed: node.id }));
  }

  /** Believes that a node has failed. */
  markFailed(node: ClusterNode): void {
    node.flags = (node.flags & ~NodeFlag.maybeFailed) | NodeFlag.failed;
    node.failedAt = this.#member.host.now();
    this.#member.changed({ state: true, save: true });
  }

  /** A node has answered that was thought to have failed. */
  answered(node: ClusterNode): void {
    const member = this.#member;
    if (node.has(NodeFlag.maybeFailed)) {
      node.flags &= ~NodeFlag.maybeFailed;
      member.changed({ state: true, save: true });
    } else if (node.isFailed && this.#mayRecover(node)) {
      member.host.log("notice", `Clear FAIL state for node ${node.id}: it is reachable again.`);
      node.flags &= ~NodeFlag.failed;
      member.changed({ state: true, save: true });
    }
  }

  /** Of a primary with slots somebody may be about to take the place. */
  #mayRecover(node: ClusterNode): boolean {
    if (node.isReplica || node.slotCount === 0) return true;
    const { host } = this.#member;
    return host.now() - node.failedAt > host.values.clusterNodeTimeout * OLD_AFTER;
  }

  // --- the cluster --------------------------------------------------------------------------------------------

  /** Judges whether the cluster works. O(slots). */
  judge(): void {
    const member = this.#member;
    const { host, myself, topology } = member;
    const now = host.now();
    this.#firstJudgedAt ??= now;
    let reachable = 0;
    this.size = 0;
    for (const node of topology.nodes.values()) {
      if (!node.isPrimary || node.slotCount === 0) continue;
      this.size++;
      if (!node.isSuspect) reachable++;
    }
    if (myself.isPrimary && member.isFailing && now - this.#firstJudgedAt < START_MS) return;

    const isMinority = reachable < this.quorum;
    if (isMinority) this.#minorityAt = now;
    const isFailing = isMinority || !this.#isCovered();
    if (isFailing === member.isFailing) return;
    const patience = Math.min(
      Math.max(host.values.clusterNodeTimeout, LEAST_REJOIN_MS),
      MOST_REJOIN_MS,
    );
    if (!isFailing && myself.isPrimary && now - this.#minorityAt < patience) return;
    host.log(
      isFailing ? "warning" : "notice",
      `Cluster state changed: ${isFailing ? "fail" : "ok"}`,
    );
    member.isFailing = isFailing;
  }

  /** Whether all slots are served, where that is asked for. */
  #isCovered(): boolean {
    const { host, topology } = this.#member;
    if (!host.values.clusterRequireFullCoverage) return true;
    for (let slot = 0; slot < SLOTS; slot++) {
      const owner = topology.owners[slot];
      if (owner === undefined || owner.isFailed) return false;
    }
    return true;
  }
}
