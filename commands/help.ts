/**
 * The reply of HELP subcommands.
 *
 * @module
 */

import type { Reply } from "../server/resp/reply.ts";

/** Answers the lines of help of a container command, in the frame that clients know. */
export function replyWithHelp(reply: Reply, container: string, lines: readonly string[]): void {
  reply.array(lines.length + 3);
  reply.simple(`${container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`);
  for (const line of lines) reply.simple(line);
  reply.simple("HELP");
  reply.simple("    Print this help.");
}
