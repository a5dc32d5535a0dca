/**
 * EVAL, EVALSHA and their read-only forms.
 *
 * @module
 */

import { arg, type ArgSpec, command, type CommandSpec } from "../command.ts";

/** What the four commands differ in. */
interface EvalFacts {
  readonly name: string;
  readonly summary: string;
  readonly since: string;
  /** Argument 1: a script's source or its SHA-1. */
  readonly script: ArgSpec;
  readonly isReadOnly: boolean;
}

function evalCommand({ name, summary, since, script, isReadOnly }: EvalFacts): CommandSpec {
  const how = { byName: script.name === "sha1", isReadOnly };
  return command({
    name,
    summary,
    group: "scripting",
    since,
    complexity: "Depends on the script that is executed.",
    arity: -3,
    flags: [
      "noscript",
      "skip_monitor",
      ...(isReadOnly ? ["readonly" as const] : ["may_replicate" as const]),
      "no_mandatory_keys",
      "stale",
    ],
    keys: [{
      at: 2,
      countAt: 0,
      firstAt: 1,
      ...(isReadOnly
        ? { access: "RO", effects: ["access"] }
        : { access: "RW", effects: ["access", "update"], note: "What a script does is its own." }),
    }],
    args: [
      script,
      arg.integer("numkeys"),
      arg.key("key", { optional: true, multiple: true }),
      arg.string("arg", { optional: true, multiple: true }),
    ],

    declaredFlags: ({ scripting }, args) => scripting.declaredFlags(args, how),
    run: (ctx, args) => ctx.server.scripting.evaluate(ctx, args, how),
  });
}

const SOURCE = arg.string("script");
const SHA1 = arg.string("sha1");

/** EVAL */
export const evaluate = evalCommand({
  name: "EVAL",
  summary: "Runs a Lua script.",
  since: "2.6.0",
  script: SOURCE,
  isReadOnly: false,
});

/** EVAL_RO */
export const evaluateReadOnly = evalCommand({
  name: "EVAL_RO",
  summary: "Runs a Lua script that does not write.",
  since: "7.0.0",
  script: SOURCE,
  isReadOnly: true,
});

/** EVALSHA */
export const evalsha = evalCommand({
  name: "EVALSHA",
  summary: "Runs a Lua script that the server knows, by its SHA-1.",
  since: "2.6.0",
  script: SHA1,
  isReadOnly: false,
});

/** EVALSHA_RO */
export const evalshaReadOnly = evalCommand({
  name: "EVALSHA_RO",
  summary: "Runs a Lua script that the server knows and that does not write, by its SHA-1.",
  since: "7.0.0",
  script: SHA1,
  isReadOnly: true,
});
