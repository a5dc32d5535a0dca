/**
 * Who is whose replica: REPLICAOF, SLAVEOF and FAILOVER.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError, syntaxError } from "../../server/resp/errors.ts";
import { arg, command } from "../command.ts";
import type { Context, FailoverOptions, PrimaryAddress } from "../context.ts";

const LARGEST_PORT = 65535;

/** REPLICAOF */
export const replicaof = command({
  name: "REPLICAOF",
  summary: "Makes the server a replica of another one, or a primary.",
  group: "server",
  since: "5.0.0",
  complexity: "O(1)",
  arity: 3,
  flags: ["no_async_loading", "admin", "noscript", "stale"],
  args: [arg.oneOf("args", [
    arg.block("host-port", [arg.string("host"), arg.integer("port")]),
    arg.block("no-one", [arg.token("NO"), arg.token("ONE")]),
  ])],

  run: changeRole,
});

/** SLAVEOF */
export const slaveof = command({
  ...replicaof,
  name: "SLAVEOF",
  since: "1.0.0",
  docFlags: ["deprecated"],
  deprecatedSince: "5.0.0",
  replacedBy: "`REPLICAOF`",

  run: changeRole,
});

function changeRole(ctx: Context, args: Args): void {
  const { client, reply, server } = ctx;
  const { failover, replica } = server;
  if (server.cluster !== undefined) {
    throw new ReplyError("ERR REPLICAOF not allowed in cluster mode.");
  }
  if (failover.isPending) {
    throw new ReplyError("ERR REPLICAOF not allowed while failing over.");
  }
  if (args.is(1, "NO") && args.is(2, "ONE")) {
    if (replica.primary !== undefined) {
      replica.promote();
      server.log("notice", `MASTER MODE enabled (user request from '${client.describe()}')`);
    }
    return reply.ok();
  }
  if (client.isReplica) {
    throw new ReplyError("ERR Command is not valid when client is a replica.");
  }
  const host = args.text(1);
  const port = args.intBetween(2, 0, LARGEST_PORT, "ERR Invalid master port");
  const { primary } = replica;
  if (primary?.host.toLowerCase() === host.toLowerCase() && primary.port === port) {
    return reply.simple("OK Already connected to specified master");
  }
  replica.follow({ host, port });
  server.log(
    "notice",
    `REPLICAOF ${host}:${port} enabled (user request from '${client.describe()}')`,
  );
  reply.ok();
}

/** FAILOVER */
export const failover = command({
  name: "FAILOVER",
  summary: "Hands the role of a primary over to one of its replicas.",
  group: "server",
  since: "6.2.0",
  complexity: "O(1)",
  arity: -1,
  flags: ["admin", "noscript", "stale"],
  args: [
    arg.block(
      "target",
      [arg.string("host"), arg.integer("port"), arg.token("FORCE", { optional: true })],
      { token: "TO", optional: true },
    ),
    arg.token("ABORT", { optional: true }),
    arg.integer("milliseconds", { token: "TIMEOUT", optional: true }),
  ],

  run({ reply, server }, args) {
    const { failover } = server;
    if (server.cluster !== undefined) {
      throw new ReplyError(
        "ERR FAILOVER not allowed in cluster mode. Use CLUSTER FAILOVER command instead.",
      );
    }
    if (args.count === 2 && args.is(1, "ABORT")) {
      if (!failover.isPending) throw new ReplyError("ERR No failover in progress.");
      failover.abort("Failover manually aborted");
      return reply.ok();
    }
    const options = readOptions(args);
    if (failover.isPending) throw new ReplyError("ERR FAILOVER already in progress.");
    if (server.replica.primary !== undefined) {
      throw new ReplyError("ERR FAILOVER is not valid when server is a replica.");
    }
    if (server.replication.replicaCount === 0) {
      throw new ReplyError("ERR FAILOVER requires connected replicas.");
    }
    if (options.isForced && (options.timeout === undefined || options.target === undefined)) {
      throw new ReplyError(
        "ERR FAILOVER with force option requires both a timeout and target HOST and IP.",
      );
    }
    failover.start(options);
    reply.ok();
  },
});

function readOptions(args: Args): FailoverOptions {
  let target: PrimaryAddress | undefined;
  let timeout: number | undefined;
  let isForced = false;
  for (let i = 1; i < args.count; i++) {
    if (args.is(i, "TIMEOUT") && i + 1 < args.count && timeout === undefined) {
      timeout = args.int(++i);
      if (timeout <= 0) throw new ReplyError("ERR FAILOVER timeout must be greater than 0");
    } else if (args.is(i, "TO") && i + 2 < args.count && target === undefined) {
      target = { port: args.int(i + 2), host: args.text(i + 1) };
      i += 2;
    } else if (args.is(i, "FORCE") && !isForced) {
      isForced = true;
    } else {
      throw syntaxError();
    }
  }
  return { target, timeout, isForced };
}
