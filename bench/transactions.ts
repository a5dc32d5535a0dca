/**
 * Transactions a second: MULTI, ten SETs of random keys and EXEC, sent as one piece as client libraries do.
 *
 * redis-benchmark knows no transactions, so the requests come from here, over 50 connections. Both servers run
 * throughout and take turns, as for throughput.
 *
 * @module
 */

import type { Peer } from "../tests/support/peer.ts";
import { type Contenders, type Side, SIDES } from "./contenders.ts";
import { request } from "./loader.ts";
import { processorSeconds } from "./machine.ts";
import { type Measure, median } from "./report.ts";

const CONNECTIONS = 50;
const SETS = 10;
const KEYS = 100_000;
/** So many pieces are composed beforehand and sent over and over. */
const PIECES = 512;
const REPLY_BYTES = "+OK\r\n".length + SETS * "+QUEUED\r\n".length + `*${SETS}\r\n`.length +
  SETS * "+OK\r\n".length;
/** What an error reply begins with, and no other one here contains. */
const MINUS = 45;

/** What to run. */
export interface TransactionsOptions {
  /** Transactions of a round. */
  transactions: number;
  /** Rounds that count; one more warms up. */
  rounds: number;
  progress: (message: string) => void;
}

interface Round {
  rate: number;
  processor: number;
}

/** One transaction in flight on each connection, and sixteen. */
export function measureTransactions(
  contenders: Contenders,
  { transactions, rounds, progress }: TransactionsOptions,
): Promise<Measure[]> {
  return contenders.with("redis", (redis) =>
    contenders.with("coolcache", async (coolcache) => {
      const measures: Measure[] = [];
      for (const inFlight of [1, 16]) {
        progress(`transactions: ${inFlight} in flight`);
        const pieces = compose(inFlight);
        const count = inFlight === 1 ? transactions : transactions * 2;
        const seen: Record<Side, Round[]> = { redis: [], coolcache: [] };
        for (let round = 0; round <= rounds; round++) {
          for (const side of SIDES) {
            const result = await runRound({ redis, coolcache }[side], pieces, { count, inFlight });
            if (round > 0) seen[side].push(result);
          }
        }
        measures.push(toMeasure(inFlight, seen));
      }
      return measures;
    }));
}

/** Pieces of so many transactions each. */
function compose(inFlight: number): Uint8Array[] {
  const encoder = new TextEncoder();
  const value = "xxx";
  const set = () =>
    request("SET", `key:${String(Math.floor(Math.random() * KEYS)).padStart(12, "0")}`, value);
  const transaction = () =>
    request("MULTI") + Array.from({ length: SETS }, set).join("") + request("EXEC");
  return Array.from(
    { length: PIECES },
    () => encoder.encode(Array.from({ length: inFlight }, transaction).join("")),
  );
}

async function runRound(
  server: Peer,
  pieces: readonly Uint8Array[],
  { count, inFlight }: { count: number; inFlight: number },
): Promise<Round> {
  const sockets = await Promise.all(
    Array.from(
      { length: CONNECTIONS },
      () => Deno.connect({ hostname: "127.0.0.1", port: server.port }),
    ),
  );
  let left = Math.ceil(count / inFlight);
  const drive = async (socket: Deno.TcpConn) => {
    const chunk = new Uint8Array(Math.max(4096, REPLY_BYTES * inFlight));
    while (left > 0) {
      const piece = pieces[left-- % pieces.length];
      for (let sent = 0; sent < piece.length;) sent += await socket.write(piece.subarray(sent));
      for (let missing = REPLY_BYTES * inFlight; missing > 0;) {
        const length = await socket.read(chunk);
        if (length === null) throw new Error("The server closed the connection");
        const received = chunk.subarray(0, length);
        if (received.includes(MINUS)) {
          throw new Error(`Refused: ${new TextDecoder().decode(received.subarray(0, 200))}`);
        }
        missing -= length;
      }
    }
  };
  try {
    const before = processorSeconds(server.pid);
    const started = performance.now();
    await Promise.all(sockets.map(drive));
    const seconds = (performance.now() - started) / 1000;
    return { rate: count / seconds, processor: (processorSeconds(server.pid) - before) / count };
  } finally {
    for (const socket of sockets) socket.close();
  }
}

function toMeasure(inFlight: number, seen: Record<Side, Round[]>): Measure {
  const rate = (side: Side) => median(seen[side].map((round) => round.rate));
  const processor = (side: Side) => median(seen[side].map((round) => round.processor)) * 1e6;
  return {
    area: "transactions",
    name: `MULTI, ${SETS} SETs, EXEC`,
    unit: "transactions/s",
    pipeline: inFlight,
    redis: rate("redis"),
    coolcache: rate("coolcache"),
    ratios: seen.coolcache.map((round, index) => round.rate / seen.redis[index].rate),
    processor: { redis: processor("redis"), coolcache: processor("coolcache") },
    target: { ratioAtLeast: 1 },
  };
}
