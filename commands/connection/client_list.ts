/**
 * CLIENT LIST and CLIENT INFO: one line of fields about a connection.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import { arg, command } from "../command.ts";
import type { ClientApi, ClientsApi } from "../context.ts";
import { readClientType } from "./client_type.ts";

/** CLIENT INFO */
export const clientInfo = command({
  name: "INFO",
  summary: "Describes the connection on one line.",
  group: "connection",
  since: "6.2.0",
  complexity: "O(1)",
  arity: 2,
  flags: ["noscript", "loading", "stale", "sentinel"],
  tips: ["nondeterministic_output"],

  run(ctx) {
    ctx.reply.verbatim("txt", `${ctx.client.describe()}\n`);
  },
});

/** CLIENT LIST */
export const clientList = command({
  name: "LIST",
  summary: "Describes the connections, each on a line.",
  group: "connection",
  since: "2.4.0",
  complexity: "O(N) where N is the number of client connections",
  arity: -2,
  flags: ["admin", "noscript", "loading", "stale", "sentinel"],
  args: [
    arg.oneOf("client-type", [
      arg.token("normal"),
      arg.token("master"),
      arg.token("replica"),
      arg.token("pubsub"),
    ], { token: "TYPE", since: "5.0.0", optional: true }),
    arg.integer("client-id", { token: "ID", since: "6.2.0", optional: true, multiple: true }),
  ],
  tips: ["nondeterministic_output"],
  history: [
    ["2.8.12", "The field `id` came."],
    ["5.0.0", "The filter `TYPE` came."],
    ["6.0.0", "The field `user` came."],
    ["6.2.0", "The fields `argv-mem`, `tot-mem`, `laddr`, `redir` and the filter `ID` came."],
    ["7.0.0", "The fields `resp`, `multi-mem`, `rbs` and `rbp` came."],
    ["7.0.3", "The field `ssub` came."],
  ],

  run(ctx, args) {
    const text = select(ctx.server.clients, args).map((client) => `${client.describe()}\n`);
    ctx.reply.verbatim("txt", text.join(""));
  },
});

function select(clients: ClientsApi, args: Args): readonly ClientApi[] {
  if (args.count === 2) return clients.list({});
  if (args.count === 4 && args.is(2, "TYPE")) {
    return clients.list({ type: readClientType(args, 3) });
  }
  if (args.count > 3 && args.is(2, "ID")) {
    const ids = Array.from(
      { length: args.count - 3 },
      (_, i) => args.int(i + 3, "ERR Invalid client ID"),
    );
    // In the order asked for, and as often.
    return ids.map((id) => clients.get(id)).filter((client) => client !== undefined);
  }
  throw syntaxError();
}
