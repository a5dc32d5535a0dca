/**
 * Messages a second to 1, 100 and 1,000 subscribers of one channel.
 *
 * redis-benchmark publishes over 50 connections; the subscribers live in this process and read all that they are sent.
 * A round ends when the last of them has the last message. Both servers run throughout and take turns, as for
 * throughput.
 *
 * @module
 */

import type { Peer } from "../tests/support/peer.ts";
import { type Contenders, type Side, SIDES } from "./contenders.ts";
import { request } from "./loader.ts";
import { processorSeconds } from "./machine.ts";
import { type Measure, median } from "./report.ts";
import { runRedisBenchmark } from "./throughput.ts";

const SUBSCRIBERS = [1, 100, 1000] as const;
const PUBLISHERS = 50;
const CHANNEL = "channel";
const MESSAGE = "x".repeat(32);
const MESSAGE_BYTES = `*3\r\n$7\r\nmessage\r\n$${CHANNEL.length}\r\n${CHANNEL}\r\n`.length +
  `$${MESSAGE.length}\r\n${MESSAGE}\r\n`.length;
const CONFIRMATION = `*3\r\n$9\r\nsubscribe\r\n$${CHANNEL.length}\r\n${CHANNEL}\r\n:1\r\n`;
/** Among so many subscribers a message costs twice of what it costs with one. */
const SUBSCRIBERS_OF_DOUBLE_COST = 10;

/** What to run. */
export interface PubSubOptions {
  /** Messages of a round with one subscriber; fewer with more of them. */
  messages: number;
  /** Rounds that count; one more warms up. */
  rounds: number;
  progress: (message: string) => void;
}

interface Round {
  rate: number;
  processor: number;
}

/** Runs all numbers of subscribers. */
export function measurePubSub(
  contenders: Contenders,
  { messages, rounds, progress }: PubSubOptions,
): Promise<Measure[]> {
  return contenders.with("redis", (redis) =>
    contenders.with("coolcache", async (coolcache) => {
      const measures: Measure[] = [];
      for (const subscribers of SUBSCRIBERS) {
        progress(`pubsub: ${subscribers} subscribers`);
        const count = Math.ceil(messages / (1 + subscribers / SUBSCRIBERS_OF_DOUBLE_COST));
        const seen: Record<Side, Round[]> = { redis: [], coolcache: [] };
        for (let round = 0; round <= rounds; round++) {
          for (const side of SIDES) {
            const result = await runRound({ redis, coolcache }[side], subscribers, count);
            if (round > 0) seen[side].push(result);
          }
        }
        measures.push(toMeasure(subscribers, seen));
      }
      return measures;
    }));
}

async function runRound(server: Peer, subscribers: number, count: number): Promise<Round> {
  const sockets = await Promise.all(
    Array.from({ length: subscribers }, () => subscribe(server.port)),
  );
  try {
    const before = processorSeconds(server.pid);
    const started = performance.now();
    // All read into one buffer, since nobody looks at what was read.
    const chunk = new Uint8Array(64 * 1024);
    const receive = async (socket: Deno.TcpConn) => {
      for (let missing = count * MESSAGE_BYTES; missing > 0;) {
        const length = await socket.read(chunk);
        if (length === null) throw new Error("The server closed a subscriber's connection");
        missing -= length;
      }
    };
    await Promise.all([
      runRedisBenchmark(server.port, [
        ...["-c", String(PUBLISHERS), "-n", String(count), "--csv"],
        ...["PUBLISH", CHANNEL, MESSAGE],
      ]),
      ...sockets.map(receive),
    ]);
    const seconds = (performance.now() - started) / 1000;
    return {
      rate: count / seconds,
      processor: (processorSeconds(server.pid) - before) / count,
    };
  } finally {
    for (const socket of sockets) socket.close();
  }
}

/** A connection that is subscribed to the channel. */
async function subscribe(port: number): Promise<Deno.TcpConn> {
  const socket = await Deno.connect({ hostname: "127.0.0.1", port });
  await socket.write(new TextEncoder().encode(request("SUBSCRIBE", CHANNEL)));
  const chunk = new Uint8Array(CONFIRMATION.length);
  for (let missing = chunk.length; missing > 0;) {
    const length = await socket.read(chunk.subarray(0, missing));
    if (length === null) throw new Error("The server closed a subscriber's connection");
    missing -= length;
  }
  return socket;
}

function toMeasure(subscribers: number, seen: Record<Side, Round[]>): Measure {
  const rate = (side: Side) => median(seen[side].map((round) => round.rate));
  const processor = (side: Side) => median(seen[side].map((round) => round.processor)) * 1e6;
  return {
    area: "pubsub",
    name: `PUBLISH to ${subscribers} subscriber${subscribers === 1 ? "" : "s"}`,
    unit: "req/s",
    pipeline: 1,
    redis: rate("redis"),
    coolcache: rate("coolcache"),
    ratios: seen.coolcache.map((round, index) => round.rate / seen.redis[index].rate),
    processor: { redis: processor("redis"), coolcache: processor("coolcache") },
    target: { ratioAtLeast: 1 },
  };
}
