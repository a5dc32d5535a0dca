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

async function main(args: readonly string[]): Promise<void> {
  const wanted = wantedInformation(args);
  if (wanted === "help") return writeLine(USAGE);
  if (wanted === "version") return writeLine(`${VERSION_LINE}\n`);
  mapChunksSeparately();
  const { config, renamedCommands, users } = readConfig(args);
  const renames = new Map(
    renamedCommands.map(({ from, to }) => [from.toLowerCase(), to.toLowerCase()]),
  );
  let instance: CoolCache;
  try {
    instance = await CoolCache.start({
      config,
      renames,
      users,
      log: writeLine,
      releaseMemory: () => void trimSystemHeap(),
      discardMemory: discardPages(),
    });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    fail(error.message);
  }
  const end = () => void instance.close();
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, end);
  instance.server.log("notice", `Ready to accept connections on port ${instance.port}`);
  await instance.closed;
  for (const signal of signals) Deno.removeSignalListener(signal, end);
  if (instance.failure !== undefined) Deno.exit(1);
  instance.server.log("notice", "coolcache is now ready to exit, bye bye...");
}

if (import.meta.main) await main(Deno.args);
