/**
 * GEOSEARCH and GEOSEARCHSTORE: the places within a circle or a box; and what they have replaced: GEORADIUS,
 * GEORADIUSBYMEMBER and their forms that cannot store.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { SortedSets } from "../../storage/sorted_sets.ts";
import { arg, type ArgSpec, command, type CommandSpec, type KeySpec } from "../command.ts";
import type { Context } from "../context.ts";
import { readPlace } from "./places.ts";
import {
  answerNothing,
  answerSearch,
  readMiddle,
  readRadius,
  readRadiusOptions,
  readSearch,
  shapeOf,
} from "./search.ts";

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

const COMPLEXITY =
  "O(N+log(M)) for N places in the cells around the circle, and M that lie within it";

const STORE = arg.oneOf("store", [
  arg.key("storekey", { displayText: "key", token: "STORE", keySpecIndex: 1 }),
  arg.key("storedistkey", { displayText: "key", token: "STOREDIST", keySpecIndex: 2 }),
], { optional: true });

const AROUND_PLACE: readonly ArgSpec[] = [arg.double("longitude"), arg.double("latitude")];
const AROUND_MEMBER: readonly ArgSpec[] = [arg.string("member")];

/** GEORADIUS */
export const georadius = radiusCommand({
  name: "GEORADIUS",
  summary: "Answers or stores the places within a circle around a place.",
  since: "3.2.0",
  replacedBy: "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument",
  around: AROUND_PLACE,
  mayStore: true,
});

/** GEORADIUS_RO */
export const georadiusRo = radiusCommand({
  name: "GEORADIUS_RO",
  summary: "Answers the places within a circle around a place.",
  since: "3.2.10",
  replacedBy: "`GEOSEARCH` with the `BYRADIUS` argument",
  around: AROUND_PLACE,
  mayStore: false,
});

/** GEORADIUSBYMEMBER */
export const georadiusbymember = radiusCommand({
  name: "GEORADIUSBYMEMBER",
  summary: "Answers or stores the places within a circle around a member.",
  since: "3.2.0",
  replacedBy: "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
  around: AROUND_MEMBER,
  mayStore: true,
});

/** GEORADIUSBYMEMBER_RO */
export const georadiusbymemberRo = radiusCommand({
  name: "GEORADIUSBYMEMBER_RO",
  summary: "Answers the places within a circle around a member.",
  since: "3.2.10",
  replacedBy: "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments",
  around: AROUND_MEMBER,
  mayStore: false,
});

interface RadiusFacts {
  name: string;
  summary: string;
  since: string;
  replacedBy: string;
  /** What says where the middle is. */
  around: readonly ArgSpec[];
  mayStore: boolean;
}

function radiusCommand(facts: RadiusFacts): CommandSpec {
  const { name, summary, since, replacedBy, around, mayStore } = facts;
  /** Key, middle, radius and unit come first. */
  const optionsAt = around.length + 4;
  return command({
    name,
    summary,
    group: "geo",
    since,
    complexity: COMPLEXITY,
    deprecatedSince: "6.2.0",
    replacedBy,
    docFlags: ["deprecated"],
    arity: -optionsAt,
    flags: mayStore ? ["write", "denyoom"] : ["readonly"],
    keys: [
      { at: 1, access: "RO", effects: ["access"] },
      ...(mayStore ? [storeKey("STORE", optionsAt), storeKey("STOREDIST", optionsAt)] : []),
    ],
    args: [
      arg.key("key"),
      ...around,
      arg.double("radius"),
      arg.oneOf("unit", [arg.token("M"), arg.token("KM"), arg.token("FT"), arg.token("MI")]),
      arg.token("WITHCOORD", { optional: true }),
      arg.token("WITHDIST", { optional: true }),
      arg.token("WITHHASH", { optional: true }),
      arg.block("count-block", [
        arg.integer("count", { token: "COUNT" }),
        arg.token("ANY", { optional: true, since: "6.2.0" }),
      ], { optional: true }),
      arg.oneOf("order", [arg.token("ASC"), arg.token("DESC")], { optional: true }),
      ...(mayStore ? [STORE] : []),
    ],
    history: [
      ["6.2.0", "The option `ANY` for `COUNT` came."],
      ["7.0.0", "Units may be written in capital letters."],
    ],
    run: (ctx, args) => search(ctx, args, optionsAt, mayStore),
  });
}

function storeKey(keyword: string, from: number): KeySpec {
  return { keyword, from, access: "OW", effects: ["update"] };
}

function search(ctx: Context, args: Args, optionsAt: number, mayStore: boolean): void {
  const set = ctx.db.tool(SortedSets).read(args, 1);
  const isAroundPlace = optionsAt === AROUND_PLACE.length + 4;
  // Without a set there is no member, and Redis does not look at the circle then.
  if (set === undefined && !isAroundPlace) {
    answerNothing(ctx, args, readRadiusOptions(args, optionsAt, mayStore).storeAt);
    return;
  }
  const middle = set === undefined || isAroundPlace ? readPlace(args, 2) : readMiddle(set, args, 2);
  const { outline, unit } = readRadius(args, optionsAt - 2);
  const options = readRadiusOptions(args, optionsAt, mayStore);
  if (set === undefined) answerNothing(ctx, args, options.storeAt);
  else answerSearch(ctx, args, set, { shape: shapeOf(middle, outline), unit, options });
}
