/**
 * INFO's sections Replication and Cluster: a primary, outside of any cluster.
 *
 * @module
 */

import type { Replica } from "../../replication/replica_link.ts";
import type { Server } from "../server.ts";
import type { InfoFields } from "./fields.ts";

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
    role: "master",
    connected_slaves: replication.replicaCount,
    ...goodReplicas(server),
    ...replicaFields(server),
    master_failover_state: "no-failover",
    master_replid: stream.id,
    master_replid2: NO_REPLICATION_ID,
    master_repl_offset: stream.offset,
    second_repl_offset: -1,
    repl_backlog_active: stream.isOpen ? 1 : 0,
    repl_backlog_size: server.config.values.replBacklogSize,
    repl_backlog_first_byte_offset: stream.isOpen ? stream.backlogStart + 1 : 0,
    repl_backlog_histlen: stream.backlogLength,
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
export function clusterFields(): InfoFields {
  return { cluster_enabled: 0 };
}
