/**
 * A line between two servers that a test can cut: a TCP proxy.
 *
 * @module
 */

/** Forwards connections to a port of this machine. */
export class CuttingProxy implements AsyncDisposable {
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #target: () => number;
  readonly #pairs = new Set<readonly [Deno.TcpConn, Deno.TcpConn]>();
  readonly #work = new Set<Promise<void>>();
  /** Whether new connections are closed at once. */
  isBroken = false;
  /** How many bytes have come from the target. */
  bytes = 0;
  /** Cuts when so many bytes have come, in the middle of whatever it is. */
  cutAt = Infinity;

  /** @param target the port that new connections go to */
  constructor(target: () => number) {
    this.#target = target;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#track(this.#accept());
  }

  #track(work: Promise<void>): void {
    this.#work.add(work);
    work.finally(() => this.#work.delete(work));
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) {
      if (this.isBroken) near.close();
      else this.#track(this.#join(near));
    }
  }

  async #join(near: Deno.TcpConn): Promise<void> {
    let far: Deno.TcpConn;
    try {
      far = await Deno.connect({ hostname: "127.0.0.1", port: this.#target() });
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      return near.close();
    }
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    await Promise.all([this.#forward(near, far), this.#forward(far, near, true)]);
    this.#close(pair);
  }

  async #forward(from: Deno.TcpConn, to: Deno.TcpConn, counts = false): Promise<void> {
    const chunk = new Uint8Array(16 * 1024);
    try {
      for (;;) {
        const length = await from.read(chunk);
        if (length === null) break;
        let part = chunk.subarray(0, length);
        if (counts) {
          part = part.subarray(0, this.cutAt - this.bytes);
          this.bytes += length;
        }
        for (let at = 0; at < part.length;) at += await to.write(part.subarray(at));
        if (counts && this.bytes >= this.cutAt) {
          this.cutAt = Infinity;
          break;
        }
      }
    } catch (error) {
      if (!isCut(error)) throw error;
    }
    for (const pair of this.#pairs) if (pair.includes(from)) this.#close(pair);
  }

  #close(pair: readonly [Deno.TcpConn, Deno.TcpConn]): void {
    if (!this.#pairs.delete(pair)) return;
    for (const socket of pair) socket.close();
  }

  /** Cuts all connections. */
  cut(): void {
    for (const pair of [...this.#pairs]) this.#close(pair);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.cut();
    await Promise.all(this.#work);
  }
}

function isCut(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted || error instanceof Deno.errors.ConnectionAborted;
}
