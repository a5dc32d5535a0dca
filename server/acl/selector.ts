/**
 * A selector: a set of rules that says which commands, keys and channels are allowed together.
 *
 * Every user has one, the root, and may have more; a command is allowed when one selector allows all of it. Rules are
 * compiled as they are set: commands to a bitmap over the registry's ids, patterns to prefixes and literals where
 * they are no more than that. The rules about commands are kept as words, too, since nothing else tells how to say
 * them again: a later rule about the same command or category takes an earlier one's place.
 *
 * Rules, names and patterns are text of one-byte characters.
 *
 * @module
 */

import type { ChannelUse } from "../../commands/command.ts";
import type { DenialReason } from "../../commands/context.ts";
import { Flag, type RegisteredCommand } from "../../commands/registry.ts";
import { globMatchAt } from "../../storage/glob.ts";
import { type Args, encodeLatin1 } from "../resp/args.ts";
import {
  type CheckedRequest,
  type CommandCatalogue,
  KeyAccess,
  type NeededKey,
} from "./command_catalogue.ts";

/** Why a rule cannot be, in Redis's words. */
export class BadRule extends Error {
  override readonly name = "BadRule";
  /** Whether it names a command or category that there is none of. */
  readonly isUnknownName: boolean;

  constructor(reason: string, { isUnknownName = false } = {}) {
    super(reason);
    this.isUnknownName = isUnknownName;
  }
}

/** The rule means nothing, or its pattern holds blanks. */
export function badSyntax(): BadRule {
  return new BadRule("Syntax error");
}

function unknownName(): BadRule {
  return new BadRule("Unknown command or category name in ACL", { isUnknownName: true });
}

/** Patterns beside the one that allows everything would mean nothing. */
function patternAfterAll(what: "key" | "channel"): BadRule {
  const [flag, reset, list] = what === "key"
    ? ["allkeys", "resetkeys", "patterns"]
    : ["allchannels", "resetchannels", "channels"];
  return new BadRule(
    `Adding a pattern after the * pattern (or the '${flag}' flag) is not valid and does not have ` +
      `any effect. Try '${reset}' to start with an empty list of ${list}`,
  );
}

const ALL_ACCESS = KeyAccess.read | KeyAccess.write;

/** What a command must not do, and the argument that shows it: 0 for the command itself. */
export interface Denial {
  readonly reason: DenialReason;
  readonly index: number;
}

/** Which of two denials is told: that of a key rather than that of the command, of a channel rather than of a key. */
export const RELEVANCE: Readonly<Record<DenialReason, number>> = { command: 0, key: 1, channel: 2 };

// --- patterns -----------------------------------------------------------------------------------------------------

/** A glob-style pattern; a prefix with a star, or a literal, is compared byte by byte. */
class Pattern {
  readonly text: string;
  readonly #bytes: Uint8Array;
  readonly #kind: "glob" | "prefix" | "literal";

  constructor(text: string) {
    this.text = text;
    const prefix = /^([^*?[\]\\]+)\*$/.exec(text);
    if (prefix) this.#kind = "prefix";
    else this.#kind = text !== "" && !/[*?[\\]/.test(text) ? "literal" : "glob";
    this.#bytes = encodeLatin1(prefix ? prefix[1] : text);
  }

  matches(args: Args, i: number): boolean {
    const { buf } = args;
    const off = args.off[i];
    const len = args.len[i];
    const bytes = this.#bytes;
    if (this.#kind === "glob") return globMatchAt(bytes, buf, { off, len });
    if (len < bytes.length || (len > bytes.length && this.#kind === "literal")) return false;
    for (let k = 0; k < bytes.length; k++) if (buf[off + k] !== bytes[k]) return false;
    return true;
  }
}

interface KeyPattern {
  readonly pattern: Pattern;
  access: number;
}

const ACCESS_SIGNS: Readonly<Record<number, string>> = {
  [ALL_ACCESS]: "~",
  [KeyAccess.read]: "%R~",
  [KeyAccess.write]: "%W~",
};

/** Whether a name or pattern holds what separates rules in a file, or a NUL. */
export function hasBlanks(text: string): boolean {
  // deno-lint-ignore no-control-regex -- NUL and blanks are what is looked for
  return /[\x00\t-\r ]/.test(text);
}

// --- the selector -------------------------------------------------------------------------------------------------

/** One set of rules. */
export class Selector {
  readonly #catalogue: CommandCatalogue;
  #allKeys = false;
  #allChannels: boolean;
  #allCommands = false;
  /** Whether the last rule about all commands allowed them: then those of later versions are, too. */
  #allowsFuture = false;
  #commands: Uint32Array;
  /** First arguments that are allowed of commands that are not, in lower case, by the command's id. */
  #firstArgs = new Map<number, string[]>();
  #rules: string[] = [];
  #keys: KeyPattern[] = [];
  #channels: Pattern[] = [];

  /** Allows no command and no key. */
  constructor(catalogue: CommandCatalogue, { allChannels }: { allChannels: boolean }) {
    this.#catalogue = catalogue;
    this.#allChannels = allChannels;
    this.#commands = new Uint32Array((catalogue.size + 31) >> 5);
  }

  copy(): Selector {
    const copy = new Selector(this.#catalogue, { allChannels: this.#allChannels });
    copy.#allKeys = this.#allKeys;
    copy.#allCommands = this.#allCommands;
    copy.#allowsFuture = this.#allowsFuture;
    copy.#commands = this.#commands.slice();
    copy.#firstArgs = new Map([...this.#firstArgs].map(([id, words]) => [id, [...words]]));
    copy.#rules = [...this.#rules];
    copy.#keys = this.#keys.map((each) => ({ ...each }));
    copy.#channels = [...this.#channels];
    return copy;
  }

  /** Whether nothing is refused. */
  get allowsEverything(): boolean {
    return this.#allCommands && this.#allKeys && this.#allChannels;
  }

  get allowsAllChannels(): boolean {
    return this.#allChannels;
  }

  // --- rules ------------------------------------------------------------------------------------------------------

  /** Takes up one rule. @throws {BadRule} */
  set(rule: string): void {
    switch (rule.toLowerCase()) {
      case "allkeys":
      case "~*":
        this.#allKeys = true;
        this.#keys = [];
        return;
      case "resetkeys":
        this.#allKeys = false;
        this.#keys = [];
        return;
      case "allchannels":
      case "&*":
        this.#allChannels = true;
        this.#channels = [];
        return;
      case "resetchannels":
        this.#allChannels = false;
        this.#channels = [];
        return;
      case "allcommands":
      case "+@all":
        return this.#setAllCommands(true);
      case "nocommands":
      case "-@all":
        return this.#setAllCommands(false);
    }
    switch (rule[0]) {
      case "~":
      case "%":
        return this.#addKeys(rule);
      case "&":
        return this.#addChannels(rule.slice(1));
      case "+":
      case "-":
        if (rule[1] === "@") return this.#setCategory(rule);
        return rule[0] === "+" ? this.#allow(rule.slice(1)) : this.#disallow(rule.slice(1));
    }
    throw badSyntax();
  }

  #setAllCommands(allow: boolean): void {
    this.#commands.fill(allow ? 0xffffffff : 0);
    this.#allCommands = this.#allowsFuture = allow;
    this.#rules = [];
    this.#firstArgs.clear();
  }

  #addKeys(rule: string): void {
    if (this.#allKeys) throw patternAfterAll("key");
    // A pattern may be missing after its signs, as in Redis: then it is the empty one.
    const [, signs, text] = /^(~|%(?:r|w|rw|wr)(?:~|$))(.*)$/is.exec(rule) ?? [];
    if (text === undefined || hasBlanks(text)) throw badSyntax();
    const access = signs === "~"
      ? ALL_ACCESS
      : (/r/i.test(signs) ? KeyAccess.read : 0) | (/w/i.test(signs) ? KeyAccess.write : 0);
    const known = this.#keys.find(({ pattern }) => pattern.text === text);
    if (known === undefined) this.#keys.push({ pattern: new Pattern(text), access });
    else known.access |= access;
  }

  #addChannels(text: string): void {
    if (this.#allChannels) throw patternAfterAll("channel");
    if (hasBlanks(text)) throw badSyntax();
    if (this.#channels.every((each) => each.text !== text)) this.#channels.push(new Pattern(text));
  }

  #setCategory(rule: string): void {
    const category = rule.slice(2).toLowerCase();
    const commands = this.#catalogue.inCategory(category);
    if (commands === undefined) throw unknownName();
    const allow = rule[0] === "+";
    this.#noteRule(`@${category}`, allow);
    for (const command of commands) this.#setCommand(command, allow);
  }

  #allow(name: string): void {
    const bar = name.lastIndexOf("|");
    const command = this.#catalogue.find(bar < 0 ? name : name.slice(0, bar));
    if (command === undefined) throw unknownName();
    if (bar < 0) {
      this.#setCommand(command, true);
      this.#noteRule(command.originalName, true);
      return;
    }
    if (command.parent !== undefined) {
      throw new BadRule("Allowing first-arg of a subcommand is not supported");
    }
    const word = name.slice(bar + 1).toLowerCase();
    if (word === "") throw badSyntax();
    if (command.subcommands !== undefined) {
      const sub = this.#catalogue.find(name);
      if (sub === undefined) throw unknownName();
      this.#setCommand(sub, true);
    } else {
      const words = this.#firstArgs.get(command.id) ?? [];
      if (!words.includes(word)) words.push(word);
      this.#firstArgs.set(command.id, words);
    }
    this.#noteRule(name, true);
  }

  #disallow(name: string): void {
    const command = this.#catalogue.find(name);
    if (command === undefined) throw unknownName();
    this.#setCommand(command, false);
    this.#noteRule(command.originalName, false);
  }

  /** Allows or forbids a command and its subcommands. */
  #setCommand(command: RegisteredCommand, allow: boolean): void {
    this.#firstArgs.delete(command.id);
    this.#setBit(command.id, allow);
    for (const { id } of command.subcommands?.values() ?? []) this.#setBit(id, allow);
  }

  #setBit(id: number, allow: boolean): void {
    const bit = 1 << (id & 31);
    if (allow) {
      this.#commands[id >> 5] |= bit;
    } else {
      this.#commands[id >> 5] &= ~bit;
      this.#allCommands = false;
    }
  }

  /** Keeps a rule about commands, in the place of those that it makes void. */
  #noteRule(name: string, allow: boolean): void {
    const lower = name.toLowerCase();
    this.#rules = this.#rules.filter((each) =>
      each.slice(1) !== lower && !each.startsWith(`${lower}|`, 1)
    );
    this.#rules.push((allow ? "+" : "-") + lower);
  }

  // --- descriptions -----------------------------------------------------------------------------------------------

  /** The rules about commands, as they could be given. */
  get commandRules(): string {
    return [this.#allowsFuture ? "+@all" : "-@all", ...this.#rules].join(" ");
  }

  /** The key patterns as rules. */
  get keyRules(): string {
    if (this.#allKeys) return "~*";
    return this.#keys.map(({ pattern, access }) => ACCESS_SIGNS[access] + pattern.text).join(" ");
  }

  /** The channel patterns as rules. */
  get channelRules(): string {
    if (this.#allChannels) return "&*";
    return this.#channels.map(({ text }) => `&${text}`).join(" ");
  }

  /** The channel patterns. */
  get channelPatterns(): readonly string[] {
    return this.#channels.map(({ text }) => text);
  }

  /** All rules as they stand in a file. */
  describe(): string {
    const parts = [this.keyRules, this.channelRules, this.commandRules];
    if (!this.#allChannels) parts.splice(1, 0, "resetchannels");
    return parts.filter((part) => part !== "").join(" ");
  }

  // --- checks -----------------------------------------------------------------------------------------------------

  /** What of a request is not allowed; undefined when all of it is. */
  check(request: CheckedRequest): Denial | undefined {
    const { args, command, use } = request;
    if (!this.#allCommands && !this.#allowsCommand(command, args)) {
      return { reason: "command", index: 0 };
    }
    if (!this.#allKeys && use.hasKeys) {
      const index = this.#deniedKey(request);
      if (index > 0) return { reason: "key", index };
    }
    if (!this.#allChannels && use.channels !== undefined) {
      const index = this.#deniedChannel(args, use.channels);
      if (index > 0) return { reason: "channel", index };
    }
    return undefined;
  }

  #allowsCommand({ id, mask, parent }: RegisteredCommand, args: Args): boolean {
    if ((mask & Flag.no_auth) !== 0 || (this.#commands[id >> 5] >>> (id & 31) & 1) === 1) {
      return true;
    }
    const words = this.#firstArgs.get(id);
    const at = parent === undefined ? 1 : 2;
    return words !== undefined && at < args.count && words.includes(args.lower(at));
  }

  /** The argument that is the first key which is not allowed; 0 when all are. */
  #deniedKey(request: CheckedRequest): number {
    const { args, use: { onlyKey } } = request;
    if (onlyKey !== undefined) return this.#allowsKey(args, onlyKey) ? 0 : onlyKey.index;
    return request.keys.find((key) => !this.#allowsKey(args, key))?.index ?? 0;
  }

  #allowsKey(args: Args, { access, index }: NeededKey): boolean {
    for (const each of this.#keys) {
      if ((each.access & access) === access && each.pattern.matches(args, index)) return true;
    }
    return false;
  }

  #deniedChannel(args: Args, { first, last, arePatterns }: ChannelUse): number {
    const end = Math.min(last < 0 ? args.count + last : last, args.count - 1);
    for (let i = first; i <= end; i++) {
      if (!allowsChannel(this.#channels, args, i, arePatterns === true)) return i;
    }
    return 0;
  }

  /** Whether all keys there are may be used so; asked besides {@link check}. `access` is a {@link KeyAccess}. */
  allowsAnyKey(access: number): boolean {
    return this.#allKeys ||
      this.#keys.some((each) => (each.access & access) === access && each.pattern.text === "*");
  }

  /** Whether a client may stay subscribed: to a channel that some pattern here matches, or to such a pattern. */
  allowsSubscription(name: Args, isPattern: boolean): boolean {
    return this.#allChannels || allowsChannel(this.#channels, name, 0, isPattern);
  }
}

/** A pattern that is subscribed to must be allowed literally: what it would match cannot be known. */
function allowsChannel(
  patterns: readonly Pattern[],
  args: Args,
  i: number,
  isPattern: boolean,
): boolean {
  if (!isPattern) return patterns.some((pattern) => pattern.matches(args, i));
  const name = args.binary(i);
  return patterns.some(({ text }) => text === name);
}
