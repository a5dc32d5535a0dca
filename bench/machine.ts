/**
 * What a run ran on: figures without it mean nothing.
 *
 * Reads Linux's /proc; elsewhere the memory of a process cannot be measured and the benchmark does
 * not run.
 *
 * @module
 */

import { redisServerVersion } from "../tests/support/peer.ts";

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
