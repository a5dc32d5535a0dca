/**
 * Lines typed at a terminal, with editing, history and completion by Node's readline.
 *
 * @module
 */

import { createInterface } from "node:readline";
import type { Interface } from "node:readline";
import process from "node:process";
import type { History } from "./history.ts";
import type { LineSource } from "./lines.ts";

/** The exit code when Ctrl-C ends a command that is under way. */
const EXIT_INTERRUPTED = 1;

/** A person's lines. */
export class TerminalLines implements LineSource {
  onInterrupt: (() => void) | undefined;
  readonly #exit: (code: number) => void;
  readonly #interface: Interface;
  /** Lines typed ahead, while a command was under way. */
  readonly #ahead: string[] = [];
  #waiting: ((line: string | undefined) => void) | undefined;
  #ended = false;

  constructor({ history, complete, exit }: {
    history: History;
    /** What a beginning may become. */
    complete: (beginning: string) => Promise<string[]>;
    /** Ends the program. */
    exit: (code: number) => void;
  }) {
    this.#exit = exit;
    this.#interface = createInterface({
      input: process.stdin,
      output: process.stdout,
      terminal: true,
      history: history.newestFirst(),
      historySize: history.size,
      completer: (
        beginning: string,
        answer: (error: Error | null, found: [string[], string]) => void,
      ) => {
        complete(beginning).then(
          (found) => answer(null, [found, beginning]),
          (error) => answer(error instanceof Error ? error : new Error(String(error)), [[], ""]),
        );
      },
    });
    // The shell keeps lines with passwords out of what the arrow keys bring back.
    this.#interface.on("history", (lines: string[]) => {
      if (lines.length > 0 && !history.mayKeep(lines[0])) lines.shift();
    });
    this.#interface.on("line", (text: string) => {
      history.add(text);
      this.#deliver(text);
    });
    this.#interface.on("SIGINT", () => {
      if (this.#waiting) this.#interface.close();
      else if (this.onInterrupt) this.onInterrupt();
      else this.#exit(EXIT_INTERRUPTED);
    });
    this.#interface.on("close", () => {
      this.#ended = true;
      this.#deliver(undefined);
    });
  }

  next(prompt: string): Promise<string | undefined> {
    const typed = this.#ahead.shift();
    if (typed !== undefined) return Promise.resolve(typed);
    if (this.#ended) return Promise.resolve(undefined);
    this.#interface.setPrompt(prompt);
    this.#interface.prompt();
    return new Promise((resolve) => this.#waiting = resolve);
  }

  #deliver(text: string | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting(text);
    else if (text !== undefined) this.#ahead.push(text);
  }

  aside(print: () => void): void {
    if (!this.#waiting) return print();
    process.stdout.write("\r\x1b[J");
    print();
    this.#interface.prompt(true);
  }

  clear(): void {
    process.stdout.write("\x1b[H\x1b[2J");
  }

  [Symbol.dispose](): void {
    this.#interface.close();
  }
}
