import { assertEquals } from "@std/assert";
import { compareScripts, PeerPair } from "../support/compare.ts";
import { hasRedisServer, type Peer } from "../support/peer.ts";
import type { Command } from "../support/raw_connection.ts";
import { ask, NEWER_ENCODINGS, VALUES } from "./value_cases.ts";

Deno.test({
  name: "values move between redis-server and coolcache",
  ignore: !hasRedisServer,
  async fn(t) {
    await using pair = await PeerPair.start(["--enable-debug-command", "yes"]);
    const { reference, subject } = pair;
    for (const [name, commands] of Object.entries(VALUES)) {
      await t.step(name, async () => {
        await moveValue(reference, subject, name, commands);
        await moveValue(subject, reference, name, commands);
        await moveValue(subject, subject, name, commands);
      });
    }
  },
});

async function moveValue(
  from: Peer,
  to: Peer,
  name: string,
  commands: readonly Command[],
): Promise<void> {
  using source = await from.connect();
  await source.line("FLUSHALL");
  for (const command of commands) await source.send(command);
  const before = await ask(source, name);
  const payload = bulkBytes(await source.send(["DUMP", "k"]));

  using target = await to.connect();
  if (to !== from) await target.line("FLUSHALL");
  const reply = await target.send(["RESTORE", "k", "0", payload, "REPLACE"]);
  assertEquals(new TextDecoder().decode(reply), "+OK\r\n");
  const after = await ask(target, name);
  if (from.name !== to.name && NEWER_ENCODINGS.includes(name)) before[1] = after[1];
  assertEquals(after, before, `${from.name} to ${to.name}`);
}

function bulkBytes(reply: Uint8Array): Uint8Array {
  const start = reply.indexOf(0x0a) + 1;
  return reply.subarray(start, reply.length - 2);
}

/** Bytes as a script quotes them. */
function quoted(bytes: Uint8Array): string {
  return `"${Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")}"`;
}

Deno.test({
  name: "DUMP and RESTORE reply as redis-server does",
  ignore: !hasRedisServer,
  async fn() {
    await using peers = await PeerPair.start();
    using connection = await peers.reference.connect();
    await connection.send(["SET", "k", "value"]);
    const payload = bulkBytes(await connection.send(["DUMP", "k"]));
    const good = quoted(payload);
    const wrong = quoted(payload.map((byte, i) => i === 2 ? byte ^ 1 : byte));
    const newer = quoted(payload.map((byte, i) => i === payload.length - 10 ? 99 : byte));
    await compareScripts(
      `
      SET k value
      DUMP k
      DUMP none
      DUMP
      DUMP k k
      RESTORE k 0 ${good}
      RESTORE k 0 ${good} REPLACE
      RESTORE n 0 ${good}
      GET n
      TTL n
      RESTORE t 100000 ${good}
      TTL t
      RESTORE t 33177117420000 ${good} ABSTTL REPLACE
      PEXPIRETIME t
      RESTORE t 1000 ${good} ABSTTL
      RESTORE t 1000 ${good} ABSTTL REPLACE
      EXISTS t
      RESTORE t 1 ${good} absttl
      EXISTS t
      RESTORE i 0 ${good} IDLETIME 1000
      OBJECT IDLETIME i
      RESTORE i 0 ${good} IDLETIME 0 REPLACE
      RESTORE f 0 ${good} FREQ 10
      OBJECT FREQ f
      RESTORE k -1 ${good}
      RESTORE k -1 ${good} REPLACE
      RESTORE k x ${good} REPLACE
      RESTORE k 0 ${good} IDLETIME -1
      RESTORE k 0 ${good} IDLETIME x
      RESTORE k 0 ${good} IDLETIME
      RESTORE k 0 ${good} FREQ -1
      RESTORE k 0 ${good} FREQ 256
      RESTORE k 0 ${good} FREQ
      RESTORE k 0 ${good} FREQ 1 IDLETIME 1
      RESTORE k 0 ${good} IDLETIME 1 FREQ 1
      RESTORE k 0 ${good} FOO
      RESTORE k 0 ${wrong}
      RESTORE new 0 ${wrong}
      RESTORE new 0 ${newer}
      RESTORE new 0 ""
      RESTORE new 0 "123456789"
      RESTORE new 0 "1234567890"
      RESTORE new 0
      RESTORE new
      RESTORE-ASKING new 0 ${good}
      GET new
      RESTORE-ASKING new 0 ${good}
      EXISTS k
      CONFIG SET maxmemory-policy allkeys-lfu
      RESTORE f 0 ${good} FREQ 200 REPLACE
      OBJECT FREQ f
      CONFIG SET maxmemory-policy noeviction
    `,
      { peers },
    );
  },
});
