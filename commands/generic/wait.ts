/**
 * WAIT and WAITAOF: until replicas, or the disk, have what the client wrote.
 *
 * There are no replicas and there is no AOF yet, so nothing is ever acknowledged: who asks for nothing is answered at
 * once, everybody else after the timeout.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError } from "../../server/resp/errors.ts";
import { INT64_MAX } from "../../server/resp/numbers.ts";
import { arg, command } from "../command.ts";
import type { Context } from "../context.ts";
import { appendOnlyDisabled, timeoutNegative, timeoutOutOfRange } from "../errors.ts";

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
    const wanted = args.int(1);
    const timeout = readTimeout(ctx, args, 2);
    const onTimeout = ({ reply }: Context) => reply.int(0);
    if (wanted <= 0) onTimeout(ctx);
    else return ctx.block(args, { keys: [], timeout, serve: never, onTimeout });
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
    const timeout = readTimeout(ctx, args, 3);
    if (local > 0) throw appendOnlyDisabled();
    if (wanted === 0) replyWithNone(ctx);
    else return ctx.block(args, { keys: [], timeout, serve: never, onTimeout: replyWithNone });
  },
});

/** No change of a key serves who waits for acknowledgements. */
function never(): boolean {
  return false;
}

/** Neither the local disk nor any replica has acknowledged. */
function replyWithNone({ reply }: Context): void {
  reply.array(2);
  reply.int(0);
  reply.int(0);
}

/**
 * Reads a timeout in ms; 0 stands for "forever".
 *
 * @throws {ReplyError} when it is no integer, negative, or ends beyond 64 bits
 */
function readTimeout(ctx: Context, args: Args, i: number): number {
  const timeout = args.int(i, "ERR timeout is not an integer or out of range");
  if (timeout < 0) throw timeoutNegative();
  if (!Number.isSafeInteger(timeout) && args.bigint(i) > INT64_MAX - BigInt(ctx.now)) {
    throw timeoutOutOfRange();
  }
  return timeout;
}
