/**
 * Bytes as people are shown them: MONITOR, the debugger of scripts, file names in manifests, configuration files.
 *
 * @module
 */

import { decodeLatin1 } from "./args.ts";

const ESCAPES: Record<string, string> = {
  "\\": "\\\\",
  '"': '\\"',
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\x07": "\\a",
  "\b": "\\b",
};

/** Bytes as a quoted string with Redis's escapes. */
export function quoted(bytes: Uint8Array): string {
  const text = decodeLatin1(bytes).replace(
    // deno-lint-ignore no-control-regex -- control characters are what is being escaped
    /[\\"\x00-\x1f\x7f-\xff]/g,
    (c) => ESCAPES[c] ?? `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return `"${text}"`;
}
