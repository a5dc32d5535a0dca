/**
 * FAILOVER: a primary hands its role over to one of its replicas, without losing a write.
 *
 *     none ──► waiting for sync ──► in progress ──► none, as a replica of the new primary
 *                    │                   │
 *                    └───── aborted ◄────┘
 *
 * While it waits nobody may write, so that a replica can be in step. The one that is becomes this server's primary: the
 * PSYNC that asks it for the stream tells it so. If it refuses, this server is the primary again.
 *
 * @module
 */

import type { FailoverApi, FailoverOptions, PrimaryAddress } from "../commands/context.ts";
import { ReplyError } from "../server/resp/errors.ts";
import type { Primary } from "./primary.ts";
import type { FailoverWatch, ReplicaRole } from "./replica_role.ts";

/** What a failover needs of its server. */
export interface FailoverHost {
  /** Unix time in ms, read afresh. */
  now(): number;
  /** Keeps everybody from writing, and keys from expiring, or no longer. */
  pauseWrites(on: boolean): void;
  log(level: "notice" | "warning", message: string): void;
}

type State = "none" | "waiting" | "in progress";

/** The names that INFO has for the states. */
const STATE_NAMES: Readonly<Record<State, string>> = {
  "none": "no-failover",
  "waiting": "waiting-for-sync",
  "in progress": "failover-in-progress",
};

/** The failovers of one server, one at a time. */
export class Failover implements FailoverApi, FailoverWatch {
  readonly #host: FailoverHost;
  readonly #replicas: Primary;
  readonly #role: ReplicaRole;
  #state: State = "none";
  #target: PrimaryAddress | undefined;
  #isForced = false;
  /** When it is too late, Unix time in ms. */
  #deadline = Infinity;

  constructor(host: FailoverHost, { replicas, role }: { replicas: Primary; role: ReplicaRole }) {
    this.#host = host;
    this.#replicas = replicas;
    this.#role = role;
  }

  /** The state as INFO has it. */
  get state(): string {
    return STATE_NAMES[this.#state];
  }

  /** Whether one has begun. */
  get isPending(): boolean {
    return this.#state !== "none";
  }

  get isUnderWay(): boolean {
    return this.#state === "in progress";
  }

  start({ target, timeout, isForced }: FailoverOptions): void {
    if (target !== undefined) {
      const replica = this.#replicaAt(target);
      if (replica === undefined) {
        throw new ReplyError("ERR FAILOVER target HOST and PORT is not a replica.");
      }
      if (replica.state !== "online") {
        throw new ReplyError("ERR FAILOVER target replica is not online.");
      }
    }
    const whom = target === undefined ? "any replica." : `${target.host}:${target.port}.`;
    this.#host.log("notice", `FAILOVER requested to ${whom}`);
    this.#target = target;
    this.#isForced = isForced;
    this.#deadline = timeout === undefined ? Infinity : this.#host.now() + timeout;
    this.#state = "waiting";
    this.#host.pauseWrites(true);
  }

  #replicaAt({ host, port }: PrimaryAddress) {
    for (const link of this.#replicas.links) {
      if (link.address === host && link.port === port) return link;
    }
    return undefined;
  }

  abort(why: string): void {
    if (this.#state === "none") return;
    const to = this.#target === undefined ? "" : ` to ${this.#target.host}:${this.#target.port}`;
    this.#host.log("notice", `Aborting failover${to} while ${this.state}: ${why}`);
    const wasUnderWay = this.#state === "in progress";
    this.#end();
    if (wasUnderWay) this.#role.promote();
  }

  #end(): void {
    this.#state = "none";
    this.#target = undefined;
    this.#deadline = Infinity;
    this.#host.pauseWrites(false);
  }

  accepted(): void {
    this.#end();
  }

  rejected(why: string): void {
    this.abort(why);
  }

  /** Goes on if a replica is in step, or the time is over; called when replicas acknowledge something, and regularly. */
  check(): void {
    if (this.#state !== "waiting") return;
    if (this.#host.now() >= this.#deadline) {
      const target = this.#target;
      if (!this.#isForced || target === undefined) {
        return this.abort("Replica never caught up before timeout");
      }
      const name = `${target.host}:${target.port}`;
      this.#host.log("notice", `FAILOVER to ${name} time out exceeded, failing over.`);
      return this.#handOver(target);
    }
    const { offset } = this.#replicas.stream;
    for (const { address, port, ackOffset } of this.#replicas.links) {
      const isTarget = this.#target === undefined ||
        (this.#target.host === address && this.#target.port === port);
      if (!isTarget || ackOffset !== offset) continue;
      this.#host.log("notice", `Failover target ${address}:${port} is synced, failing over.`);
      return this.#handOver({ host: address, port });
    }
  }

  #handOver(target: PrimaryAddress): void {
    this.#target = target;
    this.#state = "in progress";
    this.#role.follow(target);
  }
}
