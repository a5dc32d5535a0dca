/**
 * HELP, the subcommand that every container has: what the others do, a line or two about each.
 *
 * @module
 */

import type { Args } from "../server/resp/args.ts";
import { ReplyError } from "../server/resp/errors.ts";
import type { Reply } from "../server/resp/reply.ts";
import type { CommandFlag, CommandSpec, Group } from "./command.ts";
import { shown } from "./errors.ts";

/** How much of an unknown subcommand's name a refusal repeats. */
const MOST_SHOWN = 128;

/** What of a container's HELP differs from another's. */
export interface HelpFacts {
  /** The container's name, upper case. */
  readonly container: string;
  readonly group: Group;
  readonly since: string;
  readonly flags?: readonly CommandFlag[];
  readonly categories?: readonly string[];
  /** A form of a subcommand on one line, what it does on the next ones, indented by four spaces. */
  readonly lines: readonly string[];
}

/** The HELP subcommand of a container. */
export function helpCommand({ container, lines, ...facts }: HelpFacts): CommandSpec {
  return {
    name: "HELP",
    summary: `Tells what the subcommands of ${container} do.`,
    complexity: "O(1)",
    arity: 2,
    flags: ["loading", "stale"],
    ...facts,
    run: (ctx) => replyWithHelp(ctx.reply, container, lines),
  };
}

/** Answers with the help of a command, in the frame that clients know. */
export function replyWithHelp(reply: Reply, name: string, lines: readonly string[]): void {
  const all = [
    `${name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`,
    ...lines,
    "HELP",
    "    Print this help.",
  ];
  reply.array(all.length);
  for (const line of all) reply.simple(line);
}

/** The subcommand in argument 1 is unknown, or none of its forms has so many arguments. */
export function subcommandSyntaxError(args: Args, container: string): ReplyError {
  const name = shown(args, 1).slice(0, MOST_SHOWN);
  return new ReplyError(
    `ERR unknown subcommand or wrong number of arguments for '${name}'. Try ${container} HELP.`,
  );
}
