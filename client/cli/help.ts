/**
 * Help on commands, asked of the server itself (COMMAND DOCS), so that it fits whatever server it is.
 *
 * @module
 */

import type { ReplyNode } from "./reply_node.ts";
import { itemsOf, textOf } from "./reply_node.ts";

/** What the help shows of one command. */
export interface CommandHelp {
  /** In upper case, a subcommand's after its parent's: `CONFIG GET`. */
  readonly name: string;
  readonly parameters: string;
  readonly summary: string;
  readonly since: string;
  readonly group: string;
}

/** Help on all commands of a server, from its reply to COMMAND DOCS; sorted by name. */
export function readCommandDocs(docs: ReplyNode): CommandHelp[] {
  return commandsOf(docs, "").toSorted((a, b) => a.name < b.name ? -1 : 1);
}

/** The help on a command and its subcommands, or on a group (`@string`), as text. */
export function describeCommands(
  all: readonly CommandHelp[],
  topic: readonly string[],
  { colours }: { colours: boolean },
): string {
  const wanted = topic.join(" ").toUpperCase();
  const found = wanted.startsWith("@")
    ? all.filter((help) => `@${help.group.toUpperCase()}` === wanted)
    : all.filter((help) => help.name === wanted || help.name.startsWith(`${wanted} `));
  const withGroup = !wanted.startsWith("@");
  const text = found.map((help) => describe(help, withGroup)).join("") + "\n";
  // deno-lint-ignore no-control-regex -- the escape character begins a colour
  return colours ? text : text.replace(/\x1b\[\d*m/g, "");
}

/** The text of `help` alone. */
export function generalHelp(version: string): string {
  return `coolcache-cli ${version}
  help <command>        what a command does
  help @<group>         the commands of a group, such as @string
  <tab>                 completes names of commands
  5 PING                sends a command five times
  connect <host> <port> talks to another server
  clear                 clears the screen
  quit                  leaves
`;
}

/** What `line` may become: names of commands, and topics after \`help\`. */
export function completions(all: readonly CommandHelp[], line: string): string[] {
  const help = /^help +/i.exec(line);
  const typed = line.slice(help?.[0].length ?? 0).toUpperCase();
  const names = all.map((entry) => entry.name);
  if (help) names.push(...new Set(all.map((entry) => `@${entry.group.toUpperCase()}`)));
  const found = names.filter((name) => name.startsWith(typed));
  const asTyped = typed !== "" && line.endsWith(typed)
    ? found
    : found.map((name) => name.toLowerCase());
  return asTyped.map((name) => (help?.[0] ?? "") + name);
}

function describe(help: CommandHelp, withGroup: boolean): string {
  const lines = [
    `\n  \x1b[1m${help.name}\x1b[0m \x1b[90m${help.parameters}\x1b[0m`,
    `  \x1b[33msummary:\x1b[0m ${help.summary}`,
  ];
  if (help.since !== "") lines.push(`  \x1b[33msince:\x1b[0m ${help.since}`);
  if (withGroup) lines.push(`  \x1b[33mgroup:\x1b[0m ${help.group}`);
  return lines.join("\n") + "\n";
}

function commandsOf(docs: ReplyNode, parent: string): CommandHelp[] {
  const all: CommandHelp[] = [];
  for (const [key, facts] of fieldsOf(docs)) {
    // Subcommands come with their parent before a bar: `config|get`.
    const name = (parent + key.slice(key.indexOf("|") + 1)).toUpperCase();
    const fields = new Map(fieldsOf(facts));
    all.push({
      name,
      parameters: itemsOf(fields.get("arguments") ?? NOTHING).map(parameter).join(" "),
      summary: text(fields, "summary"),
      since: text(fields, "since"),
      group: text(fields, "group"),
    });
    const subcommands = fields.get("subcommands");
    if (subcommands) all.push(...commandsOf(subcommands, `${name} `));
  }
  return all;
}

/** One argument as the manual writes it: \`[EX seconds | PX milliseconds]\`. */
function parameter(argument: ReplyNode): string {
  const fields = new Map(fieldsOf(argument));
  const flags = itemsOf(fields.get("flags") ?? NOTHING).map(textOf);
  const token = text(fields, "token");
  const inner = itemsOf(fields.get("arguments") ?? NOTHING).map(parameter);
  let body: string;
  switch (text(fields, "type")) {
    case "oneof":
      body = inner.join(" | ");
      if (!flags.includes("optional")) body = `<${body}>`;
      break;
    case "block":
      body = inner.join(" ");
      break;
    case "pure-token":
      body = "";
      break;
    default:
      body = text(fields, "display_text") || text(fields, "name");
  }
  let whole = [token === '""' ? '""' : token, body].filter((part) => part !== "").join(" ");
  if (flags.includes("multiple")) {
    whole += ` [${flags.includes("multiple_token") ? whole : body} ...]`;
  }
  return flags.includes("optional") ? `[${whole}]` : whole;
}

const NOTHING: ReplyNode = { type: "null" };

/** Names and values of a map, which RESP2 sends as a flat array. */
function fieldsOf(node: ReplyNode): [string, ReplyNode][] {
  const items = itemsOf(node);
  const fields: [string, ReplyNode][] = [];
  for (let i = 0; i + 1 < items.length; i += 2) fields.push([textOf(items[i]) ?? "", items[i + 1]]);
  return fields;
}

function text(fields: ReadonlyMap<string, ReplyNode>, name: string): string {
  const value = fields.get(name);
  return value === undefined ? "" : textOf(value) ?? "";
}
