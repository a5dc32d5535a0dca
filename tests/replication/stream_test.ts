/**
 * The replication stream alone: what is in it, and how far back it reaches.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { NO_DATABASE } from "../../replication/effects.ts";
import { ReplicationStream, type StreamReader } from "../../replication/stream.ts";
import { Args, decodeLatin1 } from "../../server/resp/args.ts";
import { pick, seededRandom } from "../storage/memory/random.ts";
import { encodeCommand } from "../support/raw_connection.ts";

function openStream(backlogBytes: number): ReplicationStream {
  const stream = new ReplicationStream("a".repeat(40), () => backlogBytes);
  stream.open("b".repeat(40));
  return stream;
}

function readAll(reader: StreamReader): string {
  let text = "";
  for (let range = reader.next(); range !== undefined; range = reader.next()) {
    text += decodeLatin1(range.bytes.subarray(range.from, range.to));
  }
  return text;
}

Deno.test("The stream selects a database where it changes, and where nobody knows it", () => {
  const stream = openStream(1000);
  const reader = stream.readFrom(0);
  stream.add(3, Args.of("A"));
  stream.add(3, Args.of("B", "", "12345678901"));
  stream.add(NO_DATABASE, Args.of("MULTI"));
  stream.add(0, Args.of("C"));
  stream.forgetDatabase();
  stream.add(0, Args.of("D"));
  const expected = [
    ["SELECT", "3"],
    ["A"],
    ["B", "", "12345678901"],
    ["MULTI"],
    ["SELECT", "0"],
    ["C"],
    ["SELECT", "0"],
    ["D"],
  ].map((command) => decodeLatin1(encodeCommand(command))).join("");
  assertEquals(readAll(reader), expected);
  assertEquals(stream.offset, expected.length);
  assertEquals(reader.offset, expected.length);
});

Deno.test("Readers from any place read the same, and the backlog holds what it must but not much more", () => {
  const random = seededRandom(5);
  const stream = openStream(200_000);
  let whole = "";
  const live = stream.readFrom(0);
  for (let i = 0; i < 400; i++) {
    const length = [0, 9, 10, 99, 100, 1000, 70_000][pick(random, 7)];
    const command = ["SET", `key${i}`, "x".repeat(length)];
    stream.add(NO_DATABASE, Args.of(...command));
    whole += decodeLatin1(encodeCommand(command));
    if (i % 50 !== 0) continue;
    const kept = Math.min(200_000, whole.length);
    assertEquals(stream.reaches(whole.length - kept), true);
    assertEquals(stream.backlogLength < 200_000 + 2 * 70_100, true);
    const from = whole.length - pick(random, kept + 1);
    assertEquals(readAll(stream.readFrom(from)), whole.slice(from));
  }
  // Who reads keeps what the backlog has let go.
  assertEquals(stream.backlogStart > 0, true);
  assertEquals(readAll(live), whole);
  assertEquals(stream.reaches(stream.backlogStart - 1), false);
  assertEquals(stream.reaches(stream.offset + 1), false);
});

Deno.test("A stream that is closed keeps its offset and reaches nothing under the new id", () => {
  const stream = openStream(1000);
  stream.add(0, Args.of("A"));
  const { offset } = stream;
  stream.close("c".repeat(40));
  assertEquals([stream.id, stream.offset, stream.backlogLength], ["c".repeat(40), offset, 0]);
  assertEquals(stream.reaches(offset), false);
  stream.open("d".repeat(40));
  assertEquals(stream.reaches(offset), true);
  assertEquals(stream.reaches(offset - 1), false);
});
