import { compareScripts, PeerPair } from "../support/compare.ts";
import { hasRedisServer } from "../support/peer.ts";

const SCRIPTS: Readonly<Record<string, string>> = {
  "queueing and carrying out": `
    EXEC
    DISCARD
    UNWATCH
    MULTI
    EXEC
    MULTI
    SET a 1
    INCR a
    GET a
    @other GET a
    EXEC
    MULTI
    SET a text
    INCR a
    LPUSH a x
    GET a
    EXEC
    GET a
    MULTI
    SET b 1
    DISCARD
    EXISTS b
    DISCARD
    MULTI
    SELECT 3
    SET c 3
    SELECT 0
    EXISTS c
    EXEC
    MULTI
    SELECT 3
    EXEC
    GET c
    SELECT 0
  `,
  "refusals": `
    MULTI
    MULTI
    WATCH a
    PING
    EXEC
    MULTI
    NOSUCH
    PING
    EXEC
    MULTI
    GET
    EXEC
    MULTI
    SET a
    MULTI
    EXEC
    EXEC
    MULTI
    OBJECT NOSUCH a
    DISCARD
    MULTI
    SHUTDOWN
    SET a 1
    EXEC
    EXISTS a
    MULTI now
    EXEC now
    MULTI
    SET a 1
    EXEC now
    EXEC
    MULTI
    DISCARD now
    EXEC
    WATCH
    UNWATCH a
    MULTI
    UNWATCH
    EXEC
    MULTI
    AUTH nobody secret
    CONFIG SET maxmemory nonsense
    EXEC
  `,
  "replies of all kinds": `
    MULTI
    PING
    PING pong
    HSET h f v g w
    HGETALL h
    SADD s a
    SMEMBERS s
    ZADD z 1.5 m
    ZRANGE z 0 -1 WITHSCORES
    ZSCORE z m
    GET none
    LRANGE none 0 -1
    BLPOP none 0
    LPOP none 2
    EXISTS h s z none
    CONFIG GET maxmemory
    XADD x 1-1 f v
    XRANGE x - +
    EXEC
    MULTI
    EXEC
  `,
  "HELLO inside of a transaction": `
    HSET h f v
    MULTI
    HGETALL h
    HELLO 3 SETNAME x
    HGETALL h
    GET none
    HELLO 2
    HGETALL h
    GET none
    HELLO 4
    ~type EXEC
    CLIENT GETNAME
    HGETALL h
  `,
  "CLIENT REPLY inside of a transaction": `
    MULTI
    CLIENT REPLY ON
    PING
    EXEC
    PING
  `,
  "RESET and QUIT": `
    SET a 1
    WATCH a
    SET a 2
    MULTI
    SET a 3
    RESET
    EXEC
    GET a
    @quits MULTI
    @quits SET a 4
    @quits QUIT
    GET a
  `,
  "what waits elsewhere": `
    MULTI
    BLPOP l 0
    BRPOP l 0
    BRPOPLPUSH l m 0
    BLMOVE l m LEFT RIGHT 0
    BLMPOP 0 1 l LEFT
    BZPOPMIN z 0
    BZPOPMAX z 0
    BZMPOP 0 1 z MIN
    XREAD BLOCK 0 STREAMS x $
    WAIT 1 0
    MONITOR
    EXEC
    RPUSH l a b
    MULTI
    BLPOP l 0
    BLMOVE l m LEFT RIGHT 0
    EXEC
  `,
  "watching": `
    SET a 1
    WATCH a
    MULTI
    INCR a
    EXEC
    WATCH a
    SET a 5
    MULTI
    INCR a
    EXEC
    GET a
    WATCH a b c
    @other SET c 1
    MULTI
    PING
    EXEC
    MULTI
    PING
    EXEC
    WATCH a
    @other SET a 1
    UNWATCH
    MULTI
    PING
    EXEC
    WATCH a
    @other SET a 2
    MULTI
    DISCARD
    MULTI
    PING
    EXEC
    WATCH a
    MULTI
    NOSUCH
    @other SET a 3
    EXEC
    WATCH a
    @other SET a 3
    WATCH b
    UNWATCH
    @other SET a 4
    MULTI
    EXEC
    WATCH a
    @other EXPIRE a 100
    MULTI
    EXEC
    WATCH a
    @other EXPIRE a 100 NX
    MULTI
    EXEC
    WATCH a
    @other DEL a
    MULTI
    EXEC
    WATCH a
    @other DEL a
    MULTI
    EXEC
  `,
  "watching while databases are flushed and exchanged": `
    SET a 1
    WATCH a
    @other FLUSHDB
    MULTI
    EXEC
    WATCH a
    @other FLUSHDB
    MULTI
    EXEC
    SET a 1
    WATCH a
    @other FLUSHALL ASYNC
    MULTI
    EXEC
    SET a 1
    WATCH a
    @other SELECT 1
    @other FLUSHDB
    MULTI
    EXEC
    WATCH a
    @other SWAPDB 0 1
    MULTI
    EXEC
    WATCH a
    @other SWAPDB 0 1
    MULTI
    EXEC
    WATCH b
    @other SWAPDB 0 1
    MULTI
    EXEC
    WATCH a
    @other SWAPDB 1 2
    MULTI
    EXEC
    SELECT 5
    WATCH a
    SELECT 0
    SET a 1
    MULTI
    EXEC
    SELECT 5
    WATCH a
    SELECT 0
    @other SELECT 5
    @other SET a 1
    MULTI
    EXEC
  `,
  "watching keys whose time is over": `
    DEBUG SET-ACTIVE-EXPIRE 0
    SET a 1 PX 1
    SET b 1 PX 1
    DEBUG SLEEP 0.01
    WATCH a
    MULTI
    EXEC
    WATCH a
    EXISTS a
    MULTI
    EXEC
    WATCH b
    SET b 2
    MULTI
    EXEC
    SET a 1 PX 50
    WATCH a
    DEBUG SLEEP 0.06
    MULTI
    PING
    EXEC
    SET a 1 PX 1
    DEBUG SLEEP 0.01
    WATCH a
    SWAPDB 0 1
    MULTI
    EXEC
    SELECT 1
    WATCH a
    SWAPDB 0 1
    MULTI
    EXEC
    SELECT 0
    SET a 1 PX 1
    DEBUG SLEEP 0.01
    WATCH a
    FLUSHDB
    MULTI
    EXEC
    DEBUG SET-ACTIVE-EXPIRE 1
  `,
  "memory": `
    SET a 1
    MULTI
    SET a 2
    @other CONFIG SET maxmemory 1
    GET a
    EXEC
    MULTI
    @other CONFIG SET maxmemory 0
    MULTI
    SET a 2
    @other CONFIG SET maxmemory 1
    EXEC
    EXEC
    @other CONFIG SET maxmemory 0
    MULTI
    GET a
    @other CONFIG SET maxmemory 1
    EXEC
    DISCARD
    @other CONFIG SET maxmemory 0
    MULTI
    @other CONFIG SET maxmemory 1
    DISCARD
    @other CONFIG SET maxmemory 0
  `,
};

Deno.test({
  name: "transactions answer as redis-server's do",
  ignore: !hasRedisServer,
  async fn(t) {
    await using peers = await PeerPair.start(["--enable-debug-command", "yes"]);
    for (const [name, script] of Object.entries(SCRIPTS)) {
      await t.step(name, () => compareScripts(script, { peers }));
    }
  },
});
