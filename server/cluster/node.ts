/**
 * A node of the cluster, as this one knows it.
 *
 * @module
 */

/** What is known of a node, as bits; the values are those of the bus. */
export const NodeFlag = {
  primary: 1,
  replica: 2,
  /** It does not answer us … */
  maybeFailed: 4,
  /** … and most primaries say the same. */
  failed: 8,
  myself: 16,
  /** Its id is not known yet. */
  handshake: 32,
  noAddress: 64,
  /** It is to be greeted with MEET. */
  meet: 128,
  /** It has, or had, replicas: others may move to it. */
  wantsReplicas: 256,
  noFailover: 512,
  /** It understands extensions of pings. */
  extensions: 1024,
} as const;

/** How CLUSTER NODES calls them, in its order. */
const FLAG_NAMES: readonly (readonly [flag: number, name: string])[] = [
  [NodeFlag.myself, "myself"],
  [NodeFlag.primary, "master"],
  [NodeFlag.replica, "slave"],
  [NodeFlag.maybeFailed, "fail?"],
  [NodeFlag.failed, "fail"],
  [NodeFlag.handshake, "handshake"],
  [NodeFlag.noAddress, "noaddr"],
  [NodeFlag.noFailover, "nofailover"],
];

/** Hexadecimal digits of an id. */
export const ID_LENGTH = 40;
const BITMAP_BYTES = 2048;

/** A connection of the bus. */
export interface BusLink {
  /** Whether the other side has dialled. */
  readonly isInbound: boolean;
  /** Who is at the other end, once that is known. */
  node: ClusterNode | undefined;
  /** Unix time in ms. */
  readonly createdAt: number;
  /** The addresses of both ends; empty while there is no connection. */
  readonly localAddress: string;
  readonly remoteAddress: string;
  /** Bytes that wait to be sent. */
  readonly queuedBytes: number;
  /** Sends a packet; what is sent before there is a connection waits for it. */
  send(packet: Uint8Array): void;
  close(): void;
}

/** One node. All times are Unix times in ms, 0 for never. */
export class ClusterNode {
  id: string;
  shardId: string;
  flags: number;
  ip = "";
  /** The ports for clients, plain and with TLS, and that of the bus. */
  port = 0;
  tlsPort = 0;
  busPort = 0;
  hostname = "";
  /** The name that humans gave it. */
  humanName = "";
  configEpoch = 0;
  /** The slots that it serves: slot s is bit `s & 7` of byte `s >> 3`. */
  readonly slots = new Uint8Array(BITMAP_BYTES);
  slotCount = 0;
  primary: ClusterNode | undefined;
  readonly replicas: ClusterNode[] = [];
  /** When a ping was sent that has not been answered. */
  pingSentAt = 0;
  pongReceivedAt = 0;
  /** When anything came from it. */
  dataReceivedAt = 0;
  failedAt = 0;
  /** When we voted for one of its replicas. */
  votedAt = 0;
  /** Since when it has had no working replica although it should. */
  orphanedAt = 0;
  readonly createdAt: number;
  replicationOffset = 0;
  /** Where we dialled, and where it did. */
  link: BusLink | undefined;
  inbound: BusLink | undefined;
  /** Which primaries say that it has failed, and when they said so last. */
  readonly failureReports = new Map<ClusterNode, number>();

  constructor(id: string, facts: { flags: number; shardId: string; now: number }) {
    this.id = id;
    this.flags = facts.flags;
    this.shardId = facts.shardId;
    this.createdAt = facts.now;
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }

  get isPrimary(): boolean {
    return (this.flags & NodeFlag.primary) !== 0;
  }

  get isReplica(): boolean {
    return (this.flags & NodeFlag.replica) !== 0;
  }

  get isFailed(): boolean {
    return (this.flags & NodeFlag.failed) !== 0;
  }

  /** Whether we may wait for it in vain. */
  get isSuspect(): boolean {
    return (this.flags & (NodeFlag.failed | NodeFlag.maybeFailed)) !== 0;
  }

  get inHandshake(): boolean {
    return (this.flags & NodeFlag.handshake) !== 0;
  }

  /** How logs call it. */
  get name(): string {
    return `${this.id} (${this.humanName})`;
  }

  /** The words of CLUSTER NODES for its flags. */
  get flagNames(): string {
    const names = FLAG_NAMES.filter(([flag]) => this.has(flag)).map(([, name]) => name);
    return names.length === 0 ? "noflags" : names.join(",");
  }

  /** The epoch of the slots that it, or its primary, serves. */
  get shownEpoch(): number {
    return this.isReplica && this.primary !== undefined
      ? this.primary.configEpoch
      : this.configEpoch;
  }

  serves(slot: number): boolean {
    return hasSlot(this.slots, slot);
  }

  /** Its slots as pairs of first and last. O(slots of the cluster). */
  slotRanges(): [first: number, last: number][] {
    if (this.slotCount === 0) return [];
    const ranges: [number, number][] = [];
    for (let slot = 0; slot < BITMAP_BYTES * 8; slot++) {
      if (!hasSlot(this.slots, slot)) continue;
      const last = ranges.at(-1);
      if (last?.[1] === slot - 1) last[1] = slot;
      else ranges.push([slot, slot]);
    }
    return ranges;
  }

  /** How many of its replicas work. */
  get workingReplicas(): number {
    return this.replicas.filter((replica) => !replica.isFailed).length;
  }
}

/** Whether a bitmap of slots has one. */
export function hasSlot(bitmap: Uint8Array, slot: number): boolean {
  return (bitmap[slot >> 3] & (1 << (slot & 7))) !== 0;
}

/** Slots as CLUSTER NODES writes them: `0-5460 5470`. */
export function formatRanges(ranges: readonly (readonly [number, number])[]): string {
  return ranges.map(([first, last]) => first === last ? `${first}` : `${first}-${last}`).join(" ");
}
