/**
 * The same rubbish to redis-server and to coolcache: the same bytes must come back, errors included.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { decodeLatin1, encodeLatin1 } from "../../server/resp/args.ts";
import { startServer, Wire } from "../server/wire.ts";
import { seededRandom } from "../storage/memory/random.ts";
import { hasRedisServer, startRedis } from "../support/peer.ts";
import { showBytes } from "../support/reply_bytes.ts";
import { mutate, PIPELINE, protocolNoise, type Random } from "./inputs.ts";

/** All that a server answers to some bytes on a connection of their own. */
async function answers(port: number, bytes: Uint8Array): Promise<string> {
  using wire = new Wire(await Deno.connect({ hostname: "127.0.0.1", port }));
  await wire.sendUntilClosed(concat([encodeLatin1("FLUSHALL\r\n"), bytes]));
  await wire.endRequestsUntilClosed();
  return showBytes(encodeLatin1(await wire.rest()));
}

/** redis-server looks for a line's end with C's strchr, which a NUL byte stops: it waits where we answer. */
function withoutNul(bytes: Uint8Array): Uint8Array {
  return encodeLatin1(decodeLatin1(bytes).replaceAll("\0", "0"));
}

for (
  const [what, make] of [
    ["mutated pipelines", (random) => mutate(PIPELINE, random)],
    ["protocol noise", (random) => protocolNoise(random)],
  ] as [string, (random: Random) => Uint8Array][]
) {
  Deno.test({
    name: `coolcache answers ${what} as redis-server does`,
    ignore: !hasRedisServer,
    async fn() {
      await using redis = await startRedis();
      await using instance = await startServer();
      const random = seededRandom(what.length);
      for (let i = 0; i < 300; i++) {
        const bytes = withoutNul(make(random));
        const theirs = await answers(redis.port, bytes);
        const ours = await answers(instance.port, bytes);
        assertEquals(ours, theirs, `input ${i}: ${showBytes(bytes)}`);
      }
    },
  });
}
