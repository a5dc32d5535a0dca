/**
 * Time from starting the process to its first +PONG, with warm caches.
 *
 * The port is tried every millisecond; a first start of each server is not counted.
 *
 * @module
 */

import { type Contenders, SIDES } from "./contenders.ts";
import { type Measure, median } from "./report.ts";

/** Starts each server in turn, `rounds` times. */
export async function measureStartup(contenders: Contenders, rounds: number): Promise<Measure[]> {
  const times = { redis: [] as number[], coolcache: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    for (const side of SIDES) {
      const time = await contenders.with(
        side,
        (server) => Promise.resolve(server.startMilliseconds),
        { interval: 1 },
      );
      if (round > 0) times[side].push(time);
    }
  }
  return [{
    area: "startup",
    name: `start to first +PONG, median of ${rounds}`,
    unit: "ms",
    redis: median(times.redis),
    coolcache: median(times.coolcache),
    target: { atMost: 150 },
  }];
}
