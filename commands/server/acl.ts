/**
 * ACL: users, what they may do, and what they were refused.
 *
 * Names and rules are bytes to Redis, so they are read and told as text of one-byte characters.
 *
 * @module
 */

import { Args, encodeLatin1 } from "../../server/resp/args.ts";
import { ReplyError } from "../../server/resp/errors.ts";
import type { Reply } from "../../server/resp/reply.ts";
import { arg, command, type CommandSpec } from "../command.ts";
import type { AclLogEntry, AclSelector } from "../context.ts";
import { shown } from "../errors.ts";
import { ACL_CATEGORIES, aclCategories } from "../facts.ts";
import { helpCommand, subcommandSyntaxError } from "../help.ts";

/** Facts that most of the subcommands share. */
const ADMINISTRATIVE = {
  group: "server",
  since: "6.0.0",
  flags: ["admin", "noscript", "loading", "stale", "sentinel"],
} as const;

const FOR_ALL = {
  ...ADMINISTRATIVE,
  flags: ["noscript", "loading", "stale", "sentinel"],
} as const;

const TO_ALL_NODES = ["request_policy:all_nodes", "response_policy:all_succeeded"] as const;

function bulk(reply: Reply, text: string): void {
  reply.bulk(encodeLatin1(text));
}

function words(args: Args, from: number): string[] {
  return Array.from({ length: args.count - from }, (_, i) => args.binary(from + i));
}

// --- users --------------------------------------------------------------------------------------------------------

const setuser = command({
  ...ADMINISTRATIVE,
  name: "SETUSER",
  summary: "Makes a user, or changes one, by rules.",
  complexity: "O(N). Where N is the number of rules provided.",
  arity: -3,
  args: [arg.string("username"), arg.string("rule", { optional: true, multiple: true })],
  tips: TO_ALL_NODES,
  history: [
    ["6.2.0", "Rules may be about channels."],
    ["7.0.0", "Rules may be about reading or writing keys, and be grouped in selectors."],
  ],
  secrets: (args) => words(args, 2).map((_, i) => i + 2),

  run({ reply, server }, args) {
    server.acl.set(args.binary(2), words(args, 3));
    reply.ok();
  },
});

const deluser = command({
  ...ADMINISTRATIVE,
  name: "DELUSER",
  summary: "Deletes users and closes their connections.",
  complexity: "O(1) amortized time considering the typical user.",
  arity: -3,
  args: [arg.string("username", { multiple: true })],
  tips: TO_ALL_NODES,

  run({ reply, server }, args) {
    reply.int(server.acl.delete(words(args, 2)));
  },
});

const getuser = command({
  ...ADMINISTRATIVE,
  name: "GETUSER",
  summary: "Answers the rules of a user.",
  complexity:
    "O(N). Where N is the number of password, command and pattern rules that the user has.",
  arity: 3,
  args: [arg.string("username")],
  history: [
    ["6.2.0", "It tells of channels."],
    ["7.0.0", "It tells of selectors; keys and channels are told as rules."],
  ],

  run({ reply, server }, args) {
    const user = server.acl.find(args.binary(2));
    if (user === undefined) return reply.null();
    const { flags, passwords, selectors } = user;
    const [root, ...others] = selectors;
    reply.map(6);
    reply.bulk("flags");
    reply.set(flags.length);
    for (const flag of flags) reply.bulk(flag);
    reply.bulk("passwords");
    reply.array(passwords.length);
    for (const password of passwords) reply.bulk(password);
    replyWithSelector(reply, root);
    reply.bulk("selectors");
    reply.array(others.length);
    for (const selector of others) {
      reply.map(3);
      replyWithSelector(reply, selector);
    }
  },
});

/** Three fields of a map. */
function replyWithSelector(
  reply: Reply,
  { channelRules, commandRules, keyRules }: AclSelector,
): void {
  reply.bulk("commands");
  bulk(reply, commandRules);
  reply.bulk("keys");
  bulk(reply, keyRules);
  reply.bulk("channels");
  bulk(reply, channelRules);
}

const list = command({
  ...ADMINISTRATIVE,
  name: "LIST",
  summary: "Answers all users and their rules, as they stand in a file.",
  complexity: "O(N). Where N is the number of configured users.",
  arity: 2,

  run({ reply, server }) {
    const { users } = server.acl;
    reply.array(users.length);
    for (const user of users) bulk(reply, `user ${user.name} ${user.describe()}`);
  },
});

const users = command({
  ...ADMINISTRATIVE,
  name: "USERS",
  summary: "Names all users.",
  complexity: "O(N). Where N is the number of configured users.",
  arity: 2,

  run({ reply, server }) {
    const { users } = server.acl;
    reply.array(users.length);
    for (const { name } of users) bulk(reply, name);
  },
});

const whoami = command({
  ...FOR_ALL,
  name: "WHOAMI",
  summary: "Names the connection's user.",
  complexity: "O(1)",
  arity: 2,

  run({ client, reply }) {
    bulk(reply, client.user);
  },
});

const dryrun = command({
  ...ADMINISTRATIVE,
  name: "DRYRUN",
  summary: "Tells whether a user may send a request, without carrying it out.",
  since: "7.0.0",
  complexity: "O(1).",
  arity: -4,
  args: [
    arg.string("username"),
    arg.string("command"),
    arg.string("arg", { optional: true, multiple: true }),
  ],

  run({ reply, server: { acl, registry } }, args) {
    const name = args.binary(2);
    if (acl.find(name) === undefined) {
      throw new ReplyError(`ERR User '${shown(args, 2)}' not found`);
    }
    const request = new Args(args.buf, args.count);
    for (let i = 3; i < args.count; i++) request.push(args.off[i], args.len[i]);
    const found = registry.lookUp(request);
    if (found === undefined) throw new ReplyError(`ERR Command '${shown(args, 3)}' not found`);
    const { arity, originalName } = found;
    if (arity >= 0 ? request.count !== arity : request.count < -arity) {
      throw new ReplyError(`ERR wrong number of arguments for '${originalName}' command`);
    }
    const denial = acl.explainDenial(name, found, request);
    if (denial === undefined) reply.ok();
    else bulk(reply, denial);
  },
});

// --- what there is ------------------------------------------------------------------------------------------------

const cat = command({
  ...FOR_ALL,
  name: "CAT",
  summary: "Names all categories of commands, or the commands of one.",
  complexity: "O(1) since the categories and commands are a fixed set.",
  arity: -2,
  args: [arg.string("category", { optional: true })],

  run({ reply, server }, args) {
    if (args.count > 3) throw subcommandSyntaxError(args, "ACL");
    if (args.count === 2) {
      reply.array(ACL_CATEGORIES.length);
      for (const category of ACL_CATEGORIES) reply.bulk(category);
      return;
    }
    const wanted = args.lower(2);
    if (!ACL_CATEGORIES.some((category) => category === wanted)) {
      throw new ReplyError(`ERR Unknown category '${shown(args, 2).slice(0, MOST_SHOWN)}'`);
    }
    const found = server.registry.everything
      .filter(({ spec }) => aclCategories(spec).includes(wanted));
    reply.array(found.length);
    for (const { originalName } of found) reply.bulk(originalName);
  },
});

/** How much of an unknown category a refusal repeats. */
const MOST_SHOWN = 128;

const MOST_BITS = 4096;
const USUAL_BITS = 256;

const genpass = command({
  ...FOR_ALL,
  name: "GENPASS",
  summary: "Answers a random password that nobody can guess.",
  complexity: "O(1)",
  arity: -2,
  args: [arg.integer("bits", { optional: true })],

  run({ reply }, args) {
    if (args.count > 3) throw subcommandSyntaxError(args, "ACL");
    const bits = args.count === 3 ? args.int(2) : USUAL_BITS;
    if (bits <= 0 || bits > MOST_BITS) {
      throw new ReplyError(
        "ERR ACL GENPASS argument must be the number of bits for the output password, a positive " +
          `number up to ${MOST_BITS}`,
      );
    }
    const digits = Math.ceil(bits / 4);
    // The server's own source of chance is not made to keep secrets.
    const bytes = crypto.getRandomValues(new Uint8Array(Math.ceil(digits / 2)));
    reply.bulk(bytes.toHex().slice(0, digits));
  },
});

// --- the log ------------------------------------------------------------------------------------------------------

const USUAL_ENTRIES = 10;

const log = command({
  ...ADMINISTRATIVE,
  name: "LOG",
  summary: "Answers what users were refused lately, or forgets it.",
  complexity: "O(N) with N being the number of entries shown.",
  arity: -2,
  args: [
    arg.oneOf("operation", [arg.integer("count"), arg.token("RESET")], { optional: true }),
  ],
  history: [["7.2.0", "Entries tell their ID and when they began and were updated."]],

  run({ now, reply, server: { acl } }, args) {
    if (args.count > 3) throw subcommandSyntaxError(args, "ACL");
    if (args.is(2, "RESET")) {
      acl.log.reset();
      reply.ok();
      return;
    }
    const entries = acl.log.latest(args.count === 3 ? args.int(2) : USUAL_ENTRIES);
    reply.array(entries.length);
    for (const entry of entries) replyWithEntry(reply, entry, now);
  },
});

function replyWithEntry(reply: Reply, entry: AclLogEntry, now: number): void {
  reply.map(10);
  reply.bulk("count");
  reply.int(entry.count);
  reply.bulk("reason");
  reply.bulk(entry.reason);
  reply.bulk("context");
  reply.bulk(entry.context);
  reply.bulk("object");
  bulk(reply, entry.object);
  reply.bulk("username");
  bulk(reply, entry.user);
  reply.bulk("age-seconds");
  reply.double((now - entry.updated) / 1000);
  reply.bulk("client-info");
  reply.bulk(entry.client);
  reply.bulk("entry-id");
  reply.int(entry.id);
  reply.bulk("timestamp-created");
  reply.int(entry.created);
  reply.bulk("timestamp-last-updated");
  reply.int(entry.updated);
}

// --- the file -----------------------------------------------------------------------------------------------------

const load = command({
  ...ADMINISTRATIVE,
  name: "LOAD",
  summary: "Takes over the users of the ACL file.",
  complexity: "O(N). Where N is the number of configured users.",
  arity: 2,

  run({ reply, server }) {
    server.acl.load();
    reply.ok();
  },
});

const save = command({
  ...ADMINISTRATIVE,
  name: "SAVE",
  summary: "Writes all users into the ACL file.",
  complexity: "O(N). Where N is the number of configured users.",
  arity: 2,
  tips: TO_ALL_NODES,

  run({ reply, server }) {
    server.acl.save();
    reply.ok();
  },
});

/** ACL */
export const acl: CommandSpec = command({
  name: "ACL",
  summary: "Holds the commands about users and their permissions.",
  group: "server",
  since: "6.0.0",
  complexity: "Depends on subcommand.",
  arity: -2,
  flags: ["sentinel"],
  subcommands: [
    cat,
    deluser,
    dryrun,
    genpass,
    getuser,
    helpCommand({
      container: "ACL",
      group: "server",
      since: "6.0.0",
      flags: ["loading", "stale", "sentinel"],
      lines: [
        "CAT [<category>]",
        "    All categories of commands, or the commands of <category>.",
        "DELUSER <username> [<username> ...]",
        "    Delete users and close their connections.",
        "DRYRUN <username> <command> [<arg> ...]",
        "    Whether the user may send this command; it is not carried out.",
        "GETUSER <username>",
        "    The rules of a user.",
        "GENPASS [<bits>]",
        "    A random password, of 256 bits unless told otherwise.",
        "LIST",
        "    All users and their rules, as they stand in a file.",
        "LOAD",
        "    Take over the users of the ACL file.",
        "LOG [<count> | RESET]",
        "    What users were refused lately; or forget that.",
        "SAVE",
        "    Write all users into the ACL file.",
        "SETUSER <username> <attribute> [<attribute> ...]",
        "    Make a user, or change one.",
        "USERS",
        "    The names of all users.",
        "WHOAMI",
        "    The name of this connection's user.",
      ],
    }),
    list,
    load,
    log,
    save,
    setuser,
    users,
    whoami,
  ],
});
