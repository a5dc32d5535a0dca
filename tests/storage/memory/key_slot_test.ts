import { assertEquals } from "@std/assert";
import { crc16, keySlot } from "../../../storage/memory/key_slot.ts";
import { seededRandom } from "./random.ts";

/** CRC16/XMODEM by its definition, bit by bit. */
function slowCrc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const carry = ((crc >> 15) ^ (byte >> bit)) & 1;
      crc = ((crc << 1) & 0xffff) ^ (carry === 1 ? 0x1021 : 0);
    }
  }
  return crc;
}

/** The part of a key that counts, by the documentation's words. */
function counted(key: string): string {
  return /^[^{]*\{([^}]+)\}/s.exec(key)?.[1] ?? key;
}

function slotOf(key: string): number {
  // In the middle of a larger buffer, as keys lie in a session's input.
  const bytes = new TextEncoder().encode(`{x}${key}}`);
  return keySlot(bytes, 3, bytes.length - 4);
}

Deno.test("crc16 of the digits is the published check value", () => {
  assertEquals(crc16(new TextEncoder().encode("123456789"), 0, 9), 0x31c3);
});

Deno.test("crc16 agrees with its definition for random bytes", () => {
  const random = seededRandom(11);
  for (let i = 0; i < 2000; i++) {
    const bytes = Uint8Array.from({ length: Math.floor(random() * 80) }, () => random() * 256);
    assertEquals(crc16(bytes, 0, bytes.length), slowCrc16(bytes));
  }
});

Deno.test("keySlot knows the slots of well-known keys", () => {
  assertEquals(slotOf("foo"), 12182);
  assertEquals(slotOf("bar"), 5061);
  assertEquals(slotOf("{user1000}.following"), slotOf("{user1000}.followers"));
  assertEquals(slotOf(""), 0);
});

Deno.test("keySlot counts what the first braces hold, if they hold anything", () => {
  const random = seededRandom(12);
  const letters = "{{}}ab";
  for (let i = 0; i < 5000; i++) {
    const length = Math.floor(random() * 9);
    const key = Array.from({ length }, () => letters[Math.floor(random() * letters.length)]).join(
      "",
    );
    const bytes = new TextEncoder().encode(counted(key));
    assertEquals(slotOf(key), slowCrc16(bytes) % 16384, key);
  }
});
