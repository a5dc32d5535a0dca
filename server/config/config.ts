/**
 * The configuration of one server: what its directives are set to, now.
 *
 * Two views are kept in step. `values` holds a plain property for every directive, for whoever works with it and may
 * be in a hurry; `get` answers the texts that CONFIG GET shows. `set` changes all it is given or nothing: values are
 * read first, then stored, then the parts of the server that asked ({@link Config.onChange}) are told, and if one of
 * them cannot follow, everything goes back.
 *
 * Knows two directives by name: `dir`, which starts as the working folder, and `enable-protected-configs`. See
 * ./directives.ts for the table.
 *
 * @module
 */

import type { ConfigApi } from "../../commands/context.ts";
import { globMatch } from "../../storage/glob.ts";
import {
  type ConfigValues,
  type DirectiveName,
  directives,
  type NamedDirective,
  namedDirectives,
  propertyName,
} from "./directives.ts";
import {
  badLine,
  loading,
  noConfigFile,
  Refusal,
  rewriteFailed,
  setFailed,
  unknownOption,
} from "./errors.ts";
import { absolutePath, type ConfigHost, denoHost, failureReason } from "./host.ts";
import { configFilePath, loadConfig, type OtherLines } from "./loader.ts";
import { rewriteConfigText } from "./rewrite.ts";
import type { Directive, Setting } from "./values.ts";

/**
 * Told after directives it asked for have changed. Throws a {@link Refusal} when the server cannot follow; it is then
 * called once more, with the old values.
 */
export type ConfigListener = (values: ConfigValues, changed: readonly DirectiveName[]) => void;

/** What a server learns when it starts. */
export interface StartUp extends OtherLines {
  readonly config: Config;
}

/** Who sets, and when. */
export interface SetOptions {
  /** Whether the client is on this machine: `enable-protected-configs local` asks for it. */
  local?: boolean;
  /** Whether the dataset is being loaded. */
  loading?: boolean;
}

/** Directives with their values, for those who start a server from code. */
export type ConfigOptions = { readonly [Name in DirectiveName]?: string | number | boolean };

interface Change {
  readonly named: NamedDirective;
  readonly before: Setting<unknown>;
  readonly after: Setting<unknown>;
}

/** Lines of a file that are no directives and stay as they are when it is rewritten. */
const OTHER_NAMES = new Set(["include", "rename-command", "user", "loadmodule", "sentinel"]);

/** The configuration of one server. */
export class Config implements ConfigApi {
  /** The live values; read them where they are needed, do not keep them. */
  readonly values: ConfigValues;
  /** The absolute path of the configuration file, if there is one. */
  readonly file: string | undefined;

  /** The machine that it is read from and written to. */
  readonly host: ConfigHost;
  /** Lines of CONFIG REWRITE that are no directive's: those about users. */
  #userLines: () => readonly string[] = () => [];
  #names = namedDirectives();
  #settings = new Map<DirectiveName, Setting<unknown>>();
  #listeners: { names: ReadonlySet<DirectiveName>; listener: ConfigListener }[] = [];

  /** Everything at its default. */
  constructor({ host = denoHost(), file }: { host?: ConfigHost; file?: string | undefined } = {}) {
    this.host = host;
    this.file = file;
    const values: Record<string, unknown> = {};
    for (const { name, directive } of this.#names.values()) {
      this.#settings.set(name, directive.initial);
      values[propertyName(name)] = directive.initial.value;
    }
    // V8 keeps an object that grew this large as a hash table, but makes a plain one of its copy: a property is then
    // read in about 1 ns instead of 6.
    this.values = { ...values } as ConfigValues;
    this.assign("dir", [host.workingDirectory]);
  }

  /**
   * The configuration that a command line asks for; `args` are those of the server, without the program's name.
   * @throws {ConfigFileError} with a message for stderr
   */
  static fromArgs(args: readonly string[], host: ConfigHost = denoHost()): StartUp {
    const config = new Config({ host, file: configFilePath(args, host) });
    const { users, renamedCommands } = loadConfig(config, args, host);
    return { config, users, renamedCommands };
  }

  /** The configuration of a server that is started from code. @throws {ConfigFileError} */
  static fromOptions(options: ConfigOptions, host: ConfigHost = denoHost()): Config {
    const config = new Config({ host });
    for (const [name, value] of Object.entries(options)) {
      const text = typeof value === "boolean" ? (value ? "yes" : "no") : String(value);
      const named = config.lookUp(name);
      const at = { source: "the options" };
      if (!named) throw badLine(at, `${name} ${text}`, "there is no such directive");
      try {
        config.assign(named.name, wordsOf(named.directive, text));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        throw badLine(at, `${name} ${text}`, error.message);
      }
    }
    return config;
  }

  /** The directive of a name or an alias, in any case. */
  lookUp(name: string): NamedDirective | undefined {
    return this.#names.get(name.toLowerCase());
  }

  /** Whether a directive's value must be kept out of logs. */
  isSensitive(name: string): boolean {
    return this.lookUp(name)?.directive.sensitive === true;
  }

  /**
   * Calls `listener` whenever CONFIG SET has changed one of these directives: once for each CONFIG SET, however many
   * of them it changed. Listeners are called in the order in which the client named the directives.
   */
  onChange(names: readonly DirectiveName[], listener: ConfigListener): void {
    this.#listeners.push({ names: new Set(names), listener });
  }

  /** Says where CONFIG REWRITE finds the lines about users, without the word `user`. */
  provideUserLines(lines: () => readonly string[]): void {
    this.#userLines = lines;
  }

  /**
   * Sets a directive on the server's own account, immutable or not, and tells no listener: while it starts, or when
   * a command such as REPLICAOF has changed what the directive says. @throws {Refusal}
   */
  assign(name: DirectiveName, words: readonly string[], { repeated = false } = {}): void {
    const current = this.#settings.get(name)!;
    this.#store(name, this.#read(directives[name], words, { current, repeated }));
  }

  /**
   * Names and values for the patterns of CONFIG GET. A plain name is answered as it was written, and finds hidden
   * directives, too; nothing is answered twice.
   */
  get(patterns: readonly string[]): [name: string, value: string][] {
    const found = new Map<string, [name: string, value: string]>();
    const add = (shownAs: string, { name }: NamedDirective) => {
      const key = shownAs.toLowerCase();
      if (!found.has(key)) found.set(key, [shownAs, this.#settings.get(name)!.text]);
    };
    for (const pattern of patterns) {
      if (/[[*?]/.test(pattern)) {
        for (const named of this.#matching(pattern)) add(named.shownAs, named);
      } else {
        const named = this.lookUp(pattern);
        if (named) add(pattern, named);
      }
    }
    return [...found.values()];
  }

  /** CONFIG SET: all of these or none. @throws {ReplyError} */
  set(pairs: readonly (readonly [name: string, value: string])[], options: SetOptions = {}): void {
    const changes = this.#readChanges(pairs, this.#checkNames(pairs, options));
    for (const { named, after } of changes) this.#store(named.name, after);

    const called: ConfigListener[] = [];
    const changed = changes.map(({ named }) => named.name);
    for (const { named } of changes) {
      for (const { names, listener } of this.#listeners) {
        if (!names.has(named.name) || called.includes(listener)) continue;
        called.push(listener);
        try {
          listener(this.values, changed);
        } catch (error) {
          this.#restore(changes, called);
          if (error instanceof Refusal) throw setFailed(named.shownAs, error.message);
          throw error;
        }
      }
    }
  }

  /**
   * CONFIG REWRITE: replaces the configuration file by one that says what is set now, and answers its text; with
   * `all` it names every directive, also those that are at their defaults.
   * @throws {ReplyError}
   */
  rewrite({ all = false } = {}): string {
    const { file } = this;
    if (file === undefined) throw noConfigFile();
    const text = rewriteConfigText(this.#fileText(file), {
      directives: [
        ...[...this.#settings].map(([name, setting]) => {
          const directive: Directive<unknown> = directives[name];
          const lines = directive.fileLines(setting);
          return { name, lines: all ? lines.map(({ text }) => ({ text, needed: true })) : lines };
        }),
        { name: "user", lines: this.#userLines().map((text) => ({ text, needed: true })) },
      ],
      nameOf: (name) => this.lookUp(name)?.name ?? (OTHER_NAMES.has(name) ? name : undefined),
    });
    try {
      this.host.replaceFile(file, text);
    } catch (error) {
      throw rewriteFailed(failureReason(error));
    }
    return text;
  }

  /** Finds the directives of a CONFIG SET; refuses those that may not be set. */
  #checkNames(
    pairs: readonly (readonly [name: string, value: string])[],
    options: SetOptions,
  ): NamedDirective[] {
    const found: NamedDirective[] = [];
    for (const [name] of pairs) {
      const named = this.lookUp(name);
      if (!named) throw unknownOption(name);
      const { directive } = named;
      if (directive.immutable) throw setFailed(name, "can't set immutable config");
      if (directive.protected && !this.#allowsProtected(options)) {
        throw setFailed(name, "can't set protected config");
      }
      if (directive.denyLoading && options.loading) throw loading();
      // A directive and its alias may both be given, as in Redis; the later one wins.
      if (found.includes(named)) throw setFailed(name, "duplicate parameter");
      found.push(named);
    }
    return found;
  }

  #allowsProtected({ local = false }: SetOptions): boolean {
    const allowed = this.values.enableProtectedConfigs;
    return allowed === "yes" || (allowed === "local" && local);
  }

  /** Reads all values before any of them is stored; answers those that differ. */
  #readChanges(
    pairs: readonly (readonly [name: string, value: string])[],
    found: readonly NamedDirective[],
  ): Change[] {
    const changes: Change[] = [];
    found.forEach((named, i) => {
      const { name, directive, shownAs } = named;
      const earlier = changes.findLast((change) => change.named.name === name);
      const before = earlier?.after ?? this.#settings.get(name)!;
      try {
        const words = wordsOf(directive, pairs[i][1]);
        const after = this.#read(directive, words, { current: before, repeated: false });
        if (after.text === before.text && !directive.renewable) return;
        changes.push({ named, before, after });
      } catch (error) {
        if (error instanceof Refusal) throw setFailed(shownAs, error.message);
        throw error;
      }
    });
    return changes;
  }

  #restore(changes: readonly Change[], called: readonly ConfigListener[]): void {
    for (const { named, before } of changes.toReversed()) this.#store(named.name, before);
    const changed = changes.map(({ named }) => named.name);
    for (const listener of called) {
      try {
        listener(this.values, changed);
      } catch (error) {
        // The client hears why its change failed; that the way back failed, too, is for the operator.
        const reason = error instanceof Error ? error.message : String(error);
        this.host.warn(
          `Cannot go back to the configuration before a failed CONFIG SET: ${reason}`,
        );
      }
    }
  }

  #read<T>(
    directive: Directive<T>,
    words: readonly string[],
    { current, repeated }: { current: Setting<T>; repeated: boolean },
  ): Setting<T> {
    const realDirectory = (path: string) => this.#realDirectory(path);
    return directive.read(words, { current, repeated, realDirectory });
  }

  #store(name: DirectiveName, setting: Setting<unknown>): void {
    this.#settings.set(name, setting);
    (this.values as Record<string, unknown>)[propertyName(name)] = setting.value;
  }

  #realDirectory(path: string): string {
    try {
      return this.host.realDirectory(absolutePath(this.values.dir, path));
    } catch (error) {
      throw new Refusal(failureReason(error));
    }
  }

  /** The directives whose names match, without hidden ones. */
  *#matching(pattern: string): Generator<NamedDirective> {
    const encoder = new TextEncoder();
    const bytes = encoder.encode(pattern);
    for (const named of this.#names.values()) {
      if (named.directive.hidden || named.shownAs === named.directive.laterName) continue;
      if (globMatch(bytes, encoder.encode(named.shownAs), true)) yield named;
    }
  }

  /** What the configuration file holds; nothing if it was removed. */
  #fileText(file: string): string {
    try {
      return this.host.readFile(file);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "";
      throw rewriteFailed(failureReason(error));
    }
  }
}

/** The words of a value that came as one text: CONFIG SET separates them by single spaces. */
function wordsOf(directive: Directive<unknown>, value: string): string[] {
  if (!directive.severalWords) return [value];
  return value === "" ? [] : value.split(" ");
}
