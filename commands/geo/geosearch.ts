/**
 * GEOSEARCH and GEOSEARCHSTORE: the places within a circle or a box.
 *
 * @module
 */

import { SortedSets } from "../../storage/sorted_sets.ts";
import { arg, type ArgSpec, command } from "../command.ts";
import { answerNothing, answerSearch } from "./search.ts";
import { readSearch } from "./search_options.ts";

/** The units of length. */
const UNIT = arg.oneOf("unit", [
  arg.token("M"),
  arg.token("KM"),
  arg.token("FT"),
  arg.token("MI"),
]);

const SEARCH: readonly ArgSpec[] = [
  arg.oneOf("from", [
    arg.string("member", { token: "FROMMEMBER" }),
    arg.block("fromlonlat", [arg.double("longitude"), arg.double("latitude")], {
      token: "FROMLONLAT",
    }),
  ]),
  arg.oneOf("by", [
    arg.block("circle", [arg.double("radius", { token: "BYRADIUS" }), UNIT]),
    arg.block("box", [arg.double("width", { token: "BYBOX" }), arg.double("height"), UNIT]),
  ]),
  arg.oneOf("order", [arg.token("ASC"), arg.token("DESC")], { optional: true }),
  arg.block("count-block", [
    arg.integer("count", { token: "COUNT" }),
    arg.token("ANY", { optional: true }),
  ], { optional: true }),
];

/** GEOSEARCH */
export const geosearch = command({
  name: "GEOSEARCH",
  summary: "Answers the places within a circle or a box.",
  group: "geo",
  since: "6.2.0",
  complexity: "O(N+log(M)) for N places in the cells around the shape, and M that lie within it",
  arity: -7,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [
    arg.key("key"),
    ...SEARCH,
    arg.token("WITHCOORD", { optional: true }),
    arg.token("WITHDIST", { optional: true }),
    arg.token("WITHHASH", { optional: true }),
  ],
  history: [["7.0.0", "Units may be written in capital letters."]],

  run(ctx, args) {
    const set = ctx.db.tool(SortedSets).read(args, 1);
    const search = readSearch(args, 2, set, 0);
    if (set === undefined || search === undefined) answerNothing(ctx, args, 0);
    else answerSearch(ctx, args, set, search);
  },
});

/** GEOSEARCHSTORE */
export const geosearchstore = command({
  name: "GEOSEARCHSTORE",
  summary: "Stores the places within a circle or a box as another sorted set.",
  group: "geo",
  since: "6.2.0",
  complexity: "O(N+log(M)) for N places in the cells around the shape, and M that lie within it",
  arity: -8,
  flags: ["write", "denyoom"],
  keys: [
    { at: 1, access: "OW", effects: ["update"] },
    { at: 2, access: "RO", effects: ["access"] },
  ],
  args: [
    arg.key("destination"),
    arg.key("source", { keySpecIndex: 1 }),
    ...SEARCH,
    arg.token("STOREDIST", { optional: true }),
  ],
  history: [["7.0.0", "Units may be written in capital letters."]],

  run(ctx, args) {
    const set = ctx.db.tool(SortedSets).read(args, 2);
    const search = readSearch(args, 3, set, 1);
    if (set === undefined || search === undefined) answerNothing(ctx, args, 1);
    else answerSearch(ctx, args, set, search);
  },
});
