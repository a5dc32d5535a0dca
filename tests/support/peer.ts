/**
 * Servers in processes of their own, for tests and benchmarks that need the real thing.
 *
 *     await using redis = await startRedis();
 *     await using coolcache = await startCoolcache(["--maxmemory", "10mb"]);
 *     using connection = await coolcache.connect();
 *
 * A peer listens on a free loopback port and works in an empty temporary folder, so what it saves
 * goes there. When the scope is left it is ended by its process id and its folder removed.
 *
 * @module
 */

import { freePort } from "./free_port.ts";
import { ConnectionClosed, RawConnection, type RawConnectionOptions } from "./raw_connection.ts";
import { pause } from "./wait.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** The version of the redis-server that is installed, or `undefined`. */
export const redisServerVersion: string | undefined = readRedisServerVersion();

/** Whether redis-server is installed: `Deno.test({ ignore: !hasRedisServer, … })`. */
export const hasRedisServer: boolean = redisServerVersion !== undefined;

/** How to start a server whose command line is known. */
export interface PeerOptions {
  /** What to call it in messages. */
  name: string;
  /** The command and its arguments; `{port}` stands for the port in each of them. */
  command: readonly string[];
  /** Further arguments. */
  args?: readonly string[];
  /** Open files the process may have; the system's default if absent. */
  openFiles?: number;
  /** Milliseconds until the first reply must be there; 20000 if absent. */
  timeout?: number;
  /** Milliseconds between two attempts to get the first reply; 10 if absent. */
  interval?: number;
}

/** A server process that answers on a loopback port. */
export class Peer implements AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** Milliseconds from starting the process to its first +PONG. */
  readonly startMilliseconds: number;
  /** The temporary folder that the server works in. */
  readonly directory: string;
  #process: Deno.ChildProcess;
  #ended = false;

  /** Use `startPeer`. */
  constructor(process: Deno.ChildProcess, about: {
    name: string;
    port: number;
    directory: string;
    startMilliseconds: number;
  }) {
    this.#process = process;
    this.pid = process.pid;
    this.name = about.name;
    this.port = about.port;
    this.directory = about.directory;
    this.startMilliseconds = about.startMilliseconds;
  }

  /** Opens a connection to it. */
  connect(options: Omit<RawConnectionOptions, "port" | "hostname"> = {}): Promise<RawConnection> {
    return RawConnection.connect({ ...options, port: this.port });
  }

  /** What the server has written to its standard output and error so far. */
  log(): string {
    return Deno.readTextFileSync(logOf(this.directory));
  }

  /** How the process ended, once it has ended by itself. */
  get status(): Promise<Deno.CommandStatus> {
    return this.#process.status;
  }

  /** Ends the process with a signal and returns how it ended; a second call does nothing. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<Deno.CommandStatus> {
    if (!this.#ended) {
      this.#ended = true;
      await endProcess(this.#process, signal);
      Deno.removeSync(this.directory, { recursive: true });
    }
    return await this.#process.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/**
 * Starts Debian's redis-server without persistence. Directives follow as `--name value`; DEBUG, for
 * one, needs `["--enable-debug-command", "local"]`.
 */
export function startRedis(args: readonly string[] = []): Promise<Peer> {
  return startPeer({
    name: `redis-server ${redisServerVersion ?? ""}`.trim(),
    command: ["redis-server", "--port", "{port}", "--save", "", "--appendonly", "no"],
    args,
  });
}

/** Starts coolcache from source, with the Deno that runs this, without persistence. */
export function startCoolcache(args: readonly string[] = []): Promise<Peer> {
  return startPeer({ name: "coolcache", command: coolcacheCommand(), args });
}

/** The command line that runs coolcache from source on `{port}`. */
export function coolcacheCommand(): string[] {
  return [Deno.execPath(), "run", "-A", `${ROOT}main.ts`, "--port", "{port}", "--save", ""];
}

/**
 * Starts a server on a free port and resolves when it answers PING (or asks for a password); throws, with what the server
 * wrote, if it ends or stays silent. A port that somebody else took meanwhile is tried anew.
 */
export async function startPeer(options: PeerOptions): Promise<Peer> {
  for (let attempt = 1;; attempt++) {
    const port = freePort();
    const directory = Deno.makeTempDirSync({ prefix: "coolcache-peer-" });
    const started = performance.now();
    const process = spawn(options, { port, directory });
    const failure = await firstPong(process, port, options);
    if (failure === undefined) {
      const startMilliseconds = performance.now() - started;
      return new Peer(process, { name: options.name, port, directory, startMilliseconds });
    }

    await endProcess(process, "SIGKILL");
    const log = Deno.readTextFileSync(logOf(directory));
    Deno.removeSync(directory, { recursive: true });
    if (attempt < 3 && /in use/i.test(log)) continue;
    throw new Error(`Cannot start ${options.name}: ${failure}; it wrote:\n${log.slice(-2000)}`);
  }
}

function spawn(
  { command, args = [], openFiles }: PeerOptions,
  { port, directory }: { port: number; directory: string },
): Deno.ChildProcess {
  const words = [...command, ...args].map((word) => word.replaceAll("{port}", String(port)));
  // The shell redirects into a file, which nobody has to read while the server runs, and `exec`
  // leaves the server with the shell's process id.
  const limit = openFiles === undefined ? "" : `ulimit -n ${openFiles} && `;
  return new Deno.Command("sh", {
    args: ["-c", `${limit}exec "$@" > "$0" 2>&1`, logOf(directory), ...words],
    cwd: directory,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

/** Resolves with `undefined` at the first +PONG, or with the reason why there is none. */
async function firstPong(
  process: Deno.ChildProcess,
  port: number,
  { timeout = 20_000, interval = 10 }: PeerOptions,
): Promise<string | undefined> {
  let ended: Deno.CommandStatus | undefined;
  const watch = process.status.then((status) => ended = status);
  const deadline = performance.now() + timeout;
  while (performance.now() < deadline) {
    if (ended) return `it ended with code ${ended.code}`;
    if (await answersPing(port)) {
      // Another server may have taken the port first; then ours has failed to bind and ends.
      await Promise.race([watch, pause(0)]);
      return ended ? `it ended with code ${(await process.status).code}` : undefined;
    }
    await pause(interval);
  }
  return `no +PONG within ${timeout} ms`;
}

async function answersPing(port: number): Promise<boolean> {
  try {
    using connection = await RawConnection.connect({ port, timeout: 2000 });
    const reply = await connection.line("PING");
    return reply === "+PONG" || reply.startsWith("-NOAUTH");
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    if (error instanceof ConnectionClosed) return false;
    throw error;
  }
}

/** Sends a signal and, if the process does not heed it within five seconds, SIGKILL. */
async function endProcess(process: Deno.ChildProcess, signal: Deno.Signal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), 5000);
  });
  kill(process, signal);
  if (await Promise.race([process.status, patience]) === "late") kill(process, "SIGKILL");
  await process.status;
  clearTimeout(timer);
}

function kill(process: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    process.kill(signal);
  } catch (error) {
    // A process that has ended on its own needs no signal.
    if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function logOf(directory: string): string {
  return `${directory}/peer.log`;
}

function readRedisServerVersion(): string | undefined {
  try {
    const { stdout } = new Deno.Command("redis-server", { args: ["--version"] }).outputSync();
    return /\bv=(\S+)/.exec(new TextDecoder().decode(stdout))?.[1];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
