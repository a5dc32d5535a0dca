/**
 * A conversation with one server: sends commands, prints replies, and remembers what they changed.
 *
 * The prompt shows that memory (database, transaction, subscription), and a new connection is brought back to it.
 * Both the one-shot command and the shell talk through here.
 *
 * @module
 */

import { decodeLatin1 } from "../../server/resp/args.ts";
import type { Address, Argument } from "../connection.ts";
import { Connection } from "../connection.ts";
import { ConnectionError } from "../errors.ts";
import type { CliFlags } from "./flags.ts";
import { formatInvalidation, formatReply, formatReport } from "./format.ts";
import { isReport, isSubscribe, isUnsubscribe } from "./known_commands.ts";
import type { ReplyNode } from "./reply_node.ts";
import { nodeReplies, textOf } from "./reply_node.ts";
import type { System } from "./system.ts";

/** The flags that a session obeys. */
export type SessionOptions = Pick<
  CliFlags,
  "username" | "password" | "database" | "protocol" | "style" | "interval"
>;

/** How a run of a command ended. */
export type Outcome = "answered" | "refused" | "lost";

/** One server, one connection at a time. */
export class Session {
  address: Address;
  /** How to print what nobody has just asked for; the shell makes room for it. */
  aside: (print: () => void) => void = (print) => print();
  readonly #options: SessionOptions;
  readonly #system: System;
  readonly #showPushes: boolean;
  #connection: Connection<ReplyNode> | undefined;
  /** The database wanted, and the one that this connection has selected. */
  #database: number;
  #selected = 0;
  #databaseBeforeMulti = 0;
  #inTransaction = false;
  #subscribed = false;
  #monitoring = false;
  /** Replies to the command under way are printed at once, pushes among them. */
  #busy = false;
  readonly #held: ReplyNode[] = [];

  constructor(
    address: Address,
    options: SessionOptions & { showPushes?: boolean | undefined },
    system: System,
  ) {
    this.address = address;
    this.#options = options;
    this.#system = system;
    this.#showPushes = options.showPushes ?? system.outIsTerminal;
    this.#database = options.database;
  }

  /** Whether messages keep coming without being asked for. */
  get streaming(): boolean {
    return this.connected && (this.#subscribed || this.#monitoring);
  }

  /** Whether there is a connection. */
  get connected(): boolean {
    return this.#connection !== undefined && !this.#connection.closed;
  }

  /** Whether a question of our own may be slipped in: nothing is under way or queued. */
  get atEase(): boolean {
    return this.connected && !this.#busy && !this.#inTransaction && !this.streaming;
  }

  /** What stands before the next line of the shell. */
  get prompt(): string {
    if (!this.connected) return "not connected> ";
    const database = this.#selected === 0 ? "" : `[${this.#selected}]`;
    const transaction = this.#inTransaction ? "(TX)" : "";
    const subscription = this.#subscribed ? "(subscribed mode)" : "";
    return `${nameOf(this.address)}${database}${transaction}${subscription}> `;
  }

  /** Connects anew, logs in, selects the database; false, with a message, when nobody answers. */
  async connect(): Promise<boolean> {
    await this.close();
    let connection: Connection<ReplyNode>;
    try {
      connection = await Connection.open(this.address, nodeReplies());
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      this.#system.err(
        `Could not connect to the server at ${nameOf(this.address)}: ${error.message}`,
      );
      return false;
    }
    connection.onPush = (message) => this.#pushed(message);
    this.#connection = connection;
    this.#selected = 0;
    this.#inTransaction = this.#subscribed = this.#monitoring = false;
    try {
      await this.#greet();
      return true;
    } catch (error) {
      return this.#lost(error);
    }
  }

  /** Ends the connection, if there is one. */
  async close(): Promise<void> {
    await this.#connection?.close();
    this.#connection = undefined;
  }

  /**
   * Logs in, selects, switches. A refusal is reported and ends the greeting, but not the session: the user may
   * know better credentials.
   */
  async #greet(): Promise<void> {
    const { username, password, protocol } = this.#options;
    if (password !== undefined) {
      const login = username === undefined ? [password] : [username, password];
      if (!await this.#greeted("AUTH", ["AUTH", ...login])) return;
    }
    if (this.#database !== 0 && !await this.#select()) return;
    if (protocol !== 2) await this.#greeted("HELLO 3", ["HELLO", "3"]);
  }

  async #select(): Promise<boolean> {
    const done = await this.#greeted(`SELECT ${this.#database}`, ["SELECT", this.#database]);
    if (done) this.#selected = this.#database;
    return done;
  }

  async #greeted(what: string, command: Argument[]): Promise<boolean> {
    const reply = await this.query(command);
    if (reply.type !== "error") return true;
    this.#system.err(`${what} failed: ${reply.text}`);
    return false;
  }

  /**
   * Sends a command and answers its reply, printing nothing.
   *
   * @throws {ConnectionError} when there is no connection, or no longer
   */
  async query(command: readonly Argument[]): Promise<ReplyNode> {
    if (this.#connection === undefined) throw new ConnectionError("Not connected");
    return await this.#connection.send(command);
  }

  /**
   * Sends a command, `repeat` times or for ever if that is negative, and prints what comes. Connects first where
   * necessary. `stopAtError` keeps an error reply for standard error and ends there.
   */
  async run(
    command: readonly Uint8Array[],
    { repeat = 1, stopAtError = false }: { repeat?: number; stopAtError?: boolean } = {},
  ): Promise<Outcome> {
    if (!this.connected && !await this.connect()) return "lost";
    const words = command.map((word) => decodeLatin1(word).toLowerCase());
    this.#busy = true;
    try {
      for (let left = repeat; left !== 0; left--) {
        const reply = await this.#send(command, words);
        if (reply.type === "error" && stopAtError) {
          this.#system.err(reply.text);
          return "refused";
        }
        if (!isConfirmation(reply, words)) this.#print(reply, words);
        await this.#remember(reply, words);
        if (this.#monitoring) break;
        if (this.#options.interval > 0) await pause(this.#options.interval);
      }
      return "answered";
    } catch (error) {
      // A server that was told to end does not answer.
      if (words[0] === "shutdown" && error instanceof ConnectionError) return "answered";
      return this.#lost(error) ? "answered" : "lost";
    } finally {
      this.#busy = false;
      for (const message of this.#held.splice(0)) this.#pushed(message);
    }
  }

  /** From now on all replies go to `receive`, in order; answers why the connection ended, once it has. */
  pipe(receive: (reply: ReplyNode) => void): Promise<ConnectionError> {
    if (this.#connection === undefined) throw new ConnectionError("Not connected");
    this.#connection.onPush = receive;
    return this.#connection.ended;
  }

  /**
   * Sends bytes as they are; see {@link pipe} for the replies.
   *
   * @throws {ConnectionError} when there is no connection, or no longer
   */
  async sendRaw(bytes: Uint8Array): Promise<void> {
    if (this.#connection === undefined) throw new ConnectionError("Not connected");
    await this.#connection.sendRaw(bytes);
  }

  /** Fulfilled when the connection has ended. */
  async ended(): Promise<void> {
    await this.#connection?.ended;
  }

  /** Fulfilled when the connection has ended by itself; reports that. */
  async streamed(): Promise<void> {
    if (this.#connection === undefined) return;
    this.#lost(await this.#connection.ended);
  }

  #send(command: readonly Uint8Array[], words: string[]): Promise<ReplyNode> {
    // The connection recognises SUBSCRIBE and its relatives by their name as text.
    const named = isSubscribe(words[0]) || isUnsubscribe(words[0]);
    return this.query(named ? [decodeLatin1(command[0]), ...command.slice(1)] : command);
  }

  #print(reply: ReplyNode, words: readonly string[]): void {
    const { style } = this.#options;
    this.#system.out(isReport(words) ? formatReport(reply, style) : formatReply(reply, style));
  }

  #pushed(message: ReplyNode): void {
    const { style } = this.#options;
    if (message.type === "push" && !this.#showPushes && !isOfChannels(message.items)) return;
    if (this.#busy && message.type === "simple") {
      // MONITOR's first lines may come in one read with its OK, which has not been printed yet.
      this.#held.push(message);
      return;
    }
    const invalidation = style.format === "standard" ? formatInvalidation(message) : undefined;
    const print = () => this.#system.out(invalidation ?? formatReply(message, style));
    if (this.#busy) print();
    else this.aside(print);
  }

  /** Notes what a command has changed about the connection. */
  async #remember(reply: ReplyNode, words: readonly string[]): Promise<void> {
    const refused = reply.type === "error";
    switch (words[0]) {
      case "auth":
        if (!refused && this.#selected !== this.#database) await this.#select();
        break;
      case "select":
        if (!refused && words.length === 2) {
          this.#database = this.#selected = Number.parseInt(words[1], 10);
        }
        break;
      case "multi":
        if (refused) break;
        this.#inTransaction = true;
        this.#databaseBeforeMulti = this.#selected;
        break;
      case "exec":
        // An aborted transaction has selected nothing.
        if (this.#inTransaction && (refused || reply.type === "null")) this.#revertDatabase();
        this.#inTransaction = false;
        break;
      case "discard":
        if (refused) break;
        this.#revertDatabase();
        this.#inTransaction = false;
        break;
      case "reset":
        if (refused) break;
        this.#database = this.#selected = 0;
        this.#inTransaction = this.#subscribed = this.#monitoring = false;
        break;
      case "monitor":
        this.#monitoring = !refused;
        break;
      default:
        if (isSubscribe(words[0]) && isConfirmation(reply, words)) this.#subscribed = true;
        if (isUnsubscribe(words[0]) && isLastConfirmation(reply)) this.#subscribed = false;
    }
  }

  #revertDatabase(): void {
    this.#database = this.#selected = this.#databaseBeforeMulti;
  }

  /** Reports the end of the connection; answers false. Everything else is a bug and rises. */
  #lost(error: unknown): false {
    if (!(error instanceof ConnectionError)) throw error;
    this.#system.err(`Error: ${error.message}`);
    this.#connection = undefined;
    return false;
  }
}

/** An address as people write it. */
export function nameOf(address: Address): string {
  if ("path" in address) return address.path;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

/** Whether a reply is the push that confirms the command; it has been printed when it came. */
function isConfirmation(reply: ReplyNode, words: readonly string[]): boolean {
  if (!isSubscribe(words[0]) && !isUnsubscribe(words[0])) return false;
  return (reply.type === "push" || reply.type === "array") && reply.items.length === 3 &&
    textOf(reply.items[0]) === words[0];
}

function isLastConfirmation(reply: ReplyNode): boolean {
  if (reply.type !== "push" && reply.type !== "array") return false;
  const left = reply.items[2];
  return left !== undefined && left.type === "int" && left.value === 0;
}

/** Messages of channels are what a subscriber asked for; all other pushes are not. */
function isOfChannels(items: readonly ReplyNode[]): boolean {
  return items.length > 0 && /^[ps]?(message|(un)?subscribe)$/.test(textOf(items[0]) ?? "");
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
