/**
 * nodes.conf: the map of the cluster as a file that redis-server reads, too.
 *
 * One line a node, as CLUSTER NODES shows it, with the shard's id behind the address; then a line of variables. Nodes
 * in handshake are left out.
 *
 * @module
 */

import { encodeLatin1 } from "../resp/args.ts";
import { splitWords } from "../resp/split_words.ts";
import { SLOTS } from "../../storage/memory/key_slot.ts";
import { ClusterNode, formatRanges, ID_LENGTH, NodeFlag } from "./node.ts";
import { Topology } from "./topology.ts";

/** What CLUSTER NODES and nodes.conf say of a node; `isFile` adds what only the file has. */
export function describeNode(
  node: ClusterNode,
  topology: Topology,
  { isFile = false } = {},
): string {
  const address = `${node.ip}:${node.port}@${node.busPort}`;
  const names = node.hostname === "" ? (isFile ? "," : "") : `,${node.hostname}`;
  const more = isFile ? auxiliary(node) : "";
  const isHere = node.link !== undefined || node.has(NodeFlag.myself);
  const words = [
    node.id,
    address + names + more,
    node.flagNames,
    node.primary?.id ?? "-",
    node.pingSentAt,
    node.pongReceivedAt,
    node.shownEpoch,
    isHere ? "connected" : "disconnected",
  ];
  if (node.slotCount > 0) words.push(...formatRanges(node.slotRanges()).split(" "));
  if (node.has(NodeFlag.myself)) words.push(...movingSlots(topology));
  return words.join(" ");
}

function auxiliary({ shardId, humanName, tlsPort }: ClusterNode): string {
  const fields = tlsPort === 0 ? "" : `,tls-port=${tlsPort}`;
  return (humanName === "" ? "" : `,nodename=${humanName}`) + `${fields},shard-id=${shardId}`;
}

function movingSlots({ migratingTo, importingFrom }: Topology): string[] {
  const moving = [
    ...[...migratingTo].map(([slot, to]) => ({ slot, word: `[${slot}->-${to.id}]` })),
    ...[...importingFrom].map(([slot, from]) => ({ slot, word: `[${slot}-<-${from.id}]` })),
  ];
  return moving.sort((a, b) => a.slot - b.slot).map(({ word }) => word);
}

/** The text of nodes.conf. */
export function writeConfig(topology: Topology): string {
  const lines = [...topology.nodes.values()]
    .filter((node) => !node.inHandshake)
    .map((node) => describeNode(node, topology, { isFile: true }));
  const { currentEpoch, lastVoteEpoch } = topology;
  lines.push(`vars currentEpoch ${currentEpoch} lastVoteEpoch ${lastVoteEpoch}`);
  return lines.join("\n") + "\n";
}

/** How the file is read. */
export interface ReadOptions {
  readonly now: number;
  /** A random id for a shard that the file does not name. */
  readonly newShardId: () => string;
  readonly onSlotLost: (slot: number) => void;
}

const ID = new RegExp(`^[0-9a-f]{${ID_LENGTH}}$`);
const FLAGS: Readonly<Record<string, number>> = {
  myself: NodeFlag.myself,
  master: NodeFlag.primary,
  slave: NodeFlag.replica,
  "fail?": NodeFlag.maybeFailed,
  fail: NodeFlag.failed,
  handshake: NodeFlag.handshake,
  noaddr: NodeFlag.noAddress,
  nofailover: NodeFlag.noFailover,
  noflags: 0,
};

/**
 * Reads nodes.conf.
 *
 * @throws {Error} that says which line is wrong
 */
export function readConfig(text: string, options: ReadOptions): Topology {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const words = lines.map((line) => {
    const split = splitWords(encodeLatin1(line));
    if (split === undefined) throw badLine(line);
    return split;
  });
  const own = words.find(([, , flags]) => flags?.split(",").includes("myself"));
  if (own === undefined) throw new Error("no line is about this node itself (myself)");
  const reader = new Reader(new Topology(blankNode(own[0], options), options.onSlotLost), options);
  for (const [i, line] of words.entries()) {
    if (!reader.read(line)) throw badLine(lines[i]);
  }
  const { topology } = reader;
  topology.currentEpoch = topology.maxEpoch;
  return topology;
}

function badLine(line: string): Error {
  return new Error(`the line "${line.slice(0, 200)}" cannot be read`);
}

function blankNode(id: string, { now, newShardId }: ReadOptions): ClusterNode {
  return new ClusterNode(id, { flags: 0, shardId: newShardId(), now });
}

/** Puts lines together; lines may name nodes that come later. */
class Reader {
  readonly topology: Topology;
  readonly #options: ReadOptions;

  constructor(topology: Topology, options: ReadOptions) {
    this.topology = topology;
    this.#options = options;
  }

  /** Takes one line; false if it makes no sense. */
  read(words: readonly string[]): boolean {
    if (words[0].toLowerCase() === "vars") return this.#readVariables(words);
    if (words.length < 8) return false;
    const [id, address, flags, primary, pinged, ponged, epoch, , ...slots] = words;
    const node = this.#node(id);
    if (node === undefined || !readAddress(node, address)) return false;
    for (const name of flags.split(",")) {
      if (!Object.hasOwn(FLAGS, name)) return false;
      node.flags |= FLAGS[name];
    }
    const { now } = this.#options;
    if (node.isFailed) node.failedAt = now;
    if (primary !== "-") {
      const known = this.#node(primary);
      if (known === undefined) return false;
      const { shardId } = node;
      this.topology.attach(node, known);
      if (address.includes("shard-id=")) node.shardId = shardId;
    }
    if (Number(pinged) !== 0) node.pingSentAt = now;
    if (Number(ponged) !== 0) node.pongReceivedAt = now;
    // A replica's line shows its primary's.
    node.configEpoch = node.primary === undefined ? Number(epoch) : 0;
    return slots.every((word) => this.#readSlots(node, word));
  }

  #readVariables(words: readonly string[]): boolean {
    for (let i = 1; i + 1 < words.length; i += 2) {
      if (words[i] === "currentEpoch") this.topology.currentEpoch = Number(words[i + 1]);
      else if (words[i] === "lastVoteEpoch") this.topology.lastVoteEpoch = Number(words[i + 1]);
    }
    return words.length % 2 === 1;
  }

  #node(id: string): ClusterNode | undefined {
    if (!ID.test(id)) return undefined;
    let node = this.topology.nodes.get(id);
    if (node === undefined) this.topology.add(node = blankNode(id, this.#options));
    return node;
  }

  #readSlots(node: ClusterNode, word: string): boolean {
    const moving = /^\[(\d+)-([<>])-([0-9a-f]+)\]$/.exec(word);
    if (moving !== null) {
      const slot = Number(moving[1]);
      const other = this.#node(moving[3]);
      if (slot >= SLOTS || other === undefined) return false;
      const { migratingTo, importingFrom } = this.topology;
      (moving[2] === ">" ? migratingTo : importingFrom).set(slot, other);
      return true;
    }
    const range = /^(\d+)(?:-(\d+))?$/.exec(word);
    if (range === null) return false;
    const first = Number(range[1]);
    const last = Number(range[2] ?? range[1]);
    if (last >= SLOTS) return false;
    for (let slot = first; slot <= last; slot++) {
      if (this.topology.owners[slot] === undefined) this.topology.assign(slot, node);
    }
    return true;
  }
}

/** Reads `address:port@bus-port,hostname,name=value …`; the last two ports may be missing. */
function readAddress(node: ClusterNode, text: string): boolean {
  const [address, hostname = "", ...fields] = text.split(",");
  const parts = /^(.*):(\d+)(?:@(\d+))?$/.exec(address);
  if (parts === null) return false;
  node.ip = parts[1];
  node.port = Number(parts[2]);
  node.busPort = parts[3] === undefined ? node.port + 10000 : Number(parts[3]);
  node.hostname = hostname;
  for (const field of fields) {
    const [name, value] = field.split("=");
    if (value === undefined) return false;
    if (name === "shard-id") node.shardId = value;
    else if (name === "nodename") node.humanName = value;
    else if (name === "tls-port") node.tlsPort = Number(value);
    else if (name === "tcp-port") node.port = Number(value);
    else return false;
  }
  return true;
}
