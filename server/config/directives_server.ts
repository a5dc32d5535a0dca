/**
 * Directives of the process and its clients: network, TLS, security, logging, limits, monitoring; and those of servers
 * that work together: replication and cluster.
 *
 * @module
 */

import { Refusal } from "./errors.ts";
import {
  addresses,
  oomScoreAdjustments,
  outputBufferLimits,
  percentiles,
  primaryAddress,
  shutdownFlags,
} from "./lists.ts";
import {
  bool,
  INT_MAX,
  integer,
  LONG_MAX,
  memory,
  octal,
  oneOf,
  text,
  UINT_MAX,
  ULONG_MAX,
} from "./values.ts";

const MB = 1024 * 1024;
const PORT = { min: 0, max: 65535 };
const PROTECTED_ACTION = ["no", "yes", "local"] as const;

/** Addresses, sockets and connections. */
export const network = {
  "bind": addresses(["*", "-::*"]),
  "bind-source-addr": text("", { optional: true }),
  "port": integer(6379, PORT),
  "unixsocket": text("", { optional: true, immutable: true }),
  "unixsocketperm": octal(0, { min: 0, max: 0o777, immutable: true }),
  "tcp-backlog": integer(511, { min: 0, max: INT_MAX, immutable: true }),
  "tcp-keepalive": integer(300, { min: 0, max: INT_MAX }),
  "timeout": integer(0, { min: 0, max: INT_MAX }),
  "protected-mode": bool(true),
  "socket-mark-id": integer(0, { min: 0, max: UINT_MAX, immutable: true }),
  "max-new-connections-per-cycle": integer(10, { min: 1, max: 1000 }),
  "max-new-tls-connections-per-cycle": integer(1, { min: 1, max: 1000 }),
};

const OPTIONAL_FILE = { optional: true, renewable: true } as const;
const PASSPHRASE = { optional: true, sensitive: true } as const;

/** Encrypted connections. */
export const tls = {
  "tls-port": integer(0, PORT),
  "tls-cert-file": text("", OPTIONAL_FILE),
  "tls-key-file": text("", OPTIONAL_FILE),
  "tls-key-file-pass": text("", PASSPHRASE),
  "tls-client-cert-file": text("", OPTIONAL_FILE),
  "tls-client-key-file": text("", OPTIONAL_FILE),
  "tls-client-key-file-pass": text("", PASSPHRASE),
  "tls-dh-params-file": text("", OPTIONAL_FILE),
  "tls-ca-cert-file": text("", OPTIONAL_FILE),
  "tls-ca-cert-dir": text("", OPTIONAL_FILE),
  "tls-auth-clients": oneOf("yes", ["no", "yes", "optional"]),
  "tls-replication": bool(false),
  "tls-cluster": bool(false),
  "tls-protocols": text("", { optional: true }),
  "tls-ciphers": text("", { optional: true }),
  "tls-ciphersuites": text("", { optional: true }),
  "tls-prefer-server-ciphers": bool(false),
  "tls-session-caching": bool(true),
  "tls-session-cache-size": integer(20480, { min: 0, max: INT_MAX }),
  "tls-session-cache-timeout": integer(300, { min: 0, max: INT_MAX }),
};

/** Users and what is forbidden to all of them. */
export const security = {
  "requirepass": text("", { optional: true, sensitive: true }),
  "aclfile": text("", { immutable: true }),
  "acl-pubsub-default": oneOf("resetchannels", ["allchannels", "resetchannels"]),
  "acllog-max-len": integer(128, { min: 0, max: LONG_MAX }),
  "enable-protected-configs": oneOf("no", PROTECTED_ACTION, { immutable: true }),
  "enable-debug-command": oneOf("no", PROTECTED_ACTION, { immutable: true }),
  "enable-module-command": oneOf("no", PROTECTED_ACTION, { immutable: true }),
  "hide-user-data-from-log": bool(false),
};

/** Limits of clients and their requests. */
export const clients = {
  "maxclients": integer(10000, { min: 1, max: UINT_MAX }),
  "maxmemory-clients": memory(0, { min: -100, max: LONG_MAX, mostPercent: 100 }),
  "client-output-buffer-limit": outputBufferLimits({
    normal: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
    replica: { hardBytes: 256 * MB, softBytes: 64 * MB, softSeconds: 60 },
    pubsub: { hardBytes: 32 * MB, softBytes: 8 * MB, softSeconds: 60 },
  }),
  "client-query-buffer-limit": memory(1024 * MB, { min: MB, max: LONG_MAX }),
  "proto-max-bulk-len": memory(512 * MB, { min: MB, max: LONG_MAX }),
  "tracking-table-max-keys": integer(1_000_000, { min: 0, max: LONG_MAX }),
  "busy-reply-threshold": integer(5000, { min: 0, max: LONG_MAX, alias: "lua-time-limit" }),
  // The most memory of a Lua instance; one begins with 16 MB.
  "coolcache-lua-memory-limit": memory(512 * MB, { min: 32 * MB, max: 2048 * MB }),
};

/** The process: how it starts, logs, reports and ends. */
export const general = {
  "daemonize": bool(false, { immutable: true }),
  "supervised": oneOf("no", ["upstart", "systemd", "auto", "no"], { immutable: true }),
  "pidfile": text("", { optional: true, immutable: true }),
  "loglevel": oneOf("notice", ["debug", "verbose", "notice", "warning", "nothing"]),
  "logfile": text("", { immutable: true }),
  "syslog-enabled": bool(false, { immutable: true }),
  "syslog-ident": text("redis", { immutable: true }),
  "syslog-facility": oneOf(
    "local0",
    [
      "user",
      "local0",
      "local1",
      "local2",
      "local3",
      "local4",
      "local5",
      "local6",
      "local7",
    ],
    { immutable: true },
  ),
  "crash-log-enabled": bool(true),
  "crash-memcheck-enabled": bool(true),
  "use-exit-on-panic": bool(false, { hidden: true }),
  "databases": integer(16, { min: 1, max: INT_MAX, immutable: true }),
  "always-show-logo": bool(false, { immutable: true }),
  "set-proc-title": bool(true, { immutable: true }),
  "proc-title-template": text("{title} {listen-addr} {server-mode}", {
    check: checkTitleTemplate,
  }),
  "locale-collate": text(""),
  "ignore-warnings": text(""),
  "shutdown-timeout": integer(10, { min: 0, max: INT_MAX }),
  "shutdown-on-sigint": shutdownFlags(),
  "shutdown-on-sigterm": shutdownFlags(),
  "watchdog-period": integer(0, { min: 0, max: INT_MAX, hidden: true }),
  "slowlog-log-slower-than": integer(10000, { min: -1, max: LONG_MAX }),
  "slowlog-max-len": integer(128, { min: 0, max: LONG_MAX }),
  "latency-monitor-threshold": integer(0, { min: 0, max: LONG_MAX }),
  "latency-tracking": bool(true),
  "latency-tracking-info-percentiles": percentiles([50, 99, 99.9]),
};

/** How the process is treated by the operating system. */
export const system = {
  "io-threads": integer(1, { min: 1, max: 128, immutable: true }),
  "io-threads-do-reads": bool(false, { immutable: true }),
  "oom-score-adj": oneOf("no", ["no", "yes", "relative", "absolute"], {
    synonyms: { relative: "yes" },
  }),
  "oom-score-adj-values": oomScoreAdjustments([0, 200, 800]),
  "disable-thp": bool(true, { immutable: true }),
  "server_cpulist": text("", { optional: true, immutable: true, laterName: "server-cpulist" }),
  "bio_cpulist": text("", { optional: true, immutable: true, laterName: "bio-cpulist" }),
  "aof_rewrite_cpulist": text("", {
    optional: true,
    immutable: true,
    laterName: "aof-rewrite-cpulist",
  }),
  "bgsave_cpulist": text("", { optional: true, immutable: true, laterName: "bgsave-cpulist" }),
};

/** Variables of `proc-title-template`; those marked true are never empty. */
const TITLE_VARIABLES = new Map([
  ["title", false],
  ["listen-addr", true],
  ["server-mode", false],
  ["config-file", true],
  ["port", true],
  ["tls-port", true],
  ["unixsocket", false],
]);

/** A template must show something even where its optional variables are empty. */
function checkTitleTemplate(template: string): void {
  let known = true;
  const shown = template.replace(/\{\{|\{([^}]*)(\}?)/g, (part, name, closed) => {
    if (part === "{{") return "{";
    if (!closed || !TITLE_VARIABLES.has(name)) known = false;
    return TITLE_VARIABLES.get(name) ? "shown" : "";
  });
  if (!known || /^ *$/.test(shown)) {
    throw new Refusal("template format is invalid or contains unknown variables");
  }
}

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
