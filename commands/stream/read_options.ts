/**
 * The options of XREAD and XREADGROUP.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError, syntaxError } from "../../server/resp/errors.ts";
import { INT64_MAX } from "../../server/resp/numbers.ts";
import type { Context } from "../context.ts";
import { timeoutNegative, timeoutOutOfRange } from "../errors.ts";

/** What the arguments say besides the IDs. */
export interface ReadOptions {
  /** How long to wait, ms; 0 for as long as it takes, undefined for not at all. */
  timeout: number | undefined;
  /** The most entries of each stream, 0 for all. */
  count: number;
  /** The first key's argument, and how many keys there are; as many IDs follow. */
  keysAt: number;
  keyCount: number;
  /** The argument that is the group's name, the consumer's next to it; 0 for none. */
  groupAt: number;
  noAck: boolean;
}

/**
 * Reads the options of XREAD, or with `grouped` of XREADGROUP.
 *
 * @throws {ReplyError} with Redis's texts
 */
export function readOptions(ctx: Context, args: Args, grouped: boolean): ReadOptions {
  const options: ReadOptions = {
    timeout: undefined,
    count: 0,
    keysAt: 0,
    keyCount: 0,
    groupAt: 0,
    noAck: false,
  };
  for (let i = 1; i < args.count && options.keysAt === 0; i++) {
    const more = args.count - i - 1;
    if (more > 0 && args.is(i, "BLOCK")) {
      options.timeout = readTimeout(ctx, args, ++i);
    } else if (more > 0 && args.is(i, "COUNT")) {
      options.count = Math.max(0, args.int(++i));
    } else if (more > 0 && args.is(i, "STREAMS")) {
      if (more % 2 !== 0) throw unbalanced(grouped);
      options.keysAt = i + 1;
      options.keyCount = more / 2;
    } else if (more > 1 && args.is(i, "GROUP")) {
      if (!grouped) throw onlyForGroups("GROUP");
      options.groupAt = i + 1;
      i += 2;
    } else if (args.is(i, "NOACK")) {
      if (!grouped) throw onlyForGroups("NOACK");
      options.noAck = true;
    } else {
      throw syntaxError();
    }
  }
  if (options.keysAt === 0) throw syntaxError();
  if (grouped && options.groupAt === 0) {
    throw new ReplyError("ERR Missing GROUP option for XREADGROUP");
  }
  return options;
}

function readTimeout(ctx: Context, args: Args, i: number): number {
  const timeout = args.int(i, "ERR timeout is not an integer or out of range");
  if (timeout < 0) throw timeoutNegative();
  if (!Number.isSafeInteger(timeout) && args.bigint(i) > INT64_MAX - BigInt(ctx.now)) {
    throw timeoutOutOfRange();
  }
  return timeout;
}

function unbalanced(grouped: boolean): ReplyError {
  const [name, sign] = grouped ? ["xreadgroup", ">"] : ["xread", "$"];
  return new ReplyError(
    `ERR Unbalanced '${name}' list of streams: for each stream key an ID or '${sign}' must be ` +
      "specified.",
  );
}

function onlyForGroups(option: string): ReplyError {
  return new ReplyError(
    `ERR The ${option} option is only supported by XREADGROUP. You called XREAD instead.`,
  );
}

/** The arguments that are keys. */
export function keysOf({ keysAt, keyCount }: ReadOptions): number[] {
  return Array.from({ length: keyCount }, (_, i) => keysAt + i);
}
