/**
 * RDB files that redis-server and coolcache write for each other.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  coolcacheCommand,
  hasRedisServer,
  type Peer,
  startCoolcache,
  startPeer,
  startRedis,
} from "../support/peer.ts";
import { decodeLatin1, encodeLatin1 } from "../../server/resp/args.ts";
import { runCoolcache } from "../support/executables.ts";
import { freePort } from "../support/free_port.ts";
import type { Command } from "../support/raw_connection.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

const LONG = "some text that is longer than sixty-four bytes, so that nothing is packed with it";
const words = Array.from({ length: 700 }, (_, i) => `word:${i}`);

/** One key, or several, of every type and encoding. */
const DATA: readonly Command[] = [
  ["SET", "int", "12345"],
  ["SET", "large int", "1234567890123456789"],
  ["SET", "embstr", "short"],
  ["SET", "raw", LONG.repeat(3)],
  ["SET", "compressed", "abc".repeat(5000)],
  ["SET", "binary", new Uint8Array(300).map((_, i) => i)],
  ["SET", "empty", ""],
  ["SET", "", "the empty key"],
  ["SET", "expires", "v", "PXAT", "9000000000000"],
  ["RPUSH", "list", "a", "1", "-5", LONG],
  ["RPUSH", "quicklist", ...words.map((word) => word + LONG)],
  ["RPUSH", "large element", "x".repeat(10_000), "y"],
  ["SADD", "intset 16", "1", "2", "-3"],
  ["SADD", "intset 32", "1", "70000"],
  ["SADD", "intset 64", "1", "-5000000000"],
  ["SADD", "small set", "a", "b", "1"],
  ["SADD", "set", ...words],
  ["SADD", "integers", ...words.map((_, i) => `${i * 3}`)],
  ["ZADD", "small zset", "1", "a", "2", "b", "-7", "c"],
  ["ZADD", "zset", ...words.flatMap((word, i) => [`${i - 300}`, word])],
  ["HSET", "small hash", "f", "v", "1", "2"],
  ["HSET", "hash", ...words.flatMap((word, i) => [word, `${i}`])],
  ["HSET", "long hash", "f", LONG],
  ["PFADD", "hyperloglog", "a", "b", "c"],
  ["SETBIT", "bitmap", "1000", "1"],
  ["GEOADD", "geo", "13.36", "38.11", "Palermo"],
  ...words.slice(0, 250).map((word, i): Command => ["XADD", "stream", `${i + 1}-1`, "f", word]),
  ["XADD", "stream", "300-7", "other", "fields", "here", LONG],
  ["XDEL", "stream", "5-1", "77-1"],
  ["XGROUP", "CREATE", "stream", "group", "0"],
  ["XGROUP", "CREATE", "stream", "idle", "100-1"],
  ["XREADGROUP", "GROUP", "group", "one", "COUNT", "10", "STREAMS", "stream", ">"],
  ["XREADGROUP", "GROUP", "group", "two", "COUNT", "3", "STREAMS", "stream", ">"],
  ["XACK", "stream", "group", "2-1"],
  ["XADD", "emptied", "1-1", "f", "v"],
  ["XDEL", "emptied", "1-1"],
  ["FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f', function() return 7 end)"],
  ["SELECT", "7"],
  ["SET", "elsewhere", "v"],
];

/** What the digest does not tell. */
const QUESTIONS: readonly Command[] = [
  ["DEBUG", "DIGEST"],
  ["DBSIZE"],
  ["FCALL", "f", "0"],
  ["PEXPIRETIME", "expires"],
  ["XINFO", "STREAM", "stream"],
  ["XINFO", "GROUPS", "stream"],
  ["XPENDING", "stream", "group"],
  ["XINFO", "STREAM", "emptied"],
  ...[
    "int",
    "quicklist",
    "intset 16",
    "intset 64",
    "integers",
    "set",
    "small zset",
    "zset",
    "small hash",
    "hash",
    "long hash",
  ].map((key): Command => ["OBJECT", "ENCODING", key]),
];

const DEBUG = ["--enable-debug-command", "yes"];

async function answers(peer: Peer): Promise<string[]> {
  using connection = await peer.connect();
  const replies: string[] = [];
  for (const question of QUESTIONS) {
    const reply = decodeLatin1(await connection.send(question));
    // How many nodes an index has is a matter of its kind.
    replies.push(reply.replace(/(radix-tree-nodes\r\n):\d+/, "$1"));
  }
  return replies;
}

async function fill(peer: Peer): Promise<void> {
  using connection = await peer.connect();
  for (const command of DATA) {
    const reply = decodeLatin1(await connection.send(command));
    assert(!reply.startsWith("-"), `${command[0]} ${command[1]}: ${reply}`);
  }
  assertEquals(await connection.line("SAVE"), "+OK");
}

const STARTS = { "redis-server": startRedis, coolcache: startCoolcache };

for (
  const [writer, reader] of [["redis-server", "coolcache"], ["coolcache", "redis-server"]] as const
) {
  for (const compression of ["yes", "no"]) {
    for (const policy of ["noeviction", "allkeys-lfu", "allkeys-lru"]) {
      Deno.test({
        name: `${reader} loads what ${writer} saves, rdbcompression ${compression}, ${policy}`,
        ignore: !hasRedisServer,
        async fn() {
          using folder = new TemporaryFolder();
          const options = [
            ...DEBUG,
            "--dir",
            folder.path,
            "--rdbcompression",
            compression,
            "--maxmemory-policy",
            policy,
          ];
          let expected: string[];
          {
            await using peer = await STARTS[writer](options);
            await fill(peer);
            expected = await answers(peer);
          }
          await using peer = await STARTS[reader](options);
          assertEquals(await answers(peer), expected);
          // And back again, from what the reader makes of it.
          using connection = await peer.connect();
          assertEquals(await connection.line("DEBUG", "RELOAD"), "+OK");
          assertEquals(await answers(peer), expected);
        },
      });
    }
  }
}

Deno.test("A file that was cut off or is damaged keeps the server from starting", async () => {
  using folder = new TemporaryFolder();
  const path = `${folder.path}/dump.rdb`;
  {
    await using peer = await startCoolcache(["--dir", folder.path]);
    using connection = await peer.connect();
    await connection.line("SET", "k", "v");
    assertEquals(await connection.line("SAVE"), "+OK");
  }
  const whole = Deno.readFileSync(path);
  const damaged = whole.slice();
  damaged[whole.length - 1] ^= 1;
  for (
    const [bytes, why] of [
      [whole.subarray(0, 0), "ends too early"],
      [whole.subarray(0, whole.length - 9), "ends too early"],
      [damaged, "checksum is"],
      [encodeLatin1("REDIS9999" + "x".repeat(20)), "version 9999 is unknown"],
    ] as const
  ) {
    Deno.writeFileSync(path, bytes);
    const { code, err } = await runCoolcache(["--port", `${freePort()}`, "--dir", folder.path]);
    assertEquals(code, 1);
    assert(err.includes(`Cannot load "${path}": `) && err.includes(why), err);
    assertEquals(Deno.readFileSync(path), bytes);
  }
});

Deno.test("A save is not in the place of the old file before it is whole, whenever the server is killed", async () => {
  using folder = new TemporaryFolder();
  const path = `${folder.path}/dump.rdb`;
  const start = () =>
    startPeer({
      name: "coolcache",
      command: coolcacheCommand(),
      args: [...DEBUG, "--dir", folder.path],
    });
  let before: Uint8Array;
  {
    await using peer = await start();
    using connection = await peer.connect();
    await connection.line("DEBUG", "POPULATE", "50000", "old", "100");
    assertEquals(await connection.line("SAVE"), "+OK");
    before = Deno.readFileSync(path);
    await connection.line("DEBUG", "POPULATE", "100000", "new", "100");
    assertEquals(await connection.line("BGSAVE"), "+Background saving started");
    // Some of it is there.
    while (!folder.names().some((name) => isBegun(`${folder.path}/${name}`, name))) {
      await connection.line("PING");
    }
    await peer.stop("SIGKILL");
  }
  assertEquals(Deno.readFileSync(path), before);
  await using peer = await start();
  using connection = await peer.connect();
  assertEquals(await connection.line("DBSIZE"), ":50000");
});

function isBegun(path: string, name: string): boolean {
  return name.startsWith("temp-") && Deno.statSync(path).size > 0;
}
