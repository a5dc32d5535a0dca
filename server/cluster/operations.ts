/**
 * What operators change: slots, nodes, roles and epochs (the subcommands of CLUSTER that change something).
 *
 * Everything is checked before the first change; refusals are Redis's.
 *
 * @module
 */

import type { SlotMove } from "../../commands/cluster/api.ts";
import { ReplyError } from "../resp/errors.ts";
import type { Failover } from "./failover.ts";
import type { Member } from "./member.ts";
import { type ClusterNode, ID_LENGTH, NodeFlag } from "./node.ts";

const MOST_PORT = 65535;
const NOT_A_PRIMARY = "ERR Target node is not a master";

/** The operations on one node. */
export class Operations {
  readonly #member: Member;
  readonly #failover: Failover;
  /** Drops all data, as a replica that is reset does. */
  readonly #dropData: () => void;

  constructor(member: Member, { failover, dropData }: {
    failover: Failover;
    dropData: () => void;
  }) {
    this.#member = member;
    this.#failover = failover;
    this.#dropData = dropData;
  }

  // --- slots --------------------------------------------------------------------------------------------------

  addSlots(slots: readonly number[]): void {
    const { myself, topology } = this.#member;
    this.#checkSlots(
      slots,
      (slot) => topology.owners[slot] === undefined ? undefined : `Slot ${slot} is already busy`,
    );
    for (const slot of slots) {
      // Whoever owns a slot imports it no more.
      topology.importingFrom.delete(slot);
      topology.assign(slot, myself);
    }
    this.#member.changed({ state: true, save: true });
  }

  removeSlots(slots: readonly number[]): void {
    const { topology } = this.#member;
    this.#checkSlots(
      slots,
      (slot) =>
        topology.owners[slot] === undefined ? `Slot ${slot} is already unassigned` : undefined,
    );
    for (const slot of slots) {
      topology.importingFrom.delete(slot);
      topology.unassign(slot);
    }
    this.#member.changed({ state: true, save: true });
  }

  #checkSlots(slots: readonly number[], refuse: (slot: number) => string | undefined): void {
    const seen = new Set<number>();
    for (const slot of slots) {
      const refusal = refuse(slot) ??
        (seen.has(slot) ? `Slot ${slot} specified multiple times` : undefined);
      if (refusal !== undefined) throw new ReplyError(`ERR ${refusal}`);
      seen.add(slot);
    }
  }

  flushSlots(): void {
    const { host, myself, topology } = this.#member;
    if (host.keyCount > 0) {
      throw new ReplyError("ERR DB must be empty to perform CLUSTER FLUSHSLOTS.");
    }
    topology.clearSlots(myself);
    this.#member.changed({ state: true, save: true });
  }

  refuseIfReplica(): void {
    if (!this.#member.myself.isReplica) return;
    throw new ReplyError("ERR Please use SETSLOT only with masters.");
  }

  moveSlot(slot: number, move: SlotMove): void {
    const { myself, topology } = this.#member;
    if (move.kind === "stable") {
      topology.importingFrom.delete(slot);
      topology.migratingTo.delete(slot);
    } else if (move.kind === "node") {
      this.#giveSlot(slot, move.id);
    } else {
      const owner = topology.owners[slot];
      if (move.kind === "migrating" && owner !== myself) {
        throw new ReplyError(`ERR I'm not the owner of hash slot ${slot}`);
      }
      if (move.kind === "importing" && owner === myself) {
        throw new ReplyError(`ERR I'm already the owner of hash slot ${slot}`);
      }
      const node = topology.nodes.get(move.id);
      if (node === undefined) throw new ReplyError(`ERR I don't know about node ${move.id}`);
      if (node.isReplica) throw new ReplyError(NOT_A_PRIMARY);
      const moving = move.kind === "migrating" ? topology.migratingTo : topology.importingFrom;
      moving.set(slot, node);
    }
    this.#member.changed({ state: true, save: true });
  }

  /** Says whose a slot is from now on. */
  #giveSlot(slot: number, id: string): void {
    const member = this.#member;
    const { host, myself, topology } = member;
    const node = this.#find(id);
    if (node.isReplica) throw new ReplyError(NOT_A_PRIMARY);
    const wasMine = topology.owners[slot] === myself;
    const keys = host.countKeys(slot);
    if (wasMine && node !== myself && keys > 0) {
      throw new ReplyError(
        `ERR Can't assign hashslot ${slot} to a different node while I still hold keys for this ` +
          `hash slot.`,
      );
    }
    if (keys === 0) topology.migratingTo.delete(slot);
    topology.unassign(slot);
    topology.assign(slot, node);
    if (wasMine && node !== myself && myself.slotCount === 0) this.#followLastSlot(node);
    if (node !== myself || !topology.importingFrom.delete(slot)) return;
    // A later epoch lets the others believe it.
    if (topology.bumpEpoch()) {
      host.log("notice", `configEpoch updated after importing slot ${slot}`);
      member.changed({ durable: true });
    }
    member.broadcastPong();
  }

  /** A primary that has given its last slot away becomes a replica of the slot's new owner. */
  #followLastSlot(node: ClusterNode): void {
    const member = this.#member;
    if (!member.host.values.clusterAllowReplicaMigration) return;
    member.host.log(
      "notice",
      `Configuration change detected. Reconfiguring myself as a replica of ${node.id}`,
    );
    this.#failover.endManual();
    member.follow(node);
    member.changed({ durable: true });
  }

  // --- nodes --------------------------------------------------------------------------------------------------

  meet(ip: string, port: number, busPort: number): boolean {
    const member = this.#member;
    const { topology } = member;
    const address = normalAddress(ip);
    const isPort = (value: number) => value > 0 && value <= MOST_PORT;
    if (address === undefined || !isPort(port) || !isPort(busPort)) return false;
    for (const node of topology.nodes.values()) {
      if (!node.inHandshake) continue;
      if (node.ip === address && node.port === port && node.busPort === busPort) return true;
    }
    const node = member.newNode(NodeFlag.handshake | NodeFlag.meet);
    node.ip = address;
    node.port = port;
    node.busPort = busPort;
    topology.add(node);
    return true;
  }

  forget(id: string): void {
    const { host, myself, topology } = this.#member;
    const now = host.now();
    // Another node may have told of it already.
    if (!topology.nodes.has(id) && topology.isForgotten(id, now)) return;
    const node = this.#find(id);
    if (node === myself) throw new ReplyError("ERR I tried hard but I can't forget myself...");
    if (node === myself.primary) throw new ReplyError("ERR Can't forget my master!");
    topology.forget(id, topology.forgottenUntil(now));
    topology.remove(node);
    this.#member.changed({ state: true, save: true });
  }

  replicate(id: string): void {
    const { host, myself } = this.#member;
    const node = this.#find(id);
    if (node === myself) throw new ReplyError("ERR Can't replicate myself");
    if (node.isReplica) {
      throw new ReplyError("ERR I can only replicate a master, not a replica.");
    }
    if (myself.isPrimary && (myself.slotCount > 0 || host.keyCount > 0)) {
      throw new ReplyError(
        "ERR To set a master the node must be empty and without assigned slots.",
      );
    }
    this.#failover.endManual();
    this.#member.follow(node);
    this.#member.changed({ state: true, save: true });
  }

  failover(how: "agreed" | "force" | "takeover"): void {
    const { primary, isPrimary } = this.#member.myself;
    if (isPrimary) throw new ReplyError("ERR You should send CLUSTER FAILOVER to a replica");
    if (primary === undefined) {
      throw new ReplyError("ERR I'm a replica but my master is unknown to me");
    }
    if (how === "agreed" && (primary.isFailed || primary.link === undefined)) {
      throw new ReplyError("ERR Master is down or failed, please use CLUSTER FAILOVER FORCE");
    }
    this.#failover.startManual(how);
    this.#member.changed({ state: true, save: true });
  }

  reset({ hard }: { hard: boolean }): void {
    const member = this.#member;
    const { host, myself, topology } = member;
    if (myself.isPrimary && host.keyCount > 0) {
      throw new ReplyError("ERR CLUSTER RESET can't be called with master nodes containing keys");
    }
    if (myself.isReplica) {
      topology.promote(myself);
      host.replication.promote();
      this.#dropData();
      myself.shardId = host.randomHex(ID_LENGTH);
    }
    topology.closeSlots();
    this.#failover.endManual();
    for (const node of [...topology.nodes.values()]) {
      topology.clearSlots(node);
      if (node !== myself) topology.remove(node);
    }
    if (hard) {
      topology.currentEpoch = topology.lastVoteEpoch = myself.configEpoch = 0;
      topology.rename(myself, host.randomHex(ID_LENGTH));
      host.log("notice", `Cluster reset (user request): node hard reset, now I'm ${myself.id}`);
    }
    member.changed({ state: true, durable: true });
  }

  /** @throws {ReplyError} */
  #find(id: string): ClusterNode {
    const node = this.#member.topology.nodes.get(id);
    if (node === undefined) throw new ReplyError(`ERR Unknown node ${id}`);
    return node;
  }

  /** A primary that a client names. */
  findPrimary(id: string): ClusterNode {
    const node = this.#find(id);
    if (node.isReplica) throw new ReplyError("ERR The specified node is not a master");
    return node;
  }

  find(id: string): ClusterNode {
    return this.#find(id);
  }

  // --- epochs -------------------------------------------------------------------------------------------------

  setConfigEpoch(epoch: number): void {
    const { host, myself, topology } = this.#member;
    if (epoch < 0) throw new ReplyError(`ERR Invalid config epoch specified: ${epoch}`);
    if (topology.nodes.size > 1) {
      throw new ReplyError(
        "ERR The user can assign a config epoch only when the node does not know any other node.",
      );
    }
    if (myself.configEpoch !== 0) {
      throw new ReplyError("ERR Node config epoch is already non-zero");
    }
    myself.configEpoch = epoch;
    topology.currentEpoch = Math.max(topology.currentEpoch, epoch);
    host.log("notice", `configEpoch set to ${epoch} via CLUSTER SET-CONFIG-EPOCH`);
    this.#member.changed({ state: true, save: true });
  }

  bumpEpoch(): { isNew: boolean; epoch: number } {
    const isNew = this.#member.topology.bumpEpoch();
    if (isNew) this.#member.changed({ durable: true });
    return { isNew, epoch: this.#member.myself.configEpoch };
  }
}

/** An IP address in its normal form; undefined if it is none. */
function normalAddress(text: string): string | undefined {
  const parts = text.split(".");
  if (parts.length === 4) {
    const isAddress = parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
    return isAddress ? text : undefined;
  }
  const url = URL.parse(`http://[${text}]/`);
  return url === null || !text.includes(":") ? undefined : url.hostname.slice(1, -1);
}
