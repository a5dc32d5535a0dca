/**
 * A server process with an append-only file: killed under load, on a full disk, and beside redis-server.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { workload } from "../../replication/workload.ts";
import { run } from "../../support/executables.ts";
import {
  coolcacheCommand,
  hasRedisServer,
  type Peer,
  startPeer,
  startRedis,
} from "../../support/peer.ts";
import { ConnectionClosed, RawConnection } from "../../support/raw_connection.ts";
import { seededRandom } from "../../support/harness.ts";
import { waitFor } from "../../support/wait.ts";

const AOF = ["--appendonly", "yes", "--enable-debug-command", "yes"];

class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "coolcache-aof-" });
  readonly manifest = `${this.path}/appendonlydir/appendonly.aof.manifest`;

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

function startCoolcache(folder: Folder, args: readonly string[] = []): Promise<Peer> {
  return startPeer({
    name: "coolcache",
    command: coolcacheCommand(),
    args: ["--dir", folder.path, ...AOF, ...args],
  });
}

/** Says LOADING until everything is there. */
async function loaded(connection: RawConnection): Promise<void> {
  await waitFor(async () => (await connection.line("PING")) === "+PONG", { what: "the data" });
}

async function info(connection: RawConnection, field: string): Promise<string | undefined> {
  const text = await connection.text("INFO", "persistence");
  return new RegExp(`^${field}:(.*)\r$`, "m").exec(text)?.[1];
}

/** Counts a key up for as long as the server lives; answers what was acknowledged last. */
async function countUp(server: Peer, key: string): Promise<number> {
  using connection = await server.connect();
  let last = 0;
  try {
    for (;;) last = Number((await connection.line("INCR", key)).slice(1));
  } catch (error) {
    if (!(error instanceof ConnectionClosed)) throw error;
  }
  return last;
}

/** The same, with many requests on their way. */
async function pushMany(server: Peer, key: string): Promise<number> {
  using connection = await server.connect();
  const request = new TextEncoder().encode(
    `*3\r\n$5\r\nRPUSH\r\n$${key.length}\r\n${key}\r\n$1\r\nx\r\n`.repeat(100),
  );
  const decoder = new TextDecoder();
  let last = 0;
  try {
    for (;;) {
      await connection.write(request);
      for (let i = 0; i < 100; i++) {
        last = Number(decoder.decode(await connection.read()).slice(1));
      }
    }
  } catch (error) {
    if (!(error instanceof ConnectionClosed)) throw error;
  }
  return last;
}

for (const policy of ["always", "everysec", "no"]) {
  Deno.test(`A killed server comes back with what it has acknowledged, appendfsync ${policy}`, async () => {
    using folder = new Folder();
    // A write may be put off until the disk is done with what it was asked before.
    const mayLose = policy === "everysec";
    const keys = Array.from({ length: 8 }, (_, i) => `counter${i}`);
    let before = keys.map(() => 0);
    let listBefore = 0;
    for (let round = 0; round < 3; round++) {
      const server = await startCoolcache(folder, ["--appendfsync", policy]);
      const counts = Promise.all(keys.map((key) => countUp(server, key)));
      const pushed = pushMany(server, "list");
      await new Promise((resolve) => setTimeout(resolve, 150));
      using client = await server.connect();
      // Killed at another moment of a rewrite each time.
      assertStringIncludes(await client.line("BGREWRITEAOF"), "started");
      await new Promise((resolve) => setTimeout(resolve, round * 25));
      await server.stop("SIGKILL");
      const acknowledged = await counts;
      const pushes = await pushed;
      assert(acknowledged.every((count, i) => count > before[i]), "nothing was done");

      await using again = await startCoolcache(folder);
      using connection = await again.connect();
      await loaded(connection);
      const values: number[] = [];
      for (const key of keys) values.push(Number(await connection.text("GET", key)));
      values.forEach((value, i) => {
        // Each client had one request under way.
        assert(mayLose || value >= acknowledged[i], `${value} of ${acknowledged[i]}`);
        assert(value <= acknowledged[i] + 1, `${value} of ${acknowledged[i]}`);
      });
      const length = Number((await connection.line("LLEN", "list")).slice(1));
      assert(mayLose || length >= pushes, `${length} of ${pushes}`);
      assert(length <= pushes + 200, `${length} of ${pushes}`);
      assert(pushes > listBefore);
      before = values;
      listBefore = length;
    }
  });
}

/** Starts a server that may write files of so many blocks of 512 or 1024 bytes. */
function startLimited(folder: Folder, args: readonly string[]): Promise<Peer> {
  // A process that ignores the signal is told of the limit by an error.
  return startPeer({
    name: "coolcache",
    command: ["sh", "-c", `trap '' XFSZ; ulimit -S -f 64; exec "$@"`, "sh", ...coolcacheCommand()],
    args: ["--dir", folder.path, ...AOF, ...args],
  });
}

Deno.test("When the disk is full writes are refused until there is room", async () => {
  using folder = new Folder();
  let digest = "";
  {
    await using server = await startLimited(folder, ["--appendfsync", "everysec"]);
    using connection = await server.connect();
    const value = "x".repeat(5000);
    let refusal = "";
    for (let i = 0; i < 40 && !refusal.startsWith("-MISCONF"); i++) {
      refusal = await connection.line("SET", `key${i}`, value);
    }
    assertEquals(refusal, "-MISCONF Errors writing to the AOF file: No space left on device");
    assertStringIncludes(await connection.line("PING"), "-MISCONF");
    const script = ["EVAL", "return redis.call('SET','a','b')", "0"];
    assertStringIncludes(await connection.text(...script), "MISCONF");
    assertEquals(await connection.text("GET", "key0"), value);
    assertEquals(await info(connection, "aof_last_write_status"), "err");

    await run("prlimit", ["--pid", String(server.pid), "--fsize=unlimited"]);
    await waitFor(async () => (await connection.line("PING")) === "+PONG", {
      what: "the end of the failure",
    });
    assertEquals(await info(connection, "aof_last_write_status"), "ok");
    assertEquals(await connection.line("SET", "after", "1"), "+OK");
    digest = await connection.line("DEBUG", "DIGEST");
    await server.stop("SIGKILL");
  }
  await using again = await startCoolcache(folder);
  using connection = await again.connect();
  await loaded(connection);
  assertEquals(await connection.line("DEBUG", "DIGEST"), digest);
});

Deno.test("With appendfsync always a server ends when it cannot write, and acknowledges nothing", async () => {
  using folder = new Folder();
  let acknowledged = 0;
  {
    const server = await startLimited(folder, ["--appendfsync", "always"]);
    using connection = await server.connect();
    const value = "x".repeat(5000);
    try {
      for (;; acknowledged++) {
        assertEquals(await connection.line("SET", `key${acknowledged}`, value), "+OK");
      }
    } catch (error) {
      if (!(error instanceof ConnectionClosed)) throw error;
    }
    assertEquals((await server.status).code, 1);
    assertStringIncludes(server.log(), "Can't recover from AOF write error");
    await server.stop();
  }
  await using again = await startCoolcache(folder);
  using connection = await again.connect();
  await loaded(connection);
  assertEquals(await connection.line("DBSIZE"), `:${acknowledged}`);
});

/** Random commands for a while, then everything on the disk. */
async function fill(server: Peer, seed: number): Promise<string> {
  using connection = await server.connect({ timeout: 20_000 });
  const random = seededRandom(seed);
  // What this does to members of different scores is nowhere said, and not the same.
  const commands = [...workload(random, 1500)].filter(([name]) => name !== "ZREMRANGEBYLEX");
  for (const command of commands.slice(0, 700)) await connection.send(command);
  await connection.line("BGREWRITEAOF");
  for (const command of commands.slice(700)) await connection.send(command);
  await waitFor(async () => (await info(connection, "aof_rewrite_in_progress")) === "0", {
    what: "the rewrite",
  });
  // What expires between now and the restart would be no fault of the file's.
  for (const database of ["0", "1", "2"]) {
    await connection.line("SELECT", database);
    await connection.send([
      "EVAL",
      "for _, k in ipairs(redis.call('KEYS', '*')) do redis.call('PERSIST', k) end",
      "0",
    ]);
  }
  await waitFor(async () => !/expires=[1-9]/.test(await connection.text("INFO", "keyspace")), {
    what: "the keys to go whose time was over by then",
  });
  return await connection.line("DEBUG", "DIGEST");
}

async function digestOf(server: Peer): Promise<string> {
  using connection = await server.connect({ timeout: 20_000 });
  await loaded(connection);
  return await connection.line("DEBUG", "DIGEST");
}

const ignore = !hasRedisServer;

for (const preamble of ["yes", "no"]) {
  for (const seed of [1, 2]) {
    const args = ["--aof-use-rdb-preamble", preamble, "--aof-timestamp-enabled", "yes"];
    Deno.test({
      name: `redis-server goes on where coolcache stopped, preamble ${preamble}, seed ${seed}`,
      ignore,
      async fn() {
        using folder = new Folder();
        let digest: string;
        {
          await using server = await startCoolcache(folder, args);
          digest = await fill(server, seed);
        }
        const check = await run("redis-check-aof", [folder.manifest]);
        assertStringIncludes(check.out, "All AOF files and manifest are valid");
        await using redis = await startRedis(["--dir", folder.path, ...AOF]);
        assertEquals(await digestOf(redis), digest);
      },
    });

    Deno.test({
      name: `coolcache goes on where redis-server stopped, preamble ${preamble}, seed ${seed}`,
      ignore,
      async fn() {
        using folder = new Folder();
        let digest: string;
        {
          await using redis = await startRedis(["--dir", folder.path, ...AOF, ...args]);
          digest = await fill(redis, seed);
        }
        {
          await using server = await startCoolcache(folder);
          assertEquals(await digestOf(server), digest);
          digest = await fill(server, seed + 10);
        }
        await using redis = await startRedis(["--dir", folder.path, ...AOF]);
        assertEquals(await digestOf(redis), digest);
      },
    });
  }
}

Deno.test("SHUTDOWN leaves everything on the disk", async () => {
  using folder = new Folder();
  const server = await startCoolcache(folder, ["--appendfsync", "no"]);
  using connection = await server.connect();
  await connection.line("SET", "a", "1");
  const status = server.status;
  await connection.write(new TextEncoder().encode("INCR a\r\nSHUTDOWN\r\n"));
  assertEquals((await status).code, 0);
  assertStringIncludes(server.log(), "Calling fsync() on the AOF file.");
  await server.stop();
  await using again = await startCoolcache(folder);
  using other = await again.connect();
  await loaded(other);
  assertEquals(await other.text("GET", "a"), "2");
});
