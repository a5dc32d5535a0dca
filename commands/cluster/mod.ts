/**
 * CLUSTER, and what clients say to nodes of a cluster: ASKING, READONLY and READWRITE.
 *
 * @module
 */

import { ReplyError, syntaxError } from "../../server/resp/errors.ts";
import type { Args } from "../../server/resp/args.ts";
import { arg, command, type CommandSpec } from "../command.ts";
import type { Context } from "../context.ts";
import { helpCommand, subcommandSyntaxError } from "../help.ts";
import type { ClusterApi, SlotMove } from "./api.ts";

const SLOTS = 16384;
const BUS_PORT_OFFSET = 10000;
const DISABLED = "ERR This instance has cluster support disabled";

type Facts =
  & Pick<CommandSpec, "name" | "summary" | "since" | "arity" | "flags">
  & Partial<CommandSpec>;

/** A subcommand of CLUSTER; there must be a cluster. */
function subcommand(
  { run, ...facts }: Omit<Facts, "run"> & {
    run: (cluster: ClusterApi, ctx: Context, args: Args) => void;
  },
): CommandSpec {
  return command({
    group: "cluster",
    complexity: "O(1)",
    ...facts,
    run(ctx, args) {
      run(clusterOf(ctx), ctx, args);
    },
  });
}

function clusterOf({ server }: Context): ClusterApi {
  const { cluster } = server;
  if (cluster === undefined) throw new ReplyError(DISABLED);
  return cluster;
}

const CHANGING = ["no_async_loading", "admin", "stale"] as const;
const TELLING = ["loading", "stale"] as const;
const NONDETERMINISTIC = ["nondeterministic_output"] as const;
const NODE_ID = arg.string("node-id");

function slotAt(args: Args, i: number): number {
  return args.intBetween(i, 0, SLOTS - 1, "ERR Invalid or out of range slot");
}

// --- what there is ------------------------------------------------------------------------------------------------

const info = subcommand({
  name: "INFO",
  summary: "Tells of the state of the cluster.",
  since: "3.0.0",
  arity: 2,
  flags: TELLING,
  tips: NONDETERMINISTIC,
  run: (cluster, { reply }) => reply.verbatim("txt", cluster.info()),
});

const nodes = subcommand({
  name: "NODES",
  summary: "Lists the nodes and their slots, as this node knows them.",
  since: "3.0.0",
  complexity: "O(N) where N is the total number of Cluster nodes",
  arity: 2,
  flags: TELLING,
  tips: NONDETERMINISTIC,
  run: (cluster, { reply }) => reply.verbatim("txt", cluster.nodes()),
});

const slots = subcommand({
  name: "SLOTS",
  summary: "Lists stretches of slots and the nodes that serve them.",
  since: "3.0.0",
  complexity: "O(N) where N is the total number of Cluster nodes",
  arity: 2,
  flags: TELLING,
  tips: NONDETERMINISTIC,
  deprecatedSince: "7.0.0",
  replacedBy: "`CLUSTER SHARDS`",
  docFlags: ["deprecated"],
  history: [
    ["4.0.0", "The ids of the nodes came."],
    ["7.0.0", "Further facts about the nodes' networks came."],
  ],
  run: (cluster, { reply }) => cluster.replyWithSlots(reply),
});

const shards = subcommand({
  name: "SHARDS",
  summary: "Lists the shards, with their slots and nodes.",
  since: "7.0.0",
  complexity: "O(N) where N is the total number of cluster nodes",
  arity: 2,
  flags: TELLING,
  tips: NONDETERMINISTIC,
  run: (cluster, { reply }) => cluster.replyWithShards(reply),
});

const links = subcommand({
  name: "LINKS",
  summary: "Lists the connections to other nodes.",
  since: "7.0.0",
  complexity: "O(N) where N is the total number of Cluster nodes",
  arity: 2,
  flags: ["stale"],
  tips: NONDETERMINISTIC,
  run: (cluster, { reply }) => cluster.replyWithLinks(reply),
});

const myid = subcommand({
  name: "MYID",
  summary: "Answers the id of the node.",
  since: "3.0.0",
  arity: 2,
  flags: TELLING,
  run: (cluster, { reply }) => reply.bulk(cluster.id),
});

const myshardid = subcommand({
  name: "MYSHARDID",
  summary: "Answers the id of the shard that the node belongs to.",
  since: "7.2.0",
  arity: 2,
  flags: TELLING,
  tips: NONDETERMINISTIC,
  run: (cluster, { reply }) => reply.bulk(cluster.shardId),
});

function listReplicas(cluster: ClusterApi, { reply }: Context, args: Args): void {
  const lines = cluster.replicasOf(args.binary(2));
  reply.array(lines.length);
  for (const line of lines) reply.bulk(line);
}

const replicas = subcommand({
  name: "REPLICAS",
  summary: "Lists the replicas of a primary.",
  since: "5.0.0",
  complexity: "O(N) where N is the number of replicas.",
  arity: 3,
  flags: ["admin", "stale"],
  args: [NODE_ID],
  tips: NONDETERMINISTIC,
  run: listReplicas,
});

const slaves = subcommand({
  name: "SLAVES",
  summary: "Lists the replicas of a primary.",
  since: "3.0.0",
  complexity: "O(N) where N is the number of replicas.",
  arity: 3,
  flags: ["admin", "stale"],
  args: [NODE_ID],
  tips: NONDETERMINISTIC,
  deprecatedSince: "5.0.0",
  replacedBy: "`CLUSTER REPLICAS`",
  docFlags: ["deprecated"],
  run: listReplicas,
});

const countFailureReports = subcommand({
  name: "COUNT-FAILURE-REPORTS",
  summary: "Counts the primaries that cannot reach a node.",
  since: "3.0.0",
  complexity: "O(N) where N is the number of failure reports",
  arity: 3,
  flags: ["admin", "stale"],
  args: [NODE_ID],
  tips: NONDETERMINISTIC,
  run: (cluster, { reply }, args) => reply.int(cluster.failureReports(args.binary(2))),
});

// --- keys and slots -----------------------------------------------------------------------------------------------

const keyslot = subcommand({
  name: "KEYSLOT",
  summary: "Answers the slot of a key.",
  since: "3.0.0",
  complexity: "O(N) where N is the number of bytes in the key",
  arity: 3,
  flags: ["stale"],
  args: [arg.string("key")],
  run: (cluster, { reply }, args) => reply.int(cluster.slotOf(args.view(2))),
});

const countkeysinslot = subcommand({
  name: "COUNTKEYSINSLOT",
  summary: "Counts this node's keys of a slot.",
  since: "3.0.0",
  arity: 3,
  flags: ["stale"],
  args: [arg.integer("slot")],
  run(cluster, { reply }, args) {
    const slot = args.int(2);
    if (slot < 0 || slot >= SLOTS) throw new ReplyError("ERR Invalid slot");
    reply.int(cluster.countKeys(slot));
  },
});

const getkeysinslot = subcommand({
  name: "GETKEYSINSLOT",
  summary: "Lists some of this node's keys of a slot.",
  since: "3.0.0",
  complexity: "O(N) where N is the number of requested keys",
  arity: 4,
  flags: ["stale"],
  args: [arg.integer("slot"), arg.integer("count")],
  tips: NONDETERMINISTIC,
  run(cluster, { reply }, args) {
    const slot = args.int(2);
    const most = args.int(3);
    if (slot < 0 || slot >= SLOTS || most < 0) {
      throw new ReplyError("ERR Invalid slot or number of keys");
    }
    const keys = cluster.keysIn(slot, most);
    reply.array(keys.length);
    for (const key of keys) reply.bulk(key);
  },
});

const RANGES = [
  arg.block("range", [arg.integer("start-slot"), arg.integer("end-slot")], { multiple: true }),
];

function slotsIn(args: Args): number[] {
  return Array.from({ length: args.count - 2 }, (_, i) => slotAt(args, i + 2));
}

/** The slots of pairs of first and last. */
function rangesIn(args: Args, name: string): number[] {
  if (args.count % 2 === 1) {
    throw new ReplyError(`ERR wrong number of arguments for 'cluster|${name}' command`);
  }
  const slots: number[] = [];
  for (let i = 2; i < args.count; i += 2) {
    const first = slotAt(args, i);
    const last = slotAt(args, i + 1);
    if (first > last) {
      throw new ReplyError(
        `ERR start slot number ${first} is greater than end slot number ${last}`,
      );
    }
    for (let slot = first; slot <= last; slot++) slots.push(slot);
  }
  return slots;
}

const addslots = subcommand({
  name: "ADDSLOTS",
  summary: "Has the node serve slots that nobody serves.",
  since: "3.0.0",
  complexity: "O(N) where N is the total number of hash slot arguments",
  arity: -3,
  flags: CHANGING,
  args: [arg.integer("slot", { multiple: true })],
  run(cluster, { reply }, args) {
    cluster.addSlots(slotsIn(args));
    reply.ok();
  },
});

const addslotsrange = subcommand({
  name: "ADDSLOTSRANGE",
  summary: "Has the node serve ranges of slots that nobody serves.",
  since: "7.0.0",
  complexity: "O(N) where N is the total number of the slots between the start slot and end slot " +
    "arguments.",
  arity: -4,
  flags: CHANGING,
  args: RANGES,
  run(cluster, { reply }, args) {
    cluster.addSlots(rangesIn(args, "addslotsrange"));
    reply.ok();
  },
});

const delslots = subcommand({
  name: "DELSLOTS",
  summary: "Forgets who serves slots.",
  since: "3.0.0",
  complexity: "O(N) where N is the total number of hash slot arguments",
  arity: -3,
  flags: CHANGING,
  args: [arg.integer("slot", { multiple: true })],
  run(cluster, { reply }, args) {
    cluster.removeSlots(slotsIn(args));
    reply.ok();
  },
});

const delslotsrange = subcommand({
  name: "DELSLOTSRANGE",
  summary: "Forgets who serves ranges of slots.",
  since: "7.0.0",
  complexity: "O(N) where N is the total number of the slots between the start slot and end slot " +
    "arguments.",
  arity: -4,
  flags: CHANGING,
  args: RANGES,
  run(cluster, { reply }, args) {
    cluster.removeSlots(rangesIn(args, "delslotsrange"));
    reply.ok();
  },
});

const flushslots = subcommand({
  name: "FLUSHSLOTS",
  summary: "Has the node serve no slots; it must have no keys.",
  since: "3.0.0",
  arity: 2,
  flags: CHANGING,
  run(cluster, { reply }) {
    cluster.flushSlots();
    reply.ok();
  },
});

const setslot = subcommand({
  name: "SETSLOT",
  summary: "Says whose a slot is, or where it is going.",
  since: "3.0.0",
  arity: -4,
  flags: [...CHANGING, "may_replicate"],
  args: [
    arg.integer("slot"),
    arg.oneOf("subcommand", [
      arg.string("importing", { token: "IMPORTING", displayText: "node-id" }),
      arg.string("migrating", { token: "MIGRATING", displayText: "node-id" }),
      arg.string("node", { token: "NODE", displayText: "node-id" }),
      arg.token("STABLE"),
    ]),
  ],
  run(cluster, { reply }, args) {
    cluster.refuseIfReplica();
    cluster.moveSlot(slotAt(args, 2), readMove(args));
    reply.ok();
  },
});

function readMove(args: Args): SlotMove {
  if (args.is(3, "STABLE") && args.count === 4) return { kind: "stable" };
  if (args.count === 5) {
    const id = args.binary(4);
    if (args.is(3, "MIGRATING")) return { kind: "migrating", id };
    if (args.is(3, "IMPORTING")) return { kind: "importing", id };
    if (args.is(3, "NODE")) return { kind: "node", id };
  }
  throw new ReplyError(
    "ERR Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP",
  );
}

// --- nodes and epochs ---------------------------------------------------------------------------------------------

const meet = subcommand({
  name: "MEET",
  summary: "Has the node get to know another one.",
  since: "3.0.0",
  arity: -4,
  flags: CHANGING,
  history: [["4.0.0", "The optional argument `cluster_bus_port` came."]],
  args: [
    arg.string("ip"),
    arg.integer("port"),
    arg.integer("cluster-bus-port", { optional: true, since: "4.0.0" }),
  ],
  run(cluster, { reply }, args) {
    if (args.count > 5) throw subcommandSyntaxError(args, "CLUSTER");
    const ip = args.binary(2);
    const port = args.int(3, `ERR Invalid base port specified: ${args.binary(3)}`);
    const busPort = args.count === 5
      ? args.int(4, `ERR Invalid bus port specified: ${args.binary(4)}`)
      : port + BUS_PORT_OFFSET;
    if (!cluster.meet(ip, port, busPort)) {
      throw new ReplyError(`ERR Invalid node address specified: ${ip}:${args.binary(3)}`);
    }
    reply.ok();
  },
});

const forget = subcommand({
  name: "FORGET",
  summary: "Has the node forget another one, and not learn of it for a minute.",
  since: "3.0.0",
  arity: 3,
  flags: CHANGING,
  args: [NODE_ID],
  run(cluster, { reply }, args) {
    cluster.forget(args.binary(2));
    reply.ok();
  },
});

const replicate = subcommand({
  name: "REPLICATE",
  summary: "Makes the node the replica of a primary.",
  since: "3.0.0",
  arity: 3,
  flags: CHANGING,
  args: [NODE_ID],
  run(cluster, { reply }, args) {
    cluster.replicate(args.binary(2));
    reply.ok();
  },
});

const failover = subcommand({
  name: "FAILOVER",
  summary: "Has a replica take the place of its primary.",
  since: "3.0.0",
  arity: -2,
  flags: CHANGING,
  args: [
    arg.oneOf("options", [arg.token("FORCE"), arg.token("TAKEOVER")], { optional: true }),
  ],
  run(cluster, { reply }, args) {
    cluster.failover(readFailover(args));
    reply.ok();
  },
});

function readFailover(args: Args): "agreed" | "force" | "takeover" {
  if (args.count === 2) return "agreed";
  if (args.count > 3) throw subcommandSyntaxError(args, "CLUSTER");
  if (args.is(2, "FORCE")) return "force";
  if (args.is(2, "TAKEOVER")) return "takeover";
  throw syntaxError();
}

const reset = subcommand({
  name: "RESET",
  summary: "Makes the node one that knows no other.",
  since: "3.0.0",
  complexity: "O(N) where N is the number of known nodes. The command may execute a FLUSHALL as " +
    "a side effect.",
  arity: -2,
  flags: ["admin", "stale", "noscript"],
  args: [
    arg.oneOf("reset-type", [arg.token("HARD"), arg.token("SOFT")], { optional: true }),
  ],
  run(cluster, { reply }, args) {
    if (args.count > 3) throw subcommandSyntaxError(args, "CLUSTER");
    const hard = args.count === 3 && args.is(2, "HARD");
    if (args.count === 3 && !hard && !args.is(2, "SOFT")) throw syntaxError();
    cluster.reset({ hard });
    reply.ok();
  },
});

const setConfigEpoch = subcommand({
  name: "SET-CONFIG-EPOCH",
  summary: "Gives a new node its epoch.",
  since: "3.0.0",
  arity: 3,
  flags: CHANGING,
  args: [arg.integer("config-epoch")],
  run(cluster, { reply }, args) {
    cluster.setConfigEpoch(args.int(2));
    reply.ok();
  },
});

const bumpepoch = subcommand({
  name: "BUMPEPOCH",
  summary: "Gives the node the latest epoch.",
  since: "3.0.0",
  arity: 2,
  flags: CHANGING,
  tips: NONDETERMINISTIC,
  run(cluster, { reply }) {
    const { isNew, epoch } = cluster.bumpEpoch();
    reply.simple(`${isNew ? "BUMPED" : "STILL"} ${epoch}`);
  },
});

const saveconfig = subcommand({
  name: "SAVECONFIG",
  summary: "Writes down what the node knows of the cluster.",
  since: "3.0.0",
  arity: 2,
  flags: CHANGING,
  run(cluster, { reply }) {
    cluster.saveConfig();
    reply.ok();
  },
});

const help = helpCommand({
  container: "CLUSTER",
  group: "cluster",
  since: "5.0.0",
  lines: [
    "ADDSLOTS <slot> [<slot> ...]",
    "    Has the node serve slots that nobody serves.",
    "ADDSLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...]",
    "    Has the node serve ranges of slots that nobody serves.",
    "BUMPEPOCH",
    "    Gives the node the latest epoch.",
    "COUNT-FAILURE-REPORTS <node-id>",
    "    Counts the primaries that cannot reach a node.",
    "COUNTKEYSINSLOT <slot>",
    "    Counts this node's keys of a slot.",
    "DELSLOTS <slot> [<slot> ...]",
    "    Forgets who serves slots.",
    "DELSLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...]",
    "    Forgets who serves ranges of slots.",
    "FAILOVER [FORCE|TAKEOVER]",
    "    Has a replica take the place of its primary.",
    "FORGET <node-id>",
    "    Has the node forget another one.",
    "GETKEYSINSLOT <slot> <count>",
    "    Lists some of this node's keys of a slot.",
    "FLUSHSLOTS",
    "    Has the node serve no slots.",
    "INFO",
    "    Tells of the state of the cluster.",
    "KEYSLOT <key>",
    "    Answers the slot of a key.",
    "LINKS",
    "    Lists the connections to other nodes.",
    "MEET <ip> <port> [<bus-port>]",
    "    Has the node get to know another one.",
    "MYID",
    "    Answers the id of the node.",
    "MYSHARDID",
    "    Answers the id of the node's shard.",
    "NODES",
    "    Lists the nodes and their slots, one a line:",
    "    <id> <ip:port@bus-port[,hostname]> <flags> <master> <pings> <pongs> <epoch> <link> <slot> ...",
    "REPLICATE <node-id>",
    "    Makes the node the replica of a primary.",
    "RESET [HARD|SOFT]",
    "    Makes the node one that knows no other (default: soft).",
    "SET-CONFIG-EPOCH <epoch>",
    "    Gives a new node its epoch.",
    "SETSLOT <slot> (IMPORTING <node-id>|MIGRATING <node-id>|STABLE|NODE <node-id>)",
    "    Says whose a slot is, or where it is going.",
    "REPLICAS <node-id>",
    "    Lists the replicas of a primary.",
    "SAVECONFIG",
    "    Writes down what the node knows of the cluster.",
    "SLOTS",
    "    Lists stretches of slots and the nodes that serve them.",
    "SHARDS",
    "    Lists the shards, with their slots and nodes.",
  ],
});

/** CLUSTER */
export const cluster = command({
  name: "CLUSTER",
  summary: "A container for the commands of the cluster.",
  group: "cluster",
  since: "3.0.0",
  complexity: "Depends on subcommand.",
  arity: -2,
  subcommands: [
    addslots,
    addslotsrange,
    bumpepoch,
    countFailureReports,
    countkeysinslot,
    delslots,
    delslotsrange,
    failover,
    flushslots,
    forget,
    getkeysinslot,
    {
      ...help,
      run(ctx, args) {
        clusterOf(ctx);
        return help.run?.(ctx, args);
      },
    },
    info,
    keyslot,
    links,
    meet,
    myid,
    myshardid,
    nodes,
    replicas,
    replicate,
    reset,
    saveconfig,
    setConfigEpoch,
    setslot,
    shards,
    slaves,
    slots,
  ],
});

// --- clients ------------------------------------------------------------------------------------------------------

interface ModeFacts {
  readonly name: string;
  readonly summary: string;
  readonly flags: CommandSpec["flags"];
  readonly set: (ctx: Context) => void;
}

function mode({ name, summary, flags, set }: ModeFacts): CommandSpec {
  return command({
    name,
    summary,
    group: "cluster",
    since: "3.0.0",
    complexity: "O(1)",
    arity: 1,
    ...(flags && { flags }),
    categories: ["connection"],
    run(ctx) {
      clusterOf(ctx);
      set(ctx);
      ctx.reply.ok();
    },
  });
}

/** ASKING */
export const asking = mode({
  name: "ASKING",
  summary: "Says that the client was sent here by a redirection.",
  flags: ["fast"],
  set: ({ client }) => client.ask(),
});

/** READONLY */
export const readonly = mode({
  name: "READONLY",
  summary: "Lets the connection read from a replica.",
  flags: ["fast", "loading", "stale"],
  set: ({ client }) => client.readsFromReplica = true,
});

/** READWRITE */
export const readwrite = mode({
  name: "READWRITE",
  summary: "Lets the connection read from a replica no more.",
  flags: ["fast", "loading", "stale"],
  set: ({ client }) => client.readsFromReplica = false,
});

/** Every command of the group. */
export const clusterCommands: readonly CommandSpec[] = [asking, cluster, readonly, readwrite];
