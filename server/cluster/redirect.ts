/**
 * Whether a request is this node's to serve, and where it is to go else.
 *
 * A request may go on when all its keys (or shard channels) belong to one slot, and that slot is served here. While a
 * slot moves, its old owner serves the keys that it still has, and sends clients to the new one for those that it has
 * not (ASK); the new one serves whoever says ASKING.
 *
 * @module
 */

import type { CommandSpec } from "../../commands/command.ts";
import { keyRange } from "../../commands/facts.ts";
import { findKeys } from "../../commands/key_finder.ts";
import type { RegisteredCommand } from "../../commands/registry.ts";
import { keySlot } from "../../storage/memory/key_slot.ts";
import type { Database } from "../../storage/keyspace.ts";
import type { Args } from "../resp/args.ts";
import { ReplyError } from "../resp/errors.ts";
import type { Member } from "./member.ts";
import type { ClusterNode } from "./node.ts";

/** What is asked of a client. */
export interface RedirectedClient {
  /** Whether ASKING holds for the command. */
  readonly isAsking: boolean;
  /** Whether it said READONLY. */
  readonly readsFromReplica: boolean;
}

/** One request of those that are judged together. */
export interface JudgedRequest {
  readonly command: RegisteredCommand;
  readonly args: Args;
  /** Whether it may write: not all that its command can do is what it will do. */
  readonly writes: boolean;
}

/** Why a request cannot be served here. */
export type Verdict =
  | { readonly kind: "crossSlot" | "unstable" | "down" | "downForWrites" | "unbound" }
  | { readonly kind: "moved" | "ask"; readonly slot: number; readonly node: ClusterNode };

/** Where a command's keys stand: a range, or they must be searched for. */
type KeyPlan = { readonly first: number; readonly last: number; readonly step: number } | "search";

/** What the keys that were looked at so far have shown. */
interface Findings {
  slot: number;
  owner: ClusterNode | undefined;
  firstKey: Uint8Array | undefined;
  isMigrating: boolean;
  isImporting: boolean;
  hasSeveralKeys: boolean;
  missing: number;
  present: number;
}

/** What {@link Redirector.glance} answers in place of a slot. */
export const NO_KEYS = -1;
export const UNCLEAR = -2;

/** Judges requests for one node. */
export class Redirector {
  readonly #member: Member;
  readonly #db: Database;
  /** By the commands' numbers; null for those without keys. */
  readonly #plans: (KeyPlan | null | undefined)[] = [];

  constructor(member: Member, db: Database) {
    this.#member = member;
    this.#db = db;
  }

  /** Whether requests of a command can name keys or shard channels. */
  hasKeys(command: RegisteredCommand): boolean {
    return this.#plan(command) !== null;
  }

  /** Why these requests cannot be served together here, if so; and the slot of their keys, -1 without any. */
  judge(
    requests: readonly JudgedRequest[],
    client: RedirectedClient,
  ): { slot: number; verdict: Verdict | undefined } {
    const found: Findings = {
      slot: -1,
      owner: undefined,
      firstKey: undefined,
      isMigrating: false,
      isImporting: false,
      hasSeveralKeys: false,
      missing: 0,
      present: 0,
    };
    for (const { command, args } of requests) {
      const verdict = this.#lookAtKeys(command, args, found);
      if (verdict !== undefined) return { slot: found.slot, verdict };
    }
    const verdict = found.slot < 0 ? undefined : this.#conclude(requests, client, found);
    return { slot: found.slot, verdict };
  }

  #plan(command: RegisteredCommand): KeyPlan | null {
    return this.#plans[command.id] ??= planOf(command.spec) ?? null;
  }

  /**
   * The slot of a request's keys if it is plainly this node's to serve, {@link NO_KEYS}, or {@link UNCLEAR} where only
   * {@link judge} can tell. Nearly every request ends here: nothing is allocated.
   */
  glance(command: RegisteredCommand, args: Args): number {
    const plan = this.#plan(command);
    if (plan === null) return NO_KEYS;
    const { isFailing, myself, topology } = this.#member;
    if (plan === "search" || isFailing) return UNCLEAR;
    const last = plan.last < 0 ? args.count + plan.last : plan.last;
    if (last >= args.count || plan.first > last) return UNCLEAR;
    const { buf, off, len } = args;
    const slot = keySlot(buf, off[plan.first], len[plan.first]);
    for (let i = plan.first + plan.step; i <= last; i += plan.step) {
      if (keySlot(buf, off[i], len[i]) !== slot) return UNCLEAR;
    }
    if (topology.owners[slot] !== myself) return UNCLEAR;
    if (topology.migratingTo.size > 0 || topology.importingFrom.size > 0) return UNCLEAR;
    return slot;
  }

  #lookAtKeys(command: RegisteredCommand, args: Args, found: Findings): Verdict | undefined {
    const plan = this.#plan(command);
    if (plan === null) return undefined;
    const areChannels = command.spec.group === "pubsub";
    if (plan === "search") {
      for (const index of keysFound(command.spec, args)) {
        const verdict = this.#lookAt(args, index, found, areChannels);
        if (verdict !== undefined) return verdict;
      }
      return undefined;
    }
    const last = plan.last < 0 ? args.count + plan.last : plan.last;
    if (last >= args.count) return undefined;
    for (let i = plan.first; i <= last; i += plan.step) {
      const verdict = this.#lookAt(args, i, found, areChannels);
      if (verdict !== undefined) return verdict;
    }
    return undefined;
  }

  #lookAt(args: Args, i: number, found: Findings, isChannel: boolean): Verdict | undefined {
    const { myself, topology } = this.#member;
    const { buf } = args;
    const at = args.off[i];
    const length = args.len[i];
    const slot = keySlot(buf, at, length);
    if (found.slot < 0) {
      found.slot = slot;
      const owner = found.owner = topology.owners[slot];
      if (owner === undefined) return { kind: "unbound" };
      found.isMigrating = owner === myself && topology.migratingTo.has(slot);
      found.isImporting = !found.isMigrating && topology.importingFrom.has(slot);
      if (found.isImporting) found.firstKey = args.bytes(i);
    } else {
      if (slot !== found.slot) return { kind: "crossSlot" };
      const { firstKey } = found;
      if (firstKey !== undefined && !isSame(firstKey, buf, at, length)) found.hasSeveralKeys = true;
    }
    // Channels are not migrated: who owns the slot serves them to the end.
    if ((found.isMigrating || found.isImporting) && !isChannel) {
      if (this.#has(buf, at, length)) found.present++;
      else found.missing++;
    }
    return undefined;
  }

  /** Whether there is a key, without a trace. */
  #has(buf: Uint8Array, at: number, length: number): boolean {
    const { table } = this.#db;
    const ref = table.find(buf, at, length, table.hash(buf, at, length));
    return ref !== 0 && !this.#db.isOver(ref);
  }

  #conclude(
    requests: readonly JudgedRequest[],
    client: RedirectedClient,
    found: Findings,
  ): Verdict | undefined {
    const { host, isFailing, myself, topology } = this.#member;
    const { owner, slot } = found;
    const [{ command }] = requests;
    const areChannels = requests.length === 1 && command.spec.group === "pubsub";
    const writes = requests.some((request) => request.writes);
    if (isFailing) {
      const { clusterAllowPubsubshardWhenDown, clusterAllowReadsWhenDown } = host.values;
      if (areChannels) {
        if (!clusterAllowPubsubshardWhenDown) return { kind: "down" };
      } else if (!clusterAllowReadsWhenDown) return { kind: "down" };
      else if (writes) return { kind: "downForWrites" };
    }
    const isMoving = found.isMigrating || found.isImporting;
    if (isMoving && requests.length === 1 && command.fullName === "migrate") return undefined;
    if (found.isMigrating && found.missing > 0) {
      const target = topology.migratingTo.get(slot);
      if (found.present > 0 || target === undefined) return { kind: "unstable" };
      return { kind: "ask", slot, node: target };
    }
    if (found.isImporting) {
      const asks = client.isAsking ||
        requests.some(({ command }) => command.spec.flags?.includes("asking") === true);
      if (asks) {
        return found.hasSeveralKeys && found.missing > 0 ? { kind: "unstable" } : undefined;
      }
    }
    const mayRead = client.readsFromReplica || areChannels;
    if (mayRead && !writes && myself.isReplica && myself.primary === owner) return undefined;
    return owner === myself || owner === undefined
      ? undefined
      : { kind: "moved", slot, node: owner };
  }

  /** A verdict as clients are told it. */
  refusal(verdict: Verdict): ReplyError {
    return new ReplyError(this.#text(verdict), { isBare: true });
  }

  #text(verdict: Verdict): string {
    switch (verdict.kind) {
      case "crossSlot":
        return "CROSSSLOT Keys in request don't hash to the same slot";
      case "unstable":
        return "TRYAGAIN Multiple keys request during rehashing of slot";
      case "down":
        return "CLUSTERDOWN The cluster is down";
      case "downForWrites":
        return "CLUSTERDOWN The cluster is down and only accepts read commands";
      case "unbound":
        return "CLUSTERDOWN Hash slot not served";
      case "moved":
      case "ask": {
        const { kind, node, slot } = verdict;
        const endpoint = preferredEndpoint(node, this.#member.host.values) ?? "";
        return `${kind.toUpperCase()} ${slot} ${endpoint}:${node.port}`;
      }
    }
  }
}

/** How clients are to reach a node; undefined where they are to know it themselves. */
export function preferredEndpoint(
  node: ClusterNode,
  { clusterPreferredEndpointType }: { clusterPreferredEndpointType: string },
): string | undefined {
  if (clusterPreferredEndpointType === "ip") return node.ip;
  if (clusterPreferredEndpointType === "unknown-endpoint") return undefined;
  return node.hostname === "" ? "?" : node.hostname;
}

/** A plain range, where one tells all keys: most commands have one. */
function planOf(spec: CommandSpec): KeyPlan | undefined {
  const range = keyRange(spec);
  const isChannel = spec.group === "pubsub" && range.first > 0;
  if (!isChannel && spec.findKeys === undefined && (spec.keys ?? []).length === 0) return undefined;
  return range.movable || range.first === 0 ? "search" : range;
}

function keysFound(spec: CommandSpec, args: Args): number[] {
  try {
    return findKeys(spec, args).map(({ index }) => index);
  } catch (error) {
    // The command will refuse its arguments itself.
    if (error instanceof ReplyError) return [];
    throw error;
  }
}

function isSame(key: Uint8Array, buf: Uint8Array, at: number, length: number): boolean {
  if (key.length !== length) return false;
  for (let i = 0; i < length; i++) if (key[i] !== buf[at + i]) return false;
  return true;
}
