import { assertEquals } from "@std/assert";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer, type TestClient, type TestServer } from "../../support/harness.ts";

/** A client that has sent a line which is not answered yet. */
function waiting(t: TestServer, line: string): { client: TestClient; reply: Promise<unknown> } {
  const client = t.connect();
  return { client, reply: client.line(line) };
}

Deno.test("BZPOPMIN is served by ZADD, and handed on as ZPOPMIN after it", async () => {
  await using t = await startTestServer();
  const { reply } = waiting(t, "BZPOPMIN a z 0");
  assertEquals(await t.line("ZADD z 2 y 1 x"), 2);
  assertEquals(await reply, ["z", "x", "1"]);
  assertEquals(await t.line("ZRANGE z 0 -1"), ["y"]);
  assertEquals(t.effects(), ["0: ZADD z 2 y 1 x", "0: ZPOPMIN z"]);
  assertEquals(t.events(), ["z zadd z", "z zpopmin z"]);
});

Deno.test("clients that wait for one key are served in the order in which they came", async () => {
  await using t = await startTestServer();
  const first = waiting(t, "BZPOPMAX z 0");
  const second = waiting(t, "BZMPOP 0 1 z MIN COUNT 2");
  const third = waiting(t, "BZPOPMIN z 0");
  await t.line("ZADD z 1 a 2 b 3 c");
  assertEquals(await first.reply, ["z", "c", "3"]);
  assertEquals(await second.reply, ["z", [["a", "1"], ["b", "2"]]]);
  await t.line("ZADD z 4 d");
  assertEquals(await third.reply, ["z", "d", "4"]);
  assertEquals(await t.line("EXISTS z"), 0);
});

Deno.test("BZPOPMIN waits on while the key has another type", async () => {
  await using t = await startTestServer();
  const { reply } = waiting(t, "BZPOPMIN z 0");
  await t.line("SET z v");
  await t.line("ZADD other 1 a");
  await t.line("DEL z");
  await t.line("RENAME other z");
  assertEquals(await reply, ["z", "a", "1"]);
});

Deno.test("BZPOPMIN is refused when it could be served but meets another type first", async () => {
  await using t = await startTestServer();
  const { reply } = waiting(t, "BZPOPMIN s z 0");
  await t.line("SET s v");
  await t.line("ZADD z 1 a");
  assertRefused(
    await reply as Parameters<typeof assertRefused>[0],
    "WRONGTYPE Operation against a key holding the wrong kind of value",
  );
  assertEquals(await t.line("ZCARD z"), 1);
});

Deno.test("BZPOPMIN is served by commands that store sorted sets", async () => {
  await using t = await startTestServer();
  await t.line("ZADD src 1 a");
  for (
    const line of ["ZUNIONSTORE z 1 src", "ZRANGESTORE z src 0 -1", "COPY src z", "ZINCRBY z 1 a"]
  ) {
    const { reply } = waiting(t, "BZPOPMIN z 0");
    await t.line(line);
    assertEquals(await reply, ["z", "a", "1"], line);
  }
});

Deno.test("BZPOPMIN gives up after its timeout", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("BZPOPMIN z 0.01"), null);
  assertEquals(await t.line("BZMPOP 0.01 1 z MAX"), null);
  assertEquals(t.effects(), []);
});
