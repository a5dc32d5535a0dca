/**
 * Reading the number of a database.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import type { Database, Keyspace } from "../../storage/keyspace.ts";
import { databaseOutOfRange } from "./errors.ts";

const INT32_MIN = -0x80000000;
const INT32_MAX = 0x7fffffff;

/**
 * The database whose number argument `i` is.
 *
 * @throws {ReplyError} when it is no 32-bit integer or there is no such database
 */
export function readDatabase(keyspace: Keyspace, args: Args, i: number): Database {
  return databaseAt(keyspace, readDatabaseNumber(args, i));
}

/** The number alone, whether there is such a database or not. */
export function readDatabaseNumber(args: Args, i: number, refusal?: string): number {
  return args.intBetween(i, INT32_MIN, INT32_MAX, refusal);
}

/** The database of that number. */
export function databaseAt(keyspace: Keyspace, number: number): Database {
  const db = keyspace.databases[number];
  if (db === undefined) throw databaseOutOfRange();
  return db;
}
