/**
 * CLIENT TRACKING, TRACKINGINFO, CACHING and GETREDIR: help for caches inside of clients. *
 * @module
 */

import { type Args, encodeLatin1 } from "../../server/resp/args.ts";
import { ReplyError, syntaxError } from "../../server/resp/errors.ts";
import { arg, command } from "../command.ts";
import type { ClientsApi, TrackingOptions } from "../context.ts";

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

  run({ client, reply, server }, args) {
    const options = readOptions(args, server.clients);
    if (args.is(2, "ON")) {
      checkTogether(options, client.tracking);
      server.tracking.enable(client, options);
    } else if (args.is(2, "OFF")) {
      server.tracking.disable(client);
    } else {
      throw syntaxError();
    }
    reply.ok();
  },
});

function readOptions(args: Args, clients: ClientsApi): TrackingOptions {
  const options = {
    redirect: 0,
    isBroadcast: false,
    isOptIn: false,
    isOptOut: false,
    isNoLoop: false,
    prefixes: [] as string[],
  };
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
      options.isBroadcast = true;
    } else if (args.is(i, "OPTIN")) {
      options.isOptIn = true;
    } else if (args.is(i, "OPTOUT")) {
      options.isOptOut = true;
    } else if (args.is(i, "NOLOOP")) {
      options.isNoLoop = true;
    } else if (args.is(i, "PREFIX") && hasValue) {
      options.prefixes.push(args.binary(++i));
    } else {
      throw syntaxError();
    }
  }
  return options;
}

/** Refuses options that exclude each other, or that a client which tracks already cannot take on. */
function checkTogether(options: TrackingOptions, before: TrackingOptions | undefined): void {
  const { isBroadcast, isOptIn, isOptOut, prefixes } = options;
  if (!isBroadcast && prefixes.length > 0) {
    throw new ReplyError("ERR PREFIX option requires BCAST mode to be enabled");
  }
  if (before !== undefined && before.isBroadcast !== isBroadcast) {
    throw cannotSwitch("BCAST mode on/off");
  }
  if (isBroadcast && (isOptIn || isOptOut)) {
    throw new ReplyError("ERR OPTIN and OPTOUT are not compatible with BCAST");
  }
  if (isOptIn && isOptOut) {
    throw new ReplyError("ERR You can't specify both OPTIN mode and OPTOUT mode");
  }
  if ((isOptIn && before?.isOptOut) || (isOptOut && before?.isOptIn)) {
    throw cannotSwitch("OPTIN/OPTOUT mode");
  }
  checkOverlaps(prefixes, before?.prefixes ?? []);
}

function cannotSwitch(what: string): ReplyError {
  return new ReplyError(
    `ERR You can't switch ${what} before disabling tracking for this client, and then re-enabling it ` +
      `with a different mode.`,
  );
}

/** No key may have two prefixes of one client. */
function checkOverlaps(prefixes: readonly string[], existing: readonly string[]): void {
  const doubtful = overlapping([...existing, ...prefixes]);
  for (const [i, prefix] of prefixes.entries()) {
    if (!doubtful.has(prefix)) continue;
    const old = existing.find((each) => overlap(each, prefix));
    if (old !== undefined) throw overlaps(prefix, `an existing prefix '${old}'`);
    const other = prefixes.slice(i + 1).find((each) => overlap(each, prefix));
    if (other !== undefined) throw overlaps(prefix, `another provided prefix '${other}'`);
  }
}

/** Those names that begin another one or are begun by one. O(n log n): in order, a name follows those that begin it. */
function overlapping(names: readonly string[]): Set<string> {
  const found = new Set<string>();
  const beginnings: string[] = [];
  for (const name of names.toSorted()) {
    for (let last = beginnings.at(-1); last !== undefined; last = beginnings.at(-1)) {
      if (name.startsWith(last)) {
        found.add(last).add(name);
        break;
      }
      beginnings.pop();
    }
    beginnings.push(name);
  }
  return found;
}

function overlap(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a);
}

function overlaps(prefix: string, other: string): ReplyError {
  return new ReplyError(
    `ERR Prefix '${prefix}' overlaps with ${other}. Prefixes for a single client must not overlap.`,
  );
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

  run({ client: { tracking }, reply }) {
    const flags = tracking === undefined ? ["off"] : ["on"];
    if (tracking?.isBroadcast) flags.push("bcast");
    if (tracking?.isOptIn) flags.push("optin", ...tracking.caching ? ["caching-yes"] : []);
    if (tracking?.isOptOut) flags.push("optout", ...tracking.caching ? ["caching-no"] : []);
    if (tracking?.isNoLoop) flags.push("noloop");
    if (tracking?.isBroken) flags.push("broken_redirect");
    reply.map(3);
    reply.bulk("flags");
    reply.set(flags.length);
    for (const flag of flags) reply.bulk(flag);
    reply.bulk("redirect");
    reply.int(tracking?.redirect ?? NO_TRACKING);
    const prefixes = tracking?.prefixes ?? [];
    reply.bulk("prefixes");
    reply.array(prefixes.length);
    for (const prefix of prefixes) reply.bulk(encodeLatin1(prefix));
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

  run({ client: { tracking }, reply }, args) {
    if (tracking === undefined) {
      throw new ReplyError(
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or " +
          "OPTOUT mode enabled",
      );
    }
    if (args.is(2, "YES")) {
      if (!tracking.isOptIn) throw onlyValid("YES", "OPTIN");
    } else if (args.is(2, "NO")) {
      if (!tracking.isOptOut) throw onlyValid("NO", "OPTOUT");
    } else {
      throw syntaxError();
    }
    tracking.caching = true;
    reply.ok();
  },
});

function onlyValid(word: string, mode: string): ReplyError {
  return new ReplyError(
    `ERR CLIENT CACHING ${word} is only valid when tracking is enabled in ${mode} mode.`,
  );
}

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
    ctx.reply.int(ctx.client.tracking?.redirect ?? NO_TRACKING);
  },
});
