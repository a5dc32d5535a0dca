/**
 * Those subcommands of DEBUG that change how the server behaves, or make it do something; and what a subcommand of DEBUG
 * is.
 *
 * @module
 */

import { Args } from "../../server/resp/args.ts";
import { ReplyError } from "../../server/resp/errors.ts";
import type { Context } from "../context.ts";
import { shown } from "../errors.ts";
import { subcommandSyntaxError } from "../help.ts";

/** One subcommand of DEBUG. */
export interface DebugSubcommand {
  /** Upper case. */
  readonly name: string;
  /** Fewest arguments, DEBUG and the name included. */
  readonly least: number;
  /** Most arguments; as many as the fewest if absent. */
  readonly most?: number;
  /** Its form, and what it does. */
  readonly help: readonly string[];
  run(ctx: Context, args: Args): void | Promise<void>;
}

/** Whether an argument is a number other than 0, read as leniently as C's atoi does. */
export function isOn(args: Args, i: number): boolean {
  return (Number.parseInt(args.text(i), 10) || 0) !== 0;
}

const changeReplId: DebugSubcommand = {
  name: "CHANGE-REPL-ID",
  least: 2,
  help: ["CHANGE-REPL-ID", "    Take a new replication ID, so that replicas must copy everything."],

  run(ctx) {
    ctx.server.log("notice", "DEBUG CHANGE-REPL-ID: taking a new replication ID");
    ctx.server.replication.changeId();
    ctx.reply.ok();
  },
};

const configRewriteForceAll: DebugSubcommand = {
  name: "CONFIG-REWRITE-FORCE-ALL",
  least: 2,
  help: [
    "CONFIG-REWRITE-FORCE-ALL",
    "    Write every directive into the configuration file, whatever it is set to.",
  ],

  run(ctx) {
    ctx.server.config.rewrite({ all: true });
    ctx.reply.ok();
  },
};

const error: DebugSubcommand = {
  name: "ERROR",
  least: 3,
  help: ["ERROR <string>", "    Reply with this error."],

  run(ctx, args) {
    ctx.reply.error(args.binary(2));
  },
};

const log: DebugSubcommand = {
  name: "LOG",
  least: 3,
  help: ["LOG <message>", "    Write a line to the server's log."],

  run(ctx, args) {
    ctx.server.log("warning", `DEBUG LOG: ${args.text(2)}`);
    ctx.reply.ok();
  },
};

const reload: DebugSubcommand = {
  name: "RELOAD",
  least: 2,
  most: Infinity,
  help: [
    "RELOAD [MERGE] [NOFLUSH] [NOSAVE]",
    "    Save all data, unless NOSAVE, drop it, unless NOFLUSH, and load the file; MERGE replaces keys.",
  ],

  run(ctx, args) {
    let saves = true;
    let flushes = true;
    let replaces = false;
    for (let i = 2; i < args.count; i++) {
      if (args.is(i, "NOSAVE")) saves = false;
      else if (args.is(i, "NOFLUSH")) flushes = false;
      else if (args.is(i, "MERGE")) replaces = true;
      else {
        throw new ReplyError(
          "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.",
        );
      }
    }
    return ctx.server.saves.reload({ saves, flushes, replaces }).then(() => {
      ctx.server.log("notice", "DB reloaded by DEBUG RELOAD");
      ctx.reply.ok();
    });
  },
};

const loadaof: DebugSubcommand = {
  name: "LOADAOF",
  least: 2,
  help: ["LOADAOF", "    Drop all data and load it from the append-only file."],

  async run(ctx) {
    await ctx.server.aof.reload();
    ctx.reply.ok();
  },
};

const replicate: DebugSubcommand = {
  name: "REPLICATE",
  least: 3,
  most: Infinity,
  help: ["REPLICATE <string> [<string> ...]", "    Send replicas this, whatever it is."],

  run(ctx, args) {
    const words = Array.from({ length: args.count - 2 }, (_, i) => args.bytes(i + 2));
    ctx.server.replication.replicate(Args.of(...words));
    ctx.reply.ok();
  },
};

const setActiveExpire: DebugSubcommand = {
  name: "SET-ACTIVE-EXPIRE",
  least: 3,
  help: ["SET-ACTIVE-EXPIRE <0|1>", "    Whether keys expire that nobody asks for."],

  run(ctx, args) {
    ctx.server.debug.activeExpire = isOn(args, 2);
    ctx.reply.ok();
  },
};

const packedThreshold: DebugSubcommand = {
  name: "QUICKLIST-PACKED-THRESHOLD",
  least: 3,
  help: [
    "QUICKLIST-PACKED-THRESHOLD <size>",
    "    From which size on Redis keeps elements of lists by themselves; without effect here.",
  ],

  run(ctx, args) {
    if (!(memorySize(args.text(2)) <= LARGEST_THRESHOLD)) {
      throw new ReplyError(
        "ERR argument must be a memory value bigger than 1 and smaller than 4gb",
      );
    }
    keepFlag(ctx, args);
  },
};

/** Redis wants to stay a mebibyte below what 32 bits can tell. */
const LARGEST_THRESHOLD = 2 ** 32 - 2 ** 20;

const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  k: 1000,
  kb: 1024,
  m: 1000 ** 2,
  mb: 1024 ** 2,
  g: 1000 ** 3,
  gb: 1024 ** 3,
};

/** A number of bytes such as `10mb`; NaN for anything else. */
function memorySize(text: string): number {
  const match = /^(\d+)([bkmg]|[kmg]b)?$/i.exec(text);
  return match === null ? NaN : Number(match[1]) * UNITS[match[2]?.toLowerCase() ?? "b"];
}

const sleep: DebugSubcommand = {
  name: "SLEEP",
  least: 3,
  help: ["SLEEP <seconds>", "    Stop the whole server for so long."],

  run(ctx, args) {
    stopThread((Number.parseFloat(args.text(2)) || 0) * 1000);
    ctx.reply.ok();
  },
};

const structsize: DebugSubcommand = {
  name: "STRUCTSIZE",
  least: 2,
  help: ["STRUCTSIZE", "    The word size; there are no structures as Redis has them."],

  run(ctx) {
    ctx.reply.bulk("bits:64 ");
  },
};

const replybuffer: DebugSubcommand = {
  name: "REPLYBUFFER",
  least: 4,
  help: [
    "REPLYBUFFER PEAK-RESET-TIME <NEVER|RESET|time>",
    "REPLYBUFFER RESIZING <0|1>",
    "    How Redis sizes its reply buffers; without effect here.",
  ],

  run(ctx, args) {
    if (args.is(2, "PEAK-RESET-TIME")) {
      if (!args.is(3, "NEVER") && !args.is(3, "RESET")) args.int(3);
    } else if (!args.is(2, "RESIZING")) {
      throw subcommandSyntaxError(args, "DEBUG");
    }
    ctx.server.debug.flags.set(`replybuffer ${args.lower(2)}`, args.text(3));
    ctx.reply.ok();
  },
};

/** DEBUG CLUSTERLINK */
const clusterLink: DebugSubcommand = {
  name: "CLUSTERLINK",
  least: 5,
  most: 5,
  help: [
    "CLUSTERLINK KILL [to|from|all] <node-id>",
    "    Close the links to a node.",
  ],

  run({ reply, server }, args) {
    if (!args.is(2, "KILL")) throw subcommandSyntaxError(args, "DEBUG");
    const { cluster } = server;
    if (cluster === undefined) {
      throw new ReplyError("ERR Debug option only available for cluster mode enabled setup!");
    }
    const direction = args.lower(3);
    if (direction !== "to" && direction !== "from" && direction !== "all") {
      throw new ReplyError(`ERR Unknown direction ${shown(args, 3)}`);
    }
    cluster.closeLinks(args.binary(4), direction);
    reply.ok();
  },
};

/** The subcommands about the server. */
export const serverSubcommands: readonly DebugSubcommand[] = [
  changeReplId,
  clusterLink,
  configRewriteForceAll,
  error,
  flag("AOF-FLUSH-SLEEP <microsec>", "Wait before the AOF is written."),
  flag(
    "DROP-CLUSTER-PACKET-FILTER <packet-type>",
    "Which packets of the cluster bus are ignored (-1: none).",
  ),
  flag("DICT-RESIZING <0|1>", "Whether indexes grow and shrink."),
  flag("PAUSE-CRON <0|1>", "Whether regular work rests."),
  flag("SET-DISABLE-DENY-SCRIPTS <0|1>", "Whether scripts may run everything."),
  flag("SET-SKIP-CHECKSUM-VALIDATION <0|1>", "Whether checksums of RDB data are passed over."),
  loadaof,
  log,
  packedThreshold,
  reload,
  replicate,
  replybuffer,
  setActiveExpire,
  sleep,
  structsize,
];

/** A switch that is only kept, for whoever looks at it. */
function flag(form: string, help: string): DebugSubcommand {
  return {
    name: form.split(" ")[0],
    least: 3,
    help: [form, `    ${help}`],
    run: keepFlag,
  };
}

function keepFlag(ctx: Context, args: Args): void {
  ctx.server.debug.flags.set(args.lower(1), args.text(2));
  ctx.reply.ok();
}

/** Holds up the thread, and with it every client: that is what is asked for. */
function stopThread(ms: number): void {
  if (ms > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
