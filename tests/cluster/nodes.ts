/**
 * Clusters of real processes, of coolcache and of redis-server, joined by redis-cli.
 *
 * @module
 */

import { freePort } from "../support/free_port.ts";
import { type Peer, startCoolcache, startRedis } from "../support/peer.ts";
import { waitFor } from "../support/wait.ts";

/** What a node is. */
export type NodeKind = "coolcache" | "redis";

/** In ms: short, so that failures are soon noticed. */
export const NODE_TIMEOUT = 1500;

const decoder = new TextDecoder();

/** Starts one node that knows no other. */
export function startNode(kind: NodeKind, args: readonly string[] = []): Promise<Peer> {
  const all = [
    "--cluster-enabled",
    "yes",
    "--cluster-port",
    String(freePort()),
    "--cluster-node-timeout",
    String(NODE_TIMEOUT),
    "--enable-debug-command",
    "local",
    "--repl-diskless-sync-delay",
    "0",
    ...args,
  ];
  return kind === "coolcache" ? startCoolcache(all) : startRedis(all);
}

/** Runs `redis-cli --cluster …` and answers what it says; fails if it does. */
export async function manage(...args: readonly string[]): Promise<string> {
  const { success, text } = await tryToManage(...args);
  if (!success) throw new Error(`redis-cli --cluster ${args.join(" ")} failed:\n${text}`);
  return text;
}

/** The same, but answers whether it failed. */
export async function tryToManage(
  ...args: readonly string[]
): Promise<{ success: boolean; text: string }> {
  // It asks whether to go on, and must not ask for ever.
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", `echo yes | timeout 60 redis-cli --cluster "$@"`, "sh", ...args],
    stdin: "null",
  }).output();
  return { success, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** A cluster that ends with its scope. */
export class TestCluster implements AsyncDisposable {
  readonly nodes: Peer[];

  private constructor(nodes: Peer[]) {
    this.nodes = nodes;
  }

  /** Starts nodes and joins them; the first ones become primaries, with so many replicas each. */
  static async start(
    kinds: readonly NodeKind[],
    { replicas = 0, args = [] as readonly string[] } = {},
  ): Promise<TestCluster> {
    const cluster = new TestCluster([]);
    try {
      for (const kind of kinds) cluster.nodes.push(await startNode(kind, args));
      const addresses = cluster.nodes.map(({ port }) => `127.0.0.1:${port}`);
      const wanted = replicas === 0 ? [] : ["--cluster-replicas", String(replicas)];
      await manage("create", ...addresses, ...wanted, "--cluster-yes");
      await cluster.untilOk();
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Waits until these nodes, or all, say that the cluster works. */
  async untilOk(nodes: readonly Peer[] = this.nodes): Promise<void> {
    for (const node of nodes) {
      await waitFor(async () => (await ask(node, "CLUSTER", "INFO")).includes("cluster_state:ok"), {
        what: `${node.name}:${node.port} to be in a cluster that works`,
        timeout: 20_000,
        interval: 50,
      });
    }
  }

  /** What `redis-cli --cluster check` says; fails unless it is content. */
  check(): Promise<string> {
    return manage("check", `127.0.0.1:${this.nodes[0].port}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }
}

/** Sends one command over a connection of its own; its reply as text. */
export async function ask(node: Peer, ...command: string[]): Promise<string> {
  using connection = await node.connect();
  return await connection.text(...command);
}

/** Waits until a node has a role: `master` or `slave`. */
export async function untilRole(node: Peer, role: "master" | "slave"): Promise<void> {
  await waitFor(async () => (await ask(node, "INFO", "replication")).includes(`role:${role}`), {
    what: `${node.name}:${node.port} to be a ${role}`,
    timeout: 20_000,
    interval: 50,
  });
}
