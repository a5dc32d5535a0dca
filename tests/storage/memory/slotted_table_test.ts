import { assertEquals } from "@std/assert";
import { Arena, type Ref } from "../../../storage/memory/arena.ts";
import { Hasher } from "../../../storage/memory/hash.ts";
import { keySlot } from "../../../storage/memory/key_slot.ts";
import { VALUED_KEY_AT, writeLengths } from "../../../storage/memory/record.ts";
import { SlottedTable } from "../../../storage/memory/slotted_table.ts";
import { pick, seededRandom } from "./random.ts";

Deno.test("slotted table knows the keys of every slot, few or many, as they come and go", () => {
  const random = seededRandom(3);
  const arena = new Arena();
  const table = new SlottedTable(arena, new Hasher(1, 2), { keyAt: VALUED_KEY_AT, valued: true });
  const model = new Map<string, Ref>();
  const slotOf = (key: string) => keySlot(new TextEncoder().encode(key), 0, key.length);
  const tags = Array.from({ length: 40 }, (_, i) => `{${i}}`);
  for (let step = 0; step < 40_000; step++) {
    // The first slots get many keys, the others none to three.
    const tag = pick(random, 40);
    const key = tags[tag] + pick(random, tag < 5 ? 500 : 3);
    const bytes = new TextEncoder().encode(key);
    const hash = table.hash(bytes, 0, bytes.length);
    const ref = model.get(key);
    if (ref !== undefined) {
      table.remove(ref, hash);
      arena.free(ref);
      model.delete(key);
    } else {
      const fresh = arena.alloc(VALUED_KEY_AT + bytes.length);
      const words = arena.u32[fresh >>> 17];
      const word = (fresh & 0x1ffff) << 1;
      words[word] = 0;
      writeLengths(words, word, bytes.length, 0, false);
      arena.u8[fresh >>> 17].set(bytes, (word << 2) + VALUED_KEY_AT);
      table.insert(fresh, hash);
      model.set(key, fresh);
    }
    if (step % 4000 !== 3999) continue;
    const bySlot = Map.groupBy(model, ([key]) => slotOf(key));
    for (const each of tags) {
      const expected = (bySlot.get(slotOf(each)) ?? []).map(([, ref]) => ref);
      assertEquals(table.countInSlot(slotOf(each)), expected.length);
      assertEquals(table.refsInSlot(slotOf(each)).toSorted(), expected.toSorted());
    }
  }
  table.clear();
  assertEquals(table.slotBytes, 0);
});
