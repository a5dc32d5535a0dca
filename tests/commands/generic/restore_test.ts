import { assert, assertEquals } from "@std/assert";
import { encodeLatin1 } from "../../../server/resp/args.ts";
import { Crc64 } from "../../../storage/rdb/crc64.ts";
import { assertRefused } from "../../support/assert_refused.ts";
import { seededRandom, startTestServer, type TestServer } from "../../support/harness.ts";

const STEPS = Number(Deno.env.get("STEPS") ?? 300);

async function dump(t: TestServer, key: string): Promise<Uint8Array> {
  const payload = await t.line(`DUMP ${key}`);
  assert(typeof payload === "string");
  return encodeLatin1(payload);
}

Deno.test("RESTORE tells replicas the time at which the key goes", async () => {
  await using t = await startTestServer();
  await t.line("SET k v");
  const payload = await dump(t, "k");
  t.effects();
  await t.run("RESTORE", "n", 1000, payload);
  const [effect] = t.effects();
  assert(effect.startsWith(`0: RESTORE n ${t.now + 1000} `));
  assert(effect.endsWith(" ABSTTL"));
  assertEquals(t.events(), ["$ set k", "g restore n"]);
  await t.run("RESTORE", "m", 0, payload);
  assert(!t.effects()[0].endsWith("ABSTTL"));
});

Deno.test("RESTORE of what has expired deletes what was there", async () => {
  await using t = await startTestServer();
  await t.line("SET k v");
  const payload = await dump(t, "k");
  t.effects();
  t.events();
  assertEquals(await t.run("RESTORE", "k", 1, payload, "ABSTTL", "REPLACE"), "OK");
  assertEquals(await t.line("EXISTS k"), 0);
  assertEquals(t.effects(), ["0: DEL k"]);
  assertEquals(t.events(), ["g del k"]);
  assertEquals(await t.run("RESTORE", "k", 1, payload, "ABSTTL"), "OK");
  assertEquals([...t.effects(), ...t.events()], []);
});

Deno.test("RESTORE that is refused leaves the old key alone", async () => {
  await using t = await startTestServer();
  await t.line("SET k v");
  const payload = await dump(t, "k");
  payload[0] = 99;
  assertRefused(await t.run("RESTORE", "k", 0, sealed(payload), "REPLACE"), "ERR Bad data format");
  assertEquals(await t.line("GET k"), "v");
});

/** A payload with the right checksum, whatever has become of it. */
function sealed(payload: Uint8Array): Uint8Array {
  new Crc64().update(payload, 0, payload.length - 8).write(payload, payload.length - 8);
  return payload;
}

const VALUES: Readonly<Record<string, readonly string[]>> = {
  string: ["SET k 12345678", "APPEND k some-text-that-is-text-that-is-text"],
  list: ["RPUSH k a b c 1 2 -3 100000"],
  quicklist: ["CONFIG SET list-max-listpack-size 3", "RPUSH k a b c d e 1 2 3 4 5 6 7 8"],
  intset: ["SADD k 1 2 3 100000"],
  set: ["SADD k a b c 1 2 3"],
  table: ["CONFIG SET set-max-listpack-entries 2", "SADD k a b c d e f"],
  zset: ["ZADD k 1 a 2 b 2.5 c inf d"],
  skiplist: ["CONFIG SET zset-max-listpack-entries 2", "ZADD k 1 a 2 b 2.5 c inf d -inf e"],
  stream: ["XADD k 1-1 a 1 b 2", "XADD k 1-2 a 1 b 2", "XADD k 2-1 c text", "XDEL k 1-2"],
  hash: ["HSET k a 1 b two 3 4"],
  "hash table": ["CONFIG SET hash-max-listpack-entries 2", "HSET k a 1 b two 3 4 c d"],
  "hash with times": ["HSET k a 1 b two 3 4 c d", "HEXPIRE k 1000 FIELDS 2 a 3"],
  "hash table with times": [
    "CONFIG SET hash-max-listpack-entries 2",
    "HSET k a 1 b two 3 4 c d",
    "HEXPIRE k 1000 FIELDS 2 a 3",
  ],
  groups: [
    "XADD k 1-1 a 1",
    "XADD k 1-2 a 2",
    "XGROUP CREATE k g 0",
    "XREADGROUP GROUP g c STREAMS k >",
    "XREADGROUP GROUP g d STREAMS k >",
  ],
};

/** Whatever looks into a value. */
const LOOKS: Readonly<Record<string, readonly string[]>> = {
  string: ["GET k", "APPEND k x", "PFCOUNT k"],
  list: ["LRANGE k 0 -1", "LPOS k 3", "LPUSH k x", "RPOP k", "LREM k 0 a"],
  set: ["SMEMBERS k", "SISMEMBER k 3", "SADD k x 7", "SPOP k", "SREM k a"],
  hash: ["HGETALL k", "HGET k 3", "HTTL k FIELDS 1 a", "HSET k x 1", "HDEL k b", "HRANDFIELD k 2"],
  zset: ["ZRANGE k 0 -1 WITHSCORES", "ZSCORE k a", "ZADD k 3 x", "ZPOPMIN k", "ZREM k c"],
  stream: [
    "XRANGE k - +",
    "XREVRANGE k + -",
    "XINFO STREAM k FULL",
    "XPENDING k g",
    "XADD k * a 1",
    "XTRIM k MAXLEN 1",
    "XGROUP DESTROY k g",
  ],
};

for (const [name, commands] of Object.entries(VALUES)) {
  Deno.test(`RESTORE takes or refuses a broken ${name}, and nothing breaks`, async () => {
    const random = seededRandom(name.length);
    await using t = await startTestServer();
    for (const command of commands) await t.line(command);
    const good = await dump(t, "k");
    for (let step = 0; step < STEPS; step++) {
      const payload = broken(good, random);
      const reply = await t.run("RESTORE", "k", 0, payload, "REPLACE");
      if (reply !== "OK") {
        assertRefused(reply, "ERR Bad data format");
        continue;
      }
      const type = await t.line("TYPE k");
      for (const look of ["DUMP k", "DEBUG DIGEST-VALUE k", ...LOOKS[type as string] ?? []]) {
        const bytes = await t.bytes(...look.split(" "));
        const isBug = new TextDecoder().decode(bytes).includes("internal error");
        assert(!isBug, `${look} of ${payload.join(",")}`);
      }
    }
    await t.line("FLUSHALL");
    assertEquals(t.server.keyspace.arena.usedBytes, 0, "nothing is left behind");
  });
}

/** A payload with some bytes changed, cut or added. */
function broken(good: Uint8Array, random: () => number): Uint8Array {
  const body = [...good.subarray(0, good.length - 10)];
  const place = () => Math.floor(random() * body.length);
  for (let changes = 1 + Math.floor(random() * 3); changes > 0; changes--) {
    const kind = random();
    if (kind < 0.6) body[place()] = Math.floor(random() * 256);
    else if (kind < 0.75) body[place()] ^= 1 << Math.floor(random() * 8);
    else if (kind < 0.85) body.splice(place(), 1);
    else if (kind < 0.95) body.splice(place(), 0, Math.floor(random() * 256));
    else body.length = 1 + place();
  }
  return sealed(Uint8Array.from([...body, ...good.subarray(good.length - 10)]));
}
