/**
 * XCLAIM: a consumer takes pending entries over, given by ID.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError } from "../../server/resp/errors.ts";
import type { IdPlace } from "../../storage/types/id_tree.ts";
import type { Stream } from "../../storage/types/stream.ts";
import { type Count, narrowCount } from "../../storage/types/stream_count.ts";
import type { Consumer } from "../../storage/types/stream_group.ts";
import type { StreamId } from "../../storage/types/stream_id.ts";
import { arg, command } from "../command.ts";
import type { Context } from "../context.ts";
import { noKeyOrGroup } from "../errors.ts";
import { type NamedGroup, propagatePending, propagateProgress } from "./effects.ts";
import { readId, readIdIfAny, replyWithId } from "./ids.ts";
import { needConsumer, readStream, replyWithEntry } from "./lookup.ts";

/** What XCLAIM's arguments say behind the consumer. */
interface ClaimOptions {
  readonly minIdle: number;
  readonly ids: readonly StreamId[];
  /** When the entries count as delivered, Unix time in ms. */
  deliveryTime: number;
  /** How often they count as delivered; undefined for once more. */
  deliveries: Count | undefined;
  force: boolean;
  justId: boolean;
  lastId: StreamId | undefined;
}

/** XCLAIM */
export const xclaim = command({
  name: "XCLAIM",
  summary: "Gives pending entries to another consumer of the group.",
  group: "stream",
  since: "5.0.0",
  complexity: "O(log N) with N being the number of messages in the PEL of the consumer group.",
  arity: -6,
  flags: ["write", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["update"] }],
  args: [
    arg.key("key"),
    arg.string("group"),
    arg.string("consumer"),
    arg.string("min-idle-time"),
    arg.string("ID", { multiple: true }),
    arg.integer("ms", { token: "IDLE", optional: true }),
    arg.unixTime("unix-time-milliseconds", { token: "TIME", optional: true }),
    arg.integer("count", { token: "RETRYCOUNT", optional: true }),
    arg.token("FORCE", { optional: true }),
    arg.token("JUSTID", { optional: true }),
    arg.string("lastid", { token: "LASTID", optional: true }),
  ],
  tips: ["nondeterministic_output"],

  run(ctx, args) {
    const stream = readStream(ctx.db, args, 1);
    const group = stream?.group(args.binary(2));
    if (stream === undefined || group === undefined) throw noKeyOrGroup(args, 1, 2);
    const options = readOptions(ctx, args);

    ctx.propagateNothing();
    let advanced = false;
    if (options.lastId !== undefined && options.lastId.compare(group.lastId) > 0) {
      group.lastId.set(options.lastId);
      advanced = true;
    }
    const consumer = needConsumer(ctx, args, { group, key: 1, i: 3 });
    const claim = { stream, group, key: 1, name: 2, consumer };
    const mark = ctx.reply.open();
    let claimed = 0;
    let told = false;
    for (const id of options.ids) {
      const { isPropagated, isClaimed } = claimOne(ctx, args, claim, { id, options });
      if (isPropagated) told = true;
      if (isClaimed) claimed++;
    }
    // An entry that was claimed has told of the group's progress, too.
    if (advanced && !told) {
      propagateProgress(ctx, args, claim);
      ctx.dirty();
    }
    ctx.reply.close(mark, "array", claimed);
  },
});

/** A group's consumer that takes entries over. */
export interface Claim extends NamedGroup {
  readonly stream: Stream;
  readonly consumer: Consumer;
}

function claimOne(
  ctx: Context,
  args: Args,
  claim: Claim,
  { id, options }: { id: StreamId; options: ClaimOptions },
): { isPropagated: boolean; isClaimed: boolean } {
  const { stream, group, consumer } = claim;
  let place = group.pending.find(id);
  if (!stream.has(id)) {
    if (place === undefined) return { isPropagated: false, isClaimed: false };
    dropPending(ctx, args, claim, { id, place });
    return { isPropagated: true, isClaimed: false };
  }
  if (place === undefined) {
    if (!options.force) return { isPropagated: false, isClaimed: false };
    place = group.deliver(id, consumer, ctx.now);
  } else if (
    options.minIdle > 0 && ctx.now - group.deliveryTime(place) < options.minIdle
  ) {
    return { isPropagated: false, isClaimed: false };
  }
  group.assign(place, id, consumer);
  const { deliveryTime, deliveries } = options;
  if (deliveries !== undefined) group.setDelivery(place, deliveryTime, deliveries);
  else if (options.justId) group.setDelivery(place, deliveryTime, group.deliveryCount(place));
  else group.deliverAgain(place, deliveryTime);
  finishClaim(ctx, args, claim, { id, place, justId: options.justId });
  return { isPropagated: true, isClaimed: true };
}

/** Takes a deleted entry off the pending ones, and says so. */
export function dropPending(
  ctx: Context,
  args: Args,
  claim: Claim,
  entry: { id: StreamId; place: IdPlace },
): void {
  propagatePending(ctx, args, claim, entry);
  claim.group.acknowledge(entry.id);
  ctx.dirty();
}

/** Replies with an entry that was claimed, and says whose it is now. The stream's reader is at it. */
export function finishClaim(
  ctx: Context,
  args: Args,
  claim: Claim,
  entry: { id: StreamId; place: IdPlace; justId: boolean },
): void {
  if (entry.justId) replyWithId(ctx, entry.id);
  else replyWithEntry(ctx, claim.stream.reader);
  claim.consumer.activeTime = ctx.now;
  propagatePending(ctx, args, claim, entry);
  ctx.dirty();
}

function readOptions(ctx: Context, args: Args): ClaimOptions {
  const minIdle = Math.max(0, args.int(4, "ERR Invalid min-idle-time argument for XCLAIM"));
  const ids: StreamId[] = [];
  let i = 5;
  for (; i < args.count; i++) {
    const id = readIdIfAny(args, i);
    if (id === undefined) break;
    ids.push(id);
  }
  const options: ClaimOptions = {
    minIdle,
    ids,
    deliveryTime: ctx.now,
    deliveries: undefined,
    force: false,
    justId: false,
    lastId: undefined,
  };
  // The first argument that is no ID begins the options.
  for (; i < args.count; i++) {
    const hasMore = i + 1 < args.count;
    if (args.is(i, "FORCE")) {
      options.force = true;
    } else if (args.is(i, "JUSTID")) {
      options.justId = true;
    } else if (hasMore && args.is(i, "IDLE")) {
      const idle = args.int(++i, "ERR Invalid IDLE option argument for XCLAIM");
      options.deliveryTime = ctx.now - idle;
    } else if (hasMore && args.is(i, "TIME")) {
      options.deliveryTime = args.int(++i, "ERR Invalid TIME option argument for XCLAIM");
    } else if (hasMore && args.is(i, "RETRYCOUNT")) {
      args.int(++i, "ERR Invalid RETRYCOUNT option argument for XCLAIM");
      const count = args.bigint(i);
      options.deliveries = count < 0n ? undefined : narrowCount(count);
    } else if (hasMore && args.is(i, "LASTID")) {
      options.lastId = readId(args, ++i);
    } else {
      throw unrecognizedOption(args, i);
    }
  }
  // Clients compute times by their own clocks: one that cannot be is no error.
  if (options.deliveryTime < 0 || options.deliveryTime > ctx.now) options.deliveryTime = ctx.now;
  return options;
}

function unrecognizedOption(args: Args, i: number): ReplyError {
  const option = args.binary(i).split("\0", 1)[0];
  return new ReplyError(`ERR Unrecognized XCLAIM option '${option}'`);
}
