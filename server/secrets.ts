/**
 * What of a request may be shown: MONITOR and the slow log must not tell passwords.
 *
 * @module
 */

import type { CommandSpec } from "../commands/command.ts";
import { Args } from "./resp/args.ts";

/** What stands for a secret, as in Redis. */
const REDACTED = new TextEncoder().encode("(redacted)");

/** The request with every secret replaced; the request itself when there is none. */
export function withoutSecrets(spec: CommandSpec, args: Args): Args {
  const secrets = spec.secrets?.(args) ?? [];
  if (secrets.length === 0) return args;
  const parts = Array.from({ length: args.count }, (_, i) => args.view(i));
  for (const i of secrets) parts[i] = REDACTED;
  return Args.of(...parts);
}
