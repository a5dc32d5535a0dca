/**
 * All data written and read back, value by value: what a restart with an RDB file would make of it.
 *
 * @module
 */

import { Args } from "../../server/resp/args.ts";
import type { Database, Keyspace } from "../keyspace.ts";
import { NEWEST_VERSION } from "./format.ts";
import { type LoadOptions, storeLoaded } from "./loaded.ts";
import { RdbReader } from "./reader.ts";
import { loadValue, saveValue, valueType } from "./value.ts";
import { RdbWriter } from "./writer.ts";

/** Gives every key the value that is read from what its value is written as; keys whose time is over go. O(bytes). */
export function reloadAll(keyspace: Keyspace, options: LoadOptions): void {
  for (const db of keyspace.databases) {
    for (const key of keysOf(db)) reload(db, Args.of(key), options);
  }
}

function keysOf(db: Database): Uint8Array[] {
  const keys: Uint8Array[] = [];
  let position = 0;
  do {
    position = db.table.walk(position, (ref) => keys.push(db.keyBytes(ref)));
  } while (position !== 0);
  return keys;
}

function reload(db: Database, key: Args, options: LoadOptions): void {
  const ref = db.table.find(key.buf, 0, key.len[0], db.table.hash(key.buf, 0, key.len[0]));
  if (db.isOver(ref)) {
    db.deleteRef(ref);
    return;
  }
  const writer = new RdbWriter({ version: NEWEST_VERSION });
  const type = valueType(db, ref, NEWEST_VERSION);
  saveValue(writer, db, ref);
  const expiry = db.expiry(ref);
  const clock = db.clock(ref);
  const loaded = loadValue(new RdbReader(writer.bytes), type, options);
  db.setClock(storeLoaded(db, key, 0, { ...loaded, expiry }), clock);
}
