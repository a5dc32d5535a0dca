/**
 * Where the shell's lines come from: a pipe here, a person at ./terminal_lines.ts.
 *
 * @module
 */

const LF = 10;
const CR = 13;

/** A source of lines. */
export interface LineSource extends Disposable {
  /** Called at Ctrl-C, unless a line is being waited for (then the lines end); undefined ends the program. */
  onInterrupt: (() => void) | undefined;
  /** The next line, after showing the prompt where somebody sees it; undefined at the end. */
  next(prompt: string): Promise<string | Uint8Array | undefined>;
  /** Prints something without garbling the line being typed. */
  aside(print: () => void): void;
  /** Wipes the screen. */
  clear(): void;
}

/** Lines of a pipe, as bytes; there is no prompt. */
export class PipedLines implements LineSource {
  onInterrupt: (() => void) | undefined;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);
  #ended = false;

  constructor(input: ReadableStream<Uint8Array>) {
    this.#reader = input.getReader();
  }

  async next(): Promise<Uint8Array | undefined> {
    const parts: Uint8Array[] = [];
    for (;;) {
      const end = this.#rest.indexOf(LF);
      if (end >= 0) {
        parts.push(this.#rest.subarray(0, end));
        this.#rest = this.#rest.subarray(end + 1);
        return line(parts);
      }
      parts.push(this.#rest);
      this.#rest = new Uint8Array(0);
      if (!this.#ended) {
        const { value, done } = await this.#reader.read();
        if (!done) {
          this.#rest = value;
          continue;
        }
        this.#ended = true;
      }
      const last = line(parts);
      return last.length > 0 ? last : undefined;
    }
  }

  aside(print: () => void): void {
    print();
  }

  clear(): void {}

  [Symbol.dispose](): void {
    this.#reader.releaseLock();
  }
}

function line(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole.at(-1) === CR ? whole.subarray(0, -1) : whole;
}
