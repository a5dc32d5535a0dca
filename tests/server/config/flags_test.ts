/**
 * Command lines become the lines that Redis makes of them.
 *
 * @module
 */

import { parseFlags, wantedInformation } from "../../../server/config/loader.ts";
import { assertEquals } from "@std/assert";

function text(...args: string[]): string {
  return parseFlags(args).text;
}

Deno.test("parseFlags makes a line of each flag", () => {
  assertEquals(text("--port", "7000", "--save", "1", "2"), 'port "7000"\nsave "1" "2"');
  assertEquals(text("--port 7000", "--hz 5"), "port 7000\nhz 5");
  assertEquals(text(), "");
});

Deno.test("parseFlags takes a value for a value even if it looks like a flag", () => {
  assertEquals(text("--requirepass", "--x", "--hz", "5"), 'requirepass "--x"\nhz "5"');
  assertEquals(text("--requirepass", 'a "b"\n'), String.raw`requirepass "a \"b\"\n"`);
});

Deno.test("parseFlags lets --save come without a value", () => {
  assertEquals(text("--save", "--port", "1"), 'save ""\nport "1"');
  assertEquals(text("--save", ""), 'save ""');
  assertEquals(text("--port", "1", "--SAVE"), 'port "1"\nSAVE ""');
  assertEquals(text("--port"), "port");
});

Deno.test("parseFlags finds the file and the wish to read standard input", () => {
  assertEquals(parseFlags(["a.conf", "--hz", "1"]), {
    file: "a.conf",
    stdin: false,
    text: 'hz "1"',
  });
  assertEquals(parseFlags(["-"]), { stdin: true, text: "" });
  assertEquals(parseFlags(["a.conf", "--hz", "1", "-"]).stdin, true);
  assertEquals(parseFlags(["--hz", "-", "--port", "1"]), {
    stdin: false,
    text: 'hz "-"\nport "1"',
  });
});

Deno.test("wantedInformation recognizes help and version as the first argument", () => {
  assertEquals(wantedInformation(["--help"]), "help");
  assertEquals(wantedInformation(["-v", "--port"]), "version");
  assertEquals(wantedInformation(["--port", "--version"]), undefined);
  assertEquals(wantedInformation([]), undefined);
});
