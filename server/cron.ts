/**
 * What a server does by itself, `hz` times a second: expire, evict, compact, free, count, close idle clients.
 *
 * Long work is cut into slices of at most a millisecond; between two slices commands run, for as long as a slice takes
 * if there are any. Timers and slices end with {@link Cron.stop}.
 *
 * @module
 */

import type { Server } from "./server.ts";

/** A slice begins nothing more after this time; with what it has begun it stays below a millisecond. */
const SLICE_MS = 0.8;
/** Samples for rates are taken so many times a second, or with every tick if there are fewer. */
const SAMPLES_PER_SECOND = 10;
/** A second with so many commands or more is a busy one. */
const BUSY_COMMANDS = 1000;
/** Under steady work the system gets back what the C library does not need once in so many seconds. */
const SECONDS_BETWEEN_RELEASES = 10;

/** The regular work of one server. */
export class Cron {
  readonly #server: Server;
  /**
   * Brings the first tick. The first timer of a process has Deno load its timers of Node, 5 to 10 ms that whoever
   * waits for a server to start would wait for; a signal does without.
   */
  readonly #firstTick: AbortSignal;
  readonly #onFirstTick = () => {
    this.#start();
    this.tick();
  };
  #ticker: ReturnType<typeof setInterval> | undefined;
  #ticks = 0;
  /** Lets commands run between two slices. */
  readonly #letOthersWork: () => Promise<void>;
  /** Whether another slice follows. */
  #isWorking = false;
  #stopped = false;
  /** Whether memory is being given back that may lie in the C library's heap when all is free. */
  #freeing = false;
  /** Busy seconds since memory was given back, and how many commands there were at the last second's end. */
  #busySeconds = 0;
  #commands = 0;

  /** @param letOthersWork ends when those who wait had their turns; by default a timer's moment */
  constructor(server: Server, letOthersWork = moment) {
    this.#server = server;
    this.#letOthersWork = letOthersWork;
    this.#firstTick = AbortSignal.timeout(1000 / server.config.values.hz);
    this.#firstTick.addEventListener("abort", this.#onFirstTick);
    server.config.onChange(["hz"], () => this.#start());
  }

  #start(): void {
    this.#firstTick.removeEventListener("abort", this.#onFirstTick);
    clearInterval(this.#ticker);
    if (this.#stopped) return;
    this.#ticker = setInterval(() => this.tick(), 1000 / this.#server.config.values.hz);
  }

  stop(): void {
    this.#stopped = true;
    this.#firstTick.removeEventListener("abort", this.#onFirstTick);
    clearInterval(this.#ticker);
  }

  /** The work of one tick; the timer calls it. */
  tick(): void {
    const server = this.#server;
    server.aof.tick();
    if (isOn(server.debug.flags.get("pause-cron"))) return;
    // Nothing comes between the commands of a script, not even time.
    if (server.busy !== undefined) return;
    const { hz } = server.config.values;
    server.keyspace.setTime(server.readClock());
    const now = server.keyspace.now;
    this.#ticks++;
    if (this.#ticks % Math.max(1, Math.floor(hz / SAMPLES_PER_SECOND)) === 0) {
      server.stats.sample(now);
    }
    server.clients.endDuePause(now);
    server.failover.check();
    if (this.#ticks % hz === 0) {
      server.clients.closeIdle(now, server.config.values.timeout);
      let bytes = 0;
      for (const session of server.clients) {
        session.checkOutputLimit();
        bytes += session.memory;
      }
      server.clientBytes = bytes;
      server.replication.tick();
      server.replica.tick();
      this.#releaseUnused();
    }
    server.tracking.limit();
    server.stats.peakMemory = Math.max(server.stats.peakMemory, server.usedMemory);
    server.shutdowns.tick();
    server.saves.tick();
    if (!this.#isWorking) this.#slice();
  }

  /**
   * Once a second: gives back what the C library holds free, after work and now and then during it. V8's compilers leave
   * 3 to 6 MB in the heaps of their threads while a server warms up; looking for it takes 0.1 to 1 ms.
   */
  #releaseUnused(): void {
    const { commands } = this.#server.stats;
    const isBusy = commands - this.#commands >= BUSY_COMMANDS;
    this.#commands = commands;
    if (isBusy) this.#busySeconds++;
    if (this.#busySeconds === 0) return;
    if (isBusy && this.#busySeconds < SECONDS_BETWEEN_RELEASES) return;
    this.#busySeconds = 0;
    this.#server.releaseMemory();
  }

  /** Works for a millisecond; as long as there is more to do, again after letting commands run. */
  #slice(): void {
    const server = this.#server;
    this.#isWorking = false;
    // What is being loaded is left alone until it is complete.
    if (server.busy !== undefined || server.loading.current?.isAsync === false) return;
    server.keyspace.setTime(server.readClock());
    const started = server.monotonic();
    const left = () => Math.max(0, started + SLICE_MS - server.monotonic());
    let more = false;
    if (server.debug.activeExpire && server.keyspace.deletesExpired) {
      more = server.expiry.run(left()) || server.fieldExpiry.run(left());
      const elapsed = server.monotonic() - started;
      server.stats.expiryMillis += elapsed;
      server.latency.record("expire-cycle", elapsed);
    }
    if (!server.keyspace.deletesExpired && !server.clients.pausedWrites) {
      more = server.following.ownExpiries.run();
    }
    if (!more) more = this.#free(left());
    if (!more) more = server.compaction.run(left());
    if (server.evicts && !server.clients.pausedWrites) server.evictor.makeRoom(left());
    // A key that went by itself may end a wait for its consumer group.
    if (server.blocking.anyReady) server.blocking.serveReady();
    if (more) this.#goOn();
  }

  /** Has the next slice follow when commands had as much time as one slice takes, or when there are none. */
  async #goOn(): Promise<void> {
    const server = this.#server;
    this.#isWorking = true;
    const until = server.monotonic() + SLICE_MS;
    let commands;
    do {
      commands = server.stats.commands;
      await this.#letOthersWork();
      if (this.#stopped) return;
    } while (server.stats.commands !== commands && server.monotonic() < until);
    this.#slice();
  }

  /** Frees what was flushed; at the end the system gets back what it left. Answers whether there is more. */
  #free(budget: number): boolean {
    const { keyspace } = this.#server;
    if (!keyspace.lazyFree.isIdle) this.#freeing = true;
    if (keyspace.lazyFree.run(budget)) return true;
    if (this.#freeing) this.#server.releaseMemory();
    this.#freeing = false;
    return false;
  }
}

/** A millisecond or two, in which the event loop does what else there is. */
export function moment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Whether a switch that DEBUG keeps as text is on: a number other than 0. */
function isOn(text: string | undefined): boolean {
  return text !== undefined && (Number.parseInt(text) || 0) !== 0;
}
