/**
 * INFO's section Memory.
 *
 * What counts as used is what `maxmemory` limits: the data in the arena, the indexes over it, and the clients'
 * buffers. The program itself and its JavaScript heap come on top; they show in the resident set and in fields of our
 * own.
 *
 * @module
 */

import type { Server } from "../server.ts";
import { humanBytes, type InfoFields, percent, ratio, totalMemory } from "./fields.ts";

/** The section Memory. */
export function memoryFields(server: Server): InfoFields {
  const { clientBytes, compaction, keyspace, replication } = server;
  const { maxmemory, maxmemoryPolicy } = server.config.values;
  const { arena, lazyFree } = keyspace;
  const { rss, heapUsed, heapTotal } = Deno.memoryUsage();
  const { used, peak, startup, baseline } = server.memory();
  const explained = used + baseline;
  const dataset = arena.usedBytes;
  const index = keyspace.usedBytes - dataset;
  const allocated = dataset + index;
  const committed = arena.committedBytes + index;
  const machine = totalMemory();
  return {
    used_memory: used,
    used_memory_human: humanBytes(used),
    used_memory_rss: rss,
    used_memory_rss_human: humanBytes(rss),
    used_memory_peak: peak,
    used_memory_peak_human: humanBytes(peak),
    used_memory_peak_perc: percent(used, peak),
    used_memory_overhead: used - dataset,
    used_memory_startup: startup,
    used_memory_dataset: dataset,
    used_memory_dataset_perc: percent(dataset, Math.max(1, used - startup)),
    allocator_allocated: allocated,
    allocator_active: committed,
    allocator_resident: committed,
    allocator_muzzy: 0,
    total_system_memory: machine,
    total_system_memory_human: humanBytes(machine),
    ...scriptFields(server),
    maxmemory,
    maxmemory_human: humanBytes(maxmemory),
    maxmemory_policy: maxmemoryPolicy,
    allocator_frag_ratio: ratio(committed, allocated),
    allocator_frag_bytes: committed - allocated,
    // Chunks are either there or given back, so all that is committed counts as resident.
    allocator_rss_ratio: ratio(committed, committed),
    allocator_rss_bytes: 0,
    rss_overhead_ratio: ratio(rss, committed),
    rss_overhead_bytes: rss - committed,
    // The runtime is no fragment: without it an empty server would alarm everybody.
    mem_fragmentation_ratio: ratio(rss, explained),
    mem_fragmentation_bytes: rss - explained,
    mem_not_counted_for_evict: replication.bufferedBytes - replication.stream.backlogLength,
    mem_replication_backlog: replication.stream.backlogLength,
    mem_total_replication_buffers: replication.bufferedBytes,
    mem_clients_slaves: replication.bufferedBytes - replication.stream.backlogLength,
    mem_clients_normal: clientBytes,
    mem_cluster_links: server.cluster?.linkBytes ?? 0,
    mem_aof_buffer: 0,
    mem_allocator: "coolcache-arena",
    // Segments split one at a time, so no table is ever between two sizes.
    mem_overhead_db_hashtable_rehashing: 0,
    active_defrag_running: compaction.isRunning ? 1 : 0,
    lazyfree_pending_objects: lazyFree.pendingKeys,
    lazyfreed_objects: lazyFree.freedKeys,
    coolcache_arena_committed_bytes: arena.committedBytes,
    coolcache_index_bytes: index,
    coolcache_compaction_moved_bytes: compaction.movedBytes,
    coolcache_js_heap_bytes: heapUsed,
    coolcache_js_heap_committed_bytes: heapTotal,
  };
}

/** Scripts and functions: the Lua instances, which do not count as used, and what is kept beside them, which does. */
function scriptFields({ scripting, functions }: Server): InfoFields {
  const { luaBytes, scriptBytes, scriptCount } = scripting;
  const vmTotal = luaBytes + functions.luaBytes;
  const keptTotal = scriptBytes + functions.usedBytes;
  return {
    used_memory_lua: luaBytes,
    used_memory_vm_eval: luaBytes,
    used_memory_lua_human: humanBytes(luaBytes),
    used_memory_scripts_eval: scriptBytes,
    number_of_cached_scripts: scriptCount,
    number_of_functions: functions.functionCount,
    number_of_libraries: functions.libraryCount,
    used_memory_vm_functions: functions.luaBytes,
    used_memory_vm_total: vmTotal,
    used_memory_vm_total_human: humanBytes(vmTotal),
    used_memory_functions: functions.usedBytes,
    used_memory_scripts: keptTotal,
    used_memory_scripts_human: humanBytes(keptTotal),
  };
}
