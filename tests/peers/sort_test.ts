import { compareScripts, PeerPair } from "../support/compare.ts";
import { hasRedisServer } from "../support/peer.ts";

const SCRIPTS: Readonly<Record<string, string>> = {
  "numbers": `
    SORT none
    SORT_RO none
    RPUSH l 3 1 2 10 -1 1.5
    SORT l
    SORT l DESC
    SORT l ASC
    SORT l DESC ASC
    SORT l ALPHA
    SORT l ALPHA DESC
    SORT l LIMIT 0 2
    SORT l LIMIT 2 2
    SORT l LIMIT 4 100
    SORT l LIMIT 100 1
    SORT l LIMIT -5 2
    SORT l LIMIT 1 -1
    SORT l LIMIT 1 -100
    SORT l LIMIT 0 0
    SORT l LIMIT 5 0
    SORT l LIMIT 0 2 DESC
    SORT_RO l DESC LIMIT 1 2
    SADD s 5 3 1 20
    SORT s
    SORT s DESC LIMIT 0 3
    ZADD z 1 30 2 20 3 10
    SORT z
    SORT z DESC
    RPUSH same 1 01 1.0 1e0 0x1 2
    SORT same
    SORT same DESC
    RPUSH odd inf -inf 0 ""
    SORT odd
    RPUSH space " 1" 0
    SORT space
  `,
  "words": `
    RPUSH l b a c A "" "a\\x00b" "\\xff"
    SORT l
    SORT l ALPHA
    SORT l ALPHA DESC
    SORT l DESC ALPHA LIMIT 1 2
    SADD s one two three
    SORT s ALPHA
    SORT s
    ZADD z 3 a 2 b 1 c
    SORT z ALPHA
    RPUSH n 1 x
    SORT n
    RPUSH m 1 nan
    SORT m
    RPUSH o 1 "1 "
    SORT o
    RPUSH p 1 " "
    SORT p
    RPUSH q 1 1e400
    SORT q
  `,
  "BY": `
    RPUSH l 1 2 3 4
    MSET w1 40 w2 10 w3 30 v1 a v2 c v3 b
    SORT l BY w*
    SORT l BY w* DESC
    SORT l BY w* LIMIT 1 2
    SORT l BY v* ALPHA
    SORT l BY v* ALPHA DESC
    SORT l BY v*
    SORT l BY none*
    SORT l BY nosort
    SORT l BY nosort DESC
    SORT l BY nosort LIMIT 1 2
    SORT l BY nosort DESC LIMIT 1 2
    SORT l BY nosort DESC LIMIT 3 5
    SORT l BY nosort BY w*
    SORT l BY w* BY nosort
    SORT l BY "#"
    SORT l BY *
    ZADD z 3 1 2 2 1 3 0 4
    SORT z BY nosort
    SORT z BY nosort DESC
    SORT z BY nosort LIMIT 1 2
    SORT z BY nosort DESC LIMIT 0 1
    SORT z BY nosort LIMIT 4 1
    SORT z BY w*
    SADD s 1 2 3 4
    SORT s BY w*
    SORT s BY nosort
    SORT s BY nosort STORE d
    LRANGE d 0 -1
    SADD t c b a
    SORT t BY nosort STORE d DESC
    LRANGE d 0 -1
    LPUSH w1 nonsense
    SET w2 x
    SORT l BY w*
    SORT l BY w* ALPHA
  `,
  "GET": `
    RPUSH l 2 1 3
    MSET o1 one o2 two p1 eins p3 drei
    SORT l GET o*
    SORT l GET "#"
    SORT l GET "#" GET o* GET p*
    SORT l GET constant
    SORT l GET ""
    SORT l GET o*->
    SORT l GET o*->f
    SORT l GET *o
    SORT l LIMIT 1 1 GET o* GET "#" GET o*
    SORT none GET o*
    SORT_RO l GET o* GET "#"
    LPUSH o3 wrong
    SORT l GET o*
    SORT l GET o* STORE d
    LRANGE d 0 -1
    SORT l BY nosort GET "#" DESC
    SORT l GET ##
    SORT l GET *
  `,
  "hash fields": `
    RPUSH l 1 2 3
    HSET h1 n 30 name a
    HSET h2 n 10 name b
    HSET h3 n 20 name c x->y arrow
    SORT l BY h*->n
    SORT l BY h*->n GET h*->name GET "#"
    SORT l BY h*->none
    SORT l GET h*->none
    SORT l GET h*->x->y
    SORT l GET h*->
    SET s1->n 5
    SET s1-> 6
    SORT l GET s*->n
    SORT l GET s*->
    SORT l GET "->*"
    SORT l GET h->*
  `,
  "STORE": `
    RPUSH l 3 1 2
    SET d string EX 1000
    SORT l STORE d
    TYPE d
    TTL d
    ~skip7.0 OBJECT ENCODING d => "$8\\r\\nlistpack\\r\\n"
    LRANGE d 0 -1
    SORT l STORE l DESC
    LRANGE l 0 -1
    SORT none STORE d
    EXISTS d
    SORT none STORE d
    SORT l LIMIT 10 1 STORE d
    SORT l STORE d STORE e
    EXISTS d
    LRANGE e 0 -1
    SORT_RO l STORE d
    COMMAND GETKEYS SORT l STORE d
    COMMAND GETKEYS SORT l BY STORE GET STORE LIMIT STORE STORE STORE x STORE y
    COMMAND GETKEYS SORT l
    COMMAND GETKEYS SORT_RO l
    COMMAND GETKEYSANDFLAGS SORT l STORE d
  `,
  "refusals": `
    SORT
    SORT_RO
    SET s v
    SORT s
    SORT s STORE d
    SORT_RO s
    RPUSH l 1
    SORT l foo
    SORT s foo
    SORT l LIMIT 1
    SORT l LIMIT x 1
    SORT l LIMIT 1 x
    SORT l LIMIT 1 99999999999999999999
    SORT l LIMIT 1.5 1
    SORT l BY
    SORT l GET
    SORT l STORE
    SORT l ALPHA foo
    RPUSH n a
    SET d keep
    SORT n STORE d
    GET d
  `,
};

Deno.test({
  name: "SORT replies as redis-server does",
  ignore: !hasRedisServer,
  async fn(t) {
    await using peers = await PeerPair.start();
    for (const [name, script] of Object.entries(SCRIPTS)) {
      await t.step(name, () => compareScripts(script, { peers, events: true }));
    }
  },
});
