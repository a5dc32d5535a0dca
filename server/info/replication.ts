/**
 * INFO's sections Replication and Cluster: a primary or a replica, outside of any cluster.
 *
 * @module
 */

import type { Replica } from "../../replication/replica_link.ts";
import type { Server } from "../server.ts";
import { decimals, type InfoFields } from "./fields.ts";

/** What stands for the id of a history that there is none of. */
const NO_REPLICATION_ID = "0".repeat(40);

/** The names that Redis has for a replica's states. */
const STATE_NAMES: Readonly<Record<Replica["state"], string>> = {
  waiting: "wait_bgsave",
  gathering: "wait_bgsave",
  sending: "send_bulk",
  online: "online",
};

/** The section Replication. */
export function replicationFields(server: Server): InfoFields {
  const { replication } = server;
  const { stream } = replication;
  return {
    role: server.replica.primary === undefined ? "master" : "slave",
    ...primaryFields(server),
    connected_slaves: replication.replicaCount,
    ...goodReplicas(server),
    ...replicaFields(server),
    master_failover_state: server.failover.state,
    master_replid: stream.id,
    master_replid2: stream.secondId ?? NO_REPLICATION_ID,
    master_repl_offset: stream.offset,
    second_repl_offset: stream.secondId === undefined ? -1 : stream.secondOffset + 1,
    repl_backlog_active: stream.isOpen ? 1 : 0,
    repl_backlog_size: server.config.values.replBacklogSize,
    repl_backlog_first_byte_offset: stream.isOpen ? stream.backlogStart + 1 : 0,
    repl_backlog_histlen: stream.backlogLength,
  };
}

/** What a replica tells of its primary. */
function primaryFields(server: Server): InfoFields {
  const { config: { values }, replica } = server;
  const { primary, progress } = replica;
  if (primary === undefined) return {};
  const now = server.readClock();
  const secondsSince = (time: number | undefined) =>
    time === undefined ? -1 : Math.floor(now / 1000) - Math.floor(time / 1000);
  const { done, read } = replica.offsets;
  return {
    master_host: primary.host,
    master_port: primary.port,
    master_link_status: replica.isLinked ? "up" : "down",
    master_last_io_seconds_ago: secondsSince(replica.heardAt),
    master_sync_in_progress: progress === undefined ? 0 : 1,
    slave_read_repl_offset: read,
    slave_repl_offset: done,
    ...(progress && {
      master_sync_total_bytes: progress.totalBytes,
      master_sync_read_bytes: progress.readBytes,
      master_sync_left_bytes: progress.totalBytes - progress.readBytes,
      master_sync_perc: decimals(
        progress.totalBytes === 0 ? 0 : progress.readBytes / progress.totalBytes * 100,
      ),
      master_sync_last_io_seconds_ago: secondsSince(progress.lastIo),
    }),
    ...(!replica.isLinked && { master_link_down_since_seconds: secondsSince(replica.downSince) }),
    slave_priority: values.replicaPriority,
    slave_read_only: values.replicaReadOnly ? 1 : 0,
    replica_announced: values.replicaAnnounced ? 1 : 0,
  };
}

/** Told only while writes depend on it. */
function goodReplicas({ config, replication }: Server): InfoFields {
  const { minReplicasToWrite, minReplicasMaxLag } = config.values;
  return minReplicasToWrite > 0 && minReplicasMaxLag > 0
    ? { min_slaves_good_slaves: replication.goodReplicas }
    : {};
}

/** One field for each replica. */
function replicaFields({ keyspace, replication }: Server): InfoFields {
  const fields: InfoFields = {};
  let i = 0;
  for (const replica of replication.links) {
    const { ackOffset, address, port, state } = replica;
    const lag = state === "online" ? replica.lagSeconds(keyspace.now) : 0;
    fields[`slave${i++}`] = `ip=${address},port=${port},state=${STATE_NAMES[state]},` +
      `offset=${ackOffset},lag=${lag}`;
  }
  return fields;
}

/** The section Cluster. */
export function clusterFields({ cluster }: Server): InfoFields {
  return { cluster_enabled: cluster === undefined ? 0 : 1 };
}
