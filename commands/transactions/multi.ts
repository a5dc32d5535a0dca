/**
 * MULTI, EXEC, DISCARD, WATCH and UNWATCH.
 *
 * @module
 */

import { ReplyError } from "../../server/resp/errors.ts";
import { arg, command } from "../command.ts";

/** MULTI */
export const multi = command({
  name: "MULTI",
  summary: "Begins a transaction: commands are queued from now on.",
  group: "transactions",
  since: "1.2.0",
  complexity: "O(1)",
  arity: 1,
  flags: ["noscript", "loading", "stale", "fast", "no_multi", "allow_busy"],
  inTransaction: "at-once",

  run({ client, reply }) {
    if (client.inTransaction) throw new ReplyError("ERR MULTI calls can not be nested");
    client.beginTransaction();
    reply.ok();
  },
});

/** EXEC */
export const exec = command({
  name: "EXEC",
  summary: "Carries out the commands of the transaction.",
  group: "transactions",
  since: "1.2.0",
  complexity: "Depends on commands in the transaction",
  arity: 1,
  flags: ["noscript", "loading", "stale", "skip_slowlog"],
  inTransaction: "executes",

  run(ctx) {
    return ctx.execute();
  },
});

/** DISCARD */
export const discard = command({
  name: "DISCARD",
  summary: "Forgets the commands of the transaction, and what is watched.",
  group: "transactions",
  since: "2.0.0",
  complexity: "O(N), when N is the number of queued commands",
  arity: 1,
  flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
  inTransaction: "at-once",

  run({ client, reply }) {
    if (!client.inTransaction) throw new ReplyError("ERR DISCARD without MULTI");
    client.discardTransaction();
    reply.ok();
  },
});

/** WATCH */
export const watch = command({
  name: "WATCH",
  summary: "Lets the next transaction fail if a key changes before it.",
  group: "transactions",
  since: "2.2.0",
  complexity: "O(1) for every key.",
  arity: -2,
  flags: ["noscript", "loading", "stale", "fast", "no_multi", "allow_busy"],
  keys: [{ at: 1, last: -1, access: "RO" }],
  args: [arg.key("key", { multiple: true })],
  inTransaction: "at-once",

  run({ client, db, reply }, args) {
    if (client.inTransaction) throw new ReplyError("ERR WATCH inside MULTI is not allowed");
    for (let i = 1; i < args.count; i++) client.watch(db, args.view(i));
    reply.ok();
  },
});

/** UNWATCH */
export const unwatch = command({
  name: "UNWATCH",
  summary: "Forgets which keys are watched, and whether they have changed.",
  group: "transactions",
  since: "2.2.0",
  complexity: "O(1)",
  arity: 1,
  flags: ["noscript", "loading", "stale", "fast", "allow_busy"],

  run({ client, reply }) {
    client.unwatch();
    reply.ok();
  },
});
