import { assertEquals } from "@std/assert";
import { startTestServer, type TestServer } from "../../support/harness.ts";

/** A server after some lines, with nothing seen yet. */
async function serverWith(...lines: string[]): Promise<TestServer> {
  const t = await startTestServer();
  for (const line of lines) await t.line(line);
  t.effects();
  t.events();
  return t;
}

/** What a line leaves behind: its events and its effects. */
async function traces(t: TestServer, line: string): Promise<string[]> {
  t.effects();
  t.events();
  await t.line(line);
  return [...t.events(), ...t.effects()];
}

Deno.test("ZADD tells of changes only", async () => {
  await using t = await serverWith("ZADD z 1 a");
  assertEquals(await traces(t, "ZADD z 2 a 3 b"), ["z zadd z", "0: ZADD z 2 a 3 b"]);
  assertEquals(await traces(t, "ZADD z 2 a"), []);
  assertEquals(await traces(t, "ZADD z NX 5 a"), []);
  assertEquals(await traces(t, "ZADD none XX 5 a"), []);
  assertEquals(await traces(t, "ZADD z INCR 1 a"), ["z zincr z", "0: ZADD z INCR 1 a"]);
  assertEquals(await traces(t, "ZINCRBY z 1 a"), ["z zincr z", "0: ZINCRBY z 1 a"]);
  assertEquals(await traces(t, "ZINCRBY z 0 a"), []);
});

Deno.test("the last member's removal deletes the key", async () => {
  for (
    const [line, event] of [
      ["ZREM z a b x", "zrem"],
      ["ZREMRANGEBYRANK z 0 -1", "zremrangebyrank"],
      ["ZREMRANGEBYSCORE z 0 10", "zremrangebyscore"],
      ["ZREMRANGEBYLEX z - +", "zremrangebylex"],
      ["ZPOPMIN z 2", "zpopmin"],
      ["ZPOPMAX z 5", "zpopmax"],
    ]
  ) {
    await using t = await serverWith("ZADD z 1 a 2 b");
    assertEquals(await traces(t, line), [`z ${event} z`, "g del z", `0: ${line}`]);
    assertEquals(await t.line("DBSIZE"), 0);
  }
});

Deno.test("removals that find nothing leave no trace", async () => {
  await using t = await serverWith("ZADD z 1 a 2 b");
  for (
    const line of [
      "ZREM z x",
      "ZREMRANGEBYRANK z 5 6",
      "ZREMRANGEBYSCORE z 5 6",
      "ZREMRANGEBYLEX z + -",
      "ZPOPMIN z 0",
      "ZPOPMIN none",
      "ZMPOP 1 none MIN",
    ]
  ) assertEquals(await traces(t, line), [], line);
});

Deno.test("ZMPOP and BZMPOP are handed on as ZPOPMIN or ZPOPMAX with a count", async () => {
  await using t = await serverWith("ZADD z 1 a 2 b 3 c 4 d 5 e 6 f");
  assertEquals(await traces(t, "ZMPOP 2 none z MIN"), ["z zpopmin z", "0: ZPOPMIN z 1"]);
  assertEquals(await traces(t, "ZMPOP 1 z MAX COUNT 2"), ["z zpopmax z", "0: ZPOPMAX z 2"]);
  assertEquals(await traces(t, "BZPOPMIN z 0"), ["z zpopmin z", "0: ZPOPMIN z"]);
  assertEquals(
    await traces(t, "BZMPOP 0 1 z MAX COUNT 10"),
    ["z zpopmax z", "g del z", "0: ZPOPMAX z 2"],
  );
});

Deno.test("stored results are told of under the commands' names, and deleted when empty", async () => {
  await using t = await serverWith("ZADD a 1 x 2 y", "ZADD b 1 y", "SET d v");
  for (
    const [line, event] of [
      ["ZUNIONSTORE d 2 a b", "zunionstore"],
      ["ZINTERSTORE d 2 a b", "zinterstore"],
      ["ZDIFFSTORE d 2 a b", "zdiffstore"],
      ["ZRANGESTORE d a 0 -1", "zrangestore"],
    ]
  ) assertEquals(await traces(t, line), [`z ${event} d`, `0: ${line}`]);
  assertEquals(await traces(t, "ZINTERSTORE d 2 a none"), [
    "g del d",
    "0: ZINTERSTORE d 2 a none",
  ]);
  assertEquals(await traces(t, "ZRANGESTORE d none 0 -1"), []);
});

Deno.test("every change of a member counts", async () => {
  await using t = await serverWith();
  const before = t.server.changes;
  await t.line("ZADD z 1 a 2 b 3 c");
  await t.line("ZADD z 2 a 2 b");
  await t.line("ZPOPMIN z 2");
  assertEquals(t.server.changes - before, 3 + 1 + 2);
});
