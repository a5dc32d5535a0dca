/**
 * Opens the server's sockets and hands each connection to a session.
 *
 * @module
 */

import { type Connection, type Endpoints, isPeerGone } from "./connection.ts";
import type { Server } from "./server.ts";
import type { SocketPoller } from "./sockets/poller.ts";

/** An address that the server listens on. */
export interface ListenAddress {
  readonly hostname: string;
  readonly port: number;
}

const DENIED = "-DENIED coolcache runs in protected mode: no password is set, so only " +
  "connections from this machine are accepted. To accept others set a password (requirepass) or " +
  "turn protected-mode off.\r\n";
const TOO_MANY = "-ERR max number of clients reached\r\n";

const encoder = new TextEncoder();

/** The listening sockets of one server. */
export class Listeners {
  readonly #server: Server;
  readonly #open: Deno.Listener[] = [];
  /** Those of {@link #open} that {@link #addresses} are of. */
  #tcp: Deno.TcpListener[] = [];
  #hosts: readonly string[] = [];
  readonly #loops: Promise<void>[] = [];
  #addresses: ListenAddress[] = [];
  #unixPath: string | undefined;

  readonly #poller: SocketPoller | undefined;

  /** With a poller TCP connections are read and written by it where that is possible. */
  constructor(server: Server, poller?: SocketPoller) {
    this.#server = server;
    this.#poller = poller;
  }

  /** The TCP addresses listened on, with their real ports. */
  get addresses(): readonly ListenAddress[] {
    return this.#addresses;
  }

  /** The path of the Unix socket listened on. */
  get unixPath(): string | undefined {
    return this.#unixPath;
  }

  /**
   * Listens on a port of each of `hosts`, written as in the `bind` directive: `*` and `::*` are all addresses, a
   * leading `-` means that the address may be missing.
   *
   * @throws {Error} when an address that may not be missing cannot be had
   */
  listenTcp(hosts: readonly string[], port: number): void {
    this.#hosts = hosts;
    const names = hosts.map((host) => host.replace(/^-/, ""));
    // A socket on :: serves IPv4 too, and would collide with one on 0.0.0.0.
    const both = names.includes("*") && names.includes("::*");
    for (const [i, name] of names.entries()) {
      if (both && name === "*" && this.#tryTcp("::", port, true)) continue;
      if (both && name === "::*") continue;
      const hostname = name === "*" ? "0.0.0.0" : name === "::*" ? "::" : name;
      // With port 0 the first address chooses, the others follow.
      const chosen = port === 0 ? this.#addresses[0]?.port ?? 0 : port;
      this.#tryTcp(hostname, chosen, hosts[i].startsWith("-"));
    }
    if (this.#addresses.length === 0) {
      throw new Error(`Cannot listen on port ${port}: none of the bind addresses is available`);
    }
  }

  #tryTcp(hostname: string, port: number, mayFail: boolean): boolean {
    let listener: Deno.TcpListener;
    try {
      listener = Deno.listen({ hostname, port, tcpBacklog: this.#server.config.values.tcpBacklog });
    } catch (error) {
      if (error instanceof Deno.errors.AddrInUse) {
        throw new Error(`Cannot listen on ${hostname}:${port}: the address is in use`);
      }
      if (mayFail) return false;
      throw new Error(`Cannot listen on ${hostname}:${port}: ${error}`);
    }
    this.#open.push(listener);
    this.#tcp.push(listener);
    this.#addresses.push({ hostname, port: listener.addr.port });
    this.#loops.push(this.#accept(listener, (connection) => this.#welcomeTcp(connection)));
    return true;
  }

  /**
   * Listens on another port of the same addresses, and no longer on the one before; 0 for none. Where nothing was
   * listened on so far it is `hosts` that are.
   *
   * @throws {Error} when an address cannot be had; everything stays as it was then
   */
  moveTcp(hosts: readonly string[], port: number): void {
    if (port === (this.#addresses[0]?.port ?? 0)) return;
    const before = { addresses: this.#addresses, tcp: this.#tcp };
    this.#addresses = [];
    this.#tcp = [];
    try {
      if (port !== 0) this.listenTcp(before.tcp.length > 0 ? this.#hosts : hosts, port);
    } catch (error) {
      this.#closeTcp(this.#tcp);
      this.#addresses = before.addresses;
      this.#tcp = before.tcp;
      throw error;
    }
    this.#closeTcp(before.tcp);
  }

  #closeTcp(listeners: readonly Deno.TcpListener[]): void {
    for (const listener of listeners) {
      listener.close();
      this.#open.splice(this.#open.indexOf(listener), 1);
    }
  }

  /** Listens on a Unix socket; a stale socket file of that name is replaced. */
  listenUnix(path: string, permissions: number): void {
    removeSocketFile(path);
    const listener = Deno.listen({ transport: "unix", path });
    if (permissions !== 0) Deno.chmodSync(path, permissions);
    this.#unixPath = path;
    this.#open.push(listener);
    this.#loops.push(this.#accept(listener, (connection) => {
      this.#welcome(connection, {
        remote: `${path}:0`,
        local: `${path}:0`,
        isLocal: true,
        isUnix: true,
      });
    }));
  }

  async #accept<C extends Deno.Conn>(
    listener: { accept(): Promise<C> },
    welcome: (connection: C) => void,
  ): Promise<void> {
    for (;;) {
      let connection: C;
      try {
        connection = await listener.accept();
      } catch (error) {
        if (isListenerClosed(error)) return;
        if (isPeerGone(error)) {
          this.#server.log("verbose", `A connection ended before it began: ${error}`);
          continue;
        }
        // Out of file descriptors: later there may be some.
        this.#server.log("warning", `A connection could not be accepted: ${error}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
        continue;
      }
      welcome(connection);
    }
  }

  #welcomeTcp(connection: Deno.TcpConn): void {
    const remote = connection.remoteAddr;
    const local = connection.localAddr;
    const hostname = plainAddress(remote.hostname);
    const isLocal = isLoopback(hostname);
    try {
      connection.setNoDelay(true);
      if (this.#server.config.values.tcpKeepalive > 0) connection.setKeepAlive(true);
    } catch (error) {
      this.#server.log("verbose", `A connection ended before it began: ${error}`);
      connection.close();
      return;
    }
    if (!isLocal && this.#isProtected()) {
      this.#turnAway(connection, DENIED);
      return;
    }
    this.#welcome(this.#poller?.adopt(connection) ?? connection, {
      remote: formatAddress(hostname, remote.port),
      local: formatAddress(plainAddress(local.hostname), local.port),
      isLocal,
      isUnix: false,
    });
  }

  #isProtected(): boolean {
    const { acl, config } = this.#server;
    return config.values.protectedMode && acl.defaultUser.needsNoPassword;
  }

  #welcome(connection: Connection, endpoints: Endpoints): void {
    const server = this.#server;
    server.keyspace.setTime(server.readClock());
    if (server.clients.count >= server.config.values.maxclients) {
      server.stats.rejectedConnections++;
      this.#turnAway(connection, TOO_MANY);
      return;
    }
    server.stats.connections++;
    const session = server.clients.add(connection, endpoints);
    this.#track(session.serve());
  }

  /** Says why a connection is not wanted, and closes it. */
  #turnAway(connection: Connection, reason: string): void {
    Promise.resolve(connection.write(encoder.encode(reason))).then(
      () => connection.close(),
      () => connection.close(),
    );
  }

  /** Remembers what must have ended before {@link close} has. */
  #track(work: Promise<void>): void {
    this.#active.add(work);
    work.finally(() => this.#active.delete(work));
  }
  readonly #active = new Set<Promise<void>>();

  /** Accepts nobody any more. */
  async stop(): Promise<void> {
    for (const listener of this.#open) listener.close();
    this.#open.length = 0;
    if (this.#unixPath !== undefined) removeSocketFile(this.#unixPath);
    // As long as somebody waits for a connection the socket stays open.
    await Promise.all(this.#loops);
  }

  /** Ends when the accept loops and all sessions have ended; {@link stop} and closed clients come first. */
  async ended(): Promise<void> {
    await Promise.all([...this.#loops, ...this.#active]);
    await this.#poller?.close();
  }
}

function isListenerClosed(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted;
}

function removeSocketFile(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** An IPv4 address without the prefix that a socket for both families shows. */
export function plainAddress(hostname: string): string {
  return hostname.startsWith("::ffff:") ? hostname.slice("::ffff:".length) : hostname;
}

function isLoopback(hostname: string): boolean {
  return hostname === "::1" || hostname.startsWith("127.");
}

function formatAddress(hostname: string, port: number): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
