/**
 * INFO's section Clients.
 *
 * @module
 */

import type { Server } from "../server.ts";
import type { InfoFields } from "./fields.ts";

/** The section Clients. O(clients), since the largest buffers are looked for now. */
export function clientsFields(server: Server): InfoFields {
  let input = 0;
  let output = 0;
  let blocked = 0;
  let subscribed = 0;
  for (const session of server.clients) {
    input = Math.max(input, session.inputCapacity);
    output = Math.max(output, session.output.memory);
    if (session.isBlocked) blocked++;
    if (session.type === "pubsub") subscribed++;
  }
  return {
    connected_clients: server.clients.count,
    cluster_connections: 0,
    maxclients: server.config.values.maxclients,
    client_recent_max_input_buffer: input,
    client_recent_max_output_buffer: output,
    blocked_clients: blocked,
    tracking_clients: 0,
    pubsub_clients: subscribed,
    watching_clients: server.watches.watchers,
    clients_in_timeout_table: server.blocking.timers,
    total_watched_keys: server.watches.keys,
    total_blocking_keys: server.blocking.keys,
    total_blocking_keys_on_nokey: server.blocking.keysMissed,
  };
}
