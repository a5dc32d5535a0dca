/**
 * What the commands of the cluster see of it. `server/cluster/` implements it; there is none unless `cluster-enabled`.
 *
 * @module
 */

import type { Reply } from "../../server/resp/reply.ts";

/** What becomes of a slot that moves (CLUSTER SETSLOT). */
export type SlotMove =
  | { readonly kind: "migrating" | "importing" | "node"; readonly id: string }
  | { readonly kind: "stable" };

/** A node of a cluster. Refusals are thrown as `ReplyError`s with Redis's texts, and change nothing. */
export interface ClusterApi {
  readonly id: string;
  readonly shardId: string;
  /** The texts of CLUSTER INFO and CLUSTER NODES. */
  info(): string;
  nodes(): string;
  /** The replies of CLUSTER SLOTS, SHARDS and LINKS. */
  replyWithSlots(reply: Reply): void;
  replyWithShards(reply: Reply): void;
  replyWithLinks(reply: Reply): void;

  slotOf(key: Uint8Array): number;
  /** O(1). */
  countKeys(slot: number): number;
  /** At most so many of a slot's keys. O(keys). */
  keysIn(slot: number, most: number): readonly Uint8Array[];
  /** Takes slots that nobody serves … */
  addSlots(slots: readonly number[]): void;
  /** … and forgets who serves these, or all of this node's. */
  removeSlots(slots: readonly number[]): void;
  flushSlots(): void;
  moveSlot(slot: number, move: SlotMove): void;
  /** Refuses what only primaries may be asked. */
  refuseIfReplica(): void;

  /** Begins to get to know a node; false if there can be none at this address. */
  meet(ip: string, port: number, busPort: number): boolean;
  forget(id: string): void;
  replicate(id: string): void;
  /** The lines of CLUSTER NODES of a primary's replicas. */
  replicasOf(id: string): readonly string[];
  failover(how: "agreed" | "force" | "takeover"): void;
  /** Makes this node one that knows nobody; `hard` also gives it a new name and no epochs. */
  reset(options: { readonly hard: boolean }): void;
  failureReports(id: string): number;
  /** Closes the links that were dialled to or from a node, or both. */
  closeLinks(id: string, direction: "to" | "from" | "all"): void;

  setConfigEpoch(epoch: number): void;
  /** Takes a later epoch unless it has the latest; answers whether it did, and the epoch. */
  bumpEpoch(): { readonly isNew: boolean; readonly epoch: number };
  /** Writes nodes.conf. */
  saveConfig(): void;
  /** Hands a message on to the other nodes, or to those of the same shard. */
  publish(channel: Uint8Array, message: Uint8Array, kind: "channel" | "shard"): void;
}
