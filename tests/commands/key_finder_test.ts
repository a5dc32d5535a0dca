import { assert, assertEquals, assertFalse } from "@std/assert";
import type { CommandSpec } from "../../commands/command.ts";
import { findKeys, hasKeys } from "../../commands/key_finder.ts";
import { Args } from "../../server/resp/args.ts";

function spec(facts: Partial<CommandSpec>): CommandSpec {
  return { name: "X", summary: "", group: "server", since: "1.0.0", arity: -1, ...facts };
}

/** The keys that are found in a request, as text. */
function keysIn(command: CommandSpec, ...words: string[]): string[] {
  const args = Args.of(...words);
  return findKeys(command, args).map(({ index }) => args.text(index));
}

const pairs = spec({ keys: [{ at: 1, last: -1, step: 2, access: "OW" }] });
const counted = spec({
  keys: [{ at: 1, access: "OW" }, { at: 2, countAt: 0, firstAt: 1, access: "RO" }],
});
const streams = spec({
  keys: [{ keyword: "STREAMS", from: 1, last: -1, limit: 2, access: "RO" }],
});

Deno.test("a range up to the end takes every step", () => {
  assertEquals(keysIn(pairs, "MSET", "a", "1", "b", "2"), ["a", "b"]);
});

Deno.test("a count says how many keys follow it", () => {
  assertEquals(keysIn(counted, "ZUNIONSTORE", "to", "2", "a", "b", "WEIGHTS"), ["to", "a", "b"]);
});

Deno.test("a count that the request cannot hold finds nothing", () => {
  for (const count of ["3", "-1", "x", "99999999999999999999"]) {
    assertEquals(keysIn(counted, "ZUNIONSTORE", "to", count, "a", "b"), [], count);
  }
});

Deno.test("a keyword begins the search, and a limit ends it", () => {
  assertEquals(keysIn(streams, "XREAD", "COUNT", "1", "streams", "a", "b", "0", "0"), ["a", "b"]);
  assertEquals(keysIn(streams, "XREAD", "COUNT", "1"), []);
});

Deno.test("a keyword may be searched from the end", () => {
  const migrate = spec({
    keys: [{ at: 3, access: "RW" }, { keyword: "KEYS", from: -2, last: -1, access: "RW" }],
  });
  assertEquals(keysIn(migrate, "MIGRATE", "h", "p", "", "0", "KEYS", "a", "b"), ["", "a", "b"]);
});

Deno.test("words that are no keys are left out", () => {
  const fake = spec({ keys: [{ at: 1, access: "RW", effects: ["not_key"] }] });
  assertFalse(hasKeys(fake));
  assertEquals(keysIn(fake, "X", "a"), []);
});

Deno.test("a command's own search is asked where specs are incomplete", () => {
  const sort = spec({
    keys: [{ at: 1, access: "RO" }, { access: "OW", unknown: true }],
    findKeys: (args) => args.count > 3 ? [1, 3] : [1],
  });
  assert(hasKeys(sort));
  const found = findKeys(sort, Args.of("SORT", "list", "STORE", "to"));
  assertEquals(found.map(({ index, use }) => [index, use.access]), [[1, "RO"], [3, "OW"]]);
});

Deno.test("a request may narrow down what is done with a key", () => {
  const set = spec({
    keys: [{ at: 1, access: "RW", effects: ["access", "update", "variable_flags"] }],
    keyUse: (args) => ({ access: args.count > 3 ? "RW" : "OW", effects: ["update"] }),
  });
  assertEquals(findKeys(set, Args.of("SET", "k", "v"))[0].use.access, "OW");
  assertEquals(findKeys(set, Args.of("SET", "k", "v", "GET"))[0].use.access, "RW");
});
