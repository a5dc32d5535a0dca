import { assert, assertEquals } from "@std/assert";
import type { ArgSpec, CommandSpec } from "../../commands/command.ts";
import { commands } from "../../commands/mod.ts";
import { Registry } from "../../commands/registry.ts";

const { commands: registered } = new Registry(commands);

/** How many arguments a grammar takes. */
interface Span {
  least: number;
  most: number;
}

function spanOf(spec: ArgSpec): Span {
  const inner = innerSpan(spec);
  const token = spec.token !== undefined && spec.type !== "pure-token" ? 1 : 0;
  return {
    least: spec.optional ? 0 : inner.least + token,
    most: spec.multiple ? Infinity : inner.most + token,
  };
}

function innerSpan({ type, args = [] }: ArgSpec): Span {
  if (type === "block") return sum(args);
  if (type !== "oneof") return { least: 1, most: 1 };
  const spans = args.map((each) => spanOf({ ...each, optional: false }));
  return {
    least: Math.min(...spans.map(({ least }) => least)),
    most: Math.max(...spans.map(({ most }) => most)),
  };
}

function sum(args: readonly ArgSpec[]): Span {
  const spans = args.map(spanOf);
  return {
    least: spans.reduce((total, { least }) => total + least, 0),
    most: spans.reduce((total, { most }) => total + most, 0),
  };
}

Deno.test("every command's grammar agrees with its arity", () => {
  for (const { spec, fullName, parent } of registered) {
    // DEBUG's grammar is not published.
    if (spec.subcommands !== undefined || fullName === "debug") continue;
    const names = parent === undefined ? 1 : 2;
    const { least, most } = sum(spec.args ?? []);
    assertEquals(Math.abs(spec.arity) - names, least, fullName);
    if (spec.arity > 0) assertEquals(spec.arity - names, most, fullName);
  }
});

Deno.test("every argument that is a key has a key spec", () => {
  for (const { spec, fullName } of registered) {
    for (const index of keySpecIndexes(spec.args ?? [])) {
      assert(spec.keys?.[index] !== undefined, `${fullName} has no key spec ${index}`);
    }
  }
});

function keySpecIndexes(args: readonly ArgSpec[]): number[] {
  return args.flatMap((each) => [
    ...(each.keySpecIndex === undefined ? [] : [each.keySpecIndex]),
    ...keySpecIndexes(each.args ?? []),
  ]);
}

Deno.test("every command says what it does in one sentence", () => {
  for (const { spec, fullName } of registered) {
    assert(/^[A-Z][^\n]+\.$/.test(spec.summary), `${fullName}: "${spec.summary}"`);
  }
});

Deno.test("every command can be run or has subcommands, HELP among them", () => {
  for (const { spec, fullName } of registered) {
    assert(spec.run !== undefined || spec.subcommands !== undefined, fullName);
    if (spec.subcommands === undefined) continue;
    assert(spec.subcommands.some(({ name }: CommandSpec) => name === "HELP"), fullName);
  }
});
