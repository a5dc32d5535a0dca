/**
 * Places as members of a sorted set: GEOADD; GEOPOS, GEOHASH and GEODIST tell where they are, and how far apart.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import { distance, geohashText, placeOf, scoreOf } from "../../storage/geohash.ts";
import { SortedSets } from "../../storage/sorted_sets.ts";
import { arg, command } from "../command.ts";
import type { Context, EffectPart } from "../context.ts";
import { type Additions, addMembers, AddOption } from "../sorted_set/zadd.ts";
import { placeOfMember, readPlace, readUnit, replyLength, replyPlace } from "./places.ts";

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

/** GEOPOS */
export const geopos = command({
  name: "GEOPOS",
  summary: "Answers the longitudes and latitudes of members.",
  group: "geo",
  since: "3.2.0",
  complexity: "O(N) in the number of members asked for",
  arity: -2,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [arg.key("key"), arg.string("member", { optional: true, multiple: true })],

  run(ctx, args) {
    const { reply } = ctx;
    const set = ctx.db.tool(SortedSets).read(args, 1);
    reply.array(args.count - 2);
    for (let i = 2; i < args.count; i++) {
      const place = set && placeOfMember(set, args, i);
      if (place === undefined) reply.nullArray();
      else replyPlace(reply, place);
    }
  },
});

/** GEOHASH */
export const geohash = command({
  name: "GEOHASH",
  summary: "Answers the geohashes of members, as text.",
  group: "geo",
  since: "3.2.0",
  complexity: "O(N) in the number of members asked for",
  arity: -2,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [arg.key("key"), arg.string("member", { optional: true, multiple: true })],

  run(ctx, args) {
    const { reply } = ctx;
    const set = ctx.db.tool(SortedSets).read(args, 1);
    reply.array(args.count - 2);
    for (let i = 2; i < args.count; i++) {
      const member = set?.find(args.buf, args.off[i], args.len[i]) ?? 0;
      if (set === undefined || member === 0) reply.null();
      else reply.bulk(geohashText(set.scoreOf(member)));
    }
  },
});

/** GEODIST */
export const geodist = command({
  name: "GEODIST",
  summary: "Answers the distance between two members.",
  group: "geo",
  since: "3.2.0",
  complexity: "O(1)",
  arity: -4,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [
    arg.key("key"),
    arg.string("member1"),
    arg.string("member2"),
    arg.oneOf("unit", [arg.token("M"), arg.token("KM"), arg.token("FT"), arg.token("MI")], {
      optional: true,
    }),
  ],

  run(ctx, args) {
    const { reply } = ctx;
    if (args.count > 5) throw syntaxError();
    const unit = args.count === 5 ? readUnit(args, 4) : 1;
    const set = ctx.db.tool(SortedSets).read(args, 1);
    const from = set?.find(args.buf, args.off[2], args.len[2]) ?? 0;
    const to = set?.find(args.buf, args.off[3], args.len[3]) ?? 0;
    if (set === undefined || from === 0 || to === 0) {
      reply.null();
      return;
    }
    const meters = distance(placeOf(set.scoreOf(from)), placeOf(set.scoreOf(to)));
    replyLength(reply, meters / unit);
  },
});
