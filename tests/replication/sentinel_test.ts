/**
 * A real redis-sentinel watches a primary and two replicas, and promotes one of these when the primary is killed.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  hasRedisServer,
  type Peer,
  startCoolcache,
  startPeer,
  startRedis,
} from "../support/peer.ts";
import { RawConnection } from "../support/raw_connection.ts";
import { waitFor } from "../support/wait.ts";

/** The Sentinel's own time to find out, and ours to wait for it on a busy machine, ms. */
const DOWN_AFTER = 1000;
const PATIENCE = 60_000;

const START = { coolcache: startCoolcache, redis: startRedis } as const;

async function startSentinel(primary: Peer): Promise<Peer & { readonly file: string }> {
  const file = await Deno.makeTempFile({ prefix: "coolcache-sentinel-", suffix: ".conf" });
  await Deno.writeTextFile(
    file,
    `sentinel monitor group 127.0.0.1 ${primary.port} 1\n` +
      `sentinel down-after-milliseconds group ${DOWN_AFTER}\n` +
      `sentinel failover-timeout group 10000\n` +
      `sentinel parallel-syncs group 2\n`,
  );
  const command = ["redis-server", file, "--sentinel", "--port", "{port}"];
  return Object.assign(await startPeer({ name: "redis-sentinel", command }), { file });
}

/** What a server says to one question. */
async function ask({ port }: { port: number }, ...words: string[]): Promise<string> {
  using connection = await RawConnection.connect({ port, timeout: PATIENCE });
  return await connection.text(...words);
}

function field(text: string, name: string): string {
  return new RegExp(`^${name}:(.*?)\r?$`, "m").exec(text)?.[1] ?? "";
}

async function isLinkedTo(replica: Peer, primary: { port: number }): Promise<boolean> {
  const info = await ask(replica, "INFO", "replication");
  return field(info, "master_link_status") === "up" &&
    field(info, "master_port") === String(primary.port);
}

/** Groups of three: the primary first. */
const GROUPS = [
  ["coolcache", "coolcache", "coolcache"],
  ["coolcache", "redis", "redis"],
  ["redis", "coolcache", "coolcache"],
] as const;

for (const kinds of GROUPS) {
  Deno.test({
    name: `redis-sentinel fails over when the primary is killed: ${kinds.join(", ")}`,
    ignore: !hasRedisServer,
    async fn() {
      const delay = ["--repl-diskless-sync-delay", "0"];
      await using primary = await START[kinds[0]](delay);
      const following = [...delay, "--replicaof", `127.0.0.1 ${primary.port}`];
      await using first = await START[kinds[1]](following);
      await using second = await START[kinds[2]](following);
      const replicas = [first, second];
      for (const replica of replicas) {
        await waitFor(() => isLinkedTo(replica, primary), { what: "a replica", timeout: PATIENCE });
      }
      await using sentinel = await startSentinel(primary);
      await waitFor(
        async () => field(await ask(sentinel, "INFO", "sentinel"), "master0").includes("slaves=2"),
        { what: "the Sentinel to know the replicas", timeout: PATIENCE, interval: 100 },
      );
      assertEquals(await ask(primary, "SET", "before", "1"), "+OK");
      assertEquals(await ask(primary, "WAIT", "2", "5000"), ":2");

      await primary.stop("SIGKILL");
      const port = await waitFor(async () => {
        const reply = await ask(sentinel, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "group");
        const named = Number(/\r\n(\d+)$/.exec(reply)?.[1]);
        return named !== primary.port && named;
      }, { what: "the failover", timeout: PATIENCE, interval: 100 });

      const promoted = replicas.find((each) => each.port === port);
      const other = replicas.find((each) => each.port !== port);
      assert(promoted !== undefined && other !== undefined);
      await waitFor(() => isLinkedTo(other, promoted), {
        what: "the other replica to follow",
        timeout: PATIENCE,
        interval: 100,
      });
      assertEquals(await ask(promoted, "SET", "after", "1"), "+OK");
      assertEquals(await ask(promoted, "WAIT", "1", "5000"), ":1");
      for (const key of ["before", "after"]) assertEquals(await ask(other, "GET", key), "1");
      // It went on from where it was.
      assertEquals(field(await ask(promoted, "INFO", "stats"), "sync_full"), "0");
      await sentinel.stop();
      await Deno.remove(sentinel.file);
    },
  });
}
