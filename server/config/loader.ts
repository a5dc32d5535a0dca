/**
 * How a server finds its configuration when it starts, and the syntax of its command line.
 *
 * In this order, the later winning: defaults, the environment (`COOLCACHE_HOST`, `COOLCACHE_PORT`), the configuration
 * file and what it includes, standard input, flags. Anything wrong ends the start with a message that names the line.
 * Some lines are no directives and belong to others: users go to the ACL, renamed commands to the registry.
 *
 *     coolcache [file] [-] [--name value …]…
 *
 * Flags are turned into lines as they could stand in a file, with every value quoted: `--save 3600 1` becomes
 * `save "3600" "1"`. A value may look like a flag if its own flag has no value yet, so that `--requirepass --x` sets the
 * password `--x`; a flag and its value may come in one argument, as in `"--port 6380"`.
 *
 * @module
 */

import type { Config } from "./config.ts";
import { FORMER_DIRECTIVES } from "./directives.ts";
import { badConfiguration, badLine, cannotOpenFile, type Origin, Refusal } from "./errors.ts";
import { absolutePath, type ConfigHost, failureReason } from "./host.ts";
import { type ConfigLine, parseConfigText, quoteWord, splitLine } from "./parser.ts";

/** A `rename-command` line. */
interface RenamedCommand {
  readonly from: string;
  /** Empty: the command is removed. */
  readonly to: string;
  readonly line: ConfigLine;
}

/** What else the files said. */
export interface OtherLines {
  /** `user` lines: the name and the rules. */
  readonly users: readonly ConfigLine[];
  readonly renamedCommands: readonly RenamedCommand[];
}

/** The configuration file that a command line names, as an absolute path. */
export function configFilePath(args: readonly string[], host: ConfigHost): string | undefined {
  const { file } = parseFlags(args);
  return file === undefined ? undefined : absolutePath(host.workingDirectory, file);
}

/** Sets what the environment, the file and the flags say. @throws {ConfigFileError} */
export function loadConfig(
  config: Config,
  args: readonly string[],
  host: ConfigHost,
): OtherLines {
  const loader = new Loader(config, host);
  loader.readEnvironment();
  if (config.file !== undefined) loader.readFile(config.file);
  const flags = parseFlags(args);
  if (flags.stdin) loader.readText(host.readStdin(), { source: "the standard input", line: 1 });
  loader.readText(flags.text, { source: "the command line" });
  loader.checkTogether();
  return loader;
}

class Loader implements OtherLines {
  readonly users: ConfigLine[] = [];
  readonly renamedCommands: RenamedCommand[] = [];

  #config: Config;
  #host: ConfigHost;
  /** Directives that a line has set. */
  #seen = new Set<string>();
  /** Files that are being read, to notice one that includes itself. */
  #reading: string[] = [];

  constructor(config: Config, host: ConfigHost) {
    this.#config = config;
    this.#host = host;
  }

  readEnvironment(): void {
    const variables = [["COOLCACHE_HOST", "bind"], ["COOLCACHE_PORT", "port"]] as const;
    for (const [variable, name] of variables) {
      const text = this.#host.env(variable);
      if (text === undefined || text === "") continue;
      const at = { origin: { source: "the environment" }, text: `${variable}=${text}` };
      this.#refusable(at, () => this.#config.assign(name, text.split(" ")));
    }
  }

  readFile(path: string): void {
    if (this.#reading.includes(path)) throw cannotOpenFile(path, "It includes itself");
    let text: string;
    try {
      text = this.#host.readFile(path);
    } catch (error) {
      throw cannotOpenFile(path, failureReason(error));
    }
    this.#reading.push(path);
    this.readText(text, { source: "the configuration file", file: path, line: 1 });
    this.#reading.pop();
  }

  readText(text: string, origin: Origin): void {
    for (const line of parseConfigText(text, origin)) {
      this.#refusable(line, () => this.#readLine(line));
    }
  }

  /** What no single line can show. */
  checkTogether(): void {
    const { clusterEnabled, replicaof, databases } = this.#config.values;
    if (!clusterEnabled) return;
    if (replicaof) throw badConfiguration("replicaof directive not allowed in cluster mode");
    if (databases > 1) {
      this.#host.warn(
        `WARNING: Changing databases number from ${databases} to 1 since we are in cluster mode`,
      );
      this.#config.assign("databases", ["1"]);
    }
  }

  #readLine(line: ConfigLine): void {
    const { name, words } = line;
    const named = this.#config.lookUp(name);
    if (named) {
      // Several words may come as one, quoted; but a lone "" says "none".
      const one = named.directive.severalWords && words.length === 1 && words[0] !== "";
      const split = one ? splitLine(words[0]) : words;
      if (split === undefined) throw new Refusal("Unbalanced quotes in configuration line");
      this.#config.assign(named.name, split, { repeated: this.#seen.has(named.name) });
      this.#seen.add(named.name);
    } else if (FORMER_DIRECTIVES.includes(name) && words.length === 1) {
      return;
    } else if (name === "include" && words.length === 1) {
      this.#include(words[0]);
    } else if (name === "user" && words.length >= 1) {
      this.users.push(line);
    } else if (name === "rename-command" && words.length === 2) {
      this.renamedCommands.push({ from: words[0], to: words[1], line });
    } else if (name === "loadmodule") {
      throw new Refusal("coolcache cannot load modules");
    } else if (name === "sentinel") {
      throw new Refusal("sentinel directive while not in sentinel mode");
    } else {
      throw new Refusal("Bad directive or wrong number of arguments");
    }
  }

  /** One file, which must be there, or all that match a pattern, which may be none. */
  #include(path: string): void {
    const absolute = absolutePath(this.#config.values.dir, path);
    const isPattern = /[*?[]/.test(path);
    const files = isPattern ? this.#host.listFiles(absolute) : [absolute];
    for (const file of files) this.readFile(file);
  }

  #refusable(line: { origin: Origin; text: string }, read: () => void): void {
    try {
      read();
    } catch (error) {
      if (error instanceof Refusal) throw badLine(line.origin, line.text, error.message);
      throw error;
    }
  }
}

/** A command line, taken apart. */
export interface Flags {
  /** The configuration file, if one is named. */
  readonly file?: string;
  /** Whether configuration is to be read from standard input, too. */
  readonly stdin: boolean;
  /** The flags as text of a configuration file. */
  readonly text: string;
}

/** What the command line asks for instead of a server, if it does. */
export function wantedInformation(args: readonly string[]): "help" | "version" | undefined {
  switch (args[0]) {
    case "-h":
    case "--help":
      return "help";
    case "-v":
    case "--version":
      return "version";
    default:
      return undefined;
  }
}

/** Takes a command line apart; what the flags mean is found out when their text is read. */
export function parseFlags(args: readonly string[]): Flags {
  const hasFile = args.length > 0 && !args[0].startsWith("-");
  const lines: string[] = [];
  let stdin = false;
  let needsValue = false;

  for (let i = hasFile ? 1 : 0; i < args.length; i++) {
    const arg = args[i];
    const isLast = i === args.length - 1;
    if (arg === "-" && (i === 0 || isLast)) {
      stdin = true;
    } else if (arg.startsWith("--") && !needsValue) {
      lines.push(arg.slice(2));
      needsValue = splitLine(arg)?.length === 1;
      // The one flag that may come without its value: what a list of save points leaves when it is empty.
      if (
        needsValue && arg.toLowerCase() === "--save" && (isLast || args[i + 1].startsWith("--"))
      ) {
        addWord(lines, '""');
        needsValue = false;
      }
    } else {
      addWord(lines, quoteWord(arg));
      needsValue = false;
    }
  }
  const flags = { stdin, text: lines.join("\n") };
  return hasFile ? { file: args[0], ...flags } : flags;
}

function addWord(lines: string[], word: string): void {
  if (lines.length === 0) lines.push(word);
  else lines[lines.length - 1] += ` ${word}`;
}
