import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { compareScripts, PeerPair } from "./compare.ts";
import { hasRedisServer, redisServerVersion, startPeer, startRedis } from "./peer.ts";
import { RawConnection } from "./raw_connection.ts";

const ignore = !hasRedisServer;

Deno.test({
  name: "a peer answers from its start to its stop, and its folder goes with it",
  ignore,
  async fn() {
    const peer = await startRedis(["--databases", "3"]);
    using connection = await peer.connect();
    assertEquals(
      await connection.text("CONFIG", "GET", "databases"),
      "*2\r\n$9\r\ndatabases\r\n$1\r\n3",
    );
    assertStringIncludes(await connection.text("CONFIG", "GET", "dir"), peer.directory);
    const status = await peer.stop();
    assert(status.success);
    await assertRejects(() => Deno.stat(peer.directory), Deno.errors.NotFound);
    await assertRejects(() => RawConnection.connect({ port: peer.port }));
  },
});

Deno.test({
  name: "a peer that cannot start is reported with what it wrote",
  ignore,
  async fn() {
    const error = await assertRejects(() => startRedis(["--no-such-directive", "1"]), Error);
    assertStringIncludes(error.message, "no-such-directive");
  },
});

Deno.test({
  name: "a peer that never answers is given up",
  async fn() {
    const silent = { name: "silence", command: ["sleep", "60"], timeout: 50 };
    const error = await assertRejects(() => startPeer(silent), Error);
    assertStringIncludes(error.message, "no +PONG within 50 ms");
  },
});

Deno.test({
  name: "compareScripts accepts servers that agree, within the markers' tolerance",
  ignore,
  async fn() {
    await using reference = await startRedis();
    await using subject = await startRedis();
    await compareScripts(
      String.raw`
        SET greeting "hello\r\n\x00\xff"
        GET greeting
        MSET a 1 b 2 c 3
        ~sorted KEYS *
        ~type TIME
        ~type CLIENT ID
        @other WATCH a
        SET a 2
        @other MULTI
        @other GET a
        @other EXEC
        ~resp2 GET nothing => $-1
        ~resp3 GET nothing => _
        ~skip7.0 SET a 1 WITH-SOMETHING-NEW => -ERR syntax error
        INCR greeting
        SUBSCRIBE x y
        @third QUIT
        @third PING
      `,
      { peers: { reference, subject }, referenceVersion: "7.2.0" },
    );
  },
});

Deno.test({
  name: "compareScripts lists every reply that differs, with line, protocol and both replies",
  ignore,
  async fn() {
    await using reference = await startRedis(["--maxclients", "100"]);
    await using subject = await startRedis(["--maxclients", "200"]);
    const peers = { reference, subject };
    const error = await assertRejects(() =>
      compareScripts("PING\nCONFIG GET maxclients\nPING => +PANG", { peers })
    ) as Error;
    assertStringIncludes(error.message, "Replies that differ: 4");
    assertStringIncludes(error.message, "line 2, RESP3: CONFIG GET maxclients");
    assertStringIncludes(error.message, "$3\\r\\n100\\r\\n");
    assertStringIncludes(error.message, "$3\\r\\n200\\r\\n");
    assertStringIncludes(error.message, "+PANG");
  },
});

Deno.test({
  name: "compareScripts tells of commands that reply the same but notify otherwise",
  // Redis 7.2 makes XAUTOCLAIM's consumer at once, 7.0 with the first entry claimed.
  ignore: !redisServerVersion?.startsWith("7.0."),
  async fn() {
    await using peers = await PeerPair.start();
    const script = "XGROUP CREATE s g $ MKSTREAM\nXAUTOCLAIM s g c 0 0";
    await compareScripts(script, { peers });
    const error = await assertRejects(() => compareScripts(script, { peers, events: true }));
    assertStringIncludes((error as Error).message, "Replies that differ: 2");
    assertStringIncludes((error as Error).message, "Events of line 2, RESP3: XAUTOCLAIM");
    assertStringIncludes((error as Error).message, "xgroup-createconsumer");
    await compareScripts(script.replace("XAUTO", "~noevents XAUTO"), { peers, events: true });
  },
});

Deno.test({
  name: "compareScripts does not ask an older server what it cannot know",
  ignore,
  async fn() {
    await using reference = await startRedis();
    await using subject = await startRedis();
    const peers = { reference, subject };
    await compareScripts("~skip7.0 INCR n => :1", {
      peers,
      protocols: [2],
      referenceVersion: "7.0.15",
    });
    using theirs = await reference.connect();
    using ours = await subject.connect();
    assertEquals(await theirs.line("EXISTS", "n"), ":0");
    assertEquals(await ours.line("EXISTS", "n"), ":1");
  },
});

Deno.test({
  name: "compareScripts takes plain commands with bytes",
  ignore,
  async fn() {
    await using reference = await startRedis();
    await using subject = await startRedis();
    const peers = { reference, subject };
    await compareScripts([["SET", "k", Uint8Array.of(0, 255)], ["GET", "k"]], { peers });
  },
});

Deno.test("a raw connection gives up a reply that does not come", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using connection = await RawConnection.connect({ port: listener.addr.port, timeout: 20 });
  using server = await listener.accept();
  await server.write(new TextEncoder().encode("$5\r\nhel"));
  const error = await assertRejects(() => connection.send(["PING"]), Error);
  assertStringIncludes(error.message, '"$5\\r\\nhel"');
});
