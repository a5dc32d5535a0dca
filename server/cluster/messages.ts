/**
 * The packets of the cluster bus, as bytes.
 *
 *     0 "RCmb" · 4 length · 8 version 1 · 10 port · 12 type · 14 entries of gossip · 16 current epoch
 *     24 config epoch · 32 replication offset · 40 sender · 80 slots · 2128 primary · 2168 announced address
 *     2214 extensions · 2216 zeros · 2246 other port · 2248 bus port · 2250 flags · 2252 state · 2253 marks
 *     2256 what the type wants: gossip of 104 bytes a node and extensions, an id, a message, a config
 *
 * Integers are big-endian. Epochs and offsets have 64 bits and are read as numbers, exact up to 2^53.
 *
 * @module
 */

import { decodeLatin1, encodeLatin1 } from "../resp/args.ts";
import { ID_LENGTH } from "./node.ts";

/** The types of packets. */
export const PacketType = {
  ping: 0,
  pong: 1,
  meet: 2,
  fail: 3,
  publish: 4,
  voteRequest: 5,
  vote: 6,
  update: 7,
  failoverStart: 8,
  module: 9,
  publishShard: 10,
} as const;

/** How CLUSTER INFO calls them, by number. */
export const PACKET_NAMES: readonly string[] = [
  "ping",
  "pong",
  "meet",
  "fail",
  "publish",
  "auth-req",
  "auth-ack",
  "update",
  "mfstart",
  "module",
  "publishshard",
];

/** Marks of a packet, as bits. */
export const Mark = {
  /** The sender is a primary that has paused writes for a manual failover. */
  paused: 1,
  /** The vote is wanted although the primary works. */
  forced: 2,
  /** There are extensions, or the sender understands them. */
  extensions: 4,
} as const;

/** Bytes before what the type wants. */
export const HEADER_BYTES = 2256;
const GOSSIP_BYTES = 104;
const BITMAP_BYTES = 2048;
const ADDRESS_BYTES = 46;
const SIGNATURE = encodeLatin1("RCmb");
const VERSION = 1;
const NO_ID = "\0".repeat(ID_LENGTH);

/** What is said of a node in passing. */
export interface Gossip {
  readonly id: string;
  /** Unix times in seconds. */
  readonly pingSent: number;
  readonly pongReceived: number;
  readonly address: string;
  readonly port: number;
  readonly busPort: number;
  readonly flags: number;
  readonly otherPort: number;
}

/** Something said of the sender, or of a node that it wants forgotten. */
export type Extension =
  | { readonly kind: "hostname" | "humanName" | "shardId"; readonly text: string }
  | { readonly kind: "forgotten"; readonly id: string; readonly seconds: number };

/** What all packets say. */
export interface PacketHeader {
  readonly type: number;
  readonly port: number;
  /** The port with TLS, where {@link port} is the plain one. */
  readonly otherPort: number;
  readonly busPort: number;
  readonly currentEpoch: number;
  readonly configEpoch: number;
  readonly offset: number;
  readonly sender: string;
  /** Shared with the packet. */
  readonly slots: Uint8Array;
  /** The id of the sender's primary; undefined if it is one. */
  readonly primary: string | undefined;
  /** Empty where that of the connection holds. */
  readonly address: string;
  readonly flags: number;
  readonly isFailing: boolean;
  readonly marks: number;
}

/** The part that depends on the type. */
export type PacketBody =
  | { readonly gossip: readonly Gossip[]; readonly extensions: readonly Extension[] }
  | { readonly failed: string }
  | { readonly channel: Uint8Array; readonly message: Uint8Array }
  | { readonly about: string; readonly configEpoch: number; readonly slots: Uint8Array }
  | undefined;

/** A packet that was received. */
export interface Packet {
  readonly header: PacketHeader;
  readonly gossip: readonly Gossip[];
  readonly extensions: readonly Extension[];
  /** Of {@link PacketType.fail}. */
  readonly failed: string;
  /** Of {@link PacketType.publish} and {@link PacketType.publishShard}; shared with the packet. */
  readonly channel: Uint8Array;
  readonly message: Uint8Array;
  /** Of {@link PacketType.update}. */
  readonly update: {
    readonly id: string;
    readonly configEpoch: number;
    readonly slots: Uint8Array;
  };
}

// --- writing ----------------------------------------------------------------------------------------------------

/** Composes a packet. */
export function writePacket(header: PacketHeader, body?: PacketBody): Uint8Array {
  const packet = new Uint8Array(HEADER_BYTES + bodyLength(body));
  const view = new DataView(packet.buffer);
  packet.set(SIGNATURE, 0);
  view.setUint32(4, packet.length);
  view.setUint16(8, VERSION);
  view.setUint16(10, header.port);
  view.setUint16(12, header.type);
  view.setBigUint64(16, BigInt(header.currentEpoch));
  view.setBigUint64(24, BigInt(header.configEpoch));
  view.setBigUint64(32, BigInt(header.offset));
  writeText(packet, 40, header.sender);
  packet.set(header.slots, 80);
  if (header.primary !== undefined) writeText(packet, 2128, header.primary);
  writeText(packet, 2168, header.address.slice(0, ADDRESS_BYTES - 1));
  view.setUint16(2246, header.otherPort);
  view.setUint16(2248, header.busPort);
  view.setUint16(2250, header.flags);
  packet[2252] = header.isFailing ? 1 : 0;
  packet[2253] = header.marks;
  if (body === undefined) return packet;
  if ("gossip" in body) writeGossip(packet, view, body);
  else if ("failed" in body) writeText(packet, HEADER_BYTES, body.failed);
  else if ("channel" in body) {
    view.setUint32(HEADER_BYTES, body.channel.length);
    view.setUint32(HEADER_BYTES + 4, body.message.length);
    packet.set(body.channel, HEADER_BYTES + 8);
    packet.set(body.message, HEADER_BYTES + 8 + body.channel.length);
  } else {
    view.setBigUint64(HEADER_BYTES, BigInt(body.configEpoch));
    writeText(packet, HEADER_BYTES + 8, body.about);
    packet.set(body.slots, HEADER_BYTES + 8 + ID_LENGTH);
  }
  return packet;
}

function bodyLength(body: PacketBody): number {
  if (body === undefined) return 0;
  if ("gossip" in body) {
    const extensions = body.extensions.reduce((sum, each) => sum + extensionLength(each), 0);
    return body.gossip.length * GOSSIP_BYTES + extensions;
  }
  if ("failed" in body) return ID_LENGTH;
  if ("channel" in body) return 8 + body.channel.length + body.message.length;
  return 8 + ID_LENGTH + BITMAP_BYTES;
}

function writeGossip(
  packet: Uint8Array,
  view: DataView,
  { gossip, extensions }: { gossip: readonly Gossip[]; extensions: readonly Extension[] },
): void {
  view.setUint16(14, gossip.length);
  view.setUint16(2214, extensions.length);
  let at = HEADER_BYTES;
  for (const entry of gossip) {
    writeText(packet, at, entry.id);
    view.setUint32(at + 40, entry.pingSent);
    view.setUint32(at + 44, entry.pongReceived);
    writeText(packet, at + 48, entry.address.slice(0, ADDRESS_BYTES - 1));
    view.setUint16(at + 94, entry.port);
    view.setUint16(at + 96, entry.busPort);
    view.setUint16(at + 98, entry.flags);
    view.setUint16(at + 100, entry.otherPort);
    at += GOSSIP_BYTES;
  }
  for (const extension of extensions) at = writeExtension(packet, view, at, extension);
}

const EXTENSION_TYPES = { hostname: 0, humanName: 1, forgotten: 2, shardId: 3 } as const;
const EXTENSION_HEADER = 8;

/** A multiple of eight, with the header; names end with a NUL. */
function extensionLength(extension: Extension): number {
  if (extension.kind === "forgotten") return EXTENSION_HEADER + ID_LENGTH + 8;
  if (extension.kind === "shardId") return EXTENSION_HEADER + ID_LENGTH;
  return EXTENSION_HEADER + Math.ceil((extension.text.length + 1) / 8) * 8;
}

function writeExtension(
  packet: Uint8Array,
  view: DataView,
  at: number,
  extension: Extension,
): number {
  const length = extensionLength(extension);
  view.setUint32(at, length);
  view.setUint16(at + 4, EXTENSION_TYPES[extension.kind]);
  const data = at + EXTENSION_HEADER;
  if (extension.kind === "forgotten") {
    writeText(packet, data, extension.id);
    view.setBigUint64(data + ID_LENGTH, BigInt(extension.seconds));
  } else writeText(packet, data, extension.text);
  return at + length;
}

function writeText(packet: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) packet[at + i] = text.charCodeAt(i);
}

// --- reading ----------------------------------------------------------------------------------------------------

/**
 * The length of the packet that begins with these bytes; undefined while there are fewer than eight.
 *
 * @throws {Error} when it is none
 */
export function packetLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < 8) return undefined;
  const length = viewOf(bytes).getUint32(4);
  const isPacket = SIGNATURE.every((byte, i) => bytes[i] === byte) && length >= HEADER_BYTES;
  if (!isPacket) throw new Error("bad signature or length of a packet");
  return length;
}

/** The type of a whole packet. */
export function packetType(bytes: Uint8Array): number {
  return viewOf(bytes).getUint16(12);
}

/** Reads a whole packet; text when it is to be ignored, and why. */
export function readPacket(bytes: Uint8Array): Packet | string {
  const view = viewOf(bytes);
  if (view.getUint16(8) !== VERSION) return "another version of the protocol";
  const type = view.getUint16(12);
  const marks = bytes[2253];
  const primary = decodeLatin1(bytes.subarray(2128, 2168));
  const header: PacketHeader = {
    type,
    port: view.getUint16(10),
    currentEpoch: Number(view.getBigUint64(16)),
    configEpoch: Number(view.getBigUint64(24)),
    offset: Number(view.getBigUint64(32)),
    sender: decodeLatin1(bytes.subarray(40, 80)),
    slots: bytes.subarray(80, 80 + BITMAP_BYTES),
    primary: primary === NO_ID ? undefined : primary,
    address: readText(bytes, 2168, ADDRESS_BYTES),
    otherPort: view.getUint16(2246),
    busPort: view.getUint16(2248),
    flags: view.getUint16(2250),
    isFailing: bytes[2252] !== 0,
    marks,
  };
  const packet = { ...EMPTY, header };
  const left = bytes.length - HEADER_BYTES;
  switch (type) {
    case PacketType.ping:
    case PacketType.pong:
    case PacketType.meet:
      return readGossip(bytes, packet);
    case PacketType.fail:
      if (left !== ID_LENGTH) return WRONG_LENGTH;
      return { ...packet, failed: readId(bytes, HEADER_BYTES) };
    case PacketType.publish:
    case PacketType.publishShard: {
      const at = HEADER_BYTES + 8;
      if (left < 8) return WRONG_LENGTH;
      const middle = at + view.getUint32(HEADER_BYTES);
      const end = middle + view.getUint32(HEADER_BYTES + 4);
      if (end !== bytes.length) return WRONG_LENGTH;
      return {
        ...packet,
        channel: bytes.subarray(at, middle),
        message: bytes.subarray(middle, end),
      };
    }
    case PacketType.update: {
      const at = HEADER_BYTES + 8;
      if (left !== 8 + ID_LENGTH + BITMAP_BYTES) return WRONG_LENGTH;
      return {
        ...packet,
        update: {
          configEpoch: Number(view.getBigUint64(HEADER_BYTES)),
          id: readId(bytes, at),
          slots: bytes.subarray(at + ID_LENGTH),
        },
      };
    }
    case PacketType.voteRequest:
    case PacketType.vote:
    case PacketType.failoverStart:
      return left === 0 ? packet : WRONG_LENGTH;
    default:
      return `type ${type} is unknown`;
  }
}

const WRONG_LENGTH = "its length is not that of its type";
const NONE = new Uint8Array(0);
const EMPTY = {
  gossip: [],
  extensions: [],
  failed: "",
  channel: NONE,
  message: NONE,
  update: { id: "", configEpoch: 0, slots: NONE },
};

function readGossip(bytes: Uint8Array, packet: Packet): Packet | string {
  const view = viewOf(bytes);
  const count = view.getUint16(14);
  let at = HEADER_BYTES + count * GOSSIP_BYTES;
  if (at > bytes.length) return WRONG_LENGTH;
  const gossip = Array.from({ length: count }, (_, i) => readEntry(bytes, view, i));
  const extensions: Extension[] = [];
  if ((packet.header.marks & Mark.extensions) !== 0) {
    for (let left = view.getUint16(2214); left > 0; left--) {
      const length = at + EXTENSION_HEADER <= bytes.length ? view.getUint32(at) : 0;
      if (length < EXTENSION_HEADER || length % 8 !== 0 || at + length > bytes.length) {
        return "an extension has a wrong length";
      }
      const extension = readExtension(bytes.subarray(at, at + length));
      if (extension !== undefined) extensions.push(extension);
      at += length;
    }
  }
  return at === bytes.length ? { ...packet, gossip, extensions } : WRONG_LENGTH;
}

function readEntry(bytes: Uint8Array, view: DataView, i: number): Gossip {
  const at = HEADER_BYTES + i * GOSSIP_BYTES;
  return {
    id: readId(bytes, at),
    pingSent: view.getUint32(at + 40),
    pongReceived: view.getUint32(at + 44),
    address: readText(bytes, at + 48, ADDRESS_BYTES),
    port: view.getUint16(at + 94),
    busPort: view.getUint16(at + 96),
    flags: view.getUint16(at + 98),
    otherPort: view.getUint16(at + 100),
  };
}

/** One extension with its header; undefined if we do not know its type. */
function readExtension(bytes: Uint8Array): Extension | undefined {
  const view = viewOf(bytes);
  const data = EXTENSION_HEADER;
  const text = (kind: "hostname" | "humanName" | "shardId") => ({
    kind,
    text: readText(bytes, data, bytes.length - data),
  });
  switch (view.getUint16(4)) {
    case EXTENSION_TYPES.hostname:
      return text("hostname");
    case EXTENSION_TYPES.humanName:
      return text("humanName");
    case EXTENSION_TYPES.shardId:
      return text("shardId");
    case EXTENSION_TYPES.forgotten: {
      if (bytes.length < data + ID_LENGTH + 8) return undefined;
      const seconds = Number(view.getBigUint64(data + ID_LENGTH));
      return { kind: "forgotten", id: readId(bytes, data), seconds };
    }
    default:
      return undefined;
  }
}

function readId(bytes: Uint8Array, at: number): string {
  return decodeLatin1(bytes.subarray(at, at + ID_LENGTH));
}

/** Text up to the first NUL. */
function readText(bytes: Uint8Array, at: number, most: number): string {
  const text = bytes.subarray(at, at + most);
  const end = text.indexOf(0);
  return decodeLatin1(end < 0 ? text : text.subarray(0, end));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
