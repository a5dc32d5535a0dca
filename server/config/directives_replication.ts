/**
 * Directives of servers that work together: replication and cluster.
 *
 * @module
 */

import { Refusal } from "./errors.ts";
import { primaryAddress } from "./lists.ts";
import { bool, INT_MAX, integer, LONG_MAX, memory, oneOf, text, ULONG_MAX } from "./values.ts";

const PORT = { min: 0, max: 65535 };

/** A primary and its replicas. */
export const replication = {
  "replicaof": primaryAddress({ immutable: true, alias: "slaveof" }),
  "masteruser": text("", { optional: true, sensitive: true }),
  "masterauth": text("", { optional: true, sensitive: true }),
  "replica-serve-stale-data": bool(true, { alias: "slave-serve-stale-data" }),
  "replica-read-only": bool(true, { alias: "slave-read-only" }),
  "replica-ignore-maxmemory": bool(true, { alias: "slave-ignore-maxmemory" }),
  "replica-lazy-flush": bool(false, { alias: "slave-lazy-flush" }),
  "replica-priority": integer(100, { min: 0, max: INT_MAX, alias: "slave-priority" }),
  "replica-announced": bool(true),
  "replica-announce-ip": text("", { optional: true, alias: "slave-announce-ip" }),
  "replica-announce-port": integer(0, { ...PORT, alias: "slave-announce-port" }),
  "replica-ignore-disk-write-errors": bool(false),
  "min-replicas-to-write": integer(0, { min: 0, max: INT_MAX, alias: "min-slaves-to-write" }),
  "min-replicas-max-lag": integer(10, { min: 0, max: INT_MAX, alias: "min-slaves-max-lag" }),
  "repl-timeout": integer(60, { min: 1, max: INT_MAX }),
  "repl-ping-replica-period": integer(10, {
    min: 1,
    max: INT_MAX,
    alias: "repl-ping-slave-period",
  }),
  "repl-backlog-size": memory(1024 * 1024, { min: 1, max: LONG_MAX }),
  "repl-backlog-ttl": integer(3600, { min: 0, max: LONG_MAX }),
  "repl-disable-tcp-nodelay": bool(false),
  "repl-diskless-sync": bool(true),
  "repl-diskless-sync-delay": integer(5, { min: 0, max: INT_MAX }),
  "repl-diskless-sync-max-replicas": integer(0, { min: 0, max: INT_MAX }),
  "repl-diskless-load": oneOf("disabled", ["disabled", "on-empty-db", "swapdb"], {
    denyLoading: true,
  }),
  "rdb-del-sync-files": bool(false),
  "propagation-error-behavior": oneOf("ignore", ["ignore", "panic", "panic-on-replicas"]),
};

/** The nodes of a cluster. */
export const cluster = {
  "cluster-enabled": bool(false, { immutable: true }),
  "cluster-config-file": text("nodes.conf", { immutable: true }),
  "cluster-port": integer(0, { ...PORT, immutable: true }),
  "cluster-node-timeout": integer(15000, { min: 0, max: LONG_MAX }),
  "cluster-ping-interval": integer(0, { min: 0, max: LONG_MAX, hidden: true }),
  "cluster-replica-validity-factor": integer(10, {
    min: 0,
    max: INT_MAX,
    alias: "cluster-slave-validity-factor",
  }),
  "cluster-replica-no-failover": bool(false, { alias: "cluster-slave-no-failover" }),
  "cluster-migration-barrier": integer(1, { min: 0, max: INT_MAX }),
  "cluster-allow-replica-migration": bool(true),
  "cluster-require-full-coverage": bool(true),
  "cluster-allow-reads-when-down": bool(false),
  "cluster-allow-pubsubshard-when-down": bool(true),
  "cluster-link-sendbuf-limit": memory(0, { min: 0, max: ULONG_MAX }),
  "cluster-announce-ip": text("", { optional: true }),
  "cluster-announce-port": integer(0, PORT),
  "cluster-announce-tls-port": integer(0, PORT),
  "cluster-announce-bus-port": integer(0, PORT),
  "cluster-announce-hostname": text("", { optional: true, check: checkHostname }),
  "cluster-announce-human-nodename": text("", { optional: true, check: checkNodeName }),
  "cluster-preferred-endpoint-type": oneOf("ip", ["ip", "hostname", "unknown-endpoint"]),
};

/** A host name must survive the bus and `nodes.conf`. */
function checkHostname(name: string): void {
  if (name.length >= 256) throw new Refusal("Hostnames must be less than 256 characters");
  if (!/^[A-Za-z0-9.-]*$/.test(name)) {
    throw new Refusal("Hostnames may only contain alphanumeric characters, hyphens or dots");
  }
}

/** The same for the name that humans give to a node. */
function checkNodeName(name: string): void {
  if (/[!#$%&()*+:;<>?@[\]^{|}~]/.test(name)) {
    throw new Refusal("Announced human node name contained invalid character");
  }
}
