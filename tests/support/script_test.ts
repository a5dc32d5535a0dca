import { assertEquals, assertThrows } from "@std/assert";
import { parseScript } from "./script.ts";

function words(command: readonly (string | Uint8Array)[]): string[] {
  return command.map((word) => typeof word === "string" ? word : new TextDecoder().decode(word));
}

Deno.test("parseScript reads commands and skips comments and empty lines", () => {
  const steps = parseScript(`
    # a comment
    SET a "b c"

    GET #1
  `);
  assertEquals(steps.map((step) => [step.line, ...words(step.command)]), [
    [3, "SET", "a", "b c"],
    [5, "GET", "#1"],
  ]);
});

Deno.test("parseScript reads markers in any order", () => {
  const [step] = parseScript("@b ~resp3 ~sorted KEYS *");
  assertEquals([step.connection, step.protocols, step.tolerance], ["b", [3], "sorted"]);
  assertEquals(words(step.command), ["KEYS", "*"]);
});

Deno.test("parseScript reads the reply behind the arrow, plain or quoted", () => {
  const [plain, quoted, argument] = parseScript(
    ["~skip7.0 SET a b => -ERR no", 'GET a => "$1\\r\\nb\\r\\n"', 'SET a "=>"'].join("\n"),
  );
  assertEquals(plain.newer, true);
  assertEquals(plain.expected, new TextEncoder().encode("-ERR no\r\n"));
  assertEquals(quoted.expected, new TextEncoder().encode("$1\r\nb\r\n"));
  assertEquals(argument.expected, undefined);
  assertEquals(words(argument.command), ["SET", "a", "=>"]);
});

Deno.test("parseScript names the line of an error", () => {
  for (const line of ["~what GET a", "~skip7.0 GET a", "GET a =>", 'GET "a', "=> +OK"]) {
    assertThrows(() => parseScript(`PING\n${line}`), Error, "Line 2");
  }
});
