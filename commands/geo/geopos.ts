/**
 * GEOPOS, GEOHASH, GEODIST: where members are, and how far apart.
 *
 * @module
 */

import { syntaxError } from "../../server/resp/errors.ts";
import { geohashText, placeOf } from "../../storage/geohash.ts";
import { distance } from "../../storage/geo_shape.ts";
import { SortedSets } from "../../storage/sorted_sets.ts";
import { arg, command } from "../command.ts";
import { placeOfMember, readUnit, replyLength, replyPlace } from "./places.ts";

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
