import { assert, assertEquals } from "@std/assert";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer } from "../../support/harness.ts";

Deno.test("ZRANDMEMBER answers different members, each as likely as any other", async () => {
  for (const entries of [128, 0]) {
    await using t = await startTestServer({ "zset-max-listpack-entries": String(entries) });
    for (let i = 0; i < 50; i++) await t.run("ZADD", "z", i % 7, `m${i}`);
    const counts = new Map<unknown, number>();
    for (let round = 0; round < 400; round++) {
      const members = await t.run("ZRANDMEMBER", "z", 10) as string[];
      assertEquals(new Set(members).size, 10);
      for (const member of members) counts.set(member, (counts.get(member) ?? 0) + 1);
    }
    // 80 are to be expected, give or take 8.
    for (const count of counts.values()) assert(count > 40 && count < 120, String(count));
    assertEquals(counts.size, 50);
  }
});

Deno.test("ZRANDMEMBER refuses to repeat members beyond all bounds", async () => {
  await using t = await startTestServer({ "proto-max-bulk-len": "1mb" });
  await t.run("ZADD", "z", 1, "x".repeat(1000), 2, "y");
  assertRefused(await t.line("ZRANDMEMBER z -1000000000000"), "ERR value is out of range");
  assertRefused(await t.line("ZRANDMEMBER z -20000"), "ERR value is out of range");
  assertEquals((await t.line("ZRANDMEMBER z -500") as string[]).length, 500);
});
