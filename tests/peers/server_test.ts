import { compareScripts, PeerPair } from "../support/compare.ts";
import { hasRedisServer } from "../support/peer.ts";

/** Scripts about the server. What differs between Redis 7.0 and 7.2 is said inline. */
const SCRIPTS: Readonly<Record<string, string>> = {
  "COMMAND": `
    COMMAND NOSUCH
    ~type COMMAND
    ~type COMMAND COUNT
    COMMAND COUNT x
    ~type COMMAND DOCS
    COMMAND DOCS nosuch
    COMMAND DOCS nosuch config|nosuch
    ~type COMMAND INFO
    ~type COMMAND LIST
    ~sorted COMMAND INFO get nosuch
    ~sorted COMMAND INFO MGET mset del ping echo auth hello reset select time lolwut
    ~sorted COMMAND INFO append getrange setrange incr incrby decr incrbyfloat strlen lcs
    ~sorted COMMAND INFO exists expire ttl touch persist rename renamenx move keys type
    ~sorted COMMAND INFO getset setnx setex psetex getdel copy unlink
    ~sorted COMMAND INFO lastsave role monitor debug shutdown dbsize flushall flushdb swapdb
    ~sorted COMMAND INFO config|get CLIENT|KILL client|list memory|usage module|list
    COMMAND INFO get|x config|get|x config| |get "" "|"
    COMMAND GETKEYS GET k
    COMMAND GETKEYS mset a 1 b 2 c 3
    COMMAND GETKEYS DEL a b c
    COMMAND GETKEYS SET "\\x00\\xff" v EX 10
    COMMAND GETKEYS LCS a b
    COMMAND GETKEYS COPY a b REPLACE
    COMMAND GETKEYS MEMORY USAGE k
    COMMAND GETKEYS OBJECT ENCODING k
    COMMAND GETKEYS OBJECT HELP
    COMMAND GETKEYS OBJECT NOSUCH k
    ~skip7.0 COMMAND GETKEYS OBJECT => "-ERR The command has no key arguments\\r\\n"
    ~skip7.0 COMMAND GETKEYS PING => "-ERR The command has no key arguments\\r\\n"
    COMMAND GETKEYS CONFIG GET x
    COMMAND GETKEYS NOSUCH k
    ~skip7.0 COMMAND GETKEYS GET => "-ERR Invalid number of arguments specified for command\\r\\n"
    COMMAND GETKEYS GET a b
    COMMAND GETKEYS MSET a
    COMMAND GETKEYS
    COMMAND GETKEYSANDFLAGS GET k
    COMMAND GETKEYSANDFLAGS SET k v
    COMMAND GETKEYSANDFLAGS SET k v EX 10 NX
    COMMAND GETKEYSANDFLAGS SET k v NX GET
    COMMAND GETKEYSANDFLAGS SET k v NOSUCH get
    COMMAND GETKEYSANDFLAGS MSET a 1 b 2
    COMMAND GETKEYSANDFLAGS RENAME a b
    COMMAND GETKEYSANDFLAGS COPY a b
    COMMAND GETKEYSANDFLAGS GETDEL a
    ~skip7.0 COMMAND GETKEYSANDFLAGS PING => "-ERR The command has no key arguments\\r\\n"
    COMMAND GETKEYSANDFLAGS
    COMMAND LIST FILTERBY
    COMMAND LIST FILTERBY MODULE
    COMMAND LIST FILTERBY MODULE nosuch
    COMMAND LIST FILTERBY ACLCAT nosuch
    ~sorted COMMAND LIST FILTERBY PATTERN "p*t*x"
    ~sorted COMMAND LIST FILTERBY pattern "CONFIG|*"
    COMMAND LIST FILTERBY PATTERN nosuch*
    COMMAND LIST FILTERBY OTHER x
    COMMAND LIST FILTERBY PATTERN x y
    COMMAND LIST NOSUCH PATTERN x
    COMMAND LIST x
    ~type COMMAND HELP
    COMMAND HELP x
  `,
  "CONFIG": `
    CONFIG
    CONFIG NOSUCH
    CONFIG GET
    CONFIG GET nosuch
    CONFIG GET maxmemory
    CONFIG GET MaxMemory
    ~sorted CONFIG GET maxmemory maxmemory-*
    ~sorted CONFIG GET slave-read-only replica-read-only
    CONFIG SET
    CONFIG SET maxmemory
    CONFIG SET maxmemory 1gb hz
    CONFIG SET nosuch 1
    CONFIG SET maxmemory lots
    CONFIG SET maxmemory 100mb maxmemory 1gb
    CONFIG GET maxmemory
    CONFIG SET hz 50 maxmemory lots
    CONFIG GET hz
    CONFIG SET hz 50
    CONFIG GET hz
    CONFIG SET hz 10
    CONFIG SET daemonize yes
    CONFIG SET databases 3
    CONFIG RESETSTAT
    CONFIG RESETSTAT x
    CONFIG REWRITE
    CONFIG REWRITE x
    ~type CONFIG HELP
    CONFIG HELP x
  `,
  "INFO, TIME, ROLE, LASTSAVE and LOLWUT": `
    ~type INFO
    ~type INFO server
    ~type INFO server clients everything
    INFO nosuch
    INFO nosuch neither
    ~type TIME
    TIME x
    ROLE
    ROLE x
    ~type LASTSAVE
    LASTSAVE x
    ~type LOLWUT
    ~type LOLWUT VERSION 5
    ~type LOLWUT VERSION 6
    LOLWUT VERSION x
  `,
  "SLOWLOG": `
    CONFIG SET slowlog-log-slower-than -1
    SLOWLOG RESET
    SLOWLOG LEN
    SLOWLOG GET
    SLOWLOG GET 0
    SLOWLOG GET -1
    SLOWLOG GET -2
    SLOWLOG GET x
    SLOWLOG GET 99999999999999999999
    SLOWLOG GET 1 2
    SLOWLOG GET "1 "
    SLOWLOG LEN x
    SLOWLOG RESET x
    SLOWLOG
    SLOWLOG NOSUCH
    ~type SLOWLOG HELP
    SLOWLOG HELP x
    CONFIG SET slowlog-log-slower-than 10000
  `,
  "LATENCY": `
    LATENCY RESET
    LATENCY LATEST
    LATENCY HISTORY nosuch
    LATENCY GRAPH nosuch
    LATENCY GRAPH
    LATENCY HISTORY
    LATENCY RESET nosuch neither
    ~type LATENCY DOCTOR
    LATENCY DOCTOR x
    LATENCY HISTOGRAM nosuch
    ~type LATENCY HISTOGRAM
    LATENCY LATEST x
    LATENCY
    LATENCY NOSUCH
    ~type LATENCY HELP
    CONFIG SET latency-monitor-threshold 1
    DEBUG SLEEP 0.01
    ~type LATENCY LATEST
    ~type LATENCY HISTORY command
    ~type LATENCY GRAPH command
    ~type LATENCY DOCTOR
    LATENCY RESET command nosuch
    CONFIG SET latency-monitor-threshold 0
  `,
  "MEMORY": `
    SET k v
    ~type MEMORY USAGE k
    ~type MEMORY USAGE k SAMPLES 0
    ~type MEMORY USAGE k SAMPLES 5 SAMPLES 6
    MEMORY USAGE missing
    MEMORY USAGE missing SAMPLES -1
    MEMORY USAGE missing SAMPLES x
    MEMORY USAGE missing SAMPLES
    MEMORY USAGE missing NOSUCH 1
    MEMORY USAGE missing x
    MEMORY USAGE
    ~type MEMORY STATS
    MEMORY STATS x
    ~type MEMORY DOCTOR
    ~type MEMORY MALLOC-STATS
    MEMORY PURGE
    MEMORY PURGE x
    MEMORY
    MEMORY NOSUCH
    ~type MEMORY HELP
  `,
  "MODULE": `
    MODULE
    MODULE LIST
    MODULE LIST x
    MODULE NOSUCH
    MODULE LOAD
    MODULE UNLOAD nosuch
    MODULE LOAD nosuch.so
    ~type MODULE HELP
  `,
  "SHUTDOWN and MONITOR, refused": `
    SHUTDOWN SAVE NOSAVE
    SHUTDOWN NOSUCH
    SHUTDOWN ABORT
    SHUTDOWN ABORT NOW
    SHUTDOWN NOW ABORT
    SHUTDOWN NOSAVE FORCE ABORT
    MONITOR x
    @watcher MONITOR
  `,
  "DEBUG PROTOCOL": `
    DEBUG PROTOCOL string
    DEBUG PROTOCOL integer
    DEBUG PROTOCOL double
    DEBUG PROTOCOL bignum
    DEBUG PROTOCOL null
    DEBUG PROTOCOL array
    DEBUG PROTOCOL set
    DEBUG PROTOCOL map
    DEBUG PROTOCOL verbatim
    DEBUG PROTOCOL TRUE
    DEBUG PROTOCOL false
    DEBUG PROTOCOL nosuch
    DEBUG PROTOCOL toString
    DEBUG PROTOCOL
    ~resp2 DEBUG PROTOCOL attrib
    ~resp2 DEBUG PROTOCOL push
  `,
  "DEBUG DIGEST": `
    DEBUG DIGEST
    SET k v
    DEBUG DIGEST
    SET n 12345
    SET b "\\x00\\xff\\r\\n"
    SET "" ""
    DEBUG DIGEST
    APPEND k vvv
    SET e x PX 100000
    DEBUG DIGEST
    SELECT 3
    SET k v
    DEBUG DIGEST
    DEBUG DIGEST-VALUE k missing
    SELECT 0
    DEBUG DIGEST-VALUE k n b "" e
    DEBUG DIGEST-VALUE
    FLUSHALL
    DEBUG DIGEST
    DEBUG POPULATE 100
    DBSIZE
    GET key:99
    DEBUG POPULATE 10 other 20
    GET other:9
    DEBUG POPULATE 10 short 3
    GET short:0
    DEBUG POPULATE 200
    DEBUG DIGEST
    DEBUG POPULATE 0
    DEBUG POPULATE -1
    DEBUG POPULATE x
    DEBUG POPULATE 1 a -1
    DEBUG POPULATE 1 a 1 x
    DEBUG DIGEST
  `,
  "DEBUG, the rest": `
    DEBUG
    DEBUG NOSUCH
    DEBUG SLEEP
    DEBUG SLEEP 0
    DEBUG SLEEP 0.001
    DEBUG SLEEP x
    DEBUG SLEEP 0 0
    DEBUG ERROR "OOPS it broke"
    DEBUG ERROR "two\\r\\nlines"
    DEBUG LOG hello
    DEBUG SET-ACTIVE-EXPIRE 0
    DEBUG set-active-expire 1
    DEBUG SET-ACTIVE-EXPIRE
    DEBUG QUICKLIST-PACKED-THRESHOLD 10b
    DEBUG QUICKLIST-PACKED-THRESHOLD 1gb
    DEBUG QUICKLIST-PACKED-THRESHOLD 0
    DEBUG QUICKLIST-PACKED-THRESHOLD x
    DEBUG QUICKLIST-PACKED-THRESHOLD 5gb
    DEBUG QUICKLIST-PACKED-THRESHOLD -1
    DEBUG CHANGE-REPL-ID
    DEBUG REPLICATE a b
    DEBUG SET-DISABLE-DENY-SCRIPTS 0
    DEBUG SET-SKIP-CHECKSUM-VALIDATION 0
    DEBUG PAUSE-CRON 0
    DEBUG REPLYBUFFER RESIZING 1
    DEBUG REPLYBUFFER PEAK-RESET-TIME reset
    DEBUG REPLYBUFFER PEAK-RESET-TIME x
    DEBUG REPLYBUFFER NOSUCH x
    DEBUG OBJECT missing
    SET k 12345
    ~type DEBUG OBJECT k
    DEBUG SDSLEN k
    DEBUG SDSLEN missing
    SET k hello
    ~type DEBUG SDSLEN k
    DEBUG LISTPACK k
    DEBUG LISTPACK missing
    DEBUG QUICKLIST k
    DEBUG HTSTATS-KEY k
    ~type DEBUG HTSTATS 0
    DEBUG HTSTATS 16
    DEBUG HTSTATS -1
    DEBUG HTSTATS x
    ~type DEBUG STRUCTSIZE
    DEBUG RELOAD NOSUCH
    ~type DEBUG HELP
  `,
};

Deno.test({
  name: "commands about the server answer as redis-server does",
  ignore: !hasRedisServer,
  async fn(t) {
    await using peers = await PeerPair.start([
      "--enable-debug-command",
      "local",
      "--enable-module-command",
      "local",
    ]);
    for (const [name, script] of Object.entries(SCRIPTS)) {
      await t.step(name, () => compareScripts(script, { peers }));
    }
  },
});
