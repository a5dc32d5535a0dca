/**
 * Many keys that expire within the same second, and nobody who asks for them: how long until they
 * are gone, what a second client feels meanwhile, and how long the slices of that work are.
 *
 * @module
 */

import type { Peer } from "../tests/support/peer.ts";
import type { RawConnection } from "../tests/support/raw_connection.ts";
import { pause, waitFor } from "../tests/support/wait.ts";
import type { Contenders } from "./contenders.ts";
import { whilePinging } from "./latency.ts";
import { keyOf, load, request, sets } from "./loader.ts";
import type { Measure } from "./report.ts";

const decoder = new TextDecoder();

/** Lets `keys` keys expire in one second. */
export async function measureExpiry(contenders: Contenders, keys: number): Promise<Measure[]> {
  const { redis, coolcache } = await contenders.each((server) => expire(server, keys));
  type Seen = typeof redis;
  const row = (name: string, unit: string, read: (seen: Seen) => number): Measure => (
    { area: "expiry", name, unit, redis: read(redis), coolcache: read(coolcache) }
  );
  return [
    row(
      `${keys} keys of one second gone, counted from its end`,
      "s",
      (seen) => seen.result,
    ),
    row("slowest PING meanwhile", "ms", (seen) => seen.pings.slowest),
    row("99.9 % of PINGs meanwhile within", "ms", (seen) => seen.pings.p999),
    {
      ...row("longest slice by LATENCY, in whole ms", "ms", (seen) => seen.longestSlice),
      target: { atMost: 1 },
    },
  ];
}

async function expire(server: Peer, keys: number) {
  const ms = await load(server.port, sets(keys));
  // Far enough away that the last key has its time to live before the first one's is over.
  const second = Math.ceil((Date.now() + 2 * ms + 1000) / 1000) * 1000;
  await load(server.port, expirations(keys, second));
  if (Date.now() >= second) throw new Error("setting the times to live took too long");

  using connection = await server.connect({ timeout: 60_000 });
  await connection.line("CONFIG", "SET", "latency-monitor-threshold", "1");
  await pause(second - Date.now());
  const seen = await whilePinging(server.port, async () => {
    await waitFor(async () => await connection.line("DBSIZE") === ":0", {
      what: `${server.name} to expire ${keys} keys`,
      timeout: 300_000,
      interval: 20,
    });
    return (Date.now() - second - 1000) / 1000;
  });
  return { ...seen, longestSlice: await longestSlice(connection) };
}

/** The worst that LATENCY has seen of expiry, in ms; 0 for less than the threshold of 1. */
async function longestSlice(connection: RawConnection): Promise<number> {
  const latest = decoder.decode(await connection.send(["LATENCY", "LATEST"]));
  // A name, the second of the last one, its length, and that of the worst.
  const seen = /expire-cycle\r\n:\d+\r\n:\d+\r\n:(\d+)/.exec(latest);
  return seen === null ? 0 : Number(seen[1]);
}

/** PEXPIREAT for every key, spread over the milliseconds of one second. */
function* expirations(keys: number, second: number): Generator<string> {
  for (let i = 0; i < keys; i++) {
    yield request("PEXPIREAT", keyOf(i), String(second + i % 1000));
  }
}
