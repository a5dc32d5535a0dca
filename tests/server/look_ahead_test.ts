/**
 * Pipelines are carried out as their requests one by one would be, whatever was seen ahead of time.
 *
 * @module
 */

import { encodeCommand } from "../support/raw_connection.ts";
import { startTestServer } from "../support/harness.ts";
import { startServer, Wire } from "./wire.ts";
import { concat } from "@std/bytes/concat";
import { seededRandom } from "../storage/memory/random.ts";
import { decodeLatin1 } from "../../server/resp/args.ts";

const KEYS = 12;

/** A request over few keys, so that requests meddle with each other's. */
function request(random: () => number): string[] {
  const pick = (most: number) => Math.floor(random() * most);
  const key = () => `key:${pick(KEYS)}${"x".repeat(pick(3) * 7)}`;
  const pairs = (count: number) =>
    Array.from({ length: count }, () => [key(), `${pick(100)}`]).flat();
  const kinds: (() => string[])[] = [
    () => ["SET", key(), `${pick(1000)}`],
    () => ["GET", key()],
    () => ["GET", key()],
    () => ["INCR", key()],
    () => ["DEL", key(), key()],
    () => ["RENAME", key(), key()],
    () => ["COPY", key(), key(), "REPLACE"],
    () => ["MSET", ...pairs(1 + pick(40))],
    () => ["MGET", ...pairs(1 + pick(20))],
    () => ["SELECT", `${pick(2)}`],
    () => ["SWAPDB", "0", "1"],
    () => ["PING"],
    () => ["PING", key()],
    () => ["APPEND", key(), "y".repeat(pick(300))],
    () => ["SADD", `set:${pick(3)}`, key(), key()],
    () => ["SMEMBERS", "set:9"],
    () => ["SISMEMBER", `set:${pick(3)}`, key()],
    () => ["HSET", `hash:${pick(2)}`, key(), key()],
    () => ["MULTI"],
    () => ["EXEC"],
    () => [
      "EVAL",
      "redis.call('MSET', KEYS[1], 1, KEYS[2], 2) return redis.call('GET', KEYS[1])",
      "2",
      key(),
      key(),
    ],
    () => ["NOSUCH", key()],
    () => ["FLUSHDB"],
  ];
  // The last ones are to be rare.
  return kinds[pick(random() < 0.9 ? kinds.length - 6 : kinds.length)]();
}

Deno.test("a pipeline is answered as its requests one by one", async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const random = seededRandom(seed);
    const requests = Array.from({ length: 400 }, () => request(random));
    await using alone = await startTestServer();
    let replies = "";
    for (const parts of requests) replies += decodeLatin1(await alone.bytes(...parts));
    await using instance = await startServer();
    using wire = await Wire.connect(instance);
    await wire.ask(concat(requests.map((parts) => encodeCommand(parts))), replies);
  }
});
