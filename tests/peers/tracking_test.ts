import { assertEquals } from "@std/assert";
import { PeerPair } from "../support/compare.ts";
import { hasRedisServer, type Peer } from "../support/peer.ts";
import type { RawConnection } from "../support/raw_connection.ts";
import { showBytes } from "../support/reply_bytes.ts";

/**
 * Scripts of lines `connection command …`. The connections: `a` and `b` speak RESP3, `c` RESP2, `sub` RESP2 too and
 * listens to the channel of invalidations. `<sub>` stands for that client's id.
 */
const SCRIPTS: Readonly<Record<string, string>> = {
  "the default mode": `
    b MSET k 1 l 2 m 3
    a CLIENT TRACKING ON
    a GET k
    b SET k 2
    b SET k 3
    a MGET k l m none
    b DEL l m
    b SET none 1
    a EXISTS k
    a EXPIRE k 100
    a STRLEN k
    a SET k 5
    a GET k
    a INCR k
    a HSET h f v
    a HGETALL h
    a HDEL h f
    b SELECT 3
    a GET k
    b SET k other
    b SELECT 0
    a TYPE none
    a OBJECT ENCODING none
    a TTL k
    b RENAME none k
    a GET k
    b COPY h k REPLACE
    b RPUSH list x y
    a LRANGE list 0 -1
    b LPOP list
    a LRANGE list 0 -1
    b LMOVE list other LEFT RIGHT
    a ZADD z 1 m
    a ZRANGE z 0 -1
    b ZADD z 1 m
    b ZADD z 2 m
    a SORT list
    a SORT_RO list
    b RPUSH list 1
    a ZUNION 2 z z2
    b ZADD z2 1 q
    a CLIENT TRACKING OFF
    b SET k 1
    a GET k
    b SET k 2
    a CLIENT TRACKING ON
    b SET z 1
  `,
  "a RESP2 client, alone and redirected": `
    c CLIENT TRACKING ON
    c GET k
    b SET k 1
    c CLIENT TRACKING ON REDIRECT <sub>
    c CLIENT TRACKINGINFO
    c CLIENT GETREDIR
    c GET k
    b SET k 2
    c MGET k l
    b MSET k 3 l 3
    c GET k
    c SET k 4
    c GET k
    b FLUSHALL
    c GET k
    sub UNSUBSCRIBE __redis__:invalidate
    b SET k 5
  `,
  "a RESP3 client that redirects": `
    a CLIENT TRACKING ON REDIRECT <sub>
    a GET k
    b SET k 1
    b CLIENT TRACKING ON REDIRECT <sub>
    a GET k
    b GET k
    a SET k 1
    a GET k
    b GET k
    c SET k 1
  `,
  "a redirection whose end is gone": `
    a CLIENT TRACKING ON REDIRECT <sub>
    a GET k
    sub QUIT
    b SET k 1
    a CLIENT TRACKINGINFO
    a GET k
    b SET k 1
    a CLIENT TRACKING ON REDIRECT <sub>
    a CLIENT TRACKING ON
    a CLIENT TRACKINGINFO
    a GET k
    b SET k 1
  `,
  "BCAST": `
    a CLIENT TRACKING ON BCAST
    b SET k 1
    b MSET z 1 y 2 x 3 y 4
    b GET k
    b DEL none
    b DEL k z
    a SET own 1
    b MULTI
    b SET k 1
    b SET j 1
    b INCR k
    b EXEC
    b FLUSHDB
    a CLIENT TRACKING OFF
    b SET k 1
  `,
  "BCAST with prefixes": `
    a CLIENT TRACKING ON BCAST PREFIX u: PREFIX a:
    a CLIENT TRACKINGINFO
    c CLIENT TRACKING ON BCAST PREFIX u:1 REDIRECT <sub>
    b MSET u:1 1 u:2 2 a:1 1 b:1 1 u 1
    b SET u:11 1
    a CLIENT TRACKING ON BCAST PREFIX b:
    a CLIENT TRACKINGINFO
    b SET b:1 2
    a CLIENT TRACKING ON BCAST PREFIX b
    a CLIENT TRACKING ON BCAST PREFIX b:1
    a CLIENT TRACKING ON BCAST PREFIX b:
    a CLIENT TRACKING ON BCAST PREFIX new: PREFIX new:1
    a CLIENT TRACKING ON BCAST PREFIX new:1 PREFIX new:
    a CLIENT TRACKING ON BCAST PREFIX new: PREFIX new:
    a CLIENT TRACKINGINFO
    a CLIENT TRACKING ON BCAST
    a CLIENT TRACKINGINFO
    a CLIENT TRACKING ON
    a CLIENT TRACKING ON BCAST OPTIN
    a CLIENT TRACKING OFF
    a CLIENT TRACKING ON PREFIX x
    a CLIENT TRACKING ON BCAST PREFIX x OPTOUT
    a CLIENT TRACKINGINFO
    b SET u:1 3
  `,
  "NOLOOP": `
    a CLIENT TRACKING ON NOLOOP
    a MGET k l
    a SET k 1
    b SET l 1
    a GET k
    a SET k 2
    b SET k 2
    a CLIENT TRACKING OFF
    a CLIENT TRACKING ON BCAST NOLOOP
    a CLIENT TRACKINGINFO
    a SET k 1
    b SET k 1
    a FLUSHALL
  `,
  "OPTIN": `
    a CLIENT TRACKING ON OPTIN
    a CLIENT TRACKINGINFO
    a GET k
    b SET k 1
    a CLIENT CACHING YES
    a CLIENT TRACKINGINFO
    a GET k
    a GET l
    b MSET k 1 l 1
    a CLIENT CACHING YES
    a NOSUCH
    a GET k
    b SET k 1
    a CLIENT CACHING YES
    a MULTI
    a GET k
    a GET l
    a EXEC
    a GET m
    b MSET k 1 l 1 m 1
    a CLIENT CACHING NO
    a CLIENT CACHING MAYBE
    a CLIENT TRACKING ON OPTOUT
    a CLIENT TRACKING ON OPTIN NOLOOP
    a CLIENT TRACKINGINFO
  `,
  "OPTOUT": `
    a CLIENT TRACKING ON OPTOUT
    a GET k
    b SET k 1
    a CLIENT CACHING NO
    a CLIENT TRACKINGINFO
    a GET k
    b SET k 1
    a GET k
    b SET k 1
    a CLIENT CACHING YES
    a CLIENT TRACKING ON OPTIN
    a CLIENT TRACKING ON OPTIN OPTOUT
    a CLIENT TRACKING OFF
    a CLIENT CACHING YES
    a CLIENT CACHING NO
  `,
  "transactions": `
    a CLIENT TRACKING ON
    b MSET k 1 l 1
    a MULTI
    a GET k
    a SET k 2
    a GET l
    a EXEC
    b SET k 1
    b SET l 1
    a MULTI
    a GET k
    a FLUSHDB
    a EXEC
    a GET k
    a WATCH l
    b SET k 1
    a MULTI
    a GET k
    a DISCARD
    b SET k 1
  `,
  "keys that expire": `
    b DEBUG SET-ACTIVE-EXPIRE 0
    a CLIENT TRACKING ON
    b SET k 1 PX 30
    b SET l 1 PX 30
    a MGET k l
    b DEBUG SLEEP 0.05
    b GET k
    a MGET k l
    a CLIENT TRACKING OFF
    a CLIENT TRACKING ON BCAST NOLOOP
    a SET k 1 PX 30
    b DEBUG SLEEP 0.05
    a GET k
    b DEBUG SET-ACTIVE-EXPIRE 1
  `,
  "blocked clients": `
    a CLIENT TRACKING ON
    a LRANGE to 0 -1
    b RPUSH from x
    a BLMOVE from to LEFT LEFT 1
    a LRANGE to 0 -1
    a XREAD STREAMS x 0
    b XADD x 1-1 f v
    a XREAD BLOCK 10 STREAMS x 5
    b XADD x 2-1 f v
  `,
  "RESET and HELLO": `
    a CLIENT TRACKING ON
    a GET k
    a HELLO 2
    b SET k 1
    a GET k
    a HELLO 3
    b SET k 1
    a GET k
    a RESET
    a CLIENT TRACKINGINFO
    b SET k 1
    a HELLO 3
    a CLIENT TRACKING ON
    b SET k 1
  `,
  "CLIENT REPLY OFF": `
    a CLIENT TRACKING ON
    a MGET k l
    b SET k 1
    a CLIENT REPLY ON
    b SET l 1
  `,
};

/** Sends the line and reads all that every connection is sent. */
async function play(peer: Peer, script: string): Promise<string[]> {
  using admin = await peer.connect();
  await admin.line("FLUSHALL");
  using a = await peer.connect({ protocol: 3 });
  using b = await peer.connect({ protocol: 3 });
  using c = await peer.connect();
  using sub = await peer.connect();
  const ids = { "<sub>": (await sub.line("CLIENT", "ID")).slice(1) };
  await sub.line("SUBSCRIBE", "__redis__:invalidate");
  const connections: Record<string, RawConnection> = { a, b, c, sub };
  const transcript: string[] = [];
  for (const line of script.split("\n").map((each) => each.trim()).filter((each) => each !== "")) {
    const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((word) => word[1] ?? word[2]);
    const [name, ...command] = words.map((word) => word === "<sub>" ? ids[word] : word);
    const reply = await converse(connections[name], command);
    // It tells of versions.
    transcript.push(command[0] === "HELLO" ? line : `${line}: ${reply}`);
    if (command[0] === "QUIT") delete connections[name];
    for (const [each, connection] of Object.entries(connections)) {
      const sent = await barrier(connection, each === "sub");
      if (sent !== "") transcript.push(`  ${each} is sent: ${sent}`);
    }
  }
  return transcript.map((line) =>
    /redir/i.test(line) ? line.replaceAll(`:${ids["<sub>"]}\\r`, ":<sub>\\r") : line
  );
}

/** The reply, with what came before it. */
async function converse(connection: RawConnection, command: string[]): Promise<string> {
  connection.pushes.length = 0;
  const reply = showBytes(await connection.send(command));
  return [...connection.pushes.splice(0).map(showBytes), reply].join(" ");
}

/** What the connection has been sent by now: all that comes before the reply of one more command. */
async function barrier(connection: RawConnection, isSubscriber: boolean): Promise<string> {
  // Of these, CLIENT alone changes nothing of what CLIENT CACHING has asked for.
  const command = isSubscriber ? ["PING"] : ["CLIENT", "GETNAME"];
  let text = await converse(connection, command);
  while (isSubscriber && !/PONG|pong/.test(text)) text += " " + showBytes(await connection.read());
  return text.replace(
    / ?(\$-1|_|\+QUEUED|\+PONG|\*2\\r\\n\$4\\r\\npong\\r\\n\$0\\r\\n)\\r\\n$/,
    "",
  );
}

Deno.test({
  name: "client-side caching is told what redis-server's clients are told",
  ignore: !hasRedisServer,
  async fn(t) {
    await using peers = await PeerPair.start(["--enable-debug-command", "yes"]);
    for (const [name, script] of Object.entries(SCRIPTS)) {
      await t.step(name, async () => {
        const expected = await play(peers.reference, script);
        assertEquals(await play(peers.subject, script), expected);
      });
    }
  },
});
