/**
 * Config keeps values and texts in step, and CONFIG SET changes everything or nothing.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { Config } from "../../../server/config/config.ts";
import { directives } from "../../../server/config/directives.ts";
import { ConfigFileError, Refusal } from "../../../server/config/errors.ts";
import { ReplyError } from "../../../server/resp/errors.ts";
import { fakeHost } from "./fake_host.ts";

function newConfig(): Config {
  return new Config({ host: fakeHost() });
}

/** The text of the error reply that a CONFIG SET gets. */
function refusal(config: Config, pairs: [string, string][], options = {}): string {
  return assertThrows(() => config.set(pairs, options), ReplyError).message;
}

Deno.test("Config starts with Redis's defaults", () => {
  const { values } = newConfig();
  assertEquals(values.port, 6379);
  assertEquals(values.protoMaxBulkLen, 512 * 1024 * 1024);
  assertEquals(values.maxmemoryPolicy, "noeviction");
  assertEquals(values.bind, ["*", "-::*"]);
  assertEquals(values.replicaReadOnly, true);
  assertEquals(values.requirepass, "");
  assertEquals(values.dir, "/srv");
  assertEquals(values.save.length, 3);
});

Deno.test("Config.set changes values and texts together", () => {
  const config = newConfig();
  config.set([["maxmemory", "1mb"], ["SLAVE-READ-ONLY", "No"], ["save", "10 2"]]);
  assertEquals(config.values.maxmemory, 1024 * 1024);
  assertEquals(config.values.replicaReadOnly, false);
  assertEquals(config.values.save, [{ seconds: 10, changes: 2 }]);
  assertEquals(config.get(["maxmemory", "replica-read-only", "save"]), [
    ["maxmemory", "1048576"],
    ["replica-read-only", "no"],
    ["save", "10 2"],
  ]);
});

Deno.test("Config.set refuses unknown, immutable, protected and repeated directives", () => {
  const config = newConfig();
  assertEquals(
    refusal(config, [["nosuch", "1"]]),
    "ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'",
  );
  assertEquals(
    refusal(config, [["Databases", "1"]]),
    "ERR CONFIG SET failed (possibly related to argument 'Databases') - can't set immutable config",
  );
  assertEquals(
    refusal(config, [["dir", "/srv/data"]]),
    "ERR CONFIG SET failed (possibly related to argument 'dir') - can't set protected config",
  );
  assertEquals(
    refusal(config, [["hz", "1"], ["HZ", "2"]]),
    "ERR CONFIG SET failed (possibly related to argument 'HZ') - duplicate parameter",
  );
});

Deno.test("Config.set takes a directive and its alias, and the later one wins", () => {
  const config = newConfig();
  config.set([["slave-read-only", "no"], ["replica-read-only", "yes"]]);
  assertEquals(config.values.replicaReadOnly, true);
});

Deno.test("Config.set lets local clients set protected directives where that is allowed", () => {
  const { config } = Config.fromArgs(["--enable-protected-configs", "local"], fakeHost());
  assertThrows(() => config.set([["dir", "data"]]), ReplyError, "can't set protected config");
  config.set([["dir", "data"]], { local: true });
  assertEquals(config.values.dir, "/srv/data");
  assertEquals(
    refusal(config, [["dir", "nowhere"]], { local: true }),
    "ERR CONFIG SET failed (possibly related to argument 'dir') - No such file or directory",
  );
});

Deno.test("Config.set keeps some directives while the dataset is loaded", () => {
  const config = newConfig();
  assertEquals(
    refusal(config, [["appendonly", "yes"]], { loading: true }),
    "LOADING Redis is loading the dataset in memory",
  );
  config.set([["hz", "20"]], { loading: true });
});

Deno.test("Config.set changes nothing when one value is refused", () => {
  const config = newConfig();
  let calls = 0;
  config.onChange(["hz", "port"], () => calls++);
  assertEquals(
    refusal(config, [["hz", "20"], ["port", "70000"]]),
    "ERR CONFIG SET failed (possibly related to argument 'port') - " +
      "argument must be between 0 and 65535 inclusive",
  );
  assertEquals(config.values.hz, 10);
  assertEquals(config.get(["hz"]), [["hz", "10"]]);
  assertEquals(calls, 0);
});

Deno.test("Config.onChange is called once for a CONFIG SET, and not where nothing changed", () => {
  const config = newConfig();
  const calls: (readonly string[])[] = [];
  config.onChange(["port", "bind"], (_, changed) => calls.push(changed));
  config.set([["port", "7000"], ["timeout", "0"], ["bind", "127.0.0.1"]]);
  config.set([["port", "7000"]]);
  config.set([["hz", "20"]]);
  assertEquals(calls, [["port", "bind"]]);
});

Deno.test("Config.onChange hears of a file set again under its old name", () => {
  const config = newConfig();
  let calls = 0;
  config.onChange(["tls-cert-file"], () => calls++);
  config.set([["tls-cert-file", "a.crt"]]);
  config.set([["tls-cert-file", "a.crt"]]);
  assertEquals(calls, 2);
});

Deno.test("Config.set goes back when a listener refuses", () => {
  const config = newConfig();
  const seen: number[] = [];
  config.onChange(["hz"], (values) => {
    seen.push(values.hz);
  });
  config.onChange(["port"], (values) => {
    if (values.port === 7000) throw new Refusal("Unable to listen on this port.");
  });
  assertEquals(
    refusal(config, [["hz", "20"], ["port", "7000"]]),
    "ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port.",
  );
  assertEquals(seen, [20, 10]);
  assertEquals(config.values.port, 6379);
});

Deno.test("Config.set warns when a listener cannot go back", () => {
  const host = fakeHost();
  const config = new Config({ host });
  config.onChange(["port"], () => {
    throw new Refusal("the network is gone");
  });
  assertThrows(() => config.set([["port", "7000"]]), ReplyError, "the network is gone");
  assertEquals(host.warnings, [
    "Cannot go back to the configuration before a failed CONFIG SET: the network is gone",
  ]);
});

Deno.test("Config.set goes back when a listener has a bug, and lets the bug be seen", () => {
  const config = newConfig();
  config.onChange(["port"], (values) => {
    if (values.port === 7000) throw new TypeError("bug");
  });
  assertThrows(() => config.set([["port", "7000"]]), TypeError, "bug");
  assertEquals(config.values.port, 6379);
});

Deno.test("Config.get finds names, aliases and patterns, each once and in any case", () => {
  const config = newConfig();
  assertEquals(config.get(["MAXMEMORY", "maxmemory", "nosuch"]), [["MAXMEMORY", "0"]]);
  assertEquals(config.get(["slaveof", "?EPLICAOF"]), [["slaveof", ""], ["replicaof", ""]]);
  assertEquals(config.get(["*-percent[i]les"]), [
    ["latency-tracking-info-percentiles", "50 99 99.9"],
  ]);
});

Deno.test("Config.get shows hidden directives only to those who know their names", () => {
  const config = newConfig();
  assertEquals(config.get(["watchdog-*"]), []);
  assertEquals(config.get(["watchdog-period"]), [["watchdog-period", "0"]]);
});

Deno.test("Config.isSensitive tells which values must not be logged", () => {
  const config = newConfig();
  assert(config.isSensitive("RequirePass"));
  assert(!config.isSensitive("maxmemory"));
  assert(!config.isSensitive("nosuch"));
});

Deno.test("Config.assign sets immutable directives on the server's own account", () => {
  const config = newConfig();
  config.assign("replicaof", ["10.0.0.1", "6380"]);
  assertEquals(config.values.replicaof, { host: "10.0.0.1", port: 6380 });
  config.assign("replicaof", ["NO", "ONE"]);
  assertEquals(config.get(["replicaof"]), [["replicaof", ""]]);
});

Deno.test("Config.fromOptions takes directives from code", () => {
  const config = Config.fromOptions(
    { port: 0, databases: 4, appendonly: true, save: "", bind: "127.0.0.1 ::1" },
    fakeHost(),
  );
  assertEquals(config.values.port, 0);
  assertEquals(config.values.databases, 4);
  assertEquals(config.values.appendonly, true);
  assertEquals(config.values.save, []);
  assertEquals(config.values.bind, ["127.0.0.1", "::1"]);
  assertThrows(
    () => Config.fromOptions({ port: -1 }, fakeHost()),
    ConfigFileError,
    ">>> 'port -1'\nargument must be between 0 and 65535 inclusive",
  );
});

Deno.test("Config.rewrite replaces the file it was started with", () => {
  const host = fakeHost({ files: { "/srv/a.conf": "# mine\nport 7000\n" } });
  const { config } = Config.fromArgs(["a.conf", "--hz", "20"], host);
  config.set([["port", "7001"], ["requirepass", 'a "b"']]);
  const text = config.rewrite();
  assertEquals(host.files.get("/srv/a.conf"), text);
  assertEquals(text.split("\n").slice(0, 4), [
    "# mine",
    "port 7001",
    "",
    "# Generated by CONFIG REWRITE",
  ]);
  for (const line of ["hz 20", 'requirepass "a \\"b\\""', 'dir "/srv"', "save 300 100"]) {
    assert(text.includes(`\n${line}\n`), line);
  }
  assert(!text.includes("\ntimeout"));
});

Deno.test("Config.rewrite of all names every directive, and a start reads the same", () => {
  const host = fakeHost({ files: { "/srv/a.conf": "# mine\nport 7000\n" } });
  const { config } = Config.fromArgs(["a.conf"], host);
  const text = config.rewrite({ all: true });
  for (const line of ["port 7000", "timeout 0", "hz 10", "tracking-table-max-keys 1000000"]) {
    assert(text.includes(`\n${line}\n`), line);
  }
  const again = Config.fromArgs(["a.conf"], host).config;
  const names = Object.keys(directives);
  assertEquals(again.get(names), config.get(names));
});

Deno.test("Config.rewrite writes what a start reads as the same configuration", () => {
  const host = fakeHost({ files: { "/srv/a.conf": "slave-priority 7\nsave 5 6\nsave 7 8\n" } });
  const { config } = Config.fromArgs(["a.conf"], host);
  config.set([
    ["maxmemory", "3gb"],
    ["maxmemory-clients", "5%"],
    ["notify-keyspace-events", "KEA"],
    ["client-output-buffer-limit", "replica 1mb 5 7 pubsub 0 0 0"],
    ["cluster-announce-hostname", "a.example"],
    ["shutdown-on-sigterm", "now force"],
    ["bind", ""],
    ["masterauth", "pässword\n\x01"],
    ["latency-tracking-info-percentiles", ""],
  ]);
  config.rewrite();
  const again = Config.fromArgs(["a.conf"], host).config;
  const names = Object.keys(directives);
  assertEquals(again.get(names), config.get(names));
  // Of the three classes of buffer limits, the first that is written takes the place of the first in the file.
  const settled = again.rewrite();
  assertEquals(again.rewrite(), settled);
});

Deno.test("Config.rewrite makes a file that was removed", () => {
  const host = fakeHost({ files: { "/srv/a.conf": "port 7000\n" } });
  const { config } = Config.fromArgs(["a.conf"], host);
  host.files.clear();
  assert(config.rewrite().startsWith("# Generated by CONFIG REWRITE\n"));
});

Deno.test("Config.rewrite needs a file that can be replaced", () => {
  assertThrows(
    () => newConfig().rewrite(),
    ReplyError,
    "ERR The server is running without a config file",
  );
  const host = fakeHost({ files: { "/srv/a.conf": "" } });
  host.replaceFile = () => {
    throw new Deno.errors.PermissionDenied();
  };
  assertThrows(
    () => Config.fromArgs(["a.conf"], host).config.rewrite(),
    ReplyError,
    "ERR Rewriting config file: Permission denied",
  );
});
