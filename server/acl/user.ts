/**
 * A user: whether and with which passwords one can be it, and what it may do.
 *
 * Passwords are kept and compared as SHA-256 in hexadecimal digits. A user object stays the same while there is a user
 * of that name, because sessions refer to it; changes are made to a copy first ({@link User.copy}), and taken over when
 * all of them are good.
 *
 * Rules, names and passwords are text of one-byte characters.
 *
 * @module
 */

import type { AclUser } from "../../commands/context.ts";
import { encodeLatin1 } from "../resp/args.ts";
import { splitWords } from "../resp/split_words.ts";
import type { CheckedRequest, CommandCatalogue } from "./command_catalogue.ts";
import { BadRule, badSyntax, type Denial, RELEVANCE, Selector } from "./selector.ts";

const HASH_DIGITS = /^[0-9a-f]{64}$/;

/** What new selectors need. */
export interface SelectorOptions {
  readonly catalogue: CommandCatalogue;
  /** Whether all channels are allowed to begin with (`acl-pubsub-default`). */
  readonly allChannels: () => boolean;
}

/** One user. */
export class User implements AclUser {
  readonly name: string;
  readonly #options: SelectorOptions;
  #isOn = false;
  #needsNoPassword = false;
  #skipsSanitizing = false;
  #passwords: string[] = [];
  /** The root is the first one. */
  #selectors: Selector[];
  #description: string | undefined;

  /** A user that may do nothing, and that nobody can be. */
  constructor(name: string, options: SelectorOptions) {
    this.name = name;
    this.#options = options;
    this.#selectors = [this.#newSelector()];
  }

  #newSelector(): Selector {
    const { allChannels, catalogue } = this.#options;
    return new Selector(catalogue, { allChannels: allChannels() });
  }

  /** A user with the same rules. */
  copy(name = this.name): User {
    const copy = new User(name, this.#options);
    copy.takeOver(this);
    return copy;
  }

  /** Has the rules of the other one from now on. */
  takeOver(other: User): void {
    this.#isOn = other.#isOn;
    this.#needsNoPassword = other.#needsNoPassword;
    this.#skipsSanitizing = other.#skipsSanitizing;
    this.#passwords = [...other.#passwords];
    this.#selectors = other.#selectors.map((selector) => selector.copy());
    this.#description = undefined;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** Whether every password will do. */
  get needsNoPassword(): boolean {
    return this.#needsNoPassword;
  }

  /** Whether nothing is refused: then nothing need be checked. */
  get isUnrestricted(): boolean {
    return this.#selectors.some((selector) => selector.allowsEverything);
  }

  // --- rules ------------------------------------------------------------------------------------------------------

  /** Takes up one rule. @throws {BadRule} */
  set(rule: string): void {
    if (rule === "") return;
    this.#description = undefined;
    switch (rule.toLowerCase()) {
      case "on":
      case "off":
        this.#isOn = rule.length === 2;
        return;
      case "skip-sanitize-payload":
      case "sanitize-payload":
        this.#skipsSanitizing = /^skip/i.test(rule);
        return;
      case "nopass":
      case "resetpass":
        this.#needsNoPassword = /^no/i.test(rule);
        this.#passwords = [];
        return;
      case "clearselectors":
        this.#selectors.length = 1;
        return;
      case "reset":
        return this.#reset();
    }
    switch (rule[0]) {
      case ">":
      case "#":
        return this.#addPassword(hashOf(rule));
      case "<":
      case "!":
        return this.#removePassword(hashOf(rule));
    }
    if (rule.startsWith("(") && rule.endsWith(")")) this.#addSelector(rule.slice(1, -1));
    else this.#selectors[0].set(rule);
  }

  #reset(): void {
    this.#isOn = this.#needsNoPassword = this.#skipsSanitizing = false;
    this.#passwords = [];
    this.#selectors = [this.#newSelector()];
  }

  #addPassword(hash: string): void {
    if (!this.#passwords.includes(hash)) this.#passwords.push(hash);
    this.#needsNoPassword = false;
  }

  #removePassword(hash: string): void {
    const at = this.#passwords.indexOf(hash);
    if (at < 0) {
      throw new BadRule("The password you are trying to remove from the user does not exist");
    }
    this.#passwords.splice(at, 1);
  }

  #addSelector(rules: string): void {
    const selector = this.#newSelector();
    // As in Redis, rules whose quotes are unbalanced are none.
    for (const rule of splitWords(rules) ?? []) {
      if (rule === "") throw badSyntax();
      selector.set(rule);
    }
    this.#selectors.push(selector);
  }

  // --- descriptions -----------------------------------------------------------------------------------------------

  get flags(): readonly string[] {
    const flags = [this.#isOn ? "on" : "off"];
    if (this.#needsNoPassword) flags.push("nopass");
    flags.push(this.#skipsSanitizing ? "skip-sanitize-payload" : "sanitize-payload");
    return flags;
  }

  get passwords(): readonly string[] {
    return this.#passwords;
  }

  get selectors(): readonly Selector[] {
    return this.#selectors;
  }

  /** All rules as they stand in a file. */
  describe(): string {
    return this.#description ??= [
      ...this.flags,
      ...this.#passwords.map((hash) => `#${hash}`),
      this.#selectors[0].describe(),
      ...this.#selectors.slice(1).map((selector) => `(${selector.describe()})`),
    ].join(" ");
  }

  // --- checks -----------------------------------------------------------------------------------------------------

  /** Whether one can be this user with this password. */
  accepts(password: string): boolean {
    if (!this.#isOn) return false;
    if (this.#needsNoPassword) return true;
    const given = encodeLatin1(sha256(password));
    const { timingSafeEqual } = nodeCrypto();
    let fits = false;
    for (const hash of this.#passwords) {
      if (timingSafeEqual(encodeLatin1(hash), given)) fits = true;
    }
    return fits;
  }

  /** What of a request no selector allows; undefined when one allows all of it. */
  check(request: CheckedRequest): Denial | undefined {
    let relevant: Denial = { reason: "command", index: 0 };
    for (const selector of this.#selectors) {
      const denial = selector.check(request);
      if (denial === undefined) return undefined;
      const more = RELEVANCE[denial.reason] - RELEVANCE[relevant.reason];
      if (more > 0 || (more === 0 && denial.index > relevant.index)) relevant = denial;
    }
    return relevant;
  }

  /** Whether one selector allows a request and this access to all keys there are. */
  allowsWithAnyKey(request: CheckedRequest, access: number): boolean {
    return this.#selectors.some((selector) =>
      selector.check(request) === undefined && selector.allowsAnyKey(access)
    );
  }
}

/** The hash that a rule about a password means: it gives the password, or the hash itself. @throws {BadRule} */
function hashOf(rule: string): string {
  const value = rule.slice(1);
  if (rule[0] === ">" || rule[0] === "<") return sha256(value);
  if (!HASH_DIGITS.test(value)) {
    throw new BadRule(
      "The password hash must be exactly 64 characters and contain only lowercase hexadecimal " +
        "characters",
    );
  }
  return value;
}

function sha256(text: string): string {
  return nodeCrypto().createHash("sha256").update(encodeLatin1(text)).digest("hex");
}

/**
 * Node's cryptography. It takes 27 ms to load (measured), as much as any package would on every start: so it is loaded
 * when there is a password for the first time, which a static import cannot do.
 */
function nodeCrypto(): typeof import("node:crypto") {
  // deno-lint-ignore no-process-global
  return process.getBuiltinModule("node:crypto");
}
