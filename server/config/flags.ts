/**
 * The command line of the server.
 *
 *     coolcache [file] [-] [--name value …]…
 *
 * Flags are turned into lines as they could stand in a file, with every value quoted: `--save 3600 1` becomes
 * `save "3600" "1"`. A value may look like a flag if its own flag has no value yet, so that `--requirepass --x` sets the
 * password `--x`; a flag and its value may come in one argument, as in `"--port 6380"`.
 *
 * @module
 */

import { quoteWord, splitLine } from "./parser.ts";

/** A command line, taken apart. */
export interface Flags {
  /** The configuration file, if one is named. */
  readonly file?: string;
  /** Whether configuration is to be read from standard input, too. */
  readonly stdin: boolean;
  /** The flags as text of a configuration file. */
  readonly text: string;
}

/** What the command line asks for instead of a server, if it does. */
export function wantedInformation(args: readonly string[]): "help" | "version" | undefined {
  switch (args[0]) {
    case "-h":
    case "--help":
      return "help";
    case "-v":
    case "--version":
      return "version";
    default:
      return undefined;
  }
}

/** Takes a command line apart; what the flags mean is found out when their text is read. */
export function parseFlags(args: readonly string[]): Flags {
  const hasFile = args.length > 0 && !args[0].startsWith("-");
  const lines: string[] = [];
  let stdin = false;
  let needsValue = false;

  for (let i = hasFile ? 1 : 0; i < args.length; i++) {
    const arg = args[i];
    const isLast = i === args.length - 1;
    if (arg === "-" && (i === 0 || isLast)) {
      stdin = true;
    } else if (arg.startsWith("--") && !needsValue) {
      lines.push(arg.slice(2));
      needsValue = splitLine(arg)?.length === 1;
      // The one flag that may come without its value: what a list of save points leaves when it is empty.
      if (
        needsValue && arg.toLowerCase() === "--save" && (isLast || args[i + 1].startsWith("--"))
      ) {
        addWord(lines, '""');
        needsValue = false;
      }
    } else {
      addWord(lines, quoteWord(arg));
      needsValue = false;
    }
  }
  const flags = { stdin, text: lines.join("\n") };
  return hasFile ? { file: args[0], ...flags } : flags;
}

function addWord(lines: string[], word: string): void {
  if (lines.length === 0) lines.push(word);
  else lines[lines.length - 1] += ` ${word}`;
}
