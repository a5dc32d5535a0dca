/**
 * Replies with their types kept, for printing.
 *
 * The command line must tell a status from a string, a set from an array, and print a double as the server wrote
 * it; {@link ../replies.ts} forgets all that.
 *
 * Lines (statuses, errors) are texts of one-byte characters, so no byte is lost on its way to the terminal.
 *
 * @module
 */

import { decodeLatin1 } from "../../server/resp/args.ts";
import type { ReplyBuilder } from "../../server/resp/reply_decoder.ts";
import type { ReadableReplies } from "../connection.ts";

/** A reply as it came; `items` of a map alternate key and value. */
export type ReplyNode =
  | { type: "simple" | "error" | "double" | "bigNumber"; text: string }
  | { type: "bulk" | "verbatim"; bytes: Uint8Array }
  | { type: "int"; value: number | bigint }
  | { type: "bool"; value: boolean }
  | { type: "null" }
  | { type: "array" | "map" | "set" | "push"; items: ReplyNode[] };

/** Builds {@link ReplyNode}s. */
class NodeReplies implements ReplyBuilder<ReplyNode>, ReadableReplies<ReplyNode> {
  simple(text: Uint8Array): ReplyNode {
    return { type: "simple", text: decodeLatin1(text) };
  }
  error(text: Uint8Array): ReplyNode {
    return { type: "error", text: decodeLatin1(text) };
  }
  int(value: number | bigint): ReplyNode {
    return { type: "int", value };
  }
  bulk(bytes: Uint8Array): ReplyNode {
    return { type: "bulk", bytes: bytes.slice() };
  }
  null(): ReplyNode {
    return { type: "null" };
  }
  bool(value: boolean): ReplyNode {
    return { type: "bool", value };
  }
  double(text: string): ReplyNode {
    return { type: "double", text };
  }
  bigNumber(text: string): ReplyNode {
    return { type: "bigNumber", text };
  }
  verbatim(_format: string, bytes: Uint8Array): ReplyNode {
    return { type: "verbatim", bytes: bytes.slice() };
  }
  array(items: ReplyNode[]): ReplyNode {
    return { type: "array", items };
  }
  map(items: ReplyNode[]): ReplyNode {
    return { type: "map", items };
  }
  set(items: ReplyNode[]): ReplyNode {
    return { type: "set", items };
  }
  push(items: ReplyNode[]): ReplyNode {
    return { type: "push", items };
  }
  /** Attributes are remarks of the protocol; redis-cli's formats have no place for them. */
  attributed(value: ReplyNode): ReplyNode {
    return value;
  }

  items(node: ReplyNode): readonly ReplyNode[] | undefined {
    return node.type === "array" || node.type === "push" ? node.items : undefined;
  }
  scalar(node: ReplyNode): string | number | undefined {
    if (node.type === "int") return Number(node.value);
    return textOf(node);
  }
}

/** The builder of {@link ReplyNode}s. */
export function nodeReplies(): ReplyBuilder<ReplyNode> & ReadableReplies<ReplyNode> {
  return new NodeReplies();
}

/** The text of a status, error or string, each byte one character; undefined for everything else. */
export function textOf(node: ReplyNode): string | undefined {
  switch (node.type) {
    case "simple":
    case "error":
      return node.text;
    case "bulk":
    case "verbatim":
      return decodeLatin1(node.bytes);
    default:
      return undefined;
  }
}

/** The elements of any aggregate, a map's flattened; none for everything else. */
export function itemsOf(node: ReplyNode): readonly ReplyNode[] {
  return "items" in node ? node.items : [];
}
