/**
 * What a run ran on: figures without it mean nothing.
 *
 * Reads Linux's /proc; elsewhere the memory of a process cannot be measured and the benchmark does
 * not run.
 *
 * @module
 */

import { redisServerVersion } from "../tests/support/peer.ts";

/** Milliseconds that servers get to come to rest: to give back, after work, the memory that only the work needed. */
export const SETTLE_MS = 2500;

/** The machine and the versions of what was measured on it. */
export interface Machine {
  cpu: string;
  cores: number;
  memory: string;
  system: string;
  versions: string[];
  /** The load average of the last minute before the run; well above 0, neighbours disturb it. */
  load: number;
}

/** Describes this machine. */
export function describeMachine(): Machine {
  const cpu = /^model name\s*:\s*(.+)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1];
  return {
    cpu: cpu ?? Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    memory: `${(Deno.systemMemoryInfo().total / 2 ** 30).toFixed(0)} GiB`,
    system: `Linux ${Deno.osRelease()}`,
    versions: [
      `Deno ${Deno.version.deno} (V8 ${Deno.version.v8})`,
      `redis-server ${redisServerVersion ?? "missing"}`,
    ],
    load: Deno.loadavg()[0],
  };
}

/** The resident memory of a process in bytes. */
export function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`));
  if (!line) throw new Error(`Cannot read the resident memory of process ${pid}`);
  return Number(line[1]) * 1024;
}

/** Clock ticks in a second as /proc counts them: 100 on every architecture that Linux runs on. */
const TICKS_PER_SECOND = 100;

/** The processor time a process has used so far, in all its threads, in seconds. */
export function processorSeconds(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // The second field, the name in parentheses, may hold spaces: fields are counted from behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  return (user + system) / TICKS_PER_SECOND;
}

/** What a server counts as its memory, in bytes, from the reply of INFO. */
export function usedMemory(info: string): number {
  const field = /^used_memory:(\d+)/m.exec(info);
  if (!field) throw new Error("INFO does not tell used_memory");
  return Number(field[1]);
}
