/**
 * INFO's sections Server and CPU: which program runs where, since when, and what time it has taken.
 *
 * @module
 */

import type { Server } from "../server.ts";
import { COOLCACHE_VERSION } from "../../version.ts";
import { REDIS_VERSION } from "../version.ts";
import { cpuMicros, describeSystem, type InfoFields, multiplexingApi } from "./fields.ts";

const SECONDS_A_DAY = 24 * 60 * 60;

/** The section Server. */
export function serverFields(server: Server): InfoFields {
  const { config, keyspace } = server;
  const uptime = Math.max(0, Math.floor((keyspace.now - server.startedAt) / 1000));
  const { remainingMs } = server.shutdowns;
  return {
    redis_version: REDIS_VERSION,
    coolcache_version: COOLCACHE_VERSION,
    coolcache_deno_version: Deno.version.deno,
    coolcache_v8_version: Deno.version.v8,
    // Nothing is compiled from C: these are what Redis itself tells when it does not know.
    redis_git_sha1: "00000000",
    redis_git_dirty: 0,
    redis_build_id: 0,
    redis_mode: config.values.clusterEnabled ? "cluster" : "standalone",
    os: describeSystem(),
    arch_bits: 64,
    monotonic_clock: "POSIX clock_gettime",
    multiplexing_api: multiplexingApi(),
    atomicvar_api: "none",
    gcc_version: "0.0.0",
    process_id: Deno.pid,
    process_supervised: "no",
    run_id: server.runId,
    tcp_port: server.addresses[0]?.port ?? 0,
    server_time_usec: server.timeMicros(),
    uptime_in_seconds: uptime,
    uptime_in_days: Math.floor(uptime / SECONDS_A_DAY),
    hz: config.values.hz,
    configured_hz: config.values.hz,
    lru_clock: keyspace.lruClock,
    executable: Deno.execPath(),
    config_file: config.file ?? "",
    io_threads_active: 0,
    ...(remainingMs !== undefined && { shutdown_in_milliseconds: remainingMs }),
    ...listenerFields(server),
  };
}

/** One field for all TCP addresses, one for the Unix socket. */
function listenerFields({ addresses, unixSocket }: Server): InfoFields {
  const fields: InfoFields = {};
  if (addresses.length > 0) {
    const binds = addresses.map(({ hostname }) => `,bind=${hostname}`).join("");
    fields.listener0 = `name=tcp${binds},port=${addresses[0].port}`;
  }
  if (unixSocket !== undefined) fields.listener1 = `name=unix,bind=${unixSocket}`;
  return fields;
}

/** The section CPU. Which part of it the main thread took cannot be told from within Deno. */
export function cpuFields(): InfoFields {
  const { system, user } = cpuMicros();
  return {
    used_cpu_sys: seconds(system),
    used_cpu_user: seconds(user),
    // Snapshots are taken without child processes.
    used_cpu_sys_children: seconds(0),
    used_cpu_user_children: seconds(0),
  };
}

function seconds(micros: number): string {
  return (micros / 1e6).toFixed(6);
}
