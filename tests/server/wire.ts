/**
 * What the wire tests share: a server in this process, and a socket on which every byte counts.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { decodeLatin1, encodeLatin1 } from "../../server/resp/args.ts";
import { CoolCache } from "../../server/coolcache.ts";
import { ConnectionClosed } from "../support/raw_connection.ts";
import { waitFor } from "../support/wait.ts";

/** How long a reply may take before a test fails, in ms. */
const PATIENCE = 10_000;

/** Whether {@link startServer} has its server poll its sockets. */
let pollSockets = false;

/** Starts a server on a free port of 127.0.0.1, configured by directives. */
export function startServer(directives: Readonly<Record<string, string>> = {}): Promise<CoolCache> {
  return CoolCache.start({ port: 0, hostname: "127.0.0.1", directives, pollSockets });
}

/** A test of what clients see: with Deno's connections, and with sockets that the server polls itself. */
export function wireTest(name: string, fn: () => void | Promise<void>): void {
  for (const polls of [false, true]) {
    Deno.test(polls ? `${name} (polled)` : name, async () => {
      pollSockets = polls;
      await fn();
    });
  }
}

/** Waits until the server has noticed that its clients are gone. */
export async function allGone(instance: CoolCache): Promise<void> {
  await waitFor(() => instance.server.clients.count === 0, { what: "all clients to be gone" });
}

/** A socket that sends bytes and expects bytes. Texts are of one-byte characters. */
export class Wire implements Disposable {
  readonly #socket: Deno.Conn;
  #received: Uint8Array = new Uint8Array(0);
  #open = true;

  constructor(socket: Deno.Conn) {
    this.#socket = socket;
  }

  /** Connects to a server in this process. */
  static async connect(instance: CoolCache, hostname = "127.0.0.1"): Promise<Wire> {
    const socket = await Deno.connect({ hostname, port: instance.port });
    socket.setNoDelay(true);
    return new Wire(socket);
  }

  /** Sends all bytes. */
  async send(bytes: string | Uint8Array): Promise<void> {
    const source = typeof bytes === "string" ? encodeLatin1(bytes) : bytes;
    for (let at = 0; at < source.length;) at += await this.#socket.write(source.subarray(at));
  }

  /** Sends all bytes as far as the server takes them before it closes the connection. */
  async sendUntilClosed(bytes: string | Uint8Array): Promise<void> {
    try {
      await this.send(bytes);
    } catch (error) {
      if (!isClosed(error)) throw error;
    }
  }

  /** Demands that exactly these bytes come next. */
  async expect(bytes: string): Promise<void> {
    while (this.#received.length < bytes.length) {
      if (!await this.#read()) {
        const got = decodeLatin1(this.#received);
        throw new ConnectionClosed(`The server closed the connection after ${JSON.stringify(got)}`);
      }
    }
    assertEquals(decodeLatin1(this.#received.subarray(0, bytes.length)), bytes);
    this.#received = this.#received.subarray(bytes.length);
  }

  /** The next line, without its end. */
  async line(): Promise<string> {
    for (;;) {
      const text = decodeLatin1(this.#received);
      const end = text.indexOf("\r\n");
      if (end >= 0) {
        this.#received = this.#received.subarray(end + 2);
        return text.slice(0, end);
      }
      if (!await this.#read()) {
        throw new ConnectionClosed(
          `The server closed the connection after ${JSON.stringify(text)}`,
        );
      }
    }
  }

  /** Sends a request and demands this reply. */
  async ask(request: string | Uint8Array, reply: string): Promise<void> {
    await this.send(request);
    await this.expect(reply);
  }

  /** Reads `count` bytes and forgets them. */
  async skip(count: number): Promise<void> {
    let missing = count - this.#received.length;
    this.#received = this.#received.subarray(Math.min(count, this.#received.length));
    const chunk = new Uint8Array(1024 * 1024);
    while (missing > 0) {
      const length = await this.#withDeadline(this.#socket.read(chunk.subarray(0, missing)));
      if (length === null) throw new ConnectionClosed("The server closed the connection");
      missing -= length;
    }
  }

  /** Everything until the server closes the connection. */
  async rest(): Promise<string> {
    while (await this.#read());
    const rest = decodeLatin1(this.#received);
    this.#received = new Uint8Array(0);
    return rest;
  }

  /** Says that no more requests will come; replies can still be read. */
  async endRequests(): Promise<void> {
    if (!("closeWrite" in this.#socket)) throw new Error("This socket has no halves");
    await this.#socket.closeWrite();
  }

  /** The same, of a connection that the server may have closed. */
  async endRequestsUntilClosed(): Promise<void> {
    try {
      await this.endRequests();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotConnected) && !isClosed(error)) throw error;
    }
  }

  async #read(): Promise<boolean> {
    const chunk = new Uint8Array(64 * 1024);
    try {
      const length = await this.#withDeadline(this.#socket.read(chunk));
      if (length === null) return false;
      this.#received = concat([this.#received, chunk.subarray(0, length)]);
      return true;
    } catch (error) {
      if (isClosed(error)) return false;
      throw error;
    }
  }

  /** Fails a test that would otherwise hang. */
  async #withDeadline<T>(work: Promise<T>): Promise<T> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.close();
    }, PATIENCE);
    try {
      return await work;
    } catch (error) {
      if (!late) throw error;
      const got = decodeLatin1(this.#received.subarray(0, 200));
      throw new Error(`No reply within ${PATIENCE} ms; came so far: ${JSON.stringify(got)}`);
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function isClosed(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe;
}
