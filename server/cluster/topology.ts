/**
 * The map of the cluster: its nodes, who serves which slot, who replicates whom, and the epochs that decide when two
 * disagree.
 *
 * Invariants: {@link Topology.owners} and the bitmaps of the nodes say the same; a replica stands in the list of its
 * primary; only primaries serve slots; {@link Topology.currentEpoch} is never less than a node's config epoch for long.
 *
 * Knows nothing of sockets, messages or files.
 *
 * @module
 */

import { SLOTS } from "../../storage/memory/key_slot.ts";
import { ClusterNode, hasSlot, NodeFlag } from "./node.ts";

/** For how long a node that was forgotten is not to be learnt of again, in ms. */
const FORGOTTEN_MS = 60_000;

/** The map as this node has it. */
export class Topology {
  readonly nodes = new Map<string, ClusterNode>();
  readonly myself: ClusterNode;
  /** Who serves each slot. */
  readonly owners: (ClusterNode | undefined)[] = new Array(SLOTS).fill(undefined);
  /** Slots that move: to whom ours go, from whom others come. */
  readonly migratingTo = new Map<number, ClusterNode>();
  readonly importingFrom = new Map<number, ClusterNode>();
  /** Slots whose owners do not claim them any more, though nobody else does yet. */
  readonly unclaimed = new Set<number>();
  /** Ids of nodes that were forgotten, and until when (Unix time in ms). */
  readonly forgotten = new Map<string, number>();
  currentEpoch = 0;
  /** The epoch of the last election in which this node voted. */
  lastVoteEpoch = 0;
  readonly #onSlotLost: (slot: number) => void;

  /** @param onSlotLost called whenever a slot goes from its owner */
  constructor(myself: ClusterNode, onSlotLost: (slot: number) => void = () => {}) {
    this.myself = myself;
    this.#onSlotLost = onSlotLost;
    this.nodes.set(myself.id, myself);
  }

  // --- nodes --------------------------------------------------------------------------------------------------

  add(node: ClusterNode): void {
    this.nodes.set(node.id, node);
  }

  rename(node: ClusterNode, id: string): void {
    this.nodes.delete(node.id);
    node.id = id;
    this.nodes.set(id, node);
  }

  /** Takes a node out, with its slots and all that points to it; closes its links. */
  remove(node: ClusterNode): void {
    for (const [slot, from] of this.importingFrom) {
      if (from === node) this.importingFrom.delete(slot);
    }
    for (const [slot, to] of this.migratingTo) if (to === node) this.migratingTo.delete(slot);
    this.clearSlots(node);
    for (const other of this.nodes.values()) other.failureReports.delete(node);
    this.nodes.delete(node.id);
    this.#detach(node);
    for (const replica of node.replicas) replica.primary = undefined;
    node.replicas.length = 0;
    node.link?.close();
    node.inbound?.close();
  }

  forget(id: string, until: number): void {
    this.forgotten.set(id, until);
  }

  /** When a node that is forgotten now may be learnt of again. */
  forgottenUntil(now: number): number {
    return now + FORGOTTEN_MS;
  }

  isForgotten(id: string, now: number): boolean {
    for (const [each, until] of this.forgotten) if (until < now) this.forgotten.delete(each);
    return this.forgotten.has(id);
  }

  // --- roles --------------------------------------------------------------------------------------------------

  /** Makes a node a primary, without slots. */
  promote(node: ClusterNode): void {
    if (node.isPrimary) return;
    if (node.primary !== undefined) {
      this.#detach(node);
      if (node !== this.myself) node.flags |= NodeFlag.wantsReplicas;
    }
    node.flags = (node.flags & ~NodeFlag.replica) | NodeFlag.primary;
  }

  /** Makes a node no primary any more; whom it replicates is {@link attach}'s to say. */
  demote(node: ClusterNode): void {
    this.clearSlots(node);
    node.flags = (node.flags & ~(NodeFlag.primary | NodeFlag.wantsReplicas)) | NodeFlag.replica;
  }

  /** Makes a replica that of a primary. */
  attach(replica: ClusterNode, primary: ClusterNode): void {
    if (replica.primary === primary) return;
    this.#detach(replica);
    replica.primary = primary;
    replica.shardId = primary.shardId;
    primary.replicas.push(replica);
    primary.flags |= NodeFlag.wantsReplicas;
  }

  #detach(replica: ClusterNode): void {
    const { primary } = replica;
    if (primary === undefined) return;
    const at = primary.replicas.indexOf(replica);
    if (at >= 0) primary.replicas.splice(at, 1);
    if (primary.replicas.length === 0) primary.flags &= ~NodeFlag.wantsReplicas;
    replica.primary = undefined;
  }

  /** Whose slots this node speaks for: its own, or its primary's. */
  get shard(): ClusterNode {
    return this.myself.primary ?? this.myself;
  }

  get #anyReplicas(): boolean {
    for (const node of this.nodes.values()) if (node.replicas.length > 0) return true;
    return false;
  }

  // --- slots --------------------------------------------------------------------------------------------------

  /** Gives a slot that nobody serves to a node. */
  assign(slot: number, node: ClusterNode): void {
    this.owners[slot] = node;
    node.slots[slot >> 3] |= 1 << (slot & 7);
    // A primary that gets its first slot is worth having replicas, if there are any in the cluster.
    if (++node.slotCount === 1 && this.#anyReplicas) node.flags |= NodeFlag.wantsReplicas;
  }

  /** Takes a slot from whoever serves it. */
  unassign(slot: number): void {
    const owner = this.owners[slot];
    if (owner === undefined) return;
    this.#onSlotLost(slot);
    owner.slots[slot >> 3] &= ~(1 << (slot & 7));
    owner.slotCount--;
    this.owners[slot] = undefined;
    this.unclaimed.delete(slot);
  }

  /** Takes all slots from a node. */
  clearSlots(node: ClusterNode): void {
    if (node.slotCount === 0) return;
    for (let slot = 0; slot < SLOTS; slot++) if (hasSlot(node.slots, slot)) this.unassign(slot);
  }

  /** Lets no slot move any more. */
  closeSlots(): void {
    this.migratingTo.clear();
    this.importingFrom.clear();
  }

  /** Whether nobody serves a slot, or its owner says that it does not. */
  isUnclaimed(slot: number): boolean {
    return this.owners[slot] === undefined || this.unclaimed.has(slot);
  }

  /** Who serves stretches of slots, in order: all that belong to one node and lie together. O(slots). */
  *stretches(): Generator<{ first: number; last: number; owner: ClusterNode }> {
    let first = 0;
    for (let slot = 1; slot <= SLOTS; slot++) {
      const owner = this.owners[first];
      if (slot < SLOTS && this.owners[slot] === owner) continue;
      if (owner !== undefined) yield { first, last: slot - 1, owner };
      first = slot;
    }
  }

  // --- epochs -------------------------------------------------------------------------------------------------

  /** The largest epoch that is known. */
  get maxEpoch(): number {
    let epoch = this.currentEpoch;
    for (const { configEpoch } of this.nodes.values()) epoch = Math.max(epoch, configEpoch);
    return epoch;
  }

  /** Gives this node the next epoch without asking anybody, unless it has the largest; answers whether it did. */
  bumpEpoch(): boolean {
    const { myself } = this;
    if (myself.configEpoch !== 0 && myself.configEpoch === this.maxEpoch) return false;
    myself.configEpoch = ++this.currentEpoch;
    return true;
  }
}
