/**
 * Help on commands, made of a server's COMMAND DOCS.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { completions, describeCommands, readCommandDocs } from "../../client/cli/help.ts";
import type { ReplyNode } from "../../client/cli/reply_node.ts";

type Facts = string | number | readonly Facts[] | { readonly [name: string]: Facts };

/** Facts as a server would send them, in RESP3 (maps) or RESP2 (flat arrays). */
function node(facts: Facts, protocol: 2 | 3): ReplyNode {
  if (typeof facts === "number") return { type: "int", value: facts };
  if (typeof facts === "string") return { type: "bulk", bytes: new TextEncoder().encode(facts) };
  if (Array.isArray(facts)) {
    return { type: "array", items: facts.map((fact) => node(fact, protocol)) };
  }
  const items = Object.entries(facts).flatMap(([name, fact]) => [
    node(name, protocol),
    node(fact, protocol),
  ]);
  return { type: protocol === 3 ? "map" : "array", items };
}

const DOCS: Facts = {
  set: {
    summary: "Sets a key",
    since: "1.0.0",
    group: "string",
    arguments: [
      { name: "key", type: "key" },
      { name: "value", type: "string" },
      {
        name: "condition",
        type: "oneof",
        flags: ["optional"],
        arguments: [
          { name: "nx", type: "pure-token", token: "NX" },
          { name: "ttl", type: "integer", token: "EX" },
        ],
      },
    ],
  },
  config: {
    summary: "A container",
    since: "2.0.0",
    group: "server",
    subcommands: {
      "config|get": {
        summary: "Reads",
        since: "2.0.0",
        group: "server",
        arguments: [{ name: "name", type: "string", flags: ["multiple"] }],
      },
    },
  },
};

Deno.test("readCommandDocs reads maps and flat arrays alike", () => {
  const help = readCommandDocs(node(DOCS, 3));
  assertEquals(help, readCommandDocs(node(DOCS, 2)));
  assertEquals(help.map(({ name, parameters }) => [name, parameters]), [
    ["CONFIG", ""],
    ["CONFIG GET", "name [name ...]"],
    ["SET", "key value [NX | EX ttl]"],
  ]);
});

Deno.test("describeCommands shows a command with its subcommands, or a group", () => {
  const all = readCommandDocs(node(DOCS, 3));
  assertEquals(
    describeCommands(all, ["set"], { colours: false }),
    "\n  SET key value [NX | EX ttl]\n  summary: Sets a key\n  since: 1.0.0\n  group: string\n\n",
  );
  assertEquals(
    describeCommands(all, ["config"], { colours: false }).match(/CONFIG( GET)?/g),
    ["CONFIG", "CONFIG GET"],
  );
  assertEquals(
    describeCommands(all, ["@server"], { colours: false }).match(/CONFIG( GET)?/g),
    ["CONFIG", "CONFIG GET"],
  );
  assertEquals(describeCommands(all, ["nothing"], { colours: false }), "\n");
});

Deno.test("completions follow the case typed and know the topics of help", () => {
  const all = readCommandDocs(node(DOCS, 3));
  assertEquals(completions(all, "co"), ["config", "config get"]);
  assertEquals(completions(all, "CONFIG G"), ["CONFIG GET"]);
  assertEquals(completions(all, "help @s"), ["help @server", "help @string"]);
  assertEquals(completions(all, "set k"), []);
});
