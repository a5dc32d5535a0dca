/**
 * What clients may say of replication to redis-server and to coolcache, while there are no replicas.
 *
 * @module
 */

import { compareScripts, PeerPair } from "../support/compare.ts";
import { hasRedisServer } from "../support/peer.ts";

const SCRIPTS: Readonly<Record<string, string>> = {
  "REPLCONF": `
    REPLCONF
    REPLCONF listening-port
    REPLCONF listening-port 7000
    REPLCONF listening-port x
    REPLCONF LISTENING-PORT 7000 IP-ADDRESS 10.0.0.1 capa eof CAPA nonsense
    REPLCONF ip-address ${"x".repeat(255)}
    REPLCONF ip-address ${"x".repeat(256)}
    REPLCONF rdb-only 1
    REPLCONF rdb-only 0
    REPLCONF rdb-only 2
    REPLCONF rdb-only x
    REPLCONF rdb-filter-only functions
    REPLCONF rdb-filter-only "functions FUNCTIONS"
    REPLCONF rdb-filter-only data
    REPLCONF rdb-filter-only "'"
    REPLCONF nonsense 1
    REPLCONF capa eof nonsense 1
    SYNC 1
    PSYNC
    PSYNC ?
    PSYNC ? x
    PSYNC ? -1 FAILOVER
    MULTI
    PSYNC ? -1
    SYNC
    EXEC
    EVAL "return redis.call('SYNC')" 0
    EVAL "return redis.call('REPLCONF', 'capa', 'eof')" 0
  `,
  "ROLE": `
    ROLE
    ROLE x
  `,
  "min-replicas-to-write": `
    SET a 1
    CONFIG SET min-replicas-to-write 1
    SET a 2
    GET a
    DEL nothing
    PUBLISH channel message
    PFCOUNT a
    EVAL "return redis.call('GET', 'a')" 0
    EVAL "return redis.pcall('SET', 'a', 3)" 0
    EVAL "#!lua\\nreturn 1" 0
    EVAL "#!lua flags=no-writes\\nreturn 1" 0
    EVAL_RO "return redis.call('GET', 'a')" 0
    MULTI
    GET a
    SET a 4
    EXEC
    MULTI
    GET a
    CONFIG SET min-replicas-to-write 0
    SET a 5
    EXEC
    CONFIG SET min-replicas-to-write 0
    MULTI
    SET a 6
    @other CONFIG SET min-replicas-to-write 1
    EXEC
    CONFIG SET min-replicas-to-write 0
    GET a
  `,
};

Deno.test({
  name: "what is said of replication is answered as redis-server does",
  ignore: !hasRedisServer,
  async fn(t) {
    await using peers = await PeerPair.start();
    for (const [name, script] of Object.entries(SCRIPTS)) {
      await t.step(name, () => compareScripts(script, { peers }));
    }
  },
});
