/**
 * Saving and loading by one server, in-process: files come and go in a folder of the test's own.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { CoolCache } from "../../../server/coolcache.ts";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer, type TestServer } from "../../support/harness.ts";
import { TemporaryFolder } from "../../support/temporary_folder.ts";
import { waitFor } from "../../support/wait.ts";

/** Everything in the section Persistence of INFO. */
async function facts(t: TestServer): Promise<Record<string, string>> {
  const text = String(await t.line("INFO persistence"));
  return Object.fromEntries(text.trim().split("\r\n").slice(1).map((line) => line.split(":")));
}

async function fill(t: TestServer, keys: number): Promise<void> {
  for (let i = 0; i < keys; i++) await t.run("SET", `key${i}`, `value${i}`.repeat(10));
}

Deno.test("SAVE writes a file that the next start loads", async () => {
  using folder = new TemporaryFolder();
  let digest;
  {
    await using t = await startTestServer({ dir: folder.path, save: "" });
    await fill(t, 100);
    await t.run("HSET", "h", "f", "v", "g", "w");
    await t.run("HPEXPIRE", "h", 60_000, "FIELDS", 1, "f");
    await t.run(
      "FUNCTION",
      "LOAD",
      "#!lua name=l\nredis.register_function('f', function() return 7 end)",
    );
    await t.run("SELECT", 5);
    await t.run("RPUSH", "l", "a", "b");
    t.advance(5000);
    assertEquals((await facts(t)).rdb_changes_since_last_save, "106");
    assertEquals(await t.line("SAVE"), "OK");
    assertEquals(await t.line("LASTSAVE"), Math.floor(t.server.readClock() / 1000));
    const { rdb_changes_since_last_save, rdb_saves } = await facts(t);
    assertEquals([rdb_changes_since_last_save, rdb_saves], ["0", "1"]);
    digest = await t.line("DEBUG DIGEST");
  }
  assertEquals(folder.names(), ["dump.rdb"]);
  await using t = await startTestServer({ dir: folder.path });
  assertEquals(await t.line("DEBUG DIGEST"), digest);
  assertEquals(await t.line("FCALL f 0"), 7);
  const { loading, rdb_last_load_keys_loaded, rdb_changes_since_last_save } = await facts(t);
  assertEquals([loading, rdb_last_load_keys_loaded, rdb_changes_since_last_save], [
    "0",
    "102",
    "0",
  ]);
});

Deno.test("BGSAVE saves what there was when it was asked for, while commands go on", async () => {
  using folder = new TemporaryFolder();
  let digest;
  {
    await using t = await startTestServer({ dir: folder.path, save: "" });
    await fill(t, 5000);
    digest = await t.line("DEBUG DIGEST");
    assertEquals(await t.line("BGSAVE"), "Background saving started");
    assertRefused(await t.line("BGSAVE"), "ERR Background save already in progress");
    assertRefused(await t.line("SAVE"), "ERR Background save already in progress");
    assertEquals((await facts(t)).rdb_bgsave_in_progress, "1");
    for (let i = 0; i < 5000; i += 3) await t.run("APPEND", `key${i}`, "changed");
    await t.run("SET", "new", "1");
    await t.server.saves.settled();
    const info = await facts(t);
    assertEquals(info.rdb_bgsave_in_progress, "0");
    assertEquals(info.rdb_last_bgsave_status, "ok");
    assertEquals(info.rdb_changes_since_last_save, "1668");
  }
  assertEquals(folder.names(), ["dump.rdb"]);
  await using t = await startTestServer({ dir: folder.path, save: "" });
  assertEquals(await t.line("DEBUG DIGEST"), digest);
});

Deno.test("BGSAVE in a transaction is scheduled", async () => {
  using folder = new TemporaryFolder();
  await using t = await startTestServer({ dir: folder.path, save: "" });
  await t.line("MULTI");
  await t.line("BGSAVE");
  assertEquals(await t.line("EXEC"), ["Background saving scheduled"]);
  assertEquals(t.server.saves.isSaving, false);
  t.server.saves.tick();
  assertEquals(t.server.saves.isSaving, true);
  await t.server.saves.settled();
  assertEquals(folder.names(), ["dump.rdb"]);
});

Deno.test("BGSAVE takes SCHEDULE and nothing else", async () => {
  using folder = new TemporaryFolder();
  await using t = await startTestServer({ dir: folder.path, save: "" });
  assertRefused(await t.line("BGSAVE NOW"), "ERR syntax error");
  assertEquals(await t.line("BGSAVE SCHEDULE"), "Background saving started");
  await t.server.saves.settled();
});

Deno.test("A save point starts a save when there are changes enough and time has passed", async () => {
  using folder = new TemporaryFolder();
  await using t = await startTestServer({ dir: folder.path, save: "10 3" });
  await t.run("MSET", "a", 1);
  t.advance(20_000);
  t.server.saves.tick();
  assertEquals(t.server.saves.isSaving, false);
  await t.run("SET", "b", 1);
  await t.run("SET", "c", 1);
  t.server.saves.tick();
  assertEquals(t.server.saves.isSaving, true);
  await t.server.saves.settled();
  assertEquals(folder.names(), ["dump.rdb"]);
  assertEquals((await facts(t)).rdb_changes_since_last_save, "0");
  assertEquals(await t.run("CONFIG", "SET", "save", ""), "OK");
  for (let i = 0; i < 10; i++) await t.run("SET", "c", i);
  t.advance(20_000);
  t.server.saves.tick();
  assertEquals(t.server.saves.isSaving, false);
});

Deno.test("Writes and PING are refused while saves fail, and go on when one succeeds", async () => {
  using folder = new TemporaryFolder();
  await using t = await startTestServer({ dir: folder.path, save: "900 1" });
  await t.run("SET", "k", "v");
  // A folder in the file's place cannot be replaced by a file.
  Deno.mkdirSync(`${folder.path}/dump.rdb`);
  await t.line("BGSAVE");
  await t.server.saves.settled();
  assertEquals((await facts(t)).rdb_last_bgsave_status, "err");
  assertEquals(folder.names(), ["dump.rdb"]);
  const refusal = String(await t.run("SET", "k", "w"));
  assertMatch(refusal, /MISCONF Redis is configured to save RDB snapshots.*RDB error\.$/);
  assertEquals(String(await t.run("PING")), refusal);
  assertEquals(await t.run("GET", "k"), "v");
  assertMatch(
    String(await t.run("EVAL", "return redis.call('SET', 'k', 'w')", 0)),
    /MISCONF.*RDB error\./,
  );
  assertEquals(String(await t.run("EVAL", "#!lua\nreturn 1", 0)), refusal);
  assertEquals(await t.run("EVAL", "#!lua flags=no-writes\nreturn 1", 0), 1);
  assertEquals(await t.run("EVAL", "return redis.call('GET', 'k')", 0), "v");
  await t.line("MULTI");
  assertMatch(String(await t.run("SET", "k", "w")), /MISCONF/);
  assertMatch(String(await t.line("EXEC")), /EXECABORT/);
  await t.line("CONFIG SET stop-writes-on-bgsave-error no");
  assertEquals(await t.run("SET", "k", "x"), "OK");
  await t.line("CONFIG SET stop-writes-on-bgsave-error yes");
  assertMatch(String(await t.run("SET", "k", "w")), /MISCONF/);
  // Not at once again, but after a while.
  t.server.saves.tick();
  assertEquals(t.server.saves.isSaving, false);
  Deno.removeSync(`${folder.path}/dump.rdb`);
  t.advance(901_000);
  t.server.saves.tick();
  await t.server.saves.settled();
  assertEquals(await t.run("PING"), "PONG");
  assertEquals(await t.run("SET", "k", "w"), "OK");
});

Deno.test("SAVE that fails is refused and leaves the old file", async () => {
  using folder = new TemporaryFolder();
  await using t = await startTestServer({ dir: folder.path, save: "" });
  await t.run("SET", "k", "v");
  await t.line("SAVE");
  const before = Deno.readFileSync(`${folder.path}/dump.rdb`);
  await t.run("SET", "k", "w");
  const { renameSync } = Deno;
  Deno.renameSync = () => {
    throw new Deno.errors.PermissionDenied();
  };
  try {
    assertRefused(await t.line("SAVE"), "ERR");
  } finally {
    Deno.renameSync = renameSync;
  }
  assertEquals(folder.names(), ["dump.rdb"]);
  assertEquals(Deno.readFileSync(`${folder.path}/dump.rdb`), before);
});

Deno.test("FLUSHALL gives up the save that goes on, and with save points empties the file", async () => {
  using folder = new TemporaryFolder();
  await using t = await startTestServer({ dir: folder.path, save: "900 1" });
  await t.line("CONFIG SET rdb-key-save-delay 10000000");
  await fill(t, 10);
  await t.line("SAVE");
  const before = Deno.statSync(`${folder.path}/dump.rdb`).size;
  await t.line("BGSAVE");
  assertEquals((await facts(t)).rdb_bgsave_in_progress, "1");
  await t.line("FLUSHALL");
  const info = await facts(t);
  assertEquals(info.rdb_bgsave_in_progress, "0");
  assertEquals(info.rdb_changes_since_last_save, "0");
  assert(Deno.statSync(`${folder.path}/dump.rdb`).size < before);
  await t.server.saves.settled();
  assertEquals(folder.names(), ["dump.rdb"]);
  assertEquals(t.server.keyspace.snapshots, 0);
});

Deno.test("DEBUG RELOAD saves, drops and loads, as far as it is told to", async () => {
  using folder = new TemporaryFolder();
  await using t = await startTestServer({ dir: folder.path, save: "" });
  await t.run("SET", "a", "1");
  assertEquals(await t.line("DEBUG RELOAD"), "OK");
  await t.run("SET", "b", "1");
  await t.run("SET", "a", "2");
  assertRefused(
    await t.line("DEBUG RELOAD NOSAVE NOFLUSH"),
    "ERR Error trying to load the RDB dump, check server logs.",
  );
  assertEquals(await t.line("DEBUG RELOAD NOSAVE NOFLUSH MERGE"), "OK");
  assertEquals(await t.line("MGET a b"), ["1", "1"]);
  assertEquals(await t.line("DEBUG RELOAD NOSAVE"), "OK");
  assertEquals(await t.line("MGET a b"), ["1", null]);
});

for (const save of ["", "900 1"]) {
  Deno.test(`The end of a server saves with save points only: "${save}"`, async () => {
    using folder = new TemporaryFolder();
    {
      await using t = await startTestServer({ dir: folder.path, save });
      await t.run("SET", "k", "v");
    }
    assertEquals(folder.names(), save === "" ? [] : ["dump.rdb"]);
  });
}

Deno.test("A shutdown that cannot save is refused, unless it is forced", async () => {
  using folder = new TemporaryFolder();
  await using t = await startTestServer({ dir: folder.path, save: "900 1" });
  Deno.mkdirSync(`${folder.path}/dump.rdb`);
  const refusal = "ERR Errors trying to SHUTDOWN. Check logs.";
  assertRefused(await t.line("SHUTDOWN"), refusal);
  assertEquals(await t.run("CONFIG", "SET", "save", ""), "OK");
  assertRefused(await t.line("SHUTDOWN SAVE"), refusal);
  assertRefused(await t.line("SHUTDOWN ABORT"), "ERR No shutdown in progress.");
  assertEquals(await t.run("CONFIG", "SET", "save", "900 1"), "OK");
  await t.instance.shutdown({ force: true });
  await t.instance.closed;
  assertEquals(folder.names(), ["dump.rdb"]);
});

Deno.test("A start is refused when the file cannot be loaded", async () => {
  using folder = new TemporaryFolder();
  Deno.writeTextFileSync(`${folder.path}/dump.rdb`, "REDIS0010nonsense");
  const error = await assertRejects(
    () => CoolCache.start({ port: null, directives: { dir: folder.path } }),
    Error,
  );
  assertMatch(error.message, /^Cannot load ".*dump.rdb": .*\(at byte \d+\)$/);
  // Nothing has taken its place.
  assertEquals(Deno.readTextFileSync(`${folder.path}/dump.rdb`), "REDIS0010nonsense");
});

Deno.test("A server without a folder of its own neither loads nor saves by itself", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("CONFIG GET save"), ["save", ""]);
});

Deno.test("Commands are refused while data is loaded, except those that need none", async () => {
  using folder = new TemporaryFolder();
  {
    await using t = await startTestServer({ dir: folder.path, save: "900 1" });
    await fill(t, 20);
  }
  let during: unknown[] = [];
  const log: string[] = [];
  await using instance = await CoolCache.start({
    port: 0,
    directives: { dir: folder.path, "key-load-delay": "20000" },
    log: (line) => log.push(line),
    onListening: async ({ port }) => {
      const { RawConnection } = await import("../../support/raw_connection.ts");
      using connection = await RawConnection.connect({ port });
      during = [
        await connection.line("GET", "key1"),
        await connection.line("PING"),
        await connection.line("ECHO", "x"),
        await connection.line("CONFIG", "SET", "appendonly", "yes"),
      ];
      await connection.line("CONFIG", "SET", "key-load-delay", "0");
    },
  });
  const refusal = "-LOADING Redis is loading the dataset in memory";
  assertEquals(during, [refusal, refusal, "$1\r\nx", refusal]);
  assertEquals(instance.server.keyspace.databases[0].size, 20);
  assert(log.some((line) => line.includes("keys loaded: 20, keys expired: 0")), log.join("\n"));
});

/** Whether a temporary file of a save or a rewrite holds something. */
function hasBegun(folder: string): boolean {
  return [...Deno.readDirSync(folder)].some(({ isDirectory, name }) =>
    isDirectory
      ? hasBegun(`${folder}/${name}`)
      : name.startsWith("temp-") && !name.endsWith(".incr") &&
        Deno.statSync(`${folder}/${name}`).size > 0
  );
}

for (const appendonly of ["no", "yes"]) {
  Deno.test(`A new rdb-key-save-delay holds at once for what is being saved, appendonly ${appendonly}`, async () => {
    using folder = new TemporaryFolder();
    await using t = await startTestServer({ dir: folder.path, save: "", appendonly });
    await fill(t, 3);
    await t.line("CONFIG SET rdb-key-save-delay 100000000");
    await t.line(appendonly === "yes" ? "BGREWRITEAOF" : "BGSAVE");
    const { aof, saves } = t.server;
    const goesOn = () => saves.isSaving || aof.rewritingSince !== undefined;
    assert(goesOn());
    // A first piece is written, and its pause has begun.
    await waitFor(() => hasBegun(folder.path), { what: "a first piece" });
    assert(goesOn());
    await t.line("CONFIG SET rdb-key-save-delay 0");
    await waitFor(() => !goesOn(), { what: "the end" });
  });
}
