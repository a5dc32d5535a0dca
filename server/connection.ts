/**
 * What a session needs of its connection: a way out for replies, a way in for requests, and the names of both ends.
 * Which kind it is, and whose sockets it has, {@link ./listener.ts} decides.
 *
 * @module
 */

import type { Output } from "./output.ts";
import type { ByteSource } from "./request_stream.ts";
import type { Receiver } from "./sockets/polled_socket.ts";

/** How long a client that has ended its requests may take to read the last replies, in ms. */
const FAREWELL_MS = 1000;

/** Where replies go, and what ends with a session. */
interface Outward {
  /** Takes the beginning of `bytes`, and answers how many: at once, if it can. */
  write(bytes: Uint8Array): number | Promise<number>;
  close(): void;
}

/** A connection that its session reads, such as Deno's. */
export interface ReadConnection extends Outward, ByteSource {}

/** A connection that has its turns with all others, such as a polled one. */
export interface TurnConnection extends Outward {
  deliver(receiver: Receiver): Promise<void>;
}

/** What a session needs of its connection. */
export type Connection = ReadConnection | TurnConnection;

/** Where a connection comes from and goes to, as CLIENT LIST shows it. */
export interface Endpoints {
  readonly remote: string;
  readonly local: string;
  /** The other side is this machine. */
  readonly isLocal: boolean;
  readonly isUnix: boolean;
}

/** Whether the other side has ended a connection before it was accepted, as some health checks do. */
export function isPeerGone(error: unknown): boolean {
  const { NotConnected, ConnectionAborted, ConnectionReset } = Deno.errors;
  return error instanceof NotConnected || error instanceof ConnectionAborted ||
    error instanceof ConnectionReset;
}

/** Whether an error of a connection only says that it has ended. */
export function isDisconnection(error: unknown): boolean {
  return isPeerGone(error) || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.TimedOut || error instanceof Deno.errors.UnexpectedEof;
}

/** The client has ended its requests: lets the last replies reach it. */
export async function farewell(output: Output): Promise<void> {
  if (output.pending === 0) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<void>((resolve) => timer = setTimeout(resolve, FAREWELL_MS));
  await Promise.race([output.drained(), patience]);
  clearTimeout(timer);
}
