/**
 * What a server's snapshots contain, and in which form: for files, the append-only file's base, and replicas.
 *
 * @module
 */

import type { SnapshotRequest } from "../../replication/primary.ts";
import { COMMON_VERSION, NEWEST_VERSION } from "../../storage/rdb/format.ts";
import { snapshot, type SnapshotOptions } from "../../storage/snapshot.ts";
import type { Server } from "../server.ts";
import { REDIS_VERSION } from "../version.ts";

/**
 * How all data is written as it is now: in the form of Redis 7.0, unless that would lose the times of single fields.
 *
 * @param isAofBase whether the changes that follow are kept in an append-only file
 */
export function snapshotOptions(server: Server, { isAofBase = false } = {}): SnapshotOptions {
  const { config, keyspace, replica } = server;
  const { maxmemoryPolicy, rdbcompression, rdbchecksum } = config.values;
  const { stream } = server.replication;
  const hasFieldTimes = keyspace.databases.some(({ volatileHashes }) =>
    volatileHashes !== undefined && volatileHashes.size > 0
  );
  return {
    fields: [
      ["redis-ver", REDIS_VERSION],
      ["redis-bits", 64],
      ["ctime", Math.floor(keyspace.now / 1000)],
      ["used-mem", server.usedMemory],
      ...(stream.isOpen
        ? [
          [
            "repl-stream-db",
            replica.primary === undefined ? stream.database ?? 0 : replica.database,
          ],
          ["repl-id", stream.id],
          ["repl-offset", stream.offset],
        ] as const
        : []),
      ["aof-base", isAofBase ? 1 : 0],
    ],
    functions: Iterator.from(server.functions.libraries).map(({ source }) => source),
    includesKeys: true,
    use: maxmemoryPolicy.endsWith("-lru")
      ? "idle"
      : maxmemoryPolicy.endsWith("-lfu")
      ? "frequency"
      : "none",
    compress: rdbcompression,
    checksum: rdbchecksum,
    version: hasFieldTimes ? NEWEST_VERSION : COMMON_VERSION,
  };
}

/** A snapshot for replicas, which must be able to read it whatever version they are, if they do not say more. */
export function replicaSnapshot(
  server: Server,
  { includesKeys, includesFunctions, includesFieldTimes }: SnapshotRequest,
): ReadableStream<Uint8Array> {
  const options = snapshotOptions(server);
  return snapshot(server.keyspace, {
    ...options,
    functions: includesFunctions ? options.functions : [],
    includesKeys,
    checksum: true,
    ...(!includesFieldTimes && { version: COMMON_VERSION }),
    pause: () => server.fairness.othersFirst(),
  });
}
