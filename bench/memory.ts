/**
 * Memory of many small keys: how much they take, what a second client feels while they are
 * loaded, and how much is given back after FLUSHALL.
 *
 * Resident memory counts, above that of the empty server: what the operating system must find is
 * what the user pays for.
 *
 * @module
 */

import { pause } from "../tests/support/wait.ts";
import type { Contenders } from "./contenders.ts";
import { whilePinging } from "./latency.ts";
import { load, sets } from "./loader.ts";
import { residentBytes, SETTLE_MS } from "./machine.ts";
import type { Measure } from "./report.ts";

/** The number of keys that the targets speak of. */
export const KEYS_OF_TARGET = 2_000_000;

/** Loads `keys` keys of 16 bytes with values of 32 bytes. */
export async function measureMemory(contenders: Contenders, keys: number): Promise<Measure[]> {
  const { redis, coolcache } = await contenders.each(async (server) => {
    const empty = residentBytes(server.pid);
    await pause(SETTLE_MS);
    const emptyAtRest = residentBytes(server.pid);
    const { result: ms, pings } = await whilePinging(
      server.port,
      () => load(server.port, sets(keys)),
    );
    await pause(500);
    const loaded = residentBytes(server.pid);
    await pause(SETTLE_MS);
    const loadedAtRest = residentBytes(server.pid);

    using connection = await server.connect({ timeout: 60_000 });
    const flushStarted = performance.now();
    await connection.line("FLUSHALL");
    const flush = performance.now() - flushStarted;
    await pause(1000);
    const flushed = residentBytes(server.pid);
    return { empty, emptyAtRest, loaded, loadedAtRest, flushed, flush, ms, pings };
  });

  type Seen = typeof redis;
  const area = "memory";
  const row = (name: string, unit: string, read: (seen: Seen) => number): Measure => (
    { area, name, unit, redis: read(redis), coolcache: read(coolcache) }
  );
  const target = (atMost: number) => keys === KEYS_OF_TARGET ? { target: { atMost } } : {};
  return [
    row("empty server", "MB", (seen) => seen.empty / 1e6),
    row(`${keys} keys loaded`, "MB", (seen) => seen.loaded / 1e6),
    {
      ...row("resident above empty, a key", "bytes", (seen) => (seen.loaded - seen.empty) / keys),
      ...target(85),
    },
    row(
      "the same, both at rest",
      "bytes",
      (seen) => (seen.loadedAtRest - seen.emptyAtRest) / keys,
    ),
    row("keys loaded a second", "keys/s", (seen) => keys / seen.ms * 1000),
    {
      ...row("slowest PING while loading", "ms", (seen) => seen.pings.slowest),
      ...target(20),
    },
    row("99.9 % of PINGs while loading within", "ms", (seen) => seen.pings.p999),
    row("FLUSHALL", "ms", (seen) => seen.flush),
    row(
      "resident after FLUSHALL, share of loaded",
      "%",
      (seen) => seen.flushed / seen.loaded * 100,
    ),
    row(
      "growth kept after FLUSHALL",
      "%",
      (seen) => Math.max(0, seen.flushed - seen.empty) / (seen.loaded - seen.empty) * 100,
    ),
  ];
}
