/**
 * MIGRATE: keys to another server, where they are stored before they go here.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError, syntaxError } from "../../server/resp/errors.ts";
import { arg, command } from "../command.ts";
import type { Migration } from "../context.ts";

const KEY_AT = 3;
const OPTIONS_AT = 6;
const DEFAULT_TIMEOUT_MS = 1000;

/** MIGRATE */
export const migrate = command({
  name: "MIGRATE",
  summary: "Moves keys to another server, at once for everybody.",
  group: "generic",
  since: "2.6.0",
  complexity:
    "This command actually executes a DUMP+DEL in the source instance, and a RESTORE in " +
    "the target instance. See the pages of these commands for time complexity. Also an O(N) data " +
    "transfer between the two instances is performed.",
  arity: -6,
  flags: ["write"],
  categories: ["keyspace", "dangerous"],
  keys: [
    { at: 3, access: "RW", effects: ["access", "delete"] },
    {
      keyword: "KEYS",
      from: -2,
      last: -1,
      access: "RW",
      effects: ["access", "delete", "incomplete"],
    },
  ],
  args: [
    arg.string("host"),
    arg.integer("port"),
    arg.oneOf("key-selector", [
      arg.key("key"),
      arg.token('""', { name: "empty-string" }),
    ]),
    arg.integer("destination-db"),
    arg.integer("timeout"),
    arg.token("COPY", { optional: true, since: "3.0.0" }),
    arg.token("REPLACE", { optional: true, since: "3.0.0" }),
    arg.oneOf("authentication", [
      arg.string("auth", { token: "AUTH", displayText: "password", since: "4.0.7" }),
      arg.block("auth2", [arg.string("username"), arg.string("password")], {
        token: "AUTH2",
        since: "6.0.0",
      }),
    ], { optional: true }),
    arg.key("keys", {
      token: "KEYS",
      displayText: "key",
      keySpecIndex: 1,
      optional: true,
      multiple: true,
      since: "3.0.6",
    }),
  ],
  history: [
    ["3.0.0", "The options `COPY` and `REPLACE` came."],
    ["3.0.6", "The option `KEYS` came."],
    ["4.0.7", "The option `AUTH` came."],
    ["6.0.0", "The option `AUTH2` came."],
  ],
  tips: ["nondeterministic_output"],
  findKeys,
  secrets: (args) => findOptions(args).secrets,

  run(ctx, args) {
    const { migration, keys } = readRequest(args);
    const present = keys.filter((i) => ctx.db.read(args, i) !== 0).map((i) => args.bytes(i));
    if (present.length === 0) return ctx.reply.simple("NOKEY");
    if (ctx.isScript) throw new ReplyError("ERR MIGRATE cannot wait within a script");
    return ctx.server.migrate(ctx, { ...migration, keys: present });
  },
});

/** Where the keys and the passwords of a request stand. */
function findOptions(args: Args): { firstKey: number; secrets: number[] } {
  const secrets: number[] = [];
  for (let i = OPTIONS_AT; i < args.count; i++) {
    if (args.is(i, "AUTH")) secrets.push(++i);
    else if (args.is(i, "AUTH2")) secrets.push(++i, ++i);
    else if (args.is(i, "KEYS")) return { firstKey: i + 1, secrets };
  }
  return { firstKey: KEY_AT, secrets: secrets.filter((i) => i < args.count) };
}

function findKeys(args: Args): number[] {
  const { firstKey } = findOptions(args);
  if (firstKey === KEY_AT) return [KEY_AT];
  // The command will be refused.
  if (args.len[KEY_AT] > 0) return [];
  return Array.from({ length: args.count - firstKey }, (_, i) => firstKey + i);
}

/** Reads the whole request in Redis's order. @throws {ReplyError} */
function readRequest(args: Args): { migration: Omit<Migration, "keys">; keys: number[] } {
  let copies = false;
  let replaces = false;
  let credentials: Uint8Array[] = [];
  let keys = [KEY_AT];
  for (let i = OPTIONS_AT; i < args.count; i++) {
    const left = args.count - 1 - i;
    if (args.is(i, "COPY")) copies = true;
    else if (args.is(i, "REPLACE")) replaces = true;
    else if (args.is(i, "AUTH") && left >= 1) credentials = [args.bytes(++i)];
    else if (args.is(i, "AUTH2") && left >= 2) credentials = [args.bytes(++i), args.bytes(++i)];
    else if (args.is(i, "KEYS")) {
      if (args.len[KEY_AT] > 0) {
        throw new ReplyError(
          "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string",
        );
      }
      const first = i + 1;
      keys = Array.from({ length: args.count - first }, (_, k) => first + k);
      break;
    } else throw syntaxError();
  }
  const timeout = args.int(5);
  const database = args.int(4);
  const migration = {
    host: args.binary(1),
    port: args.binary(2),
    database,
    timeout: timeout <= 0 ? DEFAULT_TIMEOUT_MS : timeout,
    copies,
    replaces,
    credentials,
  };
  return { migration, keys };
}
