/**
 * The two servers that are measured, each started anew for every part of the benchmark.
 *
 * Every server that runs is on the list here, so that an interrupted run ends what it started.
 *
 * @module
 */

import { type Peer, startPeer } from "../tests/support/peer.ts";

/** Which of the two servers. */
export type Side = "redis" | "coolcache";

/** Both, in the order in which they take turns. */
export const SIDES: readonly Side[] = ["redis", "coolcache"];

/** What one start may ask for besides the plain server. */
export interface StartOptions {
  /** Further directives. */
  args?: readonly string[];
  /** Open files the server may have. */
  openFiles?: number;
  /** Milliseconds between two attempts to get the first reply. */
  interval?: number;
}

/** Starts the servers and knows which ones run. */
export class Contenders {
  #commands: Record<Side, readonly string[]>;
  #running = new Set<Peer>();

  /** `coolcache` is its command line, with `{port}` for the port. */
  constructor(coolcache: readonly string[]) {
    this.#commands = {
      redis: ["redis-server", "--port", "{port}", "--save", "", "--appendonly", "no"],
      coolcache,
    };
  }

  /** Runs `measure` against a fresh server of one side, which is ended afterwards. */
  async with<T>(
    side: Side,
    measure: (server: Peer) => Promise<T>,
    options: StartOptions = {},
  ): Promise<T> {
    const server = await startPeer({
      name: side === "redis" ? "redis-server" : "coolcache",
      command: this.#commands[side],
      ...options,
    });
    this.#running.add(server);
    try {
      return await measure(server);
    } finally {
      this.#running.delete(server);
      await server.stop();
    }
  }

  /** Runs `measure` against a fresh server of each side, one after the other. */
  async each<T>(
    measure: (server: Peer) => Promise<T>,
    options: StartOptions = {},
  ): Promise<Record<Side, T>> {
    const redis = await this.with("redis", measure, options);
    const coolcache = await this.with("coolcache", measure, options);
    return { redis, coolcache };
  }

  /** Ends whatever runs. */
  async stopAll(): Promise<void> {
    await Promise.all([...this.#running].map((server) => server.stop()));
  }
}
