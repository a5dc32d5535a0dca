/**
 * redis-benchmark runs against coolcache: not how fast, but that every reply comes.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { startServer } from "../server/wire.ts";
import { isInstalled, run } from "../support/executables.ts";

const ignore = !isInstalled("redis-benchmark");

for (
  const [what, flags] of [
    ["one request in flight", []],
    ["16 requests in flight", ["-P", "16"]],
    ["random keys in RESP3", ["-r", "1000", "-3"]],
  ] as const
) {
  Deno.test({
    name: `redis-benchmark is served with ${what}`,
    ignore,
    async fn() {
      await using instance = await startServer();
      const { code, out, err } = await run("redis-benchmark", [
        "-p",
        String(instance.port),
        "-t",
        "ping,set,get,incr,mset",
        "-n",
        "2000",
        "-q",
        ...flags,
      ]);
      assertEquals([code, err], [0, ""]);
      const tests = [...out.matchAll(/([^\r\n:]+): \d+\.\d+ requests per second/g)].map((
        [, name],
      ) => name.trim());
      assertEquals(tests, ["PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)"]);
    },
  });
}
