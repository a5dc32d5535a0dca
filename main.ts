/**
 * coolcache: reads flags and configuration, starts one server, and ends it cleanly on a signal.
 *
 * @module
 */

import "./server/modules.ts";
import { Config, type StartUp } from "./server/config/config.ts";
import { ConfigFileError } from "./server/config/errors.ts";
import { wantedInformation } from "./server/config/loader.ts";
import { CoolCache } from "./server/coolcache.ts";
import { USAGE, VERSION_LINE } from "./server/version.ts";
import {
  discardPages,
  mapChunksSeparately,
  trimSystemHeap,
} from "./storage/memory/system_allocator.ts";

const encoder = new TextEncoder();

function writeLine(line: string): void {
  Deno.stdout.writeSync(encoder.encode(line));
}

/** Reads the configuration, or says what is wrong with it and ends the process. */
function readConfig(args: readonly string[]): StartUp {
  try {
    return Config.fromArgs(args);
  } catch (error) {
    if (!(error instanceof ConfigFileError)) throw error;
    fail(error.message);
  }
}

function fail(message: string): never {
  Deno.stderr.writeSync(encoder.encode(`\n${message}\n`));
  Deno.exit(1);
}

const ENDING_SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Ends an instance when the process is told to. */
class Signals {
  readonly #listeners = new Map<Deno.Signal, () => void>();

  follow(instance: CoolCache): void {
    for (const signal of ENDING_SIGNALS) {
      const listener = () => end(instance, signal);
      this.#listeners.set(signal, listener);
      Deno.addSignalListener(signal, listener);
    }
  }

  close(): void {
    for (const [signal, listener] of this.#listeners) Deno.removeSignalListener(signal, listener);
  }
}

/** Ends an instance as the directive for a signal says; a second SIGINT ends the process at once. */
function end({ server }: CoolCache, signal: typeof ENDING_SIGNALS[number]): void {
  if (signal === "SIGINT" && server.shutdowns.isPending) {
    server.log("warning", "You insist... exiting now.");
    Deno.exit(1);
  }
  server.log("warning", `Received ${signal}, scheduling shutdown...`);
  if (server.loading.current !== undefined) {
    server.log("warning", "Received shutdown signal during loading, exiting now.");
    Deno.exit(0);
  }
  const { shutdownOnSigint, shutdownOnSigterm, save } = server.config.values;
  const flags = signal === "SIGINT" ? shutdownOnSigint : shutdownOnSigterm;
  const saves = flags.includes("save") || (save.length > 0 && !flags.includes("nosave"));
  const options = { save: saves, now: flags.includes("now"), force: flags.includes("force") };
  // What a script has half done must not be saved; if nothing is, there is nothing to wait for.
  if (server.busy !== undefined && !saves) void server.shutdown(options);
  else server.shutdowns.request(options);
}

async function main(args: readonly string[]): Promise<void> {
  const wanted = wantedInformation(args);
  if (wanted === "help") return writeLine(USAGE);
  if (wanted === "version") return writeLine(`${VERSION_LINE}\n`);
  mapChunksSeparately();
  const { config, renamedCommands, users } = readConfig(args);
  const renames = new Map(
    renamedCommands.map(({ from, to }) => [from.toLowerCase(), to.toLowerCase()]),
  );
  const signals = new Signals();
  let instance: CoolCache;
  try {
    instance = await CoolCache.start({
      config,
      renames,
      users,
      log: writeLine,
      onListening: (instance) => signals.follow(instance),
      releaseMemory: () => void trimSystemHeap(),
      discardMemory: discardPages(),
      pollSockets: Deno.env.get("COOLCACHE_SOCKETS") !== "deno",
    });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    fail(error.message);
  }
  instance.server.log("notice", `Ready to accept connections on port ${instance.port}`);
  await instance.closed;
  signals.close();
  if (instance.failure !== undefined) Deno.exit(1);
  instance.server.log("notice", "coolcache is now ready to exit, bye bye...");
}

if (import.meta.main) await main(Deno.args);
