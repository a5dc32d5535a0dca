import { assertEquals } from "@std/assert";
import { Crc64 } from "../../../storage/rdb/crc64.ts";
import { seededRandom } from "../../support/harness.ts";

Deno.test("Crc64 has the published check value", () => {
  const bytes = new TextEncoder().encode("123456789");
  assertEquals(new Crc64().update(bytes).value, 0xe9c6d914c4b8d9can);
  const written = new Uint8Array(9);
  new Crc64().update(bytes).write(written, 1);
  assertEquals([...written], [0, 0xca, 0xd9, 0xb8, 0xc4, 0x14, 0xd9, 0xc6, 0xe9]);
});

Deno.test("Crc64 is the same however the bytes are cut", () => {
  const random = seededRandom(1);
  const bytes = new Uint8Array(1000).map(() => random() * 256);
  const whole = new Crc64().update(bytes).value;
  for (let step = 0; step < 100; step++) {
    const crc = new Crc64();
    for (let at = 0; at < bytes.length;) {
      const len = Math.min(bytes.length - at, Math.floor(random() * 40));
      crc.update(bytes, at, len);
      at += len;
    }
    assertEquals(crc.value, whole);
  }
});
