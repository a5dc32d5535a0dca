/**
 * WAIT and WAITAOF: until replicas, or the disk, have what the client wrote.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError } from "../../server/resp/errors.ts";
import { readMillisTimeout } from "../block_timeout.ts";
import { arg, command } from "../command.ts";
import type { BlockOptions, Context } from "../context.ts";
import { appendOnlyDisabled, waitaofAtReplica, waitAtReplica } from "../errors.ts";

/** WAIT */
export const wait = command({
  name: "WAIT",
  summary: "Waits until so many replicas have received the client's writes.",
  group: "generic",
  since: "3.0.0",
  complexity: "O(1)",
  arity: 3,
  flags: ["blocking"],
  categories: ["connection", "-keyspace"],
  args: [arg.integer("numreplicas"), arg.integer("timeout")],
  tips: ["request_policy:all_shards", "response_policy:agg_min"],

  run(ctx, args) {
    if (ctx.server.replica.primary !== undefined) throw waitAtReplica();
    const wanted = args.int(1);
    const timeout = readMillisTimeout(args, 2, ctx.now);
    const { writeOffset } = ctx.client;
    const { replication } = ctx.server;
    const onTimeout = ({ reply }: Context) => reply.int(replication.acknowledgedBy(writeOffset));
    return untilEnough(ctx, args, {
      timeout,
      onTimeout,
      isEnough: () => replication.acknowledgedBy(writeOffset) >= wanted,
    });
  },
});

/** WAITAOF */
export const waitaof = command({
  name: "WAITAOF",
  summary: "Waits until the client's writes are on the disk, here and on so many replicas.",
  group: "generic",
  since: "7.2.0",
  complexity: "O(1)",
  arity: 4,
  flags: ["blocking"],
  categories: ["connection", "-keyspace"],
  args: [arg.integer("numlocal"), arg.integer("numreplicas"), arg.integer("timeout")],
  tips: ["request_policy:all_shards", "response_policy:agg_min"],

  run(ctx, args) {
    const local = args.int(1);
    if (local < 0 || local > 1) {
      throw new ReplyError("ERR value is out of range, value must between 0 and 1");
    }
    const wanted = args.intBetween(2, 0, Infinity, "ERR value is out of range, must be positive");
    const timeout = readMillisTimeout(args, 3, ctx.now);
    const { client, server: { aof, replica, replication } } = ctx;
    if (replica.primary !== undefined) throw waitaofAtReplica();
    if (local > 0 && !aof.isEnabled) throw appendOnlyDisabled();
    const { writeOffset } = client;
    const onTimeout = ({ reply }: Context) => {
      // It may have been switched off meanwhile.
      if (local > 0 && !aof.isEnabled) return reply.error(appendOnlyDisabled().message);
      reply.array(2);
      reply.int(aof.hasSynced(client) ? 1 : 0);
      reply.int(replication.writtenToDiskBy(writeOffset));
    };
    return untilEnough(ctx, args, {
      timeout,
      onTimeout,
      isEnough: () =>
        (local > 0 && !aof.isEnabled) ||
        (local <= Number(aof.hasSynced(client)) &&
          replication.writtenToDiskBy(writeOffset) >= wanted),
    });
  },
});

/** Replies, by `onTimeout`, when it is enough or the time is over. */
function untilEnough(
  ctx: Context,
  args: Args,
  { isEnough, onTimeout, timeout }: Pick<BlockOptions, "onTimeout" | "timeout"> & {
    isEnough: () => boolean;
  },
): Promise<void> | void {
  if (isEnough()) return onTimeout(ctx);
  if (!ctx.denyBlocking) ctx.server.replication.requestAcknowledgements();
  const serve = (ctx: Context) => {
    if (!isEnough()) return false;
    onTimeout(ctx);
    return true;
  };
  return ctx.block(args, { keys: [], timeout, serve, onTimeout });
}
