/**
 * A TCP port of the loopback interface that nobody listens on.
 *
 * The port is free when this returns, not for ever: whoever starts a server on it must be ready to
 * try another one (see `startPeer`).
 *
 * @module
 */

/** Asks the system for a free port; the listener that held it is closed before this returns. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
