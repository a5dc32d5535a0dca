/**
 * XPENDING: what a group has delivered and nobody has acknowledged.
 *
 * @module
 */

import { type Args, encodeLatin1 } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import { IdPlace } from "../../storage/types/id_tree.ts";
import type { ConsumerGroup } from "../../storage/types/stream_group.ts";
import { StreamId } from "../../storage/types/stream_id.ts";
import { arg, command } from "../command.ts";
import type { Context } from "../context.ts";
import { noKeyOrGroup } from "../errors.ts";
import { readIntervalEnd, readIntervalStart, readStream, replyWithId } from "./lookup.ts";

/** Which pending entries to tell of. */
interface Filter {
  readonly minIdle: number;
  readonly from: StreamId;
  readonly to: StreamId;
  readonly count: number;
  /** The argument that names a consumer, 0 for all of them. */
  readonly consumerAt: number;
}

/** XPENDING */
export const xpending = command({
  name: "XPENDING",
  summary: "Tells which entries a group has delivered and nobody has acknowledged.",
  group: "stream",
  since: "5.0.0",
  complexity: "O(N) with N being the number of elements returned, so asking for a small fixed " +
    "number of entries per call is O(1). O(M), where M is the total number of entries scanned " +
    "when used with the IDLE filter. When the command returns just the summary and the list of " +
    "consumers is small, it runs in O(1) time; otherwise, an additional O(N) time for iterating " +
    "every consumer.",
  arity: -3,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [
    arg.key("key"),
    arg.string("group"),
    arg.block("filters", [
      arg.integer("min-idle-time", { token: "IDLE", optional: true, since: "6.2.0" }),
      arg.string("start"),
      arg.string("end"),
      arg.integer("count"),
      arg.string("consumer", { optional: true }),
    ], { optional: true }),
  ],
  tips: ["nondeterministic_output"],
  history: [["6.2.0", "The option `IDLE` came, and intervals need not include their ends."]],

  run(ctx, args) {
    if (args.count !== 3 && (args.count < 6 || args.count > 9)) throw syntaxError();
    const filter = args.count > 3 ? readFilter(args) : undefined;
    const group = readStream(ctx.db, args, 1)?.group(args.binary(2));
    if (group === undefined) throw noKeyOrGroup(args, 1, 2);
    if (filter === undefined) replyWithSummary(ctx, group);
    else replyWithEntries(ctx, args, group, filter);
  },
});

function readFilter(args: Args): Filter {
  let at = 3;
  let minIdle = 0;
  if (args.is(3, "IDLE")) {
    minIdle = args.int(4);
    if (args.count < 8) throw syntaxError();
    at = 5;
  }
  const count = Math.max(0, args.int(at + 2));
  const from = readIntervalStart(args, at);
  const to = readIntervalEnd(args, at + 1);
  return { minIdle, from, to, count, consumerAt: at + 3 < args.count ? at + 3 : 0 };
}

function replyWithSummary(ctx: Context, group: ConsumerGroup): void {
  const { reply } = ctx;
  reply.array(4);
  reply.int(group.pending.size);
  const first = group.pending.first()?.readId(new StreamId());
  const last = group.pending.last()?.readId(new StreamId());
  if (first === undefined || last === undefined) {
    reply.null();
    reply.null();
    reply.nullArray();
    return;
  }
  replyWithId(ctx, first);
  replyWithId(ctx, last);
  const owners = group.consumers().filter(({ pending }) => pending.size > 0);
  reply.array(owners.length);
  for (const { name, pending } of owners) {
    reply.array(2);
    reply.bulk(encodeLatin1(name));
    reply.bulk(String(pending.size));
  }
}

function replyWithEntries(ctx: Context, args: Args, group: ConsumerGroup, filter: Filter): void {
  const { reply } = ctx;
  const { minIdle, from, to, count, consumerAt } = filter;
  const consumer = consumerAt > 0 ? group.consumer(args.binary(consumerAt)) : undefined;
  if (consumerAt > 0 && consumer === undefined) {
    reply.array(0);
    return;
  }
  const tree = consumer?.pending ?? group.pending;
  const walk = new IdPlace(tree);
  const id = new StreamId();
  const mark = reply.open();
  let entries = 0;
  let more = count > 0 && tree.seekAtLeast(from, walk);
  for (; more && walk.readId(id).compare(to) <= 0; more = walk.next()) {
    const place = consumer === undefined ? walk : group.pending.find(id);
    if (place === undefined) continue;
    const idle = ctx.now - group.deliveryTime(place);
    if (minIdle !== 0 && idle < minIdle) continue;
    reply.array(4);
    replyWithId(ctx, id);
    reply.bulk(encodeLatin1(group.owner(place).name));
    reply.int(Math.max(0, idle));
    reply.int(group.deliveryCount(place));
    if (++entries === count) break;
  }
  reply.close(mark, "array", entries);
}
