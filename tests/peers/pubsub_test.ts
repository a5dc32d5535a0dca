import { assertEquals } from "@std/assert";
import { PeerPair, type Peers } from "../support/compare.ts";
import { hasRedisServer, type Peer } from "../support/peer.ts";
import { encodeCommand } from "../support/raw_connection.ts";
import { splitWords } from "../support/split_words.ts";

/**
 * Conversations of several connections. A line is what one of them sends in one write, commands separated by `;`; what
 * counts is every byte that each of them is sent before the next line. `~2` and `~3` stand for one protocol only.
 *
 * Nobody is sent its own messages here: in this Redis 7.2, which is followed, differs from older ones. See
 * tests/server/pubsub_test.ts for that.
 */
const CONVERSATIONS: Readonly<Record<string, string>> = {
  "channels": `
    @a SUBSCRIBE x y x
    @b SUBSCRIBE x
    @main PUBLISH x hello
    @main PUBLISH y "bytes\\x00\\xff\\r\\n"
    @main PUBLISH z nobody
    @main PUBLISH x 1 ; PUBLISH y 2 ; PUBLISH x "" ; GET none
    @main PUBSUB NUMSUB x y z
    @main PUBSUB NUMSUB
    @main PUBSUB NUMPAT
    @a UNSUBSCRIBE x
    @main PUBLISH x again
    @main PUBSUB CHANNELS z*
    @main PUBSUB CHANNELS [x]
    @a UNSUBSCRIBE x never
    @a UNSUBSCRIBE
    @a UNSUBSCRIBE
    @b UNSUBSCRIBE
    @main PUBSUB CHANNELS
  `,
  "patterns": `
    @a PSUBSCRIBE n*s
    @a PSUBSCRIBE n*s
    @b SUBSCRIBE news
    @b PSUBSCRIBE n?ws
    @main PUBLISH news one
    @main PUBLISH nows two
    @main PUBLISH nothings three
    @main PUBLISH else four
    @main PUBSUB NUMPAT
    @main PUBSUB NUMSUB news n*s
    @main PUBSUB CHANNELS
    @b UNSUBSCRIBE
    @b PUNSUBSCRIBE
    @b PUNSUBSCRIBE
    @b PUNSUBSCRIBE other
    @main PUBLISH news five
    @a PUNSUBSCRIBE n*s
    @a GET none
    @main PUBSUB NUMPAT
  `,
  "shard channels": `
    @a SSUBSCRIBE x y
    @a SUBSCRIBE x
    @b PSUBSCRIBE *
    @main PUBLISH x to-all
    @main SPUBLISH x to-shard
    @main SPUBLISH z nobody
    @main PUBSUB SHARDNUMSUB x y z
    @main PUBSUB SHARDCHANNELS y*
    @main PUBSUB SHARDNUMSUB
    @main PUBSUB CHANNELS
    @main PUBSUB NUMSUB x
    @a SUNSUBSCRIBE y
    @a SUNSUBSCRIBE
    @a SUNSUBSCRIBE
    @a SUNSUBSCRIBE q
    @a UNSUBSCRIBE x
    @a GET none
  `,
  "what a subscriber may say": `
    @a SUBSCRIBE x
    @a GET k
    @a PING
    @a PING "a b"
    @a PING a b
    @a NOSUCH
    @a GET
    ~2 @a PUBLISH x y
    @a PUBSUB CHANNELS
    @a CLIENT ID x
    ~2 @a MULTI
    @a RESET
    @a PING
    @a GET k
    @b SSUBSCRIBE x
    @b GET k
    @b SUNSUBSCRIBE x
    @b GET k
    @c PSUBSCRIBE x
    @c CONFIG GET maxclients
    @c PUNSUBSCRIBE x ; CONFIG GET maxclients
  `,
  "wrong use": `
    @main SUBSCRIBE
    @main PSUBSCRIBE
    @main SSUBSCRIBE
    @main PUBLISH
    @main PUBLISH x
    @main PUBLISH x y z
    @main SPUBLISH x
    @main PUBSUB
    @main PUBSUB NOSUCH
    @main PUBSUB CHANNELS a b
    @main PUBSUB NUMPAT a
    @main PUBSUB SHARDCHANNELS a b
    @main UNSUBSCRIBE
    @main UNSUBSCRIBE a b
    @main PUNSUBSCRIBE a
    @main SUNSUBSCRIBE
  `,
  "subscribing in a transaction": `
    @a MULTI ; SUBSCRIBE x y ; PSUBSCRIBE p* ; UNSUBSCRIBE y ; EXEC
    @main PUBLISH x 2
    @b MULTI ; SSUBSCRIBE s ; SET k 1 ; EXEC
    @main SPUBLISH s 3
    @a UNSUBSCRIBE ; PUNSUBSCRIBE ; MULTI ; UNSUBSCRIBE ; SUNSUBSCRIBE ; EXEC
    @c SUBSCRIBE x
    ~2 @c MULTI
  `,
  "silence": `
    @a CLIENT REPLY OFF ; SUBSCRIBE x ; PING ; UNSUBSCRIBE y ; UNSUBSCRIBE x ; CLIENT REPLY ON
    @a CLIENT REPLY SKIP ; SUBSCRIBE z
    @main PUBLISH z 1
    ~3 @b SUBSCRIBE z ; CLIENT REPLY OFF ; PUBLISH z 0 ; CLIENT REPLY ON
    ~3 @c CLIENT REPLY OFF ; SUBSCRIBE z ; PUBLISH z 2 ; PUBLISH z 3 ; CLIENT REPLY ON
    @main CLIENT REPLY OFF ; PUBLISH z 4 ; CLIENT REPLY ON
  `,
  "keyspace notifications": `
    @a PSUBSCRIBE __key*__:*
    @main CONFIG SET notify-keyspace-events KEA
    @main CONFIG GET notify-keyspace-events
    @main SET k v EX 100 ; DEL k ; DEL k
    @main SELECT 5 ; LPUSH l a b ; RPOP l ; RPOP l ; SELECT 0
    @main SADD s a ; SREM s a ; HSET h f v ; HDEL h f ; ZADD z 1 a ; ZREM z a
    @main SET k v ; RENAME k k2 ; COPY k2 k3 ; MOVE k3 2 ; EXPIRE k2 -1
    @main XADD st 1-1 f v ; XTRIM st MAXLEN 0 ; DEL st
    @main MULTI ; SET m 1 ; INCR m ; EXPIRE m 10 ; EXEC
    @main CONFIG SET notify-keyspace-events K$
    @main CONFIG GET notify-keyspace-events
    @main SET k v ; LPUSH l a ; DEL l k
    @main CONFIG SET notify-keyspace-events Eg
    @main CONFIG GET notify-keyspace-events
    @main SET k v ; LPUSH l a ; DEL l k
    @main CONFIG SET notify-keyspace-events Emn
    @main CONFIG GET notify-keyspace-events
    @main GET k ; EXISTS k ; SET k v ; GET k ; TYPE k ; DEL k
    @main CONFIG SET notify-keyspace-events A
    @main SET k v
    @main CONFIG SET notify-keyspace-events KEg$lshzxetdnm
    @main CONFIG GET notify-keyspace-events
    @main CONFIG SET notify-keyspace-events KEq
    @main CONFIG SET notify-keyspace-events K ; SET k v
    @main CONFIG SET notify-keyspace-events "" ; SET k v ; DEL k
    @main CONFIG SET notify-keyspace-events ""
  `,
  "clients": `
    @a CLIENT SETNAME listener ; SUBSCRIBE x
    @main CLIENT KILL TYPE pubsub
    @main PUBSUB CHANNELS
    @b SUBSCRIBE x ; QUIT
    @main PUBLISH x y
  `,
};

/** How long a reply may take, in ms. */
const PATIENCE = 10_000;

/** One connection whose every byte counts. */
class Talker implements Disposable {
  readonly #socket: Deno.TcpConn;
  readonly #chunk = new Uint8Array(64 * 1024);
  #closed = false;

  private constructor(socket: Deno.TcpConn) {
    this.#socket = socket;
  }

  static async connect(peer: Peer): Promise<Talker> {
    return new Talker(await Deno.connect({ hostname: "127.0.0.1", port: peer.port }));
  }

  async write(commands: readonly (readonly Uint8Array[])[]): Promise<void> {
    for (const command of commands) {
      if (!this.#closed) await this.#socket.write(encodeCommand(command));
    }
  }

  /** Everything until the reply to a PING that is sent now, or the end. */
  async heard(mark: string): Promise<string> {
    if (this.#closed) return "";
    let text = "";
    // Only closing the socket ends a read that waits.
    const timer = setTimeout(() => this[Symbol.dispose](), PATIENCE);
    try {
      await this.#socket.write(encodeCommand(["PING", mark]));
      while (!text.includes(`${mark}\r\n`)) {
        const length = await this.#socket.read(this.#chunk);
        if (length === null) throw new Deno.errors.ConnectionReset();
        for (const byte of this.#chunk.subarray(0, length)) text += String.fromCharCode(byte);
      }
    } catch (error) {
      const isEnd = error instanceof Deno.errors.ConnectionReset ||
        error instanceof Deno.errors.BrokenPipe;
      if (!isEnd) throw error;
      this[Symbol.dispose]();
      text += "(closed)";
    } finally {
      clearTimeout(timer);
    }
    return text;
  }

  [Symbol.dispose](): void {
    if (!this.#closed) this.#socket.close();
    this.#closed = true;
  }
}

/** What was heard on each connection, line by line. */
async function transcript(peer: Peer, conversation: string, protocol: 2 | 3): Promise<string[]> {
  const talkers = new Map<string, Talker>();
  const lines: string[] = [];
  try {
    for (const line of conversation.split("\n").map((line) => line.trim())) {
      const parsed = /^(?:~([23]) )?@(\w+) (.*)$/.exec(line);
      if (parsed === null || (parsed[1] ?? String(protocol)) !== String(protocol)) continue;
      const [, , name, words] = parsed;
      let talker = talkers.get(name);
      if (talker === undefined) {
        talkers.set(name, talker = await Talker.connect(peer));
        if (protocol === 3) {
          await talker.write([[..."HELLO 3".split(" ").map((word) => encoder.encode(word))]]);
          await talker.heard("hello");
        }
      }
      await talker.write(commandsIn(words));
      lines.push(`> ${line}`);
      // The sender first: when its PING is answered, its commands have been carried out.
      const others = [...talkers].filter(([each]) => each !== name);
      for (const [each, listener] of [[name, talker] as const, ...others]) {
        lines.push(`${each}: ${JSON.stringify(await listener.heard(`mark ${lines.length}`))}`);
      }
    }
  } finally {
    for (const talker of talkers.values()) talker[Symbol.dispose]();
  }
  return lines;
}

const encoder = new TextEncoder();

function commandsIn(words: string): Uint8Array[][] {
  return words.split(" ; ").map((command) => splitWords(command).map(({ bytes }) => bytes));
}

async function compare(peers: Peers, conversation: string): Promise<void> {
  for (const protocol of [2, 3] as const) {
    const expected = await transcript(peers.reference, conversation, protocol);
    assertEquals(await transcript(peers.subject, conversation, protocol), expected);
  }
}

Deno.test({
  name: "publish and subscribe go as with redis-server",
  ignore: !hasRedisServer,
  async fn(test) {
    await using peers = await PeerPair.start();
    for (const [name, conversation] of Object.entries(CONVERSATIONS)) {
      await test.step(name, () => compare(peers, conversation));
    }
  },
});
