/**
 * COMMAND: what the server's commands are. All of it is derived from the registry.
 *
 * @module
 */

import { Args } from "../../server/resp/args.ts";
import { ReplyError, syntaxError } from "../../server/resp/errors.ts";
import { globMatch } from "../../storage/glob.ts";
import { arg, command, type CommandSpec } from "../command.ts";
import { replyWithDocs, replyWithInfo, replyWithWords } from "../command_info.ts";
import type { Context } from "../context.ts";
import { aclCategories, keyFlags } from "../facts.ts";
import { helpCommand } from "../help.ts";
import { findKeys, hasKeys } from "../key_finder.ts";
import type { RegisteredCommand, Registry } from "../registry.ts";

/** Facts that hold for all of the subcommands. */
const COMMON = {
  group: "server",
  flags: ["loading", "stale", "sentinel"],
  categories: ["connection"],
} as const;

const encoder = new TextEncoder();

const count = command({
  ...COMMON,
  name: "COUNT",
  summary: "Counts the commands.",
  since: "2.8.13",
  complexity: "O(1)",
  arity: 2,

  run(ctx) {
    ctx.reply.int(ctx.server.registry.topLevel.length);
  },
});

const docs = command({
  ...COMMON,
  name: "DOCS",
  summary: "Answers the documentation of some commands, or all.",
  since: "7.0.0",
  complexity: "O(N) where N is the number of commands to look up",
  arity: -2,
  args: [arg.string("command-name", { optional: true, multiple: true })],
  tips: ["nondeterministic_output_order"],

  run(ctx, args) {
    const { registry } = ctx.server;
    const commands = args.count === 2
      ? registry.topLevel
      : named(registry, args).filter((each) => each !== undefined);
    ctx.reply.map(commands.length);
    for (const each of commands) {
      ctx.reply.bulk(each.fullName);
      replyWithDocs(ctx.reply, each);
    }
  },
});

const info = command({
  ...COMMON,
  name: "INFO",
  summary: "Answers the facts of some commands, or all.",
  since: "2.8.13",
  complexity: "O(N) where N is the number of commands to look up",
  arity: -2,
  args: [arg.string("command-name", { optional: true, multiple: true })],
  tips: ["nondeterministic_output_order"],
  history: [["7.0.0", "Without names it answers the facts of all commands."]],

  run(ctx, args) {
    if (args.count === 2) replyWithAll(ctx);
    else {
      ctx.reply.array(args.count - 2);
      for (const each of named(ctx.server.registry, args)) replyWithInfo(ctx.reply, each);
    }
  },
});

const getkeys = command({
  ...COMMON,
  name: "GETKEYS",
  summary: "Finds the keys in a request.",
  since: "2.8.13",
  complexity: "O(N) where N is the number of arguments to the command",
  arity: -3,
  args: [arg.string("command"), arg.string("arg", { optional: true, multiple: true })],

  run: (ctx, args) => replyWithKeys(ctx, args, false),
});

const getkeysandflags = command({
  ...COMMON,
  name: "GETKEYSANDFLAGS",
  summary: "Finds the keys in a request, and what it does with each.",
  since: "7.0.0",
  complexity: "O(N) where N is the number of arguments to the command",
  arity: -3,
  args: [arg.string("command"), arg.string("arg", { optional: true, multiple: true })],

  run: (ctx, args) => replyWithKeys(ctx, args, true),
});

const list = command({
  ...COMMON,
  name: "LIST",
  summary: "Lists the names of commands.",
  since: "7.0.0",
  complexity: "O(N) where N is the total number of Redis commands",
  arity: -2,
  args: [
    arg.oneOf("filterby", [
      arg.string("module-name", { token: "MODULE" }),
      arg.string("category", { token: "ACLCAT" }),
      arg.pattern("pattern", { token: "PATTERN" }),
    ], { token: "FILTERBY", optional: true }),
  ],
  tips: ["nondeterministic_output_order"],

  run(ctx, args) {
    const chosen = ctx.server.registry.commands.filter(readFilter(args));
    ctx.reply.array(chosen.length);
    for (const { fullName } of chosen) ctx.reply.bulk(fullName);
  },
});

/** COMMAND; called `COMMAND` alone it is COMMAND INFO of all. */
export const commandCommand = command({
  ...COMMON,
  name: "COMMAND",
  summary: "Answers the facts of all commands.",
  since: "2.8.13",
  complexity: "O(N) where N is the total number of Redis commands",
  arity: -1,
  tips: ["nondeterministic_output_order"],
  subcommands: [
    count,
    docs,
    getkeys,
    getkeysandflags,
    helpCommand({
      ...COMMON,
      container: "COMMAND",
      since: "5.0.0",
      lines: [
        "(no subcommand)",
        "    The facts of all commands.",
        "COUNT",
        "    How many commands there are.",
        "DOCS [<command-name> ...]",
        "    The documentation of these commands; of all when none is named.",
        "GETKEYS <full-command>",
        "    The keys in a request.",
        "GETKEYSANDFLAGS <full-command>",
        "    The keys in a request, and what it does with each.",
        "INFO [<command-name> ...]",
        "    The facts of these commands; of all when none is named.",
        "LIST [FILTERBY (MODULE <module-name>|ACLCAT <category>|PATTERN <pattern>)]",
        "    The names of all commands, or of those that the filter lets through.",
      ],
    }),
    info,
    list,
  ],

  run: replyWithAll,
});

function replyWithAll(ctx: Context): void {
  const { topLevel } = ctx.server.registry;
  ctx.reply.array(topLevel.length);
  for (const each of topLevel) replyWithInfo(ctx.reply, each);
}

/** The commands and subcommands (`config|get`) that the arguments from the third on name. */
function named(registry: Registry, args: Args): (RegisteredCommand | undefined)[] {
  return Array.from({ length: args.count - 2 }, (_, i) => {
    const name = args.text(i + 2);
    // Subcommands have no subcommands of their own.
    return name.split("|").length > 2 ? undefined : registry.byName(name);
  });
}

/** Answers with the keys of the request that begins with the third argument. */
function replyWithKeys(ctx: Context, args: Args, withFlags: boolean): void {
  const { reply, server } = ctx;
  const request = new Args(args.buf, args.count);
  for (let i = 2; i < args.count; i++) request.push(args.off[i], args.len[i]);
  const spec = server.registry.lookUp(request)?.spec;
  if (spec === undefined) throw new ReplyError("ERR Invalid command specified");
  if (!hasKeys(spec)) throw new ReplyError("ERR The command has no key arguments");
  if (!fits(spec, request)) {
    throw new ReplyError("ERR Invalid number of arguments specified for command");
  }

  const keys = findKeys(spec, request);
  if (keys.length === 0 && !spec.flags?.includes("no_mandatory_keys")) {
    throw new ReplyError("ERR Invalid arguments specified for command");
  }
  reply.array(keys.length);
  for (const { index, use } of keys) {
    if (withFlags) reply.array(2);
    reply.bulk(request.view(index));
    // Whether a spec finds all keys says nothing of one that was found.
    if (withFlags) replyWithWords(reply, keyFlags(use).filter((flag) => flag !== "incomplete"));
  }
}

function fits({ arity }: CommandSpec, request: Args): boolean {
  return arity >= 0 ? request.count === arity : request.count >= -arity;
}

function readFilter(args: Args): (each: RegisteredCommand) => boolean {
  if (args.count === 2) return () => true;
  if (args.count !== 5 || !args.is(2, "FILTERBY")) throw syntaxError();
  // There are no modules, so none of the commands is theirs.
  if (args.is(3, "MODULE")) return () => false;
  if (args.is(3, "ACLCAT")) {
    const category = args.lower(4);
    return ({ spec }) => aclCategories(spec).includes(category);
  }
  if (args.is(3, "PATTERN")) {
    const pattern = args.bytes(4);
    return ({ fullName }) => globMatch(pattern, encoder.encode(fullName), true);
  }
  throw syntaxError();
}
