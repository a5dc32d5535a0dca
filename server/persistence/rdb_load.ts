/**
 * Loads RDB into a server: its own file at the start and for DEBUG RELOAD, or what comes from elsewhere.
 *
 * @module
 */

import {
  type LoadedSnapshot,
  loadSnapshot,
  type LoadSnapshotOptions,
} from "../../storage/rdb/snapshot_reader.ts";
import type { Server } from "../server.ts";
import { failureReason } from "../config/host.ts";
import { openRdbFile, openRdbFileAtOnce, type RdbFile } from "./rdb_file.ts";

/** A wait for less than this, in ms, is put off: timers cannot tell it. */
const SHORTEST_WAIT = 1;

/** How RDB is loaded into a server. */
export interface RdbLoadOptions {
  /** Whether keys and libraries that are there already are replaced. Otherwise they end the load. */
  readonly replaces?: boolean;
  /** Whether nothing else may happen until all is loaded: as far as the chunks come without a wait. */
  readonly atOnce?: boolean;
  /** Is told what the file says of the history of its data. */
  readonly place?: (place: HistoryPlace) => void;
}

/** A place in the history of data: what a replica asks its primary to go on from. */
export interface HistoryPlace {
  readonly id: string;
  readonly offset: number;
  /** The database that the stream has selected there. */
  readonly database: number;
  /** Keys that were left out since their time is over: replicas must be told to delete them. */
  readonly expired: readonly { readonly database: number; readonly key: Uint8Array }[];
}

/** The place that fields of RDB name; undefined where they name none. */
function placeOf(
  fields: ReadonlyMap<string, string>,
): Omit<HistoryPlace, "expired"> | undefined {
  const id = fields.get("repl-id");
  const offset = Number(fields.get("repl-offset") ?? -1);
  if (id === undefined || !Number.isSafeInteger(offset) || offset < 0) return undefined;
  return { id, offset, database: Math.max(0, Number(fields.get("repl-stream-db")) || 0) };
}

/** What {@link loadSnapshot} needs, as this server has it. */
export function loadOptions(server: Server, options: RdbLoadOptions = {}): LoadSnapshotOptions {
  const { values } = server.config;
  const { replaces = false, atOnce = false } = options;
  return {
    limits: values,
    now: server.readClock(),
    keepsExpired: values.replicaof !== undefined || !server.keyspace.deletesExpired,
    verifiesChecksum: values.rdbchecksum && !skipsChecksums(server),
    replacesKeys: replaces,
    pause: atOnce ? () => Promise.resolve() : () => server.fairness.othersFirst(),
    functions: (source) =>
      void server.functions.load(source, { replace: replaces, mustObey: true }),
    afterKey: keyDelay(() => values.keyLoadDelay),
  };
}

/**
 * The wait that tests ask for after each key, in µs, or (below zero) one µs after so many; waits too short for a timer
 * are gathered.
 */
function keyDelay(setting: () => number): () => Promise<void> | undefined {
  let owed = 0;
  return () => {
    const delay = setting();
    if (delay === 0) return undefined;
    owed += (delay > 0 ? delay : -1 / delay) / 1000;
    if (owed < SHORTEST_WAIT) return undefined;
    const wait = owed;
    owed = 0;
    return new Promise((resolve) => setTimeout(resolve, wait));
  };
}

/** Whether DEBUG SET-SKIP-CHECKSUM-VALIDATION is on. */
function skipsChecksums({ debug }: Server): boolean {
  return Number.parseInt(debug.flags.get("set-skip-checksum-validation") ?? "0", 10) !== 0;
}

/** Loads the file that `dir` and `dbfilename` name; false when there is none. @throws {Error} */
export async function loadRdbFile(server: Server, options: RdbLoadOptions = {}): Promise<boolean> {
  const { dir, dbfilename } = server.config.values;
  const path = `${dir}/${dbfilename}`;
  const started = server.monotonic();
  try {
    const file = await (options.atOnce ? openRdbFileAtOnce(path) : openRdbFile(path));
    if (file === undefined) return false;
    await loadFile(server, file, options);
  } catch (error) {
    const reason = failureReason(error).replace(/^ERR /, "");
    server.log("warning", `Fatal error loading the DB: ${reason}`);
    throw new Error(`Cannot load "${path}": ${reason}`, { cause: error });
  }
  const seconds = ((server.monotonic() - started) / 1000).toFixed(3);
  server.log("notice", `DB loaded from disk: ${seconds} seconds`);
  return true;
}

async function loadFile(server: Server, file: RdbFile, options: RdbLoadOptions): Promise<void> {
  const load = server.loading.begin({
    isAsync: false,
    startedAt: server.readClock(),
    usedBefore: server.usedMemory,
    totalBytes: file.bytes,
  });
  try {
    const fields = new Map<string, string>();
    const expired: { database: number; key: Uint8Array }[] = [];
    const loaded = await loadSnapshot(file.chunks, server.keyspace, {
      ...loadOptions(server, options),
      field: (name, value) => {
        fields.set(name, value);
        if (name === "used-mem") load.usedByWriter = Number.parseInt(value, 10) || 0;
      },
      ...(options.place && {
        expired: (database: number, key: Uint8Array) => {
          expired.push({ database, key: key.slice() });
        },
      }),
      progress: (bytes) => load.loadedBytes = bytes,
    });
    noteLoaded(server, loaded);
    const place = placeOf(fields);
    if (place !== undefined) options.place?.({ ...place, expired });
  } finally {
    await file.chunks.return();
    server.loading.end();
  }
}

/** Tells the log and INFO what has been loaded. */
export function noteLoaded(server: Server, loaded: LoadedSnapshot): void {
  const { keys, expiredKeys, emptyKeys, hasChecksum } = loaded;
  server.saves.loadedKeys = keys;
  server.saves.loadedExpiredKeys = expiredKeys;
  if (!hasChecksum) server.log("notice", "The RDB has no checksum: nothing was checked.");
  server.log(
    "notice",
    `Done loading RDB, keys loaded: ${keys}, keys expired: ${expiredKeys}, ` +
      `empty keys skipped: ${emptyKeys}.`,
  );
}
