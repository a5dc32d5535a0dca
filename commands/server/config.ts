/**
 * CONFIG: reading and changing directives while the server runs.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import { arg, command } from "../command.ts";
import type { Context } from "../context.ts";
import { helpCommand } from "../help.ts";

/** Directives whose values no log may show. */
const SENSITIVE = [
  "REQUIREPASS",
  "MASTERAUTH",
  "TLS-KEY-FILE-PASS",
  "TLS-CLIENT-KEY-FILE-PASS",
];

const get = command({
  name: "GET",
  summary: "Answers the present values of directives.",
  group: "server",
  since: "2.0.0",
  complexity: "O(N) when N is the number of configuration parameters provided",
  arity: -3,
  flags: ["admin", "noscript", "loading", "stale"],
  args: [arg.string("parameter", { multiple: true })],
  history: [["7.0.0", "More than one pattern may be given."]],

  run(ctx, args) {
    const patterns = Array.from({ length: args.count - 2 }, (_, i) => args.text(i + 2));
    const found = ctx.server.config.get(patterns);
    ctx.reply.map(found.length);
    for (const [name, value] of found) {
      ctx.reply.bulk(name);
      ctx.reply.bulk(value);
    }
  },
});

const set = command({
  name: "SET",
  summary: "Changes directives, all of them or none.",
  group: "server",
  since: "2.0.0",
  complexity: "O(N) when N is the number of configuration parameters provided",
  arity: -4,
  flags: ["admin", "noscript", "loading", "stale"],
  args: [arg.block("data", [arg.string("parameter"), arg.string("value")], { multiple: true })],
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
  history: [["7.0.0", "More than one directive may be given."]],
  secrets: findSecrets,

  run(ctx, args) {
    if (args.count % 2 !== 0) throw syntaxError();
    const pairs: [name: string, value: string][] = [];
    for (let i = 2; i < args.count; i += 2) pairs.push([args.text(i), args.text(i + 1)]);
    ctx.server.config.set(pairs, {
      local: ctx.client.isLocal,
      loading: ctx.server.isLoading,
    });
    ctx.reply.ok();
  },
});

const resetstat = command({
  name: "RESETSTAT",
  summary: "Sets the server's counters back to zero.",
  group: "server",
  since: "2.0.0",
  complexity: "O(1)",
  arity: 2,
  flags: ["admin", "noscript", "loading", "stale"],
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],

  run(ctx) {
    resetCounters(ctx);
    ctx.reply.ok();
  },
});

const rewrite = command({
  name: "REWRITE",
  summary: "Writes the present values into the configuration file.",
  group: "server",
  since: "2.8.0",
  complexity: "O(1)",
  arity: 2,
  flags: ["admin", "noscript", "loading", "stale"],
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],

  run(ctx) {
    ctx.server.config.rewrite();
    ctx.server.log("notice", "The configuration file was rewritten");
    ctx.reply.ok();
  },
});

/** CONFIG */
export const config = command({
  name: "CONFIG",
  summary: "Holds the commands about the configuration.",
  group: "server",
  since: "2.0.0",
  complexity: "Depends on subcommand.",
  arity: -2,
  subcommands: [
    get,
    helpCommand({
      container: "CONFIG",
      group: "server",
      since: "5.0.0",
      lines: [
        "GET <pattern> [<pattern> ...]",
        "    The directives that match a glob-style <pattern>, with their values.",
        "SET <directive> <value> [<directive> <value> ...]",
        "    Change directives, all of them or none.",
        "RESETSTAT",
        "    Set the counters that INFO tells back to zero.",
        "REWRITE",
        "    Write the present values into the configuration file.",
      ],
    }),
    resetstat,
    rewrite,
    set,
  ],
});

function resetCounters({ server: { stats, keyspace, replication } }: Context): void {
  stats.reset();
  replication.resetCounts();
  keyspace.hits = 0;
  keyspace.misses = 0;
  keyspace.expiredKeys = 0;
  keyspace.expiredFields = 0;
  keyspace.expiredStale = 0;
  keyspace.evictedKeys = 0;
  keyspace.lazyFree.freedKeys = 0;
}

function findSecrets(args: Args): number[] {
  const secrets: number[] = [];
  for (let i = 2; i + 1 < args.count; i += 2) {
    if (SENSITIVE.some((name) => args.is(i, name))) secrets.push(i + 1);
  }
  return secrets;
}
