/**
 * The shell: reads lines, carries them out, until the lines end.
 *
 * @module
 */

import { decodeLatin1 } from "../../server/resp/args.ts";
import { ConnectionError } from "../errors.ts";
import type { CliFlags } from "./flags.ts";
import type { CommandHelp } from "./help.ts";
import { completions, describeCommands, generalHelp, readCommandDocs } from "./help.ts";
import type { LineSource } from "./lines.ts";
import { splitLine } from "./quoted.ts";
import type { Session } from "./session.ts";
import type { System } from "./system.ts";
import { printed } from "./system.ts";

/** From here on the shell says how long a command took, in milliseconds. */
const SLOW = 500;

/** Reads and carries out lines. */
export class Shell {
  readonly #session: Session;
  readonly #flags: Pick<CliFlags, "style">;
  readonly #system: System;
  readonly #version: string;
  #help: CommandHelp[] | undefined;

  constructor(session: Session, options: {
    flags: Pick<CliFlags, "style">;
    system: System;
    version: string;
  }) {
    this.#session = session;
    this.#flags = options.flags;
    this.#system = options.system;
    this.#version = options.version;
  }

  /** Runs until the lines end or somebody quits; answers the exit code. */
  async run(lines: LineSource): Promise<number> {
    const session = this.#session;
    session.aside = (print) => lines.aside(print);
    await session.connect();
    for (;;) {
      const line = await lines.next(session.prompt);
      if (line === undefined) return 0;
      if (await this.#obey(line, lines) === "quit") return 0;
      if (this.#system.inIsTerminal && session.streaming) await this.#stream(lines);
    }
  }

  /** Lets messages through until Ctrl-C, which costs the connection, or until that ends by itself. */
  async #stream(lines: LineSource): Promise<void> {
    if (this.#system.outIsTerminal) {
      this.#system.out(printed("Reading messages... (press Ctrl-C to quit)\n"));
    }
    const interrupted = Promise.withResolvers<"interrupted">();
    const usual = lines.onInterrupt;
    lines.onInterrupt = () => interrupted.resolve("interrupted");
    try {
      if (await Promise.race([interrupted.promise, this.#session.ended()]) === "interrupted") {
        await this.#session.connect();
      } else {
        await this.#session.streamed();
      }
    } finally {
      lines.onInterrupt = usual;
    }
  }

  async #obey(line: string | Uint8Array, lines: LineSource): Promise<"quit" | "done"> {
    const args = splitLine(line);
    if (args === undefined) {
      this.#say("Invalid argument(s)\n");
      return "done";
    }
    if (args.length === 0) return "done";

    const repeat = repetitions(args);
    if (repeat === undefined) {
      this.#say("Invalid repeat count\n");
      return "done";
    }
    const command = args.length > 1 && isCount(args[0]) ? args.slice(1) : args;
    const words = command.map(decodeLatin1);
    switch (words[0].toLowerCase()) {
      case "quit":
      case "exit":
        return "quit";
      case "help":
      case "?":
        this.#say(await this.helpOn(words.slice(1)));
        return "done";
      case "clear":
        if (words.length > 1) break;
        lines.clear();
        return "done";
      case "connect":
        if (words.length !== 3) break;
        await this.#connectTo(words[1], Number(words[2]));
        return "done";
    }
    const started = performance.now();
    await this.#session.run(command, { repeat });
    const elapsed = performance.now() - started;
    if (elapsed >= SLOW && this.#flags.style.format === "standard") {
      this.#say(`(${(elapsed / 1000).toFixed(2)}s)\n`);
    }
    return "done";
  }

  async #connectTo(host: string, port: number): Promise<void> {
    if (!Number.isInteger(port) || port < 0 || port > 65535) {
      this.#say("Invalid server port.\n");
      return;
    }
    this.#session.address = { host, port };
    this.#help = undefined;
    await this.#session.connect();
  }

  /** The text of `help`, with or without a topic. */
  async helpOn(topic: readonly string[]): Promise<string> {
    if (topic.length === 0) return generalHelp(this.#version);
    return describeCommands(await this.#commands(), topic, {
      colours: this.#system.outIsTerminal,
    });
  }

  /** What the line may become; for the terminal's completion. */
  async complete(beginning: string): Promise<string[]> {
    // Within a transaction or a subscription the server would take the question for something else.
    if (this.#help === undefined && !this.#session.atEase) return [];
    return completions(await this.#commands(), beginning);
  }

  /** Help on the server's commands; none when it cannot be asked. */
  async #commands(): Promise<CommandHelp[]> {
    if (this.#help !== undefined) return this.#help;
    try {
      if (!this.#session.connected && !await this.#session.connect()) return [];
      const docs = await this.#session.query(["COMMAND", "DOCS"]);
      if (docs.type === "error") return [];
      return this.#help = readCommandDocs(docs);
    } catch (error) {
      if (error instanceof ConnectionError) return [];
      throw error;
    }
  }

  #say(text: string): void {
    this.#system.out(printed(text));
  }
}

function isCount(word: Uint8Array): boolean {
  return /^[+-]?\d+$/.test(decodeLatin1(word));
}

/** How often to send a command that may begin with a count; undefined when that is no good. */
function repetitions(args: readonly Uint8Array[]): number | undefined {
  if (args.length < 2 || !isCount(args[0])) return 1;
  const count = Number(decodeLatin1(args[0]));
  return count > 0 && Number.isSafeInteger(count) ? count : undefined;
}
