import { assert, assertEquals } from "@std/assert";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer } from "../../support/harness.ts";

Deno.test("CONFIG SET changes all directives or none", async () => {
  await using t = await startTestServer();
  const refusal = await t.line("CONFIG SET hz 50 maxmemory lots");
  assertRefused(
    refusal,
    "ERR CONFIG SET failed (possibly related to argument 'maxmemory') - " +
      "argument must be a memory value",
  );
  assertEquals(await t.line("CONFIG GET hz"), ["hz", "10"]);
  assertEquals(await t.line("CONFIG SET hz 50 maxmemory 1mb"), "OK");
  const values = await t.line("CONFIG GET hz maxmemory");
  assert(Array.isArray(values));
  assertEquals(new Set(values), new Set(["hz", "50", "maxmemory", "1048576"]));
});

Deno.test("CONFIG RESETSTAT forgets hits, misses and expired keys", async () => {
  await using t = await startTestServer();
  await t.line("SET k v PX 10");
  await t.line("GET k");
  await t.line("GET missing");
  t.advance(11);
  await t.line("GET k");
  const { keyspace, stats } = t.server;
  assertEquals([keyspace.hits, keyspace.misses, keyspace.expiredKeys], [1, 2, 1]);
  assertEquals(await t.line("CONFIG RESETSTAT"), "OK");
  assertEquals([keyspace.hits, keyspace.misses, keyspace.expiredKeys], [0, 0, 0]);
  assertEquals(stats.errorReplies, 0);
});

Deno.test("CONFIG REWRITE needs a file", async () => {
  await using t = await startTestServer();
  assertRefused(
    await t.line("CONFIG REWRITE"),
    "ERR The server is running without a config file",
  );
});
