/**
 * INFO's section Persistence: what is loaded, saved and appended to.
 *
 * @module
 */

import { loadedPercent, remainingSeconds } from "../loading.ts";
import type { Server } from "../server.ts";
import { decimals, type InfoFields } from "./fields.ts";

/** The section Persistence. */
export function persistenceFields(server: Server): InfoFields {
  const load = server.loading.current;
  const { aof, saves } = server;
  const { progress } = saves;
  const { writer } = aof;
  const now = server.readClock();
  const since = aof.rewritingSince;
  return {
    loading: load !== undefined && !load.isAsync ? 1 : 0,
    async_loading: load?.isAsync ? 1 : 0,
    current_cow_peak: 0,
    current_cow_size: 0,
    current_cow_size_age: 0,
    current_fork_perc: decimals(
      progress === undefined || progress.totalKeys === 0
        ? 0
        : progress.keys / progress.totalKeys * 100,
    ),
    current_save_keys_processed: progress?.keys ?? 0,
    current_save_keys_total: progress?.totalKeys ?? 0,
    rdb_changes_since_last_save: saves.unsavedChanges,
    rdb_bgsave_in_progress: Number(progress !== undefined),
    rdb_last_save_time: saves.lastSave,
    rdb_last_bgsave_status: saves.lastSucceeded ? "ok" : "err",
    rdb_last_bgsave_time_sec: saves.lastSeconds,
    rdb_current_bgsave_time_sec: progress === undefined
      ? -1
      : Math.floor((now - progress.startedAt) / 1000),
    rdb_saves: saves.count,
    rdb_last_cow_size: 0,
    rdb_last_load_keys_expired: saves.loadedExpiredKeys,
    rdb_last_load_keys_loaded: saves.loadedKeys,
    aof_enabled: aof.isEnabled ? 1 : 0,
    aof_rewrite_in_progress: since === undefined ? 0 : 1,
    aof_rewrite_scheduled: aof.isScheduled ? 1 : 0,
    aof_last_rewrite_time_sec: aof.lastRewriteSeconds,
    aof_current_rewrite_time_sec: since === undefined ? -1 : Math.floor((now - since) / 1000),
    aof_last_bgrewrite_status: aof.lastRewriteStatus,
    aof_rewrites: aof.rewrites,
    aof_rewrites_consecutive_failures: aof.failures,
    aof_last_write_status: aof.error === undefined ? "ok" : "err",
    aof_last_cow_size: 0,
    module_fork_in_progress: 0,
    module_fork_last_cow_size: 0,
    ...(aof.isEnabled && {
      aof_current_size: aof.currentSize,
      aof_base_size: aof.baseSize,
      aof_pending_rewrite: aof.isScheduled ? 1 : 0,
      aof_buffer_length: writer.bufferedBytes,
      aof_pending_bio_fsync: writer.isSyncing ? 1 : 0,
      aof_delayed_fsync: writer.delayedSyncs,
    }),
    ...(load !== undefined && {
      loading_start_time: Math.floor(load.startedAt / 1000),
      loading_total_bytes: load.totalBytes,
      loading_rdb_used_mem: load.usedByWriter,
      loading_loaded_bytes: load.loadedBytes,
      loading_loaded_perc: decimals(loadedPercent(load)),
      loading_eta_seconds: Math.floor(remainingSeconds(load, now)),
    }),
  };
}
