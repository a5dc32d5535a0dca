/**
 * coolcache: reads flags and configuration, starts one server, and ends it cleanly on a signal.
 *
 * @module
 */

import { Config, ConfigFileError } from "./server/config/config.ts";
import { CoolCache } from "./server/coolcache.ts";
import { USAGE, VERSION_LINE } from "./server/usage.ts";

const encoder = new TextEncoder();

function writeLine(line: string): void {
  Deno.stdout.writeSync(encoder.encode(line));
}

/** Reads the configuration, or says what is wrong with it and ends the process. */
function readConfig(args: readonly string[]): Config {
  try {
    return Config.fromArgs(args, {
      host: Deno.env.get("COOLCACHE_HOST"),
      port: Deno.env.get("COOLCACHE_PORT"),
    });
  } catch (error) {
    if (!(error instanceof ConfigFileError)) throw error;
    Deno.stderr.writeSync(encoder.encode(`\n${error.message}\n`));
    Deno.exit(1);
  }
}

async function main(args: readonly string[]): Promise<void> {
  if (args.length === 1 && (args[0] === "--help" || args[0] === "-h")) return writeLine(USAGE);
  if (args.length === 1 && (args[0] === "--version" || args[0] === "-v")) {
    return writeLine(`${VERSION_LINE}\n`);
  }
  const config = readConfig(args);
  let instance: CoolCache;
  try {
    instance = await CoolCache.start({ config, log: writeLine });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    Deno.stderr.writeSync(encoder.encode(`${error.message}\n`));
    Deno.exit(1);
  }
  const end = () => void instance.close();
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, end);
  instance.server.log("notice", `Ready to accept connections on port ${instance.port}`);
  await instance.closed;
  for (const signal of signals) Deno.removeSignalListener(signal, end);
  instance.server.log("notice", "coolcache is now ready to exit, bye bye...");
}

if (import.meta.main) await main(Deno.args);
