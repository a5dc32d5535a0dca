/**
 * What surrounds the command line: its streams, its environment, the terminal.
 *
 * An interface, so that tests run the whole program in-process.
 *
 * @module
 */

import { promptSecret } from "@std/cli/prompt-secret";

/** The process around the program. */
export interface System {
  readonly inIsTerminal: boolean;
  readonly outIsTerminal: boolean;
  /** Standard input; asked for only where it is read. */
  input(): ReadableStream<Uint8Array>;
  /** Writes to standard output, all of it, at once. */
  out(bytes: Uint8Array): void;
  /** Writes a line to standard error. */
  err(line: string): void;
  env(name: string): string | undefined;
  /** Asks for a secret on the terminal; undefined when there is none. */
  askSecret(question: string): string | undefined;
}

const encoder = new TextEncoder();

/** The real process. */
export function processSystem(): System {
  return {
    inIsTerminal: Deno.stdin.isTerminal(),
    outIsTerminal: Deno.stdout.isTerminal(),
    input: () => Deno.stdin.readable,
    out: (bytes) => writeOut(bytes),
    err: (line) => console.error(line),
    env: (name) => Deno.env.get(name),
    askSecret: (question) => promptSecret(question) ?? undefined,
  };
}

/** Text for {@link System.out}. */
export function printed(text: string): Uint8Array {
  return encoder.encode(text);
}

function writeOut(bytes: Uint8Array): void {
  try {
    for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
  } catch (error) {
    // Nobody reads any more (`| head`): end quietly, as programs do that SIGPIPE ends.
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(1);
    throw error;
  }
}
