import { assertEquals } from "@std/assert";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer, TEST_TIME, type TestServer } from "../../support/harness.ts";

function expiry(t: TestServer, key: string): number {
  const db = t.server.keyspace.databases[0];
  const ref = db.findKey(new TextEncoder().encode(key));
  return ref === 0 ? -2 : db.expiry(ref);
}

/** A server with one key, and nothing seen yet. */
async function serverWith(line: string): Promise<TestServer> {
  const t = await startTestServer();
  await t.line(line);
  t.effects();
  t.events();
  return t;
}

Deno.test("GET and MGET count hits and misses", async () => {
  await using t = await serverWith("SET k v");
  assertEquals(await t.line("GET k"), "v");
  assertEquals(await t.line("GET nothing"), null);
  assertEquals(await t.line("MGET k nothing k"), ["v", null, "v"]);
  const { hits, misses } = t.server.keyspace;
  assertEquals([hits, misses], [3, 2]);
  assertEquals(t.effects(), []);
});

Deno.test("GETDEL deletes what it answers and is handed on as DEL", async () => {
  await using t = await serverWith("SET k v");
  assertEquals(await t.line("GETDEL k"), "v");
  assertEquals(await t.line("GETDEL k"), null);
  assertEquals(t.effects(), ["0: DEL k"]);
  assertEquals(t.events(), ["g del k"]);
});

Deno.test("GETEX without options leaves everything as it is", async () => {
  await using t = await serverWith("SET k v EX 5");
  assertEquals(await t.line("GETEX k"), "v");
  assertEquals(await t.line("GETEX nothing EX 5"), null);
  assertEquals(expiry(t, "k"), TEST_TIME + 5000);
  assertEquals(t.effects(), []);
  assertEquals(t.events(), []);
});

Deno.test("GETEX sets an expiry and is handed on as PEXPIREAT", async () => {
  await using t = await serverWith("SET k v");
  const at = TEST_TIME + 7000;
  for (const option of ["EX 7", "PX 7000", `EXAT ${at / 1000}`, `PXAT ${at}`]) {
    assertEquals(await t.line(`GETEX k ${option}`), "v");
    assertEquals(expiry(t, "k"), at, option);
    assertEquals(t.effects(), [`0: PEXPIREAT k ${at}`], option);
    assertEquals(t.events(), ["g expire k"], option);
  }
});

Deno.test("GETEX PERSIST takes an expiry away, if there is one", async () => {
  await using t = await serverWith("SET k v EX 5");
  assertEquals(await t.line("GETEX k persist"), "v");
  assertEquals(await t.line("GETEX k PERSIST"), "v");
  assertEquals(expiry(t, "k"), -1);
  assertEquals(t.effects(), ["0: PERSIST k"]);
  assertEquals(t.events(), ["g persist k"]);
});

Deno.test("GETEX with a time in the past deletes the key", async () => {
  await using t = await serverWith("SET k v");
  assertEquals(await t.line(`GETEX k PXAT ${TEST_TIME}`), "v");
  assertEquals(await t.line("GET k"), null);
  assertEquals(t.effects(), ["0: DEL k"]);
  assertEquals(t.events(), ["g del k"]);
});

Deno.test("GETEX deletes as lazyfree-lazy-expire says", async () => {
  await using t = await startTestServer({ "lazyfree-lazy-expire": "yes" });
  await t.line("SET k v");
  t.effects();
  assertEquals(await t.line("GETEX k EXAT 1"), "v");
  assertEquals(t.effects(), ["0: UNLINK k"]);
});

Deno.test("GETEX reads options first, then the key, then the time", async () => {
  await using t = await serverWith("SET k v");
  const syntaxError = "ERR syntax error";
  for (
    const options of ["EX", "KEEPTTL", "NX", "GET", "PERSIST EX 1", "EX 1 PERSIST", "EX x PX 1"]
  ) {
    assertRefused(await t.line(`GETEX k ${options}`), syntaxError, options);
  }
  assertEquals(await t.line("GETEX nothing EX x"), null);
  assertRefused(
    await t.line("GETEX k EX x"),
    "ERR value is not an integer or out of range",
  );
  assertRefused(
    await t.line("GETEX k EX 0"),
    "ERR invalid expire time in 'getex' command",
  );
  assertEquals(t.effects(), []);
});
