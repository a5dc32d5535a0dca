/**
 * The conversation with the other nodes: what is sent when, and what follows from what comes.
 *
 * Every pair of nodes keeps two connections, each side dials one. A ping is answered on the connection on which it came;
 * everything else goes out on the one that was dialled. A ping carries all of what its sender is, some gossip about
 * others, and extensions. New nodes are met by an operator's word, or by gossip of a node that is known already.
 *
 * The state of one node changes only here and in the parts that are called from here, by what comes in and by the
 * clock, so that many nodes can run in one test.
 *
 * @module
 */

import { SLOTS } from "../../storage/memory/key_slot.ts";
import type { Failover } from "./failover.ts";
import type { Health } from "./health.ts";
import { type Gossip, Mark, type Packet, PacketType, readPacket } from "./messages.ts";
import type { Member } from "./member.ts";
import { type BusLink, type ClusterNode, hasSlot, ID_LENGTH, NodeFlag } from "./node.ts";

/** A node that does not complete the handshake within the node timeout is dropped, but not before this, in ms. */
const LEAST_HANDSHAKE_MS = 1000;
/** One of so many nodes, drawn by chance, is pinged every so many ticks: the one not heard of for longest. */
const DRAWN = 5;
const TICKS_BETWEEN_DRAWS = 10;
/** Clocks of nodes may differ by so many ms. */
const CLOCK_TOLERANCE_MS = 500;

const ID = new RegExp(`^[0-9a-f]{${ID_LENGTH}}$`);
/** What an address or a host name may hold: they are written to nodes.conf, and told to clients. */
const NAME = /^[0-9A-Za-z.:%_-]*$/;
const HUMAN_NAME = /^[^\s!#$%&()*+,:;<=>?@[\]^{|}~"'\\]*$/;
/** What gossip may say of a node that we do not know yet. */
const GOSSIPED_FLAGS = NodeFlag.primary | NodeFlag.replica | NodeFlag.maybeFailed |
  NodeFlag.failed |
  NodeFlag.noFailover;

/** One node's part in the conversation. */
export class Bus {
  /** How many links were closed because too much waited in them. */
  overfullLinks = 0;
  readonly #member: Member;
  readonly #health: Health;
  readonly #failover: Failover;
  #ticks = 0;

  constructor(member: Member, { health, failover }: { health: Health; failover: Failover }) {
    this.#member = member;
    this.#health = health;
    this.#failover = failover;
  }

  // --- regular work -------------------------------------------------------------------------------------------

  /** What is due; called ten times a second. */
  tick(): void {
    const member = this.#member;
    const { host, myself, topology } = member;
    this.#ticks++;
    this.followAnnouncements();
    for (const node of [...topology.nodes.values()]) {
      this.#limit(node);
      if (node === myself || node.has(NodeFlag.noAddress)) continue;
      const patience = Math.max(host.values.clusterNodeTimeout, LEAST_HANDSHAKE_MS);
      if (node.inHandshake && host.now() - node.createdAt > patience) topology.remove(node);
      else if (node.link === undefined) node.link = host.dial(node);
    }
    if (this.#ticks % TICKS_BETWEEN_DRAWS === 0) this.#pingSomebody();
    for (const node of [...topology.nodes.values()]) this.#watch(node);
    this.#followPrimary();
    this.#failover.tick();
    if (member.isFailing) member.changed({ state: true });
    member.settle();
  }

  /** Takes over what the configuration has this node tell of itself. */
  followAnnouncements(): void {
    const { host, myself } = this.#member;
    const {
      clusterAnnounceHostname: hostname,
      clusterAnnounceHumanNodename: humanName,
      clusterAnnounceIp: ip,
      clusterReplicaNoFailover: stays,
    } = host.values;
    const { port, tlsPort, busPort } = host.ports;
    const isNew = myself.hostname !== hostname || myself.humanName !== humanName ||
      (ip !== "" && myself.ip !== ip) || myself.port !== port || myself.busPort !== busPort;
    myself.hostname = hostname;
    myself.humanName = humanName;
    if (ip !== "") myself.ip = ip;
    Object.assign(myself, { port, tlsPort, busPort });
    myself.flags = stays ? myself.flags | NodeFlag.noFailover : myself.flags & ~NodeFlag.noFailover;
    if (isNew) this.#member.changed({ save: true });
  }

  /** Closes links in which too much waits. */
  #limit({ link, inbound }: ClusterNode): void {
    const limit = this.#member.host.values.clusterLinkSendbufLimit;
    for (const each of [link, inbound]) {
      if (limit === 0 || each === undefined || each.queuedBytes <= limit) continue;
      this.overfullLinks++;
      this.#member.host.log(
        "warning",
        `Freeing cluster link: ${each.queuedBytes} bytes wait in it, more than its limit`,
      );
      each.close();
    }
  }

  #pingSomebody(): void {
    const { host, myself, topology } = this.#member;
    const nodes = [...topology.nodes.values()];
    let oldest: ClusterNode | undefined;
    for (let i = 0; i < DRAWN; i++) {
      const node = nodes[Math.floor(host.random() * nodes.length)];
      if (node.link === undefined || node.pingSentAt !== 0) continue;
      if (node === myself || node.inHandshake) continue;
      if (oldest === undefined || node.pongReceivedAt < oldest.pongReceivedAt) oldest = node;
    }
    if (oldest?.link !== undefined) this.#member.ping(oldest.link, PacketType.ping);
  }

  /** Pings a node that has been silent, and notices when it does not answer. */
  #watch(node: ClusterNode): void {
    const member = this.#member;
    const { host, myself } = member;
    if (node.has(NodeFlag.myself | NodeFlag.noAddress | NodeFlag.handshake)) return;
    const now = host.now();
    const timeout = host.values.clusterNodeTimeout;
    const waited = now - node.pingSentAt;
    const silent = now - node.dataReceivedAt;
    const isStuck = node.pingSentAt !== 0 && waited > timeout / 2 && silent > timeout / 2;
    // Maybe only the connection is broken.
    if (isStuck && node.link !== undefined && now - node.link.createdAt > timeout) {
      node.link.close();
    }
    const interval = host.values.clusterPingInterval || timeout / 2;
    if (node.link !== undefined) {
      const isDue = node.pingSentAt === 0 && now - node.pongReceivedAt > interval;
      if (isDue || (myself.isPrimary && this.#failover.pausedFor === node)) {
        member.ping(node.link, PacketType.ping);
        return;
      }
    }
    if (node.pingSentAt === 0 || Math.min(waited, silent) <= timeout || node.isSuspect) return;
    host.log("debug", `Node ${node.id} possibly failing`);
    node.flags |= NodeFlag.maybeFailed;
    member.changed({ state: true });
    if (myself.isPrimary && this.#health.size === 1) this.#health.failIfAgreed(node);
  }

  /** A replica that follows nobody, though it knows whom, does so now. */
  #followPrimary(): void {
    const { host, myself } = this.#member;
    const { primary } = myself;
    if (primary === undefined || host.replication.primary !== undefined) return;
    if (primary.ip === "" || primary.has(NodeFlag.noAddress)) return;
    host.replication.follow({ host: primary.ip, port: primary.port });
  }

  // --- links --------------------------------------------------------------------------------------------------

  /** A connection that we dialled is there: the first packet is a greeting. */
  opened(link: BusLink): void {
    const { node } = link;
    if (node?.link !== link) return;
    const { pingSentAt } = node;
    this.#member.ping(link, node.has(NodeFlag.meet) ? PacketType.meet : PacketType.ping);
    // What counts is the time of the ping that was not answered, not that of the connection.
    if (pingSentAt !== 0) node.pingSentAt = pingSentAt;
    node.flags &= ~NodeFlag.meet;
  }

  /** A link has ended, or could not be made. */
  closed(link: BusLink): void {
    const { node } = link;
    // Whom we cannot even dial has not answered, either.
    if (node?.link === link && node.pingSentAt === 0) node.pingSentAt = this.#member.host.now();
    if (node?.link === link) node.link = undefined;
    if (node?.inbound === link) node.inbound = undefined;
  }

  /** Takes a whole packet. {@link Member.settle} is the caller's to call when there are no more for now. */
  receive(link: BusLink, bytes: Uint8Array): void {
    const member = this.#member;
    const packet = readPacket(bytes);
    if (typeof packet === "string") {
      member.host.log("warning", `A packet of the cluster bus is ignored: ${packet}`);
      return;
    }
    const { header } = packet;
    member.received[header.type]++;
    const sender = this.#senderOf(link, header.sender);
    if (sender !== undefined) this.#refresh(sender, packet);
    switch (header.type) {
      case PacketType.ping:
      case PacketType.meet:
        this.#answer(link, sender, packet);
        this.#heard(link, sender, packet);
        break;
      case PacketType.pong:
        this.#heard(link, sender, packet);
        break;
      default:
        if (sender !== undefined) this.#told(link, sender, packet);
    }
  }

  /** The node that sent a packet, if we know it. */
  #senderOf(link: BusLink, id: string): ClusterNode | undefined {
    const { node } = link;
    if (node !== undefined && !node.inHandshake) return node;
    const sender = this.#member.topology.nodes.get(id);
    if (sender !== undefined && node === undefined) {
      // Whoever dials again has lost the connection before.
      sender.inbound?.close();
      sender.inbound = link;
      link.node = sender;
    }
    return sender;
  }

  /** Takes over what every packet says of a node that we know. */
  #refresh(sender: ClusterNode, { header }: Packet): void {
    const { host, myself, topology } = this.#member;
    sender.dataReceivedAt = host.now();
    if (sender.inHandshake) return;
    topology.currentEpoch = Math.max(topology.currentEpoch, header.currentEpoch);
    if (header.configEpoch > sender.configEpoch) {
      sender.configEpoch = header.configEpoch;
      this.#member.changed({ durable: true });
    }
    sender.replicationOffset = header.offset;
    if ((header.marks & Mark.extensions) !== 0) sender.flags |= NodeFlag.extensions;
    if (myself.primary === sender && (header.marks & Mark.paused) !== 0) {
      this.#failover.offsetTold(header.offset);
    }
  }

  /** Answers a PING or MEET; whoever says MEET becomes known. */
  #answer(link: BusLink, sender: ClusterNode | undefined, packet: Packet): void {
    const member = this.#member;
    const { host, myself, topology } = member;
    const isMeeting = packet.header.type === PacketType.meet;
    // Others reach us at the address at which this connection has arrived.
    if ((isMeeting || myself.ip === "") && host.values.clusterAnnounceIp === "") {
      if (link.localAddress !== "" && link.localAddress !== myself.ip) {
        myself.ip = link.localAddress;
        host.log("notice", `IP address for this node updated to ${myself.ip}`);
        member.changed({ save: true });
      }
    }
    if (isMeeting && sender === undefined) {
      const node = member.newNode(NodeFlag.handshake);
      node.ip = addressOf(link, packet);
      node.port = packet.header.port;
      node.tlsPort = packet.header.otherPort;
      node.busPort = packet.header.busPort;
      topology.add(node);
      member.changed({ save: true });
    }
    member.ping(link, PacketType.pong);
  }

  // --- pings and pongs ----------------------------------------------------------------------------------------

  #heard(link: BusLink, sender: ClusterNode | undefined, packet: Packet): void {
    const member = this.#member;
    const { header } = packet;
    let known = sender;
    if (!link.isInbound && link.node !== undefined) {
      const { node } = link;
      if (node.inHandshake) {
        if (sender !== undefined) {
          // We knew it already, maybe at another address.
          this.#updateAddress(sender, link, packet);
          member.topology.remove(node);
          return;
        }
        if (!ID.test(header.sender)) return;
        member.topology.rename(node, header.sender);
        node.flags &= ~NodeFlag.handshake;
        node.flags |= header.flags & (NodeFlag.primary | NodeFlag.replica);
        member.host.log("debug", `Handshake with node ${node.id} completed.`);
        member.changed({ save: true });
        // What it says of itself is taken over from its next packet on, as by redis-server.
        known = undefined;
      } else if (node.id !== header.sender) {
        // Somebody else lives at its address now.
        node.flags |= NodeFlag.noAddress;
        node.ip = "";
        node.port = node.tlsPort = node.busPort = 0;
        link.close();
        member.changed({ save: true });
        return;
      }
    }
    if (known !== undefined) {
      const stays = header.flags & NodeFlag.noFailover;
      known.flags = (known.flags & ~NodeFlag.noFailover) | stays;
      if (header.type === PacketType.ping && !known.inHandshake) {
        this.#updateAddress(known, link, packet);
      }
    }
    if (!link.isInbound && header.type === PacketType.pong && link.node !== undefined) {
      link.node.pongReceivedAt = member.host.now();
      link.node.pingSentAt = 0;
      this.#health.answered(link.node);
    }
    if (known === undefined) return;
    this.#updateRole(known, header.primary);
    this.#compareSlots(known, packet);
    this.#avoidCollision(known, header.configEpoch);
    for (const entry of packet.gossip) this.#gossiped(known, entry);
    this.#extended(known, packet);
  }

  /** Takes over the address from which a node speaks. */
  #updateAddress(node: ClusterNode, link: BusLink, packet: Packet): void {
    const member = this.#member;
    if (link === node.link) return;
    const { port, otherPort, busPort } = packet.header;
    const ip = addressOf(link, packet);
    if (ip === "" || !NAME.test(ip)) return;
    const isSame = node.ip === ip && node.port === port && node.busPort === busPort &&
      node.tlsPort === otherPort;
    if (isSame) return;
    Object.assign(node, { ip, port, tlsPort: otherPort, busPort });
    node.flags &= ~NodeFlag.noAddress;
    node.link?.close();
    member.host.log("notice", `Address updated for node ${node.id}, now ${ip}:${port}`);
    if (member.myself.primary === node) member.host.replication.follow({ host: ip, port });
    member.changed({ save: true, state: true });
  }

  #updateRole(sender: ClusterNode, primaryId: string | undefined): void {
    const member = this.#member;
    const { topology } = member;
    if (primaryId === undefined) {
      if (sender.isPrimary) return;
      topology.promote(sender);
      member.changed({ save: true, state: true });
      return;
    }
    if (!sender.isReplica) {
      topology.demote(sender);
      member.changed({ save: true, state: true });
    }
    const primary = topology.nodes.get(primaryId);
    if (primary === undefined || primary === sender || sender.primary === primary) return;
    topology.attach(sender, primary);
    member.changed({ save: true });
  }

  #compareSlots(sender: ClusterNode, { header }: Packet): void {
    const member = this.#member;
    const { topology } = member;
    const shard = sender.isPrimary ? sender : sender.primary;
    if (shard === undefined || sameBytes(shard.slots, header.slots)) return;
    if (sender.isPrimary) this.#claimSlots(sender, header.configEpoch, header.slots);
    // A node that claims what others took over under a later epoch has missed something.
    for (let slot = 0; slot < SLOTS; slot++) {
      if (!hasSlot(header.slots, slot)) continue;
      const owner = topology.owners[slot];
      if (owner === undefined || owner === sender || topology.unclaimed.has(slot)) continue;
      if (owner.configEpoch <= header.configEpoch) continue;
      member.host.log(
        "verbose",
        `Node ${sender.id} has old slots configuration, sending an UPDATE message about ${owner.id}`,
      );
      const { id: about, configEpoch, slots } = owner;
      member.sendTo(sender, PacketType.update, { about, configEpoch, slots });
      return;
    }
  }

  /** A primary claims slots under an epoch: it gets those that belong to nobody, or to somebody of a lower epoch. */
  #claimSlots(sender: ClusterNode, epoch: number, claimed: Uint8Array): void {
    const member = this.#member;
    const { host, myself, topology } = member;
    if (sender === myself) return;
    const { shard } = topology;
    const lost: number[] = [];
    let claims = 0;
    let taken = 0;
    for (let slot = 0; slot < SLOTS; slot++) {
      const owner = topology.owners[slot];
      if (!hasSlot(claimed, slot)) {
        if (owner === sender) topology.unclaimed.add(slot);
        continue;
      }
      claims++;
      if (owner === sender) {
        topology.unclaimed.delete(slot);
        continue;
      }
      // Operators end imports themselves.
      if (topology.importingFrom.has(slot)) continue;
      if (!topology.isUnclaimed(slot) && (owner?.configEpoch ?? 0) >= epoch) continue;
      if (owner === myself && host.countKeys(slot) > 0) lost.push(slot);
      if (owner === shard) taken++;
      topology.unassign(slot);
      topology.assign(slot, sender);
      member.changed({ state: true, durable: true });
    }
    const mayMove = host.values.clusterAllowReplicaMigration || claims === taken;
    const grandPrimary = myself.primary?.primary;
    if (taken > 0 && shard.slotCount === 0 && mayMove) this.#reconfigure(sender);
    else if (grandPrimary !== undefined && grandPrimary !== myself) this.#reconfigure(grandPrimary);
    else for (const slot of lost) host.deleteKeys(slot);
  }

  #reconfigure(primary: ClusterNode): void {
    const member = this.#member;
    member.host.log(
      "notice",
      `Configuration change detected. Reconfiguring myself as a replica of ${primary.id}`,
    );
    this.#failover.endManual();
    member.follow(primary);
    member.changed({ state: true, durable: true });
  }

  /** Two primaries of one epoch: the one with the smaller id takes another. */
  #avoidCollision(sender: ClusterNode, epoch: number): void {
    const member = this.#member;
    const { myself, topology } = member;
    if (!myself.isPrimary || !sender.isPrimary || epoch !== myself.configEpoch) return;
    if (sender.id <= myself.id) return;
    myself.configEpoch = ++topology.currentEpoch;
    member.save();
    member.host.log(
      "verbose",
      `configEpoch collision with node ${sender.id}. configEpoch set to ${myself.configEpoch}`,
    );
  }

  #gossiped(sender: ClusterNode, entry: Gossip): void {
    const member = this.#member;
    const { host, topology } = member;
    const node = topology.nodes.get(entry.id);
    const isSuspect = (entry.flags & (NodeFlag.failed | NodeFlag.maybeFailed)) !== 0;
    const hasAddress = (entry.flags & NodeFlag.noAddress) === 0 && entry.address !== "" &&
      NAME.test(entry.address);
    if (node === undefined) {
      if (!hasAddress || !ID.test(entry.id) || topology.isForgotten(entry.id, host.now())) return;
      const known = member.newNode(entry.flags & GOSSIPED_FLAGS, entry.id);
      moveTo(known, entry);
      topology.add(known);
      member.changed({ save: true });
      return;
    }
    if (node === member.myself) return;
    if (sender.isPrimary) {
      if (isSuspect) this.#health.report(node, sender);
      else this.#health.withdraw(node, sender);
    }
    if (!isSuspect && node.pingSentAt === 0 && this.#health.reports(node) === 0) {
      const at = entry.pongReceived * 1000;
      if (at <= host.now() + CLOCK_TOLERANCE_MS && at > node.pongReceivedAt) {
        node.pongReceivedAt = at;
      }
    }
    const isElsewhere = node.ip.toLowerCase() !== entry.address.toLowerCase() ||
      node.port !== entry.port || node.busPort !== entry.busPort ||
      node.tlsPort !== entry.otherPort;
    if (node.isSuspect && !isSuspect && hasAddress && isElsewhere) {
      node.link?.close();
      moveTo(node, entry);
      node.flags &= ~NodeFlag.noAddress;
    }
  }

  #extended(sender: ClusterNode, { extensions }: Packet): void {
    const member = this.#member;
    const { host, myself, topology } = member;
    let hostname = "";
    let humanName = "";
    let shardId: string | undefined;
    for (const extension of extensions) {
      if (extension.kind === "forgotten") {
        const node = topology.nodes.get(extension.id);
        if (node === undefined || node === myself || node === myself.primary) continue;
        topology.forget(extension.id, host.now() + extension.seconds * 1000);
        topology.remove(node);
        member.changed({ save: true, state: true });
      } else if (extension.kind === "shardId") {
        if (ID.test(extension.text)) shardId = extension.text;
      } else if (extension.kind === "hostname") {
        if (NAME.test(extension.text)) hostname = extension.text;
      } else if (HUMAN_NAME.test(extension.text)) humanName = extension.text;
    }
    shardId ??= (sender.primary ?? sender).shardId;
    const isNew = sender.hostname !== hostname || sender.humanName !== humanName ||
      sender.shardId !== shardId;
    Object.assign(sender, { hostname, humanName, shardId });
    if (myself.primary === sender && myself.shardId !== shardId) myself.shardId = shardId;
    if (isNew) member.changed({ save: true });
  }

  // --- the other packets --------------------------------------------------------------------------------------

  #told(link: BusLink, sender: ClusterNode, packet: Packet): void {
    const member = this.#member;
    const { host, myself, topology } = member;
    switch (packet.header.type) {
      case PacketType.fail: {
        const node = topology.nodes.get(packet.failed);
        if (node === undefined || node === myself || node.isFailed) return;
        host.log("notice", `FAIL message received from ${sender.id} about ${node.id}`);
        this.#health.markFailed(node);
        return;
      }
      case PacketType.publish:
        return host.publish(packet.channel, packet.message, "channel");
      case PacketType.publishShard:
        return host.publish(packet.channel, packet.message, "shard");
      case PacketType.voteRequest:
        return this.#failover.voteRequested(sender, packet);
      case PacketType.vote:
        return this.#failover.voteReceived(sender, packet);
      case PacketType.failoverStart:
        return this.#failover.requested(sender, link);
      case PacketType.update: {
        const { id, configEpoch, slots } = packet.update;
        const node = topology.nodes.get(id);
        if (node === undefined || node.configEpoch >= configEpoch) return;
        if (node.isReplica) topology.promote(node);
        node.configEpoch = configEpoch;
        member.changed({ durable: true });
        this.#claimSlots(node, configEpoch, slots);
      }
    }
  }
}

/** Where the sender of a packet can be reached: where it says, or where it is. */
function addressOf(link: BusLink, { header }: Packet): string {
  return header.address !== "" ? header.address : link.remoteAddress;
}

function moveTo(node: ClusterNode, entry: Gossip): void {
  node.ip = entry.address;
  node.port = entry.port;
  node.tlsPort = entry.otherPort;
  node.busPort = entry.busPort;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
