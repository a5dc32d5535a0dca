/**
 * What replicas say to their primary (SYNC, PSYNC, REPLCONF), and ROLE.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { encodeLatin1 } from "../../server/resp/args.ts";
import { ReplyError, syntaxError } from "../../server/resp/errors.ts";
import { splitWords } from "../../server/resp/split_words.ts";
import { arg, command } from "../command.ts";
import type { Announcement, Context } from "../context.ts";
import { shown } from "../errors.ts";

/** Host names are shorter. */
const LONGEST_HOST = 256;
const NOT_A_BIT = "ERR value is out of range, value must between 0 and 1";

/** SYNC */
export const sync = command({
  name: "SYNC",
  summary: "Makes the client a replica that is sent all data, then every change.",
  group: "server",
  since: "1.0.0",
  arity: 1,
  flags: ["no_async_loading", "admin", "no_multi", "noscript"],

  run(ctx) {
    const refusal = ctx.server.replication.sync(ctx.client);
    if (refusal !== undefined) throw new ReplyError(refusal);
  },
});

/** PSYNC */
export const psync = command({
  name: "PSYNC",
  summary: "Makes the client a replica that goes on where it stopped, if that is possible.",
  group: "server",
  since: "2.8.0",
  arity: -3,
  flags: ["no_async_loading", "admin", "no_multi", "noscript"],
  args: [arg.string("replicationid"), arg.integer("offset")],

  run(ctx, args) {
    const { client, server } = ctx;
    if (client.isReplica) return;
    const isFailover = args.count > 3 && args.is(3, "FAILOVER");
    const from = { id: args.binary(1), offset: args.int(2), isFailover };
    const refusal = server.replication.sync(client, from);
    if (refusal !== undefined) throw new ReplyError(refusal);
  },
});

/** REPLCONF */
export const replconf = command({
  name: "REPLCONF",
  summary: "Tells a primary about the replica that the client is, or is to become.",
  group: "server",
  since: "3.0.0",
  complexity: "O(1)",
  arity: -1,
  flags: ["admin", "noscript", "loading", "stale", "allow_busy"],

  run(ctx, args) {
    // Each option has a value.
    if (args.count % 2 === 0) throw syntaxError();
    const said = ctx.server.replication.announcement(ctx.client);
    for (let i = 1; i < args.count; i += 2) {
      // An acknowledgement is not answered, nor is a request for one that is none of ours.
      if (args.is(i, "ACK")) return acknowledge(ctx, args, i);
      if (args.is(i, "GETACK")) return reply(ctx);
      announce(said, args, i);
    }
    ctx.reply.ok();
  },
});

/** Tells the primary how far this server is, if it is the one who asks. */
function reply({ client, server }: Context): void {
  if (client.mustObey) server.replica.acknowledge();
}

function acknowledge({ client, server }: Context, args: Args, i: number): void {
  const offset = args.safeInt(i + 1);
  if (!client.isReplica || Number.isNaN(offset)) return;
  const hasDisk = args.count > i + 3 && args.is(i + 2, "FACK");
  const diskOffset = hasDisk ? args.safeInt(i + 3) : NaN;
  if (Number.isNaN(diskOffset)) server.replication.acknowledge(client, offset);
  else server.replication.acknowledge(client, offset, diskOffset);
}

/** Takes one option with its value; what others than Redis say of themselves (`version`) is not needed. */
function announce(said: Announcement, args: Args, i: number): void {
  if (args.is(i, "LISTENING-PORT")) {
    said.port = args.int(i + 1);
  } else if (args.is(i, "IP-ADDRESS")) {
    const length = args.len[i + 1];
    if (length >= LONGEST_HOST) {
      throw new ReplyError(
        `ERR REPLCONF ip-address provided by replica instance is too long: ${length} bytes`,
      );
    }
    said.address = length === 0 ? undefined : args.binary(i + 1);
  } else if (args.is(i, "CAPA")) {
    // Those that are not known are none of our business.
    if (args.is(i + 1, "EOF")) said.understandsMark = true;
    else if (args.is(i + 1, "PSYNC2")) said.understandsNewIds = true;
    else if (args.is(i + 1, "FIELD-TIMES")) said.understandsFieldTimes = true;
  } else if (args.is(i, "RDB-ONLY")) {
    const value = args.int(i + 1);
    if (value !== 0 && value !== 1) throw new ReplyError(NOT_A_BIT);
    said.onlySnapshot = value === 1;
  } else if (args.is(i, "RDB-FILTER-ONLY")) {
    said.onlyFunctions = readFilter(args, i + 1);
  } else if (!args.is(i, "VERSION")) {
    throw new ReplyError(`ERR Unrecognized REPLCONF option: ${shown(args, i)}`);
  }
}

/** Whether the filter lets functions through: the one thing that it may name. */
function readFilter(args: Args, i: number): boolean {
  const words = splitWords(encodeLatin1(args.binary(i)));
  if (words === undefined) throw new ReplyError("ERR Missing rdb-filter-only values");
  for (const word of words) {
    if (word.toLowerCase() === "functions") continue;
    throw new ReplyError(`ERR Unsupported rdb-filter-only option: ${word}`);
  }
  return words.length > 0;
}

/** ROLE */
export const role = command({
  name: "ROLE",
  summary: "Answers the server's part in replication.",
  group: "server",
  since: "2.8.12",
  complexity: "O(1)",
  arity: 1,
  flags: ["noscript", "loading", "stale", "fast", "sentinel"],
  categories: ["admin", "dangerous"],

  run({ reply, server }) {
    const { replica } = server;
    if (replica.primary !== undefined) {
      reply.array(5);
      reply.bulk("slave");
      reply.bulk(replica.primary.host);
      reply.int(replica.primary.port);
      reply.bulk(replica.state);
      reply.int(replica.offset ?? -1);
      return;
    }
    const { offset, replicas } = server.replication;
    reply.array(3);
    reply.bulk("master");
    reply.int(offset);
    reply.array(replicas.length);
    for (const replica of replicas) {
      reply.array(3);
      reply.bulk(replica.address);
      reply.bulk(String(replica.port));
      reply.bulk(String(replica.offset));
    }
  },
});
