/**
 * A server as a node of a Redis Cluster: joins the logic (./bus.ts and what it calls) to sockets, timers, data and
 * nodes.conf, and is what commands and the dispatcher see of it.
 *
 * Loaded only by servers with `cluster-enabled`.
 *
 * @module
 */

import type { ClusterApi, SlotMove } from "../../commands/cluster/api.ts";
import type { LogLevel } from "../../commands/context.ts";
import { Flag, type RegisteredCommand } from "../../commands/registry.ts";
import { flushAll } from "../../storage/lazy_free.ts";
import { keySlot, SLOTS } from "../../storage/memory/key_slot.ts";
import { SlottedTable } from "../../storage/memory/slotted_table.ts";
import type { CallContext } from "../call_context.ts";
import { isPeerGone } from "../connection.ts";
import { Args } from "../resp/args.ts";
import { ReplyError } from "../resp/errors.ts";
import type { Reply } from "../resp/reply.ts";
import type { Server } from "../server.ts";
import type { Session } from "../session.ts";
import { Bus } from "./bus.ts";
import { readConfig } from "./config_file.ts";
import { ConfigStore } from "./config_store.ts";
import { Failover } from "./failover.ts";
import { Health } from "./health.ts";
import type { ClusterHost } from "./host.ts";
import { type LinkEvents, TcpLink } from "./links.ts";
import { Member } from "./member.ts";
import { PacketType, packetType } from "./messages.ts";
import { type BusLink, ClusterNode, ID_LENGTH, NodeFlag } from "./node.ts";
import { Operations } from "./operations.ts";
import { type JudgedRequest, NO_KEYS, Redirector, UNCLEAR } from "./redirect.ts";
import { ClusterReplicator } from "./replicator.ts";
import { Report } from "./report.ts";
import { Topology } from "./topology.ts";

const TICK_MS = 100;
/** What the bus's port is above the clients' unless `cluster-port` says so. */
const BUS_PORT_OFFSET = 10000;
const MOST_PORT = 65535;

/** Directives that others are told of. */
const ANNOUNCEMENTS = [
  "cluster-announce-bus-port",
  "cluster-announce-hostname",
  "cluster-announce-human-nodename",
  "cluster-announce-ip",
  "cluster-announce-port",
  "cluster-announce-tls-port",
  "cluster-replica-no-failover",
] as const;

/** One node. */
export class Cluster implements ClusterApi {
  readonly #server: Server;
  readonly #member: Member;
  readonly #bus: Bus;
  readonly #operations: Operations;
  readonly #report: Report;
  readonly #health: Health;
  readonly #failover: Failover;
  readonly #redirector: Redirector;
  readonly #store: ConfigStore;
  readonly #links = new Set<TcpLink>();
  readonly #active = new Set<Promise<void>>();
  #listeners: Deno.TcpListener[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;
  #isScheduled = false;
  #isClosed = false;

  /**
   * Joins the cluster that nodes.conf tells of, or begins one of its own, and listens.
   *
   * @throws {Error} when the file cannot be read or locked, or an address cannot be listened on
   */
  constructor(server: Server) {
    this.#server = server;
    const { values } = server.config;
    this.#store = new ConfigStore(`${values.dir}/${values.clusterConfigFile}`);
    try {
      const topology = this.#load();
      const host = this.#host();
      const member = this.#member = new Member(host, topology);
      this.#health = new Health(member);
      this.#failover = new Failover(member, this.#health);
      this.#bus = new Bus(member, { health: this.#health, failover: this.#failover });
      this.#operations = new Operations(member, {
        failover: this.#failover,
        dropData: () => this.#dropData(),
      });
      this.#report = new Report(member, { health: this.#health, bus: this.#bus });
      this.#redirector = new Redirector(member, server.keyspace.databases[0]);
      this.#listen();
      this.#bus.followAnnouncements();
      member.save();
    } catch (error) {
      this.#store.close();
      for (const listener of this.#listeners) listener.close();
      throw error;
    }
  }

  /** Takes over what the node is to tell of itself. */
  #announce(): void {
    this.#bus.followAnnouncements();
    this.#settleSoon();
  }

  /** Begins to talk to the other nodes by itself, once the data is there; before that it only answers them. */
  begin(): void {
    this.#adoptLoadedKeys();
    this.#server.config.onChange(ANNOUNCEMENTS, () => this.#announce());
    this.#bus.tick();
    this.#timer = setInterval(() => this.tick(), TICK_MS);
  }

  // --- start and end --------------------------------------------------------------------------------------------

  #load(): Topology {
    const server = this.#server;
    const newId = () => server.randomHex(ID_LENGTH);
    const onSlotLost = (slot: number) => this.#endSubscriptions(slot);
    const text = this.#store.read();
    if (text.trim() === "") {
      const flags = NodeFlag.myself | NodeFlag.primary;
      const myself = new ClusterNode(newId(), { flags, shardId: newId(), now: server.readClock() });
      server.log("notice", `No cluster configuration found, I'm ${myself.id}`);
      return new Topology(myself, onSlotLost);
    }
    try {
      const options = { now: server.readClock(), newShardId: newId, onSlotLost };
      const topology = readConfig(text, options);
      server.log("notice", `Node configuration loaded, I'm ${topology.myself.id}`);
      return topology;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`Cannot load "${this.#store.path}": ${why}`);
    }
  }

  get #busPort(): number {
    const { clusterPort } = this.#server.config.values;
    return clusterPort !== 0 ? clusterPort : this.#clientPort + BUS_PORT_OFFSET;
  }

  get #clientPort(): number {
    return this.#server.addresses[0]?.port ?? 0;
  }

  #listen(): void {
    const port = this.#busPort;
    if (port > MOST_PORT) {
      throw new Error(
        `The port ${this.#clientPort} is too high for a cluster node, whose bus is ` +
          `${BUS_PORT_OFFSET} above it: choose a port below ${MOST_PORT - BUS_PORT_OFFSET}, or ` +
          `set cluster-port`,
      );
    }
    for (const { hostname } of this.#server.addresses) {
      try {
        this.#listeners.push(Deno.listen({ hostname, port }));
      } catch (error) {
        throw new Error(`Cannot listen on ${hostname}:${port} for the cluster bus: ${error}`);
      }
    }
    for (const listener of this.#listeners) this.#track(this.#accept(listener));
  }

  async #accept(listener: Deno.TcpListener): Promise<void> {
    for (;;) {
      let connection: Deno.TcpConn;
      try {
        connection = await listener.accept();
      } catch (error) {
        if (this.#isClosed) return;
        if (isPeerGone(error)) {
          this.#server.log(
            "verbose",
            `A cluster node's connection ended before it began: ${error}`,
          );
          continue;
        }
        this.#server.log("warning", `A cluster node could not be accepted: ${error}`);
        await new Promise((resolve) => setTimeout(resolve, TICK_MS));
        continue;
      }
      this.#keep(TcpLink.accept(this.#linkEvents, connection));
    }
  }

  #keep({ link, ended }: { link: TcpLink; ended: Promise<void> }): TcpLink {
    if (!link.isClosed) this.#links.add(link);
    this.#track(ended);
    return link;
  }

  #track(work: Promise<void>): void {
    this.#active.add(work);
    work.finally(() => this.#active.delete(work));
  }

  /** What is due; the timer calls it ten times a second. */
  tick(): void {
    const server = this.#server;
    if (server.busy !== undefined || isOn(server.debug.flags.get("pause-cron"))) return;
    server.keyspace.setTime(server.readClock());
    this.#bus.tick();
    if (server.blocking.clients > 0) {
      server.blocking.endWhere((ctx, key) => this.#whyNotWait(ctx as CallContext, key));
    }
  }

  /** Leaves the conversation; ends when all connections have ended. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    for (const listener of this.#listeners) listener.close();
    for (const link of this.#links) link.close();
    await Promise.all(this.#active);
    this.#member.settle();
    this.#store.close();
  }

  // --- surroundings ---------------------------------------------------------------------------------------------

  #host(): ClusterHost {
    const server = this.#server;
    const { values } = server.config;
    const clientPort = () => values.clusterAnnouncePort || this.#clientPort;
    const busPort = () => values.clusterAnnounceBusPort || this.#busPort;
    return {
      values,
      replication: new ClusterReplicator(server),
      get ports() {
        const tlsPort = values.clusterAnnounceTlsPort;
        return { port: clientPort(), tlsPort, busPort: busPort() };
      },
      get keyCount() {
        return server.keyspace.databases[0].size;
      },
      now: () => server.readClock(),
      random: () => server.random(),
      randomHex: (digits) => server.randomHex(digits),
      log: (level: LogLevel, message: string) => server.log(level, message),
      dial: (node) => this.#keep(TcpLink.dial(this.#linkEvents, node)),
      save: (text, options) => this.#save(text, options),
      countKeys: (slot) => this.countKeys(slot),
      deleteKeys: (slot) => this.#deleteKeys(slot),
      endSubscriptions: (slot) => this.#endSubscriptions(slot),
      publish: (channel, message, kind) => {
        if (kind === "channel") server.pubsub.publish(channel, message);
        else server.pubsub.publishToShard(channel, message);
        server.pushes.flush();
      },
      pauseWrites: (on) => server.clients.holdWrites("failover", on),
    };
  }

  /** A node that cannot keep what it has promised must not go on. */
  #save(text: string, options: { durable: boolean }): void {
    try {
      this.#store.write(text, options);
    } catch (error) {
      this.#server.log("warning", `Fatal: can't update cluster config file: ${error}`);
      this.#server.fail("Cannot write the cluster configuration file");
    }
  }

  readonly #linkEvents: LinkEvents = {
    now: () => this.#server.readClock(),
    opened: (link) => this.#bus.opened(link),
    received: (link, packets) => this.#received(link, packets),
    closed: (link) => {
      this.#links.delete(link as TcpLink);
      if (!this.#isClosed) this.#bus.closed(link);
    },
    log: (level, message) => this.#server.log(level, message),
  };

  #received(link: BusLink, packets: readonly Uint8Array[]): void {
    const server = this.#server;
    if (server.busy === undefined) server.keyspace.setTime(server.readClock());
    const dropped = server.debug.flags.get("drop-cluster-packet-filter");
    for (const packet of packets) {
      if (this.#isClosed || (link as TcpLink).isClosed) return;
      if (dropped === undefined || Number(dropped) !== packetType(packet)) {
        this.#bus.receive(link, packet);
      }
    }
    this.#member.settle();
  }

  /** Has what a command has changed judged and written down when the requests at hand are over. */
  #settleSoon(): void {
    if (this.#isScheduled || !this.#member.isUnsettled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      if (!this.#isClosed) this.#member.settle();
    });
  }

  get #table(): SlottedTable {
    return this.#server.keyspace.databases[0].table as SlottedTable;
  }

  /** Deletes the keys of a slot that others serve now; replicas and the AOF are told. */
  #deleteKeys(slot: number): void {
    const server = this.#server;
    const db = server.keyspace.databases[0];
    for (const ref of this.#table.refsInSlot(slot)) server.keyNews.deleteKey(db, ref);
  }

  #dropData(): void {
    flushAll(this.#server.keyspace);
  }

  #endSubscriptions(slot: number): void {
    this.#server.pubsub.endShardChannels((name) => keySlot(name, 0, name.length) === slot);
  }

  /** Agrees on a map with data that were loaded: what nobody serves is ours, what others serve is being imported. */
  #adoptLoadedKeys(): void {
    const { myself, topology } = this.#member;
    if (myself.isReplica) return;
    for (let slot = 0; slot < SLOTS; slot++) {
      const owner = topology.owners[slot];
      if (owner === myself || this.countKeys(slot) === 0 || topology.importingFrom.has(slot)) {
        continue;
      }
      if (owner === undefined) topology.assign(slot, myself);
      else topology.importingFrom.set(slot, owner);
      this.#member.changed({ state: true, durable: true });
    }
    this.#member.settle();
  }

  // --- redirection ----------------------------------------------------------------------------------------------

  /** Why a command cannot be carried out here; of EXEC, why what it would carry out cannot. */
  refuse(ctx: CallContext, command: RegisteredCommand, args: Args): ReplyError | undefined {
    const { client } = ctx;
    client.stepAsking();
    if ((command.mask & Flag.executes) === 0) {
      const slot = this.#redirector.glance(command, args);
      if (slot !== UNCLEAR) {
        client.slot = slot;
        return undefined;
      }
    }
    client.slot = NO_KEYS;
    if (client.mustObey) return undefined;
    const requests: JudgedRequest[] = [];
    if ((command.mask & Flag.executes) !== 0) {
      client.transaction?.forEach((each, queued) => {
        // The arguments are valid only until the next ones are read.
        if (!this.#redirector.hasKeys(each)) return;
        requests.push({
          command: each,
          args: queued.detach(),
          writes: this.#writes(each, queued),
        });
      });
    } else if (this.#redirector.hasKeys(command)) {
      requests.push({ command, args, writes: this.#writes(command, args) });
    }
    if (requests.length === 0) return undefined;
    const { slot, verdict } = this.#redirector.judge(requests, client);
    if (verdict === undefined) {
      client.slot = slot;
      return undefined;
    }
    if ((command.mask & Flag.executes) !== 0) client.discardTransaction();
    return this.#redirector.refusal(verdict);
  }

  #writes(command: RegisteredCommand, args: Args): boolean {
    return (this.#server.maskOf(command, args) & Flag.write) !== 0;
  }

  /** Why a script's command cannot be carried out here, in the words that scripts are told. */
  refuseScript(
    client: Session,
    request: { command: RegisteredCommand; args: Args },
    { mayCrossSlots }: { mayCrossSlots: boolean },
  ): string | undefined {
    if (client.mustObey || !this.#redirector.hasKeys(request.command)) return undefined;
    const writes = (request.command.mask & Flag.write) !== 0;
    const { slot, verdict } = this.#redirector.judge([{ ...request, writes }], client);
    switch (verdict?.kind) {
      case undefined:
        break;
      case "downForWrites":
        return "Script attempted to execute a write command while the cluster is down and readonly";
      case "down":
        return "Script attempted to execute a command while the cluster is down";
      default:
        return "Script attempted to access a non local key in a cluster node";
    }
    if (slot < 0 || mayCrossSlots) return undefined;
    if (client.slot === -1) client.slot = slot;
    else if (client.slot !== slot) {
      return "Script attempted to access keys that do not hash to the same slot";
    }
    return undefined;
  }

  /** Why a client cannot go on waiting for keys of a slot. */
  #whyNotWait({ client }: CallContext, key: Uint8Array | undefined): string | undefined {
    const { isFailing, myself, topology } = this.#member;
    const { lastCommand: command } = client;
    if (client.mustObey || key === undefined) return undefined;
    if (isFailing) return this.#redirector.refusal({ kind: "down" }).message;
    const slot = keySlot(key, 0, key.length);
    const owner = topology.owners[slot];
    const reads = command !== undefined && (command.mask & Flag.write) === 0;
    if (client.readsFromReplica && reads && owner !== undefined && myself.primary === owner) {
      return undefined;
    }
    if (owner === myself || topology.importingFrom.has(slot)) return undefined;
    return this.#redirector.refusal(
      owner === undefined ? { kind: "unbound" } : { kind: "moved", slot, node: owner },
    ).message;
  }

  // --- what others ask ------------------------------------------------------------------------------------------

  get id(): string {
    return this.#member.myself.id;
  }

  get shardId(): string {
    return this.#member.myself.shardId;
  }

  /** How many links there are, and how many bytes wait in them. */
  get linkCount(): number {
    return this.#links.size;
  }

  get linkBytes(): number {
    let bytes = 0;
    for (const { queuedBytes } of this.#links) bytes += queuedBytes;
    return bytes;
  }

  info(): string {
    return this.#report.info();
  }

  nodes(): string {
    return this.#report.nodes();
  }

  replyWithSlots(reply: Reply): void {
    this.#report.replyWithSlots(reply);
  }

  replyWithShards(reply: Reply): void {
    this.#report.replyWithShards(reply);
  }

  replyWithLinks(reply: Reply): void {
    this.#report.replyWithLinks(reply);
  }

  slotOf(key: Uint8Array): number {
    return keySlot(key, 0, key.length);
  }

  countKeys(slot: number): number {
    return this.#table.countInSlot(slot);
  }

  keysIn(slot: number, most: number): readonly Uint8Array[] {
    const db = this.#server.keyspace.databases[0];
    return this.#table.refsInSlot(slot, most).map((ref) => db.keyBytes(ref));
  }

  replicasOf(id: string): readonly string[] {
    const { replicas } = this.#operations.findPrimary(id);
    return replicas.map((replica) => this.#report.line(replica));
  }

  failureReports(id: string): number {
    return this.#health.reports(this.#operations.find(id));
  }

  closeLinks(id: string, direction: "to" | "from" | "all"): void {
    const { link, inbound } = this.#operations.find(id);
    if (direction !== "from") link?.close();
    if (direction !== "to") inbound?.close();
  }

  saveConfig(): void {
    try {
      this.#member.settle();
      this.#member.save();
    } catch (error) {
      throw new ReplyError(`ERR error saving the cluster node config: ${error}`);
    }
  }

  publish(channel: Uint8Array, message: Uint8Array, kind: "channel" | "shard"): void {
    const member = this.#member;
    const type = kind === "channel" ? PacketType.publish : PacketType.publishShard;
    const { shardId, primary } = member.myself;
    const packet = member.compose(type, { channel, message });
    member.broadcast(type, packet, (node) => {
      if (kind === "channel") return true;
      // Old nodes tell of no shards.
      return node.shardId === shardId || node.primary === member.myself || node === primary ||
        (primary !== undefined && node.primary === primary);
    });
  }

  // --- what operators change ------------------------------------------------------------------------------------

  addSlots(slots: readonly number[]): void {
    this.#operate(() => this.#operations.addSlots(slots));
  }

  removeSlots(slots: readonly number[]): void {
    this.#operate(() => this.#operations.removeSlots(slots));
  }

  flushSlots(): void {
    this.#operate(() => this.#operations.flushSlots());
  }

  moveSlot(slot: number, move: SlotMove): void {
    this.#operate(() => this.#operations.moveSlot(slot, move));
  }

  refuseIfReplica(): void {
    this.#operations.refuseIfReplica();
  }

  meet(ip: string, port: number, busPort: number): boolean {
    return this.#operations.meet(ip, port, busPort);
  }

  forget(id: string): void {
    this.#operate(() => this.#operations.forget(id));
  }

  replicate(id: string): void {
    this.#operate(() => this.#operations.replicate(id));
  }

  failover(how: "agreed" | "force" | "takeover"): void {
    this.#operate(() => this.#operations.failover(how));
  }

  reset(options: { readonly hard: boolean }): void {
    this.#operate(() => this.#operations.reset(options));
  }

  setConfigEpoch(epoch: number): void {
    this.#operate(() => this.#operations.setConfigEpoch(epoch));
  }

  bumpEpoch(): { isNew: boolean; epoch: number } {
    return this.#operate(() => this.#operations.bumpEpoch());
  }

  #operate<T>(change: () => T): T {
    const result = change();
    this.#settleSoon();
    return result;
  }
}

/** Whether a switch that DEBUG keeps as text is on: a number other than 0. */
function isOn(text: string | undefined): boolean {
  return text !== undefined && (Number.parseInt(text) || 0) !== 0;
}

export { SlottedTable };
