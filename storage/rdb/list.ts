/**
 * Lists in RDB.
 *
 *     quicklist2   nodes | each: 1 element as it is, or 2 listpack | string
 *     quicklist    nodes | each: ziplist as a string
 *     list         elements | each: string
 *
 * Lists are written as quicklist2, a packed one as a quicklist of one node.
 *
 * @module
 */

import { ListEncoding, Type } from "../entry.ts";
import type { Database } from "../keyspace.ts";
import type { Ref } from "../memory/arena.ts";
import { listLimits } from "../types/list.ts";
import { Listpack } from "../types/listpack.ts";
import { Quicklist } from "../types/quicklist.ts";
import { CorruptRdb, EmptyCollection, ListContainer, RdbType } from "./format.ts";
import { readZiplist, takeListpack } from "./packs.ts";
import type { RdbReader } from "./reader.ts";
import { filled, kindOf, type LoadedValue, type LoadOptions } from "./loaded.ts";
import type { RdbWriter } from "./writer.ts";

/** Writes the list that a record holds. */
export function saveList(writer: RdbWriter, db: Database, ref: Ref): void {
  if (!db.isBeside(ref)) {
    const { buf, off, len } = db.value(ref);
    writer.count(1);
    writer.count(ListContainer.packed);
    writer.string(buf, off, len);
    return;
  }
  const list = db.collection(ref) as Quicklist;
  writer.count(list.nodeCount);
  list.eachNode((buf, off, len) => {
    writer.count(ListContainer.packed);
    writer.string(buf, off, len);
  });
}

/** Reads a list of any type. @throws {CorruptRdb} */
export function loadList(reader: RdbReader, type: number, options: LoadOptions): LoadedValue {
  const limits = listLimits(options.limits.listMaxListpackSize);
  const list = filled(new Quicklist(options.heap, limits), (list) => {
    switch (type) {
      case RdbType.quicklist2:
        readNodes(reader, list);
        break;
      case RdbType.list:
        for (let left = reader.elements(); left > 0; left--) {
          const { buf, off, len } = reader.string();
          list.pushTail(buf, off, len);
        }
        break;
      default:
        for (let left = type === RdbType.quicklist ? reader.elements() : 1; left > 0; left--) {
          readZiplist(reader.string(), ({ buf, off, len }) => list.pushTail(buf, off, len));
        }
    }
    if (list.size === 0) throw new EmptyCollection("a list is empty");
  });

  const bytes = list.onlyNodeBytes;
  if (bytes === undefined || bytes > limits.bytes || list.size > limits.elements) {
    return { kind: kindOf(Type.list, ListEncoding.quicklist), value: list };
  }
  let packed = new Uint8Array(0);
  list.eachNode((buf, off, len) => packed = new Uint8Array(buf.subarray(off, off + len)));
  while (list.dismantle());
  return { kind: kindOf(Type.list, ListEncoding.listpack), value: packed };
}

function readNodes(reader: RdbReader, list: Quicklist): void {
  for (let left = reader.elements(); left > 0; left--) {
    const container = reader.count();
    if (container === ListContainer.plain) {
      const { buf, off, len } = reader.string();
      if (len === 0) throw new CorruptRdb("a list has an empty node");
      list.pushTail(buf, off, len);
    } else if (container === ListContainer.packed) {
      const bytes = takeListpack(reader.string());
      if (new Listpack().attach(bytes, 0).count > 0) list.appendNode(bytes, 0);
    } else throw new CorruptRdb(`a list has nodes of an unknown kind ${container}`);
  }
}
