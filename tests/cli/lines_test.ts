/**
 * Lines, words, and which of them may be remembered.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { History, historyFile } from "../../client/cli/history.ts";
import { isReport, isSensitive } from "../../client/cli/known_commands.ts";
import { PipedLines } from "../../client/cli/lines.ts";
import { splitLine, unquote } from "../../client/cli/quoted.ts";
import { decodeLatin1 } from "../../server/resp/args.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("splitLine splits at spaces outside quotes and resolves escapes to bytes", () => {
  const words = (line: string | Uint8Array) => splitLine(line)?.map(decodeLatin1);
  assertEquals(words(`  SET "a b"  'c\\'d' "\\x00\\xff\\n\\"" `), [
    "SET",
    "a b",
    "c'd",
    '\0\xff\n"',
  ]);
  assertEquals(words('""'), [""]);
  assertEquals(words("ä"), ["\xc3\xa4"]);
  assertEquals(words(new Uint8Array([255])), ["\xff"]);
  assertEquals(words(""), []);
});

Deno.test("splitLine refuses unbalanced quotes and text right behind them", () => {
  assertEquals(splitLine('"a'), undefined);
  assertEquals(splitLine('"a"b'), undefined);
  assertEquals(splitLine("'a"), undefined);
});

Deno.test("unquote takes exactly one word", () => {
  assertEquals(unquote('"\\x00"'), new Uint8Array([0]));
  assertEquals(unquote("a b"), undefined);
  assertEquals(unquote(""), undefined);
});

Deno.test("PipedLines ends lines at LF or CR LF, wherever the chunks end", async () => {
  const text = "one\r\n\ntwo\nlast";
  for (let cut = 0; cut <= text.length; cut++) {
    const chunks = [bytes(text.slice(0, cut)), bytes(text.slice(cut))];
    using lines = new PipedLines(ReadableStream.from(chunks));
    const seen: string[] = [];
    for (let line = await lines.next(); line !== undefined; line = await lines.next()) {
      seen.push(decodeLatin1(line));
    }
    assertEquals(seen, ["one", "", "two", "last"], `cut at ${cut}`);
    assertEquals(await lines.next(), undefined);
  }
});

Deno.test("isSensitive recognises the commands that hold passwords", () => {
  const sensitive = [
    "auth x",
    "acl setuser u >x",
    "config set maxmemory 1 requirepass x",
    "hello 3 auth u p",
    "hello 3 setname n auth u p",
    "migrate h 1 k 0 10 auth x",
    'migrate h 1 "" 0 10 copy auth2 u p keys a',
  ];
  const harmless = [
    "get auth",
    "acl list",
    "config get requirepass",
    "config set maxmemory requirepass",
    "hello 3",
    "migrate h 1 k 0 10 copy",
    'migrate h 1 "" 0 10 keys auth',
  ];
  for (const line of sensitive) assertEquals(isSensitive(line.split(" ")), true, line);
  for (const line of harmless) assertEquals(isSensitive(line.split(" ")), false, line);
});

Deno.test("isReport recognises replies for people", () => {
  assertEquals(isReport(["info", "memory"]), true);
  assertEquals(isReport(["client", "list", "id", "1"]), true);
  assertEquals(isReport(["cluster", "nodes"]), true);
  assertEquals(isReport(["cluster", "nodes", "x"]), false);
  assertEquals(isReport(["client", "id"]), false);
});

Deno.test("History keeps lines for the next session, without passwords and repetitions", async () => {
  const file = await Deno.makeTempFile();
  try {
    const history = new History(file);
    for (const line of ["PING", "PING", " ", "AUTH x", "2 AUTH x", "GET k"]) history.add(line);
    assertEquals(await Deno.readTextFile(file), "PING\nGET k\n");
    assertEquals(new History(file).newestFirst(), ["GET k", "PING"]);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("History forgets the oldest lines beyond its size", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, Array.from({ length: 1500 }, (_, i) => `GET ${i}\n`).join(""));
    const history = new History(file);
    history.add("PING");
    const kept = (await Deno.readTextFile(file)).split("\n");
    assertEquals([kept[0], kept.at(-2), kept.length - 1], ["GET 501", "PING", history.size]);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("History works without a file, and with one that cannot be written", () => {
  for (const file of [undefined, "/nonexistent/history"]) {
    const history = new History(file);
    history.add("PING");
    assertEquals(history.newestFirst(), ["PING"]);
  }
});

Deno.test("historyFile is the one chosen, else one in the home, else none", () => {
  const file = (env: Record<string, string>) => historyFile({ env: (name) => env[name] });
  assertEquals(file({ HOME: "/home/me" }), "/home/me/.coolcache_cli_history");
  assertEquals(file({ HOME: "/home/me", COOLCACHE_CLI_HISTFILE: "/h" }), "/h");
  assertEquals(file({ HOME: "/home/me", COOLCACHE_CLI_HISTFILE: "/dev/null" }), undefined);
  assertEquals(file({}), undefined);
});
