/**
 * A server that says what a test tells it to, for behaviour that no real server shows on demand.
 *
 * @module
 */

import { decodeLatin1, encodeLatin1 } from "../../server/resp/args.ts";

/** Takes one connection. */
export class ScriptedServer implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  #conn: Deno.Conn | undefined;

  /** Where it listens. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Waits for the client. */
  async accept(): Promise<void> {
    this.#conn = await this.#listener.accept();
  }

  /** The bytes of the next read, which hold everything that the client sent in one write. */
  async read(): Promise<string> {
    const buf = new Uint8Array(65536);
    const count = await this.#conn!.read(buf);
    return count === null ? "" : decodeLatin1(buf.subarray(0, count));
  }

  /** Sends bytes, given as text of one-byte characters. */
  async write(text: string): Promise<void> {
    const bytes = encodeLatin1(text);
    for (let at = 0; at < bytes.length;) at += await this.#conn!.write(bytes.subarray(at));
  }

  /** Hangs up. */
  hangUp(): void {
    this.#conn?.close();
    this.#conn = undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.hangUp();
    this.#listener.close();
    return Promise.resolve();
  }
}

/** A request as it goes over the wire. */
export function request(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}
