/**
 * What INFO asks of Deno and the system below it.
 *
 * A server may be embedded in a program that was not given `--allow-sys`. Clients ask for INFO as soon as they are
 * connected, so what may not be read is left out instead of failing, and nobody is prompted for it.
 *
 * @module
 */

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
