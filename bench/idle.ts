/**
 * Memory of connections that do nothing. Each has asked once, so that whatever a server makes
 * ready at the first request is there.
 *
 * @module
 */

import type { Peer } from "../tests/support/peer.ts";
import type { RawConnection } from "../tests/support/raw_connection.ts";
import { pause } from "../tests/support/wait.ts";
import type { Contenders } from "./contenders.ts";
import { residentBytes } from "./machine.ts";
import type { Measure } from "./report.ts";

/** The number of connections that the target speaks of. */
export const CONNECTIONS_OF_TARGET = 10_000;

const OPEN_FILES = 20_000;

/** Opens `count` connections to each server and leaves them idle. */
export async function measureIdle(contenders: Contenders, count: number): Promise<Measure[]> {
  requireOpenFiles(count + 200);
  const options = { openFiles: OPEN_FILES, args: ["--maxclients", String(count + 100)] };
  const { redis, coolcache } = await contenders.each(async (server) => {
    const empty = residentBytes(server.pid);
    const connections: RawConnection[] = [];
    try {
      await openAll(server, { count, connections });
      await pause(1000);
      return (residentBytes(server.pid) - empty) / 1e6;
    } finally {
      for (const connection of connections) connection.close();
    }
  }, options);
  return [{
    area: "idle",
    name: `${count} idle connections, resident above empty`,
    unit: "MB",
    redis,
    coolcache,
    ...(count === CONNECTIONS_OF_TARGET ? { target: { atMost: 200 } } : {}),
  }];
}

async function openAll(
  server: Peer,
  { count, connections }: { count: number; connections: RawConnection[] },
): Promise<void> {
  const together = 100;
  while (connections.length < count) {
    const more = Math.min(together, count - connections.length);
    await Promise.all(Array.from({ length: more }, async () => {
      const connection = await server.connect({ timeout: 20_000 });
      connections.push(connection);
      await connection.line("PING");
    }));
  }
}

function requireOpenFiles(wanted: number): void {
  const limits = Deno.readTextFileSync("/proc/self/limits");
  const allowed = /^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? "0";
  if (Number(allowed) < wanted) {
    throw new Error(`${wanted} open files are needed, ${allowed} are allowed: raise \`ulimit -n\``);
  }
}
