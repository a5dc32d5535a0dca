/**
 * Many nodes of a cluster in one test: one clock, one source of chance, links that are lists of packets.
 *
 * Nodes may stop, and be cut off from each other. Data are numbers: how far a node's stream is.
 *
 * @module
 */

import { Bus } from "../../server/cluster/bus.ts";
import { Failover } from "../../server/cluster/failover.ts";
import { Health } from "../../server/cluster/health.ts";
import type { ClusterHost, ClusterReplication } from "../../server/cluster/host.ts";
import { Member } from "../../server/cluster/member.ts";
import { type BusLink, ClusterNode, ID_LENGTH, NodeFlag } from "../../server/cluster/node.ts";
import { Operations } from "../../server/cluster/operations.ts";
import { readConfig } from "../../server/cluster/config_file.ts";
import { Topology } from "../../server/cluster/topology.ts";

/** How far the clock moves at once, in ms: a tick of every node. */
const STEP_MS = 100;
const NODE_TIMEOUT = 1000;

/** One end of a connection. */
class SimulatedLink implements BusLink {
  readonly isInbound: boolean;
  readonly createdAt: number;
  node: ClusterNode | undefined;
  peer: SimulatedLink | undefined;
  isClosed = false;
  readonly owner: SimulatedNode;
  readonly localAddress: string;
  remoteAddress = "";
  readonly queuedBytes = 0;

  constructor(owner: SimulatedNode, node?: ClusterNode) {
    this.owner = owner;
    this.node = node;
    this.isInbound = node === undefined;
    this.createdAt = owner.simulation.now;
    this.localAddress = owner.address;
  }

  send(packet: Uint8Array): void {
    if (this.isClosed) return;
    const { peer, owner } = this;
    owner.simulation.deliver(() => {
      // A link to nowhere swallows what is sent.
      if (peer === undefined || peer.isClosed || !owner.simulation.reaches(owner, peer.owner)) {
        return;
      }
      if (!peer.owner.isRunning) return;
      peer.owner.bus.receive(peer, packet);
      peer.owner.member.settle();
    });
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    if (this.owner.isRunning) this.owner.bus.closed(this);
    const { peer } = this;
    if (peer !== undefined) this.owner.simulation.deliver(() => peer.close());
  }
}

/** A node, with everything around it made up. */
export class SimulatedNode {
  readonly simulation: Simulation;
  readonly address: string;
  readonly port = 6379;
  isRunning = true;
  /** What it has written down, the last time. */
  file = "";
  offset = 0;
  isPaused = false;
  member: Member;
  bus: Bus;
  health: Health;
  failover: Failover;
  operations: Operations;
  follows: string | undefined;
  heardAt = 0;

  constructor(simulation: Simulation, address: string) {
    this.simulation = simulation;
    this.address = address;
    const id = simulation.hex(ID_LENGTH);
    const flags = NodeFlag.myself | NodeFlag.primary;
    const shardId = simulation.hex(ID_LENGTH);
    const myself = new ClusterNode(id, { flags, shardId, now: simulation.now });
    ({
      member: this.member,
      bus: this.bus,
      health: this.health,
      failover: this.failover,
      operations: this.operations,
    } = this.#assemble(new Topology(myself)));
  }

  #assemble(topology: Topology) {
    const member = new Member(this.#host(), topology);
    const health = new Health(member);
    const failover = new Failover(member, health);
    const bus = new Bus(member, { health, failover });
    const operations = new Operations(member, { failover, dropData: () => this.offset = 0 });
    return { member, health, failover, bus, operations };
  }

  #host(): ClusterHost {
    const { simulation } = this;
    const heardAt = () => this.heardAt;
    const offset = () => this.offset;
    const follows = () => this.follows;
    const replication: ClusterReplication = {
      get offset() {
        return offset();
      },
      get heardAt() {
        return heardAt();
      },
      get primary() {
        const host = follows();
        return host === undefined ? undefined : { host, port: 6379 };
      },
      follow: ({ host }) => this.follows = host,
      promote: () => this.follows = undefined,
    };
    return {
      values: {
        clusterNodeTimeout: NODE_TIMEOUT,
        clusterPingInterval: 0,
        clusterReplicaValidityFactor: 10,
        clusterReplicaNoFailover: false,
        clusterMigrationBarrier: 1,
        clusterAllowReplicaMigration: true,
        clusterRequireFullCoverage: true,
        clusterAllowReadsWhenDown: false,
        clusterAllowPubsubshardWhenDown: true,
        clusterLinkSendbufLimit: 0,
        clusterAnnounceIp: this.address,
        clusterAnnounceHostname: "",
        clusterAnnounceHumanNodename: "",
        clusterPreferredEndpointType: "ip",
        replPingReplicaPeriod: 10,
      },
      replication,
      ports: { port: this.port, tlsPort: 0, busPort: this.port + 10000 },
      keyCount: 0,
      now: () => simulation.now,
      random: () => simulation.random(),
      randomHex: (digits) => simulation.hex(digits),
      log: () => {},
      dial: (node) => this.#dial(node),
      save: (text) => this.file = text,
      countKeys: () => 0,
      deleteKeys: () => {},
      endSubscriptions: () => {},
      publish: () => {},
      pauseWrites: (on) => this.isPaused = on,
    };
  }

  #dial(node: ClusterNode): SimulatedLink {
    const { simulation } = this;
    const link = new SimulatedLink(this, node);
    const { ip } = node;
    simulation.deliver(() => {
      if (link.isClosed || !this.isRunning) return;
      const target = simulation.nodes.find(({ address }) => address === ip);
      // Nobody answers: neither yes nor no.
      if (target === undefined || !simulation.reaches(this, target)) return;
      if (!target.isRunning) return link.close();
      const other = new SimulatedLink(target);
      other.peer = link;
      link.peer = other;
      link.remoteAddress = target.address;
      other.remoteAddress = this.address;
      this.bus.opened(link);
    });
    return link;
  }

  get id(): string {
    return this.member.myself.id;
  }

  get isPrimary(): boolean {
    return this.member.myself.isPrimary;
  }

  /** How many slots it serves. */
  get slots(): number {
    return this.member.myself.slotCount;
  }

  tick(): void {
    if (!this.isRunning) return;
    this.bus.tick();
    const primary = this.simulation.nodes.find(({ address }) => address === this.follows);
    if (primary === undefined || !primary.isRunning) return;
    if (!this.simulation.reaches(this, primary)) return;
    this.heardAt = this.simulation.now;
    this.offset = primary.offset;
  }

  /** Ends at once, as by SIGKILL. */
  stop(): void {
    this.isRunning = false;
    for (const node of this.member.topology.nodes.values()) {
      node.link?.close();
      node.inbound?.close();
    }
  }

  /** Starts again with what it had written down. */
  restart(): void {
    const topology = readConfig(this.file, {
      now: this.simulation.now,
      newShardId: () => this.simulation.hex(ID_LENGTH),
      onSlotLost: () => {},
    });
    Object.assign(this, this.#assemble(topology));
    this.follows = undefined;
    this.isRunning = true;
  }
}

/** All nodes. */
export class Simulation {
  now = 1_700_000_000_000;
  readonly nodes: SimulatedNode[] = [];
  readonly random: () => number;
  #queue: (() => void)[] = [];
  /** Which side of a cut each node is on. */
  readonly #sides = new Map<SimulatedNode, number>();

  constructor(random: () => number) {
    this.random = random;
  }

  hex(digits: number): string {
    return Array.from({ length: digits }, () => Math.floor(this.random() * 16).toString(16)).join(
      "",
    );
  }

  add(): SimulatedNode {
    const node = new SimulatedNode(this, `10.0.0.${this.nodes.length + 1}`);
    this.nodes.push(node);
    return node;
  }

  /** Has something happen soon; packets of one link keep their order. */
  deliver(action: () => void): void {
    this.#queue.push(action);
  }

  reaches(a: SimulatedNode, b: SimulatedNode): boolean {
    return (this.#sides.get(a) ?? 0) === (this.#sides.get(b) ?? 0);
  }

  /** Cuts these nodes off from all others; without any the network is whole again. */
  cut(...nodes: readonly SimulatedNode[]): void {
    this.#sides.clear();
    for (const node of nodes) this.#sides.set(node, 1);
  }

  /** Lets time pass. */
  run(ms: number): void {
    for (const end = this.now + ms; this.now < end;) {
      this.now += STEP_MS;
      for (const node of this.nodes) {
        node.tick();
        this.#settle();
      }
    }
  }

  #settle(): void {
    while (this.#queue.length > 0) {
      const queue = this.#queue;
      this.#queue = [];
      for (const action of queue) action();
    }
  }

  /** Runs until something holds, and fails if that takes too long. */
  until(condition: () => boolean, what: string, most = 60_000): void {
    for (let passed = 0; !condition(); passed += STEP_MS) {
      if (passed >= most) throw new Error(`${most} ms were not enough for ${what}`);
      this.run(STEP_MS);
    }
  }
}
