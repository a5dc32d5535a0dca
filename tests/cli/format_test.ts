/**
 * Output formats. The expected texts are redis-cli's own, observed with version 7.0.15.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { nodeReplies, type ReplyNode } from "../../client/cli/reply_node.ts";
import {
  formatInvalidation,
  formatReply,
  formatReport,
  type OutputFormat,
  type OutputStyle,
} from "../../client/cli/format.ts";
import { decodeLatin1, encodeLatin1 } from "../../server/resp/args.ts";
import { ReplyDecoder } from "../../server/resp/reply_decoder.ts";

function node(wire: string): ReplyNode {
  const decoder = new ReplyDecoder(nodeReplies());
  decoder.feed(encodeLatin1(wire));
  const reply = decoder.next();
  if (reply === undefined) throw new Error(`Incomplete: ${wire}`);
  return reply;
}

function style(format: OutputFormat): OutputStyle {
  return { format, elementDelimiter: "\n", replyDelimiter: "\n" };
}

function shown(wire: string, format: OutputFormat): string {
  return decodeLatin1(formatReply(node(wire), style(format)));
}

const NESTED = "*3\r\n:1\r\n*2\r\n$1\r\na\r\n*1\r\n*2\r\n:7\r\n*0\r\n$-1\r\n";
const MAP = "%2\r\n+a\r\n:1\r\n+list\r\n*2\r\n:1\r\n:2\r\n";

const EXAMPLES: readonly { wire: string; as: Record<OutputFormat, string> }[] = [
  {
    wire: "+OK\r\n",
    as: { standard: "OK", raw: "OK", csv: '"OK"', json: '"OK"', "quoted-json": '"OK"' },
  },
  {
    wire: "-ERR bad\r\n",
    as: {
      standard: "(error) ERR bad",
      raw: "ERR bad\n",
      csv: 'ERROR,"ERR bad"',
      json: 'error:"ERR bad"',
      "quoted-json": 'error:"ERR bad"',
    },
  },
  {
    wire: ":-5\r\n",
    as: { standard: "(integer) -5", raw: "-5", csv: "-5", json: "-5", "quoted-json": "-5" },
  },
  {
    wire: ",1.5\r\n",
    as: { standard: "(double) 1.5", raw: "1.5", csv: "1.5", json: "1.5", "quoted-json": "1.5" },
  },
  {
    wire: "_\r\n",
    as: { standard: "(nil)", raw: "", csv: "NULL", json: "null", "quoted-json": "null" },
  },
  {
    wire: "#t\r\n",
    as: { standard: "(true)", raw: "(true)", csv: "true", json: "true", "quoted-json": "true" },
  },
  {
    wire: '$14\r\na"\\\n\r\t\x07\b\x00\x0c\xc3\xa4z\x7f\r\n',
    as: {
      standard: String.raw`"a\"\\\n\r\t\a\b\x00\x0c\xc3\xa4z\x7f"`,
      raw: 'a"\\\n\r\t\x07\b\x00\x0c\xc3\xa4z\x7f',
      csv: String.raw`"a\"\\\n\r\t\a\b\x00\x0c\xc3\xa4z\x7f"`,
      json: '"a\\"\\\\\\n\\r\\t\\u0007\\b\\u0000\\f\xc3\xa4z\x7f"',
      "quoted-json": String.raw`"a\\"\\\\\\n\\r\\t\\a\\b\\x00\\x0c\\xc3\\xa4z\\x7f"`,
    },
  },
  {
    wire: '=8\r\ntxt:a"b\n\r\n',
    as: {
      standard: 'a"b\n',
      raw: 'a"b\n',
      csv: '"a\\"b\\n"',
      json: '"a\\"b\\n"',
      "quoted-json": '"a\\\\"b\\\\n"',
    },
  },
  {
    wire: NESTED,
    as: {
      standard: [
        "1) (integer) 1",
        '2) 1) "a"',
        "   2) 1) 1) (integer) 7",
        "         2) (empty array)",
        "3) (nil)",
      ].join("\n"),
      raw: "1\na\n7\n\n",
      csv: '1,"a",7,,NULL',
      json: '[1,["a",[[7,[]]]],null]',
      "quoted-json": '[1,["a",[[7,[]]]],null]',
    },
  },
  {
    wire: MAP,
    as: {
      standard: "1# a => (integer) 1\n2# list => \n   1) (integer) 1\n   2) (integer) 2",
      raw: "a 1\nlist 1\n2",
      csv: '"a",1,"list",1,2',
      json: '{"a":1,"list":[1,2]}',
      "quoted-json": '{"a":1,"list":[1,2]}',
    },
  },
  {
    wire: "%1\r\n:1\r\n#f\r\n",
    as: {
      standard: "1# (integer) 1 => (false)",
      raw: "1 (false)",
      csv: "1,false",
      json: '{"1":false}',
      "quoted-json": '{"1":false}',
    },
  },
  {
    wire: "~2\r\n+x\r\n+y\r\n",
    as: {
      standard: "1~ x\n2~ y",
      raw: "x\ny",
      csv: '"x","y"',
      json: '["x","y"]',
      "quoted-json": '["x","y"]',
    },
  },
];

Deno.test("formatReply prints every type in every format as redis-cli does", () => {
  for (const { wire, as } of EXAMPLES) {
    for (const [format, expected] of Object.entries(as)) {
      assertEquals(shown(wire, format as OutputFormat), `${expected}\n`, `${format} of ${wire}`);
    }
  }
});

Deno.test("formatReply names empty aggregates by their kind", () => {
  assertEquals(shown("*0\r\n", "standard"), "(empty array)\n");
  assertEquals(shown("%0\r\n", "standard"), "(empty hash)\n");
  assertEquals(shown("~0\r\n", "standard"), "(empty set)\n");
  assertEquals(shown(">0\r\n", "standard"), "(empty push)\n");
});

Deno.test("formatReply aligns the numbers of long and nested lists", () => {
  const ten = "*10\r\n" + ":1\r\n".repeat(9) + "*2\r\n:1\r\n:2\r\n";
  const lines = shown(ten, "standard").split("\n");
  assertEquals(lines[0], " 1) (integer) 1");
  assertEquals(lines.slice(9), ["10) 1) (integer) 1", "    2) (integer) 2", ""]);
});

Deno.test("formatReply uses the delimiters of raw output", () => {
  const out = formatReply(node("*2\r\n+a\r\n+b\r\n"), {
    format: "raw",
    elementDelimiter: ", ",
    replyDelimiter: ";",
  });
  assertEquals(decodeLatin1(out), "a, b;");
});

Deno.test("formatReport leaves a text as it is", () => {
  const info = node("=13\r\ntxt:# Server\n\r\n");
  assertEquals(decodeLatin1(formatReport(info, style("standard"))), "# Server\n");
});

Deno.test("formatInvalidation names the keys of an invalidation only", () => {
  const keys = node(">2\r\n$10\r\ninvalidate\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n");
  assertEquals(decodeLatin1(formatInvalidation(keys)!), "-> invalidate: 'a', 'b'\n");
  assertEquals(formatInvalidation(node(">2\r\n$10\r\ninvalidate\r\n_\r\n")), undefined);
  assertEquals(formatInvalidation(node(">2\r\n+message\r\n*0\r\n")), undefined);
});
