import { assert, assertEquals } from "@std/assert";
import { startTestServer, type TestServer } from "../../support/harness.ts";

/** Runs a test with hashes that are packed, and again with hashes that are tables. */
function testBoth(name: string, fn: (t: TestServer) => Promise<void>): void {
  for (const [kind, entries] of [["packed hash", "512"], ["table", "0"]]) {
    Deno.test(`${name} (${kind})`, async () => {
      await using t = await startTestServer({ "hash-max-listpack-entries": entries });
      await fn(t);
    });
  }
}

/** How many hashes are known to have fields that expire. */
function tracked(t: TestServer, db = 0): number {
  return t.server.keyspace.databases[db].volatileHashes?.size ?? 0;
}

/** Lets active expiry do all there is to do. */
function sweep(t: TestServer): void {
  while (t.server.fieldExpiry.run(1));
}

testBoth("HEXPIRE answers for each field", async (t) => {
  await t.line("HSET h a 1 b 2");
  assertEquals(await t.line("HEXPIRE h 10 FIELDS 3 a b x"), [1, 1, -2]);
  assertEquals(await t.line("HEXPIRE h 20 NX FIELDS 1 a"), [0]);
  assertEquals(await t.line("HEXPIRE h 5 GT FIELDS 1 a"), [0]);
  assertEquals(await t.line("HEXPIRE h 5 LT FIELDS 1 a"), [1]);
  assertEquals(await t.line("HTTL h FIELDS 3 a b x"), [5, 10, -2]);
  assertEquals(await t.line("HPTTL h FIELDS 1 a"), [5000]);
  assertEquals(await t.line("HPERSIST h FIELDS 3 a a x"), [1, -1, -2]);
  assertEquals(await t.line("HTTL h FIELDS 1 a"), [-1]);
  assertEquals(await t.line("HEXPIRE h 0 FIELDS 2 a b"), [2, 2]);
  assertEquals(await t.line("EXISTS h"), 0);
});

testBoth("HTTL rounds seconds up", async (t) => {
  await t.line("HSET h a 1");
  await t.line("HPEXPIRE h 1001 FIELDS 1 a");
  assertEquals(await t.line("HTTL h FIELDS 1 a"), [2]);
  t.advance(1);
  assertEquals(await t.line("HTTL h FIELDS 1 a"), [1]);
  t.advance(1001);
  assertEquals(await t.line("HTTL h FIELDS 1 a"), [-2]);
  assertEquals(await t.line("HPERSIST h FIELDS 1 a"), [-2]);
});

testBoth("HEXPIRE leaves absolute times as effects, and only of fields that it set", async (t) => {
  await t.line("HSET h a 1 b 2 c 3");
  t.effects();
  await t.line("HEXPIRE h 10 FIELDS 2 a x");
  await t.line("HPEXPIRE h 500 NX FIELDS 2 a b");
  await t.line(`HPEXPIREAT h ${t.now + 700} FIELDS 1 c`);
  await t.line("HEXPIRE h 10 XX FIELDS 1 x");
  await t.line("HEXPIREAT h 1 FIELDS 2 a b");
  await t.line("HPERSIST h FIELDS 2 c x");
  await t.line("HPERSIST h FIELDS 1 c");
  assertEquals(t.effects(), [
    `0: HPEXPIREAT h ${t.now + 10_000} FIELDS 1 a`,
    `0: HPEXPIREAT h ${t.now + 500} NX FIELDS 1 b`,
    `0: HPEXPIREAT h ${t.now + 700} FIELDS 1 c`,
    "0: HDEL h a",
    "0: HDEL h b",
    "0: HPERSIST h FIELDS 2 c x",
  ]);
});

testBoth("commands about times tell of their events", async (t) => {
  await t.line("HSET h a 1 b 2 c 3");
  t.events();
  await t.line("HEXPIRE h 10 FIELDS 2 a b");
  await t.line("HEXPIRE h 10 NX FIELDS 2 a b");
  await t.line("HPERSIST h FIELDS 1 a");
  await t.line("HPERSIST h FIELDS 1 a");
  await t.line("HEXPIRE h 0 FIELDS 1 a");
  await t.line("HEXPIRE h 0 FIELDS 2 b c");
  assertEquals(t.events(), ["h hexpire h", "h hpersist h", "h hdel h", "h hdel h", "g del h"]);
});

testBoth("fields whose time is over go when they are asked for", async (t) => {
  await t.line("HSET h a 1 b 2 c 3 d 4 e 5");
  await t.line("HPEXPIRE h 10 FIELDS 4 a b c d");
  t.advance(10);
  assertEquals(await t.line("HGET h a"), "1");
  t.advance(1);
  t.events();
  t.effects();
  assertEquals(await t.line("HLEN h"), 5);
  assertEquals(await t.line("HGETALL h"), ["e", "5"]);
  assertEquals(await t.line("HKEYS h"), ["e"]);
  assertEquals(await t.line("HSCAN h 0"), ["0", ["e", "5"]]);
  assertEquals([...t.events(), ...t.effects()], []);
  assertEquals(await t.line("HGET h a"), null);
  assertEquals(await t.line("HEXISTS h b"), 0);
  assertEquals(await t.line("HSTRLEN h c"), 0);
  assertEquals(await t.line("HLEN h"), 2);
  assertEquals(t.events(), ["h hexpired h", "h hexpired h", "h hexpired h"]);
  assertEquals(t.effects(), ["0: HDEL h a", "0: HDEL h b", "0: HDEL h c"]);
  assertEquals(t.server.keyspace.expiredFields, 3);
  assertEquals(await t.line("HDEL h d"), 1);
  assertEquals(tracked(t), 0);
});

testBoth("HMGET tells of one event however many fields have expired", async (t) => {
  await t.line("HSET h a 1 b 2");
  await t.line("HPEXPIRE h 10 FIELDS 2 a b");
  t.advance(11);
  t.events();
  assertEquals(await t.line("HMGET h a x b"), [null, null, null]);
  assertEquals(t.events(), ["h hexpired h", "g del h"]);
  assertEquals(await t.line("EXISTS h"), 0);
});

testBoth("HRANDFIELD removes all fields that are over first", async (t) => {
  await t.line("HSET h a 1 b 2 c 3");
  await t.line("HPEXPIRE h 10 FIELDS 2 a b");
  t.advance(11);
  assertEquals(await t.line("HRANDFIELD h 5"), ["c"]);
  assertEquals(await t.line("HLEN h"), 1);
  await t.line("HPEXPIRE h 10 FIELDS 1 c");
  t.advance(11);
  assertEquals(await t.line("HRANDFIELD h"), null);
  assertEquals(await t.line("EXISTS h"), 0);
});

testBoth(
  "counters begin anew when their field has expired, and keep its time otherwise",
  async (t) => {
    await t.line("HSET h n 5 m 5");
    await t.line("EXPIRE h 1000");
    await t.line("HPEXPIRE h 10 FIELDS 2 n m");
    await t.line("HINCRBY h n 1");
    assertEquals(await t.line("HPTTL h FIELDS 1 n"), [10]);
    t.advance(11);
    assertEquals(await t.line("HINCRBY h n 1"), 1);
    assertEquals(await t.line("HINCRBYFLOAT h m 1.5"), "1.5");
    assertEquals(await t.line("HPTTL h FIELDS 2 n m"), [-1, -1]);
    assertEquals(await t.line("TTL h"), 1000);

    // With the last field the key goes, and with it the key's own time.
    await t.line("HPEXPIRE h 10 FIELDS 2 n m");
    t.advance(11);
    assertEquals(await t.line("HEXISTS h m"), 0);
    t.events();
    assertEquals(await t.line("HINCRBY h n 1"), 1);
    assertEquals(t.events(), ["h hexpired h", "g del h", "h hincrby h"]);
    assertEquals(await t.line("TTL h"), -1);
  },
);

testBoth("HSETNX takes the place of a field that has expired", async (t) => {
  await t.line("HSET h a 1");
  await t.line("HPEXPIRE h 10 FIELDS 1 a");
  assertEquals(await t.line("HSETNX h a 2"), 0);
  t.advance(11);
  assertEquals(await t.line("HSETNX h a 2"), 1);
  assertEquals(await t.line("HTTL h FIELDS 1 a"), [-1]);
});

testBoth("HSET takes the time of a field away", async (t) => {
  await t.line("HSET h a 1 b 2");
  await t.line("HPEXPIRE h 10 FIELDS 2 a b");
  assertEquals(tracked(t), 1);
  assertEquals(await t.line("HSET h a 2 b 3"), 0);
  assertEquals(tracked(t), 0);
  t.advance(11);
  assertEquals(await t.line("HMGET h a b"), ["2", "3"]);
});

testBoth("active expiry removes due fields, and keys with their last", async (t) => {
  await t.line("HSET h a 1 b 2 c 3");
  await t.line("HSET g a 1 b 2");
  await t.line("HPEXPIRE h 10 FIELDS 2 a b");
  await t.line("HPEXPIRE g 10 FIELDS 1 a");
  await t.line("HPEXPIRE g 20 FIELDS 1 b");
  t.events();
  t.effects();
  t.advance(10);
  sweep(t);
  assertEquals(t.events(), []);
  t.advance(1);
  sweep(t);
  assertEquals(t.events().sort(), ["h hexpired g", "h hexpired h"]);
  assertEquals(t.effects().sort(), ["0: HDEL g a", "0: HDEL h a", "0: HDEL h b"]);
  assertEquals(tracked(t), 1);
  t.advance(10);
  sweep(t);
  assertEquals(t.events(), ["h hexpired g", "g del g"]);
  assertEquals(await t.line("DBSIZE"), 1);
  assertEquals(await t.line("HGETALL h"), ["c", "3"]);
  assertEquals(tracked(t), 0);
  assertEquals(t.server.keyspace.expiredFields, 4);
});

Deno.test("active expiry of a hundred thousand fields goes in slices", async () => {
  await using t = await startTestServer();
  for (let i = 0; i < 100_000; i += 1000) {
    const pairs = Array.from({ length: 1000 }, (_, k) => `f${i + k} ${k}`).join(" ");
    await t.line(`HSETEX h PX 10 FIELDS 1000 ${pairs}`);
  }
  await t.line("HSET h stays 1");
  t.advance(11);
  let slices = 1;
  while (t.server.fieldExpiry.run(0)) slices++;
  assert(slices > 20, `${slices} slices`);
  assertEquals(await t.line("HGETALL h"), ["stays", "1"]);
  assertEquals(tracked(t), 0);
});

testBoth("hashes that move, are copied or go take their fields' times along", async (t) => {
  await t.line("HSET h a 1 b 2");
  await t.line("HPEXPIRE h 10 FIELDS 1 a");
  await t.line("RENAME h longer-name");
  assertEquals(tracked(t), 1);
  await t.line("COPY longer-name copy");
  assertEquals(tracked(t), 2);
  await t.line("MOVE longer-name 1");
  assertEquals([tracked(t), tracked(t, 1)], [1, 1]);
  await t.line("SWAPDB 1 2");
  assertEquals([tracked(t), tracked(t, 1), tracked(t, 2)], [1, 0, 1]);
  t.advance(11);
  sweep(t);
  assertEquals(await t.line("HGETALL copy"), ["b", "2"]);
  await t.line("SELECT 2");
  assertEquals(await t.line("HGETALL longer-name"), ["b", "2"]);
  assertEquals([tracked(t), tracked(t, 2)], [0, 0]);
});

testBoth("hashes that are deleted, overwritten or flushed are forgotten", async (t) => {
  const make = async () => {
    await t.line("HSET h a 1 b 2");
    await t.line("HPEXPIRE h 10 FIELDS 1 a");
    assertEquals(tracked(t), 1);
  };
  for (
    const line of [
      "DEL h",
      "UNLINK h",
      "SET h x",
      "SET h x EX 100",
      "PEXPIREAT h 1",
      "FLUSHDB",
      "FLUSHALL ASYNC",
      "HDEL h a b",
      "HGETDEL h FIELDS 2 a b",
    ]
  ) {
    await make();
    await t.line(line);
    assertEquals(tracked(t), 0, line);
    await t.line("DEL h");
  }
  // A database that is flushed alone is taken apart later: that must not disturb what comes after it.
  await make();
  await t.line("SELECT 1");
  await t.line("SET other x");
  await t.line("SELECT 0");
  await t.line("FLUSHDB ASYNC");
  await make();
  t.server.keyspace.lazyFree.drain();
  assertEquals(tracked(t), 1);
});

Deno.test("packed hash with times becomes a table that keeps them", async () => {
  await using t = await startTestServer({ "hash-max-listpack-entries": "3" });
  await t.line("HSET h a 1 b 2 c 3");
  await t.line("HPEXPIRE h 10 FIELDS 2 a b");
  assertEquals(await t.line("OBJECT ENCODING h"), "listpackex");
  await t.line("HSET h d 4");
  assertEquals(await t.line("OBJECT ENCODING h"), "hashtable");
  assertEquals(await t.line("HPTTL h FIELDS 4 a b c d"), [10, 10, -1, -1]);
  t.advance(11);
  sweep(t);
  assertEquals(await t.line("HLEN h"), 2);
});

testBoth("digest tells fields with times from those without", async (t) => {
  await t.line("HSET h a 1");
  const before = await t.line("DEBUG DIGEST-VALUE h");
  await t.line("HPEXPIRE h 10 FIELDS 1 a");
  assert(String(await t.line("DEBUG DIGEST-VALUE h")) !== String(before));
  await t.line("HPERSIST h FIELDS 1 a");
  assertEquals(await t.line("DEBUG DIGEST-VALUE h"), before);
});

testBoth("HGETEX tells of what it did", async (t) => {
  await t.line("HSET h a 1 b 2 c 3 d 4");
  t.events();
  t.effects();
  assertEquals(await t.line("HGETEX h FIELDS 2 a x"), ["1", null]);
  assertEquals([...t.events(), ...t.effects()], []);
  await t.line("HGETEX h PX 10 FIELDS 2 a x");
  await t.line("HGETEX h EX 0 FIELDS 1 b");
  await t.line("HGETEX h PX 20 FIELDS 1 c");
  await t.line("HGETEX h PERSIST FIELDS 2 c d");
  await t.line("HGETEX h PERSIST FIELDS 2 c d");
  assertEquals(t.events(), ["h hexpire h", "h hdel h", "h hexpire h", "h hpersist h"]);
  assertEquals(t.effects(), [
    `0: HPEXPIREAT h ${t.now + 10} FIELDS 1 a`,
    "0: HDEL h b",
    `0: HPEXPIREAT h ${t.now + 20} FIELDS 1 c`,
    "0: HPERSIST h FIELDS 1 c",
  ]);
  t.advance(11);
  assertEquals(await t.line("HGETEX h EX 100 FIELDS 2 a c"), [null, "3"]);
  assertEquals(t.events(), ["h hexpired h", "h hexpire h"]);
  assertEquals(t.effects(), ["0: HDEL h a", `0: HPEXPIREAT h ${t.now + 100_000} FIELDS 1 c`]);
  await t.line("HGETEX h PXAT 1 FIELDS 2 c d");
  assertEquals(t.events(), ["h hdel h", "g del h"]);
});

testBoth("HSETEX tells of what it did, in words that older replicas know", async (t) => {
  await t.line("HSETEX h FIELDS 2 a 1 b 2");
  await t.line("HSETEX h EX 10 FIELDS 2 a 3 b 4");
  await t.line("HSETEX h KEEPTTL FIELDS 2 a 5 c 6");
  await t.line("HSETEX h FNX FIELDS 1 a 7");
  await t.line("HSETEX h PX 0 FIELDS 1 b 1");
  await t.line("HSETEX h EXAT 1 FIELDS 2 a 1 c 1");
  await t.line("HSETEX new EXAT 1 FIELDS 1 a 1");
  assertEquals(t.events(), [
    "h hset h",
    "h hset h",
    "h hexpire h",
    "h hset h",
    "h hset h",
    "h hdel h",
    "h hset h",
    "h hdel h",
    "g del h",
    "h hset new",
    "h hdel new",
    "g del new",
  ]);
  const time = t.now + 10_000;
  assertEquals(t.effects(), [
    "0: HSET h a 1 b 2",
    "0: HSET h a 3 b 4",
    `0: HPEXPIREAT h ${time} FIELDS 2 a b`,
    "0: HSET h a 5 c 6",
    `0: HPEXPIREAT h ${time} FIELDS 1 a`,
    "0: HDEL h b",
    "0: HDEL h a c",
    "0: HDEL new a",
  ]);
  assertEquals(await t.line("DBSIZE"), 0);
});

testBoth("HSETEX takes fields that have expired for missing", async (t) => {
  await t.line("HSETEX h PX 10 FIELDS 1 a 1");
  t.advance(11);
  t.events();
  assertEquals(await t.line("HSETEX h FXX FIELDS 1 a 2"), 0);
  assertEquals(t.events(), ["h hexpired h", "g del h"]);
  await t.line("HSETEX h PX 10 FIELDS 1 a 1");
  t.advance(11);
  assertEquals(await t.line("HSETEX h FNX FIELDS 1 a 2"), 1);
  assertEquals(await t.line("HTTL h FIELDS 1 a"), [-1]);
});

testBoth("HGETDEL tells of what it did", async (t) => {
  await t.line("HSETEX h PX 10 FIELDS 1 a 1");
  await t.line("HSET h b 2 c 3");
  t.advance(11);
  t.events();
  t.effects();
  assertEquals(await t.line("HGETDEL h FIELDS 4 b a b x"), ["2", null, null, null]);
  assertEquals(t.events(), ["h hexpired h", "h hdel h"]);
  assertEquals(t.effects(), ["0: HDEL h a", "0: HDEL h b"]);
  assertEquals(await t.line("HGETDEL h FIELDS 2 c x"), ["3", null]);
  assertEquals(t.events(), ["h hdel h", "g del h"]);
});

testBoth("replica hides fields whose time is over and leaves them to its primary", async (t) => {
  await t.line("HSET h a 1 b 2");
  await t.line("HPEXPIRE h 10 FIELDS 1 a");
  t.server.keyspace.deletesExpired = false;
  t.advance(11);
  t.events();
  assertEquals(await t.line("HGET h a"), null);
  assertEquals(await t.line("HMGET h a b"), [null, "2"]);
  assertEquals(await t.line("HGETALL h"), ["b", "2"]);
  await t.line("HRANDFIELD h");
  assertEquals(await t.line("HLEN h"), 2);
  assertEquals(t.events(), []);
  assertEquals(await t.line("HDEL h a"), 1);
});

testBoth("INFO counts hashes with times and fields that have expired", async (t) => {
  await t.line("HSETEX h PX 10 FIELDS 1 a 1");
  await t.line("HSET h b 2");
  await t.line("HSET g a 1");
  assert(String(await t.line("INFO keyspace")).includes("subexpiry=1"));
  t.advance(11);
  await t.line("HGET h a");
  assert(String(await t.line("INFO keyspace")).includes("subexpiry=0"));
  assert(String(await t.line("INFO stats")).includes("expired_subkeys:1\r\n"));
  await t.line("CONFIG RESETSTAT");
  assert(String(await t.line("INFO stats")).includes("expired_subkeys:0\r\n"));
});
