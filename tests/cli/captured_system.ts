/**
 * A process around the command line that exists in memory only.
 *
 * @module
 */

import type { System } from "../../client/cli/system.ts";
import { runCli } from "../../client/cli/main.ts";
import { decodeLatin1 } from "../../server/resp/args.ts";

/** What a run of the command line left behind; output as text of one-byte characters. */
export interface Captured {
  code: number;
  out: string;
  err: string;
}

/** How the surroundings look. */
export interface Surroundings {
  input?: string | Uint8Array;
  outIsTerminal?: boolean;
  env?: Record<string, string>;
}

/** A system that gathers what is written to it. */
export class CapturedSystem implements System {
  readonly inIsTerminal = false;
  readonly outIsTerminal: boolean;
  output = "";
  errors = "";
  readonly #input: Uint8Array;
  readonly #env: Record<string, string>;

  constructor({ input = "", outIsTerminal = false, env = {} }: Surroundings = {}) {
    this.#input = typeof input === "string" ? new TextEncoder().encode(input) : input;
    this.#env = env;
    this.outIsTerminal = outIsTerminal;
  }

  input(): ReadableStream<Uint8Array> {
    return ReadableStream.from([this.#input]);
  }
  out(bytes: Uint8Array): void {
    this.output += decodeLatin1(bytes);
  }
  err(line: string): void {
    this.errors += `${line}\n`;
  }
  env(name: string): string | undefined {
    return this.#env[name];
  }
  askSecret(): string | undefined {
    return undefined;
  }
}

/** Runs the command line to its end. */
export async function capture(
  words: readonly string[],
  surroundings?: Surroundings,
): Promise<Captured> {
  const system = new CapturedSystem(surroundings);
  const code = await runCli(words, system);
  return { code, out: system.output, err: system.errors };
}
