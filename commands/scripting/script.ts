/**
 * SCRIPT: the scripts that the server knows, and the one that runs.
 *
 * @module
 */

import { ReplyError } from "../../server/resp/errors.ts";
import { arg, command } from "../command.ts";
import { cannotUndoScripts } from "../errors.ts";
import { helpCommand } from "../help.ts";

const debug = command({
  name: "DEBUG",
  summary: "Sets the debug mode of scripts.",
  group: "scripting",
  since: "3.2.0",
  complexity: "O(1)",
  arity: 3,
  flags: ["noscript"],
  args: [arg.oneOf("mode", [arg.token("YES"), arg.token("SYNC"), arg.token("NO")])],

  run({ client, reply }, args) {
    if (client.hasUnsentReplies) {
      throw new ReplyError("ERR SCRIPT DEBUG must be called outside a pipeline");
    }
    const mode = args.lower(2);
    if (mode !== "yes" && mode !== "sync" && mode !== "no") {
      throw new ReplyError("ERR Use SCRIPT DEBUG YES/SYNC/NO");
    }
    client.scriptDebugging = mode;
    if (mode === "yes") throw cannotUndoScripts();
    reply.ok();
  },
});

const exists = command({
  name: "EXISTS",
  summary: "Tells which scripts the server knows.",
  group: "scripting",
  since: "2.6.0",
  complexity: "O(N) with N being the number of scripts to check.",
  arity: -3,
  flags: ["noscript"],
  args: [arg.string("sha1", { multiple: true })],
  tips: ["request_policy:all_shards", "response_policy:agg_logical_and"],

  run({ reply, server }, args) {
    reply.array(args.count - 2);
    for (let i = 2; i < args.count; i++) reply.int(server.scripting.has(args.lower(i)) ? 1 : 0);
  },
});

const flush = command({
  name: "FLUSH",
  summary: "Forgets all scripts.",
  group: "scripting",
  since: "2.6.0",
  complexity: "O(1)",
  arity: -2,
  flags: ["noscript"],
  args: [
    arg.oneOf("flush-type", [arg.token("ASYNC"), arg.token("SYNC")], {
      optional: true,
      since: "6.2.0",
    }),
  ],
  history: [["6.2.0", "The words `ASYNC` and `SYNC` came."]],
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],

  run({ reply, server }, args) {
    const isKnown = args.count === 2 ||
      (args.count === 3 && (args.is(2, "SYNC") || args.is(2, "ASYNC")));
    if (!isKnown) throw new ReplyError("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
    // Both are the same here: a new instance takes the old one's place.
    server.scripting.flush();
    reply.ok();
  },
});

const kill = command({
  name: "KILL",
  summary: "Ends the script that is running.",
  group: "scripting",
  since: "2.6.0",
  complexity: "O(1)",
  arity: 2,
  flags: ["noscript", "allow_busy"],
  tips: ["request_policy:all_shards", "response_policy:one_succeeded"],

  run({ reply, server }) {
    server.scripting.kill("script");
    reply.ok();
  },
});

const load = command({
  name: "LOAD",
  summary: "Lets the server know a script without running it.",
  group: "scripting",
  since: "2.6.0",
  complexity: "O(N) with N being the length in bytes of the script.",
  arity: 3,
  flags: ["noscript", "stale"],
  args: [arg.string("script")],
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],

  run({ reply, server }, args) {
    reply.bulk(server.scripting.load(args.view(2)));
  },
});

/** SCRIPT */
export const script = command({
  name: "SCRIPT",
  summary: "Holds the commands about scripts.",
  group: "scripting",
  since: "2.6.0",
  complexity: "Depends on subcommand.",
  arity: -2,
  subcommands: [
    debug,
    exists,
    flush,
    helpCommand({
      container: "SCRIPT",
      group: "scripting",
      since: "5.0.0",
      lines: [
        "DEBUG (YES|SYNC|NO)",
        "    Set the debug mode of the scripts that follow.",
        "EXISTS <sha1> [<sha1> ...]",
        "    Tell of each script whether the server knows it.",
        "FLUSH [ASYNC|SYNC]",
        "    Forget all scripts.",
        "KILL",
        "    End the script that is running, unless it has written.",
        "LOAD <script>",
        "    Keep a script for EVALSHA without running it.",
      ],
    }),
    kill,
    load,
  ],
});
