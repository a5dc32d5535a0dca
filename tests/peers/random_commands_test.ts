/**
 * Random commands to redis-server and to coolcache: the same replies, the same keyspace notifications, and the same
 * data afterwards.
 *
 * In rounds, each from empty servers, in one of the protocols and with thresholds that make encodings change sooner or
 * later. A round that differs is made as short as it can be before it is shown.
 *
 *     STEPS=100000 SEED=7 deno task test tests/peers/random_commands_test.ts
 *
 * @module
 */

import { fail } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { decodeLatin1, encodeLatin1 } from "../../server/resp/args.ts";
import { pick, seededRandom } from "../storage/memory/random.ts";
import { PeerPair } from "../support/compare.ts";
import { hasRedisServer, type Peer } from "../support/peer.ts";
import { encodeCommand, RawConnection } from "../support/raw_connection.ts";
import { replyKind, showBytes, unorderedReply } from "../support/reply_bytes.ts";
import { type Agreement, type RandomCommand, randomCommands } from "./random_commands.ts";

const STEPS = Number(Deno.env.get("STEPS") ?? 6000);
const SEED = Number(Deno.env.get("SEED") ?? 1);
const STEPS_A_ROUND = 300;
const MOST_SHOWN = 10;
/**
 * The keyspace notifications that are compared: not of keys that have expired, which may go now or a little later, and
 * not of missed keys, since Redis looks some up twice.
 */
const EVENT_CLASSES = "KEg$lshzetdn";
/** The channel whose message ends the notifications of a round. */
const END = "end of round";
/** Milliseconds that one server may be ahead of the other. */
const HASTE = 20_000;

/**
 * Where values become large, by directive: low, and as they are. The low ones are more than a single command has
 * elements, since 7.2 looks ahead at how many there are.
 */
const THRESHOLDS: Readonly<Record<string, readonly [string, string]>> = {
  "hash-max-listpack-entries": ["8", "128"],
  "hash-max-listpack-value": ["20", "64"],
  "zset-max-listpack-entries": ["8", "128"],
  "zset-max-listpack-value": ["20", "64"],
  "set-max-intset-entries": ["8", "512"],
  "list-max-listpack-size": ["3", "-2"],
  "hll-sparse-max-bytes": ["40", "3000"],
  "stream-node-max-entries": ["3", "100"],
};

/** Commands for empty servers. */
interface Round {
  protocol: 2 | 3;
  directives: string[];
  commands: RandomCommand[];
}

function makeRound(random: () => number): Round {
  const directives = Object.entries(THRESHOLDS).flatMap(([name, [low, usual]]) => [
    name,
    pick(random, 2) === 0 ? low : usual,
  ]);
  return {
    protocol: pick(random, 2) === 0 ? 2 : 3,
    directives,
    commands: [...randomCommands(random, STEPS_A_ROUND)],
  };
}

/** What differs, for a person; `undefined` if nothing does. */
async function play(round: Round, servers: PeerPair): Promise<string | undefined> {
  const [theirs, ours] = await Promise.all(
    [servers.reference, servers.subject].map((peer) => answers(round, peer)),
  );
  for (const [i, { words, agreement }] of round.commands.entries()) {
    if (!agree(theirs.replies[i], ours.replies[i], agreement)) {
      return [
        `${show(words)} (RESP${round.protocol}, ${agreement})`,
        `  ${servers.reference.name}: ${cut(theirs.replies[i])}`,
        `  ${servers.subject.name}: ${cut(ours.replies[i])}`,
      ].join("\n");
    }
  }
  for (let i = 0; i < Math.max(theirs.events.length, ours.events.length); i++) {
    if (theirs.events[i] !== ours.events[i]) {
      const before = theirs.events.slice(Math.max(0, i - 3), i).join(", ");
      return `Event after ${before}\n  expected: ${theirs.events[i]}\n  found: ${ours.events[i]}`;
    }
  }
  for (const [what, expected] of theirs.dataset) {
    const found = ours.dataset.get(what);
    ours.dataset.delete(what);
    if (found !== expected) return `${what}\n  expected: ${expected}\n  found: ${found}`;
  }
  for (const [what, found] of ours.dataset) {
    return `${what}\n  expected: nothing\n  found: ${found}`;
  }
  return undefined;
}

/** What one server did in a round. */
interface Answers {
  replies: Uint8Array[];
  /** What the keyspace notifications told, in order. */
  events: string[];
  dataset: Map<string, string>;
}

async function answers(round: Round, peer: Peer): Promise<Answers> {
  const { protocol, directives, commands } = round;
  using connection = await peer.connect({ protocol, timeout: 30_000 });
  for (const request of [["FLUSHALL"], ["CONFIG", "SET", ...directives]]) {
    const reply = await connection.line(...request);
    if (reply !== "+OK") throw new Error(`${peer.name}: ${show(request)}: ${reply}`);
  }
  using listener = await peer.connect({ timeout: 30_000 });
  await listener.send(["PSUBSCRIBE", "__key*", END]);
  const replies = await ask(connection, commands.map(({ words }) => words));
  // A transaction that was never carried out is none of the data.
  using other = await peer.connect({ timeout: 30_000 });
  await other.send(["PUBLISH", END, ""]);
  const events = await eventsUntilEnd(listener);
  return { replies, events, dataset: await datasetOf(other, round) };
}

/** The replies to requests, which are sent many at once. */
async function ask(connection: RawConnection, requests: string[][]): Promise<Uint8Array[]> {
  const replies: Uint8Array[] = [];
  for (let at = 0; at < requests.length; at += 100) {
    const batch = requests.slice(at, at + 100);
    await connection.write(concat(batch.map((words) => encodeCommand(words.map(encodeLatin1)))));
    for (const words of batch) {
      try {
        replies.push(await connection.read());
      } catch (cause) {
        throw new Error(`No reply to ${show(words)}`, { cause });
      }
    }
  }
  return replies;
}

/** The keyspace notifications up to the message that says that there are no more. */
async function eventsUntilEnd(listener: RawConnection): Promise<string[]> {
  for (const events: string[] = [];;) {
    const [, , channel, message] = bulks(await listener.read());
    if (channel === END) return events;
    events.push(show([channel, message]));
  }
}

/** All that the first two databases hold, described. */
async function datasetOf(
  connection: RawConnection,
  { commands }: Round,
): Promise<Map<string, string>> {
  // SORT turns sorted sets into skiplists at redis-server, see docs/differences.md.
  const sorted = commands.some(({ words }) => words.some((word) => /^SORT(_RO)?$/.test(word)));
  const dataset = new Map<string, string>();
  for (const db of ["0", "1"]) {
    const [, names] = await ask(connection, [["SELECT", db], ["KEYS", "*"]]);
    const keys = bulks(names).sort();
    const types = await ask(connection, keys.map((key) => ["TYPE", key]));
    for (const [i, key] of keys.entries()) {
      const type = decodeLatin1(types[i]).slice(1, -2);
      const [encoding, content, expiry] = await ask(connection, [
        ["OBJECT", "ENCODING", key],
        // A digest contains scores as they are written, which has changed.
        type === "zset" ? ["ZRANGE", key, "0", "-1", "WITHSCORES"] : ["DEBUG", "DIGEST-VALUE", key],
        ["PEXPIRETIME", key],
      ]);
      dataset.set(
        `${show([key])} in database ${db}`,
        [
          type,
          type === "zset" && sorted
            ? ""
            : withOldEncodings(decodeLatin1(encoding), type).slice(0, -2),
          showBytes(encodeLatin1(essence(content, "doubles"))),
          integerOf(expiry) < 0 ? "" : "expires",
        ].join(" "),
      );
    }
  }
  return dataset;
}

/** The bulks of an array of nothing else. */
function bulks(reply: Uint8Array): string[] {
  const text = decodeLatin1(reply);
  const found: string[] = [];
  for (let at = text.indexOf("\n") + 1; at < text.length;) {
    const start = text.indexOf("\n", at) + 1;
    const length = Number(text.slice(at + 1, start));
    found.push(text.slice(start, start + length));
    at = start + length + 2;
  }
  return found;
}

function integerOf(reply: Uint8Array): number {
  return Number(decodeLatin1(reply).slice(1));
}

function agree(theirs: Uint8Array, ours: Uint8Array, agreement: Agreement): boolean {
  if (agreement === "near" && theirs[0] === 0x3a && ours[0] === 0x3a) {
    const [expected, found] = [integerOf(theirs), integerOf(ours)];
    return expected < 100 ? expected === found : Math.abs(expected - found) <= HASTE;
  }
  return essence(theirs, agreement) === essence(ours, agreement);
}

/** What of a reply counts. */
function essence(reply: Uint8Array, agreement: Agreement): string {
  const text = withoutNewTexts(decodeLatin1(reply));
  // An error is the same error, whatever else may be random.
  if (text[0] === "-") return text;
  switch (agreement) {
    case "exact":
    case "near":
      return text;
    case "doubles":
      return withPlainDoubles(text);
    case "sorted":
      return unorderedReply(encodeLatin1(withPlainDoubles(text)));
    case "shape":
      return text[0] === "*" ? text.slice(0, text.indexOf("\r")) : replyKind(reply);
    case "idle":
      return text.replaceAll(/:\d+\r\n(:\d+\r\n)/g, "$1");
  }
}

/** 7.2 keeps small sets and lists in listpacks, where 7.0 has hash tables and quicklists. */
function withOldEncodings(text: string, type: string): string {
  if (type === "set") return text.replace(/^\$8\r\nlistpack/, "$9\r\nhashtable");
  if (type === "list") return text.replace(/^\$8\r\nlistpack/, "$9\r\nquicklist");
  return text;
}

/** 7.2 names the command where 7.0 says XREAD, and XSETID checks its ID against the deleted ones first. */
function withoutNewTexts(text: string): string {
  return text.replaceAll(
    /(-ERR Unbalanced) [^\r]*|(-ERR The ID specified in XSETID) [^\r]*/g,
    "$1$2",
  );
}

/** Writes each double as JavaScript does; the lengths of bulks are adjusted. Short integers are left as they are. */
function withPlainDoubles(text: string): string {
  return text
    .replaceAll(/,(-?\d[\d.e+-]*)(?=\r\n)/g, (_, digits) => `,${Number(digits)}`)
    .replaceAll(/\$\d+\r\n(-?\d+(\.\d+)?(e[+-]\d+)?)(?=\r\n)/g, (whole, digits) => {
      if (/^-?\d{1,15}$/.test(digits)) return whole;
      const plain = String(Number(digits));
      return `$${plain.length}\r\n${plain}`;
    });
}

/** As few of the commands as still differ, found by leaving out ever smaller stretches. */
async function shortened(round: Round, servers: PeerPair): Promise<Round> {
  let shortest = round;
  for (let stretch = round.commands.length >> 1; stretch >= 1;) {
    const before = shortest;
    for (let end = shortest.commands.length; end > 0; end -= stretch) {
      const commands = shortest.commands.toSpliced(
        Math.max(0, end - stretch),
        Math.min(end, stretch),
      );
      const shorter = { ...shortest, commands };
      if (await play(shorter, servers) !== undefined) shortest = shorter;
    }
    if (stretch > 1) stretch >>= 1;
    else if (shortest === before) break;
  }
  return shortest;
}

function show(words: readonly string[]): string {
  return words.map((word) => {
    const shown = showBytes(encodeLatin1(word));
    return shown === "" || /[\s\\"']/.test(shown) ? `"${shown.replaceAll('"', '\\"')}"` : shown;
  }).join(" ");
}

function cut(reply: Uint8Array): string {
  return showBytes(reply.subarray(0, 1000));
}

Deno.test({
  name: "Random commands have the same replies and effects as at redis-server",
  ignore: !hasRedisServer,
  async fn() {
    await using servers = await PeerPair.start([
      "--enable-debug-command",
      "local",
      "--proto-max-bulk-len",
      "1mb",
      "--notify-keyspace-events",
      EVENT_CLASSES,
    ]);
    const random = seededRandom(SEED);
    const differences: string[] = [];
    for (let steps = 0; steps < STEPS && differences.length < MOST_SHOWN; steps += STEPS_A_ROUND) {
      const round = makeRound(random);
      const difference = await play(round, servers);
      if (difference === undefined) continue;
      const shortest = await shortened(round, servers);
      differences.push([
        `CONFIG SET ${shortest.directives.join(" ")}`,
        ...shortest.commands.map(({ words }) => show(words)),
        await play(shortest, servers) ?? `now and then: ${difference}`,
      ].join("\n"));
    }
    if (differences.length > 0) fail(differences.join("\n\n"));
  },
});
