/**
 * Every command of the registry with arguments that nobody means: none may fail in a way that is not Redis's.
 *
 * @module
 */

import { assertEquals, assertLess } from "@std/assert";
import { concat } from "@std/bytes/concat";
import type { ArgSpec } from "../../commands/command.ts";
import type { RegisteredCommand } from "../../commands/registry.ts";
import { CoolCache } from "../../server/coolcache.ts";
import { pick, seededRandom } from "../storage/memory/random.ts";
import { encodeCommand, RawConnection } from "../support/raw_connection.ts";
import { showBytes } from "../support/reply_bytes.ts";
import type { Random } from "./inputs.ts";

type Word = string | Uint8Array;

const KEYS: readonly Word[] = ["a", "b", "c", "number", "text", "", Uint8Array.of(0, 255, 13, 10)];

/** Values that break careless code. */
const NASTY: readonly Word[] = [
  "",
  " ",
  "0",
  "-0",
  "1",
  "-1",
  "2",
  "10",
  "100",
  "007",
  "1.5",
  "-1.5",
  "1e400",
  "1e-400",
  "nan",
  "inf",
  "-inf",
  "0x10",
  "4294967295",
  "9007199254740993",
  "9223372036854775807",
  "-9223372036854775808",
  "9223372036854775808",
  "99999999999999999999",
  "*",
  "?[^a-\\",
  "[".repeat(50),
  "é\u{1f600}",
  "\r\n",
  "x".repeat(2000),
  "7".repeat(400),
  Uint8Array.of(0),
  Uint8Array.of(0xff, 0xfe, 0x80),
  Uint8Array.from({ length: 256 }, (_, i) => i),
];

/** Commands that end, silence, queue or hold up something: sent alone they would end the test, not find a bug. */
const LEFT_OUT = new Set([
  "shutdown",
  "multi",
  "debug",
  "monitor",
  "quit",
  "client|reply",
  "client|pause",
  "client|kill",
  "config|set",
  "config|rewrite",
  "sync",
  "psync",
  "replconf",
  "replicaof",
  "slaveof",
  "failover",
]);

/** The words that a command's grammar knows. */
function tokens(args: readonly ArgSpec[] = []): string[] {
  return args.flatMap((arg) => [...(arg.token ? [arg.token] : []), ...tokens(arg.args)]);
}

function isTried(command: RegisteredCommand): boolean {
  // The replies to a subscription are messages, as many as it names channels.
  return command.run !== undefined && !command.spec.flags?.includes("blocking") &&
    !/subscribe$/.test(command.fullName) &&
    !LEFT_OUT.has(command.fullName) && !LEFT_OUT.has(command.parent?.fullName ?? "");
}

/** A request that a command's arity allows, mostly or (`strict`) always. */
function makeRequest(command: RegisteredCommand, random: Random, strict = false): Word[] {
  const request: Word[] = command.fullName.split("|");
  const least = Math.abs(command.arity);
  const more = command.arity < 0 ? pick(random, 6) : !strict && pick(random, 20) === 0 ? 1 : 0;
  const words = tokens(command.spec.args);
  while (request.length < least + more) {
    const from = pick(random, 10);
    if (from < 3) request.push(KEYS[pick(random, KEYS.length)]);
    else if (from < 6 && words.length > 0) request.push(words[pick(random, words.length)]);
    else request.push(NASTY[pick(random, NASTY.length)]);
  }
  return request;
}

/** Fails with the requests and what the log says of them. */
function assertNoBugs(bugs: ReadonlyMap<string, string>, log: readonly string[]): void {
  const details = log.filter((line) => line.includes("unexpectedly"));
  assertEquals([...bugs.values()], [], details.slice(0, 3).join("\n"));
}

/** Small limits, so that SETRANGE and APPEND stay small, too. */
const DIRECTIVES = {
  "proto-max-bulk-len": "1mb",
  maxmemory: "100mb",
  "maxmemory-policy": "allkeys-random",
};

/** Where what the commands write to files goes (BGREWRITEAOF); it is removed at the end. */
class TemporaryFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<TemporaryFolder> {
    return new TemporaryFolder(await Deno.makeTempDir({ prefix: "coolcache-fuzz-" }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

for (const protocol of [2, 3] as const) {
  Deno.test(`No command has an internal error, whatever its arguments, in RESP${protocol}`, async () => {
    const log: string[] = [];
    await using folder = await TemporaryFolder.make();
    await using instance = await CoolCache.start({
      port: 0,
      hostname: "127.0.0.1",
      directives: { ...DIRECTIVES, dir: folder.path, save: "" },
      log: (line) => log.push(line),
    });
    const random = seededRandom(protocol);
    const commands = instance.server.registry.commands.filter(isTried);
    using connection = await RawConnection.connect({ port: instance.port, protocol });
    /** One failing request of each command that has any. */
    const bugs = new Map<string, string>();
    for (let batch = 0; batch < 60; batch++) {
      const requests = [
        ["SET", "number", String(batch)],
        ["SET", "text", "hello world"],
        ...Array.from(
          { length: 300 },
          () => makeRequest(commands[pick(random, commands.length)], random),
        ),
      ];
      await connection.write(concat(requests.map(encodeCommand)));
      for (const request of requests) {
        const reply = await connection.read();
        if (showBytes(reply.subarray(0, 40)).includes("internal error")) {
          bugs.set(
            showBytes(encodeCommand(request.slice(0, 2))),
            showBytes(encodeCommand(request)).slice(0, 300),
          );
        }
      }
      assertEquals(
        await connection.line("ECHO", `batch ${batch}`).then(lastLine),
        `batch ${batch}`,
      );
    }
    assertNoBugs(bugs, log);
    assertLess(instance.server.usedMemory, 150 * 1024 * 1024);
  });
}

for (const protocol of [2, 3] as const) {
  Deno.test(`No transaction has an internal error, whatever it contains, in RESP${protocol}`, async () => {
    const log: string[] = [];
    await using folder = await TemporaryFolder.make();
    await using instance = await CoolCache.start({
      port: 0,
      hostname: "127.0.0.1",
      directives: { ...DIRECTIVES, dir: folder.path, save: "" },
      log: (line) => log.push(line),
    });
    const random = seededRandom(protocol + 10);
    // RESET ends the transaction; within it HELLO would change how the rest is to be read.
    const commands = instance.server.registry.commands.filter((command) =>
      (isTried(command) || command.spec.flags?.includes("blocking")) &&
      !command.spec.flags?.includes("no_multi") && command.spec.inTransaction === undefined &&
      command.fullName !== "hello"
    );
    using connection = await RawConnection.connect({ port: instance.port, protocol });
    const bugs = new Map<string, string>();
    let carriedOut = 0;
    for (let round = 0; round < 300; round++) {
      const requests = [
        ["CLIENT", "TRACKING", round % 2 === 0 ? "ON" : "OFF"],
        ["WATCH", ...KEYS],
        ["MULTI"],
        ...Array.from(
          { length: 20 },
          () => makeRequest(commands[pick(random, commands.length)], random, true),
        ),
        ["EXEC"],
      ];
      await connection.write(concat(requests.map(encodeCommand)));
      let reply = await connection.read();
      for (let i = 1; i < requests.length; i++) reply = await connection.read();
      const text = showBytes(reply);
      if (text.startsWith("*20")) carriedOut++;
      if (text.includes("internal error")) {
        bugs.set(String(round), requests.map((each) => showBytes(encodeCommand(each))).join(" "));
      }
      const echo = await connection.line("ECHO", `round ${round}`);
      assertEquals(lastLine(echo), `round ${round}`);
    }
    assertNoBugs(bugs, log);
    assertLess(200, carriedOut);
  });
}

function lastLine(reply: string): string {
  return reply.slice(reply.lastIndexOf("\n") + 1);
}
