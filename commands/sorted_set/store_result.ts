/**
 * Storing a sorted set that a command has computed.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { SortedSets } from "../../storage/sorted_sets.ts";
import type { SortedSet } from "../../storage/types/sorted_set.ts";
import { type Context, EventClass } from "../context.ts";

/**
 * Stores a result under the key in argument `i`, which is deleted when there is nothing to store, and replies with the
 * number of members. The result is not the caller's any more.
 */
export function storeResult(
  ctx: Context,
  args: Args,
  i: number,
  result: SortedSet,
  event: string,
): void {
  const sets = ctx.db.tool(SortedSets);
  const { size } = result;
  if (size > 0) {
    sets.store(args, i, result, ctx.server.config.values);
    ctx.changed(args, i, EventClass.sortedSet, event);
  } else {
    sets.release(result);
    if (ctx.db.delete(args, i)) ctx.changed(args, i, EventClass.generic, "del");
  }
  ctx.reply.int(size);
}
