/**
 * The flags of coolcache-cli: those of redis-cli, with the same meaning.
 *
 * Flags end at the first word that is none; all the rest is the command, untouched, whatever it looks like
 * (`INCRBY n -1`). Each fact about a flag is one row of {@link FLAGS}; the help text is made of them.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import type { Address } from "../connection.ts";
import type { OutputFormat, OutputStyle } from "./format.ts";
import { unquote } from "./quoted.ts";
import type { System } from "./system.ts";
import { parseUri } from "./uri.ts";
import { UsageError } from "./usage_error.ts";

/** What the command line asks for. */
export interface CliFlags {
  readonly help: boolean;
  readonly version: boolean;
  readonly address: Address;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Ask for the password on the terminal. */
  readonly askPassword: boolean;
  /** A password stands on the command line, where others may see it. */
  readonly warnOfPassword: boolean;
  readonly database: number;
  /** `preferred` asks for RESP3 and lives with RESP2. */
  readonly protocol: 2 | 3 | "preferred";
  /** How many times to send the command; negative means for ever. */
  readonly repeat: number;
  /** Milliseconds between repetitions, and between the rounds of `--scan`. */
  readonly interval: number;
  /** Read an argument from standard input: the last one, or the one that equals the tag. */
  readonly stdinArgument: "none" | "last" | { readonly tag: string };
  readonly style: OutputStyle;
  /** Arguments are written as quoted strings. */
  readonly quotedInput: boolean;
  /** An error reply ends the program with code 1. */
  readonly failOnError: boolean;
  /** Print push messages that nothing asked for; undefined leaves it to the terminal. */
  readonly showPushes: boolean | undefined;
  readonly mode: "command" | "scan" | "pipe";
  /** Of `--scan`. */
  readonly pattern: Uint8Array | undefined;
  /** Of `--scan`. */
  readonly count: number;
  /** Seconds; 0 waits for ever. */
  readonly pipeTimeout: number;
  /** The command's words; none for the shell. */
  readonly command: readonly string[];
}

/** One flag. */
interface Flag {
  /** Without dashes, in the order in which help shows them. */
  readonly names: readonly string[];
  /** What its value is called, when it takes one. */
  readonly value?: string;
  readonly help: string;
}

const FLAGS = [
  { names: ["h"], value: "host", help: "Host of the server (COOLCACHE_HOST, else 127.0.0.1)" },
  { names: ["p"], value: "port", help: "Port of the server (COOLCACHE_PORT, else 6379)" },
  { names: ["s"], value: "path", help: "Unix socket of the server, instead of host and port" },
  { names: ["u"], value: "uri", help: "redis://[[user:]password@]host[:port][/database]" },
  { names: ["user"], value: "name", help: "User to log in as; needs a password" },
  { names: ["a", "pass"], value: "password", help: "Password; REDISCLI_AUTH hides it better" },
  { names: ["askpass"], help: "Ask for the password" },
  { names: ["no-auth-warning"], help: "Do not warn of a password on the command line" },
  { names: ["n"], value: "database", help: "Database to select" },
  { names: ["2"], help: "Speak RESP2" },
  { names: ["3"], help: "Speak RESP3" },
  { names: ["r"], value: "times", help: "Send the command so many times; -1 for ever" },
  { names: ["i"], value: "seconds", help: "Wait between repetitions, or rounds of --scan" },
  { names: ["x"], help: "Read the last argument from standard input" },
  { names: ["X"], value: "tag", help: "Read the argument that equals the tag from standard input" },
  { names: ["quoted-input"], help: 'Arguments are quoted strings, such as "\\x00"' },
  { names: ["e"], help: "Exit with code 1 when the reply is an error" },
  { names: ["raw"], help: "Print replies as they are (when the output is no terminal)" },
  { names: ["no-raw"], help: "Print replies for people (when the output is a terminal)" },
  { names: ["csv"], help: "Print replies as CSV" },
  { names: ["json"], help: "Print replies as JSON; RESP3 unless -2 is given" },
  { names: ["quoted-json"], help: "Print replies as JSON in ASCII" },
  { names: ["d"], value: "text", help: "Delimiter of elements in raw output (a line feed)" },
  { names: ["D"], value: "text", help: "Delimiter of replies in raw output (a line feed)" },
  { names: ["show-pushes"], value: "yes|no", help: "Print push messages (on a terminal: yes)" },
  { names: ["scan"], help: "List the keys, by SCAN" },
  { names: ["pattern"], value: "glob", help: "Which keys --scan lists" },
  { names: ["quoted-pattern"], value: "glob", help: "The same as a quoted string" },
  { names: ["count"], value: "number", help: "How much a round of --scan looks at (10)" },
  { names: ["pipe"], help: "Send standard input to the server as it is, and count the replies" },
  { names: ["pipe-timeout"], value: "seconds", help: "How long --pipe waits for replies (30)" },
  { names: ["help"], help: "Print this" },
  { names: ["v", "version"], help: "Print the version" },
] as const satisfies readonly Flag[];

const NAMES_WITH_VALUE = FLAGS.flatMap((flag) => "value" in flag ? flag.names : []);
const NAMES_WITHOUT_VALUE = FLAGS.flatMap((flag) => "value" in flag ? [] : flag.names);

const DEFAULT_HOST = "127.0.0.1";
const DEFAULT_PORT = "6379";

/**
 * Reads the command line and the environment.
 *
 * @throws {UsageError} when something is unknown, missing or contradictory
 */
export function parseFlags(
  words: readonly string[],
  system: Pick<System, "outIsTerminal" | "env">,
): CliFlags {
  const { options, command } = splitOptions(words);
  const given = parseArgs(options, {
    string: NAMES_WITH_VALUE,
    boolean: NAMES_WITHOUT_VALUE,
    alias: { a: "pass", v: "version" },
    unknown: (word) => refuse(word.replace(/^--(?=.$)/, "-")),
  });
  const uri = given.u === undefined ? {} : parseUri(given.u);
  const passwordGiven = given.pass ?? uri.password;
  if (given[2] && given[3]) throw new UsageError("Options -2 and -3 are mutually exclusive.");
  if (given.x && given.X !== undefined) {
    throw new UsageError("Options -x and -X are mutually exclusive.");
  }
  const asJson = given.json || given["quoted-json"];
  const host = given.h ?? uri.host ?? system.env("COOLCACHE_HOST") ?? DEFAULT_HOST;
  const port = given.p ?? uri.port ?? system.env("COOLCACHE_PORT") ?? DEFAULT_PORT;
  return {
    help: given.help,
    version: given.version,
    address: given.s === undefined ? { host, port: readPort(port) } : { path: given.s },
    username: given.user ?? uri.username,
    password: passwordGiven ?? system.env("REDISCLI_AUTH"),
    askPassword: given.askpass,
    warnOfPassword: passwordGiven !== undefined && !given["no-auth-warning"],
    database: readNumber("-n", given.n) ?? uri.database ?? 0,
    protocol: given[3] ? 3 : asJson && !given[2] ? "preferred" : 2,
    repeat: readNumber("-r", given.r) ?? 1,
    interval: (readNumber("-i", given.i) ?? 0) * 1000,
    stdinArgument: given.X !== undefined ? { tag: given.X } : given.x ? "last" : "none",
    style: {
      format: lastFormat(options) ?? (system.outIsTerminal ? "standard" : "raw"),
      elementDelimiter: given.d ?? "\n",
      replyDelimiter: given.D ?? "\n",
    },
    quotedInput: given["quoted-input"],
    failOnError: given.e,
    showPushes: readYesNo(given["show-pushes"]),
    mode: given.pipe ? "pipe" : given.scan ? "scan" : "command",
    pattern: readPattern(given.pattern, given["quoted-pattern"]),
    count: readNumber("--count", given.count) ?? 10,
    pipeTimeout: readNumber("--pipe-timeout", given["pipe-timeout"]) ?? 30,
    command,
  };
}

/** The text of `--help`. */
export function helpText(version: string): string {
  const left = FLAGS.map((flag) => {
    const names = flag.names.map((name) => name.length === 1 ? `-${name}` : `--${name}`);
    return names.join(", ") + ("value" in flag ? ` <${flag.value}>` : "");
  });
  const width = Math.max(...left.map((text) => text.length));
  const rows = FLAGS.map((flag, i) => `  ${left[i].padEnd(width)}  ${flag.help}`);
  return `coolcache-cli ${version}

Usage: coolcache-cli [flags] [command [argument ...]]

${rows.join("\n")}

Without a command it is a shell; type "help" there for more.

  coolcache-cli SET greeting hello
  coolcache-cli -r 10 -i 1 INFO memory
  coolcache-cli -x SET picture < picture.png
  coolcache-cli --scan --pattern "user:*"
`;
}

/**
 * Where the flags end and the command begins. Values are joined to their flags (`--p=7000`), since a value may
 * well begin with a dash.
 */
function splitOptions(words: readonly string[]): { options: string[]; command: string[] } {
  const options: string[] = [];
  let at = 0;
  for (; at < words.length && words[at].startsWith("-"); at++) {
    const word = words[at];
    const name = word.replace(/^--?/, "");
    const dashes = name.length === 1 ? "-" : "--";
    if (word !== dashes + name) refuse(word);
    if (!(NAMES_WITH_VALUE as readonly string[]).includes(name)) {
      options.push(`--${name}`);
    } else if (at + 1 < words.length) {
      options.push(`--${name}=${words[++at]}`);
    } else {
      // As in redis-cli, a lone -h asks for help.
      if (name !== "h") refuse(word);
      options.push("--help");
    }
  }
  return { options, command: words.slice(at) };
}

function refuse(word: string): never {
  throw new UsageError(`Unrecognized option or bad number of args for: '${word}'`);
}

const FORMATS: Record<string, OutputFormat> = {
  "--raw": "raw",
  "--no-raw": "standard",
  "--csv": "csv",
  "--json": "json",
  "--quoted-json": "quoted-json",
};

/** Formats exclude each other; the last one wins. */
function lastFormat(options: readonly string[]): OutputFormat | undefined {
  const last = options.findLast((option) => option in FORMATS);
  return last === undefined ? undefined : FORMATS[last];
}

function readNumber(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) {
    throw new UsageError(`Option ${flag} takes a number, not '${text}'`);
  }
  return value;
}

function readPort(text: string | number): number {
  const port = Number(text);
  if (text === "" || !Number.isInteger(port) || port < 0 || port > 65535) {
    throw new UsageError("Invalid server port.");
  }
  return port;
}

function readYesNo(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (/^y/i.test(text)) return true;
  if (/^n/i.test(text)) return false;
  throw new UsageError(`Option --show-pushes takes yes or no, not '${text}'`);
}

function readPattern(
  plain: string | undefined,
  quoted: string | undefined,
): Uint8Array | undefined {
  if (quoted === undefined) {
    return plain === undefined ? undefined : new TextEncoder().encode(plain);
  }
  const pattern = unquote(quoted);
  if (pattern === undefined) {
    throw new UsageError("Invalid quoted string specified for --quoted-pattern.");
  }
  return pattern;
}
