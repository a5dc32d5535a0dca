import { compareScripts, PeerPair } from "../support/compare.ts";
import { hasRedisServer } from "../support/peer.ts";

/** Scripts about connections. What differs between Redis 7.0 and 7.2 is said inline. */
const SCRIPTS: Readonly<Record<string, string>> = {
  "PING, ECHO, SELECT, QUIT and RESET": `
    PING
    ping "hello\\r\\nworld\\x00"
    PING ""
    PING a b
    ECHO "\\x00\\xff"
    ECHO ""
    ECHO
    ECHO a b
    SELECT 1
    SET k one
    SELECT 0
    GET k
    SELECT 15
    SELECT 16
    SELECT -1
    SELECT 2147483647
    SELECT 2147483648
    SELECT -2147483649
    SELECT 99999999999999999999
    SELECT x
    SELECT ""
    SELECT " 1"
    SELECT
    SELECT 1 2
    SELECT 1
    CLIENT SETNAME somebody
    RESET
    GET k
    CLIENT GETNAME
    RESET now
    @leaver QUIT
    @leaver PING
    @other QUIT with arguments
    QUIT
    PING
  `,
  "AUTH without a password": `
    AUTH secret
    AUTH default secret
    AUTH nobody secret
    AUTH default
    AUTH a b c
    AUTH
  `,
  "HELLO": `
    HELLO 1
    HELLO 4
    HELLO x
    HELLO ""
    HELLO 99999999999999999999
    HELLO 2 AUTH
    HELLO 2 AUTH default
    HELLO 2 AUTH nobody secret
    HELLO 2 SETNAME
    HELLO 2 SETNAME "a b"
    HELLO 2 SETNAME "a\\nb" AUTH default x
    HELLO 2 SETNAMES x
    HELLO 2 "a\\x00b"
    HELLO 2 AUTH nobody secret SETNAME ghost
    CLIENT GETNAME
    ~type HELLO
    ~type HELLO 3 SETNAME me
    DEBUG PROTOCOL null
    CLIENT GETNAME
    ~type HELLO 2 AUTH default anything SETNAME ""
    DEBUG PROTOCOL null
    CLIENT GETNAME
    HELLO "3 "
    hello 2 setname x setname
  `,
  "CLIENT: names, modes and small answers": `
    CLIENT
    CLIENT NOSUCH
    CLIENT "no\\r\\nsuch"
    CLIENT GETNAME
    CLIENT SETNAME me
    CLIENT GETNAME
    CLIENT SETNAME "not me"
    CLIENT SETNAME "not\\nme"
    CLIENT SETNAME "\\xff"
    CLIENT SETNAME "~!"
    CLIENT GETNAME
    CLIENT SETNAME ""
    CLIENT GETNAME
    CLIENT SETNAME
    CLIENT SETNAME a b
    CLIENT GETNAME x
    ~type CLIENT ID
    CLIENT ID x
    ~type CLIENT INFO
    CLIENT INFO x
    CLIENT NO-EVICT on
    CLIENT NO-EVICT OFF
    CLIENT NO-EVICT maybe
    CLIENT NO-EVICT
    ~skip7.0 CLIENT NO-TOUCH on => +OK
    ~skip7.0 CLIENT NO-TOUCH off => +OK
    ~skip7.0 CLIENT NO-TOUCH maybe => "-ERR syntax error\\r\\n"
    ~skip7.0 CLIENT SETINFO lib-name redis-x => +OK
    ~skip7.0 CLIENT SETINFO LIB-VER 1.2.3 => +OK
    ~skip7.0 CLIENT SETINFO lib-ver "" => +OK
    ~skip7.0 CLIENT SETINFO lib-VER "a b" => "-ERR lib-VER cannot contain spaces, newlines or special characters.\\r\\n"
    ~skip7.0 CLIENT SETINFO Lib-Name "a\\nb" => "-ERR Lib-Name cannot contain spaces, newlines or special characters.\\r\\n"
    ~skip7.0 CLIENT SETINFO badger hamster => "-ERR Unrecognized option 'badger'\\r\\n"
    ~skip7.0 CLIENT SETINFO lib-name => "-ERR wrong number of arguments for 'client|setinfo' command\\r\\n"
    CLIENT REPLY on
    CLIENT REPLY maybe
    CLIENT REPLY
    CLIENT UNPAUSE
    CLIENT UNPAUSE x
    CLIENT PAUSE x
    CLIENT PAUSE -1
    CLIENT PAUSE 0
    CLIENT PAUSE 0 WRITE
    CLIENT PAUSE 0 ALL
    CLIENT PAUSE 0 SOME
    CLIENT PAUSE x SOME
    ~skip7.0 CLIENT PAUSE 9223372036854775807 => "-ERR timeout is out of range\\r\\n"
    CLIENT PAUSE 99999999999999999999
    CLIENT PAUSE 0 ALL x
    CLIENT PAUSE
    CLIENT UNBLOCK 1000000
    CLIENT UNBLOCK 1000000 TIMEOUT
    CLIENT UNBLOCK 1000000 ERROR
    CLIENT UNBLOCK 1000000 OTHER
    CLIENT UNBLOCK x OTHER
    CLIENT UNBLOCK x
    CLIENT UNBLOCK 1 ERROR x
    CLIENT UNBLOCK
    ~type CLIENT HELP
    CLIENT HELP x
  `,
  "CLIENT LIST": `
    ~type CLIENT LIST
    ~type CLIENT LIST TYPE normal
    ~type client list type NORMAL
    CLIENT LIST TYPE master
    CLIENT LIST TYPE replica
    CLIENT LIST TYPE slave
    CLIENT LIST TYPE pubsub
    CLIENT LIST TYPE nosuch
    CLIENT LIST TYPE
    CLIENT LIST TYPE normal x
    CLIENT LIST ID
    CLIENT LIST ID 1000000
    CLIENT LIST ID 1000000 1000001
    CLIENT LIST ID x
    CLIENT LIST ID 1000000 x
    CLIENT LIST ID 99999999999999999999
    CLIENT LIST NOSUCH
    CLIENT LIST NOSUCH 1
  `,
  "CLIENT KILL": `
    CLIENT KILL
    CLIENT KILL 1.2.3.4:5
    CLIENT KILL nonsense
    CLIENT KILL ID 1000000
    CLIENT KILL ID 0
    CLIENT KILL ID -1
    CLIENT KILL ID x
    CLIENT KILL ID 99999999999999999999
    CLIENT KILL TYPE nosuch
    CLIENT KILL TYPE "x\\x00\\r\\n"
    CLIENT KILL TYPE "x\\r\\n"
    CLIENT KILL TYPE pubsub
    CLIENT KILL TYPE replica
    CLIENT KILL TYPE slave SKIPME no
    CLIENT KILL ADDR 1.2.3.4:5
    CLIENT KILL LADDR 1.2.3.4:5
    CLIENT KILL USER nobody
    CLIENT KILL USER default ID 1000000
    CLIENT KILL SKIPME maybe
    CLIENT KILL SKIPME yes ID 1000000
    CLIENT KILL SKIPME no ID 1000000
    CLIENT KILL ID 1 ADDR
    CLIENT KILL NOSUCH 1
    CLIENT KILL ID 1000000 NOSUCH
    ~skip7.0 CLIENT KILL MAXAGE x => "-ERR maxage is not an integer or out of range\\r\\n"
    ~skip7.0 CLIENT KILL MAXAGE 0 => "-ERR maxage should be greater than 0\\r\\n"
    ~skip7.0 CLIENT KILL MAXAGE 100000 => :0
    @a PING
    @b PING
    CLIENT KILL TYPE normal
    @a PING
    @b PING
    CLIENT KILL TYPE normal SKIPME yes
    CLIENT KILL TYPE normal SKIPME no
    PING
  `,
  "CLIENT TRACKING while it is off": `
    CLIENT TRACKING OFF
    CLIENT TRACKING off BCAST
    CLIENT TRACKING OFF NOLOOP OPTIN OPTOUT
    CLIENT TRACKING OFF REDIRECT x
    CLIENT TRACKING OFF REDIRECT 1000000
    CLIENT TRACKING OFF NOSUCH
    CLIENT TRACKING OFF PREFIX
    CLIENT TRACKING MAYBE
    CLIENT TRACKING
    CLIENT TRACKING ON PREFIX a
    CLIENT TRACKING ON BCAST OPTIN
    CLIENT TRACKING ON OPTIN OPTOUT
    CLIENT TRACKINGINFO
    CLIENT GETREDIR
    CLIENT CACHING YES
    CLIENT CACHING NO
    CLIENT CACHING MAYBE
    CLIENT CACHING
  `,
};

Deno.test({
  name: "connection commands reply as redis-server does",
  ignore: !hasRedisServer,
  async fn(t) {
    await using peers = await PeerPair.start(["--enable-debug-command", "local"]);
    for (const [name, script] of Object.entries(SCRIPTS)) {
      await t.step(name, () => compareScripts(script, { peers }));
    }
  },
});

const STRANGER_SAYS_HELLO =
  "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> " +
  "AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol " +
  "version at the same time";

/** A new connection must log in first, so this is for RESP2: RESP3 begins with HELLO. */
const WITH_PASSWORD = `
  CONFIG SET requirepass secret
  PING
  @new PING
  @new ECHO hello
  @new NOSUCH
  @new ECHO
  @new ~skip7.0 HELLO => "${STRANGER_SAYS_HELLO}\\r\\n"
  @new ~skip7.0 HELLO 3 => "${STRANGER_SAYS_HELLO}\\r\\n"
  @new HELLO 4
  @new ~skip7.0 HELLO 3 SETNAME x => "${STRANGER_SAYS_HELLO}\\r\\n"
  @new HELLO 3 AUTH default wrong
  @new AUTH wrong
  @new AUTH default wrong
  @new AUTH nobody secret
  @new AUTH default secret more
  @new SELECT 1
  @new CLIENT ID
  @new AUTH secret
  @new PING
  @new AUTH wrong
  @new PING
  @new RESET
  @new PING
  @new AUTH default secret
  @new PING
  @second HELLO 2 AUTH default wrong SETNAME me
  @second ~type HELLO 2 AUTH default secret SETNAME me
  @second CLIENT GETNAME
  @third PING
  @third RESET
  @third PING
  @fourth QUIT
  @fourth PING
  CONFIG SET requirepass ""
  @third PING
  @fifth PING
  @fifth AUTH secret
`;

Deno.test({
  name: "a server with a password treats strangers as redis-server does",
  ignore: !hasRedisServer,
  fn: () => compareScripts(WITH_PASSWORD, { protocols: [2] }),
});
