import { assertEquals } from "@std/assert";
import { ReplyError } from "../../../server/resp/errors.ts";
import {
  seededRandom,
  startTestServer,
  type TestServer,
  type Value,
} from "../../support/harness.ts";

const STEPS = Number(Deno.env.get("STEPS") ?? 6000);

/** A reply in which the order of fields does not count. */
function shown(line: string, reply: Value): unknown {
  if (reply instanceof ReplyError) return reply.message;
  if (!Array.isArray(reply) || !/^(HGETALL|HKEYS|HVALS)/.test(line)) return reply;
  return reply.map(String).sort();
}

function randomLine(random: () => number, now: number): string {
  const below = (limit: number) => Math.floor(random() * limit);
  const key = () => `k${below(4)}`;
  const field = () => `f${below(12)}`;
  const value = () => below(2) > 0 ? String(below(1000)) : "v".repeat(below(20));
  const many = (make: () => string) => Array.from({ length: 1 + below(4) }, make);
  const fields = () => {
    const names = many(field);
    return `FIELDS ${names.length} ${names.join(" ")}`;
  };
  const pairs = () => {
    const all = many(() => `${field()} ${value()}`);
    return `FIELDS ${all.length} ${all.join(" ")}`;
  };
  const condition = () => ["", " NX", " XX", " GT", " LT"][below(5)];
  const time = () => ["", `PX ${below(50)} `, `PXAT ${now + below(60) - 10} `][below(3)];
  const makers = [
    () => `HSET ${key()} ${many(() => `${field()} ${value()}`).join(" ")}`,
    () => `HSETNX ${key()} ${field()} ${value()}`,
    () => `HGET ${key()} ${field()}`,
    () => `HMGET ${key()} ${many(field).join(" ")}`,
    () => `HDEL ${key()} ${many(field).join(" ")}`,
    () => `HINCRBY ${key()} ${field()} ${below(10)}`,
    () => `HINCRBYFLOAT ${key()} ${field()} 0.5`,
    () => `HGETALL ${key()}`,
    () => `HKEYS ${key()}`,
    () => `HVALS ${key()}`,
    () => `HLEN ${key()}`,
    () => `HSTRLEN ${key()} ${field()}`,
    () => `HPEXPIRE ${key()} ${below(40)}${condition()} ${fields()}`,
    () => `HPEXPIREAT ${key()} ${now + below(40)}${condition()} ${fields()}`,
    () => `HPERSIST ${key()} ${fields()}`,
    () => `HPTTL ${key()} ${fields()}`,
    () => `HGETEX ${key()} ${below(4) > 0 ? time() : "PERSIST "}${fields()}`,
    () => `HSETEX ${key()} ${["", "FNX ", "FXX "][below(3)]}${time()}${pairs()}`,
    () => `HSETEX ${key()} KEEPTTL ${pairs()}`,
    () => `HGETDEL ${key()} ${fields()}`,
    () => `RENAME ${key()} ${key()}`,
    () => `COPY ${key()} ${key()} REPLACE`,
    () => `DEL ${key()}`,
    () => "DEBUG DIGEST",
    () => "INFO keyspace",
  ];
  return makers[below(makers.length)]();
}

/** Plays an effect to a server, as a replica would. */
async function follow(replica: TestServer, effects: readonly string[]): Promise<void> {
  for (const effect of effects) {
    const reply = await replica.line(effect.slice("0: ".length));
    assertEquals(reply instanceof ReplyError, false, effect);
  }
}

Deno.test("packed hashes and tables agree, and replicas with both", async () => {
  await using packed = await startTestServer({ "hash-max-listpack-entries": "512" });
  await using tables = await startTestServer({ "hash-max-listpack-entries": "0" });
  await using mixed = await startTestServer({ "hash-max-listpack-entries": "5" });
  await using replica = await startTestServer();
  replica.server.keyspace.deletesExpired = false;
  replica.server.keyspace.hidesExpired = false;
  const all = [packed, tables, mixed];
  const random = seededRandom(3);
  for (let step = 0; step < STEPS; step++) {
    const line = randomLine(random, packed.now);
    const replies: unknown[] = [];
    for (const t of all) replies.push(shown(line, await t.line(line)));
    assertEquals(replies[1], replies[0], line);
    assertEquals(replies[2], replies[0], line);
    if (random() < 0.1) {
      const ms = Math.floor(random() * 20);
      for (const t of [...all, replica]) t.advance(ms);
      if (random() < 0.5) { for (const t of all) while (t.server.fieldExpiry.run(1)); }
    }
    const events = all.map((t) => t.events().sort());
    assertEquals(events[1], events[0], line);
    assertEquals(events[2], events[0], line);
    const effects = all.map((t) => t.effects());
    assertEquals([...effects[1]].sort(), [...effects[0]].sort(), line);
    await follow(replica, effects[0]);
    replica.effects();
    if (step % 50 === 0) {
      const digests = [];
      for (const t of [...all, replica]) digests.push(await t.line("DEBUG DIGEST"));
      assertEquals(new Set(digests).size, 1, line);
    }
  }
});
