/**
 * What MONITOR is sent of each request: a line without passwords, which the slow log must not tell either.
 *
 * @module
 */

import type { CommandSpec } from "../commands/command.ts";
import { Flag, type RegisteredCommand } from "../commands/registry.ts";
import type { CallContext } from "./call_context.ts";
import type { Endpoints } from "./connection.ts";
import { Args } from "./resp/args.ts";
import { quoted } from "./resp/quoted.ts";

/** From where scripts call commands. */
const SCRIPT_ENDPOINTS: Endpoints = {
  remote: "lua",
  local: "",
  isLocal: true,
  isUnix: false,
};

/** Sends a command that has run to all monitors, unless it is one that they are not shown. */
export function feedMonitors(ctx: CallContext, command: RegisteredCommand, args: Args): void {
  if ((command.mask & (Flag.skip_monitor | Flag.admin)) !== 0) return;
  showToMonitors(ctx, withoutSecrets(command.spec, args));
}

/** Sends a request without secrets to all monitors. */
export function showToMonitors(ctx: CallContext, args: Args): void {
  const { client, db, server } = ctx;
  const from = ctx.isScript ? SCRIPT_ENDPOINTS : client.endpoints;
  const line = describeRequest(server.timeMicros(), db.id, from, args);
  for (const monitor of server.monitors) {
    if (!monitor.isAnswered) continue;
    monitor.output.encoder(monitor.protocol).simple(line);
    if (monitor === client) continue;
    server.pushes.add(monitor);
  }
}

/** A line of MONITOR's output: seconds with microseconds, database and address, quoted arguments. */
function describeRequest(
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
