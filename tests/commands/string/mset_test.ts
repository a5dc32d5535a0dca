import { assertEquals } from "@std/assert";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer } from "../../support/harness.ts";

Deno.test("MSET stores every pair, the last of a repeated key", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("MSET a 1 b 2 a 3"), "OK");
  assertEquals(await t.line("MGET a b"), ["3", "2"]);
  assertEquals(t.effects(), ["0: MSET a 1 b 2 a 3"]);
  assertEquals(t.events(), ["$ set a", "$ set b", "$ set a"]);
});

Deno.test("MSETNX stores all pairs or none", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("MSETNX a 1 b 2"), 1);
  assertEquals(await t.line("MSETNX c 1 b 3"), 0);
  assertEquals(await t.line("MSETNX d 1 d 2"), 1);
  assertEquals(await t.line("MGET a b c d"), ["1", "2", null, "2"]);
  assertEquals(t.effects(), ["0: MSETNX a 1 b 2", "0: MSETNX d 1 d 2"]);
});

Deno.test("MSET and MSETNX refuse a key without a value", async () => {
  await using t = await startTestServer();
  for (const name of ["mset", "msetnx"]) {
    assertRefused(
      await t.line(`${name} a 1 b`),
      `ERR wrong number of arguments for '${name}' command`,
    );
  }
  assertEquals(await t.line("GET a"), null);
});
