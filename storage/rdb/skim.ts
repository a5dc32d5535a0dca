/**
 * Finds out where a key and its value end, with no more than the lengths in them, while the bytes still come.
 *
 * A value can only be read when all of its bytes are there. Trying again whenever some more have come would take the
 * square of a large value's size; a walk over its lengths that stops where the bytes end, and goes on from there, takes
 * one look at each element.
 *
 * @module
 */

import { CorruptRdb, RdbType, ShortRdb } from "./format.ts";
import type { RdbReader } from "./reader.ts";

const ID_BYTES = 16;
const TIME_BYTES = 8;
const SCORE_BYTES = 8;
/** The longest text that stands for a score; lengths beyond it are values by themselves. */
const LONGEST_SCORE = 252;

/** A walk: yields wherever bytes are missing, and is to go on when the reader has some more. */
type Walk = Generator<void, void>;

/**
 * Steps over a key and its value of a type. The reader may be given other bytes between the steps, as long as it stands
 * in front of the same element.
 *
 * @throws {CorruptRdb} when there is no such type
 */
export function* skim(reader: RdbReader, type: number): Walk {
  yield* strings(reader, 1);
  switch (type) {
    case RdbType.string:
    case RdbType.hashZipmap:
    case RdbType.listZiplist:
    case RdbType.setIntset:
    case RdbType.zsetZiplist:
    case RdbType.hashZiplist:
    case RdbType.hashListpack:
    case RdbType.zsetListpack:
    case RdbType.setListpack:
      yield* strings(reader, 1);
      break;
    case RdbType.list:
    case RdbType.set:
    case RdbType.quicklist:
      yield* strings(reader, yield* count(reader));
      break;
    case RdbType.hash:
      yield* strings(reader, 2 * (yield* count(reader)));
      break;
    case RdbType.zset:
      for (let left = yield* count(reader); left > 0; left--) {
        yield* strings(reader, 1);
        yield* step(reader, oldScore);
      }
      break;
    case RdbType.zset2:
      for (let left = yield* count(reader); left > 0; left--) {
        yield* strings(reader, 1);
        yield* bytes(reader, SCORE_BYTES);
      }
      break;
    case RdbType.quicklist2:
      for (let left = yield* count(reader); left > 0; left--) {
        yield* counts(reader, 1);
        yield* strings(reader, 1);
      }
      break;
    case RdbType.hashListpackWithExpiry:
      yield* bytes(reader, TIME_BYTES);
      yield* strings(reader, 1);
      break;
    case RdbType.hashWithExpiry:
      yield* bytes(reader, TIME_BYTES);
      for (let left = yield* count(reader); left > 0; left--) {
        yield* counts(reader, 1);
        yield* strings(reader, 2);
      }
      break;
    case RdbType.stream:
    case RdbType.stream2:
    case RdbType.stream3:
      yield* skimStream(reader, type);
      break;
    case RdbType.modulePrerelease:
    case RdbType.module:
      // Up to the module's name: nobody gets further.
      yield* counts(reader, 1);
      break;
    default:
      throw new CorruptRdb(`values of type ${type} are unknown`);
  }
}

function* skimStream(reader: RdbReader, type: number): Walk {
  const isOld = type === RdbType.stream;
  yield* strings(reader, 2 * (yield* count(reader)));
  // Entries and the last ID; since then the first ID, the greatest deleted ID and entries added.
  yield* counts(reader, isOld ? 3 : 8);
  for (let groups = yield* count(reader); groups > 0; groups--) {
    yield* strings(reader, 1);
    yield* counts(reader, isOld ? 2 : 3);
    for (let left = yield* count(reader); left > 0; left--) {
      yield* bytes(reader, ID_BYTES + TIME_BYTES);
      yield* counts(reader, 1);
    }
    for (let consumers = yield* count(reader); consumers > 0; consumers--) {
      yield* strings(reader, 1);
      yield* bytes(reader, type === RdbType.stream3 ? 2 * TIME_BYTES : TIME_BYTES);
      for (let left = yield* count(reader); left > 0; left--) yield* bytes(reader, ID_BYTES);
    }
  }
}

/** One element, as soon as it is all there. */
function* step<T>(reader: RdbReader, read: (reader: RdbReader) => T): Generator<void, T> {
  for (;;) {
    // Where the reader stands may change while the bytes come.
    const before = reader.left;
    try {
      return read(reader);
    } catch (error) {
      if (!(error instanceof ShortRdb)) throw error;
      reader.at -= before - reader.left;
    }
    yield;
  }
}

function* strings(reader: RdbReader, many: number): Walk {
  for (let left = many; left > 0; left--) yield* step(reader, skipString);
}

function* counts(reader: RdbReader, many: number): Walk {
  for (let left = many; left > 0; left--) yield* step(reader, bigCount);
}

function count(reader: RdbReader): Generator<void, number> {
  return step(reader, smallCount);
}

function* bytes(reader: RdbReader, len: number): Walk {
  yield* step(reader, (reader) => reader.raw(len));
}

const skipString = (reader: RdbReader) => reader.skipString();
const smallCount = (reader: RdbReader) => reader.count();
const bigCount = (reader: RdbReader) => reader.bigCount();

function oldScore(reader: RdbReader): void {
  const len = reader.byte();
  if (len <= LONGEST_SCORE) reader.raw(len);
}
