/**
 * A consumer takes over what is pending: XCLAIM, entries given by ID; XAUTOCLAIM, whatever has been pending for long, a
 * part at a time.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError, syntaxError } from "../../server/resp/errors.ts";
import { IdPlace } from "../../storage/types/id_tree.ts";
import type { Stream } from "../../storage/types/stream.ts";
import { type Count, narrowCount } from "../../storage/types/stream_count.ts";
import type { Consumer } from "../../storage/types/stream_group.ts";
import { StreamId } from "../../storage/types/stream_id.ts";
import { arg, command } from "../command.ts";
import type { Context } from "../context.ts";
import { noKeyOrGroup } from "../errors.ts";
import { type NamedGroup, propagatePending, propagateProgress } from "./effects.ts";
import {
  needConsumer,
  readId,
  readIdIfAny,
  readIntervalStart,
  readStream,
  replyWithEntry,
  replyWithId,
  replyWithIds,
} from "./lookup.ts";

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
interface Claim extends NamedGroup {
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
function dropPending(
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
function finishClaim(
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

interface AutoClaimOptions {
  readonly minIdle: number;
  readonly from: StreamId;
  readonly count: number;
  readonly justId: boolean;
}

const USUAL_COUNT = 100;
/** Redis's bound: as many IDs as a 64-bit size can tell. */
const LARGEST_COUNT = Math.floor((2 ** 63 - 1) / 16);
/** Pending entries that are looked at for each one asked for. */
const TRIES_PER_ENTRY = 10;

/** XAUTOCLAIM */
export const xautoclaim = command({
  name: "XAUTOCLAIM",
  summary: "Gives entries that have been pending for long to another consumer of the group.",
  group: "stream",
  since: "6.2.0",
  complexity: "O(1) if COUNT is small.",
  arity: -6,
  flags: ["write", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["delete"] }],
  args: [
    arg.key("key"),
    arg.string("group"),
    arg.string("consumer"),
    arg.string("min-idle-time"),
    arg.string("start"),
    arg.integer("count", { token: "COUNT", optional: true }),
    arg.token("JUSTID", { optional: true }),
  ],
  tips: ["nondeterministic_output"],
  history: [["7.0.0", "The reply also tells which pending entries were found deleted."]],

  run(ctx, args) {
    const options = readAutoClaimOptions(args);
    const stream = readStream(ctx.db, args, 1);
    const group = stream?.group(args.binary(2));
    if (stream === undefined || group === undefined) throw noKeyOrGroup(args, 1, 2);

    ctx.propagateNothing();
    const consumer = needConsumer(ctx, args, { group, key: 1, i: 3 });
    const claim: Claim = { stream, group, key: 1, name: 2, consumer };
    const { found, next } = findClaims(ctx, claim, options);
    const { reply } = ctx;
    reply.array(3);
    replyWithId(ctx, next);
    const mark = reply.open();
    const deleted = found.filter((id) => !autoClaimOne(ctx, args, claim, { id, options }));
    reply.close(mark, "array", found.length - deleted.length);
    replyWithIds(ctx, deleted);
  },
});

/** The entries that are to be claimed, or found deleted; and where the next call goes on, 0-0 at the end. */
function findClaims(
  ctx: Context,
  { stream, group }: Claim,
  { minIdle, from, count }: AutoClaimOptions,
): { found: StreamId[]; next: StreamId } {
  const place = new IdPlace(group.pending);
  const found: StreamId[] = [];
  const next = new StreamId();
  let more = group.pending.seekAtLeast(from, place);
  for (let tries = count * TRIES_PER_ENTRY; more; tries--) {
    place.readId(next);
    if (tries === 0 || found.length === count) return { found, next };
    const idle = ctx.now - group.deliveryTime(place);
    if (minIdle === 0 || idle >= minIdle || !stream.has(next)) found.push(next.clone());
    more = place.next();
  }
  return { found, next: next.setZero() };
}

/** Claims an entry and replies with it; false, and no reply, when it has been deleted. */
function autoClaimOne(
  ctx: Context,
  args: Args,
  claim: Claim,
  { id, options }: { id: StreamId; options: AutoClaimOptions },
): boolean {
  const { stream, group, consumer } = claim;
  const place = group.pending.find(id);
  if (place === undefined) return false;
  if (!stream.has(id)) {
    dropPending(ctx, args, claim, { id, place });
    return false;
  }
  group.assign(place, id, consumer);
  if (options.justId) group.setDelivery(place, ctx.now, group.deliveryCount(place));
  else group.deliverAgain(place, ctx.now);
  finishClaim(ctx, args, claim, { id, place, justId: options.justId });
  return true;
}

function readAutoClaimOptions(args: Args): AutoClaimOptions {
  const minIdle = Math.max(0, args.int(4, "ERR Invalid min-idle-time argument for XAUTOCLAIM"));
  const from = readIntervalStart(args, 5);
  let count = USUAL_COUNT;
  let justId = false;
  for (let i = 6; i < args.count; i++) {
    if (args.is(i, "COUNT") && i + 1 < args.count) {
      count = args.intBetween(++i, 1, LARGEST_COUNT, "ERR COUNT must be > 0");
    } else if (args.is(i, "JUSTID")) {
      justId = true;
    } else {
      throw syntaxError();
    }
  }
  return { minIdle, from, count, justId };
}
