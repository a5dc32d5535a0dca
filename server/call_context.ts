/**
 * The context in which one client's commands run: what handlers are given.
 *
 * @module
 */

import type { BlockOptions, Context, EffectPart, EventClass } from "../commands/context.ts";
import { Audience } from "../replication/effects.ts";
import type { Database } from "../storage/keyspace.ts";
import type { Args } from "./resp/args.ts";
import type { Reply } from "./resp/reply.ts";
import type { Server } from "./server.ts";
import type { Session } from "./session.ts";
import { execute } from "./transaction.ts";

/** Implements {@link Context} for one session. */
export class CallContext implements Context {
  readonly server: Server;
  readonly client: Session;
  db: Database;
  reply: Reply;
  denyBlocking = false;
  readonly isScript: boolean = false;
  /** Who hears of effects: a sum of {@link Audience}s. */
  audience: number = Audience.all;
  /** Effects that replace the request itself; undefined while the request is its own effect. */
  effects: EffectPart[][] | undefined;
  /** Whether the request is to reach replicas although it changes nothing. */
  isReplicated = false;

  constructor(server: Server, client: Session, reply: Reply) {
    this.server = server;
    this.client = client;
    this.db = server.keyspace.databases[0];
    this.reply = reply;
  }

  get now(): number {
    return this.server.keyspace.now;
  }

  changed(args: Args, i: number, kind?: EventClass, event?: string): void {
    const server = this.server;
    server.changes++;
    if (server.blocking.clients > 0) {
      server.blocking.keyChanged(this.db, args.buf, args.off[i], args.len[i]);
    }
    if (server.keyEvents.idle) return;
    this.#announce(args.view(i), kind, event, this.db);
  }

  changedKey(key: Uint8Array, kind?: EventClass, event?: string, db: Database = this.db): void {
    const server = this.server;
    server.changes++;
    if (server.blocking.clients > 0) server.blocking.keyChanged(db, key, 0, key.length);
    if (server.keyEvents.idle) return;
    this.#announce(key, kind, event, db);
  }

  #announce(
    key: Uint8Array,
    kind: EventClass | undefined,
    event: string | undefined,
    db: Database,
  ): void {
    this.server.keyEvents.keyChanged(key, db, this.client);
    if (kind !== undefined && event !== undefined) this.notify(kind, event, key, db);
  }

  get notifies(): boolean {
    return !this.server.keyEvents.idle;
  }

  notify(kind: EventClass, event: string, key: Uint8Array, db: Database = this.db): void {
    this.server.keyEvents.emit(kind, event, key, db);
  }

  propagate(...parts: EffectPart[]): void {
    if (!this.server.effects.active) return;
    (this.effects ??= []).push(parts);
  }

  get propagates(): boolean {
    return this.server.effects.active;
  }

  propagateNothing(): void {
    this.effects = [];
  }

  replicate(): void {
    this.isReplicated = true;
  }

  block(args: Args, options: BlockOptions): Promise<void> | void {
    if (this.denyBlocking) return options.onTimeout(this);
    return this.server.blocking.wait(this, args, options);
  }

  execute(): Promise<void> | void {
    return execute(this);
  }

  dirty(changes = 1): void {
    this.server.changes += changes;
  }
}

/** The context of the commands that a script calls on behalf of a client. */
export class ScriptCallContext extends CallContext {
  override denyBlocking = true;
  override readonly isScript = true;
}
