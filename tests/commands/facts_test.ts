import { assert, assertEquals } from "@std/assert";
import { type CommandSpec, type KeySpec } from "../../commands/command.ts";
import { aclCategories, keyFlags, keyRange, shownFlags } from "../../commands/facts.ts";
import { commands } from "../../commands/mod.ts";
import { type RegisteredCommand, Registry } from "../../commands/registry.ts";

/** The published facts of a command, as one line of a table gives them. */
interface Row {
  group: string;
  since: string;
  arity: number;
  flags: string[];
  categories: string[];
  keys: string[];
  tips: string[];
}

/** The table lies beside the repository on machines that have it. */
const TABLE = new URL("../../../shared/facts/commands.tsv", import.meta.url);
const published = readTable();

function readTable(): Map<string, Row> | undefined {
  try {
    const lines = Deno.readTextFileSync(TABLE).split("\n");
    return new Map(
      lines.filter((line) => line !== "" && !line.startsWith("#")).map(readRow),
    );
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function readRow(line: string): [name: string, row: Row] {
  const [name, group, since, arity, flags, categories, keys, tips] = line.split("\t");
  return [name, {
    group,
    since,
    arity: Number(arity),
    flags: words(flags),
    categories: words(categories),
    keys: keys ? keys.split(" | ").map(inOneOrder) : [],
    tips: words(tips),
  }];
}

/** A key spec with its flags sorted. */
function inOneOrder(key: string): string {
  const colon = key.indexOf(":");
  return key.slice(0, colon).split("+").sort().join("+") + key.slice(colon);
}

function words(text: string | undefined): string[] {
  return (text ?? "").split(",").filter((word) => word !== "").sort();
}

const registry = new Registry(commands);

/** A command's facts in the table's words. */
function rowOf({ spec }: RegisteredCommand): Row {
  return {
    group: spec.group,
    since: spec.since,
    arity: spec.arity,
    flags: [...(spec.flags ?? [])].sort(),
    categories: aclCategories(spec).sort(),
    keys: (spec.keys ?? []).map(describeKey),
    tips: [...(spec.tips ?? [])].sort(),
  };
}

function describeKey(key: KeySpec): string {
  const flags = keyFlags(key).map((flag) => flag.toUpperCase()).sort().join("+");
  if (key.unknown) return `${flags}:unknown;unknown`;
  const search = key.keyword === undefined
    ? `pos=${key.at}`
    : `keyword=${key.keyword},from=${key.from ?? 1}`;
  const step = key.step ?? 1;
  const range = key.countAt === undefined
    ? `last=${key.last ?? 0},step=${step},limit=${key.limit ?? 0}`
    : `keynumidx=${key.countAt},firstkey=${key.firstAt ?? 0},step=${step}`;
  return `${flags}:${search};${range}`;
}

Deno.test({
  name: "every command has the facts that Redis publishes",
  ignore: published === undefined,
  fn() {
    for (const command of registry.commands) {
      // The table ends with Redis 7.
      if (command.spec.since.startsWith("8.")) continue;
      const name = command.fullName.replace("|", " ");
      const row = published?.get(name);
      assert(row !== undefined, `${name} is not published`);
      assertEquals(rowOf(command), row, name);
    }
  },
});

function spec(facts: Partial<CommandSpec>): CommandSpec {
  return { name: "X", summary: "", group: "server", since: "1.0.0", arity: -1, ...facts };
}

Deno.test("aclCategories follows from flags and group", () => {
  assertEquals(aclCategories(spec({})), ["slow"]);
  assertEquals(aclCategories(spec({ group: "generic", flags: ["write", "fast"] })), [
    "keyspace",
    "write",
    "fast",
  ]);
  assertEquals(aclCategories(spec({ flags: ["admin"] })), ["admin", "slow", "dangerous"]);
  assertEquals(aclCategories(spec({ group: "list", flags: ["write", "blocking"] })), [
    "write",
    "list",
    "slow",
    "blocking",
  ]);
});

Deno.test("aclCategories adds what a command names and takes away what it denies", () => {
  const wait = spec({ group: "generic", categories: ["-keyspace", "connection"] });
  assertEquals(aclCategories(wait), ["slow", "connection"]);
});

Deno.test("aclCategories puts a script that only reads into no category of readers", () => {
  const script = spec({ group: "scripting", flags: ["readonly"] });
  assertEquals(aclCategories(script), ["slow", "scripting"]);
});

Deno.test("aclCategories puts a container into no category of its group", () => {
  assertEquals(aclCategories(spec({ group: "connection", subcommands: [spec({})] })), ["slow"]);
});

Deno.test("keyRange joins consecutive specs", () => {
  const keys: KeySpec[] = [{ at: 1, access: "RO" }, { at: 2, access: "OW" }];
  assertEquals(keyRange(spec({ keys })), { first: 1, last: 2, step: 1, movable: false });
});

Deno.test("keyRange follows one spec with steps to the end", () => {
  const keys: KeySpec[] = [{ at: 1, last: -1, step: 2, access: "OW" }];
  assertEquals(keyRange(spec({ keys })), { first: 1, last: -1, step: 2, movable: false });
});

Deno.test("keyRange tells of keys outside of the range", () => {
  const counted: KeySpec = { at: 2, countAt: 0, firstAt: 1, access: "RO" };
  assertEquals(keyRange(spec({ keys: [counted] })), { first: 0, last: 0, step: 0, movable: true });
  assertEquals(keyRange(spec({ keys: [{ at: 1, access: "OW" }, counted] })), {
    first: 1,
    last: 1,
    step: 1,
    movable: true,
  });
});

Deno.test("shownFlags hides Redis's own flags and adds movablekeys", () => {
  const keys: KeySpec[] = [{ at: 1, access: "RO", effects: ["incomplete"] }];
  assertEquals(shownFlags(spec({ keys, flags: ["fast", "may_replicate", "readonly"] })), [
    "readonly",
    "fast",
    "movablekeys",
  ]);
});
