/**
 * CLIENT TRACKING, TRACKINGINFO, CACHING and GETREDIR: help for caches inside of clients.
 *
 * Tracking cannot be switched on yet; everything else answers as it does for a connection without tracking.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError, syntaxError } from "../../server/resp/errors.ts";
import { arg, command } from "../command.ts";
import type { ClientsApi } from "../context.ts";

/** What GETREDIR answers of a connection without tracking. */
const NO_TRACKING = -1;

/** CLIENT TRACKING */
export const clientTracking = command({
  name: "TRACKING",
  summary: "Chooses whether the client is told of changes to keys it may have cached.",
  group: "connection",
  since: "6.0.0",
  complexity: "O(1). Some options may introduce additional complexity.",
  arity: -3,
  flags: ["noscript", "loading", "stale", "sentinel"],
  args: [
    arg.oneOf("status", [arg.token("ON"), arg.token("OFF")]),
    arg.integer("client-id", { token: "REDIRECT", optional: true }),
    arg.string("prefix", {
      token: "PREFIX",
      optional: true,
      multiple: true,
      multipleToken: true,
    }),
    arg.token("BCAST", { name: "BCAST", optional: true }),
    arg.token("OPTIN", { name: "OPTIN", optional: true }),
    arg.token("OPTOUT", { name: "OPTOUT", optional: true }),
    arg.token("NOLOOP", { name: "NOLOOP", optional: true }),
  ],

  run(ctx, args) {
    const options = readOptions(args, ctx.server.clients);
    if (args.is(2, "ON")) {
      checkTogether(options);
      throw new ReplyError("ERR client tracking is not available yet");
    }
    if (!args.is(2, "OFF")) throw syntaxError();
    ctx.reply.ok();
  },
});

interface TrackingOptions {
  redirect: number;
  prefixes: number;
  broadcast: boolean;
  optIn: boolean;
  optOut: boolean;
}

function readOptions(args: Args, clients: ClientsApi): TrackingOptions {
  const options = { redirect: 0, prefixes: 0, broadcast: false, optIn: false, optOut: false };
  for (let i = 3; i < args.count; i++) {
    const hasValue = i + 1 < args.count;
    if (args.is(i, "REDIRECT") && hasValue) {
      if (options.redirect !== 0) {
        throw new ReplyError("ERR A client can only redirect to a single other client");
      }
      options.redirect = args.int(++i);
      if (clients.get(options.redirect) === undefined) {
        throw new ReplyError("ERR The client ID you want redirect to does not exist");
      }
    } else if (args.is(i, "BCAST")) {
      options.broadcast = true;
    } else if (args.is(i, "OPTIN")) {
      options.optIn = true;
    } else if (args.is(i, "OPTOUT")) {
      options.optOut = true;
    } else if (args.is(i, "PREFIX") && hasValue) {
      i++;
      options.prefixes++;
    } else if (!args.is(i, "NOLOOP")) {
      throw syntaxError();
    }
  }
  return options;
}

function checkTogether({ prefixes, broadcast, optIn, optOut }: TrackingOptions): void {
  if (!broadcast && prefixes > 0) {
    throw new ReplyError("ERR PREFIX option requires BCAST mode to be enabled");
  }
  if (broadcast && (optIn || optOut)) {
    throw new ReplyError("ERR OPTIN and OPTOUT are not compatible with BCAST");
  }
  if (optIn && optOut) {
    throw new ReplyError("ERR You can't specify both OPTIN mode and OPTOUT mode");
  }
}

/** CLIENT TRACKINGINFO */
export const clientTrackinginfo = command({
  name: "TRACKINGINFO",
  summary: "Tells how tracking is set up for the connection.",
  group: "connection",
  since: "6.2.0",
  complexity: "O(1)",
  arity: 2,
  flags: ["noscript", "loading", "stale", "sentinel"],

  run({ reply }) {
    reply.map(3);
    reply.bulk("flags");
    reply.set(1);
    reply.bulk("off");
    reply.bulk("redirect");
    reply.int(NO_TRACKING);
    reply.bulk("prefixes");
    reply.array(0);
  },
});

/** CLIENT CACHING */
export const clientCaching = command({
  name: "CACHING",
  summary: "Chooses whether the keys of the next command are tracked.",
  group: "connection",
  since: "6.0.0",
  complexity: "O(1)",
  arity: 3,
  flags: ["noscript", "loading", "stale", "sentinel"],
  args: [arg.oneOf("mode", [arg.token("YES"), arg.token("NO")])],

  run() {
    throw new ReplyError(
      "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or " +
        "OPTOUT mode enabled",
    );
  },
});

/** CLIENT GETREDIR */
export const clientGetredir = command({
  name: "GETREDIR",
  summary: "Answers which client gets this one's invalidations.",
  group: "connection",
  since: "6.0.0",
  complexity: "O(1)",
  arity: 2,
  flags: ["noscript", "loading", "stale", "sentinel"],

  run(ctx) {
    ctx.reply.int(NO_TRACKING);
  },
});
