import { compareScripts, PeerPair, type Peers } from "../support/compare.ts";
import { hasRedisServer } from "../support/peer.ts";
import type { Command } from "../support/raw_connection.ts";
import { seededRandom } from "../storage/memory/random.ts";

/** Scripts about streams. What differs between Redis 7.0 and 7.2 is said inline; times are compared by type. */
const SCRIPTS: Readonly<Record<string, string>> = {
  "XADD and XLEN": `
    XADD s 1-1 a 1
    XADD s 1-2 a 2 b 3
    XADD s 1-2 a 2
    XADD s 1-1 a 2
    XADD s 1-* a 3
    XADD s 0-* a 3
    XADD s 2 a 3
    XADD s 3-* a 4
    XADD s 4-18446744073709551615 a 4
    ~skip7.0 XADD s 4-* a 4 => -ERR The ID specified in XADD is equal or smaller than the target stream top item
    XADD s 5 "\\x00\\xff" "\\r\\n" "" ""
    XLEN s
    XRANGE s - +
    ~type XADD s * a 1
    XADD s 18446744073709551615-18446744073709551614 a z
    XADD s * a z
    XADD s * a z
    XADD s 18446744073709551615-* a z
    XADD new 0-0 a 1
    XADD new 0 a 1
    EXISTS new
    XADD new 0-* a 1
    XADD t NOMKSTREAM 1-1 a 1
    XADD t nomkstream * a 1
    EXISTS t
    XADD i 1-1 -9223372036854775808 9223372036854775807 007 -0 12345 -1 4095 -4096 32768 8388608
    XRANGE i - +
    XLEN missing
    XLEN
    XLEN a b
    TYPE s
    OBJECT ENCODING s
    SET str v
    XADD str 1-1 a 1
    XADD str * a 1
    XLEN str
  `,
  "XADD's refusals": `
    XADD
    XADD s
    XADD s *
    XADD s * a
    XADD s * a 1 b
    XADD s 1-1 a 1 b
    XADD s x a 1
    XADD s 1-x a 1
    XADD s 1-1-1 a 1
    XADD s - a 1
    XADD s + a 1
    XADD s -1 a 1
    XADD s 1- a 1
    XADD s -1-1 a 1
    XADD s "" a 1
    XADD s "1-1 " a 1
    XADD s " 1-1" a 1
    XADD s +2-+3 a 1
    XADD s 0003-0003 a 1
    XADD s "4-4\\x00junk" a 1
    XADD s "5-* " a 1
    XADD s *-5 a 1
    XADD s 18446744073709551616-1 a 1
    XADD s 5-18446744073709551616 a 1
    XADD s 5--1 a 1
    XADD s 6--01 a 1
    XADD s MAXLEN * a 1
    XADD s MAXLEN x * a 1
    XADD s MAXLEN -1 * a 1
    XADD s MAXLEN ~ * a 1
    XADD s MAXLEN = x * a 1
    XADD s MAXLEN 1 MINID 1 * a 1
    XADD s MINID x * a 1
    XADD s MINID - * a 1
    XADD s LIMIT 1 * a 1
    XADD s LIMIT 0 * a 1
    XADD s MAXLEN 1 LIMIT 1 * a 1
    XADD s MAXLEN ~ 1 LIMIT -1 * a 1
    XADD s MAXLEN ~ 1 LIMIT x * a 1
    XADD s MAXLEN ~ 1 LIMIT
    XADD s FOO * a 1
    XRANGE s - +
    XADD "k" 99999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999 a 1
  `,
  "XRANGE and XREVRANGE": `
    XADD s 1-1 a 1
    XADD s 1-2 b 2 c 3
    XADD s 2-1 a 4
    XADD s 2-18446744073709551615 a 5
    XADD s 9223372036854775808-9223372036854775808 a 6
    XADD s 18446744073709551615-18446744073709551615 a 7
    XRANGE s - +
    XREVRANGE s + -
    XRANGE s 1 1
    XRANGE s 1-2 2
    XRANGE s 2 2
    XRANGE s (1-1 (2-1
    XRANGE s (1-1 +
    XRANGE s (1 2
    XRANGE s 1 (2
    XRANGE s (2-18446744073709551615 +
    XRANGE s - (0-0
    XRANGE s - (0
    XRANGE s (18446744073709551615-18446744073709551615 +
    XRANGE s (18446744073709551615 +
    XRANGE s (- +
    XRANGE s - (+
    XRANGE s ( +
    XREVRANGE s (2-1 (1-1
    XREVRANGE s 2 1
    XREVRANGE s 1 2
    XRANGE s 5 1
    XRANGE s - + COUNT 2
    XRANGE s - + count 0
    XRANGE s - + COUNT -1
    XRANGE s - + COUNT 1 COUNT 3
    XRANGE s - + COUNT
    XRANGE s - + COUNT x
    XRANGE s - + FOO 1
    XREVRANGE s + - COUNT 2
    XREVRANGE s + - COUNT 0
    XRANGE missing - +
    XRANGE missing - + COUNT 0
    XRANGE s x +
    XRANGE s - x
    XRANGE s
    XRANGE s -
    SET str v
    XRANGE str - +
    XRANGE str x +
    XREVRANGE str + -
  `,
  "XDEL": `
    XADD s 1-0 a 1
    XADD s 2-0 a 1
    XADD s 3-0 b 1
    XADD s 4-0 a 1
    XDEL s 2-0
    XDEL s 2-0 9-9
    XRANGE s - +
    XDEL s 1-0 1-0
    XINFO STREAM s
    XDEL s 3 4
    XLEN s
    XINFO STREAM s
    EXISTS s
    ~type XADD s * a 1
    XADD s 4-0 a 1
    XDEL s x
    XDEL s 1-0 x
    XDEL s
    XDEL missing 1-1
    XDEL missing x
    SET str v
    XDEL str 1-1
    XDEL str x
  `,
  "XTRIM": `
    XADD s 1-0 a 1
    XADD s 2-0 a 1
    XADD s 3-0 a 1
    XADD s 4-0 a 1
    XADD s 5-0 a 1
    XTRIM s MAXLEN 10
    XTRIM s MAXLEN ~ 2
    XTRIM s MAXLEN = 4
    XRANGE s - +
    XTRIM s MINID 3
    XTRIM s MINID ~ 5
    XTRIM s MINID = 3-1
    XRANGE s - +
    XINFO STREAM s
    XADD s MAXLEN 2 6-0 b 1
    XRANGE s - +
    XADD s MINID 6 7-0 b 1
    XRANGE s - +
    XADD s MAXLEN ~ 0 LIMIT 0 8-0 b 1
    XLEN s
    XADD s MAXLEN 0 9-0 b 1
    XLEN s
    XINFO STREAM s
    XTRIM s MAXLEN 0
    XTRIM s
    XTRIM s MAXLEN
    XTRIM s MAXLEN ~
    XTRIM s FOO 1
    XTRIM s LIMIT 1
    XTRIM s LIMIT 0
    XTRIM s MAXLEN 1 LIMIT 1
    XTRIM s MAXLEN ~ 1 LIMIT 0
    XTRIM s MAXLEN 1 MINID 1
    XTRIM s MAXLEN -1
    XTRIM s MAXLEN x
    XTRIM s MINID x
    XTRIM s MINID -
    XTRIM missing MAXLEN 1
    XADD last 18446744073709551615-18446744073709551615 a 1
    XTRIM last MINID 4-2
    XTRIM last MINID ~ 4-2
    XTRIM last MINID 18446744073709551615-18446744073709551615
    XRANGE last - +
    XTRIM last MAXLEN 0
    SET str v
    XTRIM str MAXLEN 1
    XTRIM str MAXLEN x
  `,
  "trimming by nodes": `
    CONFIG SET stream-node-max-entries 3
    XADD s 1-0 a 1
    XADD s 2-0 a 1
    XADD s 3-0 a 1
    XADD s 4-0 a 1
    XADD s 5-0 a 1
    XADD s 6-0 a 1
    XADD s 7-0 a 1
    XTRIM s MAXLEN ~ 5
    XTRIM s MAXLEN ~ 4
    XLEN s
    XDEL s 5-0
    XTRIM s MINID ~ 6-1
    XTRIM s MINID ~ 7
    XTRIM s MINID ~ 8 LIMIT 0
    XLEN s
    XADD s 8-0 a 1
    XADD s 9-0 a 1
    XADD s 10-0 a 1
    XADD s 11-0 a 1
    XTRIM s MAXLEN ~ 0 LIMIT 2
    XTRIM s MAXLEN ~ 0 LIMIT 3
    XTRIM s MAXLEN ~ 0 LIMIT 4
    XLEN s
    CONFIG SET stream-node-max-entries 100
  `,
  "XSETID": `
    XADD s 5-0 a 1
    XSETID s 4-0
    XSETID s 5-0
    XSETID s 10-0 ENTRIESADDED 100 MAXDELETEDID 2-0
    XINFO STREAM s
    XSETID s 10-0 ENTRIESADDED 0
    XSETID s 10-0 ENTRIESADDED -1
    XSETID s 10-0 ENTRIESADDED x
    XSETID s 10-0 ENTRIESADDED 9223372036854775807
    XINFO STREAM s
    XSETID s 10-0 MAXDELETEDID 11-0
    XSETID s 10-0 MAXDELETEDID x
    XSETID s 10-0 MAXDELETEDID 9-0
    ~skip7.0 XSETID s 8-0 => -ERR The ID specified in XSETID is smaller than current max_deleted_entry_id
    XSETID s 10-0 FOO
    XSETID s 10-0 ENTRIESADDED
    XSETID s -
    XSETID s
    XSETID missing 1-1
    XADD s 9-0 a 1
    SET str v
    XSETID str 1-1
    XSETID str x
  `,
  "XREAD": `
    XADD a 1-0 f 1
    XADD a 2-0 f 2
    XADD b 1-0 f 3
    XREAD STREAMS a 0
    XREAD STREAMS a b 0 0
    XREAD COUNT 1 STREAMS a b 0 0
    XREAD COUNT 0 STREAMS a 0
    XREAD COUNT -5 STREAMS a 0
    XREAD STREAMS a b 1 1
    XREAD STREAMS a b 2 1
    XREAD STREAMS a $
    XREAD STREAMS missing 0
    XREAD STREAMS missing a 0 1-5
    XREAD STREAMS a a 0 1
    XREAD STREAMS a 18446744073709551615-18446744073709551615
    XREAD BLOCK 1 STREAMS a 2
    XREAD BLOCK 1 COUNT 3 STREAMS missing $
    XREAD
    XREAD STREAMS
    XREAD STREAMS a
    ~skip7.0 XREAD STREAMS a b 0 => -ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be specified.
    XREAD STREAMS a x
    XREAD STREAMS a -
    XREAD STREAMS a >
    XREAD COUNT x STREAMS a 0
    XREAD BLOCK x STREAMS a 0
    XREAD BLOCK -1 STREAMS a 0
    XREAD BLOCK 1.5 STREAMS a 0
    ~skip7.0 XREAD BLOCK 9223372036854775807 STREAMS a 0 => -ERR timeout is out of range
    XREAD COUNT STREAMS a 0
    XREAD FOO STREAMS a 0
    XREAD NOACK STREAMS a 0
    XREAD GROUP g c STREAMS a 0
    XREAD COUNT 1 a 0
    XGROUP CREATE empty g $ MKSTREAM
    XREAD STREAMS empty 0
    XREAD STREAMS empty $
    SET str v
    XREAD STREAMS str 0
    XREAD STREAMS a str 0 x
    XREAD STREAMS str a x 0
    ~skip7.0 ~resp2 XREAD STREAMS a + => "*1\\r\\n*2\\r\\n$1\\r\\na\\r\\n*1\\r\\n*2\\r\\n$3\\r\\n2-0\\r\\n*2\\r\\n$1\\r\\nf\\r\\n$1\\r\\n2\\r\\n"
  `,
  "XGROUP": `
    XGROUP CREATE s g 0
    XGROUP CREATE s g x MKSTREAM
    EXISTS s
    XGROUP CREATE s g 0 MKSTREAM
    XGROUP CREATE s g 0 mkstream
    XGROUP CREATE s h $
    XADD s 1-1 a 1
    XGROUP CREATE s i $ ENTRIESREAD 1
    XGROUP CREATE s j 0 ENTRIESREAD -1
    XGROUP CREATE s k 0 ENTRIESREAD -2
    XGROUP CREATE s k 0 ENTRIESREAD x
    XGROUP CREATE s k 0 ENTRIESREAD
    XGROUP CREATE s k 0 FOO
    XGROUP CREATE s k - MKSTREAM
    XGROUP CREATE s k 0 ENTRIESREAD 9223372036854775807
    XGROUP CREATE s l 0 MKSTREAM MKSTREAM MKSTREAM MKSTREAM
    XGROUP CREATE s "bin\\x00\\xff" 0
    XINFO GROUPS s
    XGROUP SETID s g 1-1
    XGROUP SETID s g $
    XGROUP SETID s g - ENTRIESREAD 0
    XGROUP SETID s g +
    XGROUP SETID s g x
    XGROUP SETID s g 1 ENTRIESREAD 1 ENTRIESREAD 2
    XGROUP SETID s g 1 MKSTREAM
    XGROUP SETID s nope 1
    XGROUP SETID missing g 1
    XINFO GROUPS s
    XGROUP CREATECONSUMER s g bob
    XGROUP CREATECONSUMER s g bob
    XGROUP CREATECONSUMER s nope bob
    XGROUP CREATECONSUMER missing g bob
    XGROUP CREATECONSUMER s g
    XGROUP DELCONSUMER s g bob
    XGROUP DELCONSUMER s g bob
    XGROUP DELCONSUMER s nope bob
    XGROUP DELCONSUMER missing g bob
    XGROUP DESTROY s h
    XGROUP DESTROY s h
    XGROUP DESTROY missing h
    XGROUP DESTROY s
    XGROUP
    XGROUP FOO
    XGROUP FOO s g
    XGROUP CREATE s
    XGROUP HELP x
    ~type XGROUP HELP
    SET str v
    XGROUP CREATE str g 0
    XGROUP CREATE str g x MKSTREAM
    XGROUP SETID str g 0
    XGROUP DESTROY str g
    XGROUP CREATECONSUMER str g c
    XGROUP DELCONSUMER str g c
  `,
  "XREADGROUP and XACK": `
    XADD s 1-0 f 1
    XADD s 2-0 f 2 g 3
    XADD s 3-0 f 4
    XGROUP CREATE s g 0
    XREADGROUP GROUP g a COUNT 1 STREAMS s >
    XREADGROUP GROUP g a STREAMS s >
    XREADGROUP GROUP g a STREAMS s >
    XREADGROUP GROUP g a STREAMS s 0
    XREADGROUP GROUP g a COUNT 2 STREAMS s 1
    XREADGROUP GROUP g b STREAMS s 0
    XREADGROUP GROUP g a STREAMS s 18446744073709551615-18446744073709551615
    XACK s g 1-0
    XACK s g 1-0 2-0 9-9
    XREADGROUP GROUP g a STREAMS s 0
    XDEL s 3-0
    XREADGROUP GROUP g a STREAMS s 0
    XADD s 4-0 f 5
    XREADGROUP GROUP g c NOACK STREAMS s >
    XPENDING s g
    XPENDING s g - + 10 c
    XGROUP SETID s g 0
    XREADGROUP GROUP g b STREAMS s >
    XPENDING s g
    XINFO GROUPS s
    XREADGROUP GROUP g a BLOCK 1 STREAMS s >
    XADD t 1-0 x y
    XGROUP CREATE t g 0
    XREADGROUP GROUP g a STREAMS s t > >
    XREADGROUP GROUP g a STREAMS t t 0 0
    ~skip7.0 XREADGROUP GROUP g a STREAMS t s > => -ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified.
    XREADGROUP GROUP g a STREAMS s $
    XREADGROUP GROUP g a STREAMS s x
    XREADGROUP GROUP g a STREAMS missing >
    XREADGROUP GROUP nope a STREAMS s >
    XREADGROUP GROUP "n\\x00o" a STREAMS s >
    XREADGROUP GROUP g a COUNT x STREAMS s >
    XREADGROUP GROUP g a FOO 1 STREAMS s >
    XREADGROUP COUNT 1 BLOCK 1 STREAMS s >
    ~skip7.0 XREADGROUP STREAMS GROUP g a s > => -ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified.
    XREADGROUP GROUP g a STREAMS
    XREADGROUP GROUP g a
    XACK s g
    XACK s g x
    XACK s g 1-0 x
    XACK s nope 1-0
    XACK s nope x
    XACK missing g x
    SET str v
    XREADGROUP GROUP g a STREAMS str >
    XREADGROUP GROUP g a STREAMS s str x >
    XACK str g 1-0
  `,
  "XPENDING": `
    XADD s 1-0 f 1
    XADD s 2-0 f 1
    XADD s 3-0 f 1
    XGROUP CREATE s g 0
    XPENDING s g
    XPENDING s g - + 10
    XREADGROUP GROUP g zed COUNT 1 STREAMS s >
    XREADGROUP GROUP g amy STREAMS s >
    XGROUP CREATECONSUMER s g idle
    XPENDING s g
    XCLAIM s g zed 0 1-0 2-0 3-0 TIME 1000 RETRYCOUNT 7
    XPENDING s g - + 0
    XPENDING s g - + -1
    XPENDING s g - + 10 nobody
    XPENDING s g - + 10 amy
    XPENDING s g IDLE 99999999999999 - + 10
    XPENDING s g IDLE 99999999999999 - + 10 zed
    XPENDING s g (3-0 + 10
    XPENDING s g - (1-0 10
    XPENDING s g (18446744073709551615-18446744073709551615 + 10
    XPENDING s g - (0-0 10
    ~type XPENDING s g IDLE 1 - + 10 zed
    XPENDING
    XPENDING s
    XPENDING s g -
    XPENDING s g - +
    XPENDING s g - + x
    XPENDING s g x + 1
    XPENDING s g - x 1
    XPENDING s g IDLE x - + 1
    XPENDING s g IDLE 1 - +
    XPENDING s g IDLE 1 - + 1 c d
    XPENDING s nope
    XPENDING missing g
    XPENDING missing g - + x
    SET str v
    XPENDING str g
    XPENDING str g - + x
  `,
  "XCLAIM": `
    XADD s 1-0 f 1
    XADD s 2-0 f 2 g 2
    XADD s 3-0 f 3
    XADD s 4-0 f 4
    XGROUP CREATE s g 0
    XREADGROUP GROUP g a COUNT 3 STREAMS s >
    XCLAIM s g b 0 1-0
    XCLAIM s g b 0 1-0 2-0 JUSTID
    XCLAIM s g b 999999999 3-0
    XCLAIM s g b 0 4-0
    XCLAIM s g b 0 4-0 FORCE
    XCLAIM s g b 0 5-0 FORCE
    XCLAIM s g c 0 4 3 IDLE 5 RETRYCOUNT 9 JUSTID
    XCLAIM s g c 0 4 3 TIME 5 RETRYCOUNT 9223372036854775807 FORCE LASTID 3-5
    XCLAIM s g c -1 4 RETRYCOUNT -1
    XDEL s 2-0
    XCLAIM s g c 0 1-0 2-0
    XCLAIM s g c 0 2-0 FORCE
    XPENDING s g
    XINFO GROUPS s
    XCLAIM s g c 0 FORCE
    XCLAIM s g c 0 FORCE LASTID 9-0
    XINFO GROUPS s
    XCLAIM s g c x 1-0
    XCLAIM s g c 0 x
    XCLAIM s g c 0 1-0 x
    XCLAIM s g c 0 1-0 IDLE
    XCLAIM s g c 0 1-0 IDLE x
    XCLAIM s g c 0 1-0 TIME x
    XCLAIM s g c 0 1-0 RETRYCOUNT x
    XCLAIM s g c 0 1-0 LASTID x
    XCLAIM s g c 0 1-0 FORCE 2-0
    XCLAIM s nope c 0 1-0
    XCLAIM missing g c 0 1-0
    XCLAIM missing g c x 1-0
    XCLAIM s g c 0
    SET str v
    XCLAIM str g c 0 1-0
  `,
  "XAUTOCLAIM": `
    XADD s 1-0 f 1
    XADD s 2-0 f 2 g 2
    XADD s 3-0 f 3
    XADD s 4-0 f 4
    XADD s 5-0 f 5
    XGROUP CREATE s g 0
    # Redis 7.0 makes the consumer as late as with the first entry.
    ~noevents XAUTOCLAIM s g b 0 0
    XREADGROUP GROUP g a STREAMS s >
    ~noevents XAUTOCLAIM s g b 0 0 COUNT 2
    XAUTOCLAIM s g b 0 3-0 COUNT 2 JUSTID
    XAUTOCLAIM s g b 0 (3-0 COUNT 1
    XAUTOCLAIM s g b 999999999 - COUNT 1
    XDEL s 1-0 3-0
    XAUTOCLAIM s g c 0 - COUNT 2
    XAUTOCLAIM s g c 999999999 0
    XAUTOCLAIM s g c 0 -
    XAUTOCLAIM s g c 0 +
    XAUTOCLAIM s g c 0 (5-0
    XPENDING s g
    XAUTOCLAIM s g c x 0
    XAUTOCLAIM s g c 0 x
    XAUTOCLAIM s g c 0 (18446744073709551615-18446744073709551615
    XAUTOCLAIM s g c 0 0 COUNT 0
    XAUTOCLAIM s g c 0 0 COUNT -1
    XAUTOCLAIM s g c 0 0 COUNT x
    XAUTOCLAIM s g c 0 0 COUNT 9223372036854775807
    XAUTOCLAIM s g c 0 0 COUNT
    XAUTOCLAIM s g c 0 0 FOO
    XAUTOCLAIM s g c -5 0 JUSTID COUNT 1
    XAUTOCLAIM s nope c 0 0
    XAUTOCLAIM missing g c 0 0
    XAUTOCLAIM missing g c 0 0 FOO
    XAUTOCLAIM s g c 0
    SET str v
    XAUTOCLAIM str g c 0 0
    XAUTOCLAIM str g c x 0
  `,
  "XINFO": `
    XINFO STREAM missing
    XADD s 1-1 a 1
    XADD s 1-2 a 2 b 3
    XINFO STREAM s
    XGROUP CREATE s g 0
    XGROUP CREATE s f 1-1
    XINFO GROUPS s
    XINFO CONSUMERS s g
    XREADGROUP GROUP g zed COUNT 1 STREAMS s >
    XGROUP CREATECONSUMER s g amy
    XINFO GROUPS s
    ~type XINFO CONSUMERS s g
    ~type XINFO STREAM s FULL
    XDEL s 1-1
    XINFO GROUPS s
    XGROUP CREATE empty g $ MKSTREAM
    XINFO STREAM empty
    XINFO GROUPS empty
    XINFO STREAM empty FULL
    XADD full 1-1 a 1
    XADD full 1-2 a 1
    XINFO STREAM full FULL
    XINFO STREAM full FULL COUNT 1
    XINFO STREAM full full count 0
    XINFO STREAM full FULL COUNT -1
    XINFO STREAM full FULL COUNT x
    XINFO STREAM full FULL COUNT
    XINFO STREAM full FULL FOO 1
    XINFO STREAM full FOO
    XINFO STREAM missing FOO
    XINFO CONSUMERS s nope
    XINFO CONSUMERS missing g
    XINFO CONSUMERS s
    XINFO GROUPS missing
    XINFO GROUPS s x
    XINFO
    XINFO FOO
    XINFO FOO s
    ~type XINFO HELP
    SET str v
    XINFO STREAM str
    XINFO GROUPS str
    XINFO CONSUMERS str g
  `,
  "lag and entries-read": `
    XADD s 1-0 a 1
    XADD s 2-0 a 2
    XADD s 3-0 a 3
    XADD s 4-0 a 4
    XADD s 5-0 a 5
    XGROUP CREATE s g1 0
    XGROUP CREATE s g2 3-0
    XGROUP CREATE s g3 $ ENTRIESREAD 5
    XINFO GROUPS s
    XREADGROUP GROUP g1 c COUNT 1 STREAMS s >
    XREADGROUP GROUP g2 c COUNT 1 STREAMS s >
    XINFO GROUPS s
    XDEL s 4-0
    XINFO GROUPS s
    XREADGROUP GROUP g1 c COUNT 2 STREAMS s >
    XINFO GROUPS s
    XREADGROUP GROUP g1 c STREAMS s >
    XREADGROUP GROUP g2 c STREAMS s >
    XINFO GROUPS s
    XTRIM s MAXLEN 1
    XINFO GROUPS s
    XDEL s 5-0
    XINFO GROUPS s
    XGROUP SETID s g1 0
    XINFO GROUPS s
    XADD s 6-0 a 6
    XINFO GROUPS s
    XGROUP SETID s g1 6-0 ENTRIESREAD 3
    XINFO GROUPS s
  `,
  "blocking": `
    XADD s 1-0 f 1
    XGROUP CREATE s g $
    @a XREAD BLOCK 10000 STREAMS s 0
    COPY s copy
    XRANGE copy - +
    XINFO GROUPS copy
    RENAME copy renamed
    XLEN renamed
    DEBUG DIGEST-VALUE s renamed
    DEL s renamed
    EXISTS s
  `,
  "XDELEX and XACKDEL": `
    ~skip7.0 XDELEX s IDS 2 1-1 2-2 => "*2\\r\\n:-1\\r\\n:-1\\r\\n"
    ~skip7.0 XACKDEL s g IDS 1 1-1 => "*1\\r\\n:-1\\r\\n"
    XADD s 1-0 f 1
    ~skip7.0 XDELEX s IDS 0 1-0 => -ERR Number of IDs must be a positive integer
    ~skip7.0 XDELEX s IDS x 1-0 => -ERR Number of IDs must be a positive integer
    ~skip7.0 XDELEX s IDS 2 1-0 => -ERR The \`numids\` parameter must match the number of arguments
    ~skip7.0 XDELEX s IDS 1 1-0 2-0 => -ERR syntax error
    ~skip7.0 XDELEX s KEEPREF ACKED IDS 1 1-0 => -ERR syntax error
    ~skip7.0 XDELEX s IDS 1 x => -ERR Invalid stream ID specified as stream command argument
    ~skip7.0 XDELEX s IDS 2 1-0 2-0 => "*2\\r\\n:1\\r\\n:-1\\r\\n"
    ~skip7.0 XLEN s => :0
  `,
};

/**
 * Random use of one stream and its groups by few consumers, without anything that tells the time. Consumers are made
 * ahead, since Redis 7.0 did not make one whose claim failed.
 */
function randomCommands(seed: number, count: number): Command[] {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  let last = 0;
  const id = () => `${1 + below(last + 3)}-${below(2)}`;
  const group = () => `g${below(3)}`;
  const consumer = () => `c${below(4)}`;
  const start = () => ["-", id(), `(${id()}`][below(3)];
  const end = () => ["+", id(), `(${id()}`][below(3)];
  const newConsumer = (g: string, c: string) => ["XGROUP", "CREATECONSUMER", "s", g, c];
  const newGroup = (g: string) => [
    ["XGROUP", "CREATE", "s", g, id(), "MKSTREAM"],
    ...["c0", "c1", "c2", "c3"].map((c) => newConsumer(g, c)),
  ];
  const freshConsumer = (g: string, c: string) => [
    ["XGROUP", "DELCONSUMER", "s", g, c],
    newConsumer(g, c),
  ];
  const makers: (() => string[][])[] = [
    () => [["XADD", "s", `${last += 1 + below(2)}-1`, `f${below(3)}`, "v".repeat(below(60))]],
    () => [["XADD", "s", `${++last}-1`, "f", String(below(1e6)), "g", "x"]],
    () => [["XADD", "s", "MAXLEN", "60", `${++last}-1`, "f", "v"]],
    () => [["XDEL", "s", id(), id()]],
    () => [["XTRIM", "s", "MINID", id()]],
    () => [["XTRIM", "s", "MAXLEN", "~", String(below(100))]],
    () => [["XRANGE", "s", start(), end(), "COUNT", String(below(20))]],
    () => [["XREVRANGE", "s", end(), start()]],
    () => [["XREAD", "COUNT", String(below(5)), "STREAMS", "s", id()]],
    () => below(9) === 0 ? [["XGROUP", "DESTROY", "s", group()]] : newGroup(group()),
    () => [["XGROUP", "SETID", "s", group(), ["$", id()][below(2)]]],
    () => freshConsumer(group(), consumer()),
    () => [["XREADGROUP", "GROUP", group(), consumer(), "COUNT", "9", "STREAMS", "s", ">"]],
    () => [["XREADGROUP", "GROUP", group(), consumer(), "COUNT", "5", "STREAMS", "s", id()]],
    () => [["XREADGROUP", "GROUP", group(), consumer(), "NOACK", "STREAMS", "s", ">"]],
    () => [["XACK", "s", group(), id(), id(), id()]],
    () => [["XCLAIM", "s", group(), consumer(), "0", id(), id(), "FORCE"]],
    () => [["XCLAIM", "s", group(), consumer(), "0", id(), "JUSTID"]],
    () => [["XAUTOCLAIM", "s", group(), consumer(), "0", start(), "COUNT", String(1 + below(9))]],
    () => [["XPENDING", "s", group()]],
    () => [["XINFO", "GROUPS", "s"]],
  ];
  const commands = ["g0", "g1", "g2"].flatMap(newGroup);
  while (commands.length < count) commands.push(...makers[below(makers.length)]());
  return commands;
}

Deno.test({
  name: "stream commands reply as redis-server does",
  ignore: !hasRedisServer,
  async fn(test) {
    await using peers: Peers & AsyncDisposable = await PeerPair.start([
      "--enable-debug-command",
      "yes",
      "--stream-node-max-entries",
      "100",
    ]);
    for (const [name, script] of Object.entries(SCRIPTS)) {
      await test.step(name, () => compareScripts(script, { peers, events: true }));
    }
    for (const seed of [1, 2]) {
      await test.step(
        `random commands ${seed}`,
        () => compareScripts(randomCommands(seed, 2000), { peers, events: true }),
      );
    }
  },
});
