/**
 * Keyed records for the tests of tables: the smallest that record.ts describes, 8 bytes, expiry, key.
 *
 * @module
 */

import { Arena, type Ref } from "../../../storage/memory/arena.ts";
import { Hasher } from "../../../storage/memory/hash.ts";
import { HAS_EXPIRY, readExpiry, writeExpiry } from "../../../storage/memory/record.ts";
import { Table } from "../../../storage/memory/table.ts";

const KEY_AT = 8;

/** A table over an arena of its own, spoken to by strings. */
export class Records {
  readonly arena: Arena = new Arena();
  readonly table: Table;

  /** An empty table; a hasher with a known weakness may be given. */
  constructor(hasher: Hasher = new Hasher(0x01020304, 0x05060708)) {
    this.table = new Table(this.arena, hasher, { keyAt: KEY_AT });
  }

  /** Writes a record without entering it in the table. */
  record(key: string, expiry?: number): Ref {
    const bytes = encode(key);
    const keyAt = KEY_AT + (expiry === undefined ? 0 : 8);
    const ref = this.arena.alloc(keyAt + bytes.length);
    const words = this.arena.u32[ref >>> 17];
    const at = (ref & 0x1ffff) << 1;
    words[at] = expiry === undefined ? 0 : HAS_EXPIRY;
    words[at + 1] = bytes.length;
    if (expiry !== undefined) writeExpiry(this.arena, ref, KEY_AT, expiry);
    this.arena.u8[ref >>> 17].set(bytes, (at << 2) + keyAt);
    return ref;
  }

  /** The key that a record carries. */
  keyOf(ref: Ref): string {
    const words = this.arena.u32[ref >>> 17];
    const at = (ref & 0x1ffff) << 1;
    const keyAt = (at << 2) + KEY_AT + (words[at] & HAS_EXPIRY ? 8 : 0);
    return new TextDecoder().decode(
      this.arena.u8[ref >>> 17].subarray(keyAt, keyAt + words[at + 1]),
    );
  }

  /** The expiry that a record carries, undefined without one. */
  expiryOf(ref: Ref): number | undefined {
    const has = this.arena.u32[ref >>> 17][(ref & 0x1ffff) << 1] & HAS_EXPIRY;
    return has ? readExpiry(this.arena, ref, KEY_AT) : undefined;
  }

  /** The hash of a key. */
  hash(key: string): number {
    const bytes = encode(key);
    return this.table.hash(bytes, 0, bytes.length);
  }

  /** Looks a key up in the table; 0 if it is absent. */
  find(key: string): Ref {
    // In the middle of a larger buffer, as keys lie in a session's input.
    const bytes = encode(`<<<${key}>>>`);
    return this.table.find(bytes, 3, bytes.length - 6, this.hash(key));
  }

  /** Adds a record for a key or replaces the one it has, freeing that first. */
  put(key: string, expiry?: number): Ref {
    const old = this.find(key);
    const hash = this.hash(key);
    if (old === 0) {
      const ref = this.record(key, expiry);
      this.table.insert(ref, hash);
      return ref;
    }
    const hadExpiry = this.expiryOf(old) !== undefined;
    this.arena.free(old);
    const ref = this.record(key, expiry);
    this.table.replace(old, ref, hash, hadExpiry);
    return ref;
  }

  /** Removes a key's record and frees it; false if it is absent. */
  remove(key: string): boolean {
    const ref = this.find(key);
    if (ref === 0) return false;
    this.drop(ref);
    return true;
  }

  /** Removes a record that is in the table and frees it. */
  drop(ref: Ref): void {
    if (!this.table.remove(ref, this.table.hashOf(ref))) throw new Error("Record not found");
    this.arena.free(ref);
  }

  /** All keys, by a walk. */
  keys(): string[] {
    const keys: string[] = [];
    let position = 0;
    do {
      position = this.table.walk(position, (ref) => keys.push(this.keyOf(ref)));
    } while (position !== 0);
    return keys;
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
