import { assertEquals } from "@std/assert";
import { assertRefused } from "../../support/assert_refused.ts";
import { StringEncoding } from "../../../storage/entry.ts";
import { seededRandom, startTestServer, TEST_TIME } from "../../support/harness.ts";

const notAnInteger = "ERR value is not an integer or out of range";
const overflow = "ERR increment or decrement would overflow";

Deno.test("INCR and its like count from zero", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("INCR a"), 1);
  assertEquals(await t.line("DECR b"), -1);
  assertEquals(await t.line("INCRBY c 12"), 12);
  assertEquals(await t.line("DECRBY d 12"), -12);
  assertEquals(await t.line("DECRBY e 0"), 0);
  assertEquals(await t.line("MGET a b c d e"), ["1", "-1", "12", "-12", "0"]);
  assertEquals(t.effects().length, 5);
  assertEquals(t.events()[0], "$ incrby a");
});

Deno.test("INCRBY agrees with exact arithmetic whatever the number of digits", async () => {
  await using t = await startTestServer();
  const random = seededRandom(3);
  let sum = 0n;
  for (let i = 0; i < 2000; i++) {
    const digits = 1 + Math.floor(random() * 18);
    const by = BigInt(Math.floor(random() * 1e9)) * BigInt(Math.floor(random() * 1e9)) %
        10n ** BigInt(digits) * (random() < 0.5 ? -1n : 1n);
    const name = random() < 0.5 ? "INCRBY" : "DECRBY";
    sum = name === "INCRBY" ? sum + by : sum - by;
    const reply = await t.run(name, "k", by.toString());
    assertEquals(String(reply), String(typeof reply === "bigint" ? sum : Number(sum)));
    assertEquals(await t.run("GET", "k"), sum.toString());
  }
});

Deno.test("INCR crosses the bounds of small integers exactly", async () => {
  await using t = await startTestServer();
  for (
    const start of ["999999999999999", "9007199254740991", "9007199254740992", "99", "-10", "-1"]
  ) {
    await t.run("SET", "k", start);
    await t.run("INCR", "k");
    assertEquals(await t.run("GET", "k"), (BigInt(start) + 1n).toString());
    await t.run("DECR", "k");
    assertEquals(await t.run("GET", "k"), start);
  }
});

Deno.test("INCR keeps the expiry", async () => {
  await using t = await startTestServer();
  await t.line("SET k 9 EX 5");
  assertEquals(await t.line("INCR k"), 10);
  assertEquals(await t.line("INCRBY k 9007199254740993"), 9007199254741003n);
  assertEquals(await t.line("INCRBYFLOAT k 0.5"), "9007199254741003.5");
  const db = t.server.keyspace.databases[0];
  assertEquals(db.expiry(db.findKey(new TextEncoder().encode("k"))), TEST_TIME + 5000);
});

Deno.test("INCR makes an integer of a string that was changed in part", async () => {
  await using t = await startTestServer();
  await t.line("SET k 1");
  await t.line("APPEND k 5");
  assertEquals(await t.line("INCR k"), 16);
  const db = t.server.keyspace.databases[0];
  assertEquals(db.encoding(db.findKey(new TextEncoder().encode("k"))), StringEncoding.plain);
});

Deno.test("INCR refuses what is no canonical 64-bit integer", async () => {
  await using t = await startTestServer();
  const wrong = ["", " 1", "1 ", "01", "+1", "-0", "1.0", "x", "9223372036854775808", "1\0", "-"];
  for (const value of wrong) {
    await t.run("SET", "k", value);
    assertRefused(await t.run("INCR", "k"), notAnInteger, value);
    assertRefused(await t.run("INCRBY", "n", value), notAnInteger, value);
    assertRefused(await t.run("DECRBY", "n", value), notAnInteger, value);
  }
});

Deno.test("INCR refuses to overflow", async () => {
  await using t = await startTestServer();
  await t.line("SET k 9223372036854775807");
  assertRefused(await t.line("INCR k"), overflow);
  assertRefused(await t.line("INCRBY k 9223372036854775807"), overflow);
  assertRefused(await t.line("DECRBY k -1"), overflow);
  assertEquals(await t.line("GET k"), "9223372036854775807");
  await t.line("SET k -9223372036854775808");
  assertRefused(await t.line("DECR k"), overflow);
  assertRefused(await t.line("INCRBY k -1"), overflow);
  assertRefused(
    await t.line("DECRBY k -9223372036854775808"),
    "ERR decrement would overflow",
  );
  assertEquals(await t.line("INCRBY n -9223372036854775808"), -9223372036854775808n);
});

Deno.test("INCRBYFLOAT is handed on as SET with the digits that it stored", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("INCRBYFLOAT k 3"), "3");
  assertEquals(await t.line("INCRBYFLOAT k 1.5e-1"), "3.15");
  assertEquals(t.effects(), ["0: SET k 3 KEEPTTL", "0: SET k 3.15 KEEPTTL"]);
  assertEquals(t.events(), ["$ incrbyfloat k", "$ incrbyfloat k"]);
});

Deno.test("INCRBYFLOAT refuses what is no number and what is infinite", async () => {
  await using t = await startTestServer();
  const notAFloat = "ERR value is not a valid float";
  await t.line("SET k x");
  assertRefused(await t.line("INCRBYFLOAT k 1"), notAFloat);
  assertRefused(await t.line("INCRBYFLOAT n x"), notAFloat);
  assertRefused(await t.line("INCRBYFLOAT n nan"), notAFloat);
  assertRefused(
    await t.line("INCRBYFLOAT n inf"),
    "ERR increment would produce NaN or Infinity",
  );
  assertEquals(await t.line("GET n"), null);
});
