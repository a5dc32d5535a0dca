/**
 * What COMMAND DOCS tells of a command: its documentation as a map, with the grammar of its arguments.
 *
 * Facts that a command does not have are left out of the map.
 *
 * @module
 */

import type { Reply } from "../server/resp/reply.ts";
import type { ArgSpec, CommandSpec } from "./command.ts";
import { replyWithWords } from "./command_info.ts";
import type { RegisteredCommand } from "./registry.ts";

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
