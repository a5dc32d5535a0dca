import { assertEquals } from "@std/assert";
import { compareScripts, PeerPair } from "../support/compare.ts";
import { hasRedisServer, type Peer } from "../support/peer.ts";
import type { RawConnection } from "../support/raw_connection.ts";
import { parseScript } from "../support/script.ts";

/**
 * Scripts about users. Redis 7.0 words some refusals otherwise than 7.2, knows no sanitize-payload in descriptions, and
 * tells less in ACL LOG: there the reply of 7.2 is said inline.
 */
const SCRIPTS: Readonly<Record<string, string>> = {
  "ACL: subcommands and their arguments": `
    ACL
    ACL NOSUCH
    ACL WHOAMI
    ACL WHOAMI x
    ACL USERS x
    ACL LIST x
    ACL SETUSER
    ACL GETUSER
    ACL GETUSER nobody
    ACL DELUSER
    ACL DELUSER nobody
    ACL DELUSER nobody default
    ACL CAT
    ACL CAT "x\\x00y"
    ACL CAT nosuch
    ACL CAT a b
    ~sorted ACL CAT hyperloglog
    ~sorted ACL CAT SORTEDSET
    ~sorted ACL CAT transaction
    ~type ACL GENPASS
    ~type ACL GENPASS 5
    ACL GENPASS 0
    ACL GENPASS -1
    ACL GENPASS 4097
    ACL GENPASS x
    ACL GENPASS 1 2
    ACL LOG x
    ACL LOG 1 2
    ACL LOG RESET
    ACL LOG
    ACL LOG -5
    ACL LOAD
    ACL SAVE
    ACL LOAD x
    ~type ACL HELP
    ACL HELP x
  `,
  "ACL SETUSER: what is wrong with rules": `
    ACL SETUSER "a b"
    ACL SETUSER "a\\x00b"
    ACL SETUSER u nonsense
    ACL SETUSER u ""
    ACL SETUSER u on off x
    ACL SETUSER u ~* ~a
    ACL SETUSER u allkeys %R~a
    ACL SETUSER u &* &a
    ACL SETUSER u "~a b"
    ACL SETUSER u "&a b"
    ACL SETUSER u %X~a
    ACL SETUSER u %~a
    ACL SETUSER u %RR~a
    ACL SETUSER u +nosuch
    ACL SETUSER u -nosuch
    ACL SETUSER u +@nosuch
    ACL SETUSER u -@
    ACL SETUSER u +
    ACL SETUSER u -
    ACL SETUSER u +config|nosuch
    ACL SETUSER u +config|get|x
    ACL SETUSER u +get|
    ACL SETUSER u +get|a|b
    ACL SETUSER u -select|0
    ACL SETUSER u #abc
    ACL SETUSER u !abc
    ACL SETUSER u <abc
    ACL SETUSER u "!0000000000000000000000000000000000000000000000000000000000000000"
    ACL SETUSER u (+get
    ACL SETUSER u (
    ACL SETUSER u )
    ACL SETUSER u " () "
    ACL SETUSER u (on)
    ACL SETUSER u (+nosuch)
    ACL SETUSER u "(&* &a)"
    ACL SETUSER u "(+get \\"~a b\\")"
    ACL USERS
  `,
  "ACL SETUSER and GETUSER: rules as they are told": `
    ~skip7.0 ACL SETUSER new => +OK
    ~skip7.0 ~resp2 ACL GETUSER new => "*12\\r\\n$5\\r\\nflags\\r\\n*2\\r\\n$3\\r\\noff\\r\\n$16\\r\\nsanitize-payload\\r\\n$9\\r\\npasswords\\r\\n*0\\r\\n$8\\r\\ncommands\\r\\n$5\\r\\n-@all\\r\\n$4\\r\\nkeys\\r\\n$0\\r\\n\\r\\n$8\\r\\nchannels\\r\\n$0\\r\\n\\r\\n$9\\r\\nselectors\\r\\n*0\\r\\n"
    ~skip7.0 ACL DELUSER new => :1
    ACL DELUSER default
    ACL SETUSER u on nopass >p1 >p2 <p1 >p2 sanitize-payload
    ACL SETUSER u ~a* %R~r %W~w %RW~x %w~r &c &d* &c
    ACL SETUSER u +GET +@hash
    ACL SETUSER u "(~b +@all)" ( %R~q +get &e ) ()
    ACL SETUSER u -@all +get +@hash -@all +@hash -hset
    ACL GETUSER u
    ACL SETUSER u resetkeys resetchannels allcommands clearselectors
    ACL GETUSER u
    ACL SETUSER u -@dangerous nopass
    ACL GETUSER u
    ACL SETUSER u allkeys allchannels resetpass off skip-sanitize-payload
    ACL GETUSER u
    ACL SETUSER "\\xff\\xc3\\xa9" "~\\x80*" on sanitize-payload
    ACL GETUSER "\\xff\\xc3\\xa9"
    ACL USERS
    ACL DELUSER u "\\xff\\xc3\\xa9" u
    ACL USERS
  `,
  "AUTH and HELLO": `
    ACL SETUSER u on >p1 >p2 +@all ~*
    @x AUTH u p1
    @x ACL WHOAMI
    @x AUTH u p3
    @x AUTH nobody p1
    @x AUTH p1
    @x AUTH default anything
    @x ACL WHOAMI
    @x ~type HELLO 2 AUTH u p2
    @x ACL WHOAMI
    @x HELLO 2 AUTH u p3
    @x RESET
    ACL SETUSER u off
    @x AUTH u p1
    ACL SETUSER u on nopass
    @x AUTH u whatever
    @x RESET
    @x ACL WHOAMI
    CLIENT KILL USER nobody
    CLIENT KILL USER u
    CLIENT KILL TYPE normal USER u
    ACL DELUSER u
  `,
  "ACL DRYRUN": `
    ACL SETUSER u +@all ~a %R~r &c
    ACL DRYRUN u GET a
    ACL DRYRUN u GET r
    ACL DRYRUN u SET a 1
    ACL DRYRUN nobody GET a
    ACL DRYRUN u NOSUCH
    ACL DRYRUN u CONFIG
    ACL DRYRUN u CONFIG nosuch
    ACL DRYRUN u
    ACL DRYRUN u CONFIG get x
    ACL DRYRUN u SUBSCRIBE c
    ~skip7.0 ACL DRYRUN u SET r 1 => "$47\\r\\nUser u has no permissions to access the 'r' key\\r\\n"
    ~skip7.0 ACL DRYRUN u SUBSCRIBE d => "$51\\r\\nUser u has no permissions to access the 'd' channel\\r\\n"
    ACL DELUSER u
  `,
  "what 7.2 words otherwise": `
    ACL SETUSER u on nopass ~a +eval +acl|whoami
    @x AUTH u x
    ~skip7.0 @x GET a => -NOPERM User u has no permissions to run the 'get' command
    ~skip7.0 @x CONFIG GET hz => -NOPERM User u has no permissions to run the 'config|get' command
    @x ACL WHOAMI
    ~skip7.0 @x EVAL "return redis.pcall('get', 'a').err" 0 => "$77\\r\\nERR ACL failure in script: User u has no permissions to run the 'get' command\\r\\n"
    @x EVAL "return redis.acl_check_cmd('get', 'a')" 0
    @x EVAL "return redis.acl_check_cmd('eval', 'x', 1, 'b')" 0
    @x EVAL "return redis.acl_check_cmd('eval', 'x', 1, 'a')" 0
    @x EVAL "return redis.acl_check_cmd('nosuch')" 0
    ACL DELUSER u
  `,
};

/** New connections must log in first, so this is for RESP2: RESP3 begins with HELLO. */
const DEFAULT_USER = `
    ACL SETUSER default -get ~a
    SET a 1
    SET b 1
    ACL SETUSER default reset on nopass +@all ~* &*
    ACL SETUSER default >secret
    @new PING
    @new AUTH wrong
    @new AUTH secret
    @new PING
    CONFIG GET requirepass
    CONFIG SET requirepass other
    @other AUTH secret
    @other AUTH other
    @other ACL WHOAMI
    CONFIG SET requirepass ""
    @last PING
    @last AUTH x
    ACL SETUSER default nopass
  `;

/** Scripts in whose replies the words of a NOPERM, which are others in 7.0, do not count: only what it is about. */
const VERDICTS: Readonly<Record<string, string>> = {
  "keys, by what commands do with them": `
    MSET r 1 w 1 x 1
    ACL SETUSER u on nopass +@all %R~r* %W~w* ~rw* ~[ab]? ~lit &*
    @x AUTH u x
    @x GET r
    @x GET rw
    @x GET w
    @x GET x
    @x GET ""
    @x SET r 1
    @x SET w 1
    @x SET w 1 GET
    @x SET rw 1 GET
    @x INCR w
    @x INCR rw
    @x INCR a1
    @x INCR a11
    @x INCR c1
    @x INCR lit
    @x INCR lit2
    @x COPY r w2
    @x COPY w r
    @x COPY r r2
    @x RENAME rw rw2
    @x RENAME w w2
    @x EXISTS r w x
    @x EXISTS r w
    @x TYPE w
    @x STRLEN w
    @x MGET r rw x
    @x MSET w 1 rw 1
    @x MSET w 1 r 1
    @x BITFIELD r GET u4 0
    @x BITFIELD r SET u4 0 1
    @x BITFIELD rw SET u4 0 1
    @x BITOP AND w r rw
    @x BITOP AND r r
    @x SUNIONSTORE wset rset
    @x ZUNIONSTORE wz 2 rz1 rz2
    @x ZUNIONSTORE wz 2 rz1 wz2
    @x ZUNIONSTORE wz x rz1
    @x ZINTERCARD 1 r
    @x LMPOP 1 r LEFT
    @x LPUSH wl 1
    @x LPOP wl
    @x LLEN wl
    @x SORT r STORE w
    @x SORT w
    @x XREAD STREAMS r1 x 0 0
    @x XREADGROUP GROUP g c STREAMS r1 >
    @x XINFO STREAM w
    @x OBJECT ENCODING w
    @x MEMORY USAGE x
    @x GEORADIUS r 1 1 1 m STORE r
    @x GEOSEARCHSTORE w r FROMLONLAT 1 1 BYRADIUS 1 m
    @x EVAL "return 1" 1 x
    @x EVAL "return 1" 1 rw
    @x EVAL_RO "return 1" 1 r
    @x EVAL "return 1" 3 x
    @x EVAL "return 1" -1 x
    @x TOUCH x
    @x DUMP r1
    @x WATCH x
    @x WATCH r
    @x DEL r
    @x DEL w
    @x GETDEL w
    @x EXPIRE w 100
    @x TTL w
    @x PFCOUNT w
    @x PFMERGE w r
    @x SCAN 0 MATCH nothing COUNT 1000
    @x SORT rw BY nosort
    @x SORT rw BY x*
    @x SORT rw GET x*
    ACL SETUSER u "(%R~* +sort)"
    @x SORT rw BY x*
    ACL DELUSER u
  `,
  "channels": `
    ACL SETUSER u on nopass +@all &a:* &lit
    @x AUTH u x
    @x PUBLISH a:1 x
    @x PUBLISH a x
    @x PUBLISH b x
    @x SPUBLISH lit x
    @x SPUBLISH lit2 x
    @x SUBSCRIBE b
    @x SSUBSCRIBE b
    @x PSUBSCRIBE a:1
    @x UNSUBSCRIBE b
    @x SUNSUBSCRIBE b
    @x SUBSCRIBE a:1
    ACL DELUSER u
  `,
  "transactions": `
    ACL SETUSER u on nopass +@all -exec ~a &c
    @x AUTH u x
    @x MULTI
    @x GET b
    @x PUBLISH d x
    @x ~type EXEC
    @x DISCARD
    ACL SETUSER u +exec
    @x MULTI
    @x GET b
    @x EXEC
    @x MULTI
    @x INCR a
    @x PUBLISH c x
    ACL SETUSER u resetkeys resetchannels
    @x EXEC
    ACL DELUSER u
  `,
};

/** A reply, or what a refusal for want of permission is about. */
function verdict(reply: Uint8Array): string {
  const text = new TextDecoder("latin1").decode(reply);
  const denied = /^-(?:\w+ Transaction discarded because of: )?NOPERM .*\b(key|channel|command)s?\b/
    .exec(text);
  return denied ? `NOPERM: ${denied[1]}` : text;
}

/** Plays a script to one server; what each command got, with the command. */
async function verdicts(peer: Peer, script: string): Promise<string[]> {
  const connections = new Map<string, RawConnection>();
  const told: string[] = [];
  try {
    for (const { command, connection: name, line } of parseScript(script)) {
      const connection = connections.get(name) ?? await peer.connect();
      connections.set(name, connection);
      told.push(`line ${line}: ${verdict(await connection.send(command))}`);
    }
  } finally {
    for (const connection of connections.values()) connection.close();
  }
  return told;
}

Deno.test({
  name: "users are allowed and refused what redis-server allows and refuses them",
  ignore: !hasRedisServer,
  async fn(t) {
    await using peers = await PeerPair.start();
    for (const [name, script] of Object.entries(SCRIPTS)) {
      await t.step(name, () => compareScripts(script, { peers }));
    }
    await t.step(
      "a default user with rules, and without",
      () => compareScripts(DEFAULT_USER, { peers, protocols: [2] }),
    );
    for (const [name, script] of Object.entries(VERDICTS)) {
      await t.step(name, async () => {
        const expected = await verdicts(peers.reference, script);
        assertEquals(await verdicts(peers.subject, script), expected);
      });
    }
  },
});
