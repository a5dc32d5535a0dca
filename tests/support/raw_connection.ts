/**
 * A connection that sends commands and hands back the bytes of the replies, undecoded.
 *
 * One command, one reply: pushes (RESP3's out-of-band messages) are set aside in `pushes`, except
 * for the commands whose reply is a push. Every read has a deadline, so that a server that hangs
 * makes a test fail instead of hanging it.
 *
 * @module
 */

import { concat } from "@std/bytes/concat";
import { ReplySplitter, showBytes } from "./reply_bytes.ts";

/** The arguments of a command, its name first. */
export type Command = readonly (string | Uint8Array)[];

/** Thrown by a read when the server has closed the connection. */
export class ConnectionClosed extends Error {
  override name = "ConnectionClosed";
}

/** Where to connect to and how. */
export interface RawConnectionOptions {
  hostname?: string;
  port: number;
  /** 3 says HELLO 3 first. */
  protocol?: 2 | 3;
  /** Milliseconds that one reply may take; 5000 if absent. */
  timeout?: number;
}

const SUBSCRIPTION = /^[PS]?(UN)?SUBSCRIBE$/i;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A client that knows of RESP only where a reply ends. */
export class RawConnection implements Disposable {
  /** Pushes that came while waiting for replies, oldest first. */
  readonly pushes: Uint8Array[] = [];

  #socket: Deno.TcpConn;
  #splitter = new ReplySplitter();
  #chunk = new Uint8Array(64 * 1024);
  #timeout: number;
  #open = true;

  private constructor(socket: Deno.TcpConn, timeout: number) {
    this.#socket = socket;
    this.#timeout = timeout;
  }

  /** Connects; throws what `Deno.connect` throws when nobody listens. */
  static async connect(options: RawConnectionOptions): Promise<RawConnection> {
    const { hostname = "127.0.0.1", port, protocol = 2, timeout = 5000 } = options;
    const socket = await Deno.connect({ hostname, port });
    socket.setNoDelay(true);
    const connection = new RawConnection(socket, timeout);
    if (protocol === 3) {
      try {
        const reply = await connection.send(["HELLO", "3"]);
        if (reply[0] === 0x2d) throw new Error(`HELLO 3 was refused: ${showBytes(reply)}`);
      } catch (error) {
        connection.close();
        throw error;
      }
    }
    return connection;
  }

  /**
   * Sends a command and returns the bytes of its reply. A subscription of several channels has
   * several replies, which come back as one.
   */
  async send(command: Command): Promise<Uint8Array<ArrayBuffer>> {
    await this.write(encodeCommand(command));
    const name = asText(command[0]);
    if (!SUBSCRIPTION.test(name)) return await this.read();

    const replies: Uint8Array<ArrayBuffer>[] = [];
    for (let i = 0; i < Math.max(1, command.length - 1); i++) {
      replies.push(await this.read({ push: true }));
    }
    return concat(replies);
  }

  /** Sends a command whose reply fits a line, and returns that line as text without its CRLF. */
  async line(...command: string[]): Promise<string> {
    return decoder.decode(await this.send(command)).trimEnd();
  }

  /** Sends a command and returns its reply as text; of a bulk, only the body. */
  async text(...command: string[]): Promise<string> {
    const reply = decoder.decode(await this.send(command));
    const body = /^[$=]\d+\r\n([^]*)\r\n$/.exec(reply);
    return body ? body[1] : reply.trimEnd();
  }

  /** Writes bytes as they are: half a request, several, or rubbish. */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let sent = 0; sent < bytes.length;) {
        sent += await this.#socket.write(bytes.subarray(sent));
      }
    } catch (error) {
      throw asClosed(error);
    }
  }

  /** The bytes of the next reply; with `push`, a push counts as one. */
  async read({ push = false } = {}): Promise<Uint8Array<ArrayBuffer>> {
    while (true) {
      const reply = this.#splitter.take();
      if (reply === undefined) {
        await this.#fill();
      } else if (reply[0] === 0x3e && !push) {
        this.pushes.push(reply);
      } else {
        return reply;
      }
    }
  }

  /** Closes the connection; a second call does nothing. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #fill(): Promise<void> {
    let late = false;
    // Only closing the socket ends a read that waits.
    const timer = setTimeout(() => {
      late = true;
      this.close();
    }, this.#timeout);
    try {
      const length = await this.#socket.read(this.#chunk);
      if (length === null) throw new ConnectionClosed("The server closed the connection");
      this.#splitter.push(this.#chunk.subarray(0, length));
    } catch (error) {
      if (!late) throw asClosed(error);
      const got = showBytes(this.#splitter.pending.subarray(0, 200));
      throw new Error(`No whole reply within ${this.#timeout} ms; came so far: "${got}"`);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A command as RESP: an array of bulk strings. */
export function encodeCommand(command: Command): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [encoder.encode(`*${command.length}\r\n`)];
  for (const argument of command) {
    const bytes = typeof argument === "string" ? encoder.encode(argument) : argument;
    parts.push(encoder.encode(`$${bytes.length}\r\n`), bytes, encoder.encode("\r\n"));
  }
  return concat(parts);
}

/** An error of the socket that means "the other side is gone", as such; any other as it is. */
function asClosed(error: unknown): unknown {
  const gone = error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.BadResource;
  return gone ? new ConnectionClosed("The server closed the connection") : error;
}

function asText(argument: string | Uint8Array): string {
  return typeof argument === "string" ? argument : decoder.decode(argument);
}
