/**
 * Values that go from one server to the other in tests, and what is asked of them.
 *
 * @module
 */

import { seededRandom } from "../support/harness.ts";
import type { Command, RawConnection } from "../support/raw_connection.ts";

const random = seededRandom(1);
const numbers = (count: number, scale = 1) =>
  Array.from({ length: count }, (_, i) => `${i * scale}`);
const words = (count: number) => numbers(count).map((n) => `word:${n}`);
const noise = (bytes: number) => new Uint8Array(bytes).map(() => random() * 256);
const scored = (members: string[]) => members.flatMap((member, i) => [String(i - 20), member]);

/** Values of every type in every encoding: what makes one under the key `k`. */
export const VALUES: Readonly<Record<string, readonly Command[]>> = {
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
export const NEWER_ENCODINGS = ["set of few words", "listpack list"];

/** What a server tells of the value under `k`; `name` is that of the case. */
export async function ask(connection: RawConnection, name: string): Promise<string[]> {
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
