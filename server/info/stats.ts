/**
 * INFO's sections Stats, Commandstats and Errorstats: what has happened since the start or CONFIG RESETSTAT; and Clients.
 *
 * @module
 */

import type { Server } from "../server.ts";
import { decimals, type InfoFields, ratio, safeName } from "./fields.ts";

/** The section Stats. */
export function statsFields(
  { acl, following, keyspace, migrationConnections, pubsub, replica, replication, stats, tracking }:
    Server,
): InfoFields {
  const commandMicros = stats.micros.reduce((sum, each) => sum + each, 0);
  return {
    total_connections_received: stats.connections,
    total_commands_processed: stats.commands,
    instantaneous_ops_per_sec: Math.floor(stats.commandRate.perSecond),
    total_net_input_bytes: stats.inputBytes,
    total_net_output_bytes: stats.outputBytes,
    total_net_repl_input_bytes: replica.receivedBytes,
    total_net_repl_output_bytes: replication.sentBytes,
    instantaneous_input_kbps: decimals(stats.inputRate.perSecond / 1024),
    instantaneous_output_kbps: decimals(stats.outputRate.perSecond / 1024),
    instantaneous_input_repl_kbps: decimals(0),
    instantaneous_output_repl_kbps: decimals(0),
    rejected_connections: stats.rejectedConnections,
    sync_full: replication.fullSyncs,
    sync_partial_ok: replication.partialSyncs,
    sync_partial_err: replication.failedPartialSyncs,
    expired_subkeys: keyspace.expiredFields,
    expired_keys: keyspace.expiredKeys,
    expired_stale_perc: decimals(keyspace.expiredStale * 100),
    expired_time_cap_reached_count: 0,
    expire_cycle_cpu_milliseconds: Math.floor(stats.expiryMillis),
    evicted_keys: keyspace.evictedKeys,
    evicted_clients: stats.evictedClients,
    evicted_scripts: 0,
    total_eviction_exceeded_time: 0,
    current_eviction_exceeded_time: 0,
    keyspace_hits: keyspace.hits,
    keyspace_misses: keyspace.misses,
    pubsub_channels: pubsub.count("channel"),
    pubsub_patterns: pubsub.count("pattern"),
    pubsubshard_channels: pubsub.count("shard"),
    latest_fork_usec: 0,
    total_forks: 0,
    migrate_cached_sockets: migrationConnections,
    slave_expires_tracked_keys: following.ownExpiries.size,
    active_defrag_hits: 0,
    active_defrag_misses: 0,
    active_defrag_key_hits: 0,
    active_defrag_key_misses: 0,
    total_active_defrag_time: 0,
    current_active_defrag_time: 0,
    tracking_total_keys: tracking.keys,
    tracking_total_items: tracking.items,
    tracking_total_prefixes: tracking.prefixes,
    unexpected_error_replies: stats.unexpectedErrors,
    total_error_replies: stats.errorReplies,
    dump_payload_sanitizations: 0,
    total_reads_processed: stats.reads,
    total_writes_processed: stats.writes,
    io_threaded_reads_processed: 0,
    io_threaded_writes_processed: 0,
    client_query_buffer_limit_disconnections: stats.queryLimitDisconnections,
    client_output_buffer_limit_disconnections: stats.outputLimitDisconnections,
    reply_buffer_shrinks: 0,
    reply_buffer_expands: 0,
    // The event loop is Deno's and keeps no count of its turns.
    eventloop_cycles: 0,
    eventloop_duration_sum: 0,
    eventloop_duration_cmd_sum: Math.round(commandMicros),
    instantaneous_eventloop_cycles_per_sec: 0,
    instantaneous_eventloop_duration_usec: 0,
    acl_access_denied_auth: acl.log.denials.auth,
    acl_access_denied_cmd: acl.log.denials.command,
    acl_access_denied_key: acl.log.denials.key,
    acl_access_denied_channel: acl.log.denials.channel,
  };
}

/** The section Commandstats: every command that was called or refused, subcommands behind their containers. */
export function commandFields({ registry, stats }: Server): InfoFields {
  const fields: InfoFields = {};
  for (const { id, fullName } of registry.commands) {
    const calls = stats.calls[id];
    const rejected = stats.rejected[id];
    const failed = stats.failed[id];
    if (calls + rejected + failed === 0) continue;
    const micros = Math.round(stats.micros[id]);
    fields[`cmdstat_${safeName(fullName)}`] = `calls=${calls},usec=${micros},` +
      `usec_per_call=${ratio(micros, calls)},rejected_calls=${rejected},failed_calls=${failed}`;
  }
  return fields;
}

/** The section Errorstats, by the codes of error replies. */
export function errorFields({ stats }: Server): InfoFields {
  const fields: InfoFields = {};
  for (const code of [...stats.errors.keys()].sort()) {
    fields[`errorstat_${safeName(code)}`] = `count=${stats.errors.get(code)}`;
  }
  return fields;
}

/** The section Clients. O(clients), since the largest buffers are looked for now. */
export function clientsFields(server: Server): InfoFields {
  let input = 0;
  let output = 0;
  let blocked = 0;
  let subscribed = 0;
  let replicas = 0;
  for (const session of server.clients) {
    input = Math.max(input, session.inputCapacity);
    output = Math.max(output, session.output.memory);
    if (session.isBlocked || session.isPostponed) blocked++;
    if (session.type === "pubsub") subscribed++;
    if (session.isReplica) replicas++;
  }
  return {
    connected_clients: server.clients.count - replicas,
    cluster_connections: server.cluster?.linkCount ?? 0,
    maxclients: server.config.values.maxclients,
    client_recent_max_input_buffer: input,
    client_recent_max_output_buffer: output,
    blocked_clients: blocked + server.shutdowns.waitingClients,
    tracking_clients: server.tracking.clients,
    pubsub_clients: subscribed,
    watching_clients: server.watches.watchers,
    clients_in_timeout_table: server.blocking.timers,
    total_watched_keys: server.watches.keys,
    total_blocking_keys: server.blocking.keys,
    total_blocking_keys_on_nokey: server.blocking.keysMissed,
  };
}
