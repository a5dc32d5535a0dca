/**
 * Fairness between connections: a way to wait until the event loop has looked at all sockets.
 *
 * A client that sends faster than it is served finds every one of its reads answered at once. Deno's loop asks the
 * operating system for news of other sockets only when it has nothing else to do, or every 61 turns, so such a client
 * would hold all others up: a PING beside it took 2.4 s. A timer of 0 ms makes the loop look, but costs 2 ms;
 * setImmediate is just another turn (100 ms). What works is to wait for a socket: a byte sent to ourselves over
 * loopback comes back when, and only when, the loop has looked, after 15 µs.
 *
 * @module
 */

const BYTE = new Uint8Array(1);

/** Lets one server's flooding clients wait for the others. */
export class Fairness {
  #pair: Promise<[near: Deno.Conn, far: Deno.Conn]> | undefined;
  #turn: Promise<void> | undefined;
  readonly #byte = new Uint8Array(1);
  #closed = false;

  /** Ends when the event loop has looked at all sockets once; whoever asks meanwhile shares the wait. */
  othersFirst(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return this.#turn ??= this.#wait();
  }

  async #wait(): Promise<void> {
    try {
      const [near, far] = await (this.#pair ??= connectedPair());
      // Awaited together: when the server closes meanwhile, both fail.
      await Promise.all([near.read(this.#byte), far.write(BYTE)]);
    } catch (error) {
      // The sockets go when the server closes; the wait is over then, too.
      if (!this.#closed) throw error;
    } finally {
      this.#turn = undefined;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#pair === undefined) return;
    for (const end of await this.#pair) end.close();
    await this.#turn;
  }
}

/** Two ends of a connection within this process. */
async function connectedPair(): Promise<[Deno.Conn, Deno.Conn]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const near = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  for (;;) {
    const far = await listener.accept();
    // Whoever else has found the port in that instant is not meant.
    if (samePort(far.remoteAddr, near.localAddr)) {
      near.setNoDelay(true);
      far.setNoDelay(true);
      return [near, far];
    }
    far.close();
  }
}

function samePort(a: Deno.NetAddr, b: Deno.NetAddr): boolean {
  return a.port === b.port && a.hostname === b.hostname;
}
