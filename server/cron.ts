/**
 * What a server does by itself, ten times a second: expire, evict, compact, free, count, close idle clients.
 *
 * Long work is cut into slices of at most a millisecond; between two slices commands run. The timers do not keep a
 * process alive and end with {@link Cron.stop}.
 *
 * @module
 */

import type { Server } from "./server.ts";

const TICK_MS = 100;
/** No slice of background work holds commands up for longer than about this. */
const SLICE_MS = 1;
/** Clients' memory and idle times are looked at every so many ticks. */
const CLIENTS_EVERY = 10;

/** The regular work of one server. */
export class Cron {
  readonly #server: Server;
  readonly #ticker: ReturnType<typeof setInterval>;
  #ticks = 0;
  #slices: ReturnType<typeof setTimeout> | undefined;

  constructor(server: Server) {
    this.#server = server;
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
  }

  stop(): void {
    clearInterval(this.#ticker);
    if (this.#slices !== undefined) clearTimeout(this.#slices);
    this.#slices = undefined;
  }

  #tick(): void {
    const server = this.#server;
    server.keyspace.setTime(server.readClock());
    const now = server.keyspace.now;
    this.#ticks++;
    server.stats.sample(now);
    server.clients.endDuePause(now);
    if (this.#ticks % CLIENTS_EVERY === 0) {
      server.clients.closeIdle(now, server.config.values.timeout);
      let bytes = 0;
      for (const session of server.clients) {
        session.checkOutputLimit();
        bytes += session.memory;
      }
      server.clientBytes = bytes;
    }
    server.stats.peakMemory = Math.max(server.stats.peakMemory, server.usedMemory);
    if (this.#slices === undefined) this.#slice();
  }

  /** Works for a millisecond; as long as there is more to do, again after letting commands run. */
  #slice(): void {
    const server = this.#server;
    this.#slices = undefined;
    server.keyspace.setTime(server.readClock());
    let more = false;
    if (server.debug.activeExpire && !server.clients.pausedWrites) {
      const started = server.monotonic();
      more = server.expiry.run(SLICE_MS);
      server.stats.expiryMillis += server.monotonic() - started;
    }
    if (!more) more = server.keyspace.lazyFree.run(SLICE_MS);
    if (!more) more = server.compaction.run(SLICE_MS);
    if (!server.clients.pausedWrites) server.evictor.makeRoom(SLICE_MS);
    if (more) this.#slices = setTimeout(() => this.#slice(), 0);
  }
}
