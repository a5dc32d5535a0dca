/**
 * The types of clients that CLIENT LIST and CLIENT KILL tell apart.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError } from "../../server/resp/errors.ts";
import type { ClientFilter } from "../context.ts";

/** @throws {ReplyError} when the argument names no type of clients */
export function readClientType(args: Args, i: number): NonNullable<ClientFilter["type"]> {
  if (args.is(i, "NORMAL")) return "normal";
  if (args.is(i, "REPLICA") || args.is(i, "SLAVE")) return "replica";
  if (args.is(i, "PUBSUB")) return "pubsub";
  if (args.is(i, "MASTER")) return "primary";
  throw new ReplyError(`ERR Unknown client type '${args.binary(i)}'`);
}
