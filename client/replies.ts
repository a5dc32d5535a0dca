/**
 * Replies as plain JavaScript values.
 *
 * | reply | value |
 * |---|---|
 * | status, bulk, verbatim | string, or Uint8Array for bulk and verbatim where bytes are wanted |
 * | integer, double | number; bigint beyond 2^53 |
 * | big number | bigint |
 * | null, boolean | null, boolean |
 * | array, push | array |
 * | map, set | Map, Set |
 * | error | {@link ReplyError} |
 *
 * Attributes are dropped: they are remarks that no command needs.
 *
 * @module
 */

import { ReplyError } from "../server/resp/errors.ts";
import type { ReplyBuilder } from "../server/resp/reply_decoder.ts";
import type { ReadableReplies } from "./connection.ts";

/** Anything that a server can answer. */
export type Reply =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | ReplyError
  | Reply[]
  | Map<Reply, Reply>
  | Set<Reply>;

const utf8 = new TextDecoder();

/** Builds {@link Reply} values. */
class PlainReplies implements ReplyBuilder<Reply>, ReadableReplies<Reply> {
  readonly #string: (bytes: Uint8Array) => string | Uint8Array;

  constructor(string: (bytes: Uint8Array) => string | Uint8Array) {
    this.#string = string;
  }

  simple(text: Uint8Array): Reply {
    return utf8.decode(text);
  }
  error(text: Uint8Array): Reply {
    return new ReplyError(utf8.decode(text));
  }
  int(value: number | bigint): Reply {
    return value;
  }
  bulk(bytes: Uint8Array): Reply {
    return this.#string(bytes);
  }
  null(): Reply {
    return null;
  }
  bool(value: boolean): Reply {
    return value;
  }
  double(text: string): Reply {
    return readDouble(text);
  }
  bigNumber(digits: string): Reply {
    return BigInt(digits);
  }
  verbatim(_format: string, bytes: Uint8Array): Reply {
    return this.#string(bytes);
  }
  array(items: Reply[]): Reply {
    return items;
  }
  map(pairs: Reply[]): Reply {
    const map = new Map<Reply, Reply>();
    for (let i = 0; i < pairs.length; i += 2) map.set(pairs[i], pairs[i + 1]);
    return map;
  }
  set(items: Reply[]): Reply {
    return new Set(items);
  }
  push(items: Reply[]): Reply {
    return items;
  }
  attributed(value: Reply): Reply {
    return value;
  }

  items(value: Reply): readonly Reply[] | undefined {
    return Array.isArray(value) ? value : undefined;
  }
  scalar(value: Reply): string | number | undefined {
    if (value instanceof Uint8Array) return utf8.decode(value);
    return typeof value === "string" || typeof value === "number" ? value : undefined;
  }
}

/** Strings are decoded as UTF-8; bytes that are none become U+FFFD. */
export function textReplies(): ReplyBuilder<Reply> & ReadableReplies<Reply> {
  return new PlainReplies((bytes) => utf8.decode(bytes));
}

/** Bulk and verbatim strings stay bytes. */
export function byteReplies(): ReplyBuilder<Reply> & ReadableReplies<Reply> {
  return new PlainReplies((bytes) => bytes.slice());
}

function readDouble(text: string): number {
  switch (text) {
    case "inf":
      return Infinity;
    case "-inf":
      return -Infinity;
    default:
      return Number(text); // "nan" gives NaN
  }
}
