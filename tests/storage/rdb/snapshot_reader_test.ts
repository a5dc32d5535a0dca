import { assert, assertEquals, assertRejects } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { dataDigest, digestText } from "../../../commands/server/digest.ts";
import { encodeLatin1 } from "../../../server/resp/args.ts";
import { NO_EXPIRY } from "../../../storage/entry.ts";
import { Crc64 } from "../../../storage/rdb/crc64.ts";
import { RdbOpcode, RdbType } from "../../../storage/rdb/format.ts";
import {
  type LoadedSnapshot,
  loadSnapshot,
  type LoadSnapshotOptions,
  SnapshotError,
} from "../../../storage/rdb/snapshot_reader.ts";
import { RdbWriter } from "../../../storage/rdb/writer.ts";
import { snapshot } from "../../../storage/snapshot.ts";
import { workload } from "../../replication/workload.ts";
import { seededRandom, startTestServer, type TestServer } from "../../support/harness.ts";

function digestOf({ server }: TestServer): string {
  return digestText(dataDigest(server.keyspace));
}

async function save(t: TestServer, version: number): Promise<Uint8Array> {
  const chunks = await Array.fromAsync(snapshot(t.server.keyspace, {
    fields: [["redis-ver", "7.0.0"], ["ctime", 5]],
    functions: [encodeLatin1("#!lua name=one")],
    includesKeys: true,
    use: "idle",
    compress: true,
    version,
    pause: () => Promise.resolve(),
  }));
  return concat(chunks);
}

/** Hands bytes over a piece at a time, and then nothing for ever: what is asked for too much never comes. */
async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
  await new Promise(() => {});
}

function load(
  t: TestServer,
  chunks: AsyncIterable<Uint8Array>,
  options: Partial<LoadSnapshotOptions> = {},
): Promise<LoadedSnapshot> {
  return loadSnapshot(chunks, t.server.keyspace, {
    limits: t.server.config.values,
    now: t.server.keyspace.now,
    keepsExpired: false,
    verifiesChecksum: true,
    pause: () => Promise.resolve(),
    functions: () => {},
    ...options,
  });
}

/** RDB that `write` has written most of. */
function rdb(write: (writer: RdbWriter) => void, version = 10): Uint8Array {
  const writer = new RdbWriter();
  writer.raw(encodeLatin1(`REDIS${String(version).padStart(4, "0")}`));
  write(writer);
  writer.byte(RdbOpcode.end);
  const checksum = new Uint8Array(version >= 5 ? 8 : 0);
  if (version >= 5) new Crc64().update(writer.bytes).write(checksum, 0);
  return concat([writer.take(), checksum]);
}

function text(writer: RdbWriter, ...texts: string[]): void {
  for (const each of texts) writer.string(encodeLatin1(each));
}

/** One key of every encoding. */
async function fillSmall(t: TestServer): Promise<void> {
  const long = "x".repeat(70);
  await t.run("SET", "string", "value");
  await t.run("SET", "number", "12345", "PX", 100_000);
  await t.run("RPUSH", "list", "a", "1");
  await t.run("RPUSH", "quicklist", ...Array.from({ length: 300 }, (_, i) => `${i}${long}`));
  await t.run("SADD", "intset", 1, 2, 3);
  await t.run("SADD", "pack", "a", "b");
  await t.run("SADD", "set", long, "b");
  await t.run("ZADD", "zpack", 1, "a", 2.5, "b");
  await t.run("ZADD", "zset", 1, long, "inf", "b");
  await t.run("HSET", "hpack", "f", "v");
  await t.run("HSET", "hash", "f", long, "g", "1");
  await t.run("HSET", "htimes", "f", "v", "g", "w");
  await t.run("HPEXPIRE", "htimes", 50_000, "FIELDS", 1, "f");
  await t.run("HSET", "hashtimes", "f", long, "g", "w");
  await t.run("HPEXPIRE", "hashtimes", 50_000, "FIELDS", 1, "f");
  await t.run("XADD", "stream", "1-1", "f", "v");
  await t.run("XADD", "stream", "2-1", "f", "w", "g", long);
  await t.run("XGROUP", "CREATE", "stream", "group", 0);
  await t.run("XREADGROUP", "GROUP", "group", "me", "COUNT", 1, "STREAMS", "stream", ">");
  await t.run("SELECT", 3);
  await t.run("SET", "other", "database");
  await t.run("SELECT", 0);
}

for (const version of [10, 11, 12]) {
  for (const size of [1, 3, 100, 1_000_000]) {
    Deno.test(`A snapshot of version ${version} is loaded from pieces of ${size} bytes`, async () => {
      await using t = await startTestServer();
      await fillSmall(t);
      if (version < 12) await t.run("DEL", "htimes", "hashtimes");
      const bytes = await save(t, version);
      await using copy = await startTestServer();
      const fields: string[] = [];
      const sources: Uint8Array[] = [];
      const loaded = await load(copy, pieces(concat([bytes, encodeLatin1("*1")]), size), {
        field: (name, value) => fields.push(`${name}=${value}`),
        functions: (source) => sources.push(source),
      });
      assertEquals(digestOf(copy), digestOf(t));
      assertEquals(fields, ["redis-ver=7.0.0", "ctime=5"]);
      assertEquals(sources, [encodeLatin1("#!lua name=one")]);
      assertEquals(loaded.bytes, bytes.length);
      assertEquals(loaded.version, version);
      assertEquals(loaded.hasChecksum, true);
      assertEquals(loaded.keys, version < 12 ? 13 : 15);
      // Of what follows, no more than what came with the last piece.
      assert(loaded.leftover.length < size && loaded.leftover.length <= 2);
    });
  }
}

Deno.test("A large snapshot is loaded in slices, from pieces that cut it anywhere", async () => {
  await using t = await startTestServer();
  const random = seededRandom(7);
  for (const command of workload(random, 3000)) await t.run(...command);
  for (let i = 0; i < 5000; i++) await t.run("SET", `key${i}`, `${random()}`);
  for (let i = 0; i < 3000; i++) await t.run("SADD", "large", `${random()}`);
  const bytes = await save(t, 12);
  await using copy = await startTestServer();
  let pauses = 0;
  const progress: number[] = [];
  await load(copy, pieces(bytes, 4096), {
    pause: () => Promise.resolve(void pauses++),
    progress: (bytes) => progress.push(bytes),
  });
  assertEquals(digestOf(copy), digestOf(t));
  assert(pauses >= Math.floor(bytes.length / 80_000), `${pauses} pauses`);
  assertEquals(progress.length, pauses + 1);
  assertEquals(progress.at(-1), bytes.length);
});

Deno.test("A snapshot that is cut anywhere ends too early", async () => {
  await using t = await startTestServer();
  await fillSmall(t);
  await t.run("DEL", "quicklist");
  const bytes = await save(t, 12);
  for (let length = 0; length < bytes.length; length++) {
    await t.run("FLUSHALL");
    const chunks = ReadableStream.from([bytes.subarray(0, length)]);
    const error = await assertRejects(() => load(t, chunks), SnapshotError);
    assertEquals(error.fault, "end", error.message);
    assert(error.offset <= length);
  }
});

Deno.test("A snapshot of which any byte is wrong is refused", async () => {
  await using t = await startTestServer();
  await fillSmall(t);
  await t.run("DEL", "quicklist");
  const bytes = await save(t, 12);
  for (let at = 0; at < bytes.length; at++) {
    await t.run("FLUSHALL");
    const wrong = bytes.slice();
    wrong[at] ^= 1 << (at % 8);
    await assertRejects(() => load(t, ReadableStream.from([wrong])), SnapshotError, undefined);
  }
});

Deno.test("A snapshot without a checksum is loaded", async () => {
  await using t = await startTestServer();
  await t.run("SET", "k", "v");
  const bytes = await save(t, 10);
  bytes.fill(0, bytes.length - 8);
  await t.run("FLUSHALL");
  assertEquals((await load(t, ReadableStream.from([bytes]))).hasChecksum, false);
  assertEquals(await t.run("GET", "k"), "v");
});

Deno.test("A wrong checksum is not looked at where it is not wanted", async () => {
  await using t = await startTestServer();
  const bytes = rdb((w) => {
    w.byte(RdbType.string);
    text(w, "k", "v");
  });
  bytes[bytes.length - 1] ^= 1;
  const error = await assertRejects(() => load(t, ReadableStream.from([bytes])), SnapshotError);
  assertEquals(error.fault, "checksum");
  await t.run("FLUSHALL");
  await load(t, ReadableStream.from([bytes]), { verifiesChecksum: false });
  assertEquals(await t.run("GET", "k"), "v");
});

Deno.test("Old and newer forms around keys are understood", async () => {
  await using t = await startTestServer();
  const { now } = t.server.keyspace;
  const bytes = rdb((w) => {
    w.byte(RdbOpcode.expirySeconds);
    w.raw(new Uint8Array(Int32Array.of(Math.floor(now / 1000) + 100).buffer));
    w.byte(RdbType.string);
    text(w, "seconds", "v");
    w.byte(RdbOpcode.slot);
    for (const count of [1, 2, 3]) w.count(count);
    w.byte(RdbOpcode.idle);
    w.count(77);
    w.byte(RdbType.string);
    text(w, "idle", "v");
  }, 4);
  const { version, hasChecksum } = await load(t, ReadableStream.from([bytes]));
  assertEquals([version, hasChecksum], [4, false]);
  assertEquals(await t.run("EXPIRETIME", "seconds"), Math.floor(now / 1000) + 100);
  assertEquals(await t.run("OBJECT", "IDLETIME", "idle"), 77);
  assertEquals(await t.run("OBJECT", "IDLETIME", "seconds"), 0);
  assertEquals(await t.run("TTL", "idle"), -1);
});

Deno.test("Keys whose time is over are left out, or kept for the primary to delete", async () => {
  await using t = await startTestServer();
  const bytes = rdb((w) => {
    for (const key of ["string", "set"]) {
      w.byte(RdbOpcode.expiryMillis);
      w.int64(1000);
      if (key === "string") {
        w.byte(RdbType.string);
        text(w, key, "v");
      } else {
        w.byte(RdbType.set);
        text(w, key);
        w.count(1);
        text(w, "x".repeat(100));
      }
    }
    w.byte(RdbType.string);
    text(w, "stays", "v");
  });
  const loaded = await load(t, ReadableStream.from([bytes]));
  assertEquals([loaded.keys, loaded.expiredKeys], [1, 2]);
  assertEquals(t.server.keyspace.databases[0].size, 1);
  assertEquals(await t.run("TTL", "stays"), -1);
  await t.run("FLUSHALL");
  const all = await load(t, ReadableStream.from([bytes]), { keepsExpired: true });
  assertEquals([all.keys, all.expiredKeys], [3, 0]);
  assertEquals(t.server.keyspace.databases[0].size, 3);
});

Deno.test("An expiry of any 64 bits is loaded", async () => {
  await using t = await startTestServer();
  const bytes = rdb((w) => {
    for (const expiry of [-1n, 2n ** 63n - 1n]) {
      w.byte(RdbOpcode.expiryMillis);
      w.int64(expiry);
      w.byte(RdbType.string);
      text(w, `${expiry}`, "v");
    }
  });
  await load(t, ReadableStream.from([bytes]));
  const db = t.server.keyspace.databases[0];
  assertEquals(db.expiry(db.findKey(encodeLatin1("-1"))), NO_EXPIRY);
  assertEquals(db.expiry(db.findKey(encodeLatin1(`${2n ** 63n - 1n}`))), 2 ** 63 - 1024);
});

Deno.test("Keys without elements are left out", async () => {
  await using t = await startTestServer();
  const bytes = rdb((w) => {
    for (const type of [RdbType.list, RdbType.set, RdbType.zset2, RdbType.hash]) {
      w.byte(type);
      text(w, `${type}`);
      w.count(0);
    }
    w.byte(RdbType.string);
    text(w, "k", "v");
  });
  const loaded = await load(t, ReadableStream.from([bytes]));
  assertEquals([loaded.keys, loaded.emptyKeys], [1, 4]);
});

Deno.test("A key that comes twice is refused, or replaced where that is wanted", async () => {
  await using t = await startTestServer();
  const bytes = rdb((w) => {
    w.byte(RdbType.string);
    text(w, "k", "v");
  });
  await t.run("RPUSH", "k", "old");
  const error = await assertRejects(() => load(t, ReadableStream.from([bytes])), SnapshotError);
  assertEquals(error.fault, "duplicate");
  await t.run("DEL", "k");
  await t.run("RPUSH", "k", "old");
  await load(t, ReadableStream.from([bytes]), { replacesKeys: true });
  assertEquals(await t.run("GET", "k"), "v");
});

Deno.test("What cannot be loaded is refused with its reason", async () => {
  await using t = await startTestServer();
  // ReJSON-RL, version 3.
  const id = [..."ReJSON-RL"].reduce(
        (id, letter) =>
          id << 6n |
          BigInt(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".indexOf(letter),
          ),
        0n,
      ) << 10n | 3n;
  const cases: [fault: string, bytes: Uint8Array, message: string][] = [
    ["signature", encodeLatin1("REDIX0010rest"), "no RDB"],
    ["version", encodeLatin1("REDIS0013rest"), "0013"],
    ["version", encodeLatin1("REDIS0000rest"), "0000"],
    [
      "unsupported",
      rdb((w) => {
        w.byte(RdbOpcode.moduleAux);
        w.count(id);
      }),
      "ReJSON-RL",
    ],
    [
      "unsupported",
      rdb((w) => {
        w.byte(RdbType.module);
        text(w, "key");
        w.count(id);
      }),
      "ReJSON-RL",
    ],
    ["unsupported", rdb((w) => w.byte(RdbOpcode.functionPrerelease)), "release candidate"],
    [
      "database",
      rdb((w) => {
        w.byte(RdbOpcode.database);
        w.count(16);
      }),
      "database 16",
    ],
    [
      "corrupt",
      rdb((w) => {
        w.byte(8);
        text(w, "key", "value");
      }),
      "type 8",
    ],
    [
      "corrupt",
      rdb((w) => {
        w.byte(200);
        text(w, "key", "value");
      }),
      "type 200",
    ],
  ];
  for (const [fault, bytes, message] of cases) {
    for (const size of [1, 1000]) {
      const chunks = pieces(bytes, size);
      const error = await assertRejects(() => load(t, chunks), SnapshotError, message);
      assertEquals(error.fault, fault);
    }
  }
});

Deno.test("A library of functions that is refused ends the load", async () => {
  await using t = await startTestServer();
  const bytes = rdb((w) => {
    w.byte(RdbOpcode.function2);
    text(w, "source");
  });
  const refuse = () => {
    throw new RangeError("no such engine");
  };
  await assertRejects(
    () => load(t, ReadableStream.from([bytes]), { functions: refuse }),
    RangeError,
  );
});

Deno.test("A load waits after each key where that is wanted", async () => {
  await using t = await startTestServer();
  for (let i = 0; i < 10; i++) await t.run("SET", `k${i}`, "v");
  const bytes = await save(t, 10);
  await t.run("FLUSHALL");
  let waits = 0;
  const afterKey = () => ++waits % 2 === 0 ? Promise.resolve() : undefined;
  await load(t, ReadableStream.from([bytes]), { afterKey });
  assertEquals(waits, 10);
});
