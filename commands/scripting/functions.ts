/**
 * FUNCTION and its subcommands, FCALL and FCALL_RO: functions that clients load once and call by name.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError } from "../../server/resp/errors.ts";
import { globMatch } from "../../storage/glob.ts";
import { arg, command, type CommandSpec } from "../command.ts";
import type { Context, FunctionFacts, FunctionRestorePolicy } from "../context.ts";
import { shown } from "../errors.ts";
import { helpCommand, subcommandSyntaxError } from "../help.ts";

const shared = { group: "scripting", since: "7.0.0" } as const satisfies Partial<CommandSpec>;
/** Of those that change what libraries there are: all nodes of a cluster must do it. */
const EVERYWHERE = ["request_policy:all_shards", "response_policy:all_succeeded"] as const;

const remove = command({
  ...shared,
  name: "DELETE",
  summary: "Deletes a library and its functions.",
  complexity: "O(1)",
  arity: 3,
  flags: ["noscript", "write"],
  categories: ["scripting"],
  args: [arg.string("library-name")],
  tips: EVERYWHERE,

  run(ctx, args) {
    ctx.server.functions.delete(args.binary(2));
    ctx.dirty();
    ctx.reply.ok();
  },
});

const dump = command({
  ...shared,
  name: "DUMP",
  summary: "Answers all libraries as bytes that FUNCTION RESTORE takes, here or in a Redis.",
  complexity: "O(N) where N is the number of functions",
  arity: 2,
  flags: ["noscript"],
  categories: ["scripting"],

  run(ctx) {
    ctx.reply.bulk(ctx.server.functions.dump());
  },
});

const flush = command({
  ...shared,
  name: "FLUSH",
  summary: "Deletes all libraries.",
  complexity: "O(N) where N is the number of functions deleted",
  arity: -2,
  flags: ["noscript", "write"],
  categories: ["scripting"],
  args: [arg.oneOf("flush-type", [arg.token("ASYNC"), arg.token("SYNC")], { optional: true })],
  tips: EVERYWHERE,

  run(ctx, args) {
    if (args.count > 3) throw subcommandSyntaxError(args, "FUNCTION");
    if (args.count === 3 && !args.is(2, "SYNC") && !args.is(2, "ASYNC")) {
      throw new ReplyError("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
    }
    // Libraries are few and small: either word deletes them at once.
    ctx.server.functions.flush();
    ctx.dirty();
    ctx.reply.ok();
  },
});

const kill = command({
  ...shared,
  name: "KILL",
  summary: "Ends a function that has run for too long, unless it has written something.",
  complexity: "O(1)",
  arity: 2,
  flags: ["noscript", "allow_busy"],
  categories: ["scripting"],
  tips: ["request_policy:all_shards", "response_policy:one_succeeded"],

  run(ctx) {
    ctx.server.functions.kill();
    ctx.reply.ok();
  },
});

const list = command({
  ...shared,
  name: "LIST",
  summary: "Tells of the libraries and their functions.",
  complexity: "O(N) where N is the number of functions",
  arity: -2,
  flags: ["noscript"],
  categories: ["scripting"],
  args: [
    arg.string("library-name-pattern", { token: "LIBRARYNAME", optional: true }),
    arg.token("WITHCODE", { optional: true }),
  ],
  tips: ["nondeterministic_output_order"],

  run(ctx, args) {
    const { pattern, withCode } = readListOptions(args);
    const encoder = new TextEncoder();
    const shown = [...ctx.server.functions.libraries].filter(({ name }) =>
      pattern === undefined || globMatch(pattern, encoder.encode(name), true)
    );
    const { reply } = ctx;
    reply.array(shown.length);
    for (const { name, source, functions } of shown) {
      reply.map(withCode ? 4 : 3);
      reply.bulk("library_name");
      reply.bulk(name);
      reply.bulk("engine");
      reply.bulk("LUA");
      reply.bulk("functions");
      reply.array(functions.length);
      for (const facts of functions) replyWithFunction(ctx, facts);
      if (!withCode) continue;
      reply.bulk("library_code");
      reply.bulk(source);
    }
  },
});

interface ListOptions {
  pattern?: Uint8Array;
  withCode: boolean;
}

function readListOptions(args: Args): ListOptions {
  const options: ListOptions = { withCode: false };
  for (let i = 2; i < args.count; i++) {
    if (!options.withCode && args.is(i, "WITHCODE")) {
      options.withCode = true;
    } else if (options.pattern === undefined && args.is(i, "LIBRARYNAME")) {
      if (++i === args.count) throw new ReplyError("ERR library name argument was not given");
      options.pattern = args.bytes(i);
    } else {
      throw new ReplyError(`ERR Unknown argument ${shown(args, i)}`);
    }
  }
  return options;
}

function replyWithFunction({ reply }: Context, { name, description, flags }: FunctionFacts): void {
  reply.map(3);
  reply.bulk("name");
  reply.bulk(name);
  reply.bulk("description");
  if (description === undefined) reply.null();
  else reply.bulk(description);
  reply.bulk("flags");
  reply.set(flags.length);
  for (const flag of flags) reply.simple(flag);
}

const load = command({
  ...shared,
  name: "LOAD",
  summary: "Makes a library of a source, whose first line names it.",
  complexity: "O(1) (considering compilation time is redundant)",
  arity: -3,
  flags: ["noscript", "write", "denyoom"],
  categories: ["scripting"],
  args: [arg.token("REPLACE", { optional: true }), arg.string("function-code")],
  tips: EVERYWHERE,

  run(ctx, args) {
    const last = args.count - 1;
    let replace = false;
    for (let i = 2; i < last; i++) {
      if (!args.is(i, "REPLACE")) {
        throw new ReplyError(`ERR Unknown option given: ${shown(args, i)}`);
      }
      replace = true;
    }
    const mustObey = ctx.client.mustObey ?? false;
    const name = ctx.server.functions.load(args.bytes(last), { replace, mustObey });
    ctx.dirty();
    ctx.reply.bulk(name);
  },
});

const restore = command({
  ...shared,
  name: "RESTORE",
  summary: "Makes libraries of the bytes that FUNCTION DUMP has answered.",
  complexity: "O(N) where N is the number of functions on the payload",
  arity: -3,
  flags: ["noscript", "write", "denyoom"],
  categories: ["scripting"],
  args: [
    arg.string("serialized-value"),
    arg.oneOf("policy", [arg.token("FLUSH"), arg.token("APPEND"), arg.token("REPLACE")], {
      optional: true,
    }),
  ],
  tips: EVERYWHERE,

  run(ctx, args) {
    if (args.count > 4) throw subcommandSyntaxError(args, "FUNCTION");
    const policy = args.count === 4 ? readPolicy(args, 3) : "append";
    ctx.server.functions.restore(args.view(2), policy);
    ctx.dirty();
    ctx.reply.ok();
  },
});

function readPolicy(args: Args, i: number): FunctionRestorePolicy {
  for (const policy of ["append", "replace", "flush"] as const) {
    if (args.is(i, policy.toUpperCase())) return policy;
  }
  throw new ReplyError(
    "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.",
  );
}

const stats = command({
  ...shared,
  name: "STATS",
  summary: "Tells of the function that is running, and how many libraries and functions there are.",
  complexity: "O(1)",
  arity: 2,
  flags: ["noscript", "allow_busy"],
  categories: ["scripting"],
  tips: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],

  run(ctx) {
    const { functions } = ctx.server;
    const running = functions.running();
    const { reply } = ctx;
    reply.map(2);
    reply.bulk("running_script");
    if (running === undefined) {
      reply.null();
    } else {
      reply.map(3);
      reply.bulk("name");
      reply.bulk(running.name);
      reply.bulk("command");
      reply.array(running.command.length);
      for (const word of running.command) reply.bulk(word);
      reply.bulk("duration_ms");
      reply.int(running.duration);
    }
    reply.bulk("engines");
    reply.map(1);
    reply.bulk("LUA");
    reply.map(2);
    reply.bulk("libraries_count");
    reply.int(functions.libraryCount);
    reply.bulk("functions_count");
    reply.int(functions.functionCount);
  },
});

const help = helpCommand({
  ...shared,
  container: "FUNCTION",
  categories: ["scripting"],
  lines: [
    "LOAD [REPLACE] <FUNCTION CODE>",
    "    Create a new library with the given library name and code.",
    "DELETE <LIBRARY NAME>",
    "    Delete the given library.",
    "LIST [LIBRARYNAME PATTERN] [WITHCODE]",
    "    Return general information on all the libraries:",
    "    * Library name",
    "    * The engine used to run the Library",
    "    * Library description",
    "    * Functions list",
    "    * Library code (if WITHCODE is given)",
    "    It also possible to get only function that matches a pattern using LIBRARYNAME argument.",
    "STATS",
    "    Return information about the current function running:",
    "    * Function name",
    "    * Command used to run the function",
    "    * Duration in MS that the function is running",
    "    If no function is running, return nil",
    "    In addition, returns a list of available engines.",
    "KILL",
    "    Kill the current running function.",
    "FLUSH [ASYNC|SYNC]",
    "    Delete all the libraries.",
    "    When called without the optional mode argument, the behavior is determined by the",
    "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
    "    * ASYNC: Asynchronously flush the libraries.",
    "    * SYNC: Synchronously flush the libraries.",
    "DUMP",
    "    Return a serialized payload representing the current libraries, can be restored using FUNCTION RESTORE command",
    "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
    "    Restore the libraries represented by the given payload, it is possible to give a restore policy to",
    "    control how to handle existing libraries (default APPEND):",
    "    * FLUSH: delete all existing libraries.",
    "    * APPEND: appends the restored libraries to the existing libraries. On collision, abort.",
    "    * REPLACE: appends the restored libraries to the existing libraries, On collision, replace the old",
    "      libraries with the new libraries (notice that even on this option there is a chance of failure",
    "      in case of functions name collision with another library).",
  ],
});

/** FUNCTION */
export const functionCommand = command({
  ...shared,
  name: "FUNCTION",
  summary: "Commands about functions.",
  complexity: "Depends on subcommand.",
  arity: -2,
  subcommands: [remove, dump, flush, help, kill, list, load, restore, stats],
});

const calling = {
  ...shared,
  complexity: "Depends on the function that is executed.",
  arity: -3,
  args: [
    arg.string("function"),
    arg.integer("numkeys"),
    arg.key("key", { optional: true, multiple: true }),
    arg.string("arg", { optional: true, multiple: true }),
  ],
} as const satisfies Partial<CommandSpec>;

/** FCALL */
export const fcall = command({
  ...calling,
  name: "FCALL",
  summary: "Calls a function.",
  flags: ["noscript", "skip_monitor", "may_replicate", "no_mandatory_keys", "stale"],
  keys: [{ access: "RW", effects: ["access", "update"], at: 2, countAt: 0, firstAt: 1 }],

  declaredFlags: ({ functions }, args) => functions.declaredFlags(args),
  run: (ctx, args) => ctx.server.functions.call(ctx, args, { readOnly: false }),
});

/** FCALL_RO */
export const fcallReadOnly = command({
  ...calling,
  name: "FCALL_RO",
  summary: "Calls a function that writes nothing.",
  flags: ["noscript", "skip_monitor", "no_mandatory_keys", "stale", "readonly"],
  keys: [{ access: "RO", effects: ["access"], at: 2, countAt: 0, firstAt: 1 }],

  declaredFlags: ({ functions }, args) => functions.declaredFlags(args),
  run: (ctx, args) => ctx.server.functions.call(ctx, args, { readOnly: true }),
});
