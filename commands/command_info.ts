/**
 * What COMMAND INFO tells of a command: ten facts, derived from its spec.
 *
 * @module
 */

import type { Reply } from "../server/resp/reply.ts";
import type { KeySpec } from "./command.ts";
import { aclCategories, keyFlags, keyRange, shownFlags } from "./facts.ts";
import type { RegisteredCommand } from "./registry.ts";

/** Answers with the facts of a command and its subcommands; with null when there is none. */
export function replyWithInfo(reply: Reply, command: RegisteredCommand | undefined): void {
  if (command === undefined) {
    reply.null();
    return;
  }
  const { spec } = command;
  const { first, last, step } = keyRange(spec);
  reply.array(10);
  reply.bulk(command.fullName);
  reply.int(spec.arity);
  replyWithWords(reply, shownFlags(spec));
  reply.int(first);
  reply.int(last);
  reply.int(step);
  replyWithWords(reply, aclCategories(spec).map((category) => `@${category}`));
  const tips = spec.tips ?? [];
  reply.set(tips.length);
  for (const tip of tips) reply.bulk(tip);
  const keys = spec.keys ?? [];
  reply.set(keys.length);
  for (const key of keys) replyWithKeySpec(reply, key);
  if (command.subcommands === undefined) {
    reply.set(0);
    return;
  }
  reply.array(command.subcommands.size);
  for (const sub of command.subcommands.values()) replyWithInfo(reply, sub);
}

/** Answers with a set of words as status lines. */
export function replyWithWords(reply: Reply, words: readonly string[]): void {
  reply.set(words.length);
  for (const word of words) reply.simple(word);
}

function replyWithKeySpec(reply: Reply, key: KeySpec): void {
  reply.map(key.note === undefined ? 3 : 4);
  if (key.note !== undefined) {
    reply.bulk("notes");
    reply.bulk(key.note);
  }
  reply.bulk("flags");
  replyWithWords(reply, keyFlags(key));
  reply.bulk("begin_search");
  replyWithSearch(reply, beginSearch(key));
  reply.bulk("find_keys");
  replyWithSearch(reply, findKeys(key));
}

/** One half of a key spec: its type and what belongs to it. */
type Search = readonly [type: string, details: readonly (readonly [string, string | number])[]];

function beginSearch(key: KeySpec): Search {
  if (key.unknown) return ["unknown", []];
  if (key.keyword === undefined) return ["index", [["index", key.at ?? 0]]];
  return ["keyword", [["keyword", key.keyword], ["startfrom", key.from ?? 1]]];
}

function findKeys(key: KeySpec): Search {
  if (key.unknown) return ["unknown", []];
  const step = key.step ?? 1;
  if (key.countAt !== undefined) {
    return ["keynum", [
      ["keynumidx", key.countAt],
      ["firstkey", key.firstAt ?? 0],
      ["keystep", step],
    ]];
  }
  return ["range", [["lastkey", key.last ?? 0], ["keystep", step], ["limit", key.limit ?? 0]]];
}

function replyWithSearch(reply: Reply, [type, details]: Search): void {
  reply.map(2);
  reply.bulk("type");
  reply.bulk(type);
  reply.bulk("spec");
  reply.map(details.length);
  for (const [name, value] of details) {
    reply.bulk(name);
    if (typeof value === "number") reply.int(value);
    else reply.bulk(value);
  }
}
