/**
 * What a section of INFO is made of: named fields, how Redis writes their numbers, and what Deno and the system below it
 * are asked for.
 *
 * A server may be embedded in a program that was not given `--allow-sys`. Clients ask for INFO as soon as they are
 * connected, so what may not be read is left out instead of failing, and nobody is prompted for it.
 *
 * @module
 */

import type { Server } from "../server.ts";

/** The fields of one section by name, in the order in which they are told. */
export type InfoFields = Record<string, string | number | bigint>;

/** Composes the fields of one section. */
export type InfoSource = (server: Server) => InfoFields;

/** Bytes for human eyes: `512B`, `1.50K`, `23.54G`. */
export function humanBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), 5);
  return `${decimals(bytes / 1024 ** power)}${"BKMGTP"[power]}`;
}

/** A number with two decimals. */
export function decimals(value: number): string {
  return value.toFixed(2);
}

/** How many times `whole` fits into `part`, with two decimals; 0 when there is no whole. */
export function ratio(part: number, whole: number): string {
  return decimals(whole === 0 ? 0 : part / whole);
}

/** A part in percent, with two decimals and the sign. */
export function percent(part: number, whole: number): string {
  return `${ratio(part * 100, whole)}%`;
}

/** A name with `_` for every character that a reader of `name:value` lines would stumble over. */
export function safeName(name: string): string {
  return name.replace(/[#:\r\n]/g, "_");
}

/** Kernel names as `uname` prints them, by Deno's names. */
const SYSTEM_NAMES: Readonly<Record<string, string>> = {
  linux: "Linux",
  darwin: "Darwin",
  freebsd: "FreeBSD",
  windows: "Windows",
};

/** System, release and machine: `Linux 6.1.0-13-amd64 x86_64`. */
export function describeSystem(): string {
  const { os, arch } = Deno.build;
  const release = mayRead("osRelease") ? Deno.osRelease() : "";
  return [SYSTEM_NAMES[os] ?? os, release, arch].filter((part) => part !== "").join(" ");
}

/** How the runtime waits for many sockets at once. */
export function multiplexingApi(): string {
  switch (Deno.build.os) {
    case "windows":
      return "iocp";
    case "linux":
    case "android":
      return "epoll";
    default:
      return "kqueue";
  }
}

/** The machine's memory in bytes; 0 when it may not be read. */
export function totalMemory(): number {
  return mayRead("systemMemoryInfo") ? Deno.systemMemoryInfo().total : 0;
}

/** CPU time of this process, all its threads together, in µs. */
export function cpuMicros(): { user: number; system: number } {
  // Importing node:process would add 17 ms (measured) to every start; the global loads it when first asked for.
  // deno-lint-ignore no-process-global
  return process.cpuUsage();
}

function mayRead(kind: "osRelease" | "systemMemoryInfo"): boolean {
  return Deno.permissions.querySync({ name: "sys", kind }).state === "granted";
}
