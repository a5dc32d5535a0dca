import { Crc64 } from "../../storage/rdb/crc64.ts";
import { RdbType } from "../../storage/rdb/format.ts";
import { RdbWriter } from "../../storage/rdb/writer.ts";
import { compareScripts, PeerPair } from "../support/compare.ts";
import { hasRedisServer } from "../support/peer.ts";
import type { Command } from "../support/raw_connection.ts";

const encoder = new TextEncoder();

/** A payload of a type, of a version that all accept. */
function payload(type: number, write: (writer: RdbWriter) => void): Uint8Array {
  const writer = new RdbWriter();
  writer.byte(type);
  write(writer);
  writer.uint16(6);
  const checksum = new Uint8Array(8);
  new Crc64().update(writer.bytes).write(checksum, 0);
  writer.raw(checksum);
  return writer.take();
}

function text(writer: RdbWriter, value: string): void {
  writer.string(encoder.encode(value));
}

/** The entries of a ziplist in their own encodings: text, or an integer with its width in bytes. */
type ZiplistEntry = string | [value: bigint, bytes: number];

function ziplist(entries: readonly ZiplistEntry[]): Uint8Array {
  const bytes: number[] = [];
  let before = 0;
  let last = 10;
  for (const entry of entries) {
    const start = bytes.length;
    last = 10 + start;
    if (before < 254) bytes.push(before);
    else bytes.push(254, before & 0xff, (before >> 8) & 0xff, (before >> 16) & 0xff, 0);
    bytes.push(...(typeof entry === "string" ? textEntry(entry) : integerEntry(...entry)));
    before = bytes.length - start;
  }
  const head = new DataView(new ArrayBuffer(10));
  head.setUint32(0, bytes.length + 11, true);
  head.setUint32(4, last, true);
  head.setUint16(8, entries.length, true);
  return Uint8Array.from([...new Uint8Array(head.buffer), ...bytes, 0xff]);
}

function textEntry(entry: string): number[] {
  const bytes = [...encoder.encode(entry)];
  const { length } = bytes;
  if (length < 64) return [length, ...bytes];
  if (length < 16384) return [0x40 | (length >> 8), length & 0xff, ...bytes];
  return [0x80, 0, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff, ...bytes];
}

function integerEntry(value: bigint, width: number): number[] {
  if (width === 0) return [0xf1 + Number(value)];
  const codes: Record<number, number> = { 1: 0xfe, 2: 0xc0, 3: 0xf0, 4: 0xd0, 8: 0xe0 };
  const bytes = Array.from({ length: width }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
  return [codes[width], ...bytes];
}

const ENTRIES: readonly ZiplistEntry[] = [
  "a",
  [0n, 0],
  [12n, 0],
  [-5n, 1],
  [-300n, 2],
  [-70_000n, 3],
  [70_000n, 4],
  [-5_000_000_000n, 8],
  "x".repeat(63),
  "y".repeat(64),
  "z".repeat(20_000),
  "b",
];

const NUMBERED = ["a", "2", "b", "-1.5", "c", "30", "d", "inf"];

const PAYLOADS: Readonly<Record<string, Uint8Array>> = {
  "list": payload(RdbType.list, (w) => {
    w.count(3);
    for (const element of ["a", "-1", "long enough to be something else"]) text(w, element);
  }),
  "list ziplist": payload(RdbType.listZiplist, (w) => w.string(ziplist(ENTRIES))),
  "quicklist of ziplists": payload(RdbType.quicklist, (w) => {
    w.count(3);
    w.string(ziplist(["a", "b"]));
    w.string(ziplist([]));
    w.string(ziplist([[1n, 0], "c"]));
  }),
  "set": payload(RdbType.set, (w) => {
    w.count(3);
    for (const member of ["a", "1", "b"]) text(w, member);
  }),
  "set of integers": payload(RdbType.set, (w) => {
    w.count(3);
    for (const member of ["5", "1", "100000"]) text(w, member);
  }),
  "zset": payload(RdbType.zset, (w) => {
    w.count(4);
    for (let i = 0; i < NUMBERED.length; i += 2) {
      text(w, NUMBERED[i]);
      if (NUMBERED[i + 1] === "inf") w.byte(254);
      else {
        const score = encoder.encode(NUMBERED[i + 1]);
        w.byte(score.length);
        w.raw(score);
      }
    }
  }),
  "zset ziplist": payload(
    RdbType.zsetZiplist,
    (w) => w.string(ziplist(["b", "-1.5", "a", [2n, 0], "c", [30n, 1], "d", "inf"])),
  ),
  "hash": payload(RdbType.hash, (w) => {
    w.count(4);
    for (const part of NUMBERED) text(w, part);
  }),
  "hash ziplist": payload(RdbType.hashZiplist, (w) => w.string(ziplist(NUMBERED))),
  "hash zipmap": payload(
    RdbType.hashZipmap,
    (w) =>
      w.string(
        Uint8Array.from([2, 1, 0x61, 2, 0, 0x31, 0x32, 1, 0x62, 3, 2, 0x78, 0x79, 0x7a, 0, 0, 255]),
      ),
  ),
  "stream of Redis 5": payload(RdbType.stream, (w) => {
    w.count(0);
    w.count(0);
    w.count(5);
    w.count(1);
    w.count(1);
    text(w, "group");
    w.count(3);
    w.count(0);
    w.count(1);
    w.raw(new Uint8Array(16).fill(1));
    w.int64(1_700_000_000_000);
    w.count(2);
    w.count(1);
    text(w, "consumer");
    w.int64(1_700_000_000_000);
    w.count(1);
    w.raw(new Uint8Array(16).fill(1));
  }),
  "duplicate field": payload(RdbType.hash, (w) => {
    w.count(2);
    for (const part of ["a", "1", "a", "2"]) text(w, part);
  }),
  "duplicate member": payload(RdbType.set, (w) => {
    w.count(2);
    for (const part of ["a", "a"]) text(w, part);
  }),
  "score that is none": payload(RdbType.zset, (w) => {
    w.count(1);
    text(w, "a");
    w.byte(253);
  }),
  "empty list": payload(RdbType.quicklist, (w) => w.count(0)),
  "empty set": payload(RdbType.set, (w) => w.count(0)),
  "empty sorted set": payload(RdbType.zset2, (w) => w.count(0)),
  "empty hash": payload(RdbType.hash, (w) => w.count(0)),
  "unknown type": payload(8, (w) => w.count(0)),
};

Deno.test({
  name: "RESTORE takes the formats of older Redis",
  ignore: !hasRedisServer,
  async fn(t) {
    await using peers = await PeerPair.start([
      "--enable-debug-command",
      "yes",
      "--sanitize-dump-payload",
      "yes",
    ]);
    for (const [name, bytes] of Object.entries(PAYLOADS)) {
      await t.step(name, async () => {
        const script: Command[] = [
          ["RESTORE", "k", "0", bytes],
          ["TYPE", "k"],
          ["DEBUG", "DIGEST-VALUE", "k"],
          ["LRANGE", "k", "0", "-1"],
          ["ZRANGE", "k", "0", "-1"],
          ["SISMEMBER", "k", "1"],
          ["HGET", "k", "b"],
          ["XINFO", "GROUPS", "k"],
          ["XPENDING", "k", "group"],
        ];
        // Redis 7.0 writes the digits of scores another way into its digests.
        const steps = name.startsWith("zset")
          ? script.filter(([word]) => word !== "DEBUG")
          : script;
        await compareScripts(steps, { peers, protocols: [2] });
      });
    }
  },
});
