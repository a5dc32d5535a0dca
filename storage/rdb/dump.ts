/**
 * The payload of DUMP and RESTORE: one value, without its key and its expiry.
 *
 *     u8 type of the value | the value | u16 version | u64 checksum of all before      (numbers little-endian)
 *
 * @module
 */

import type { Database } from "../keyspace.ts";
import type { Ref } from "../memory/arena.ts";
import { Crc64 } from "./crc64.ts";
import { NEWEST_VERSION } from "./format.ts";
import type { LoadedValue, LoadOptions } from "./loaded.ts";
import { RdbReader, type Stretch } from "./reader.ts";
import { leastVersion, loadValue, saveValue, valueType } from "./value.ts";
import { RdbWriter } from "./writer.ts";

const CHECKSUM_BYTES = 8;
const FOOTER_BYTES = 2 + CHECKSUM_BYTES;

/** The payload of the value that a record holds. O(bytes). */
export function writeDump(db: Database, ref: Ref): Uint8Array {
  const writer = new RdbWriter({ version: leastVersion(db, ref) });
  writer.byte(valueType(db, ref, writer.version));
  saveValue(writer, db, ref);
  writer.uint16(writer.version);
  const checksum = new Uint8Array(CHECKSUM_BYTES);
  new Crc64().update(writer.bytes).write(checksum, 0);
  writer.raw(checksum);
  return writer.bytes;
}

/** Whether these bytes end as a payload does, of a version that is understood and with the right checksum. O(bytes). */
export function isDump({ buf, off, len }: Stretch): boolean {
  if (len < FOOTER_BYTES) return false;
  const footer = off + len - FOOTER_BYTES;
  if ((buf[footer] | (buf[footer + 1] << 8)) > NEWEST_VERSION) return false;
  const checksum = new Uint8Array(CHECKSUM_BYTES);
  new Crc64().update(buf, off, len - CHECKSUM_BYTES).write(checksum, 0);
  return checksum.every((byte, i) => buf[footer + 2 + i] === byte);
}

/** The value of a payload that {@link isDump}. @throws {CorruptRdb} */
export function readDump({ buf, off, len }: Stretch, options: LoadOptions): LoadedValue {
  const reader = new RdbReader(buf, off, off + len - FOOTER_BYTES);
  return loadValue(reader, reader.byte(), options);
}
