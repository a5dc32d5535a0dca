/**
 * Plays a script to redis-server and to coolcache and demands the same bytes, reply by reply.
 *
 *     await compareScripts(`
 *       SET n 10
 *       INCRBYFLOAT n 0.1
 *       ~type TTL n
 *     `);
 *
 * The script (see ./script.ts) is played in RESP2 and again in RESP3, each time to empty servers.
 * With `events` the keyspace notifications of each command are compared, too, in their order.
 *
 * All differences are collected and shown together, each with its line, its command and both
 * replies. A file with many scripts starts the servers once and hands them in as `peers`.
 *
 * @module
 */

import { AssertionError } from "@std/assert";
import { type Peer, redisServerVersion, startCoolcache, startRedis } from "./peer.ts";
import { type Command, ConnectionClosed, type RawConnection } from "./raw_connection.ts";
import { replyKind, showBytes, unorderedReply } from "./reply_bytes.ts";
import { commandsAsScript, parseScript, type Step, type Tolerance } from "./script.ts";

/** The two sides of a comparison. */
export interface Peers {
  /** The server that is right: redis-server. */
  reference: Peer;
  /** The server that is tried: coolcache. */
  subject: Peer;
}

/** How to compare. */
export interface CompareOptions {
  /** Servers that run already and are left running; absent, a pair is started and ended. */
  peers?: Peers;
  /** The protocols to play the script in; both if absent. */
  protocols?: readonly (2 | 3)[];
  /** Further arguments for servers that are started here. */
  args?: readonly string[];
  /** Whether keyspace notifications must agree as well; not unless asked for. */
  events?: boolean;
  /** The version of the reference, for `~skip7.0`; that of the installed redis-server if absent. */
  referenceVersion?: string;
}

/** A pair of servers that ends with its scope. */
export class PeerPair implements Peers, AsyncDisposable {
  readonly reference: Peer;
  readonly subject: Peer;

  private constructor(reference: Peer, subject: Peer) {
    this.reference = reference;
    this.subject = subject;
  }

  /** Starts redis-server and coolcache with the same further arguments. */
  static async start(args: readonly string[] = []): Promise<PeerPair> {
    const reference = await startRedis(args);
    try {
      return new PeerPair(reference, await startCoolcache(args));
    } catch (error) {
      await reference.stop();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.reference.stop(), this.subject.stop()]);
  }
}

/** What a server did with a command: bytes, or the connection's end. */
type Answer = Uint8Array | "closed";

/**
 * All classes of events but `x`, since an expired key may go now or a little later, and `m`, since Redis looks some
 * keys up twice.
 */
const EVENT_CLASSES = "KEg$lshzetdn";

const MOST_SHOWN = 20;

const encoder = new TextEncoder();
/** Keys are bytes: each is one character here. */
const decoder = new TextDecoder("latin1");

/**
 * Plays a script, as text or as plain commands, to both servers; throws an `AssertionError` that
 * lists the replies that differ.
 */
export async function compareScripts(
  script: string | readonly Command[],
  options: CompareOptions = {},
): Promise<void> {
  const steps = typeof script === "string" ? parseScript(script) : commandsAsScript(script);
  if (options.peers) return await play(steps, options.peers, options);

  await using pair = await PeerPair.start(options.args);
  await play(steps, pair, options);
}

async function play(steps: Step[], peers: Peers, options: CompareOptions): Promise<void> {
  const old = isOlderThan72(options.referenceVersion ?? redisServerVersion ?? "");
  const differences: string[] = [];
  for (const protocol of options.protocols ?? [2, 3] as const) {
    using reference = await Player.start(peers.reference, protocol);
    using subject = await Player.start(peers.subject, protocol);
    using expectedEvents = options.events ? await EventLog.open(peers.reference) : undefined;
    using events = options.events ? await EventLog.open(peers.subject) : undefined;
    for (const step of steps) {
      if (!step.protocols.includes(protocol)) continue;
      const theirs = old && step.newer ? undefined : await reference.play(step);
      const ours = await subject.play(step);
      const sides: [string, Answer][] = [];
      if (step.expected) sides.push(["expected", step.expected]);
      if (theirs) sides.push([peers.reference.name, theirs]);
      sides.push([peers.subject.name, ours]);
      if (!allAgree(sides.map(([, answer]) => answer), step)) {
        differences.push(describe(step, protocol, sides));
      }
      const expectedHappened = await expectedEvents?.take();
      const happened = await events?.take();
      if (theirs && step.events && happened !== expectedHappened) {
        const shown = [expectedHappened, happened].map((text) => encoder.encode(text ?? ""));
        differences.push(
          "Events of " + describe(step, protocol, [
            [peers.reference.name, shown[0]],
            [peers.subject.name, shown[1]],
          ]),
        );
      }
    }
  }
  if (differences.length === 0) return;
  const hidden = differences.length - MOST_SHOWN;
  throw new AssertionError(
    [
      `Replies that differ: ${differences.length}`,
      ...differences.slice(0, MOST_SHOWN),
      ...(hidden > 0 ? [`… and ${hidden} more`] : []),
    ].join("\n\n"),
  );
}

/** One side of a comparison: a server and the script's named connections to it. */
class Player implements Disposable {
  #peer: Peer;
  #protocol: 2 | 3;
  #connections = new Map<string, RawConnection>();

  private constructor(peer: Peer, protocol: 2 | 3) {
    this.#peer = peer;
    this.#protocol = protocol;
  }

  /** Empties the server. */
  static async start(peer: Peer, protocol: 2 | 3): Promise<Player> {
    using connection = await peer.connect();
    const reply = await connection.line("FLUSHALL");
    if (reply !== "+OK") throw new Error(`${peer.name} answers FLUSHALL with "${reply}"`);
    return new Player(peer, protocol);
  }

  async play({ connection: name, command, line }: Step): Promise<Answer> {
    let connection = this.#connections.get(name);
    if (!connection) {
      connection = await this.#peer.connect({ protocol: this.#protocol });
      this.#connections.set(name, connection);
    }
    try {
      return await connection.send(command);
    } catch (error) {
      if (error instanceof ConnectionClosed) return "closed";
      throw new Error(
        `Line ${line}: ${showCommand(command)}: ${this.#peer.name}: ${(error as Error).message}`,
        { cause: error },
      );
    }
  }

  [Symbol.dispose](): void {
    for (const connection of this.#connections.values()) connection.close();
  }
}

/** What happens to the keys of a server, as its keyspace notifications tell. */
class EventLog implements Disposable {
  /** The channel whose messages end a step. */
  static readonly #END = "end of step";
  readonly #listener: RawConnection;
  readonly #speaker: RawConnection;

  private constructor(listener: RawConnection, speaker: RawConnection) {
    this.#listener = listener;
    this.#speaker = speaker;
  }

  static async open(peer: Peer): Promise<EventLog> {
    const log = new EventLog(await peer.connect(), await peer.connect());
    await log.#speaker.line("CONFIG", "SET", "notify-keyspace-events", EVENT_CLASSES);
    await log.#listener.send(["PSUBSCRIBE", "__key*", EventLog.#END]);
    return log;
  }

  /** The notifications since the last call, as they came: patterns, channels and messages. */
  async take(): Promise<string> {
    await this.#speaker.send(["PUBLISH", EventLog.#END, ""]);
    for (let text = "";;) {
      const message = decoder.decode(await this.#listener.read());
      if (message.includes(EventLog.#END)) return text;
      text += message;
    }
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    this.#speaker.close();
  }
}

function allAgree(answers: readonly Answer[], { tolerance, expected }: Step): boolean {
  const by = expected ? "exact" : tolerance;
  const first = essence(answers[0], by);
  return answers.every((answer) => essence(answer, by) === first);
}

/** What of an answer counts. */
function essence(answer: Answer, tolerance: Tolerance): string {
  if (answer === "closed") return "closed";
  if (tolerance === "type") return replyKind(answer);
  if (tolerance === "sorted") return unorderedReply(answer);
  return showBytes(answer);
}

function describe(step: Step, protocol: 2 | 3, sides: readonly [string, Answer][]): string {
  const shown = sides.map(([, answer]) =>
    answer === "closed" ? "(closed the connection)" : showBytes(answer)
  );
  const from = Math.max(0, commonPrefix(shown) - 60);
  const width = Math.max(...sides.map(([name]) => name.length));
  const by = step.tolerance === "exact" ? "" : ` ~${step.tolerance}`;
  return [
    `line ${step.line}, RESP${protocol}${by}: ${showCommand(step.command)}`,
    ...sides.map(([name], i) => `  ${name.padEnd(width)}  ${cut(shown[i], from)}`),
  ].join("\n");
}

/** A long reply is shown around the first difference only. */
function cut(text: string, from: number): string {
  const end = from + 300;
  return (from > 0 ? "…" : "") + text.slice(from, end) + (end < text.length ? "…" : "");
}

function commonPrefix(texts: readonly string[]): number {
  let length = 0;
  while (length < texts[0].length && texts.every((text) => text[length] === texts[0][length])) {
    length++;
  }
  return length;
}

function showCommand(command: Command): string {
  const text = command.map((argument) => {
    const bytes = typeof argument === "string" ? new TextEncoder().encode(argument) : argument;
    const shown = showBytes(bytes);
    return shown === "" || /[\s\\"']/.test(shown) ? `"${shown.replaceAll('"', '\\"')}"` : shown;
  }).join(" ");
  return cut(text, 0);
}

function isOlderThan72(version: string): boolean {
  const [major, minor] = version.split(".").map(Number);
  return major < 7 || (major === 7 && minor < 2);
}
