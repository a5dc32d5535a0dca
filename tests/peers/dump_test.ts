import { assertEquals } from "@std/assert";
import { compareScripts, PeerPair } from "../support/compare.ts";
import { hasRedisServer, type Peer } from "../support/peer.ts";
import { seededRandom } from "../support/harness.ts";
import type { Command, RawConnection } from "../support/raw_connection.ts";

const random = seededRandom(1);
const numbers = (count: number, scale = 1) =>
  Array.from({ length: count }, (_, i) => `${i * scale}`);
const words = (count: number) => numbers(count).map((n) => `word:${n}`);
const noise = (bytes: number) => new Uint8Array(bytes).map(() => random() * 256);
const scored = (members: string[]) => members.flatMap((member, i) => [String(i - 20), member]);

/** Values of every type in every encoding: what makes one under the key `k`. */
const VALUES: Readonly<Record<string, readonly Command[]>> = {
  "string": [["SET", "k", "hello"]],
  "empty string": [["SET", "k", ""]],
  "8-bit integer": [["SET", "k", "-128"]],
  "16-bit integer": [["SET", "k", "-129"]],
  "32-bit integer": [["SET", "k", "-2147483648"]],
  "64-bit integer": [["SET", "k", "9223372036854775807"]],
  "compressible string": [["SET", "k", "abc".repeat(10_000)]],
  "incompressible string": [["SET", "k", noise(20_000)]],
  "HyperLogLog": [["PFADD", "k", ...words(500)]],
  "listpack list": [["RPUSH", "k", ...numbers(10), "a", "", "-1", "1".repeat(100), noise(50)]],
  "quicklist": [["RPUSH", "k", ...words(3000)]],
  "quicklist of large elements": [[
    "RPUSH",
    "k",
    noise(10_000),
    "x",
    noise(100_000),
    "y".repeat(9000),
  ]],
  "intset of 16 bits": [["SADD", "k", ...numbers(20), "-5"]],
  "intset of 32 bits": [["SADD", "k", ...numbers(20, 100_000)]],
  "intset of 64 bits": [["SADD", "k", "-9223372036854775808", "1", "9223372036854775807"]],
  "set of few words": [["SADD", "k", ...words(10), "1", ""]],
  "set of many words": [["SADD", "k", ...words(1000)]],
  "set of many integers": [["SADD", "k", ...numbers(1000)]],
  "listpack sorted set": [["ZADD", "k", ...scored(words(50))]],
  "sorted set of other scores": [["ZADD", "k", "inf", "a", "-inf", "b", "1", "d", "1", "c"]],
  "skiplist sorted set": [["ZADD", "k", ...scored(words(500))]],
  "stream": [
    ["XADD", "k", "1-1", "a", "1", "b", "two"],
    ["XADD", "k", "1-2", "a", "3", "b", "four"],
    ["XADD", "k", "18446744073709551615-5", "other", "-1"],
    ["XDEL", "k", "1-2"],
  ],
  "empty stream": [["XGROUP", "CREATE", "k", "g", "$", "MKSTREAM"]],
  "stream of many nodes": [
    ...numbers(350).map((n) => ["XADD", "k", `${n}-1`, "n", n]),
    ["XDEL", "k", "5-1", "6-1"],
    ["XTRIM", "k", "MAXLEN", "300"],
  ],
  "stream with groups": [
    ...numbers(20).map((n) => ["XADD", "k", `${n}-1`, "n", n]),
    ["XGROUP", "CREATE", "k", "first", "0"],
    ["XGROUP", "CREATE", "k", "second", "5-1"],
    ["XGROUP", "CREATE", "k", "third", "$", "ENTRIESREAD", "20"],
    ["XREADGROUP", "GROUP", "first", "alice", "COUNT", "3", "STREAMS", "k", ">"],
    ["XREADGROUP", "GROUP", "first", "bob", "COUNT", "2", "STREAMS", "k", ">"],
    ["XREADGROUP", "GROUP", "second", "alice", "STREAMS", "k", ">"],
    ["XACK", "k", "first", "1-1"],
    ["XGROUP", "CREATECONSUMER", "k", "first", "idle"],
  ],
  "hash listpack": [["HSET", "k", "a", "1", "b", "two", "", "", "-5", "1".repeat(60)]],
  "hash table": [["HSET", "k", ...words(600).flatMap((word, i) => [word, String(i)])]],
  "hash of a long value": [["HSET", "k", "a", "x".repeat(1000)]],
};

/** What is known of a value, whatever made it. */
const QUESTIONS: readonly Command[] = [
  ["TYPE", "k"],
  ["OBJECT", "ENCODING", "k"],
  ["DEBUG", "DIGEST-VALUE", "k"],
];
const STREAM_QUESTIONS: readonly Command[] = [
  ["XRANGE", "k", "-", "+"],
  ["XINFO", "STREAM", "k"],
  ["XPENDING", "k", "first", "-", "+", "100", "bob"],
  ["XINFO", "GROUPS", "k"],
];

/** Encodings that Redis has had since 7.2 only. */
const NEWER_ENCODINGS = ["set of few words", "listpack list"];

Deno.test({
  name: "values move between redis-server and coolcache",
  ignore: !hasRedisServer,
  async fn(t) {
    await using pair = await PeerPair.start(["--enable-debug-command", "yes"]);
    const { reference, subject } = pair;
    for (const [name, commands] of Object.entries(VALUES)) {
      await t.step(name, async () => {
        await moveValue(reference, subject, name, commands);
        await moveValue(subject, reference, name, commands);
        await moveValue(subject, subject, name, commands);
      });
    }
  },
});

async function moveValue(
  from: Peer,
  to: Peer,
  name: string,
  commands: readonly Command[],
): Promise<void> {
  using source = await from.connect();
  await source.line("FLUSHALL");
  for (const command of commands) await source.send(command);
  const before = await ask(source, name);
  const payload = bulkBytes(await source.send(["DUMP", "k"]));

  using target = await to.connect();
  if (to !== from) await target.line("FLUSHALL");
  const reply = await target.send(["RESTORE", "k", "0", payload, "REPLACE"]);
  assertEquals(new TextDecoder().decode(reply), "+OK\r\n");
  const after = await ask(target, name);
  if (from.name !== to.name && NEWER_ENCODINGS.includes(name)) before[1] = after[1];
  assertEquals(after, before, `${from.name} to ${to.name}`);
}

async function ask(connection: RawConnection, name: string): Promise<string[]> {
  const answers: string[] = [];
  const questions = name.includes("stream") ? [...QUESTIONS, ...STREAM_QUESTIONS] : QUESTIONS;
  for (const question of questions) {
    const text = new TextDecoder().decode(await connection.send(question));
    // What the two tell of a stream's tree of nodes is their own business, and idle times go by.
    answers.push(
      text.replace(/(radix-tree-\w+\r\n:)\d+/g, "$1?").replace(/:\d+\r\n:1\r\n/g, ":?\r\n:1\r\n"),
    );
  }
  return answers;
}

function bulkBytes(reply: Uint8Array): Uint8Array {
  const start = reply.indexOf(0x0a) + 1;
  return reply.subarray(start, reply.length - 2);
}

/** Bytes as a script quotes them. */
function quoted(bytes: Uint8Array): string {
  return `"${Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")}"`;
}

Deno.test({
  name: "DUMP and RESTORE reply as redis-server does",
  ignore: !hasRedisServer,
  async fn() {
    await using peers = await PeerPair.start();
    using connection = await peers.reference.connect();
    await connection.send(["SET", "k", "value"]);
    const payload = bulkBytes(await connection.send(["DUMP", "k"]));
    const good = quoted(payload);
    const wrong = quoted(payload.map((byte, i) => i === 2 ? byte ^ 1 : byte));
    const newer = quoted(payload.map((byte, i) => i === payload.length - 10 ? 99 : byte));
    await compareScripts(
      `
      SET k value
      DUMP k
      DUMP none
      DUMP
      DUMP k k
      RESTORE k 0 ${good}
      RESTORE k 0 ${good} REPLACE
      RESTORE n 0 ${good}
      GET n
      TTL n
      RESTORE t 100000 ${good}
      TTL t
      RESTORE t 33177117420000 ${good} ABSTTL REPLACE
      PEXPIRETIME t
      RESTORE t 1000 ${good} ABSTTL
      RESTORE t 1000 ${good} ABSTTL REPLACE
      EXISTS t
      RESTORE t 1 ${good} absttl
      EXISTS t
      RESTORE i 0 ${good} IDLETIME 1000
      OBJECT IDLETIME i
      RESTORE i 0 ${good} IDLETIME 0 REPLACE
      RESTORE f 0 ${good} FREQ 10
      OBJECT FREQ f
      RESTORE k -1 ${good}
      RESTORE k -1 ${good} REPLACE
      RESTORE k x ${good} REPLACE
      RESTORE k 0 ${good} IDLETIME -1
      RESTORE k 0 ${good} IDLETIME x
      RESTORE k 0 ${good} IDLETIME
      RESTORE k 0 ${good} FREQ -1
      RESTORE k 0 ${good} FREQ 256
      RESTORE k 0 ${good} FREQ
      RESTORE k 0 ${good} FREQ 1 IDLETIME 1
      RESTORE k 0 ${good} IDLETIME 1 FREQ 1
      RESTORE k 0 ${good} FOO
      RESTORE k 0 ${wrong}
      RESTORE new 0 ${wrong}
      RESTORE new 0 ${newer}
      RESTORE new 0 ""
      RESTORE new 0 "123456789"
      RESTORE new 0 "1234567890"
      RESTORE new 0
      RESTORE new
      RESTORE-ASKING new 0 ${good}
      GET new
      RESTORE-ASKING new 0 ${good}
      EXISTS k
      CONFIG SET maxmemory-policy allkeys-lfu
      RESTORE f 0 ${good} FREQ 200 REPLACE
      OBJECT FREQ f
      CONFIG SET maxmemory-policy noeviction
    `,
      { peers },
    );
  },
});
