/**
 * A machine that exists in memory only, for tests of the configuration.
 *
 * @module
 */

import { type ConfigHost, denoHost } from "../../../server/config/host.ts";
import { globMatch } from "../../../storage/glob.ts";

/** A {@link ConfigHost} whose files and warnings a test can see. */
export interface FakeHost extends ConfigHost {
  readonly files: Map<string, string>;
  readonly warnings: string[];
}

/** What is on the machine; folders are `/srv` and `/srv/data`, and the server is started in the first. */
export interface FakeMachine {
  files?: Record<string, string>;
  env?: Record<string, string>;
  stdin?: string;
}

/** Makes a machine. */
export function fakeHost({ files = {}, env = {}, stdin = "" }: FakeMachine = {}): FakeHost {
  const stored = new Map(Object.entries(files));
  const warnings: string[] = [];
  const encoder = new TextEncoder();
  return {
    ...denoHost(),
    files: stored,
    warnings,
    workingDirectory: "/srv",
    env: (name) => env[name],
    readFile(path) {
      const text = stored.get(path);
      if (text === undefined) throw new Deno.errors.NotFound(path);
      return text;
    },
    readBytes(path) {
      const text = stored.get(path);
      if (text === undefined) throw new Deno.errors.NotFound(path);
      return encoder.encode(text);
    },
    readStdin: () => stdin,
    listFiles(pattern) {
      const bytes = encoder.encode(pattern);
      return [...stored.keys()].filter((path) => globMatch(bytes, encoder.encode(path))).sort();
    },
    replaceFile(path, content) {
      stored.set(path, typeof content === "string" ? content : new TextDecoder().decode(content));
    },
    realDirectory(path) {
      if (path !== "/srv" && path !== "/srv/data") throw new Deno.errors.NotFound(path);
      return path;
    },
    warn: (message) => void warnings.push(message),
  };
}
