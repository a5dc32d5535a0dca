/**
 * Users as files tell of them: lines of an ACL file, or the `user` lines of a configuration file.
 *
 *     user alice on #2bd8… ~app:* &* -@all +@read (%W~log:* +append)
 *
 * Pure: text in, users out, or what is wrong with it. All of a file is read before any of it counts.
 *
 * @module
 */

import { badLine } from "../config/errors.ts";
import type { ConfigLine } from "../config/parser.ts";
import { decodeLatin1, encodeLatin1 } from "../resp/args.ts";
import { BadRule, hasBlanks } from "./selector.ts";
import { type SelectorOptions, User } from "./user.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What an ACL file says. */
export interface UsersFile {
  /** By name. */
  readonly users: ReadonlyMap<string, User>;
  /** All that is wrong with it, as one line in Redis's words; empty when nothing is. */
  readonly errors: string;
}

/** Reads an ACL file: `text` is that of its bytes, `file` what messages call it. */
export function readUsersFile(
  text: string,
  { file, options }: { file: string; options: SelectorOptions },
): UsersFile {
  const users = new Map<string, User>();
  let errors = "";
  for (const [i, raw] of text.split("\n").entries()) {
    const line = raw.replace(/^[ \t\r]+|[ \t\r]+$/g, "");
    if (line === "") continue;
    const at = `${file}:${i + 1}`;
    const [word, name, ...rules] = line.split(" ");
    if (word !== "user" || name === undefined) {
      errors += `${at} should start with user keyword followed by the username. `;
    } else if (hasBlanks(name)) {
      errors += `'${at}: username '${name}' contains invalid characters. `;
    } else if (users.has(name)) {
      errors += `WARNING: Duplicate user '${name}' found on line ${i + 1}. `;
    } else {
      const user = new User(name, options);
      users.set(name, user);
      errors += takeUp(user, rules, at);
    }
  }
  return { users, errors };
}

/** Takes up the rules of a line, and answers what is wrong with them. */
function takeUp(user: User, words: readonly string[], at: string): string {
  const { rules, unclosed } = joinSelectors(words);
  if (unclosed !== undefined) return `${at}: Unmatched parenthesis in selector definition. `;
  let errors = "";
  let hasSyntaxError = false;
  for (const word of rules) {
    const rule = word.replace(/^[\t\r]+|[\t\r]+$/g, "");
    const error = tryRule(user, rule);
    if (error?.isUnknownName) {
      // Names of commands may be shown; other rules may be passwords.
      errors += `${at}: Error in applying operation '${rule}': ${error.message}. `;
    } else if (error !== undefined && !hasSyntaxError) {
      errors += `${at}: ${error.message}. `;
      hasSyntaxError = true;
    }
  }
  return errors;
}

/** Reads the `user` lines of a configuration. @throws {ConfigFileError} */
export function readConfiguredUsers(
  lines: readonly ConfigLine[],
  options: SelectorOptions,
): User[] {
  const users = new Map<string, User>();
  for (const { origin, text, words } of lines) {
    const [name, ...rest] = words.map(binary);
    const refuse = (word: string, reason: string) =>
      badLine(origin, text, `Error in user declaration '${utf8(untilZero(word))}': ${reason}`);
    if (hasBlanks(name)) throw refuse(name, "Spaces not allowed in ACL usernames");
    if (users.has(name)) {
      throw refuse(name, "Duplicate user found. A user can only be defined once in config files");
    }
    const user = new User(name, options);
    users.set(name, user);
    const { rules, unclosed } = joinSelectors(rest);
    if (unclosed !== undefined) throw refuse(unclosed, "Unmatched parenthesis");
    for (const rule of rules) {
      const error = tryRule(user, rule);
      if (error !== undefined) throw refuse(rule, error.message);
    }
  }
  return [...users.values()];
}

/** Takes up a rule; answers what is wrong with it. */
export function tryRule(user: User, rule: string): BadRule | undefined {
  try {
    user.set(rule);
  } catch (error) {
    if (error instanceof BadRule) return error;
    throw error;
  }
}

/** Rules with the words between parentheses joined to one rule; `unclosed` is the word whose parenthesis has no end. */
export function joinSelectors(
  words: readonly string[],
): { rules: readonly string[]; unclosed?: string } {
  const rules: string[] = [];
  let selector: string | undefined;
  let opening = "";
  for (const word of words) {
    if (selector !== undefined) selector += ` ${word}`;
    else if (word.startsWith("(") && !word.endsWith(")")) selector = opening = word;
    else rules.push(word);
    if (selector !== undefined && word.endsWith(")")) {
      rules.push(selector);
      selector = undefined;
    }
  }
  return selector === undefined ? { rules } : { rules, unclosed: opening };
}

/** The formats of Redis's messages end an argument at a NUL byte. */
export function untilZero(text: string): string {
  return text.split("\0", 1)[0];
}

/** Text as UTF-8 of one-byte characters … */
export function binary(text: string): string {
  return decodeLatin1(encoder.encode(text));
}

/** … and the opposite. */
export function utf8(text: string): string {
  return decoder.decode(encodeLatin1(text));
}
