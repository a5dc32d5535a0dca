/**
 * MODULE. There are no modules here: none is loaded, and none can be.
 *
 * @module
 */

import { ReplyError } from "../../server/resp/errors.ts";
import { arg, command } from "../command.ts";
import type { Context } from "../context.ts";
import { helpCommand } from "../help.ts";

const list = command({
  name: "LIST",
  summary: "Lists the loaded modules.",
  group: "server",
  since: "4.0.0",
  complexity: "O(N) where N is the number of loaded modules.",
  arity: 2,
  flags: ["admin", "noscript"],
  tips: ["nondeterministic_output_order"],

  run(ctx) {
    ctx.reply.array(0);
  },
});

const load = command({
  name: "LOAD",
  summary: "Loads a module.",
  group: "server",
  since: "4.0.0",
  complexity: "O(1)",
  arity: -3,
  flags: ["no_async_loading", "admin", "noscript", "protected"],
  args: [arg.string("path"), arg.string("arg", { optional: true, multiple: true })],

  run: (ctx, args) => refuseToLoad(ctx, args.text(2)),
});

const loadex = command({
  name: "LOADEX",
  summary: "Loads a module with directives and arguments.",
  group: "server",
  since: "7.0.0",
  complexity: "O(1)",
  arity: -3,
  flags: ["no_async_loading", "admin", "noscript", "protected"],
  args: [
    arg.string("path"),
    arg.block("configs", [arg.string("name"), arg.string("value")], {
      token: "CONFIG",
      optional: true,
      multiple: true,
      multipleToken: true,
    }),
    arg.string("args", { token: "ARGS", optional: true, multiple: true }),
  ],

  run: (ctx, args) => refuseToLoad(ctx, args.text(2)),
});

const unload = command({
  name: "UNLOAD",
  summary: "Unloads a module.",
  group: "server",
  since: "4.0.0",
  complexity: "O(1)",
  arity: 3,
  flags: ["no_async_loading", "admin", "noscript", "protected"],
  args: [arg.string("name")],

  run() {
    throw new ReplyError("ERR Error unloading module: no such module with that name");
  },
});

/** MODULE */
export const module = command({
  name: "MODULE",
  summary: "Holds the commands about modules.",
  group: "server",
  since: "4.0.0",
  complexity: "Depends on subcommand.",
  arity: -2,
  subcommands: [
    helpCommand({
      container: "MODULE",
      group: "server",
      since: "5.0.0",
      lines: [
        "LIST",
        "    The loaded modules: none.",
        "LOAD <path> [<arg> ...]",
        "    Always refused: modules are libraries of machine code, which cannot run here.",
        "LOADEX <path> [[CONFIG NAME VALUE] ...] [ARGS ...]",
        "    The same.",
        "UNLOAD <name>",
        "    Always refused: there is nothing to unload.",
      ],
    }),
    list,
    load,
    loadex,
    unload,
  ],
});

function refuseToLoad({ server }: Context, path: string): never {
  server.log("warning", `Cannot load module ${path}: coolcache does not run Redis modules`);
  throw new ReplyError("ERR Error loading the extension. Please check the server logs.");
}
