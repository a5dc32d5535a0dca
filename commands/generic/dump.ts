/**
 * DUMP: a value as bytes, for RESTORE here or elsewhere. RESTORE-ASKING is the same for keys on their way into a slot.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import { NO_EXPIRY } from "../../storage/entry.ts";
import { AccessTracking } from "../../storage/keyspace.ts";
import type { Ref } from "../../storage/memory/arena.ts";
import { isDump, readDump, writeDump } from "../../storage/rdb/dump.ts";
import { CorruptRdb } from "../../storage/rdb/format.ts";
import { type LoadedValue, release, storeLoaded } from "../../storage/rdb/loaded.ts";
import { arg, command, type CommandSpec } from "../command.ts";
import { type Context, type EffectPart, EventClass } from "../context.ts";
import {
  badDumpFormat,
  busyKey,
  invalidFrequency,
  invalidIdleTime,
  invalidTtl,
  notADump,
} from "../errors.ts";

/** DUMP */
export const dump = command({
  name: "DUMP",
  summary: "Answers the value of a key as bytes that RESTORE takes, here or in a Redis.",
  group: "generic",
  since: "2.6.0",
  complexity: "O(1) to find the key, and O(N) in the bytes of the value.",
  arity: 2,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [arg.key("key")],
  tips: ["nondeterministic_output"],

  run(ctx, args) {
    const ref = ctx.db.read(args, 1);
    if (ref === 0) ctx.reply.null();
    else ctx.reply.bulk(writeDump(ctx.db, ref));
  },
});

const PAYLOAD = 3;
const OPTIONS = 4;
/** Times beyond 64 bits of milliseconds have gone by, as far as Redis is concerned. */
const LATEST = 2 ** 63;
const NOT_GIVEN = -1;

interface RestoreOptions {
  readonly replace: boolean;
  /** Whether the time to live is a Unix time. */
  readonly absolute: boolean;
  /** In seconds, or {@link NOT_GIVEN}. */
  readonly idle: number;
  /** An LFU counter, or {@link NOT_GIVEN}. */
  readonly frequency: number;
}

const shared = {
  summary: "Makes a key of the bytes that DUMP has answered.",
  complexity: "O(N) in the bytes of the value; O(N*log(N)) for sorted sets.",
  arity: -4,
  keys: [{ at: 1, access: "OW", effects: ["update"] }],
  args: [
    arg.key("key"),
    arg.integer("ttl"),
    arg.string("serialized-value"),
    arg.token("REPLACE", { optional: true, since: "3.0.0" }),
    arg.token("ABSTTL", { optional: true, since: "5.0.0" }),
    arg.integer("seconds", { token: "IDLETIME", optional: true, since: "5.0.0" }),
    arg.integer("frequency", { token: "FREQ", optional: true, since: "5.0.0" }),
  ],
  history: [
    ["3.0.0", "The option `REPLACE` came."],
    ["5.0.0", "The option `ABSTTL` came."],
    ["5.0.0", "The options `IDLETIME` and `FREQ` came."],
  ],
  run: restoreKey,
} as const satisfies Partial<CommandSpec>;

/** RESTORE */
export const restore = command({
  ...shared,
  name: "RESTORE",
  group: "generic",
  since: "2.6.0",
  flags: ["write", "denyoom"],
  categories: ["dangerous"],
});

/** RESTORE-ASKING */
export const restoreAsking = command({
  ...shared,
  name: "RESTORE-ASKING",
  group: "server",
  since: "3.0.0",
  flags: ["write", "denyoom", "asking"],
  categories: ["keyspace", "dangerous"],
  docFlags: ["syscmd"],
});

function restoreKey(ctx: Context, args: Args): void {
  const { db } = ctx;
  const options = readOptions(args);
  if (!options.replace && db.find(args, 1) !== 0) throw busyKey();
  const ttl = args.int(2);
  if (ttl < 0) throw invalidTtl();
  const loaded = readPayload(ctx, args);

  const deleted = options.replace && db.delete(args, 1);
  const expiry = ttl === 0 ? NO_EXPIRY : options.absolute ? ttl : ctx.now + ttl;
  const isOver = ttl > 0 && (expiry <= ctx.now || expiry >= LATEST);
  if (isOver && db.keyspace.deletesExpired) {
    release(db.keyspace, loaded);
    if (deleted) tellOfDeletion(ctx, args);
  } else {
    const ref = storeLoaded(db, args, 1, { ...loaded, expiry });
    setClock(ctx, ref, options);
    ctx.changed(args, 1, EventClass.generic, "restore");
    if (ttl > 0 && !options.absolute && ctx.propagates) propagateAbsolute(ctx, args, expiry);
  }
  ctx.reply.ok();
}

function readOptions(args: Args): RestoreOptions {
  let replace = false;
  let absolute = false;
  let idle = NOT_GIVEN;
  let frequency = NOT_GIVEN;
  for (let i = OPTIONS; i < args.count; i++) {
    const hasValue = i + 1 < args.count;
    if (args.is(i, "REPLACE")) {
      replace = true;
    } else if (args.is(i, "ABSTTL")) {
      absolute = true;
    } else if (args.is(i, "IDLETIME") && hasValue && frequency === NOT_GIVEN) {
      idle = args.int(++i);
      if (idle < 0) throw invalidIdleTime();
    } else if (args.is(i, "FREQ") && hasValue && idle === NOT_GIVEN) {
      frequency = args.int(++i);
      if (frequency < 0 || frequency > 255) throw invalidFrequency();
    } else throw syntaxError();
  }
  return { replace, absolute, idle, frequency };
}

function readPayload(ctx: Context, args: Args): LoadedValue {
  const payload = { buf: args.buf, off: args.off[PAYLOAD], len: args.len[PAYLOAD] };
  if (!isDump(payload)) throw notADump();
  try {
    return readDump(payload, {
      heap: ctx.db.keyspace.collections,
      limits: ctx.server.config.values,
      now: ctx.now,
    });
  } catch (error) {
    if (error instanceof CorruptRdb) throw badDumpFormat();
    throw error;
  }
}

/** The value is not kept, but the one before it has gone. */
function tellOfDeletion(ctx: Context, args: Args): void {
  ctx.changed(args, 1, EventClass.generic, "del");
  const { lazyfreeLazyServerDel } = ctx.server.config.values;
  ctx.propagate(lazyfreeLazyServerDel ? "UNLINK" : "DEL", args.view(1));
}

function setClock({ db }: Context, ref: Ref, { idle, frequency }: RestoreOptions): void {
  const { keyspace } = db;
  if (keyspace.tracking === AccessTracking.lfu) {
    if (frequency !== NOT_GIVEN) db.setClock(ref, keyspace.clockOfFrequency(frequency));
  } else if (idle !== NOT_GIVEN) {
    db.setClock(ref, keyspace.clockOfIdle(idle));
  }
}

/** The request, with the time at which the key will go. */
function propagateAbsolute(ctx: Context, args: Args, expiry: number): void {
  const parts: EffectPart[] = [args.view(0), args.view(1), expiry, args.view(PAYLOAD)];
  for (let i = OPTIONS; i < args.count; i++) parts.push(args.view(i));
  ctx.propagate(...parts, "ABSTTL");
}
