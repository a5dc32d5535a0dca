/**
 * All connected clients of a server: who they are, and what holds of them together (pauses, limits).
 *
 * @module
 */

import type { ClientFilter, ClientsApi } from "../commands/context.ts";
import { Flag } from "../commands/registry.ts";
import type { Connection, Endpoints } from "./connection.ts";
import type { Args } from "./resp/args.ts";
import type { Server } from "./server.ts";
import { Session } from "./session.ts";

/** Why everybody is kept from writing: replicas are to catch up before … */
export type WriteHold = "failover" | "migration" | "shutdown";

/** The clients of one server. */
export class Clients implements ClientsApi {
  readonly #server: Server;
  readonly #sessions = new Map<number, Session>();
  #nextId = 1;
  #pausedUntil = 0;
  #pauseAll = false;
  /** What keeps everybody from writing, beside CLIENT PAUSE. */
  readonly #writeHolds = new Set<WriteHold>();
  /** Whether everybody is kept from everything. */
  #everybodyHeld = false;
  #heldForDebugger = false;
  #primaryHeld = false;
  #waiting: Session[] = [];

  constructor(server: Server) {
    this.#server = server;
  }

  get count(): number {
    return this.#sessions.size;
  }

  [Symbol.iterator](): IterableIterator<Session> {
    return this.#sessions.values();
  }

  /** A session for a new connection. */
  add(connection: Connection, endpoints: Endpoints): Session {
    const session = new Session(this.#server, this.#nextId++, connection, endpoints);
    this.#sessions.set(session.id, session);
    return session;
  }

  remove(session: Session): void {
    this.#sessions.delete(session.id);
    this.#server.monitors.delete(session);
    this.#server.pubsub.unsubscribeAll(session);
  }

  get(id: number): Session | undefined {
    return this.#sessions.get(id);
  }

  list(filter: ClientFilter): readonly Session[] {
    return [...this.#sessions.values()].filter((session) => this.#matches(session, filter));
  }

  #matches(session: Session, filter: ClientFilter): boolean {
    const { ids, address, localAddress, type, user, skip, maxAgeSeconds } = filter;
    if (ids !== undefined && !ids.includes(session.id)) return false;
    if (address !== undefined && session.endpoints.remote !== address) return false;
    if (localAddress !== undefined && session.endpoints.local !== localAddress) return false;
    if (type !== undefined && type !== session.type) return false;
    if (user !== undefined && session.user !== user) return false;
    if (skip !== undefined && session.id === skip) return false;
    if (maxAgeSeconds !== undefined) {
      const age = Math.floor((this.#server.keyspace.now - session.createdAt) / 1000);
      if (age < maxAgeSeconds) return false;
    }
    return true;
  }

  kill(filter: ClientFilter): number {
    const doomed = this.list(filter);
    for (const session of doomed) {
      if (session === this.#server.currentSession) session.closeAfterReply();
      else session.close();
    }
    return doomed.length;
  }

  unblock(id: number, how: "timeout" | "error"): boolean {
    return this.#sessions.get(id)?.unblock(how) ?? false;
  }

  // --- CLIENT PAUSE -------------------------------------------------------------------------------------------

  pause(until: number, what: "all" | "write"): void {
    // A later pause never shortens or weakens the one that holds.
    this.#pausedUntil = Math.max(this.#pausedUntil, until);
    this.#pauseAll ||= what === "all";
    this.#server.pausesChanged(true);
  }

  unpause(): void {
    this.#pausedUntil = 0;
    this.#pauseAll = false;
    this.#letGoOn();
  }

  /** Keeps everybody from writing, whatever CLIENT UNPAUSE says, or (false) does so no longer. */
  holdWrites(reason: WriteHold, on: boolean): void {
    if (on) this.#writeHolds.add(reason);
    else this.#writeHolds.delete(reason);
    if (on) this.#server.pausesChanged(true);
    else this.#letGoOn();
  }

  /** Keeps everybody from everything, or (false) does so no longer. */
  holdEverybody(on: boolean): void {
    if (this.#everybodyHeld === on) return;
    this.#everybodyHeld = on;
    if (on) this.#server.pausesChanged(true);
    else this.#letGoOn();
  }

  /** Keeps everybody from all but what ends scripts while one is debugged, or (false) does so no longer. */
  holdForDebugger(on: boolean): void {
    if (this.#heldForDebugger === on) return;
    this.#heldForDebugger = on;
    if (on) this.#server.pausesChanged(true);
    else this.#letGoOn();
  }

  /**
   * Keeps the primary's stream back while a script runs for long, or (false) does so no longer: it can neither be carried
   * out meanwhile nor be refused.
   */
  holdPrimary(on: boolean): void {
    if (this.#primaryHeld === on) return;
    this.#primaryHeld = on;
    if (on) this.#server.pausesChanged(true);
    else this.#letGoOn();
  }

  /** Lets clients try again; those that are held up for another reason will wait on. */
  #letGoOn(): void {
    this.#server.pausesChanged(
      this.#everybodyHeld || this.#heldForDebugger || this.#primaryHeld ||
        this.#writeHolds.size > 0 || this.#pausedUntil > 0,
    );
    const waiting = this.#waiting;
    this.#waiting = [];
    // Whom something else still holds up waits again.
    for (const session of waiting) session.resume();
  }

  /** Whether a pause holds up this client's request. */
  holdsUp(session: Session, args: Args): boolean {
    const { registry } = this.#server;
    const command = registry.lookUp(args) ?? registry.find(args);
    let mask = command === undefined ? 0 : this.#server.maskOf(command, args);
    if ((mask & Flag.executes) !== 0) mask |= session.transaction?.mask ?? 0;
    return this.holds(session, mask);
  }

  /** Whether a pause holds up this client's command, which has the flags `mask`. */
  holds(session: Session, mask: number): boolean {
    // Replicas only say how far they are.
    if (session.isReplica) return false;
    if (this.#everybodyHeld || (this.#primaryHeld && session.isPrimary)) return true;
    if (this.#heldForDebugger && (mask & Flag.allow_busy) === 0) return true;
    const writes = (mask & (Flag.write | Flag.may_replicate)) !== 0;
    if (this.#writeHolds.size > 0 && writes) return true;
    // What is on its way to another server is not to be replaced by a new role or a reload either.
    if (this.#writeHolds.has("migration") && (mask & Flag.admin) !== 0) return true;
    return this.#pausedUntil > this.#server.keyspace.now && (this.#pauseAll || writes);
  }

  /** Resumes the session when the pause ends. */
  waitForUnpause(session: Session): void {
    this.#waiting.push(session);
  }

  get pausedWrites(): boolean {
    return this.#writeHolds.size > 0 || this.#pausedUntil > this.#server.keyspace.now;
  }

  /** Ends a pause whose time is over; called regularly. */
  endDuePause(now: number): void {
    if (this.#pausedUntil !== 0 && now >= this.#pausedUntil) this.unpause();
  }

  /** Closes clients that have been idle for longer than `timeout` seconds (0: never). */
  closeIdle(now: number, timeout: number): void {
    if (timeout === 0) return;
    for (const session of this.#sessions.values()) {
      if (session.isBlocked || session.isMonitor || session.type !== "normal") continue;
      if (now - session.lastActiveAt > timeout * 1000) session.close();
    }
  }

  /** Closes every connection. */
  closeAll(): void {
    this.#server.pushes.flushReplies();
    for (const session of [...this.#sessions.values()]) session.close();
  }
}
