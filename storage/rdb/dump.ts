/**
 * The payloads of DUMP and RESTORE: one value, without its key and its expiry; and of FUNCTION DUMP and FUNCTION RESTORE: the sources
 * of all libraries of functions.
 *
 *     u8 type of the value | the value | u16 version | u64 checksum of all before      (numbers little-endian)
 *     ( u8 opcode of a library | source as a string ) * | u16 version | u64 checksum
 *
 * @module
 */

import type { Database } from "../keyspace.ts";
import type { Ref } from "../memory/arena.ts";
import { Crc64 } from "./crc64.ts";
import { CorruptRdb, NEWEST_VERSION, RdbOpcode } from "./format.ts";
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
  return seal(writer);
}

/** Ends a payload with its version and checksum. */
function seal(writer: RdbWriter): Uint8Array {
  writer.uint16(writer.version);
  const checksum = new Uint8Array(CHECKSUM_BYTES);
  new Crc64().update(writer.bytes).write(checksum, 0);
  writer.raw(checksum);
  return writer.bytes;
}

/** The payload of all libraries of functions with these sources. O(bytes). */
export function writeFunctionDump(sources: Iterable<Uint8Array>): Uint8Array {
  const writer = new RdbWriter();
  for (const source of sources) {
    writer.byte(RdbOpcode.function2);
    writer.string(source);
  }
  return seal(writer);
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

/**
 * The sources of libraries in a payload that {@link isDump}, one after the other.
 *
 * @throws {CorruptRdb} with Redis's words, after the sources that could be read
 */
export function* readFunctionDump({ buf, off, len }: Stretch): Generator<Uint8Array> {
  const reader = new RdbReader(buf, off, off + len - FOOTER_BYTES);
  while (reader.left > 0) {
    const opcode = reader.byte();
    if (opcode === RdbOpcode.functionPrerelease) {
      throw new CorruptRdb("Pre-GA function format not supported");
    }
    if (opcode !== RdbOpcode.function2) throw new CorruptRdb("given type is not a function");
    yield readSource(reader);
  }
}

function readSource(reader: RdbReader): Uint8Array {
  try {
    return reader.bytes();
  } catch (error) {
    if (error instanceof CorruptRdb) throw new CorruptRdb("Failed loading library payload");
    throw error;
  }
}
