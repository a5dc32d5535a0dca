/**
 * XAUTOCLAIM: a consumer takes over whatever has been pending for long, a part at a time.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import { IdPlace } from "../../storage/types/id_tree.ts";
import { StreamId } from "../../storage/types/stream_id.ts";
import { arg, command } from "../command.ts";
import type { Context } from "../context.ts";
import { noKeyOrGroup } from "../errors.ts";
import { type Claim, dropPending, finishClaim } from "./claim.ts";
import { readIntervalStart, replyWithId, replyWithIds } from "./ids.ts";
import { needConsumer, readStream } from "./lookup.ts";

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
    const options = readOptions(args);
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
    const deleted = found.filter((id) => !claimOne(ctx, args, claim, { id, options }));
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
function claimOne(
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

function readOptions(args: Args): AutoClaimOptions {
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
