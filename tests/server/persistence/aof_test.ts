/**
 * A server with an append-only file: what it holds after a restart, and what becomes of damaged files.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { dataDigest, digestText } from "../../../commands/server/digest.ts";
import type { ConfigOptions } from "../../../server/config/config.ts";
import { pick } from "../../storage/memory/random.ts";
import { seededRandom, startTestServer, type TestServer } from "../../support/harness.ts";
import { waitFor } from "../../support/wait.ts";
import { workload } from "../../replication/workload.ts";

/** A folder of a server, gone with the test. */
class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "coolcache-aof-" });

  start(directives: ConfigOptions = {}): Promise<TestServer> {
    return startTestServer({ dir: this.path, save: "", appendonly: "yes", ...directives });
  }

  /** The path of one of the parts, `manifest` or `1.incr.aof`. */
  part(name: string): string {
    return `${this.path}/appendonlydir/appendonly.aof.${name}`;
  }

  read(name: string): string {
    return Deno.readTextFileSync(this.part(name));
  }

  write(name: string, text: string): void {
    Deno.mkdirSync(`${this.path}/appendonlydir`, { recursive: true });
    Deno.writeTextFileSync(this.part(name), text);
  }

  /** The names of all parts. */
  get parts(): string[] {
    return [...Deno.readDirSync(`${this.path}/appendonlydir`)]
      .map(({ name }) => name.replace("appendonly.aof.", ""))
      .sort();
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

const BASE = "file appendonly.aof.1.base.aof seq 1 type b\n";
const INCREMENT = "file appendonly.aof.1.incr.aof seq 1 type i\n";

function digestOf({ server }: TestServer): string {
  return digestText(dataDigest(server.keyspace));
}

/** A request in RESP. */
function resp(...words: (string | number)[]): string {
  return `*${words.length}\r\n` +
    words.map((word) => `$${String(word).length}\r\n${word}\r\n`).join("");
}

async function rewrite(t: TestServer): Promise<void> {
  assertStringIncludes(String(await t.line("BGREWRITEAOF")), "started");
  await rewritten(t);
}

async function rewritten({ server: { aof } }: TestServer): Promise<void> {
  await waitFor(() => aof.rewritingSince === undefined, { what: "the rewrite" });
}

Deno.test("A new file begins with an empty base, and holds effects with their database", async () => {
  using folder = new Folder();
  {
    await using t = await folder.start();
    await t.line("SET a 1");
    await t.line("SELECT 2");
    await t.line("SET b 2 EX 100");
    await t.line("GET b");
  }
  assertEquals(folder.parts, ["1.base.rdb", "1.incr.aof", "manifest"]);
  assertEquals(folder.read("manifest"), BASE.replace(".base.aof", ".base.rdb") + INCREMENT);
  assertEquals(
    folder.read("1.incr.aof"),
    resp("SELECT", 0) + resp("SET", "a", 1) + resp("SELECT", 2) +
      resp("SET", "b", 2, "PXAT", 1_700_000_100_000),
  );
});

for (const preamble of ["yes", "no"]) {
  for (const seed of [1, 2, 3]) {
    Deno.test(`Random commands are there after restarts, preamble ${preamble}, seed ${seed}`, async () => {
      using folder = new Folder();
      const random = seededRandom(seed);
      let expected = "";
      for (let round = 0; round < 4; round++) {
        await using t = await folder.start({ "aof-use-rdb-preamble": preamble });
        if (round > 0) assertEquals(digestOf(t), expected);
        for (const command of workload(random, 400)) {
          await t.run(...command);
          t.advance(pick(random, 3));
        }
        // One that goes on while commands run, one that is cut off by the end, none.
        if (round % 2 === 0) await t.line("BGREWRITEAOF");
        for (const command of workload(random, 400)) await t.run(...command);
        if (round === 0) await rewritten(t);
        expected = digestOf(t);
      }
      await using t = await folder.start();
      assertEquals(digestOf(t), expected);
    });
  }
}

Deno.test("A base of commands holds every type, times of keys and fields, groups and functions", async () => {
  using folder = new Folder();
  let expected: unknown[];
  const facts = async (t: TestServer) => [
    digestOf(t),
    await t.line("XINFO STREAM stream FULL"),
    await t.line("XINFO STREAM empty FULL"),
    await t.line("HPEXPIRETIME hash FIELDS 3 f1 f2 f3"),
    await t.line("PEXPIRETIME zset"),
    await t.line("FUNCTION LIST"),
  ];
  {
    await using t = await folder.start({
      "aof-use-rdb-preamble": "no",
      "aof-timestamp-enabled": "yes",
    });
    const numbers = Array.from({ length: 200 }, (_, i) => i);
    await t.run("RPUSH", "list", ...numbers, "x".repeat(9000), ...numbers);
    await t.run("RPUSH", "short", "a", 1, "-7");
    await t.run("SADD", "ints", ...numbers);
    await t.run("SADD", "set", ...numbers, "m");
    await t.run("ZADD", "zset", ...numbers.flatMap((n) => [n / 3, `m${n}`]), "-inf", "least");
    await t.run("HSET", "hash", ...numbers.flatMap((n) => [`f${n}`, n]));
    await t.line("HPEXPIRE hash 100000 FIELDS 2 f1 f3");
    await t.line("PEXPIRE zset 123456");
    for (const n of numbers) await t.line(`XADD stream ${n + 1}-${n} field ${n}`);
    await t.line("XDEL stream 200-199 7-6");
    await t.line("XGROUP CREATE stream g 0 ENTRIESREAD 5");
    await t.line("XREADGROUP GROUP g alice COUNT 3 STREAMS stream >");
    await t.line("XREADGROUP GROUP g alice COUNT 1 STREAMS stream 0");
    await t.line("XGROUP CREATECONSUMER stream g bob");
    await t.line("XGROUP CREATE empty g $ MKSTREAM");
    await t.run("SET", "binary", new Uint8Array([0, 13, 10, 255, 36]));
    await t.run(
      "FUNCTION",
      "LOAD",
      "#!lua name=lib\nredis.register_function('f', function() return 1 end)",
    );
    await rewrite(t);
    assertStringIncludes(folder.read("2.base.aof"), "#TS:1700000000\r\n*3\r\n$8\r\nFUNCTION\r\n");
    assertEquals(folder.parts, ["2.base.aof", "2.incr.aof", "manifest"]);
    expected = await facts(t);
  }
  await using t = await folder.start();
  assertEquals(await facts(t), expected);
});

Deno.test("A file that ends anywhere gives a prefix of the history, and goes on from there", async () => {
  using folder = new Folder();
  const history = [
    resp("SET", "a", 1),
    resp("INCR", "a"),
    resp("MULTI") + resp("INCR", "a") + resp("RPUSH", "l", "x") + resp("EXEC"),
    resp("INCR", "a"),
  ];
  const values = [null, "1", "2", "3", "4"];
  const whole = history.join("");
  let end = 0;
  const ends = history.map((each) => end += each.length);
  for (let length = 0; length <= whole.length; length++) {
    folder.write("manifest", INCREMENT);
    folder.write("1.incr.aof", whole.slice(0, length));
    const done = ends.filter((each) => each <= length).length;
    {
      await using t = await folder.start();
      assertEquals(await t.line("GET a"), values[done], `of ${length} bytes`);
      assertEquals(await t.line("EXISTS l"), done > 2 ? 1 : 0);
      await t.line("SET after 1");
    }
    await using t = await folder.start();
    assertEquals(await t.line("GET a"), values[done]);
    assertEquals(await t.line("GET after"), "1");
  }
});

Deno.test("A truncated file is refused where aof-load-truncated says so, or where others follow", async () => {
  using folder = new Folder();
  folder.write("manifest", INCREMENT);
  const whole = resp("SET", "a", 1);
  folder.write("1.incr.aof", whole + whole.slice(0, 9));
  await assertRejects(() => folder.start({ "aof-load-truncated": "no" }), Error, "ends too early");
  assertEquals(folder.read("1.incr.aof").length, whole.length + 9);

  folder.write("manifest", INCREMENT + INCREMENT.replaceAll("1", "2"));
  folder.write("2.incr.aof", whole);
  await assertRejects(() => folder.start(), Error, "the truncated file is not the last file");
});

for (
  const [what, text, why] of [
    ["rubbish in the middle", resp("SET", "a", 1) + "rubbish" + resp("SET", "a", 2), "format"],
    ["an unknown command", resp("SET", "a", 1) + resp("NOTHING"), "unknown command"],
    ["too few arguments", resp("SET", "a"), "wrong number of arguments"],
  ]
) {
  Deno.test(`A file with ${what} is refused`, async () => {
    using folder = new Folder();
    folder.write("manifest", INCREMENT);
    folder.write("1.incr.aof", text);
    await assertRejects(() => folder.start(), Error, why);
    assertEquals(folder.read("1.incr.aof"), text);
  });
}

Deno.test("A part that is missing is fatal, an empty one is not", async () => {
  using folder = new Folder();
  folder.write("manifest", BASE + INCREMENT);
  folder.write("1.base.aof", resp("SET", "a", 1));
  await assertRejects(() => folder.start(), Error, "missing");
  folder.write("1.incr.aof", "");
  await using t = await folder.start();
  assertEquals(await t.line("GET a"), "1");
});

Deno.test("A broken base is refused", async () => {
  using folder = new Folder();
  {
    await using t = await folder.start();
    await t.line("SET a 1");
    await rewrite(t);
  }
  const base = Deno.readFileSync(folder.part("2.base.rdb"));
  base[base.length - 12] ^= 1;
  Deno.writeFileSync(folder.part("2.base.rdb"), base);
  await assertRejects(() => folder.start(), Error, "2.base.rdb");
});

Deno.test("A file of old, also one with a preamble, becomes the base", async () => {
  using folder = new Folder();
  {
    await using t = await folder.start();
    await t.line("SET a 1");
    await rewrite(t);
  }
  const preamble = Deno.readFileSync(folder.part("2.base.rdb"));
  Deno.removeSync(`${folder.path}/appendonlydir`, { recursive: true });
  const old = `${folder.path}/appendonly.aof`;
  Deno.writeFileSync(old, preamble);
  Deno.writeTextFileSync(old, resp("SELECT", 0) + resp("SET", "b", 2), { append: true });
  {
    await using t = await folder.start();
    assertEquals([await t.line("GET a"), await t.line("GET b")], ["1", "2"]);
  }
  assertEquals(
    folder.read("manifest"),
    "file appendonly.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n",
  );
  // As if the machine had gone down before the file was moved.
  folder.write("manifest", "file appendonly.aof seq 1 type b\n");
  Deno.renameSync(`${folder.path}/appendonlydir/appendonly.aof`, old);
  Deno.removeSync(folder.part("1.incr.aof"));
  await using t = await folder.start();
  assertEquals([await t.line("GET a"), await t.line("GET b")], ["1", "2"]);
});

Deno.test("Keys whose time is over live on in a load until a command deletes them", async () => {
  using folder = new Folder();
  folder.write("manifest", INCREMENT);
  folder.write(
    "1.incr.aof",
    resp("SET", "k", "a", "PXAT", 1000) + resp("APPEND", "k", "b") + resp("PERSIST", "k") +
      resp("HSET", "h", "f", 1) + resp("HPEXPIREAT", "h", 1000, "FIELDS", 1, "f") +
      resp("HINCRBY", "h", "f", 1) + resp("HPERSIST", "h", "FIELDS", 1, "f") +
      resp("SET", "gone", 1, "PXAT", 1000),
  );
  await using t = await folder.start();
  assertEquals(await t.line("GET k"), "ab");
  assertEquals(await t.line("HGET h f"), "2");
  assertEquals(await t.line("EXISTS gone"), 0);
});

Deno.test("CONFIG SET appendonly yes writes a base and what comes meanwhile, no ends it", async () => {
  using folder = new Folder();
  {
    await using t = await folder.start({ appendonly: "no" });
    await t.line("SET before 1");
    assertEquals(await t.line("CONFIG SET appendonly yes"), "OK");
    await t.line("SET meanwhile 1");
    assertEquals(
      folder.parts,
      ["temp-appendonly.aof.incr"].map((name) => name.replace("appendonly.aof.", "")),
    );
    await rewritten(t);
    await t.line("SET after 1");
    assertEquals(folder.parts, ["1.base.rdb", "1.incr.aof", "manifest"]);
    assertEquals(await t.line("CONFIG SET appendonly no"), "OK");
    await t.line("SET lost 1");
  }
  {
    await using t = await folder.start();
    assertEquals(await t.line("EXISTS before meanwhile after"), 3);
    assertEquals(await t.line("EXISTS lost"), 0);
  }
  {
    await using t = await folder.start({ appendonly: "no" });
    await t.line("SET other 1");
    await t.line("CONFIG SET appendonly yes");
    await rewritten(t);
  }
  assertEquals(folder.parts, ["2.base.rdb", "2.incr.aof", "manifest"]);
  await using t = await folder.start();
  assertEquals(await t.line("KEYS *"), ["other"]);
});

Deno.test("In a transaction a rewrite is scheduled, and begins after it", async () => {
  using folder = new Folder();
  await using t = await folder.start();
  await t.line("MULTI");
  await t.line("INCR a");
  await t.line("BGREWRITEAOF");
  await t.line("INCR a");
  assertEquals(await t.line("EXEC"), [1, "Background append only file rewriting scheduled", 2]);
  assert(t.server.aof.isScheduled);
  t.server.aof.tick();
  await rewritten(t);
  await t.line("DEBUG LOADAOF");
  assertEquals(await t.line("GET a"), "2");
});

Deno.test("A rewrite that fails leaves what was there, with one increment more", async () => {
  using folder = new Folder();
  {
    await using t = await folder.start();
    await t.line("SET a 1");
    // A folder is in the way.
    const inTheWay = `${folder.path}/temp-rewriteaof-bg-${Deno.pid}.aof`;
    Deno.mkdirSync(inTheWay);
    await rewrite(t);
    assertEquals(t.server.aof.lastRewriteStatus, "err");
    await t.line("SET b 2");
    assertEquals(folder.parts, ["1.base.rdb", "1.incr.aof", "2.incr.aof", "manifest"]);
  }
  await using t = await folder.start();
  assertEquals(await t.line("EXISTS a b"), 2);
  await rewrite(t);
  assertEquals(folder.parts, ["2.base.rdb", "3.incr.aof", "manifest"]);
});

Deno.test("A file that has grown enough is rewritten by itself", async () => {
  using folder = new Folder();
  await using t = await folder.start({
    "auto-aof-rewrite-min-size": "2kb",
    appendfsync: "no",
  });
  for (let i = 0; i < 20; i++) await t.run("SET", "k", "x".repeat(50));
  t.server.aof.tick();
  assertEquals(t.server.aof.rewritingSince, undefined);
  for (let i = 0; i < 20; i++) await t.run("SET", "k", "x".repeat(50));
  t.server.aof.tick();
  await rewritten(t);
  assertEquals(t.server.aof.rewrites, 1);
  assert(t.server.aof.currentSize < 300);
});

Deno.test("History is left alone while aof-disable-auto-gc says so", async () => {
  using folder = new Folder();
  await using t = await folder.start({ "aof-disable-auto-gc": "yes" });
  await rewrite(t);
  assertEquals(folder.parts, ["1.base.rdb", "1.incr.aof", "2.base.rdb", "2.incr.aof", "manifest"]);
  await t.line("CONFIG SET aof-disable-auto-gc no");
  await waitFor(() => folder.parts.length === 3, { what: "the old parts to go" });
  assertEquals(folder.read("manifest").includes("type h"), false);
});

Deno.test("With aof-timestamp-enabled each second is told before its first command", async () => {
  using folder = new Folder();
  {
    await using t = await folder.start({ "aof-timestamp-enabled": "yes" });
    await t.line("SET a 1");
    await t.line("SET a 2");
    t.advance(1000);
    await t.line("SET a 3");
  }
  assertEquals(
    folder.read("1.incr.aof"),
    "#TS:1700000000\r\n" + resp("SELECT", 0) + resp("SET", "a", 1) + resp("SET", "a", 2) +
      "#TS:1700000001\r\n" + resp("SET", "a", 3),
  );
  await using t = await folder.start();
  assertEquals(await t.line("GET a"), "3");
});

Deno.test("WAITAOF waits for the disk", async () => {
  using folder = new Folder();
  await using t = await folder.start({ appendfsync: "no" });
  assertEquals(await t.line("WAITAOF 1 0 0"), [1, 0]);
  await t.line("SET a 1");
  assertEquals(await t.line("WAITAOF 0 0 0"), [0, 0]);
  assertEquals(await t.line("WAITAOF 1 0 1"), [0, 0]);
  const wait = t.line("WAITAOF 1 0 0");
  await t.connect().line("CONFIG SET appendfsync everysec");
  t.advance(1000);
  t.server.aof.tick();
  assertEquals(await wait, [1, 0]);
  await t.line("SET a 2");
  const other = t.line("WAITAOF 1 0 0");
  await t.connect().line("CONFIG SET appendonly no");
  assertEquals(
    String(await other),
    "ReplyError: ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.",
  );
});
