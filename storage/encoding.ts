/**
 * The names of representations that Redis would give the values here, for OBJECT ENCODING and DEBUG OBJECT.
 *
 * @module
 */

import { Type, TYPE_NAMES } from "./entry.ts";
import type { Database } from "./keyspace.ts";
import type { Ref } from "./memory/arena.ts";
import { stringEncoding } from "./types/string.ts";

/** What OBJECT ENCODING calls a value's representation. */
export function encodingName(db: Database, ref: Ref): string {
  const type = db.type(ref);
  switch (type) {
    case Type.string: {
      const { buf, off, len } = db.value(ref);
      return stringEncoding(buf, off, len, db.encoding(ref));
    }
    default:
      throw new Error(`Values of type ${TYPE_NAMES[type]} have no encodings yet`);
  }
}
