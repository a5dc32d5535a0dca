/**
 * How MONITOR shows a request; and what of one may be shown: MONITOR and the slow log must not tell passwords.
 *
 * @module
 */

import type { CommandSpec } from "../commands/command.ts";
import type { Endpoints } from "./connection.ts";
import { Args } from "./resp/args.ts";
import { quoted } from "./resp/quoted.ts";

/** From where scripts call commands. */
export const SCRIPT_ENDPOINTS: Endpoints = {
  remote: "lua",
  local: "",
  isLocal: true,
  isUnix: false,
};

/** A line of MONITOR's output: seconds with microseconds, database and address, quoted arguments. */
export function describeRequest(
  micros: bigint,
  database: number,
  client: Endpoints,
  args: Args,
): string {
  const seconds = micros / 1000000n;
  const fraction = String(micros % 1000000n).padStart(6, "0");
  const { isUnix, local, remote } = client;
  const address = isUnix ? `unix:${local.slice(0, local.lastIndexOf(":"))}` : remote;
  let line = `${seconds}.${fraction} [${database} ${address}]`;
  for (let i = 0; i < args.count; i++) line += ` ${quoted(args.view(i))}`;
  return line;
}

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
