/**
 * The declarations in types/std.d.ts agree with what the import map delivers.
 *
 * @module
 */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { indexOfNeedle } from "@std/bytes";
import { parseArgs } from "@std/cli/parse-args";
import { DelimiterStream } from "@std/streams/delimiter-stream";
import { toBytes } from "@std/streams/to-bytes";
import { toText } from "@std/streams/to-text";
import config from "../../deno.json" with { type: "json" };

const encoder = new TextEncoder();

Deno.test("types/std.d.ts declares exactly the @std modules of the import map", async () => {
  const text = await Deno.readTextFile(new URL("../../types/std.d.ts", import.meta.url));
  const declared = [...text.matchAll(/^declare module "([^"]+)"/gm)].map((match) => match[1]);
  const mapped = Object.keys(config.imports).filter((name) => name.startsWith("@std/"));
  assertEquals(declared.toSorted(), mapped.toSorted());
});

Deno.test("every @std module of the import map can be imported", async () => {
  for (const name of Object.keys(config.imports).filter((name) => name.startsWith("@std/"))) {
    const module: Record<string, unknown> = await import(name);
    assertEquals(Object.values(module).length > 0, true, name);
  }
});

Deno.test("parseArgs types follow the options", () => {
  const args = parseArgs(["-p", "6379", "--raw", "--eval=a", "GET", "7"], {
    alias: { port: "p" },
    boolean: ["raw", "quiet"],
    string: ["port", "_", "eval", "user"],
    default: { host: "127.0.0.1" },
  });
  const port: string | undefined = args.port;
  const raw: boolean = args.raw;
  const host: string = args.host;
  assertEquals([port, raw, host, args.quiet, args.user, args._], [
    "6379",
    true,
    "127.0.0.1",
    false,
    undefined,
    ["GET", "7"],
  ]);
});

Deno.test("byte helpers and stream helpers work on plain Uint8Arrays", async () => {
  const bytes = concat([encoder.encode("a\r\n"), encoder.encode("bc\r\n")]);
  assertEquals(indexOfNeedle(bytes, encoder.encode("bc")), 3);

  const lines = ReadableStream.from([bytes]).pipeThrough(
    new DelimiterStream(encoder.encode("\r\n")),
  );
  assertEquals(await toText(lines.pipeThrough(new TextDecoderStream())), "abc");
  assertEquals(await toBytes(ReadableStream.from([bytes])), bytes);
});

Deno.test("assertThrows and assertRejects return the error with its type", async () => {
  const thrown = assertThrows(() => decodeURIComponent("%"), URIError, "malformed");
  assertEquals(thrown.name, "URIError");
  const reason = await assertRejects(() => Promise.reject(new RangeError("no")), RangeError);
  assertEquals(reason.message, "no");
});
