/**
 * INFO's sections Replication and Cluster: a primary without replicas, outside of any cluster.
 *
 * @module
 */

import type { Server } from "../server.ts";
import type { InfoFields } from "./fields.ts";

/** What stands for the id of a history that there is none of. */
const NO_REPLICATION_ID = "0".repeat(40);

/** The section Replication. */
export function replicationFields(server: Server): InfoFields {
  return {
    role: "master",
    connected_slaves: 0,
    ...goodReplicas(server),
    master_failover_state: "no-failover",
    master_replid: server.replicationId,
    master_replid2: NO_REPLICATION_ID,
    master_repl_offset: 0,
    second_repl_offset: -1,
    repl_backlog_active: 0,
    repl_backlog_size: server.config.values.replBacklogSize,
    repl_backlog_first_byte_offset: 0,
    repl_backlog_histlen: 0,
  };
}

/** Told only while writes depend on it. */
function goodReplicas({ config }: Server): InfoFields {
  const { minReplicasToWrite, minReplicasMaxLag } = config.values;
  return minReplicasToWrite > 0 && minReplicasMaxLag > 0 ? { min_slaves_good_slaves: 0 } : {};
}

/** The section Cluster. */
export function clusterFields(): InfoFields {
  return { cluster_enabled: 0 };
}
