/**
 * MIGRATE's refusals, and what it says when there is nothing to do.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { compareScripts, PeerPair } from "../support/compare.ts";
import { hasRedisServer, startCoolcache, startRedis } from "../support/peer.ts";

const SCRIPT = `
  MIGRATE 127.0.0.1 1 key 0
  MIGRATE 127.0.0.1 1 key 0 100
  MIGRATE 127.0.0.1 1 "" 0 100 KEYS a b
  MIGRATE 127.0.0.1 1 key 0 100 KEYS a b
  MIGRATE 127.0.0.1 1 key x 100
  MIGRATE 127.0.0.1 1 key 0 x
  MIGRATE 127.0.0.1 1 key 0 100 NONSENSE
  MIGRATE 127.0.0.1 1 key 0 100 AUTH
  MIGRATE 127.0.0.1 1 key 0 100 AUTH2 a
  SET key value
  MIGRATE 127.0.0.1 1 key 0 100
  MIGRATE 127.0.0.1 1 "" 0 100 COPY REPLACE AUTH2 user word KEYS key none
  GET key
  COMMAND GETKEYS MIGRATE 127.0.0.1 1 key 0 100
  COMMAND GETKEYS MIGRATE 127.0.0.1 1 "" 0 100 AUTH KEYS KEYS a b
`;

Deno.test({
  name: "MIGRATE refuses as redis-server does",
  ignore: !hasRedisServer,
  async fn() {
    await using peers = await PeerPair.start();
    await compareScripts(SCRIPT, { peers });
  },
});

for (const kind of ["redis-server", "coolcache"] as const) {
  Deno.test({
    name: `MIGRATE moves, copies and replaces keys at ${kind}`,
    ignore: !hasRedisServer,
    async fn() {
      const args = ["--requirepass", "word"];
      await using source = await startCoolcache();
      await using target = kind === "coolcache"
        ? await startCoolcache(args)
        : await startRedis(args);
      using from = await source.connect();
      using to = await target.connect();
      const at = ["MIGRATE", "127.0.0.1", String(target.port)];
      await to.line("AUTH", "word");
      await to.line("SELECT", "3");
      await from.line("SET", "a", "1", "EX", "1000");
      await from.line("RPUSH", "b", "x", "y");
      assertEquals(
        (await from.line(...at, "a", "3", "5000")).slice(0, 48),
        "-ERR Target instance replied with error: NOAUTH ",
      );
      const auth = ["AUTH", "word", "KEYS"];
      assertEquals(await from.line(...at, "", "3", "5000", "COPY", ...auth, "a", "no", "b"), "+OK");
      assertEquals(await from.line("EXISTS", "a", "b"), ":2");
      assertEquals(await to.text("GET", "a"), "1");
      assertEquals(await to.line("TTL", "a"), ":1000");
      assertEquals(
        await from.line(...at, "", "3", "5000", ...auth, "a", "b"),
        "-ERR Target instance replied with error: BUSYKEY Target key name already exists.",
      );
      assertEquals(await from.line("EXISTS", "a", "b"), ":2");
      await from.line("APPEND", "a", "2");
      // What cannot be moved does not hold up what can.
      await to.line("DEL", "b");
      assertEquals(
        await from.line(...at, "", "3", "5000", ...auth, "a", "b"),
        "-ERR Target instance replied with error: BUSYKEY Target key name already exists.",
      );
      assertEquals(await from.line("EXISTS", "a", "b"), ":1");
      assertEquals(await to.line("LLEN", "b"), ":2");
      assertEquals(await from.line(...at, "", "3", "5000", "REPLACE", ...auth, "a"), "+OK");
      assertEquals(await from.line("DBSIZE"), ":0");
      assertEquals(await to.text("GET", "a"), "12");
    },
  });
}
