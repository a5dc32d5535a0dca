/**
 * The command line of coolcache-cli.
 *
 * @module
 */

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type CliFlags, helpText, parseFlags } from "../../client/cli/flags.ts";
import { parseUri } from "../../client/cli/uri.ts";
import { UsageError } from "../../client/cli/usage_error.ts";

function parse(words: readonly string[], env: Record<string, string> = {}): CliFlags {
  return parseFlags(words, { outIsTerminal: true, env: (name) => env[name] });
}

Deno.test("parseFlags ends the flags at the command and leaves its words alone", () => {
  const command = ["INCRBY", "n", "-1", "--", "0x10", "-h", "007", ""];
  assertEquals(parse(["-p", "7000", "-3", ...command]).command, command);
  assertEquals(parse(["-3"]).command, []);
});

Deno.test("parseFlags takes values that begin with a dash or hold an equals sign", () => {
  assertEquals(parse(["-a", "-x=y"]).password, "-x=y");
  assertEquals(parse(["--pass", "--raw"]).password, "--raw");
  assertEquals(parse(["-a", ""]).password, "");
  assertEquals(parse(["-r", "-1", "PING"]).repeat, -1);
  assertEquals(parse(["-i", ".5", "PING"]).interval, 500);
});

Deno.test("parseFlags takes flag over URI over environment over default", () => {
  const env = { COOLCACHE_HOST: "env", COOLCACHE_PORT: "1", REDISCLI_AUTH: "secret" };
  assertEquals(parse([]).address, { host: "127.0.0.1", port: 6379 });
  assertEquals(parse([], env).address, { host: "env", port: 1 });
  assertEquals(parse(["-u", "redis://uri:2"], env).address, { host: "uri", port: 2 });
  assertEquals(parse(["-u", "redis://uri:2", "-h", "flag"], env).address, {
    host: "flag",
    port: 2,
  });
  assertEquals(parse(["-s", "/a/socket", "-h", "x"]).address, { path: "/a/socket" });
  assertEquals(parse([], env).password, "secret");
  assertEquals(parse(["-a", "other"], env).password, "other");
});

Deno.test("parseFlags warns of passwords on the command line only", () => {
  assertEquals(parse([], { REDISCLI_AUTH: "x" }).warnOfPassword, false);
  assertEquals(parse(["-a", "x"]).warnOfPassword, true);
  assertEquals(parse(["-u", "redis://:x@h"]).warnOfPassword, true);
  assertEquals(parse(["-a", "x", "--no-auth-warning"]).warnOfPassword, false);
});

Deno.test("parseFlags lets the last output format win, and JSON prefer RESP3", () => {
  assertEquals(parse([]).style.format, "standard");
  assertEquals(
    parseFlags([], { outIsTerminal: false, env: () => undefined }).style.format,
    "raw",
  );
  assertEquals(parse(["--raw", "--csv"]).style.format, "csv");
  assertEquals(parse(["--csv", "--no-raw"]).style.format, "standard");
  assertEquals(parse(["--json"]).protocol, "preferred");
  assertEquals(parse(["--json", "-2"]).protocol, 2);
  assertEquals(parse(["--json", "-3"]).protocol, 3);
  assertEquals(parse([]).protocol, 2);
});

Deno.test("parseFlags refuses what makes no sense", () => {
  const refused: [string[], string][] = [
    [["--bogus"], "Unrecognized option or bad number of args for: '--bogus'"],
    [["-q", "x"], "Unrecognized option or bad number of args for: '-q'"],
    [["-p"], "Unrecognized option or bad number of args for: '-p'"],
    [["-"], "Unrecognized option or bad number of args for: '-'"],
    [["--p", "1"], "Unrecognized option or bad number of args for: '--p'"],
    [["-raw"], "Unrecognized option or bad number of args for: '-raw'"],
    [["-2", "-3"], "mutually exclusive"],
    [["-x", "-X", "tag"], "mutually exclusive"],
    [["-p", "65536"], "Invalid server port."],
    [["-p", ""], "Invalid server port."],
    [["-n", "one"], "Option -n takes a number, not 'one'"],
    [["--quoted-pattern", '"a'], "Invalid quoted string"],
    [["-u", "http://x"], "Invalid URI scheme"],
  ];
  for (const [words, message] of refused) assertThrows(() => parse(words), UsageError, message);
});

Deno.test("parseFlags takes -h without a host for a call for help", () => {
  assertEquals(parse(["-h"]).help, true);
  assertEquals(parse(["--help"]).help, true);
  assertEquals(parse(["-v"]).version, true);
});

Deno.test("parseFlags reads the pattern of --scan, quoted or not", () => {
  assertEquals(parse(["--scan", "--pattern", "ä*"]).pattern, new TextEncoder().encode("ä*"));
  assertEquals(
    parse(["--scan", "--quoted-pattern", '"\\xff*"']).pattern,
    new Uint8Array([255, 42]),
  );
  assertEquals(parse(["--scan"]).mode, "scan");
  assertEquals(parse(["--pipe"]).mode, "pipe");
});

Deno.test("helpText shows every flag", () => {
  assertStringIncludes(helpText("1.2.3"), "coolcache-cli 1.2.3");
  assertStringIncludes(helpText("1.2.3"), "-a, --pass <password>");
});

Deno.test("parseUri reads user, password, host, port and database", () => {
  assertEquals(parseUri("redis://"), {});
  assertEquals(parseUri("REDIS://h"), { host: "h" });
  assertEquals(parseUri("redis://h:7/2"), { host: "h", port: 7, database: 2 });
  assertEquals(parseUri("redis://u:p%40%3a@h/"), { username: "u", password: "p@:", host: "h" });
  assertEquals(parseUri("redis://p@h"), { password: "p", host: "h" });
  assertEquals(parseUri("redis://:p@h"), { password: "p", host: "h" });
  assertEquals(parseUri("redis://[::1]:7"), { host: "::1", port: 7 });
  assertEquals(parseUri("redis:///3"), { database: 3 });
});

Deno.test("parseUri refuses TLS and broken escapes", () => {
  assertThrows(() => parseUri("rediss://h"), UsageError, "not supported");
  assertThrows(() => parseUri("redis://:%zz@h"), UsageError, "Illegal character");
  assertThrows(() => parseUri("redis://h:port"), UsageError, "Invalid URI");
});
