/**
 * The server's roles in replication, as the cluster turns them.
 *
 * @module
 */

import type { Server } from "../server.ts";
import type { ClusterReplication } from "./host.ts";

/** Turns the roles of one server. */
export class ClusterReplicator implements ClusterReplication {
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  get offset(): number {
    const { replica, replication } = this.#server;
    // Redis counts a replica that has no data yet as one at 0.
    if (replica.primary === undefined) return replication.offset;
    const { done } = replica.offsets;
    return replica.isLinked || done > 1 ? done : 0;
  }

  get primary(): { readonly host: string; readonly port: number } | undefined {
    return this.#server.replica.primary;
  }

  get heardAt(): number {
    const { replica } = this.#server;
    return replica.heardAt ?? replica.downSince ?? 0;
  }

  follow(address: { readonly host: string; readonly port: number }): void {
    const { primary } = this.#server.replica;
    if (primary?.host === address.host && primary.port === address.port) return;
    this.#server.replica.follow(address);
  }

  promote(): void {
    this.#server.replica.promote();
  }
}
