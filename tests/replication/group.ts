/**
 * What tests of replicas share: servers of both kinds that follow each other, and when they are in step.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { CoolCache } from "../../server/coolcache.ts";
import { type Peer, startRedis } from "../support/peer.ts";
import { type Command, encodeCommand, RawConnection } from "../support/raw_connection.ts";
import { pause, waitFor } from "../support/wait.ts";

/** So many commands are sent at a time. */
const BATCH = 50;

/** A server with a connection to it. */
export class Member implements AsyncDisposable {
  readonly port: number;
  readonly connection: RawConnection;
  /** The server, if it is one of ours in this process. */
  readonly coolcache: CoolCache | undefined;
  readonly #server: CoolCache | Peer;
  readonly #dir: string | undefined;

  private constructor(server: CoolCache | Peer, connection: RawConnection, dir?: string) {
    this.#server = server;
    this.coolcache = server instanceof CoolCache ? server : undefined;
    this.port = server.port;
    this.connection = connection;
    this.#dir = dir;
  }

  /** A coolcache in this process, with directives. */
  static async coolcache(directives: Readonly<Record<string, string>> = {}): Promise<Member> {
    // A folder that is given is the test's own.
    const dir = directives.dir === undefined
      ? await Deno.makeTempDir({ prefix: "coolcache-replica-" })
      : undefined;
    const server = await CoolCache.start({
      port: 0,
      hostname: "127.0.0.1",
      directives: {
        ...(dir !== undefined && { dir }),
        "save": "",
        "repl-diskless-sync-delay": "0",
        "enable-debug-command": "yes",
        "hz": "50",
        ...directives,
      },
    });
    return new Member(server, await connect(server.port), dir);
  }

  /** A redis-server, with flags. */
  static async redis(directives: Readonly<Record<string, string>> = {}): Promise<Member> {
    const all = {
      "save": "",
      "repl-diskless-sync-delay": "0",
      "enable-debug-command": "yes",
      "hz": "50",
      ...directives,
    };
    const peer = await startRedis(
      Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]),
    );
    return new Member(peer, await connect(peer.port));
  }

  /** Makes it a replica of what listens on a port. */
  async follow({ port }: { port: number }): Promise<void> {
    assertEquals(await this.connection.line("REPLICAOF", "127.0.0.1", String(port)), "+OK");
  }

  async promote(): Promise<void> {
    assertEquals(await this.connection.line("REPLICAOF", "NO", "ONE"), "+OK");
  }

  /** A field of a section of INFO. */
  async info(section: string, name: string): Promise<string> {
    const text = await this.connection.text("INFO", section);
    return new RegExp(`^${name}:(.*?)\r?$`, "m").exec(text)?.[1] ?? "";
  }

  /** Waits until it follows its primary's stream. */
  async linked(): Promise<void> {
    await waitFor(async () => await this.info("replication", "master_link_status") === "up", {
      what: `the replica on port ${this.port} to be linked`,
      timeout: 20_000,
      interval: 20,
    });
  }

  /** Sends commands, whose replies do not matter. */
  async play(commands: Iterable<Command>): Promise<void> {
    let batch: Command[] = [];
    const flush = async () => {
      for (const command of batch) await this.connection.write(encodeCommand(command));
      for (const _ of batch) await this.connection.read();
      batch = [];
    };
    for (const command of commands) {
      batch.push(command);
      if (batch.length === BATCH) await flush();
    }
    await flush();
  }

  /** Lets nothing more get into its stream, and waits until others have all of it. */
  async rest(...replicas: readonly Member[]): Promise<void> {
    assertEquals(await this.connection.line("DEBUG", "SET-ACTIVE-EXPIRE", "0"), "+OK");
    for (const replica of replicas) {
      await waitFor(async () => await replica.#offset() === await this.#offset(), {
        what: "the same offset",
      });
    }
  }

  #offset(): Promise<string> {
    return this.info("replication", "master_repl_offset");
  }

  digest(): Promise<string> {
    return this.connection.line("DEBUG", "DIGEST");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.connection.close();
    await this.#server[Symbol.asyncDispose]();
    if (this.#dir !== undefined) await Deno.remove(this.#dir, { recursive: true });
  }
}

function connect(port: number): Promise<RawConnection> {
  // A digest of much data takes its time on a busy machine.
  return RawConnection.connect({ port, timeout: 30_000 });
}

/** Waits until all members have the same data, functions included, as the first one, and the same history. */
export async function assertInStep(primary: Member, ...replicas: readonly Member[]): Promise<void> {
  for (const replica of replicas) {
    for (let tries = 1;; tries++) {
      const [theirs, ours] = [await replica.digest(), await primary.digest()];
      if (theirs === ours) break;
      // Keys that are over go, and effects arrive, in their time.
      if (tries === 200) assertEquals(theirs, ours, "the digest of the replica's data");
      await pause(50);
    }
    const library = ["FUNCTION", "LIST", "WITHCODE"] as const;
    assertEquals(
      await replica.connection.text(...library),
      await primary.connection.text(...library),
    );
    assertEquals(
      await replica.info("replication", "master_replid"),
      await primary.info("replication", "master_replid"),
    );
    assertEquals(await replica.info("stats", "unexpected_error_replies"), "0");
  }
}
