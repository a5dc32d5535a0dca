/**
 * A server starts with what the environment, files and flags say, and says which line is wrong.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { Config } from "../../../server/config/config.ts";
import { ConfigFileError } from "../../../server/config/errors.ts";
import { fakeHost, type FakeMachine } from "./fake_host.ts";

function start(args: string[], machine: FakeMachine = {}): Config {
  return Config.fromArgs(args, fakeHost(machine)).config;
}

/** What stderr shows when a server cannot start. */
function failure(args: string[], machine: FakeMachine = {}): string {
  return assertThrows(() => start(args, machine), ConfigFileError).message;
}

Deno.test("flags are obeyed over files, files over the environment", () => {
  const env = { COOLCACHE_HOST: "127.0.0.1 ::1", COOLCACHE_PORT: "7000" };
  const files = { "/srv/a.conf": "port 7001\ntimeout 5\n" };
  assertEquals(start([], { env }).values.bind, ["127.0.0.1", "::1"]);
  assertEquals(start([], { env }).values.port, 7000);
  assertEquals(start(["a.conf"], { env, files }).values.port, 7001);
  const { values } = start(["a.conf", "--port", "7002"], { env, files });
  assertEquals([values.port, values.timeout], [7002, 5]);
});

Deno.test("an environment variable that is wrong is named", () => {
  assertEquals(
    failure([], { env: { COOLCACHE_PORT: "http" } }),
    "*** FATAL CONFIG FILE ERROR (coolcache) ***\nReading the environment\n" +
      ">>> 'COOLCACHE_PORT=http'\nargument couldn't be parsed into an integer",
  );
  assertEquals(start([], { env: { COOLCACHE_PORT: "" } }).values.port, 6379);
});

Deno.test("save lines add up from the first one on, and an empty one starts again", () => {
  const save = (text: string, ...args: string[]) =>
    start(["a.conf", ...args], { files: { "/srv/a.conf": text } }).get(["save"])[0][1];
  assertEquals(save(""), "3600 1 300 100 60 10000");
  assertEquals(save("save 1 2\nsave 3 4 5 6\n"), "1 2 3 4 5 6");
  assertEquals(save("save 1 2\n", "--save", "3", "4"), "1 2 3 4");
  assertEquals(save('save 1 2\nsave ""\n'), "");
  assertEquals(save('save 1 2\nsave ""\nsave 3 4\n'), "3 4");
  assertEquals(save("save 1 2\n", "--save"), "");
});

Deno.test("several words may come as one in quotes", () => {
  const config = start(["--save", "900 1 60 5", "--bind", "10.0.0.1 10.0.0.2"]);
  assertEquals(config.get(["save", "bind"]), [
    ["save", "900 1 60 5"],
    ["bind", "10.0.0.1 10.0.0.2"],
  ]);
  assertEquals(
    start(["--client-output-buffer-limit", "normal 1kb 2 3"]).values.clientOutputBufferLimit.normal,
    { hardBytes: 1024, softBytes: 2, softSeconds: 3 },
  );
});

Deno.test("names are read in any case, aliases and former directives too", () => {
  const files = { "/srv/a.conf": "SLAVE-Read-Only no\nlua-replicate-commands yes\n" };
  assertEquals(start(["a.conf"], { files }).values.replicaReadOnly, false);
});

Deno.test("standard input is read after the file and before the flags", () => {
  const files = { "/srv/a.conf": "port 1\nhz 11\ntimeout 3\n" };
  const stdin = "port 2\nhz 12\n";
  const { values } = start(["a.conf", "--port", "3", "-"], { files, stdin });
  assertEquals([values.port, values.hz, values.timeout], [3, 12, 3]);
  assertEquals(start(["-"], { stdin }).values.hz, 12);
});

Deno.test("include reads files, patterns of files, and paths relative to dir", () => {
  const files = {
    "/srv/a.conf": "include b.conf\ninclude conf.d/*.conf\ninclude none/*.conf\n",
    "/srv/b.conf": "dir data\ninclude c.conf\ndir ..\n",
    "/srv/data/c.conf": "port 3\n",
    "/srv/conf.d/1.conf": "hz 11\ntimeout 1\n",
    "/srv/conf.d/2.conf": "hz 12\n",
  };
  const host = fakeHost({ files });
  host.realDirectory = (path) => path.endsWith("..") ? "/srv" : path;
  const { values } = Config.fromArgs(["a.conf"], host).config;
  assertEquals([values.port, values.hz, values.timeout], [3, 12, 1]);
});

Deno.test("a file that cannot be read, or includes itself, ends the start", () => {
  assertEquals(
    failure(["nosuch.conf"]),
    "Fatal error, can't open config file '/srv/nosuch.conf': No such file or directory",
  );
  const files = { "/srv/a.conf": "include b.conf\n", "/srv/b.conf": "include a.conf\n" };
  assertEquals(
    failure(["a.conf"], { files }),
    "Fatal error, can't open config file '/srv/a.conf': It includes itself",
  );
});

Deno.test("a wrong line is named with its file and number", () => {
  const files = { "/srv/a.conf": "port 1\n\n  foo bar  # x\n", "/srv/b.conf": "include a.conf" };
  assertEquals(
    failure(["b.conf"], { files }),
    "*** FATAL CONFIG FILE ERROR (coolcache) ***\n" +
      "Reading the configuration file, at line 3 of /srv/a.conf\n" +
      ">>> 'foo bar  # x'\nBad directive or wrong number of arguments",
  );
  assertEquals(
    failure(["--save", "1"]),
    "*** FATAL CONFIG FILE ERROR (coolcache) ***\nReading the command line\n" +
      `>>> 'save "1"'\nInvalid save parameters`,
  );
});

Deno.test("wrong lines are told apart by their reasons", () => {
  const reason = (...args: string[]) => failure(args).split("\n").at(-1);
  assertEquals(reason("--port"), "wrong number of arguments");
  assertEquals(reason("--port", "1", "2"), "wrong number of arguments");
  assertEquals(reason("--port", "x"), "argument couldn't be parsed into an integer");
  assertEquals(reason('--port "1'), "Unbalanced quotes in configuration line");
  assertEquals(reason("--save", '1 "2'), "Unbalanced quotes in configuration line");
  assertEquals(reason("--dir", "nowhere"), "No such file or directory");
  assertEquals(reason("--nosuch", "x"), "Bad directive or wrong number of arguments");
  assertEquals(reason("--module.option", "x"), "Bad directive or wrong number of arguments");
  assertEquals(reason("--loadmodule", "x.so"), "coolcache cannot load modules");
  assertEquals(reason("--sentinel"), "sentinel directive while not in sentinel mode");
});

Deno.test("users and renamed commands are handed on", () => {
  const text = 'user bob on ">secret"\nrename-command FLUSHALL ""\nrename-command GET FETCH\n';
  const host = fakeHost({ files: { "/srv/a.conf": text } });
  const { users, renamedCommands } = Config.fromArgs(["a.conf"], host);
  assertEquals(users.map(({ words }) => words), [["bob", "on", ">secret"]]);
  assertEquals(
    renamedCommands.map(({ from, to, line }) => [from, to, line.origin.line]),
    [["FLUSHALL", "", 2], ["GET", "FETCH", 3]],
  );
});

Deno.test("a cluster has one database and follows no primary by itself", () => {
  const host = fakeHost();
  const { config } = Config.fromArgs(["--cluster-enabled", "yes"], host);
  assertEquals(config.values.databases, 1);
  assertEquals(host.warnings.length, 1);
  assertEquals(
    failure(["--cluster-enabled", "yes", "--replicaof", "10.0.0.1", "6379"]),
    "*** FATAL CONFIG FILE ERROR (coolcache) ***\n" +
      "replicaof directive not allowed in cluster mode",
  );
});
