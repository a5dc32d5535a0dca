/**
 * GEOADD: places as members of a sorted set.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import { scoreOf } from "../../storage/geohash.ts";
import { arg, command } from "../command.ts";
import type { Context, EffectPart } from "../context.ts";
import { type Additions, addMembers, AddOption } from "../sorted_set/zadd.ts";
import { readPlace } from "./places.ts";

/** GEOADD */
export const geoadd = command({
  name: "GEOADD",
  summary: "Adds places to a sorted set, or moves them.",
  group: "geo",
  since: "3.2.0",
  complexity: "O(log(N)) for each place, N being the size of the sorted set",
  arity: -5,
  flags: ["write", "denyoom"],
  keys: [{ at: 1, access: "RW", effects: ["update"] }],
  args: [
    arg.key("key"),
    arg.oneOf("condition", [arg.token("NX"), arg.token("XX")], { optional: true, since: "6.2.0" }),
    arg.token("CH", { name: "change", optional: true, since: "6.2.0" }),
    arg.block("data", [
      arg.double("longitude"),
      arg.double("latitude"),
      arg.string("member"),
    ], { multiple: true }),
  ],
  history: [["6.2.0", "The options `CH`, `NX` and `XX` came."]],

  run(ctx, args) {
    let options: number = AddOption.none;
    let at = 2;
    for (; at < args.count; at++) {
      if (args.is(at, "NX")) options |= AddOption.nx;
      else if (args.is(at, "XX")) options |= AddOption.xx;
      else if (args.is(at, "CH")) options |= AddOption.ch;
      else break;
    }
    const isContradiction = (options & AddOption.nx) !== 0 && (options & AddOption.xx) !== 0;
    if ((args.count - at) % 3 !== 0 || isContradiction) throw syntaxError();
    const scores: number[] = [];
    for (let i = at; i < args.count; i += 3) scores.push(scoreOf(readPlace(args, i)));
    // ZADD, which does the work, wants one pair at the least.
    if (scores.length === 0) throw syntaxError();
    const additions = { at, step: 3, memberAt: 2, scores, options };
    if (addMembers(ctx, args, additions) > 0) propagateAsZadd(ctx, args, additions);
  },
});

/** Replicas store the scores, not the places. */
function propagateAsZadd(
  ctx: Context,
  args: Args,
  { at, step, memberAt, scores }: Additions,
): void {
  const parts: EffectPart[] = ["ZADD"];
  for (let i = 1; i < at; i++) parts.push(args.view(i));
  scores.forEach((score, i) => parts.push(score, args.view(at + i * step + memberAt)));
  ctx.propagate(...parts);
}
