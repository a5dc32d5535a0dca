import { assertEquals } from "@std/assert";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer, TEST_TIME, type TestServer } from "../../support/harness.ts";

const syntaxError = "ERR syntax error";

function expiry(t: TestServer, key: string): number {
  const db = t.server.keyspace.databases[0];
  const ref = db.findKey(new TextEncoder().encode(key));
  return ref === 0 ? -2 : db.expiry(ref);
}

Deno.test("SET stores any bytes under any key", async () => {
  await using t = await startTestServer();
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  assertEquals(await t.run("SET", bytes, bytes), "OK");
  assertEquals(await t.run("GET", bytes), String.fromCharCode(...bytes));
  assertEquals(await t.run("SET", "", ""), "OK");
  assertEquals(await t.run("GET", ""), "");
});

Deno.test("SET takes its expiry in four ways and hands it on as a Unix time", async () => {
  await using t = await startTestServer();
  const at = TEST_TIME + 5000;
  for (const option of ["EX 5", "px 5000", `EXAT ${at / 1000}`, "EX 9 ex 5"]) {
    assertEquals(await t.line(`SET k v ${option}`), "OK");
    assertEquals(expiry(t, "k"), at, option);
    assertEquals(t.effects(), [`0: SET k v PXAT ${at}`], option);
    assertEquals(t.events(), ["$ set k", "g expire k"], option);
  }
  assertEquals(await t.line(`SET k v PXAT ${at} GET`), "v");
  assertEquals(t.effects(), [`0: SET k v PXAT ${at} GET`]);
});

Deno.test("SET drops the expiry unless KEEPTTL is said", async () => {
  await using t = await startTestServer();
  await t.line("SET k v EX 5");
  assertEquals(await t.line("SET k longer-value KEEPTTL"), "OK");
  assertEquals(expiry(t, "k"), TEST_TIME + 5000);
  await t.line("SET k v");
  assertEquals(expiry(t, "k"), -1);
  assertEquals(await t.line("SET new v KEEPTTL"), "OK");
  assertEquals(expiry(t, "new"), -1);
});

Deno.test("SET NX and XX look whether the key exists", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("SET k v XX"), null);
  assertEquals(await t.line("SET k v NX"), "OK");
  assertEquals(await t.line("SET k w NX EX 5"), null);
  assertEquals(await t.line("SET k w XX"), "OK");
  assertEquals(t.effects(), ["0: SET k v NX", "0: SET k w XX"]);
  assertEquals(t.events(), ["$ set k", "$ set k"]);
});

Deno.test("SET GET answers the value that was there and is handed on without it", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("SET k a GET"), null);
  assertEquals(await t.line("SET k b get KEEPTTL GET"), "a");
  assertEquals(await t.line("SET k c NX GET"), "b");
  assertEquals(await t.line("SET k c GET EX 1"), "b");
  assertEquals(await t.line("SET other c XX GET"), null);
  assertEquals(t.effects(), [
    "0: SET k a",
    "0: SET k b KEEPTTL",
    `0: SET k c PXAT ${TEST_TIME + 1000}`,
  ]);
});

Deno.test("SET with a time in the past stores a key that nobody meets", async () => {
  await using t = await startTestServer();
  await t.line("SET k v");
  assertEquals(await t.line("SET k w PXAT 1"), "OK");
  assertEquals(await t.line("GET k"), null);
  assertEquals(t.events(), ["$ set k", "$ set k", "g expire k", "x expired k"]);
});

Deno.test("SET lets an expired key expire before it stores the new one", async () => {
  await using t = await startTestServer();
  await t.line("SET k v PX 10");
  t.events();
  t.effects();
  t.advance(11);
  assertEquals(await t.line("SET k w KEEPTTL"), "OK");
  assertEquals(expiry(t, "k"), -1);
  assertEquals(t.events().filter((event) => !event.startsWith("n ")), ["x expired k", "$ set k"]);
  assertEquals(t.effects(), ["0: DEL k", "0: SET k w KEEPTTL"]);
});

Deno.test("SET refuses options that contradict each other or are cut off", async () => {
  await using t = await startTestServer();
  const wrong = [
    ..."NX XX,XX NX,EX,PX,EXAT,PXAT,EX 1 PX 1,EX 1 KEEPTTL,KEEPTTL EX 1,PXAT 1 EXAT 1".split(","),
    ..."PERSIST,FOO,EX 1 2,GETT,EX x FOO,NX EX 0 XX".split(","),
  ];
  for (const options of wrong) {
    assertRefused(await t.line(`SET k v ${options}`), syntaxError, options);
  }
  assertEquals(t.effects(), []);
});

Deno.test("SET, SETEX and PSETEX refuse times that are no time", async () => {
  await using t = await startTestServer();
  const notAnInteger = "ERR value is not an integer or out of range";
  const invalid = (name: string) => `ERR invalid expire time in '${name}' command`;
  for (const time of ["0", "-1", "-9223372036854775808", "9223372036854775807"]) {
    for (const unit of ["EX", "EXAT", "PX"]) {
      assertRefused(await t.run("SET", "k", "v", unit, time), invalid("set"), `${unit} ${time}`);
    }
    assertRefused(await t.run("SETEX", "k", time, "v"), invalid("setex"));
    assertRefused(await t.run("PSETEX", "k", time, "v"), invalid("psetex"));
  }
  assertRefused(await t.run("SET", "k", "v", "PXAT", 0), invalid("set"));
  for (const time of ["x", "", "1.5", "9223372036854775808", "+1", " 1", "01"]) {
    assertRefused(await t.run("SET", "k", "v", "EX", time), notAnInteger, time);
    assertRefused(await t.run("SETEX", "k", time, "v"), notAnInteger, time);
  }
  assertEquals(t.effects(), []);
});

Deno.test("SET takes the latest times that 64 bits hold", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("SET k v EXAT 9223372036854775"), "OK");
  assertRefused(
    await t.line("SET k v EXAT 9223372036854776"),
    "ERR invalid expire time in 'set' command",
  );
  assertEquals(await t.line("SET k v PXAT 9223372036854775807"), "OK");
  assertEquals(await t.line("GET k"), "v");
  assertEquals(expiry(t, "k"), 2 ** 63 - 1024);
});

Deno.test("SETEX and PSETEX are SET with an expiry", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("SETEX a 10 v"), "OK");
  assertEquals(await t.line("PSETEX b 10 v"), "OK");
  assertEquals(t.effects(), [
    `0: SET a v PXAT ${TEST_TIME + 10_000}`,
    `0: SET b v PXAT ${TEST_TIME + 10}`,
  ]);
  assertEquals(t.events(), ["$ set a", "g expire a", "$ set b", "g expire b"]);
});

Deno.test("SETNX says whether it stored", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("SETNX k a"), 1);
  assertEquals(await t.line("SETNX k b"), 0);
  assertEquals(await t.line("GET k"), "a");
  assertEquals(t.effects(), ["0: SETNX k a"]);
  assertEquals(t.events(), ["$ set k"]);
});

Deno.test("GETSET answers the old value, drops the expiry and is handed on as SET", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("GETSET k a"), null);
  await t.line("SET k b EX 5");
  t.effects();
  t.events();
  assertEquals(await t.line("GETSET k c"), "b");
  assertEquals(expiry(t, "k"), -1);
  assertEquals(t.effects(), ["0: SET k c"]);
  assertEquals(t.events(), ["$ set k"]);
});
