/**
 * INFO's section Keyspace: how many keys each database holds, and how long those live that do not stay.
 *
 * @module
 */

import type { Database } from "../../storage/keyspace.ts";
import type { Ref } from "../../storage/memory/arena.ts";
import type { Server } from "../server.ts";
import type { InfoFields } from "./fields.ts";

/** The mean time to live is estimated from so many keys; of fewer it is exact. */
const TTL_SAMPLE = 64;

/** The section Keyspace; databases without keys are left out. */
export function keyspaceFields({ keyspace }: Server): InfoFields {
  const fields: InfoFields = {};
  for (const db of keyspace.databases) {
    if (db.size === 0) continue;
    const { volatileCount } = db.table;
    fields[`db${db.id}`] = `keys=${db.size},expires=${volatileCount},` +
      `avg_ttl=${meanTtl(db)},subexpiry=${db.volatileHashes?.size ?? 0}`;
  }
  return fields;
}

/** The mean time that keys with an expiry still have, in ms; 0 when there are none. */
function meanTtl(db: Database): number {
  const { now, random } = db.keyspace;
  const sample: Ref[] = [];
  db.table.sample(random, TTL_SAMPLE, sample, true);
  if (sample.length === 0) return 0;
  const total = sample.reduce((sum, ref) => sum + Math.max(0, db.expiry(ref) - now), 0);
  return Math.floor(total / sample.length);
}
