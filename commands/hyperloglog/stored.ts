/**
 * HyperLogLogs where they are kept: in strings.
 *
 * @module
 */

import { StringEncoding, Type } from "../../storage/entry.ts";
import type { Database } from "../../storage/keyspace.ts";
import type { Ref } from "../../storage/memory/arena.ts";
import {
  HyperLogLog,
  type HyperLogLogOwner,
  isHyperLogLog,
} from "../../storage/types/hyperloglog.ts";
import { wrongType } from "../../storage/errors.ts";
import { notAHyperLogLog } from "./errors.ts";

/** A HyperLogLog that is a key's string, and stays with it when it grows. */
export class StoredHyperLogLog implements HyperLogLogOwner {
  readonly hll = new HyperLogLog();
  readonly #db: Database;
  #ref: Ref;

  /** @throws {ReplyError} when the key holds something else */
  constructor(db: Database, ref: Ref) {
    this.#db = db;
    this.#ref = ref;
    if (db.type(ref) !== Type.string) throw wrongType();
    const { buf, off, len } = db.value(ref);
    if (!isHyperLogLog(buf, off, len)) throw notAHyperLogLog();
    this.hll.attach(buf, off, len);
  }

  resize(hll: HyperLogLog, length: number): void {
    this.#ref = this.#db.resizeValue(this.#ref, length);
    const { buf, off } = this.#db.value(this.#ref);
    hll.attach(buf, off, length);
  }

  /** Says that the string is being changed in part. */
  markChanged(): void {
    this.#db.setEncoding(this.#ref, StringEncoding.raw);
  }
}
