/**
 * What commands about consumer groups leave behind for replicas and the AOF: who has which entry pending, how far a group
 * has read, and that a consumer exists, each said outright.
 *
 * @module
 */

import { type Args, encodeLatin1 } from "../../server/resp/args.ts";
import type { IdPlace } from "../../storage/types/id_tree.ts";
import type { Consumer, ConsumerGroup } from "../../storage/types/stream_group.ts";
import type { StreamId } from "../../storage/types/stream_id.ts";
import type { Context } from "../context.ts";

/** A group with the arguments that name its key and itself. */
export interface NamedGroup {
  readonly group: ConsumerGroup;
  readonly key: number;
  readonly name: number;
}

/** The entry of that ID is pending as its place says; or, if it has been deleted, not at all. */
export function propagatePending(
  ctx: Context,
  args: Args,
  { group, key, name }: NamedGroup,
  entry: { readonly id: StreamId; readonly place: IdPlace },
): void {
  if (!ctx.propagates) return;
  const { id, place } = entry;
  ctx.propagate(
    "XCLAIM",
    args.view(key),
    args.view(name),
    encodeLatin1(group.owner(place).name),
    "0",
    String(id),
    "TIME",
    group.deliveryTime(place),
    "RETRYCOUNT",
    group.deliveryCount(place),
    "FORCE",
    "JUSTID",
    "LASTID",
    String(group.lastId),
  );
}

/** The group has read so far. */
export function propagateProgress(
  ctx: Context,
  args: Args,
  { group, key, name }: NamedGroup,
): void {
  if (!ctx.propagates) return;
  ctx.propagate(
    "XGROUP",
    "SETID",
    args.view(key),
    args.view(name),
    String(group.lastId),
    "ENTRIESREAD",
    group.entriesRead,
  );
}

/** The group has this consumer, even without anything pending. */
export function propagateConsumer(
  ctx: Context,
  args: Args,
  { key, name }: NamedGroup,
  consumer: Consumer,
): void {
  if (!ctx.propagates) return;
  ctx.propagate(
    "XGROUP",
    "CREATECONSUMER",
    args.view(key),
    args.view(name),
    encodeLatin1(consumer.name),
  );
}
