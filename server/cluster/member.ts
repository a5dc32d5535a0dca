/**
 * This node as a member of its cluster: the map, what is to be done about changes of it, and what it says to others.
 *
 * The parts that decide something (./bus.ts, ./health.ts, ./failover.ts) share it. They say what has changed;
 * {@link Member.settle} then judges the cluster's state and writes nodes.conf, once for all that came together.
 *
 * @module
 */

import type { ClusterHost } from "./host.ts";
import {
  type Extension,
  type Gossip,
  Mark,
  PACKET_NAMES,
  type PacketBody,
  PacketType,
  writePacket,
} from "./messages.ts";
import { type BusLink, ClusterNode, ID_LENGTH, NodeFlag } from "./node.ts";
import { writeConfig } from "./config_file.ts";
import type { Topology } from "./topology.ts";

/** How many nodes are told of in a ping: a tenth of all, at least so many. */
const LEAST_GOSSIP = 3;

/** What has changed: the cluster may be in another state, the file must be written, and be durable. */
export interface Change {
  readonly state?: boolean;
  readonly save?: boolean;
  readonly durable?: boolean;
}

/** One node's membership. */
export class Member {
  readonly host: ClusterHost;
  readonly topology: Topology;
  /** How many packets of each type were sent and received. */
  readonly sent: number[] = new Array(PACKET_NAMES.length).fill(0);
  readonly received: number[] = new Array(PACKET_NAMES.length).fill(0);
  /** Whether this primary has paused writes for one of its replicas. */
  isPaused = false;
  /** Judges the state of the cluster. */
  onStateDue: () => void = () => {};
  #stateDue = false;
  #saveDue = false;
  #mustLast = false;

  constructor(host: ClusterHost, topology: Topology) {
    this.host = host;
    this.topology = topology;
  }

  get myself(): ClusterNode {
    return this.topology.myself;
  }

  /** A node under this id, or a random one. */
  newNode(flags: number, id: string = this.host.randomHex(ID_LENGTH)): ClusterNode {
    const shardId = this.host.randomHex(ID_LENGTH);
    return new ClusterNode(id, { flags, shardId, now: this.host.now() });
  }

  // --- changes ------------------------------------------------------------------------------------------------

  /** Notes what {@link settle} is to see to. */
  changed({ state = false, save = false, durable = false }: Change): void {
    this.#stateDue ||= state;
    this.#saveDue ||= save || durable;
    this.#mustLast ||= durable;
  }

  /** Whether {@link settle} has anything to do. */
  get isUnsettled(): boolean {
    return this.#stateDue || this.#saveDue;
  }

  /** Does what the changes since the last call ask for. */
  settle(): void {
    if (this.#stateDue) {
      this.#stateDue = false;
      this.onStateDue();
    }
    if (this.#saveDue) this.save({ durable: this.#mustLast });
  }

  /** Writes nodes.conf now. */
  save(options: { durable: boolean } = { durable: true }): void {
    this.#saveDue = this.#mustLast = false;
    this.host.save(writeConfig(this.topology), options);
  }

  /** Makes this node the replica of a primary; it must have no slots. */
  follow(primary: ClusterNode): void {
    const { topology, myself } = this;
    if (myself.isPrimary) {
      topology.demote(myself);
      topology.closeSlots();
    }
    topology.attach(myself, primary);
    this.host.replication.follow({ host: primary.ip, port: primary.port });
    // A failover that an operator asks for right after would be ignored by a primary, and denied by others, that take
    // this node for a primary still. redis-server lets them learn it with the next regular packet.
    this.broadcastPong();
  }

  // --- sending ------------------------------------------------------------------------------------------------

  /** Composes a packet of this node. */
  compose(type: number, body?: PacketBody, marks = 0): Uint8Array {
    const { host, topology, myself } = this;
    const { shard } = topology;
    const { port, tlsPort, busPort } = host.ports;
    return writePacket({
      type,
      port,
      otherPort: tlsPort,
      busPort,
      currentEpoch: topology.currentEpoch,
      configEpoch: shard.configEpoch,
      offset: host.replication.offset,
      sender: myself.id,
      slots: shard.slots,
      primary: myself.primary?.id,
      address: host.values.clusterAnnounceIp,
      flags: myself.flags | NodeFlag.extensions,
      isFailing: this.isFailing,
      marks: marks | (myself.isPrimary && this.isPaused ? Mark.paused : 0),
    }, body);
  }

  /** Whether the cluster is down, as far as this node knows. */
  isFailing = true;

  send(link: BusLink, type: number, packet: Uint8Array): void {
    this.sent[type]++;
    link.send(packet);
  }

  /** Sends PING, PONG or MEET, with gossip. */
  ping(link: BusLink, type: number): void {
    if (!link.isInbound && type === PacketType.ping && link.node !== undefined) {
      link.node.pingSentAt = this.host.now();
    }
    const gossip = this.#gossip(link.node);
    // Who does not know extensions must not be sent any but a name, which even 7.0 knows.
    const all = this.#extensions();
    const knows = link.node?.has(NodeFlag.extensions) ?? false;
    const extensions = knows ? all : all.filter(({ kind }) => kind === "hostname");
    this.send(link, type, this.compose(type, { gossip, extensions }, Mark.extensions));
  }

  /** Some nodes chosen by chance, and all that may have failed. */
  #gossip(receiver: ClusterNode | undefined): Gossip[] {
    const nodes = [...this.topology.nodes.values()].filter((node) =>
      node !== this.myself && !node.has(NodeFlag.handshake | NodeFlag.noAddress)
    );
    const suspects = nodes.filter((node) => node.has(NodeFlag.maybeFailed));
    const others = nodes.filter((node) =>
      !node.has(NodeFlag.maybeFailed) && node !== receiver &&
      (node.link !== undefined || node.slotCount > 0)
    );
    const wanted = Math.max(LEAST_GOSSIP, Math.floor(this.topology.nodes.size / 10));
    return [...this.#draw(others, wanted), ...suspects].map((node) => ({
      id: node.id,
      pingSent: Math.floor(node.pingSentAt / 1000),
      pongReceived: Math.floor(node.pongReceivedAt / 1000),
      address: node.ip,
      port: node.port,
      busPort: node.busPort,
      flags: node.flags & ~NodeFlag.myself,
      otherPort: node.tlsPort,
    }));
  }

  /** So many different ones by chance; the list changes. */
  #draw<T>(from: T[], count: number): T[] {
    for (let i = 0; i < Math.min(count, from.length); i++) {
      const j = i + Math.floor(this.host.random() * (from.length - i));
      [from[i], from[j]] = [from[j], from[i]];
    }
    return from.slice(0, count);
  }

  #extensions(): Extension[] {
    const { myself, topology } = this;
    const extensions: Extension[] = [];
    if (myself.hostname !== "") extensions.push({ kind: "hostname", text: myself.hostname });
    if (myself.humanName !== "") extensions.push({ kind: "humanName", text: myself.humanName });
    const now = this.host.now();
    for (const [id, until] of topology.forgotten) {
      if (until < now) continue;
      extensions.push({ kind: "forgotten", id, seconds: Math.ceil((until - now) / 1000) });
    }
    extensions.push({ kind: "shardId", text: myself.shardId });
    return extensions;
  }

  /** Sends a packet to all nodes that we have dialled, or to some of them. */
  broadcast(
    type: number,
    packet: Uint8Array,
    to: (node: ClusterNode) => boolean = () => true,
  ): void {
    for (const node of this.topology.nodes.values()) {
      if (node.link === undefined || node === this.myself || node.inHandshake || !to(node)) {
        continue;
      }
      this.send(node.link, type, packet);
    }
  }

  /** Tells all nodes, or some, of this one's slots and role at once. */
  broadcastPong(to: (node: ClusterNode) => boolean = () => true): void {
    for (const node of this.topology.nodes.values()) {
      if (node.link === undefined || node === this.myself || node.inHandshake || !to(node)) {
        continue;
      }
      this.ping(node.link, PacketType.pong);
    }
  }

  /** Sends a packet on the link that we have dialled, if there is one. */
  sendTo(node: ClusterNode, type: number, body?: PacketBody): void {
    if (node.link !== undefined) this.send(node.link, type, this.compose(type, body));
  }
}
