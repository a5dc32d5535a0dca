/**
 * A server without sockets, timers or the commands of coolcache: for tests of its parts.
 *
 * @module
 */

import type { CommandSpec } from "../../commands/command.ts";
import { Config, type ConfigOptions } from "../../server/config/config.ts";
import { Logger } from "../../server/logger.ts";
import { Args, decodeLatin1 } from "../../server/resp/args.ts";
import { ReplyEncoder } from "../../server/resp/reply_encoder.ts";
import { Server } from "../../server/server.ts";
import { seededRandom, TEST_TIME } from "./harness.ts";

/** A server, and what a test does with it. */
export interface BareServer {
  readonly server: Server;
  /** What it has logged. */
  readonly log: readonly string[];
  /** Moves both of its clocks on. */
  advance(ms: number): void;
  /** Carries out requests of words without quotes, one after the other, and answers their replies. */
  replies(...requests: string[]): string;
}

/** Makes a server that knows only the given commands; directives as in redis.conf. */
export function bareServer(
  directives: ConfigOptions = {},
  { commands = [], releaseMemory }: {
    commands?: readonly CommandSpec[];
    releaseMemory?: () => void;
  } = {},
): BareServer {
  const log: string[] = [];
  let now = TEST_TIME;
  const server = new Server({
    config: Config.fromOptions(directives),
    commands,
    logger: new Logger((line) => log.push(line), () => "warning", () => new Date(now)),
    now: () => now,
    monotonic: () => now,
    random: seededRandom(1),
    end: () => Promise.resolve(),
    ...(releaseMemory && { releaseMemory }),
  });
  const session = server.clients.add({
    read: () => Promise.resolve(null),
    write: (bytes) => Promise.resolve(bytes.length),
    close: () => {},
  }, { remote: "127.0.0.1:50000", local: "127.0.0.1:6379", isLocal: true, isUnix: false });
  return {
    server,
    log,
    advance(ms) {
      now += ms;
      server.keyspace.setTime(now);
    },
    replies(...requests) {
      const encoder = new ReplyEncoder();
      session.context.reply = encoder;
      for (const request of requests) {
        server.dispatcher.dispatch(session.context, Args.of(...request.split(" ")));
      }
      return decodeLatin1(encoder.bytes());
    },
  };
}
