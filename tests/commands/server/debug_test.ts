import { assert, assertEquals } from "@std/assert";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer } from "../../support/harness.ts";

const DIGEST_OF_NOTHING = "0".repeat(40);

Deno.test("DEBUG DIGEST depends on the data alone", async () => {
  await using a = await startTestServer();
  await using b = await startTestServer();
  assertEquals(await a.line("DEBUG DIGEST"), DIGEST_OF_NOTHING);
  for (let i = 0; i < 50; i++) await a.line(`SET key:${i} ${i}`);
  for (let i = 49; i >= 0; i--) await b.line(`SET key:${i} ${i}`);
  const digest = await a.line("DEBUG DIGEST");
  assertEquals(digest, await b.line("DEBUG DIGEST"));
  await b.line("EXPIRE key:0 100");
  assert(digest !== await b.line("DEBUG DIGEST"));
  await b.line("PERSIST key:0");
  assertEquals(digest, await b.line("DEBUG DIGEST"));
  await b.line("MOVE key:0 1");
  assert(digest !== await b.line("DEBUG DIGEST"));
});

Deno.test("DEBUG POPULATE leaves existing keys and makes no effects", async () => {
  await using t = await startTestServer();
  await t.line("SET key:1 mine");
  t.effects();
  assertEquals(await t.line("DEBUG POPULATE 3"), "OK");
  assertEquals(await t.line("MGET key:0 key:1 key:2"), ["value:0", "mine", "value:2"]);
  assertEquals(t.effects(), []);
  await t.line("DEBUG POPULATE 1 big 12");
  assertEquals(await t.line("GET big:0"), "value:0\0\0\0\0\0");
});

Deno.test("DEBUG SET-ACTIVE-EXPIRE turns the switch", async () => {
  await using t = await startTestServer();
  await t.line("DEBUG SET-ACTIVE-EXPIRE 0");
  assertEquals(t.server.debug.activeExpire, false);
  await t.line("DEBUG SET-ACTIVE-EXPIRE 1");
  assertEquals(t.server.debug.activeExpire, true);
});

Deno.test("DEBUG OBJECT describes a value", async () => {
  await using t = await startTestServer();
  await t.line("SET k 12345");
  t.advance(7000);
  const text = String(await t.line("DEBUG OBJECT k"));
  assert(/^Value at:0x[0-9a-f]+ refcount:1 encoding:int serializedlength:3 lru:\d+ /.test(text));
  assert(text.endsWith(" lru_seconds_idle:7"), text);
});

Deno.test("DEBUG PROTOCOL shows attributes and pushes in RESP3", async () => {
  await using t = await startTestServer();
  await t.line("HELLO 3");
  t.session.output.flush();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals(
    text(await t.bytes("DEBUG", "PROTOCOL", "attrib")),
    "|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n" +
      "$39\r\nSome real reply following the attribute\r\n",
  );
  assertEquals(
    text(await t.bytes("DEBUG", "PROTOCOL", "push")),
    ">2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n" +
      "$40\r\nSome real reply following the push reply\r\n",
  );
});

Deno.test("DEBUG refuses what waits for persistence, and ways to crash", async () => {
  await using t = await startTestServer();
  for (const name of ["SEGFAULT", "PANIC", "OOM", "RESTART"]) {
    assertRefused(
      await t.line(`DEBUG ${name}`),
      `ERR unknown subcommand or wrong number of arguments for '${name}'. Try DEBUG HELP.`,
    );
  }
});

Deno.test("DEBUG is refused unless the configuration allows it", async () => {
  await using t = await startTestServer({ "enable-debug-command": "no" });
  const refusal = String(await t.line("DEBUG SLEEP 0"));
  assert(refusal.includes("DEBUG command not allowed"), refusal);
});
