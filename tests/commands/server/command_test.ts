import { assert, assertEquals } from "@std/assert";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer, type Value } from "../../support/harness.ts";

/** A map of a RESP3 reply, by name. */
function entry(map: Value, name: string): Value {
  assert(map instanceof Map, `no map around ${name}`);
  return map.get(name) ?? null;
}

Deno.test("COMMAND COUNT counts what COMMAND and COMMAND DOCS list", async () => {
  await using t = await startTestServer();
  const count = await t.line("COMMAND COUNT");
  const infos = await t.line("COMMAND");
  assert(Array.isArray(infos));
  assertEquals(infos.length, count);
  await t.line("HELLO 3");
  t.session.output.flush();
  const docs = await t.line("COMMAND DOCS");
  assert(docs instanceof Map);
  assertEquals(docs.size, count);
});

Deno.test("COMMAND LIST lists subcommands behind their container", async () => {
  await using t = await startTestServer();
  const names = await t.line("COMMAND LIST");
  assert(Array.isArray(names));
  assertEquals(names.length, t.server.registry.commands.length);
  const config = names.indexOf("config");
  assertEquals(names.slice(config, config + 3), ["config", "config|get", "config|help"]);
});

Deno.test("COMMAND LIST filters by category in any case", async () => {
  await using t = await startTestServer();
  const names = await t.line("COMMAND LIST FILTERBY aclcat CONNECTION");
  assert(Array.isArray(names));
  assert(names.includes("ping") && names.includes("client|id") && names.includes("command"));
  assert(!names.includes("client") && !names.includes("get"));
});

Deno.test("COMMAND DOCS tells the grammar of arguments", async () => {
  await using t = await startTestServer();
  await t.line("HELLO 3");
  t.session.output.flush();
  const docs = entry(await t.line("COMMAND DOCS client|pause nosuch"), "client|pause");
  assertEquals(entry(docs, "group"), "connection");
  assertEquals(entry(docs, "since"), "3.0.0");
  const args = entry(docs, "arguments");
  assert(Array.isArray(args));
  const named = (name: string, ...rest: [string, Value][]) =>
    new Map<Value, Value>([["name", name], ...rest]);
  assertEquals(args, [
    named("timeout", ["type", "integer"], ["display_text", "timeout"]),
    named(
      "mode",
      ["type", "oneof"],
      ["since", "6.2.0"],
      ["flags", new Set(["optional"])],
      ["arguments", [
        named("write", ["type", "pure-token"], ["display_text", "write"], ["token", "WRITE"]),
        named("all", ["type", "pure-token"], ["display_text", "all"], ["token", "ALL"]),
      ]],
    ),
  ]);
});

Deno.test("COMMAND DOCS tells of subcommands, history and deprecation", async () => {
  await using t = await startTestServer();
  await t.line("HELLO 3");
  t.session.output.flush();
  const docs = await t.line("COMMAND DOCS quit config");
  const quit = entry(docs, "quit");
  assertEquals(entry(quit, "doc_flags"), new Set(["deprecated"]));
  assertEquals(entry(quit, "deprecated_since"), "7.2.0");
  const get = entry(entry(entry(docs, "config"), "subcommands"), "config|get");
  assert(entry(get, "history") instanceof Set);
});

Deno.test("COMMAND GETKEYS finds keys with any bytes", async () => {
  await using t = await startTestServer();
  const key = new Uint8Array([0, 255, 13, 10]);
  assertEquals(await t.run("COMMAND", "GETKEYS", "set", key, "v"), ["\x00\xff\r\n"]);
});

Deno.test("COMMAND GETKEYS refuses what names no keys", async () => {
  await using t = await startTestServer();
  assertRefused(await t.line("COMMAND GETKEYS NOSUCH k"), "ERR Invalid command specified");
  assertRefused(await t.line("COMMAND GETKEYS PING"), "ERR The command has no key arguments");
  assertRefused(
    await t.line("COMMAND GETKEYS GET a b"),
    "ERR Invalid number of arguments specified for command",
  );
});

Deno.test("COMMAND HELP names every subcommand", async () => {
  // CLUSTER answers only nodes of clusters.
  const dir = Deno.makeTempDirSync();
  await using t = await startTestServer({ "cluster-enabled": "yes", dir });
  for (const { fullName, subcommands } of t.server.registry.topLevel) {
    if (subcommands === undefined) continue;
    const help = await t.line(`${fullName} HELP`);
    assert(Array.isArray(help), fullName);
    for (const [name, { spec }] of subcommands) {
      if (spec.deprecatedSince !== undefined) continue;
      const begins = help.some((line) => String(line).toLowerCase().startsWith(name));
      assert(begins, `${fullName} HELP says nothing of ${name}`);
    }
  }
});
