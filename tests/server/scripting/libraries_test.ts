import { assertEquals, assertThrows } from "@std/assert";
import { ByteBuffer } from "../../../server/scripting/libraries/byte_buffer.ts";
import { LuaError } from "../../../server/scripting/lua_library.ts";
import { startTestServer } from "../../support/harness.ts";

Deno.test("cjson, cmsgpack, struct and bit go there and back with any bytes", async () => {
  await using t = await startTestServer();
  const all = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte));
  const bytes = Uint8Array.from(all, (character) => character.charCodeAt(0));
  const evaluate = (body: string) => t.run("EVAL", body, 0, bytes);
  assertEquals(await evaluate("return cjson.decode(cjson.encode({ARGV[1]}))[1]"), all);
  assertEquals(
    await evaluate("return cjson.decode(cjson.encode({[ARGV[1]] = 'x'}))[ARGV[1]]"),
    "x",
  );
  assertEquals(await evaluate("return cmsgpack.unpack(cmsgpack.pack({ARGV[1]}))[1]"), all);
  assertEquals(
    await evaluate("return struct.unpack('Ic0', struct.pack('Ic0', 256, ARGV[1]))"),
    all,
  );
  assertEquals(await evaluate("return bit.tohex(bit.bxor(0xff00ff00, -1))"), "00ff00ff");
});

Deno.test("what a library writes is bounded in bytes and in values", () => {
  const buffer = new ByteBuffer();
  const assertFull = (action: () => void) => {
    const error = assertThrows(action, LuaError, "not enough memory");
    assertEquals(error.placed, false);
  };
  buffer.text("abc");
  assertFull(() => buffer.reserve(512 * 1024 * 1024));
  assertEquals([buffer.length, buffer.bytes.subarray(0, 3)], [3, new Uint8Array([97, 98, 99])]);
  for (let i = 0; i < 2 ** 24; i++) buffer.beginValue();
  assertFull(() => buffer.beginValue());
  buffer.clear();
  buffer.beginValue();
});

Deno.test("settings of one cjson are no other's", async () => {
  await using t = await startTestServer();
  const body = "local c = cjson.new() c.encode_max_depth(1) " +
    "return {cjson.encode_max_depth(), c.encode_max_depth(), (pcall(c.encode, {{}})) and 1 or 0}";
  assertEquals(await t.run("EVAL", body, 0), [1000, 1, 0]);
});

Deno.test("deep values are no danger to our own stack", async () => {
  await using t = await startTestServer();
  const deep = (text: string) =>
    `cjson.decode_max_depth(2^31-1) cjson.encode_max_depth(2^31-1) ${text}`;
  assertEquals(
    await t.run(
      "EVAL",
      deep("local s = string.rep('[', 7000) .. string.rep(']', 7000) return #cjson.decode(s)"),
      0,
    ),
    1,
  );
  assertEquals(
    await t.run(
      "EVAL",
      deep("local t = {} t[1] = t return (pcall(cjson.encode, t)) and 1 or 0"),
      0,
    ),
    0,
  );
  assertEquals(
    await t.run(
      "EVAL",
      "return (pcall(cmsgpack.unpack, string.rep('\\145', 100000))) and 1 or 0",
      0,
    ),
    0,
  );
});
