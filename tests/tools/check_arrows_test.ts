/**
 * The arrow check finds every form of import and judges it by the rooms.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { importsOf, violationsOf } from "../../tools/check_arrows.ts";

Deno.test("importsOf finds every form of import with its line", () => {
  const source = [
    "/**",
    ' * A comment: import("./comment.ts") and',
    ' * import { x } from "./doc.ts";',
    " */",
    'import "./effect.ts";',
    'import { a } from "./named.ts";',
    "import type {",
    "  B,",
    "  C,",
    '} from "./type.ts";',
    'import * as d from "@std/assert";',
    'import config from "../deno.json" with { type: "json" };',
    'export * from "./all.ts";',
    'export type { E } from "./exported.ts";',
    'export const notAnImport = "./constant.ts";',
    'const late = await import("./dynamic.ts");',
    'type F = import("./type_expression.ts").F;',
  ].join("\n");

  assertEquals(importsOf(source).map(({ specifier, line }) => `${line} ${specifier}`), [
    "5 ./effect.ts",
    "6 ./named.ts",
    "7 ./type.ts",
    "11 @std/assert",
    "12 ../deno.json",
    "13 ./all.ts",
    "14 ./exported.ts",
    "16 ./dynamic.ts",
    "17 ./type_expression.ts",
  ]);
});

const allowed: readonly (readonly [from: string, specifier: string])[] = [
  ["server/resp/args.ts", "./errors.ts"],
  ["storage/memory/table.ts", "./arena.ts"],
  ["storage/types/sorted_set.ts", "../memory/arena.ts"],
  ["storage/keyspace.ts", "../server/resp/errors.ts"],
  ["commands/string/get.ts", "../command.ts"],
  ["commands/string/get.ts", "../../storage/types/list.ts"],
  ["replication/primary.ts", "../commands/registry.ts"],
  ["server/scripting/engine.ts", "../../commands/context.ts"],
  ["server/coolcache.ts", "./scripting/engine.ts"],
  ["server/coolcache.ts", "../replication/effects.ts"],
  ["server/version.ts", "../version.ts"],
  ["main.ts", "./server/coolcache.ts"],
  ["cli.ts", "./client/mod.ts"],
  ["client/client.ts", "../server/resp/reply_decoder.ts"],
  ["client/cli/hints.ts", "../../commands/registry.ts"],
  ["client/cli/flags.ts", "@std/cli/parse-args"],
  ["tests/server/a_test.ts", "../../server/coolcache.ts"],
  ["tests/integration/ioredis_test.ts", "ioredis"],
  ["bench/main.ts", "../tests/support/peer.ts"],
];

Deno.test("imports that follow the arrows pass", () => {
  for (const [from, specifier] of allowed) {
    assertEquals(violationsOf(from, `import { x } from "${specifier}";`), []);
  }
});

const forbidden: readonly (readonly [from: string, specifier: string])[] = [
  ["server/resp/args.ts", "../config.ts"],
  ["server/resp/args.ts", "../../storage/memory/bytes.ts"],
  ["storage/memory/table.ts", "../keyspace.ts"],
  ["storage/types/sorted_set.ts", "../keyspace.ts"],
  ["storage/keyspace.ts", "../commands/context.ts"],
  ["commands/string/get.ts", "../../server/session.ts"],
  ["commands/string/get.ts", "../../replication/effects.ts"],
  ["replication/primary.ts", "../server/session.ts"],
  ["replication/primary.ts", "../server/scripting/engine.ts"],
  ["server/scripting/engine.ts", "../../replication/effects.ts"],
  ["server/scripting/engine.ts", "../dispatcher.ts"],
  ["server/coolcache.ts", "../main.ts"],
  ["server/coolcache.ts", "../tests/support/peer.ts"],
  ["server/coolcache.ts", "../client/mod.ts"],
  ["client/client.ts", "../server/session.ts"],
  ["client/client.ts", "../commands/string/get.ts"],
  ["cli.ts", "./server/coolcache.ts"],
  ["server/coolcache.ts", "ioredis"],
  ["server/coolcache.ts", "../../outside.ts"],
];

Deno.test("imports against the arrows are violations with file, line and specifier", () => {
  for (const [from, specifier] of forbidden) {
    const violations = violationsOf(from, `\nimport type { X } from "${specifier}";`);
    assertEquals(violations.length, 1, `${from} -> ${specifier}`);
    assertEquals(violations[0].startsWith(`${from}:2: imports "${specifier}"`), true);
  }
});

Deno.test("a folder without a row is a violation", () => {
  assertMatch(violationsOf("misc/a.ts", "")[0], /^misc\/a\.ts: /);
});
