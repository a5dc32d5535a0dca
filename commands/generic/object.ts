/**
 * OBJECT: what is known about a value's representation and use.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { parseSafeInteger } from "../../server/resp/numbers.ts";
import { encodingName } from "../../storage/encoding.ts";
import { Type } from "../../storage/entry.ts";
import { AccessTracking } from "../../storage/keyspace.ts";
import type { Ref } from "../../storage/memory/arena.ts";
import { arg, command, type CommandSpec } from "../command.ts";
import type { Context } from "../context.ts";
import { frequencyNotTracked, idleTimeNotTracked } from "../errors.ts";
import { replyWithHelp } from "../help.ts";

/** Redis shares the integers below this one among all keys, and says that such a value has countless references. */
const SHARED_INTEGERS = 10000;
const COUNTLESS = 0x7fffffff;

type SubcommandFacts = Pick<CommandSpec, "name" | "summary" | "since">;

const encoding = aboutKey({
  name: "ENCODING",
  summary: "Tells how a value is represented.",
  since: "2.2.3",
}, (ctx, ref) => ctx.reply.bulk(encodingName(ctx.db, ref)));

const freq = aboutKey({
  name: "FREQ",
  summary: "Tells how often a key is used, on a logarithmic scale.",
  since: "4.0.0",
}, (ctx, ref) => {
  const { keyspace } = ctx.db;
  if (keyspace.tracking !== AccessTracking.lfu) throw frequencyNotTracked();
  ctx.reply.int(keyspace.decayedFrequency(ctx.db.clock(ref)));
});

const idletime = aboutKey({
  name: "IDLETIME",
  summary: "Tells for how many seconds a key has not been used.",
  since: "2.2.3",
}, (ctx, ref) => {
  const { keyspace } = ctx.db;
  if (keyspace.tracking === AccessTracking.lfu) throw idleTimeNotTracked();
  ctx.reply.int(keyspace.idleSeconds(ctx.db.clock(ref)));
});

const refcount = aboutKey({
  name: "REFCOUNT",
  summary: "Tells how many references to a value there are.",
  since: "2.2.3",
}, (ctx, ref) => ctx.reply.int(isSharedInteger(ctx, ref) ? COUNTLESS : 1));

const help = command({
  name: "HELP",
  summary: "Explains the subcommands.",
  group: "generic",
  since: "6.2.0",
  complexity: "O(1)",
  arity: 2,
  flags: ["loading", "stale"],

  run(ctx) {
    replyWithHelp(ctx.reply, "OBJECT", [
      "ENCODING <key>",
      "    How the value at <key> is represented.",
      "FREQ <key>",
      "    How often <key> is used, on a logarithmic scale; under an LFU policy only.",
      "IDLETIME <key>",
      "    For how many seconds <key> has not been used; not under an LFU policy.",
      "REFCOUNT <key>",
      "    How many references to the value at <key> there are.",
    ]);
  },
});

/** OBJECT */
export const object = command({
  name: "OBJECT",
  summary: "Holds the commands about how values are represented and used.",
  group: "generic",
  since: "2.2.3",
  complexity: "Depends on the subcommand",
  arity: -2,
  subcommands: [encoding, freq, help, idletime, refcount],
});

function aboutKey(facts: SubcommandFacts, tell: (ctx: Context, ref: Ref) => void): CommandSpec {
  return command({
    ...facts,
    group: "generic",
    complexity: "O(1)",
    arity: 3,
    flags: ["readonly"],
    keys: [{ at: 2, access: "RO" }],
    args: [arg.key("key")],
    tips: ["nondeterministic_output"],

    run(ctx, args) {
      const ref = lookUp(ctx, args);
      if (ref === 0) ctx.reply.null();
      else tell(ctx, ref);
    },
  });
}

/** Counts as a read, but neither marks the key as used nor tells anybody that it is missing. */
function lookUp(ctx: Context, args: Args): Ref {
  const ref = ctx.db.peek(args, 2);
  if (ref === 0) ctx.db.keyspace.misses++;
  else ctx.db.keyspace.hits++;
  return ref;
}

function isSharedInteger({ db }: Context, ref: Ref): boolean {
  if (db.type(ref) !== Type.string || encodingName(db, ref) !== "int") return false;
  const { buf, off, len } = db.value(ref);
  const value = parseSafeInteger(buf, off, len);
  return value >= 0 && value < SHARED_INTEGERS;
}
