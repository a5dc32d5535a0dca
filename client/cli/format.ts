/**
 * How replies look: redis-cli's five output formats, byte for byte.
 *
 * - `standard`: for people; strings quoted, aggregates as numbered lists, indented where they nest
 * - `raw`: for pipes; strings as they are, elements separated by a delimiter
 * - `csv`, `json`, `quoted-json`: for other programs; `json` leaves UTF-8 alone, `quoted-json` is ASCII only
 *
 * @module
 */

import { decodeLatin1 } from "../../server/resp/args.ts";
import { ByteWriter } from "./byte_writer.ts";
import type { ReplyNode } from "./reply_node.ts";
import { textOf } from "./reply_node.ts";

/** An output format. */
export type OutputFormat = "standard" | "raw" | "csv" | "json" | "quoted-json";

/** A format and, for `raw`, what separates elements (`-d`) and ends replies (`-D`). */
export interface OutputStyle {
  readonly format: OutputFormat;
  readonly elementDelimiter: string;
  readonly replyDelimiter: string;
}

/** A reply as text for the terminal, with its line end. */
export function formatReply(node: ReplyNode, style: OutputStyle): Uint8Array {
  const out = new ByteWriter();
  switch (style.format) {
    case "standard":
      writeStandard(out, node, "");
      out.text("\n");
      break;
    case "raw":
      writeRaw(out, node, style);
      out.text(style.replyDelimiter);
      break;
    case "csv":
      writeCsv(out, node);
      out.text("\n");
      break;
    case "json":
    case "quoted-json":
      writeJson(out, node, style.format === "json" ? jsonString : quotedJsonString);
      out.text("\n");
      break;
  }
  return out.take();
}

/** A reply that is a text for people (INFO, CLIENT LIST): as it is, whatever the style. */
export function formatReport(node: ReplyNode, style: OutputStyle): Uint8Array {
  const out = new ByteWriter();
  writeRaw(out, node, style);
  return out.take();
}

/** An RESP3 invalidation in the standard format; undefined when the message is another. */
export function formatInvalidation(node: ReplyNode): Uint8Array | undefined {
  if (node.type !== "push" || node.items.length !== 2) return undefined;
  const [word, keys] = node.items;
  if (textOf(word) !== "invalidate" || keys.type !== "array") return undefined;
  const out = new ByteWriter();
  out.text("-> invalidate: ");
  out.text(keys.items.map((key) => `'${textOf(key) ?? ""}'`).join(", "));
  out.text("\n");
  return out.take();
}

const ESCAPES: Record<string, string> = {
  "\\": "\\\\",
  '"': '\\"',
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\x07": "\\a",
  "\b": "\\b",
};

/** Text of one-byte characters in double quotes, everything but printable ASCII escaped. */
export function quote(text: string): string {
  const escaped = text.replace(
    /[^\x20-\x7e]|["\\]/g,
    (c) => ESCAPES[c] ?? `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return `"${escaped}"`;
}

/** Writes without the line end; lines after the first begin with `prefix`. */
function writeStandard(out: ByteWriter, node: ReplyNode, prefix: string): void {
  switch (node.type) {
    case "error":
      return out.text(`(error) ${node.text}`);
    case "simple":
      return out.text(node.text);
    case "int":
      return out.text(`(integer) ${node.value}`);
    case "double":
      return out.text(`(double) ${node.text}`);
    case "bigNumber":
      return out.text(`(big number) ${node.text}`);
    case "bulk":
      return out.text(quote(decodeLatin1(node.bytes)));
    case "verbatim":
      return out.bytes(node.bytes);
    case "null":
      return out.text("(nil)");
    case "bool":
      return out.text(node.value ? "(true)" : "(false)");
    case "array":
    case "push":
    case "set":
      if (node.items.length === 0) return out.text(`(empty ${node.type})`);
      return writeList(out, node.items, { prefix, separator: node.type === "set" ? "~" : ")" });
    case "map":
      if (node.items.length === 0) return out.text("(empty hash)");
      return writePairs(out, node.items, prefix);
  }
}

function writeList(
  out: ByteWriter,
  items: readonly ReplyNode[],
  { prefix, separator }: { prefix: string; separator: string },
): void {
  const width = String(items.length).length;
  const inner = prefix + " ".repeat(width + 2);
  items.forEach((item, i) => {
    if (i > 0) out.text(`\n${prefix}`);
    out.text(`${String(i + 1).padStart(width)}${separator} `);
    writeStandard(out, item, inner);
  });
}

function writePairs(out: ByteWriter, items: readonly ReplyNode[], prefix: string): void {
  const width = String(items.length / 2).length;
  const inner = prefix + " ".repeat(width + 2);
  for (let i = 0; i < items.length; i += 2) {
    if (i > 0) out.text(`\n${prefix}`);
    out.text(`${String(i / 2 + 1).padStart(width)}# `);
    writeStandard(out, items[i], inner);
    out.text(" => ");
    // A value of several lines begins on its own, so that its numbers stand in a column.
    if (spansLines(items[i + 1])) out.text(`\n${inner}`);
    writeStandard(out, items[i + 1], inner);
  }
}

function spansLines(node: ReplyNode): boolean {
  switch (node.type) {
    case "array":
    case "push":
    case "set":
      return node.items.length > 1 || (node.items.length === 1 && spansLines(node.items[0]));
    case "map":
      return node.items.length > 2 || (node.items.length === 2 && spansLines(node.items[1]));
    default:
      return false;
  }
}

function writeRaw(out: ByteWriter, node: ReplyNode, style: OutputStyle): void {
  switch (node.type) {
    case "null":
      return;
    case "error":
      return out.text(`${node.text}\n`);
    case "simple":
    case "double":
    case "bigNumber":
      return out.text(node.text);
    case "bulk":
    case "verbatim":
      return out.bytes(node.bytes);
    case "bool":
      return out.text(node.value ? "(true)" : "(false)");
    case "int":
      return out.text(String(node.value));
    default: {
      const inPairs = node.type === "map";
      node.items.forEach((item, i) => {
        if (inPairs && i % 2 === 1) out.text(" ");
        else if (i > 0) out.text(style.elementDelimiter);
        writeRaw(out, item, style);
      });
    }
  }
}

function writeCsv(out: ByteWriter, node: ReplyNode): void {
  switch (node.type) {
    case "null":
      return out.text("NULL");
    case "error":
      return out.text(`ERROR,${quote(node.text)}`);
    case "simple":
      return out.text(quote(node.text));
    case "bulk":
    case "verbatim":
      return out.text(quote(decodeLatin1(node.bytes)));
    case "double":
    case "bigNumber":
      return out.text(node.text);
    case "int":
    case "bool":
      return out.text(String(node.value));
    default:
      node.items.forEach((item, i) => {
        if (i > 0) out.text(",");
        writeCsv(out, item);
      });
  }
}

function writeJson(out: ByteWriter, node: ReplyNode, string: (text: string) => string): void {
  switch (node.type) {
    case "null":
      return out.text("null");
    case "error":
      // Not JSON, on purpose: redis-cli marks errors so, and scripts look for it.
      return out.text(`error:${string(node.text)}`);
    case "simple":
      return out.text(string(node.text));
    case "bulk":
    case "verbatim":
      return out.text(string(decodeLatin1(node.bytes)));
    case "double":
    case "bigNumber":
      return out.text(node.text);
    case "int":
    case "bool":
      return out.text(String(node.value));
    case "map":
      return writeJsonObject(out, node.items, string);
    default:
      out.text("[");
      node.items.forEach((item, i) => {
        if (i > 0) out.text(",");
        writeJson(out, item, string);
      });
      return out.text("]");
  }
}

function writeJsonObject(
  out: ByteWriter,
  items: readonly ReplyNode[],
  string: (text: string) => string,
): void {
  out.text("{");
  for (let i = 0; i < items.length; i += 2) {
    if (i > 0) out.text(",");
    // Keys of other types than string are quoted as they would be printed.
    const bare = textOf(items[i]) === undefined;
    if (bare) out.text('"');
    writeJson(out, items[i], string);
    if (bare) out.text('"');
    out.text(":");
    writeJson(out, items[i + 1], string);
  }
  out.text("}");
}

/** Bytes above ASCII stay: UTF-8 in, UTF-8 out. */
function jsonString(text: string): string {
  const escaped = text.replace(
    // deno-lint-ignore no-control-regex -- control characters are what JSON escapes
    /[\x00-\x1f"\\]/g,
    (c) => JSON_ESCAPES[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `"${escaped}"`;
}

const JSON_ESCAPES: Record<string, string> = {
  "\\": "\\\\",
  '"': '\\"',
  "\n": "\\n",
  "\f": "\\f",
  "\r": "\\r",
  "\t": "\\t",
  "\b": "\\b",
};

/** The standard quotes, their backslashes doubled. */
function quotedJsonString(text: string): string {
  return quote(text).replaceAll("\\", "\\\\");
}
