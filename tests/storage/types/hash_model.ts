/**
 * Walks a hash of either kind beside a Map, through random changes.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { decodeLatin1, encodeLatin1 } from "../../../server/resp/args.ts";
import { FieldTime, type HashFields } from "../../../storage/types/hash_fields.ts";

/** What is known of a field. */
export interface Known {
  value: string;
  expiry: number;
}

/** What the walk is like. */
export interface Walk {
  random: () => number;
  steps: number;
  /** How many names there are. */
  names: number;
  /** Fields may get times. */
  times: boolean;
  /** The hash is compared as a whole every so many steps. */
  every: number;
}

/** Names and values of all kinds that a packed hash tells apart. */
function textOf(random: () => number, choices: number): string {
  const n = Math.floor(random() * choices);
  switch (n % 6) {
    case 0:
      return String(n);
    case 1:
      return String(-n * 100_003);
    case 2:
      return `0${n}`;
    case 3:
      return "x".repeat(n % 90) + n;
    case 4:
      return String(9_223_372_036_854_775_000n + BigInt(n % 800));
    default:
      return `field:${n}\0\xff`;
  }
}

/** Puts a field given as text; answers whether it was added. */
export function put(
  fields: HashFields,
  name: string,
  value: string,
  expiry: number = FieldTime.none,
): boolean {
  const n = encodeLatin1(name);
  const v = encodeLatin1(value);
  return fields.put(n, 0, n.length, v, 0, v.length, expiry);
}

/** The field of a name given as text. */
export function find(fields: HashFields, name: string): number {
  const bytes = encodeLatin1(name);
  return fields.find(bytes, 0, bytes.length);
}

/** All fields of a hash. */
export function contentOf(fields: HashFields): Map<string, Known> {
  const content = new Map<string, Known>();
  fields.some((field) => {
    fields.showName(field);
    const name = shown(fields);
    fields.showValue(field);
    content.set(name, { value: shown(fields), expiry: fields.expiryOf(field) });
  });
  return content;
}

function shown({ buf, off, len }: HashFields): string {
  return decodeLatin1(buf.subarray(off, off + len));
}

/** Changes a hash and a Map in the same way and compares them. */
export function walkBeside(fields: HashFields, walk: Walk): Map<string, Known> {
  const { random } = walk;
  const model = new Map<string, Known>();
  let now = 1_700_000_000_000;
  for (let step = 1; step <= walk.steps; step++) {
    const name = textOf(random, walk.names);
    const known = model.get(name);
    const choice = random();
    if (choice < 0.5) {
      const value = textOf(random, 1000);
      let expiry: number = random() < 0.2 ? FieldTime.keep : FieldTime.none;
      let time = expiry === FieldTime.keep ? known?.expiry ?? -1 : -1;
      if (walk.times && random() < 0.3) expiry = time = now + Math.floor(random() * 1000);
      assertEquals(put(fields, name, value, expiry), known === undefined);
      model.set(name, { value, expiry: time });
    } else if (choice < 0.7) {
      const field = find(fields, name);
      assertEquals(field !== 0, known !== undefined);
      if (field !== 0) fields.remove(field);
      model.delete(name);
    } else if (choice < 0.8 && walk.times) {
      const field = find(fields, name);
      if (field !== 0 && known !== undefined) {
        known.expiry = random() < 0.3 ? -1 : now + Math.floor(random() * 1000);
        fields.setExpiry(field, known.expiry);
      }
    } else if (choice < 0.805 && walk.times) {
      now += Math.floor(random() * 400);
      const gone: string[] = [];
      while (
        fields.removeOver(now, (field) => {
          fields.showName(field);
          gone.push(shown(fields));
        }) > 0
      );
      const over = [...model].filter(([, { expiry }]) => expiry !== -1 && expiry < now);
      assertEquals(gone.sort(), over.map(([name]) => name).sort());
      for (const name of gone) model.delete(name);
    } else {
      const field = find(fields, name);
      assertEquals(field !== 0, known !== undefined, name);
      if (known !== undefined) {
        fields.showValue(field);
        assertEquals(shown(fields), known.value);
        assertEquals(fields.expiryOf(field), known.expiry);
      }
    }
    assertEquals(fields.size, model.size);
    if (step % walk.every === 0) {
      assertEquals(contentOf(fields), model);
      const times = [...model.values()].map(({ expiry }) => expiry).filter((time) => time !== -1);
      const earliest = Math.min(...times);
      assertEquals(fields.earliest <= earliest, true);
      assertEquals(fields.earliest === Infinity, times.length === 0);
    }
  }
  return model;
}
