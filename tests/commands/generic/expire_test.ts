import { assertEquals } from "@std/assert";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer, TEST_TIME, type TestServer } from "../../support/harness.ts";

const SECONDS = TEST_TIME / 1000;

/** A server after some commands, with nothing seen yet. */
async function serverAfter(...lines: string[]): Promise<TestServer> {
  const t = await startTestServer();
  for (const line of lines) await t.line(line);
  t.effects();
  t.events();
  return t;
}

Deno.test("EXPIRE and its like set one time and are handed on as PEXPIREAT", async () => {
  await using t = await serverAfter("SET k v");
  const lines = [
    "EXPIRE k 100",
    "PEXPIRE k 100000",
    `EXPIREAT k ${SECONDS + 100}`,
    `PEXPIREAT k ${TEST_TIME + 100_000}`,
  ];
  for (const line of lines) {
    assertEquals(await t.line(line), 1);
    assertEquals(await t.line("PEXPIRETIME k"), TEST_TIME + 100_000);
    assertEquals(t.events(), ["g expire k"]);
    assertEquals(t.effects(), [`0: PEXPIREAT k ${TEST_TIME + 100_000}`]);
  }
});

Deno.test("EXPIRE of a key that is not there does nothing", async () => {
  await using t = await serverAfter();
  assertEquals([await t.line("EXPIRE k 10"), await t.line("PERSIST k")], [0, 0]);
  assertEquals([t.events(), t.effects()], [[], []]);
});

Deno.test("a key is there to the last millisecond of its time", async () => {
  await using t = await serverAfter("SET k v", "PEXPIRE k 1000");
  t.advance(1000);
  assertEquals([await t.line("EXISTS k"), await t.line("PTTL k")], [1, 0]);
  t.advance(1);
  assertEquals([await t.line("EXISTS k"), await t.line("PTTL k")], [0, -2]);
  assertEquals(t.events(), ["x expired k"]);
  assertEquals(t.effects(), ["0: DEL k"]);
});

Deno.test("EXPIRE into the past deletes the key and is handed on as DEL", async () => {
  for (const time of ["EXPIRE k 0", "EXPIRE k -1", "EXPIREAT k 1", `PEXPIREAT k ${TEST_TIME}`]) {
    await using t = await serverAfter("SET k v");
    assertEquals(await t.line(time), 1);
    assertEquals(await t.line("EXISTS k"), 0);
    assertEquals(t.events(), ["g del k"]);
    assertEquals(t.effects(), ["0: DEL k"]);
  }
});

Deno.test("EXPIRE into the past is handed on as UNLINK when expiry frees lazily", async () => {
  await using t = await startTestServer({ "lazyfree-lazy-expire": "yes" });
  await t.line("SET k v");
  t.effects();
  await t.line("EXPIRE k -1");
  assertEquals(t.effects(), ["0: UNLINK k"]);
});

Deno.test("EXPIRE's conditions compare with the expiry that the key has", async () => {
  const cases: [start: string, condition: string, seconds: number, holds: 0 | 1][] = [
    ["SET k v", "NX", 100, 1],
    ["SET k v EX 50", "NX", 100, 0],
    ["SET k v", "XX", 100, 0],
    ["SET k v EX 50", "XX", 100, 1],
    ["SET k v", "GT", 100, 0],
    ["SET k v EX 50", "GT", 100, 1],
    ["SET k v EX 50", "GT", 50, 0],
    ["SET k v EX 150", "GT", 100, 0],
    ["SET k v", "LT", 100, 1],
    ["SET k v EX 50", "LT", 100, 0],
    ["SET k v EX 50", "LT", 50, 0],
    ["SET k v EX 150", "LT", 100, 1],
    ["SET k v EX 150", "XX LT", 100, 1],
    ["SET k v", "XX LT", 100, 0],
    ["SET k v EX 50", "gt xx", 100, 1],
    ["SET k v EX 50", "GT", -1, 0],
  ];
  for (const [start, condition, seconds, holds] of cases) {
    await using t = await serverAfter(start);
    const line = `EXPIRE k ${seconds} ${condition}`;
    assertEquals(await t.line(line), holds, `${start}, ${line}`);
    const effect = `0: PEXPIREAT k ${TEST_TIME + seconds * 1000}`;
    assertEquals(t.effects(), holds === 1 ? [effect] : []);
  }
});

Deno.test("PEXPIREAT with a condition is handed on without it", async () => {
  await using t = await serverAfter("SET k v");
  await t.line(`PEXPIREAT k ${TEST_TIME + 5} NX`);
  assertEquals(t.effects(), [`0: PEXPIREAT k ${TEST_TIME + 5}`]);
});

Deno.test("EXPIRE looks at its options first, then at the time, then at the key", async () => {
  await using t = await serverAfter();
  const incompatible = "ERR NX and XX, GT or LT options at the same time are not compatible";
  for (const options of ["NX XX", "NX GT", "LT NX", "GT LT NX"]) {
    assertRefused(await t.line(`EXPIRE k x ${options}`), incompatible);
  }
  assertRefused(
    await t.line("EXPIRE k x GT LT"),
    "ERR GT and LT options at the same time are not compatible",
  );
  assertRefused(await t.line("EXPIRE k x Ab NX XX"), "ERR Unsupported option Ab");
  assertRefused(await t.line("EXPIRE k x NX"), "ERR value is not an integer or out of range");
  assertRefused(await t.line("EXPIRE k 1.5"), "ERR value is not an integer or out of range");
});

Deno.test("EXPIRE refuses times beyond 64 bits of milliseconds", async () => {
  await using t = await serverAfter("SET k v");
  const refused = [
    "EXPIRE k 9223372036854776",
    "EXPIRE k 9223372036854775",
    "EXPIRE k -9223372036854776",
    "PEXPIRE k 9223372036854775807",
    "EXPIREAT k 9223372036854776",
    "EXPIREAT k -9223372036854776",
  ];
  for (const line of refused) {
    const name = line.split(" ")[0].toLowerCase();
    assertRefused(await t.line(line), `ERR invalid expire time in '${name}' command`);
  }
  assertEquals(await t.line("TTL k"), -1);
  assertEquals([t.events(), t.effects()], [[], []]);
});

Deno.test("PEXPIREAT takes any time of 64 bits", async () => {
  await using t = await serverAfter("SET k v");
  assertEquals(await t.line("PEXPIREAT k 9223372036854775807"), 1);
  assertEquals(t.effects(), ["0: PEXPIREAT k 9223372036854775807"]);
  assertEquals(await t.line("EXPIRETIME k"), 9223372036854775n);
  assertEquals(await t.line("EXPIREAT k 9223372036854775"), 1);
  assertEquals(t.effects(), ["0: PEXPIREAT k 9223372036854774784"]);
  assertEquals(await t.line("PERSIST k"), 1);
  assertEquals(await t.line("PEXPIREAT k -9223372036854775808"), 1);
  assertEquals(await t.line("EXISTS k"), 0);
});

Deno.test("PERSIST takes an expiry away once", async () => {
  await using t = await serverAfter("SET k v EX 10");
  assertEquals([await t.line("PERSIST k"), await t.line("PERSIST k")], [1, 0]);
  assertEquals(await t.line("TTL k"), -1);
  assertEquals(t.events(), ["g persist k"]);
  assertEquals(t.effects(), ["0: PERSIST k"]);
  t.advance(20_000);
  assertEquals(await t.line("GET k"), "v");
});

Deno.test("TTL rounds to the nearest second, PTTL does not", async () => {
  await using t = await serverAfter("SET k v PX 1499", "SET l v PX 1500", "SET stays v");
  assertEquals([await t.line("TTL k"), await t.line("TTL l")], [1, 2]);
  assertEquals([await t.line("PTTL k"), await t.line("PTTL l")], [1499, 1500]);
  assertEquals(await t.line("EXPIRETIME l"), SECONDS + 2);
  for (const command of ["TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"]) {
    assertEquals(await t.line(`${command} stays`), -1);
    assertEquals(await t.line(`${command} missing`), -2);
  }
});

Deno.test("a replica sets an expiry in the past and hides the key", async () => {
  await using t = await serverAfter("SET k v");
  t.server.keyspace.deletesExpired = false;
  assertEquals(await t.line("PEXPIREAT k 1"), 1);
  assertEquals(await t.line("DBSIZE"), 1);
  assertEquals([await t.line("GET k"), await t.line("KEYS *")], [null, []]);
  assertEquals(t.effects(), ["0: PEXPIREAT k 1"]);
});
