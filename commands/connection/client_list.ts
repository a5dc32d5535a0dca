/**
 * CLIENT LIST, INFO and KILL: connections told in one line each, chosen by filters, and closed.
 *
 * CLIENT KILL has an old form (an address) and a new one (filters).
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError, syntaxError } from "../../server/resp/errors.ts";
import { arg, command } from "../command.ts";
import type { ClientApi, ClientFilter, ClientsApi, Context } from "../context.ts";
import { shown } from "../errors.ts";

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

/** CLIENT KILL */
export const clientKill = command({
  name: "KILL",
  summary: "Closes connections.",
  group: "connection",
  since: "2.4.0",
  complexity: "O(N) where N is the number of client connections",
  arity: -3,
  flags: ["admin", "noscript", "loading", "stale", "sentinel"],
  args: [
    arg.oneOf("filter", [
      arg.string("old-format", { displayText: "ip:port", deprecatedSince: "2.8.12" }),
      arg.oneOf("new-format", [
        arg.integer("client-id", { token: "ID", since: "2.8.12", optional: true }),
        arg.oneOf("client-type", [
          arg.token("normal"),
          arg.token("master", { since: "3.2.0" }),
          arg.token("slave"),
          arg.token("replica", { since: "5.0.0" }),
          arg.token("pubsub"),
        ], { token: "TYPE", since: "2.8.12", optional: true }),
        arg.string("username", { token: "USER", optional: true }),
        arg.string("addr", { displayText: "ip:port", token: "ADDR", optional: true }),
        arg.string("laddr", {
          displayText: "ip:port",
          token: "LADDR",
          since: "6.2.0",
          optional: true,
        }),
        arg.oneOf("skipme", [arg.token("YES"), arg.token("NO")], {
          token: "SKIPME",
          optional: true,
        }),
        arg.integer("maxage", { token: "MAXAGE", since: "7.4.0", optional: true }),
      ], { multiple: true }),
    ]),
  ],
  history: [
    ["2.8.12", "The form with filters came, with `ID` among them."],
    ["3.2.0", "`TYPE` knows `master`."],
    ["5.0.0", "`TYPE` knows `replica`, and still `slave`."],
    ["6.2.0", "The filter `LADDR` came."],
    ["7.4.0", "The filter `MAXAGE` came."],
  ],

  run(ctx, args) {
    if (args.count === 3) {
      if (kill(ctx, { address: args.text(2) }) === 0) throw new ReplyError("ERR No such client");
      ctx.reply.ok();
    } else {
      ctx.reply.int(kill(ctx, readFilter(ctx, args)));
    }
  },
});

/** Closes clients, the one that asks not before it is answered. */
function kill(ctx: Context, filter: ClientFilter): number {
  const { clients } = ctx.server;
  const me = ctx.client.id;
  const includesMe = filter.skip !== me && clients.list(filter).some(({ id }) => id === me);
  const others = clients.kill({ ...filter, skip: me });
  if (includesMe) ctx.client.closeAfterReply();
  return includesMe ? others + 1 : others;
}

function readFilter(ctx: Context, args: Args): ClientFilter {
  const filter: ClientFilter = { skip: ctx.client.id };
  for (let i = 2; i < args.count; i += 2) {
    const value = i + 1;
    if (value === args.count) throw syntaxError();
    if (args.is(i, "ID")) {
      const refusal = "ERR client-id should be greater than 0";
      filter.ids = [args.intBetween(value, 1, Infinity, refusal)];
    } else if (args.is(i, "MAXAGE")) {
      filter.maxAgeSeconds = readAge(args, value);
    } else if (args.is(i, "TYPE")) {
      filter.type = readClientType(args, value);
    } else if (args.is(i, "ADDR")) {
      filter.address = args.text(value);
    } else if (args.is(i, "LADDR")) {
      filter.localAddress = args.text(value);
    } else if (args.is(i, "USER")) {
      filter.user = readUser(ctx, args, value);
    } else if (args.is(i, "SKIPME") && args.is(value, "YES")) {
      filter.skip = ctx.client.id;
    } else if (args.is(i, "SKIPME") && args.is(value, "NO")) {
      delete filter.skip;
    } else {
      throw syntaxError();
    }
  }
  return filter;
}

function readAge(args: Args, i: number): number {
  const age = args.int(i, "ERR maxage is not an integer or out of range");
  if (age <= 0) throw new ReplyError("ERR maxage should be greater than 0");
  return age;
}

function readUser(ctx: Context, args: Args, i: number): string {
  const name = args.binary(i);
  if (ctx.server.acl.find(name) === undefined) throw new ReplyError(`ERR No such user '${name}'`);
  return name;
}

/** @throws {ReplyError} when the argument names no type of clients */
function readClientType(args: Args, i: number): NonNullable<ClientFilter["type"]> {
  if (args.is(i, "NORMAL")) return "normal";
  if (args.is(i, "REPLICA") || args.is(i, "SLAVE")) return "replica";
  if (args.is(i, "PUBSUB")) return "pubsub";
  if (args.is(i, "MASTER")) return "primary";
  throw new ReplyError(`ERR Unknown client type '${shown(args, i)}'`);
}
