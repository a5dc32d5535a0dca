/**
 * What a node tells of its cluster: CLUSTER INFO, NODES, SLOTS, SHARDS and LINKS.
 *
 * @module
 */

import type { Reply } from "../resp/reply.ts";
import type { Bus } from "./bus.ts";
import { describeNode } from "./config_file.ts";
import type { Health } from "./health.ts";
import type { Member } from "./member.ts";
import { PACKET_NAMES } from "./messages.ts";
import type { BusLink, ClusterNode } from "./node.ts";
import { preferredEndpoint } from "./redirect.ts";

/** The reports of one node. */
export class Report {
  readonly #member: Member;
  readonly #health: Health;
  readonly #bus: Bus;

  constructor(member: Member, { health, bus }: { health: Health; bus: Bus }) {
    this.#member = member;
    this.#health = health;
    this.#bus = bus;
  }

  /** The text of CLUSTER INFO. */
  info(): string {
    const { isFailing, sent, received, topology } = this.#member;
    const counts = { assigned: 0, ok: 0, pfail: 0, fail: 0 };
    for (const owner of topology.owners) {
      if (owner === undefined) continue;
      counts.assigned++;
      if (owner.isFailed) counts.fail++;
      else if (owner.isSuspect) counts.pfail++;
      else counts.ok++;
    }
    const lines: [name: string, value: string | number][] = [
      ["cluster_state", isFailing ? "fail" : "ok"],
      ["cluster_slots_assigned", counts.assigned],
      ["cluster_slots_ok", counts.ok],
      ["cluster_slots_pfail", counts.pfail],
      ["cluster_slots_fail", counts.fail],
      ["cluster_known_nodes", topology.nodes.size],
      ["cluster_size", this.#health.size],
      ["cluster_current_epoch", topology.currentEpoch],
      ["cluster_my_epoch", topology.shard.configEpoch],
      ...messageCounts("sent", sent),
      ...messageCounts("received", received),
      ["total_cluster_links_buffer_limit_exceeded", this.#bus.overfullLinks],
    ];
    return lines.map(([name, value]) => `${name}:${value}\r\n`).join("");
  }

  /** The text of CLUSTER NODES. */
  nodes(): string {
    const { topology } = this.#member;
    return [...topology.nodes.values()].map((node) => `${this.line(node)}\n`).join("");
  }

  /** The line of a node. */
  line(node: ClusterNode): string {
    return describeNode(node, this.#member.topology);
  }

  replyWithSlots(reply: Reply): void {
    const stretches = [...this.#member.topology.stretches()];
    reply.array(stretches.length);
    for (const { first, last, owner } of stretches) {
      const replicas = owner.replicas.filter((replica) => this.#isOfUse(replica));
      reply.array(3 + replicas.length);
      reply.int(first);
      reply.int(last);
      for (const node of [owner, ...replicas]) this.#replyWithEndpoint(reply, node);
    }
  }

  /** Whether clients may read from a replica. */
  #isOfUse(replica: ClusterNode): boolean {
    return !replica.isFailed && this.#offsetOf(replica) !== 0;
  }

  #offsetOf(node: ClusterNode): number {
    const { host, myself } = this.#member;
    return node === myself ? host.replication.offset : node.replicationOffset;
  }

  #replyWithEndpoint(reply: Reply, node: ClusterNode): void {
    const { values } = this.#member.host;
    const { clusterPreferredEndpointType: type } = values;
    const endpoint = preferredEndpoint(node, values);
    reply.array(4);
    if (endpoint === undefined) reply.null();
    else reply.bulk(endpoint);
    reply.int(node.port);
    reply.bulk(node.id);
    const others: [string, string][] = [];
    if (type !== "ip") others.push(["ip", node.ip]);
    if (type !== "hostname" && node.hostname !== "") others.push(["hostname", node.hostname]);
    reply.map(others.length);
    for (const each of others) for (const word of each) reply.bulk(word);
  }

  replyWithShards(reply: Reply): void {
    const shards = Map.groupBy(this.#member.topology.nodes.values(), ({ shardId }) => shardId);
    reply.array(shards.size);
    for (const nodes of shards.values()) {
      const primary = nodes.find(({ slotCount }) => slotCount > 0) ?? nodes[0];
      const ranges = primary.slotRanges();
      reply.map(2);
      reply.bulk("slots");
      reply.array(ranges.length * 2);
      for (const slot of ranges.flat()) reply.int(slot);
      reply.bulk("nodes");
      reply.array(nodes.length);
      for (const node of nodes) this.#replyWithNode(reply, node);
    }
  }

  #replyWithNode(reply: Reply, node: ClusterNode): void {
    const offset = this.#offsetOf(node);
    const health = node.isFailed ? "fail" : node.isReplica && offset === 0 ? "loading" : "online";
    const fields: [name: string, value: string | number][] = [["id", node.id]];
    if (node.port !== 0) fields.push(["port", node.port]);
    if (node.tlsPort !== 0) fields.push(["tls-port", node.tlsPort]);
    fields.push(
      ["ip", node.ip],
      ["endpoint", preferredEndpoint(node, this.#member.host.values) ?? ""],
    );
    if (node.hostname !== "") fields.push(["hostname", node.hostname]);
    fields.push(
      ["role", node.isReplica ? "replica" : "master"],
      ["replication-offset", offset],
      ["health", health],
    );
    replyWithFields(reply, fields);
  }

  replyWithLinks(reply: Reply): void {
    const nodes = [...this.#member.topology.nodes.values()];
    const links = nodes.flatMap((node) =>
      [node.link, node.inbound].filter((link) => link !== undefined).map((link) => ({ node, link }))
    );
    reply.array(links.length);
    for (const { node, link } of links) replyWithFields(reply, linkFields(node, link));
  }
}

function messageCounts(direction: string, counts: readonly number[]): [string, number][] {
  const lines: [string, number][] = [];
  let total = 0;
  for (const [type, count] of counts.entries()) {
    if (count === 0) continue;
    total += count;
    lines.push([`cluster_stats_messages_${PACKET_NAMES[type]}_${direction}`, count]);
  }
  return [...lines, [`cluster_stats_messages_${direction}`, total]];
}

function linkFields(node: ClusterNode, link: BusLink): [string, string | number][] {
  return [
    ["direction", link.isInbound ? "from" : "to"],
    ["node", node.id],
    ["create-time", link.createdAt],
    ["events", link.queuedBytes > 0 ? "rw" : "r"],
    ["send-buffer-allocated", link.queuedBytes],
    ["send-buffer-used", link.queuedBytes],
  ];
}

function replyWithFields(
  reply: Reply,
  fields: readonly (readonly [string, string | number])[],
): void {
  reply.map(fields.length);
  for (const [name, value] of fields) {
    reply.bulk(name);
    if (typeof value === "number") reply.int(value);
    else reply.bulk(value);
  }
}
