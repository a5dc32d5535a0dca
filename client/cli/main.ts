/**
 * coolcache-cli: from the command line to the exit code.
 *
 * @module
 */

import { concat } from "@std/bytes/concat";
import { COOLCACHE_VERSION } from "../../version.ts";
import type { CliFlags } from "./flags.ts";
import { helpText, parseFlags } from "./flags.ts";
import { History, historyFile } from "./history.ts";
import { PipedLines } from "./lines.ts";
import type { LineSource } from "./lines.ts";
import { pipeInput } from "./pipe.ts";
import { unquote } from "./quoted.ts";
import { scanKeys } from "./scan.ts";
import { Session } from "./session.ts";
import { Shell } from "./shell.ts";
import type { System } from "./system.ts";
import { printed } from "./system.ts";
import { UsageError } from "./usage_error.ts";

/** Runs the program and answers its exit code. */
export async function runCli(words: readonly string[], system: System): Promise<number> {
  try {
    const flags = parseFlags(words, system);
    if (flags.help) {
      system.out(printed(helpText(COOLCACHE_VERSION)));
      return 0;
    }
    if (flags.version) {
      system.out(printed(`coolcache-cli ${COOLCACHE_VERSION}\n`));
      return 0;
    }
    return await talk(flags, system);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    system.err(error.message);
    return 1;
  }
}

async function talk(flags: CliFlags, system: System): Promise<number> {
  if (flags.warnOfPassword) {
    system.err(
      "Warning: a password given with -a or -u can be seen by other users of this machine.",
    );
  }
  const password = flags.askPassword ? system.askSecret("Please input password: ") : flags.password;
  const session = new Session(flags.address, { ...flags, password }, system);
  try {
    if (flags.mode === "pipe") {
      return await pipeInput(session, { timeout: flags.pipeTimeout }, system);
    }
    if (flags.mode === "scan") return await scanKeys(session, flags, system);
    const shell = new Shell(session, { flags, system, version: COOLCACHE_VERSION });
    if (flags.command.length > 0) return await runOnce(session, shell, { flags, system });
    using lines = await openLines(shell, system);
    return await shell.run(lines);
  } finally {
    await session.close();
  }
}

async function runOnce(
  session: Session,
  shell: Shell,
  { flags, system }: { flags: CliFlags; system: System },
): Promise<number> {
  if (/^(help|\?)$/i.test(flags.command[0])) {
    system.out(printed(await shell.helpOn(flags.command.slice(1))));
    return 0;
  }
  const command = await readCommand(flags, system);
  const outcome = await session.run(command, {
    repeat: flags.repeat,
    stopAtError: flags.failOnError,
  });
  if (outcome !== "answered") return 1;
  if (!session.streaming) return 0;
  await session.streamed();
  return 1;
}

/** The command's arguments, the one from standard input included. */
async function readCommand(flags: CliFlags, system: System): Promise<Uint8Array[]> {
  const command = flags.command.map((word) => {
    const bytes = flags.quotedInput ? unquote(word) : printed(word);
    if (bytes === undefined) throw new UsageError("Invalid quoted string");
    return bytes;
  });
  const { stdinArgument } = flags;
  if (stdinArgument === "none") return command;
  if (stdinArgument === "last") return [...command, await readInput(system)];
  const place = flags.command.indexOf(stdinArgument.tag);
  if (place < 0) throw new UsageError(`No argument is '${stdinArgument.tag}', the tag of -X`);
  command[place] = await readInput(system);
  return command;
}

async function readInput(system: System): Promise<Uint8Array> {
  return concat(await Array.fromAsync(system.input()));
}

async function openLines(shell: Shell, system: System): Promise<LineSource> {
  if (!system.inIsTerminal) return new PipedLines(system.input());
  // Imported here, because Node's readline would slow down the start of every one-shot command.
  const { TerminalLines } = await import("./terminal_lines.ts");
  return new TerminalLines({
    history: new History(historyFile(system)),
    complete: (beginning) => shell.complete(beginning),
    exit: (code) => Deno.exit(code),
  });
}
