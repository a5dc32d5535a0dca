/**
 * Redis's own command line against coolcache.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { startServer } from "../server/wire.ts";
import { isInstalled, run } from "../support/executables.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

const ignore = !isInstalled("redis-cli");

/** What redis-cli writes, given these words and this standard input, to a fresh server. */
async function redisCli(
  sessions: readonly (readonly [words: readonly string[], input?: string])[],
): Promise<string[]> {
  await using instance = await startServer();
  const outputs: string[] = [];
  for (const [words, input] of sessions) {
    const args = ["-p", String(instance.port), ...words];
    outputs.push((await run("redis-cli", args, input === undefined ? {} : { input })).out);
  }
  return outputs;
}

Deno.test({
  name: "redis-cli sends single commands",
  ignore,
  async fn() {
    const outputs = await redisCli([
      [["SET", "foo", "bar"]],
      [["GET", "foo"]],
      [["-3", "--no-raw", "GET", "nothing"]],
      [["--no-raw", "INCR", "n"]],
      [["-x", "SET", "piped"], "from standard input"],
      [["GET", "piped"]],
      [["-n", "3", "GET", "foo"]],
    ]);
    assertEquals(outputs, [
      "OK\n",
      "bar\n",
      "(nil)\n",
      "(integer) 1\n",
      "OK\n",
      "from standard input\n",
      "\n",
    ]);
  },
});

Deno.test({
  name: "redis-cli reads commands from standard input",
  ignore,
  async fn() {
    const [output] = await redisCli([[[], 'SET key "a b"\nSTRLEN key\nNOSUCH\n']]);
    assertEquals(output.split("\n").slice(0, 2), ["OK", "3"]);
    assertStringIncludes(output, "ERR unknown command 'NOSUCH'");
  },
});

Deno.test({
  name: "redis-cli --pipe sends a mass of commands",
  ignore,
  async fn() {
    const commands = Array.from({ length: 5000 }, (_, i) => `SET key:${i} ${i}\r\n`).join("");
    const [output, size] = await redisCli([[["--pipe"], commands], [["DBSIZE"]]]);
    assertStringIncludes(output, "errors: 0, replies: 5000");
    assertEquals(size, "5000\n");
  },
});

Deno.test({
  name: "redis-cli --scan walks over the keys of a pattern",
  ignore,
  async fn() {
    const commands = Array.from({ length: 300 }, (_, i) => `SET key:${i} ${i}\r\n`).join("");
    const [, output] = await redisCli([[["--pipe"], commands], [[
      "--scan",
      "--pattern",
      "key:1*",
    ]]]);
    assertEquals(new Set(output.trim().split("\n")).size, 111);
  },
});

Deno.test({
  name: "redis-cli --bigkeys and --memkeys find the largest key",
  ignore,
  async fn() {
    const [, big, memory] = await redisCli([
      [["-x", "SET", "large"], "x".repeat(10_000)],
      [["--bigkeys"]],
      [["--memkeys"]],
    ]);
    assertStringIncludes(big, "Biggest string found '\"large\"' has 10000 bytes");
    assertStringIncludes(memory, '"large"');
  },
});

Deno.test({
  name: "redis-cli --ldb-sync-mode debugs a script, and --ldb says why it does not",
  ignore,
  async fn() {
    using folder = new TemporaryFolder();
    const file = `${folder.path}/script.lua`;
    await Deno.writeTextFile(
      file,
      "local a = redis.call('INCR', KEYS[1])\nlocal b = a + ARGV[1]\nreturn b\n",
    );
    const eval_ = ["--eval", file, "key", ",", "41"];
    const [debugged, value, refused, unchanged] = await redisCli([
      [["--ldb-sync-mode", ...eval_], "step\nprint a\nnext\nprint\nlist 1 0\ncontinue\nquit\n"],
      [["GET", "key"]],
      [["--ldb", ...eval_], "quit\n"],
      [["GET", "key"]],
    ]);
    // deno-lint-ignore no-control-regex -- the colours
    const lines = debugged.replace(/\x1b\[[\d;]*m|\x1b\[0m/g, "").split("\n").slice(5);
    assertEquals(lines.filter((line) => line !== ""), [
      "* Stopped at 1, stop reason = step over",
      "-> 1   local a = redis.call('INCR', KEYS[1])",
      "<redis> INCR key",
      "<reply> 1",
      "* Stopped at 2, stop reason = step over",
      "-> 2   local b = a + ARGV[1]",
      "<value> 1",
      "* Stopped at 3, stop reason = step over",
      "-> 3   return b",
      "<value> a = 1",
      "<value> b = 42",
      "   1   local a = redis.call('INCR', KEYS[1])",
      "(integer) 42",
      "(Lua debugging session ended)",
    ]);
    assertEquals(value, "1\n");
    assertStringIncludes(refused, "Eval debugging session can't start:");
    assertStringIncludes(refused, "cannot undo what a debugged script changes");
    assertEquals(unchanged, "1\n");
  },
});
