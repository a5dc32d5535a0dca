/**
 * Directives of the dataset: memory and eviction, expiry, encodings of the types, and how it is kept in files.
 *
 * @module
 */

import { Refusal } from "./errors.ts";
import { directory, keyspaceEvents, savePoints } from "./lists.ts";
import {
  bool,
  INT_MAX,
  INT_MIN,
  integer,
  LONG_MAX,
  memory,
  oneOf,
  text,
  ULONG_MAX,
} from "./values.ts";

const MB = 1024 * 1024;

/** Limits of memory, and what happens at them. */
export const memoryLimits = {
  "maxmemory": memory(0, { min: 0, max: ULONG_MAX }),
  "maxmemory-policy": oneOf("noeviction", [
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "noeviction",
  ]),
  "maxmemory-samples": integer(5, { min: 1, max: INT_MAX }),
  "maxmemory-eviction-tenacity": integer(10, { min: 0, max: 100 }),
  "lfu-log-factor": integer(10, { min: 0, max: INT_MAX }),
  "lfu-decay-time": integer(1, { min: 0, max: INT_MAX }),
  "lazyfree-lazy-eviction": bool(false),
  "lazyfree-lazy-expire": bool(false),
  "lazyfree-lazy-server-del": bool(false),
  "lazyfree-lazy-user-del": bool(false),
  "lazyfree-lazy-user-flush": bool(false),
  "jemalloc-bg-thread": bool(true),
  "activedefrag": bool(false, { check: refuseDefragmentation }),
  "active-defrag-ignore-bytes": memory(100 * MB, { min: 1, max: LONG_MAX }),
  "active-defrag-threshold-lower": integer(10, { min: 0, max: 1000 }),
  "active-defrag-threshold-upper": integer(100, { min: 0, max: 1000 }),
  "active-defrag-cycle-min": integer(1, { min: 1, max: 99 }),
  "active-defrag-cycle-max": integer(25, { min: 1, max: 99 }),
  "active-defrag-max-scan-fields": integer(1000, { min: 1, max: LONG_MAX }),
};

/** Work done in the background, and events about keys. */
export const upkeep = {
  "hz": integer(10, { min: 0, max: INT_MAX, clamp: { min: 1, max: 500 } }),
  "dynamic-hz": bool(true),
  "active-expire-effort": integer(1, { min: 1, max: 10 }),
  "activerehashing": bool(true),
  "notify-keyspace-events": keyspaceEvents(),
};

/** Up to which size values are kept in their compact encodings. */
export const encodings = {
  "hash-max-listpack-entries": integer(512, {
    min: 0,
    max: LONG_MAX,
    alias: "hash-max-ziplist-entries",
  }),
  "hash-max-listpack-value": memory(64, {
    min: 0,
    max: LONG_MAX,
    alias: "hash-max-ziplist-value",
  }),
  "list-max-listpack-size": integer(-2, {
    min: INT_MIN,
    max: INT_MAX,
    alias: "list-max-ziplist-size",
  }),
  "list-compress-depth": integer(0, { min: 0, max: INT_MAX }),
  "set-max-intset-entries": integer(512, { min: 0, max: LONG_MAX }),
  "set-max-listpack-entries": integer(128, { min: 0, max: LONG_MAX }),
  "set-max-listpack-value": integer(64, { min: 0, max: LONG_MAX }),
  "zset-max-listpack-entries": integer(128, {
    min: 0,
    max: LONG_MAX,
    alias: "zset-max-ziplist-entries",
  }),
  "zset-max-listpack-value": memory(64, {
    min: 0,
    max: LONG_MAX,
    alias: "zset-max-ziplist-value",
  }),
  "hll-sparse-max-bytes": memory(3000, { min: 0, max: LONG_MAX }),
  "stream-node-max-bytes": memory(4096, { min: 0, max: LONG_MAX }),
  "stream-node-max-entries": integer(100, { min: 0, max: LONG_MAX }),
};

/** Snapshots. */
export const snapshots = {
  "dir": directory({ protected: true, denyLoading: true }),
  "dbfilename": text("dump.rdb", { protected: true, check: checkBaseName("dbfilename") }),
  "save": savePoints([
    { seconds: 3600, changes: 1 },
    { seconds: 300, changes: 100 },
    { seconds: 60, changes: 10000 },
  ]),
  "stop-writes-on-bgsave-error": bool(true),
  "rdbcompression": bool(true),
  "rdbchecksum": bool(true, { immutable: true }),
  "rdb-save-incremental-fsync": bool(true),
  "rdb-key-save-delay": integer(0, { min: INT_MIN, max: INT_MAX, hidden: true }),
  "key-load-delay": integer(0, { min: INT_MIN, max: INT_MAX, hidden: true }),
  "loading-process-events-interval-bytes": integer(2 * MB, {
    min: 1024,
    max: INT_MAX,
    hidden: true,
  }),
  "sanitize-dump-payload": oneOf("no", ["no", "yes", "clients"]),
};

/** The append-only file. */
export const appendOnlyFile = {
  "appendonly": bool(false, { denyLoading: true }),
  "appendfilename": text("appendonly.aof", {
    immutable: true,
    check: checkBaseName("appendfilename", { mayBeEmpty: false }),
  }),
  "appenddirname": text("appendonlydir", {
    immutable: true,
    check: checkBaseName("appenddirname", { mayBeEmpty: false, what: "dirname" }),
  }),
  "appendfsync": oneOf("everysec", ["everysec", "always", "no"]),
  "no-appendfsync-on-rewrite": bool(false),
  "auto-aof-rewrite-percentage": integer(100, { min: 0, max: INT_MAX }),
  "auto-aof-rewrite-min-size": memory(64 * MB, { min: 0, max: LONG_MAX }),
  "aof-load-truncated": bool(true),
  "aof-use-rdb-preamble": bool(true),
  "aof-timestamp-enabled": bool(false),
  "aof-rewrite-incremental-fsync": bool(true),
  "aof-disable-auto-gc": bool(false, { hidden: true }),
};

/** Redis's own answer where its allocator cannot help: clients and test suites look for it and go on without. */
function refuseDefragmentation(wanted: boolean): void {
  if (!wanted) return;
  throw new Refusal(
    "Active defragmentation cannot be enabled: it requires a Redis server compiled with a modified Jemalloc " +
      "like the one shipped by default with the Redis source distribution",
  );
}

/** The check of a file name that must not lead out of `dir`. */
function checkBaseName(
  directive: string,
  { mayBeEmpty = true, what = "filename" } = {},
): (name: string) => void {
  return (name) => {
    if (name === "" && !mayBeEmpty) throw new Refusal(`${directive} can't be empty`);
    if (/[/\\]/.test(name)) throw new Refusal(`${directive} can't be a path, just a ${what}`);
  };
}
