/**
 * Glob patterns match what Redis's do, odd cases included, and never take long.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { globMatch, globMatchAt } from "../../storage/glob.ts";
import { hasRedisServer, startRedis } from "../support/peer.ts";
import { encodeCommand } from "../support/raw_connection.ts";
import { unorderedReply } from "../support/reply_bytes.ts";

function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

function matches(pattern: string, text: string, nocase = false): boolean {
  return globMatch(bytes(pattern), bytes(text), nocase);
}

/** Patterns with texts that match them and texts that do not. */
const EXAMPLES: [pattern: string, matching: string[], others: string[]][] = [
  ["", [""], ["a"]],
  ["abc", ["abc"], ["", "ab", "abcd", "ABC"]],
  ["h?llo", ["hello", "h*llo"], ["hllo", "heello"]],
  ["h*llo", ["hllo", "heeeello"], ["hell", "xhllo"]],
  ["*", ["a", "abc"], [""]],
  ["a**", ["a", "abc"], ["", "b"]],
  ["*a*b*c", ["abc", "xaxbxc", "aabbcc"], ["acb", "abcx"]],
  ["h[ae]llo", ["hallo", "hello"], ["hillo", "hllo"]],
  ["h[^e]llo", ["hallo", "h^llo"], ["hello"]],
  ["[a-c]x", ["ax", "bx", "cx"], ["dx", "-x"]],
  ["[c-a]x", ["ax", "bx", "cx"], ["dx"]],
  ["[^a-c]x", ["dx", "]x"], ["bx"]],
  ["a\\*b", ["a*b"], ["axb"]],
  ["a\\\\", ["a\\"], ["a"]],
  ["a\\", ["a\\"], ["a"]],
  ["[\\]]", ["]"], ["\\"]],
  ["[a\\-c]", ["a", "-", "c"], ["b"]],
  ["[]", [], ["a", "]", "[]"]],
  ["[^]", ["a", "]"], ["", "ab"]],
  ["[ab", ["a", "b"], ["[ab", "c"]],
  ["[a-]", ["a", "]", "^"], ["-", "b"]],
  ["[", [], ["["]],
  ["\xe9?", ["\xe9\x00"], ["\xe9"]],
  ["[\x80-\xff]", ["\x80", "\xff"], ["a"]],
];

Deno.test("globMatch matches literals, stars, question marks, classes and escapes", () => {
  for (const [pattern, matching, others] of EXAMPLES) {
    for (const text of matching) assert(matches(pattern, text), `${pattern} should match ${text}`);
    for (const text of others) assert(!matches(pattern, text), `${pattern} matched ${text}`);
  }
});

Deno.test("globMatch without case treats ASCII letters alone as equal", () => {
  assert(matches("MaxMem*", "maxmemory", true));
  assert(matches("[A-C]x", "bX", true));
  assert(matches("[b]", "B", true));
  assert(!matches("[\\b]", "B", true));
  assert(!matches("\xe9", "\xc9", true));
  assert(!matches("[Z-a]", "a", true));
});

Deno.test("globMatch answers patterns made to explode in no time", () => {
  const text = "a".repeat(20_000);
  assert(!matches("a*".repeat(300) + "b", text));
  assert(matches("*?".repeat(900) + "*", text));
});

Deno.test("globMatch gives up at a thousand stars unless the last ends the pattern", () => {
  const text = "a".repeat(1100);
  assert(matches("*a".repeat(1000), text));
  assert(matches("*a".repeat(1000) + "*", text));
  assert(!matches("*a".repeat(1001), text));
});

Deno.test("globMatchAt sees only the text that it is told", () => {
  const buf = bytes("xxhelloyy");
  assert(globMatchAt(bytes("h?llo"), buf, { off: 2, len: 5 }));
  assert(!globMatchAt(bytes("h?llo"), buf, { off: 2, len: 6 }));
  assert(globMatchAt(bytes(""), buf, { off: 9, len: 0 }));
});

Deno.test({
  name: "globMatch agrees with KEYS of redis-server on random patterns",
  ignore: !hasRedisServer,
  async fn() {
    await using redis = await startRedis();
    using connection = await redis.connect();
    const random = randomNumbers(7);
    const texts = new Set<string>();
    while (texts.size < 300) texts.add(randomText(random, "aBb]-[^\\*\x80\xff", 5));
    texts.delete("");
    for (const text of texts) await connection.send(["SET", bytes(text), "1"]);

    for (let i = 0; i < 500; i++) {
      const pattern = randomText(random, "aBb]-[[^\\**??\x80\xff", 8);
      const reply = await connection.send(["KEYS", bytes(pattern)]);
      const found = [...texts].filter((text) => matches(pattern, text)).map(bytes);
      assertEquals(
        unorderedReply(encodeCommand(found)),
        unorderedReply(reply),
        JSON.stringify(pattern),
      );
    }
  },
});

function randomText(random: (below: number) => number, alphabet: string, most: number): string {
  return Array.from({ length: random(most + 1) }, () => alphabet[random(alphabet.length)]).join("");
}

/** Numbers below a bound, always the same for a seed (mulberry32). */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}
