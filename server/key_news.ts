/**
 * What a server tells of its keyspace: keys that are new or missed, and keys and fields that go by themselves, since
 * their time is over, memory is short or another server has them now. Who listens is effects (replicas and files),
 * clients that wait, watch or track, and key events.
 *
 * What commands do to keys they tell themselves ({@link ./call_context.ts}).
 *
 * @module
 */

import type { Database, KeyspaceHooks } from "../storage/keyspace.ts";
import type { Ref } from "../storage/memory/arena.ts";
import { Args } from "./resp/args.ts";
import type { Server } from "./server.ts";

/** Tells the news of one server's keyspace. */
export class KeyNews {
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  /** How the keyspace tells of what goes by itself. */
  hooks(): KeyspaceHooks {
    const server = this.#server;
    return {
      expired: (db, ref) => this.#keyWent("x", "expired", db, ref),
      evicted: (db, ref) => this.#keyWent("e", "evicted", db, ref),
      fieldExpired: (db, ref, buf, off, len) => {
        if (!server.effects.active) return;
        const field = buf.subarray(off, off + len);
        server.effects.emit(db.id, Args.of("HDEL", db.keyBytes(ref), field));
      },
      fieldsExpired: (db, key, isGone) => this.#fieldsWent(db, key, isGone),
      flushed: () => server.tracking.databasesFlushed(),
      replaced: (db, by) => {
        if (server.blocking.clients > 0) server.blocking.databaseChanged(db);
        if (server.watches.keys > 0) server.watches.databaseReplaced(db, by);
      },
    };
  }

  /** Lets the keyspace tell of new and missed keys while somebody wants to know. */
  follow(): void {
    const { keyEvents, keyspace, loading } = this.#server;
    const { hooks } = keyspace;
    // What is loaded is not new.
    hooks.created = keyEvents.wants("n") && loading.current === undefined
      ? (db, ref) => keyEvents.emit("n", "new", db.keyBytes(ref), db)
      : undefined;
    hooks.missed = keyEvents.wants("m")
      ? (db, args, i) => keyEvents.emit("m", "keymiss", args.bytes(i), db)
      : undefined;
  }

  #keyWent(kind: "x" | "e", event: string, db: Database, ref: Ref): void {
    const { blocking, config, effects, keyEvents } = this.#server;
    // A million keys may go in a second: without listeners that leaves nothing behind.
    if (!effects.active && blocking.clients === 0 && keyEvents.idle) return;
    const { lazyfreeLazyExpire, lazyfreeLazyEviction } = config.values;
    const lazily = kind === "x" ? lazyfreeLazyExpire : lazyfreeLazyEviction;
    this.#tell(db, db.keyBytes(ref), { kind, event, lazily });
  }

  #fieldsWent(db: Database, key: Uint8Array, isGone: boolean): void {
    const { blocking, keyEvents } = this.#server;
    if (isGone && blocking.clients > 0) blocking.keyChanged(db, key, 0, key.length);
    if (keyEvents.idle) return;
    keyEvents.keyChanged(key, db);
    keyEvents.emit("h", "hexpired", key, db);
    if (isGone) keyEvents.emit("g", "del", key, db);
  }

  /** Deletes a key that is not this server's any more, and tells everybody. */
  deleteKey(db: Database, ref: Ref): void {
    const server = this.#server;
    const key = db.keyBytes(ref);
    db.deleteRef(ref);
    server.changes++;
    const lazily = server.config.values.lazyfreeLazyServerDel;
    this.#tell(db, key, { kind: "g", event: "del", lazily });
  }

  /** Tells everybody that a key has gone; `lazily` says whether as UNLINK. */
  #tell(
    db: Database,
    key: Uint8Array,
    { kind, event, lazily }: { kind: "x" | "e" | "g"; event: string; lazily: boolean },
  ): void {
    const { blocking, effects, keyEvents } = this.#server;
    if (effects.active) effects.emit(db.id, Args.of(lazily ? "UNLINK" : "DEL", key));
    if (blocking.clients > 0) blocking.keyChanged(db, key, 0, key.length);
    if (keyEvents.idle) return;
    keyEvents.keyChanged(key, db);
    keyEvents.emit(kind, event, key, db);
  }
}
