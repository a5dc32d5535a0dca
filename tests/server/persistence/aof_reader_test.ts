/**
 * Reading the commands of an append-only file.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { AofReader, BadAofFormat } from "../../../server/persistence/aof_reader.ts";
import { encodeLatin1 } from "../../../server/resp/args.ts";

/** The commands in a text that comes in pieces, and where the last whole one ended. */
function read(text: string, pieceBytes: number): { commands: string[]; end: number } {
  const bytes = encodeLatin1(text);
  const reader = new AofReader();
  const commands: string[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.subarray(at, at + pieceBytes);
    reader.room().set(piece);
    reader.filled(piece.length);
    while (reader.next()) {
      const { args } = reader;
      commands.push(Array.from({ length: args.count }, (_, i) => args.binary(i)).join(" "));
    }
  }
  return { commands, end: reader.offset };
}

const SET = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$12\r\nv\r\n*1\r\n$-\xff\0 \r\n";
const PING = "*1\r\n$4\r\nPING\r\n";
const EMPTY = "*2\r\n$3\r\nGET\r\n$0\r\n\r\n";

Deno.test("Commands are read whatever pieces they come in", () => {
  const text = SET + "#TS:1700000000\r\n" + PING + "# anything else\n" + EMPTY;
  const commands = ["SET k v\r\n*1\r\n$-\xff\0 ", "PING", "GET "];
  for (let size = 1; size <= text.length; size++) {
    assertEquals(read(text, size), { commands, end: text.length });
  }
});

Deno.test("What is cut off anywhere ends behind the last whole command", () => {
  const text = SET + "#TS:1700000000\r\n" + PING;
  const ends = [0, SET.length, SET.length + 16, text.length];
  for (let length = 0; length <= text.length; length++) {
    const { end } = read(text.slice(0, length), 7);
    assertEquals(end, ends.findLast((each) => each <= length));
  }
});

for (
  const text of [
    "SET k v\r\n",
    "x",
    "*x",
    "*-1\r\n",
    "*0\r\n",
    "*1\n$4\nPING\n",
    "*1\r\n+PING\r\n",
    "*1\r\n$-1\r\n",
    "*1\r\n$3\r\nPING\r\n",
    "*1\r\n$4\r\nPING\rx",
    "*99999999999999999999",
  ]
) {
  Deno.test(`What is no command is refused: ${JSON.stringify(text)}`, () => {
    assertThrows(() => read(PING + text, 3), BadAofFormat);
  });
}

Deno.test("A value that is larger than the buffer is read", () => {
  const value = "x".repeat(1_000_000);
  const text = `*2\r\n$3\r\nGET\r\n$${value.length}\r\n${value}\r\n${PING}`;
  assertEquals(read(text, 100_000).commands, [`GET ${value}`, "PING"]);
});
