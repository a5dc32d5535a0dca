/**
 * Records whose lengths have words of their own: keys and values on both sides of where that begins, through every
 * change that moves a record or its value.
 */

import { assertEquals } from "@std/assert";
import { equals } from "@std/bytes";
import { Args } from "../../server/resp/args.ts";
import { KEEP_EXPIRY, NO_EXPIRY } from "../../storage/entry.ts";
import { type Database, Keyspace } from "../../storage/keyspace.ts";
import { areLong } from "../../storage/memory/record.ts";
import { FieldTable } from "../../storage/types/hash.ts";
import { FieldTime } from "../../storage/types/hash_fields.ts";

const NOW = 1_000_000;
const LATER = NOW + 2 ** 33;
const KEY_LENGTHS = [0, 1, 4094, 4095, 4096];
const VALUE_LENGTHS = [0, 1, 5000, 2 ** 20 - 1, 2 ** 20];
const EXPIRIES = [NO_EXPIRY, LATER];

function makeKeyspace(): Keyspace {
  const hooks = { expired() {}, evicted() {} };
  const keyspace = new Keyspace({ databases: 2, random: () => 0.5, hooks });
  keyspace.setTime(NOW);
  return keyspace;
}

/** Bytes that differ from place to place. */
function pattern(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = i * 31 + seed;
  return bytes;
}

function store(db: Database, key: Uint8Array, value: Uint8Array, expiry: number): number {
  return db.store(key, 0, key.length, 1, value, 0, value.length, expiry);
}

/** That the database has just this key. */
function check(db: Database, key: Uint8Array, value: Uint8Array, expiry: number): void {
  assertEquals(db.size, 1);
  const ref = db.findKey(key);
  assertEquals(ref !== 0, true, `no key of ${key.length} bytes`);
  assertEquals(equals(db.keyBytes(ref), key), true, `key of ${key.length}`);
  assertEquals(db.value(ref).len, value.length);
  assertEquals(equals(db.valueBytes(ref), value), true, `value of ${value.length}`);
  assertEquals(db.expiry(ref), expiry);
  assertEquals(db.table.volatileCount, expiry === NO_EXPIRY ? 0 : 1);
}

Deno.test("a key and a value have words for their lengths just where they need them", () => {
  const needs = (key: number, value: number) => areLong(key, value);
  assertEquals([needs(4094, 2 ** 20 - 1), needs(4095, 0), needs(0, 2 ** 20)], [false, true, true]);
});

Deno.test("values of any length are stored over values of any length", () => {
  for (const keyLength of KEY_LENGTHS) {
    for (const [i, before] of VALUE_LENGTHS.entries()) {
      for (const after of VALUE_LENGTHS) {
        const expiry = EXPIRIES[i % 2];
        const db = makeKeyspace().databases[0];
        const key = pattern(keyLength, 1);
        store(db, key, pattern(before, 2), expiry);
        check(db, key, pattern(before, 2), expiry);
        store(db, key, pattern(after, 3), KEEP_EXPIRY);
        check(db, key, pattern(after, 3), expiry);
        db.deleteRef(db.findKey(key));
        assertEquals([db.size, db.keyspace.arena.usedBytes], [0, 0]);
      }
    }
  }
});

Deno.test("a value keeps its bytes when its length changes, and what is new is zero", () => {
  for (const keyLength of [1, 4095]) {
    for (const [i, before] of VALUE_LENGTHS.entries()) {
      for (const after of VALUE_LENGTHS) {
        const expiry = EXPIRIES[i % 2];
        const db = makeKeyspace().databases[0];
        const key = pattern(keyLength, 4);
        db.resizeValue(store(db, key, pattern(before, 5), expiry), after);
        const kept = new Uint8Array(after);
        kept.set(pattern(Math.min(before, after), 5));
        check(db, key, kept, expiry);
        db.resizeValue(db.findKey(key), 0);
        check(db, key, new Uint8Array(0), expiry);
        db.deleteRef(db.findKey(key));
        assertEquals(db.keyspace.arena.usedBytes, 0);
      }
    }
  }
});

Deno.test("an expiry comes and goes in front of lengths of any size", () => {
  for (const keyLength of KEY_LENGTHS) {
    for (const valueLength of VALUE_LENGTHS) {
      const db = makeKeyspace().databases[0];
      const key = pattern(keyLength, 6);
      const value = pattern(valueLength, 7);
      let ref = store(db, key, value, NO_EXPIRY);
      for (const expiry of [LATER, LATER + 1, NO_EXPIRY, LATER, NO_EXPIRY]) {
        ref = db.setExpiry(ref, expiry);
        check(db, key, value, expiry);
      }
    }
  }
});

Deno.test("records go to keys of any length", () => {
  for (const from of KEY_LENGTHS) {
    for (const to of KEY_LENGTHS) {
      for (const [i, valueLength] of VALUE_LENGTHS.entries()) {
        const [source, target] = makeKeyspace().databases;
        const value = pattern(valueLength, 8);
        const expiry = EXPIRIES[i % 2];
        const key = pattern(to, 9);
        source.moveTo(store(source, pattern(from, 9), value, expiry), target, Args.of("", key), 1);
        assertEquals(source.size, 0);
        check(target, key, value, expiry);
        target.moveTo(target.findKey(key), target, Args.of("", pattern(from, 10)), 1);
        check(target, pattern(from, 10), value, expiry);
      }
    }
  }
});

Deno.test("fields of hashes have names and values of any length", () => {
  for (const nameLength of KEY_LENGTHS) {
    for (const before of VALUE_LENGTHS) {
      for (const after of VALUE_LENGTHS) {
        const { collections, arena } = makeKeyspace();
        const table = new FieldTable(collections);
        const name = pattern(nameLength, 11);
        for (const [length, time] of [[before, FieldTime.none], [after, LATER]]) {
          table.put(name, 0, nameLength, pattern(length, 12), 0, length, time);
          table.setExpiry(table.find(name, 0, nameLength), LATER + 1);
          const field = table.find(name, 0, nameLength);
          table.showName(field);
          assertEquals(equals(table.buf.slice(table.off, table.off + table.len), name), true);
          table.showValue(field);
          const value = table.buf.slice(table.off, table.off + table.len);
          assertEquals(equals(value, pattern(length, 12)), true);
          assertEquals([table.size, table.volatileCount, table.expiryOf(field)], [1, 1, LATER + 1]);
        }
        table.remove(table.find(name, 0, nameLength));
        assertEquals(arena.usedBytes, 0);
      }
    }
  }
});
