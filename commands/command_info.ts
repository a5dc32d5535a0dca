/**
 * What COMMAND INFO and COMMAND DOCS tell of a command: ten facts; and its documentation as a map, with the grammar of its
 * arguments. Both are derived from its spec; facts that a command does not have are left out of the map.
 *
 * @module
 */

import type { Reply } from "../server/resp/reply.ts";
import type { ArgSpec, CommandSpec, KeySpec } from "./command.ts";
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

/** A name in a map, and what answers with its value. */
type Field = readonly [name: string, reply: () => void];

/** Answers with the documentation of a command and its subcommands. */
export function replyWithDocs(reply: Reply, command: RegisteredCommand): void {
  const { spec, subcommands } = command;
  const { docFlags = [], history = [], args = [] } = spec;
  const fields: Field[] = [
    ...text(reply, "summary", spec.summary),
    ...text(reply, "since", spec.since),
    ...text(reply, "group", groupName(spec)),
    ...text(reply, "complexity", spec.complexity),
  ];
  if (docFlags.length > 0) fields.push(["doc_flags", () => replyWithWords(reply, docFlags)]);
  fields.push(
    ...text(reply, "deprecated_since", spec.deprecatedSince),
    ...text(reply, "replaced_by", spec.replacedBy),
  );
  if (history.length > 0) fields.push(["history", () => replyWithHistory(reply, history)]);
  if (args.length > 0) fields.push(["arguments", () => replyWithArguments(reply, args)]);
  if (subcommands !== undefined) {
    fields.push(["subcommands", () => {
      reply.map(subcommands.size);
      for (const sub of subcommands.values()) {
        reply.bulk(sub.fullName);
        replyWithDocs(reply, sub);
      }
    }]);
  }
  replyWithFields(reply, fields);
}

/** COMMAND DOCS spells groups with a dash. */
function groupName({ group }: CommandSpec): string {
  return group.replace("_", "-");
}

function text(reply: Reply, name: string, value: string | undefined): Field[] {
  return value === undefined ? [] : [[name, () => reply.bulk(value)]];
}

function replyWithFields(reply: Reply, fields: readonly Field[]): void {
  reply.map(fields.length);
  for (const [name, replyWithValue] of fields) {
    reply.bulk(name);
    replyWithValue();
  }
}

function replyWithHistory(
  reply: Reply,
  history: readonly (readonly [since: string, change: string])[],
): void {
  reply.set(history.length);
  for (const [since, change] of history) {
    reply.array(2);
    reply.bulk(since);
    reply.bulk(change);
  }
}

function replyWithArguments(reply: Reply, args: readonly ArgSpec[]): void {
  reply.array(args.length);
  for (const spec of args) replyWithFields(reply, argumentFields(reply, spec));
}

function argumentFields(reply: Reply, spec: ArgSpec): Field[] {
  const { keySpecIndex, args } = spec;
  const isComposite = spec.type === "oneof" || spec.type === "block";
  const fields: Field[] = [...text(reply, "name", spec.name), ...text(reply, "type", spec.type)];
  if (!isComposite) fields.push(...text(reply, "display_text", spec.displayText ?? spec.name));
  if (keySpecIndex !== undefined) {
    fields.push(["key_spec_index", () => reply.int(keySpecIndex)]);
  }
  fields.push(
    ...text(reply, "token", spec.token),
    ...text(reply, "summary", spec.summary),
    ...text(reply, "since", spec.since),
    ...text(reply, "deprecated_since", spec.deprecatedSince),
  );
  const flags: string[] = [];
  if (spec.optional) flags.push("optional");
  if (spec.multiple) flags.push("multiple");
  if (spec.multipleToken) flags.push("multiple_token");
  if (flags.length > 0) fields.push(["flags", () => replyWithWords(reply, flags)]);
  if (isComposite) fields.push(["arguments", () => replyWithArguments(reply, args ?? [])]);
  return fields;
}
