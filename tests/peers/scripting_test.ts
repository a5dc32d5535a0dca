import { compareScripts, PeerPair } from "../support/compare.ts";
import { hasRedisServer } from "../support/peer.ts";
import type { Command } from "../support/raw_connection.ts";

/** Expressions and chunks of Lua, each a script without keys. */
const CHUNKS: Readonly<Record<string, readonly string[]>> = {
  "numbers and strings of Lua": [
    "return string.format('%d', 2^40)",
    "return string.format('%x', 2^40)",
    "return string.format('%x', -1)",
    "return string.format('%X|%o|%u|%i', 2^40 + 10, 2^40, 2^53, -2^53)",
    "return string.format('%5d|%-5d|%05d|%+d|% d|%.3d', 42, 42, 42, 42, 42, 42)",
    "return string.format('%20d|%-20d|%020d|%+d|% d|%.20d', 2^40, 2^40, 2^40, 2^40, 2^40, 2^40)",
    "return string.format('%20d|%-20d|%020d|%+d|% d|%.20d', -2^40, -2^40, -2^40, -2^40, -2^40, -2^40)",
    "return string.format('%#x %#o %#X', 2^40, 2^40, 2^40)",
    "return string.format('%d', 2^63) .. string.format('%d', -2^63) .. string.format('%d', 2^70)",
    "return string.format('%u', 2^63) .. string.format('%x', 2^64)",
    "return string.format('%x', -2^40) .. string.format('%x', -2^70) .. string.format('%d', 0/0)",
    "return string.format('%d', '3e9') .. string.format('%d', ' 0x10 ')",
    "return string.format('%d %s %5.1f', 3.99, 'x', 2.25)",
    "return string.format('%5.1f|%g|%q|%s', 2.25, 1e20, 'a\\n', 'z')",
    "return string.format('%q', 'a\\0b\\r\\n\"\\\\')",
    "return string.format('%c%c%c', 0, 255, 65)",
    "return string.format('%s', nil)",
    "return string.format('%10.3s|%-10s|', 'abcdef', 'x')",
    "return string.format('%e %E %G %a', 12345.678, 0.00012, 1e-10, 1)",
    "return string.format('%5%|%%')",
    "return string.format('%d')",
    "return string.format('%d', 'x')",
    "return string.format('%d', {})",
    "return string.format('%y', 1)",
    "return string.format('%123d', 1)",
    "return string.format('%-+ #0-d', 1)",
    "return string.format('%.123d', 1)",
    "return string.format('%', 1)",
    "return tostring(tonumber('ffffffffff', 16)) .. tostring(tonumber('zz', 36))",
    "return tostring(tonumber('7fffffffffffffff', 16)) .. tostring(tonumber('ffffffffffffffffff', 16))",
    "return tostring(tonumber('-ff', 16)) .. tostring(tonumber('+ff', 16)) .. tostring(tonumber('0xff', 16))",
    "return tostring(tonumber('8', 8)) .. tostring(tonumber('', 16)) .. tostring(tonumber(' 1 ', 2))",
    "return tonumber('1', 1)",
    "return tonumber('1', 37)",
    "return tonumber({}, 16)",
    "return tonumber()",
    "return tostring(tonumber('0x', 16)) .. tostring(tonumber('1 2'))",
    "return tostring(tonumber('0x1F')) .. tostring(tonumber('1e1')) .. tostring(tonumber(' 10 '))",
    "return tostring(tonumber('10a')) .. tostring(tonumber('0x1p4')) .. tostring(tonumber('1e'))",
    "return tostring(tonumber('inf')) .. tostring(tonumber('nan')) .. tostring(tonumber('infinity'))",
    "return tostring(tonumber(10, 16)) .. tostring(tonumber(1.5, 10))",
    "return tostring(0xffffffffff) .. tostring(1e15) .. tostring(1e14) .. tostring(123456789012345678)",
    "return tostring(2^63) .. tostring(2^53) .. tostring(-0) .. tostring(1/-0)",
    "return tostring(0/0) .. tostring(-(0/0)) .. tostring(1/0) .. tostring(-1/0)",
    "return tostring(3.14159265358979) .. ' ' .. tostring(-1.5e-7) .. ' ' .. tostring(1e100)",
    "return tostring(math.pi) .. tostring(math.huge) .. tostring(5 % -3) .. tostring(-5 % 3)",
    "return tostring(5.5 % 2) .. tostring(-5.5 % 2) .. tostring(5 % math.huge) .. tostring(2 ^ 0.5)",
    "return tostring(10 % -3) .. tostring(math.fmod(-5, 3)) .. tostring(math.floor(-3.5))",
    "return math.ldexp(0.5, 10) .. ' ' .. table.concat({ math.frexp(1000) }, ',')",
    "return table.concat({ math.modf(-3.7) }, ',') .. math.max(1, 5, 3) .. math.min(4, 2)",
    "return tostring(math.sin(1)) .. tostring(math.exp(1)) .. tostring(math.log10(1000))",
    "return '10' + 5 .. ''",
    "return '0x10' * 2",
    "return 'a' + 1",
    "return 10 .. 20",
    "return #'abc\\0def'",
    "return ('hello'):sub(2, 2^33) .. ('hello'):sub(-2^33, 3) .. ('hello'):sub(-3)",
    "return ('hello'):byte(1, -1)",
    "return ('x'):rep(0) .. ('x'):rep(-1) .. ('ab'):rep(3)",
    "return ('x'):rep(3, ','):len()",
    "return string.char(256)",
    "return string.char(72, 101) .. string.char()",
    "return ('hello world'):find('o w') .. ('a.b'):find('.', 1, true)",
    "return { ('hello world'):find('(o)( )(w)') }",
    "return { ('key = value'):match('^(%w+)%s*=%s*(%w+)$') }",
    "return ('hello'):gsub('l', 'L')",
    "return ('hello'):gsub('', '-')",
    "return (('abc'):gsub('%w', '%0%0'))",
    "return (('abc'):gsub('%w', '%1'))",
    "return (('abc'):gsub('%w', '%2'))",
    "return (('$a $b'):gsub('%$(%w+)', { a = '1' }))",
    "return (('abc'):gsub('b', function() return false end))",
    "return (('abc'):gsub('(', ''))",
    "return (('abc'):gsub('%', ''))",
    "return (('abc'):gsub('[a', ''))",
    "return (('f(a(b)c)d'):match('%b()'))",
    "return (('THE (quick) fox'):find('%((%a+)%)'))",
    "return ('THE (quick) fox'):match('%f[%a]%a+', 5)",
    "local t = {} for w in ('a b c'):gmatch('%a') do t[#t + 1] = w end return t",
    "return ('x'):upper() .. ('Ä'):lower() .. ('abc'):reverse()",
    "return string.dump(function() end):sub(1, 4)",
    "return ('a'):rep(100):find(('a?'):rep(10) .. ('a'):rep(10))",
  ],
  "tables and functions of Lua": [
    "return table.concat({ 1, 2, 3.5 }, '-')",
    "return table.concat({ 1, {}, 3 })",
    "return table.concat({}, 'x', 1, 1)",
    "return table.concat({ 1, 2, 3 }, ',', 2, 3)",
    "local t = { 5, 2, 8, 1 } table.sort(t) return t",
    "local t = { 5, 2, 8, 1 } table.sort(t, function(a, b) return a > b end) return t",
    "local t = { 3, 'x', 1 } table.sort(t) return t",
    "local t = { 1, 2, 3 } table.sort(t, function() return true end) return t",
    "local t = { 1, 2, 3 } return { table.remove(t), table.remove(t, 1), #t }",
    "local t = {} table.insert(t, 1) table.insert(t, 1, 0) return t",
    "table.insert({}, 1, 2, 3)",
    "table.insert(nil, 1)",
    "return table.maxn({ 1, 2, [10] = 3 }) .. table.getn({ 1, 2 })",
    "local s = 0 table.foreachi({ 1, 2, 3 }, function(i, v) s = s + v end) return s",
    "return table.foreach({ a = 1 }, function(k, v) return k .. v end)",
    "table.setn({}, 1)",
    "local a = { 10, 20, 30, nil, 50 } return #a",
    "local a = { 10, 20, 30, nil } return #a",
    "return { unpack({ 1, 2, 3 }, 2) }",
    "return { unpack({ 1, 2, 3 }, -1, 1) }",
    "return #{ unpack({}, 1, 5000) }",
    "return { unpack({}, 1, 1e8) }",
    "return select('#', unpack({}, 1, 7000))",
    "return { select(-1, 1, 2, 3) }",
    "return select(0)",
    "return { pcall(error, 'x') }",
    "return { pcall(error, 'x', 0) }",
    "return { pcall(error) }",
    "return { pcall(error, { err = 'X y' }) }",
    "return { pcall(error, { 1, 2 }) }",
    "return { pcall(function() return 1, 2, 3 end) }",
    "return { pcall(function() local x = nil; return x.y end) }",
    "return { xpcall(function() error('a') end, function(e) return 'handled ' .. e end) }",
    "return { xpcall(function() error({}) end, function(e) return type(e) end) }",
    "return { pcall(nil) }",
    "return select(2, pcall(setmetatable, 1, 2))",
    "return select(2, pcall(function() local t = nil; t.x = 1 end))",
    "return select(2, pcall(function() return 1 < 'a' end))",
    "return select(2, pcall(function() return {} .. 'a' end))",
    "return select(2, pcall(function() return {} < {} end))",
    "return select(2, pcall(function() return #5 end))",
    "return select(2, pcall(function() return -{} end))",
    "return select(2, pcall(function() local a = {} a() end))",
    "return select(2, pcall(function() local a = {} a.b.c() end))",
    "return select(2, pcall(function() local a = 'x' a.b() end))",
    "return select(2, pcall(function() for i = 1, 'x' do end end))",
    "return select(2, pcall(function() for i = 1, 10, 0 do return 'once' end end))",
    "return select(2, pcall(next, {}, 'nokey'))",
    "return select(2, pcall(rawset, {}, nil, 1))",
    "return select(2, pcall(function() local t = {} t[0/0] = 1 end))",
    "return select(2, pcall(string.rep))",
    "return select(2, pcall(string.rep, 'x', {}))",
    "return select(2, pcall(('x').rep, 'x', 'y'))",
    "return select(2, pcall(function() ('x'):bad() end))",
    "return select(2, pcall(function() ('x'):rep({}) end))",
    "return select(2, loadstring('x ='))",
    "return select(2, loadstring('goto x'))",
    "return select(2, loadstring('return ' .. ('('):rep(300)))",
    "return select(2, loadstring('for', 'chunk'))",
    "return select(2, loadstring('for', '=chunk'))",
    "return select(2, loadstring('for', '@chunk'))",
    "return loadstring('return 1 + 1')()",
    "local done return load(function() if not done then done = true return 'return 7' end end)()",
    "return select(2, pcall(load, 'return 1'))",
    "local co = coroutine.create(function(a) local b = coroutine.yield(a + 1) return b * 2 end)" +
    " return { coroutine.resume(co, 1), select(2, coroutine.resume(co, 10)), coroutine.status(co) }",
    "return { coroutine.resume(coroutine.create(function() error('in co') end)) }",
    "return coroutine.wrap(function() error('in wrap') end)()",
    "return select(2, pcall(coroutine.yield))",
    "return tostring(coroutine.running())",
    "local t = setmetatable({}, { __index = function(_, k) return k .. '!' end }) return t.x",
    "local t = setmetatable({}, { __call = function(_, a) return a end }) return t(5)",
    "local t = setmetatable({}, { __tostring = function() return 'T' end }) return tostring(t)",
    "local t = setmetatable({}, { __metatable = 'locked' }) return { getmetatable(t), pcall(setmetatable, t, {}) }",
    "local t = setmetatable({}, { __add = function() return 'sum' end, __eq = function() return true end }) return t + 1",
    "local t = setmetatable({}, { __len = function() return 9 end }) return #t",
    "local t = setmetatable({}, { __concat = function() return 'c' end }) return t .. 'x'",
    "return rawequal({}, {}) == false and rawget({ a = 1 }, 'a')",
    "return newproxy(true)",
    "return type(collectgarbage('count')) .. type(gcinfo())",
    "return collectgarbage('collect')",
    "return collectgarbage('bad')",
    "return _VERSION",
    "return { tostring(nil), tostring(true), type(nil), type(print == nil) }",
    "local a <const> = 1",
    "return 1 // 2",
    "return 1; --[[ long\n comment ]]",
    "return [[\nfirst line\nsecond]]",
    "return '\\65\\066\\x'",
    "return 'unfinished",
    "local function f(...) return select('#', ...), ... end return { f(1, nil, 3) }",
    "local function f(...) return arg.n end return f(1, 2, 3)",
    "return 'hello' --trailing comment",
    "local x = 5; do local x = 6 end return x",
    "local t = {} for k, v in pairs({ 1, 2, a = 3 }) do t[#t + 1] = tostring(k) .. v end return t",
    "local i = 0 while true do i = i + 1 if i > 5 then break end end repeat i = i - 1 until i == 0 return i",
    "return not nil and 1 or 2",
    "local f = function(n) if n == 0 then return 'end' end return nil end return f(0)",
    "local function loop(n) if n == 0 then return 'tail' end return loop(n - 1) end return loop(100000)",
    "local function deep(n) if n == 0 then return 0 end return 1 + deep(n - 1) end return deep(10000)",
    "local function deep(n) return 1 + deep(n + 1) end return deep(1)",
    "local function deep(n) return 1 + deep(n + 1) end return select(2, pcall(deep, 1)):sub(1, 40)",
  ],
  "results as replies": [
    "return",
    "return nil",
    "return true",
    "return false",
    "return 3.99",
    "return -3.99",
    "return 2^53",
    "return 2^62",
    "return 2^63",
    "return -2^63",
    "return 2^70",
    "return 0/0",
    "return 1/0",
    "return 'x\\0y\\r\\n\\255'",
    "return {}",
    "return { 1, 2, nil, 4 }",
    "return { 1, { 2, { 3, {} } }, 'x', true, false, 3.5 }",
    "return { a = 1, 2 }",
    "return { ok = 'fine' }",
    "return { ok = 'a\\r\\nb' }",
    "return { ok = 'a\\0b' }",
    "return { ok = '\\255\\195\\164' }",
    "return { ok = 1 }",
    "return { err = 'ERR wrong' }",
    "return { err = 'My Err' }",
    "return { err = 'two\\r\\nlines' }",
    "return { err = 'end\\r\\n' }",
    "return { err = 'a\\0b' }",
    "return { err = '\\255' }",
    "return { err = '' }",
    "return { err = 1 }",
    "return { err = 'x', ok = 'y' }",
    "return { { ok = 'nested' }, { err = 'ERR nested' } }",
    "return { double = 3.25 }",
    "return { double = 1e100 }",
    "return { double = 1/0 }",
    "return { double = 'x' }",
    "return { big_number = '12345678901234567890' }",
    "return { big_number = 'a\\r\\nb' }",
    "return { verbatim_string = { format = 'txt', string = 'hello' } }",
    "return { verbatim_string = { format = 'mkd', string = '\\0\\255' } }",
    "return { verbatim_string = { format = 'txt' } }",
    "return { verbatim_string = {} }",
    "return { map = { a = 1 } }",
    "return { map = {} }",
    "return { map = { [1] = { map = { x = { 1, 2 } } } } }",
    "return { map = 1 }",
    "return { set = { a = true } }",
    "return { set = {} }",
    "return { set = { [5] = 1 } }",
    "return { map = { a = { set = { b = true } } } }",
    "return { 1, map = { a = 1 } }",
    "redis.setresp(3) return true",
    "redis.setresp(3) return false",
    "redis.setresp(3) return nil",
    "redis.setresp(3) return { true, false, { double = 1.5 } }",
    "return print",
    "return function() end",
    "return pcall",
    "return coroutine.create(function() end)",
    "return setmetatable({}, { __index = function() return 1 end })",
    "return setmetatable({ 1 }, { __index = function() error('x') end })",
    "return cjson.null",
    "return { cjson.null, 1 }",
    "return redis.status_reply('OK')",
    "return redis.status_reply('a b')",
    "return redis.status_reply(1)",
    "return redis.status_reply()",
    "return redis.status_reply('a', 'b')",
    "return redis.error_reply('ERR x')",
    "return redis.error_reply('-ERR x')",
    "return redis.error_reply('x')",
    "return redis.error_reply('x y')",
    "return redis.error_reply('')",
    "return redis.error_reply('-')",
    "return redis.error_reply('\\r\\nx y\\r\\n')",
    "return redis.error_reply()",
    "return redis.error_reply(1)",
    "return redis.error_reply({})",
    "return redis.error_reply('a b').err",
    "return redis.status_reply('a b').ok",
  ],
  "replies as values": [
    "return type(redis.call('GET', 'none'))",
    "redis.setresp(3) return type(redis.call('GET', 'none'))",
    "redis.call('SET', 's', 'v') return redis.call('GET', 's')",
    "return redis.call('SET', 's', 'v').ok",
    "return type(redis.call('STRLEN', 's')) .. redis.call('STRLEN', 's')",
    "redis.call('DEL', 'l') return redis.call('RPUSH', 'l', 1, 2, 3)",
    "local t = redis.call('LRANGE', 'l', 0, -1) return { #t, t[1], t[3], type(t[1]) }",
    "return redis.call('LRANGE', 'none', 0, -1)",
    "return #redis.call('LRANGE', 'none', 0, -1)",
    "redis.call('HSET', 'h', 'f', 'v') return redis.call('HGETALL', 'h')",
    "redis.setresp(3) local t = redis.call('HGETALL', 'h') return { type(t.map), t.map.f }",
    "redis.setresp(3) return redis.call('HGETALL', 'h')",
    "redis.setresp(3) return redis.call('HGETALL', 'none')",
    "redis.call('SADD', 'set', 'a') return redis.call('SMEMBERS', 'set')",
    "redis.setresp(3) local t = redis.call('SMEMBERS', 'set') return { type(t.set), tostring(t.set.a) }",
    "redis.setresp(3) return redis.call('SMEMBERS', 'set')",
    "redis.call('ZADD', 'z', 1.5, 'm') return redis.call('ZSCORE', 'z', 'm')",
    "redis.setresp(3) local t = redis.call('ZSCORE', 'z', 'm') return { type(t), tostring(t.double) }",
    "redis.setresp(3) return redis.call('ZSCORE', 'z', 'm')",
    "redis.setresp(3) return redis.call('ZRANGE', 'z', 0, -1, 'WITHSCORES')",
    "return redis.call('ZRANGE', 'z', 0, -1, 'WITHSCORES')",
    "redis.setresp(3) return redis.call('ZSCORE', 'z', 'none')",
    "return redis.call('ZRANK', 'z', 'none')",
    "redis.setresp(3) return { redis.call('ZMSCORE', 'z', 'm', 'none') }",
    "return redis.call('MGET', 's', 'none', 's')",
    "return #redis.call('MGET', 's', 'none', 's')",
    "redis.setresp(3) return redis.call('MGET', 's', 'none', 's')",
    "redis.setresp(3) return #redis.call('MGET', 's', 'none')",
    "return redis.call('ZPOPMIN', 'none')",
    "return redis.call('LPOP', 'none', 1)",
    "redis.setresp(3) return type(redis.call('LPOP', 'none', 1))",
    "return redis.call('EXISTS', 's')",
    "return type(redis.call('PING')) .. redis.call('PING').ok .. redis.call('PING', 'x')",
    "return redis.call('ECHO', 'a\\0b')",
    "return redis.call('SCAN', 0, 'COUNT', 1000)[1]",
    "redis.call('DEL', 'st') return redis.call('XADD', 'st', '1-1', 'a', 'b')",
    "return redis.call('XRANGE', 'st', '-', '+')",
    "redis.setresp(3) return redis.call('XREAD', 'STREAMS', 'st', '0')",
    "return redis.call('XREAD', 'STREAMS', 'st', '0')",
    "return redis.call('XREAD', 'STREAMS', 'st', '$')",
    "return redis.call('GEOADD', 'g', 13.361389, 38.115556, 'P')",
    "return redis.call('GEOPOS', 'g', 'P', 'none')",
    "return redis.call('COMMAND', 'INFO', 'get', 'nosuch')",
    "return redis.call('COMMAND', 'GETKEYS', 'GET', 'k')",
    "return redis.call('OBJECT', 'ENCODING', 's')",
    "return redis.call('INCRBYFLOAT', 'fl', '1.5')",
    "return redis.call('LCS', 's', 's', 'IDX')",
    "redis.setresp(3) return redis.call('LCS', 's', 's', 'IDX')",
    "return redis.call('SORT', 'l', 'DESC')",
    "redis.call('DEL', 'set') redis.call('SADD', 'set', 'c', 'b', 'a') return redis.call('SORT', 'set', 'BY', 'nosort')",
    "return redis.call('SORT', 'set', 'BY', '_', 'GET', '#', 'GET', '_:*')",
    "return redis.call('GETRANGE', 's', 0, 2^31)",
    "redis.call('SET', 'n', 10) return redis.call('INCRBY', 'n', 5)",
    "redis.call('SET', 'n', 2^53) return redis.call('GET', 'n')",
    "redis.call('SET', 'n', -5) return redis.call('GET', 'n')",
    "redis.call('SET', 'n', 1e15) return redis.call('GET', 'n')",
    "redis.call('SET', 'n', '12039611435714932082') return redis.call('GET', 'n')",
    "redis.call('HINCRBY', 'big', 'f', 9007199254740991) return redis.call('HINCRBY', 'big', 'f', 1)",
  ],
  "calls that fail": [
    "return redis.call()",
    "return redis.pcall()",
    "return redis.call('nosuchcommand')",
    "return redis.pcall('nosuchcommand')",
    "return redis.pcall('nosuchcommand').err",
    "return redis.call('')",
    "return redis.call('get')",
    "return redis.call('get', 'a', 'b', 'c')",
    "return redis.call({})",
    "return redis.call('get', {})",
    "return redis.call('get', nil)",
    "return redis.call('get', true)",
    "return redis.pcall('get', {}).err",
    "redis.call('SET', 's', 'v') return redis.call('LPUSH', 's', 1)",
    "return redis.pcall('LPUSH', 's', 1)",
    "return redis.pcall('LPUSH', 's', 1).err",
    "return { pcall(redis.call, 'LPUSH', 's', 1) }",
    "return type(select(2, pcall(redis.call, 'LPUSH', 's', 1)))",
    "local ok, e = pcall(redis.call, 'LPUSH', 's', 1) return e",
    "local ok, e = pcall(redis.call, 'LPUSH', 's', 1) error(e)",
    "local r = redis.pcall('LPUSH', 's', 1) error(r)",
    "\n\nreturn redis.call('LPUSH', 's', 1)",
    "local function f() return redis.call('LPUSH', 's', 1) end\nlocal x = f()\nreturn x",
    "return coroutine.wrap(function() return redis.call('LPUSH', 's', 1) end)()",
    "return { redis.pcall('LPUSH', 's', 1), 'after' }",
    "return redis.call('INCR', 's')",
    "return redis.call('SELECT', 99)",
    "return redis.call('SELECT', 'x')",
    "return redis.call('OBJECT', 'NOSUCH', 'k')",
    "return redis.call('OBJECT')",
    "return redis.call('CONFIG', 'GET', 'maxmemory')",
    "return redis.call('EVAL', 'return 1', 0)",
    "return redis.call('EVALSHA', 'x', 0)",
    "return redis.call('SCRIPT', 'LOAD', 'return 1')",
    "return redis.call('SCRIPT', 'FLUSH')",
    "return redis.call('MULTI')",
    "return redis.call('EXEC')",
    "return redis.call('WATCH', 'k')",
    "return redis.call('SUBSCRIBE', 'c')",
    "return redis.call('MONITOR')",
    "return redis.call('SHUTDOWN')",
    "return redis.call('AUTH', 'x')",
    "return redis.call('HELLO')",
    "return redis.call('CLIENT', 'ID')",
    "return redis.call('DEBUG', 'SLEEP', 0)",
    "return redis.call('RESET')",
    "return redis.call('QUIT')",
    "return redis.call('FCALL', 'f', 0)",
    "return redis.call('BLMPOP', 0, 1, 'none', 'LEFT')",
    "return redis.call('XREAD', 'BLOCK', 0, 'STREAMS', 'none', '$')",
    "return redis.call('xread', 'BLOCK', 'x', 'STREAMS', 'none', '$')",
    "redis.call('DEL', 'st2') redis.call('XGROUP', 'CREATE', 'st2', 'g', '$', 'MKSTREAM')" +
    " return redis.call('XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', 0, 'STREAMS', 'st2', '>')",
    "error('plain')",
    "error('no place', 0)",
    "error('level two', 2)",
    "error()",
    "error(nil)",
    "error(5)",
    "error(true)",
    "error({ err = 'MY error' })",
    "error({ err = 'nospace' })",
    "error({ err = 'ERR x\\r\\ny' })",
    "error(redis.error_reply('X y'))",
    "return nosuchglobal",
    "nosuchglobal()",
    "local x = nosuchglobal.field",
    "assert(false)",
    "assert(false, 'message')",
    "assert(nil, { err = 'TABLE message' })",
    "return #redis.call('LRANGE', 's', 0, -1)",
    "local t = redis.call('GET', 's') return t.x.y",
    "if true then",
    "return return",
    "x = ",
    "return 'a' .. nil",
    "\nlocal a = 1\nlocal b = a.x.y\n",
    "string.rep()",
    "('x'):rep({})",
    "loadstring('error(\"in string\")')()",
    "loadstring('error(\"in named\")', '@named')()",
  ],
  "the table redis": [
    "return redis.sha1hex('')",
    "return redis.sha1hex('Pizza & Mandolino')",
    "return redis.sha1hex(123)",
    "return redis.sha1hex(0.1)",
    "return redis.sha1hex('a\\0b')",
    "return redis.sha1hex()",
    "return redis.sha1hex('a', 'b')",
    "return redis.sha1hex({})",
    "return redis.setresp()",
    "return redis.setresp(1)",
    "return redis.setresp('3')",
    "return redis.setresp(2, 3)",
    "redis.setresp(3) redis.setresp(2) return redis.call('HGETALL', 'h')",
    "return redis.log()",
    "return redis.log(redis.LOG_DEBUG)",
    "return redis.log('x', 'y')",
    "return redis.log(10, 'y')",
    "return redis.log(-1, 'y')",
    "return redis.log(redis.LOG_DEBUG, 'hello', 1, {}, nil)",
    "return { redis.LOG_DEBUG, redis.LOG_VERBOSE, redis.LOG_NOTICE, redis.LOG_WARNING }",
    "return { redis.REPL_NONE, redis.REPL_AOF, redis.REPL_SLAVE, redis.REPL_REPLICA, redis.REPL_ALL }",
    "return redis.set_repl(4)",
    "return redis.set_repl(-1)",
    "return redis.set_repl(redis.REPL_ALL)",
    "return redis.replicate_commands()",
    "return redis.breakpoint()",
    "return redis.debug('x')",
    "return redis.acl_check_cmd('get', 'x')",
    "return redis.acl_check_cmd('nosuch')",
    "return redis.acl_check_cmd()",
    "return redis.acl_check_cmd({})",
    "return redis.acl_check_cmd('config', 'get')",
    "return redis.acl_check_cmd('config', 'nosuch')",
    "return type(redis.REDIS_VERSION) .. type(redis.REDIS_VERSION_NUM)",
    "return redis.nosuch",
    "local t = {} for k in pairs(redis) do t[#t + 1] = k end table.sort(t) return t",
    "local t = {} for k in pairs(_G) do t[#t + 1] = k end table.sort(t) return t",
    "local t = {} for k in pairs(string) do t[#t + 1] = k end table.sort(t) return t",
    "local t = {} for k in pairs(table) do t[#t + 1] = k end table.sort(t) return t",
    "local t = {} for k in pairs(math) do t[#t + 1] = k end table.sort(t) return t",
    "local t = {} for k in pairs(coroutine) do t[#t + 1] = k end table.sort(t) return t",
    "math.randomseed(10) return { tostring(math.random()), math.random(10), math.random(5, 7) }",
    "math.randomseed(-1) return { tostring(math.random()), math.random(2^31 - 1) }",
    "math.randomseed(2^33 + 7) return tostring(math.random())",
    "math.randomseed('12') return tostring(math.random())",
    "math.randomseed() return 1",
    "math.randomseed(0) local t = {} for i = 1, 200 do t[i] = math.random(1000000) end return t",
    "return math.random(0)",
    "return math.random(5, 1)",
    "return math.random(1, 2, 3)",
    "return math.random('x')",
    "math.randomseed(3) return math.random(-5, 5) + math.random(2^31)",
    "return type(__redis__err__handler)",
  ],
  "globals and how to get round their protection": [
    "x = 10",
    "return x",
    "_G.x = 1",
    "return _G.x",
    "_G['print'] = 1",
    "rawset(_G, 'x', 1)",
    "return rawget(_G, 'x')",
    "setmetatable(_G, {})",
    "setmetatable(_G, nil)",
    "getmetatable(_G).__index = nil",
    "getmetatable(_G).x = 1",
    "return type(getmetatable(_G))",
    "return tostring(getmetatable(_G).__newindex)",
    "return getmetatable(_G).__index(_G, 'y')",
    "return getmetatable(_G).__index(_G)",
    "return getmetatable(_G).__index(_G, {})",
    "return getmetatable(_G).__index({}, 1)",
    "_G = {}",
    "redis = nil",
    "redis.call = nil",
    "redis.new = 1",
    "string.format = nil",
    "table.insert(string, 1)",
    "rawset(redis, 'call', 1)",
    "setmetatable(redis, {})",
    "table.sort(redis)",
    "table.remove(redis)",
    "table.insert(_G, 1)",
    "cjson.encode = nil",
    "cmsgpack.pack = nil",
    "struct.pack = nil",
    "bit.band = nil",
    "math.random = nil",
    "coroutine.wrap = nil",
    "KEYS[1] = 'changed' return KEYS[1]",
    "KEYS = {} return 1",
    "local KEYS = { 'mine' } return KEYS[1]",
    "loadstring('x = 1')()",
    "return loadstring('return x')()",
    "return getfenv() == _G and getfenv(0) == _G and getfenv(pcall) == _G",
    "getfenv().x = 1",
    "setfenv(1, { y = 2 }) return y",
    "setfenv(1, setmetatable({}, { __index = _G })) x = 5 return x",
    "local f = loadstring('x = 1 return x') setfenv(f, {}) return f()",
    "setfenv(pcall, {})",
    "setfenv(0, {}) return 1",
    "return type(redis)",
    "setmetatable({}, { __newindex = _G }).x = 1",
    "setmetatable({}, { __newindex = redis }).call = 1",
    "for k in pairs(_G) do _G[k] = nil end",
    "return next(_G) ~= nil",
    "return loadfile('x')",
    "return dofile('x')",
    "return print('x')",
    "return require('x')",
    "return module",
    "return package",
    "return io",
    "return os",
    "return debug",
    "return os.execute('x')",
    "return io.open('/etc/passwd')",
    "return loadstring(string.dump(function() return 1 end))",
    "return (select(2, loadstring(string.dump(function() return 1 end)))):sub(1, 9)",
    "return load(function() return '\\27Lua' end)",
    "local t = setmetatable({}, { __gc = function() x = 1 end }) return 1",
    "return ('x').y",
    "return type(getmetatable('').__index)",
  ],
};

/** Commands around scripts, as lines of a script. */
const COMMANDS: Readonly<Record<string, string>> = {
  "EVAL's arguments": `
    EVAL
    EVAL "return 1"
    EVAL "return 1" 0
    EVAL "return 1" x
    EVAL "return 1" 1
    EVAL "return 1" -1
    EVAL "return 1" 1 k
    EVAL "return 1" 1.5 k
    EVAL "return 1" 99999999999999999999
    EVAL "return {#KEYS, #ARGV, KEYS[1], KEYS[2], ARGV[1]}" 2 a b c
    EVAL "return {KEYS, ARGV}" 0
    EVAL "return {KEYS, ARGV}" 0 a b
    EVAL "return {KEYS, ARGV}" 2 "a\\x00\\xff" "" "\\r\\n"
    EVAL "" 0
    EVAL "\\x00" 0
    EVAL "return 'a\\xff'" 0
    EVAL "return #ARGV[1]" 0 "\\x00\\x00"
    EVAL_RO "return 1" 0
    EVAL_RO
    EVAL_RO "return redis.call('SET', 'k', 'v')" 0
    EVAL_RO "return redis.pcall('SET', 'k', 'v').err" 0
    EVAL_RO "return redis.call('GET', KEYS[1])" 1 k
    EVAL_RO "return redis.call('PUBLISH', 'c', 'm')" 0
    EVAL_RO "return redis.call('PFCOUNT', 'k2')" 0
    EXISTS k
  `,
  "EVALSHA": `
    EVALSHA
    EVALSHA x 0
    EVALSHA ffffffffffffffffffffffffffffffffffffffff 0
    EVALSHA ffffffffffffffffffffffffffffffffffffffff x
    EVALSHA x x
    EVALSHA ffffffffffffffffffffffffffffffffffffffff 5
    SCRIPT LOAD "return {KEYS[1], ARGV[1]}"
    EVALSHA aa4acaab4bc05177ed5e3ee9fb1ed6ac9aa8ee40 1 k v
    SCRIPT LOAD "return 1"
    EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
    EVALSHA E0E1F9FABFC9D4800C877A703B823AC0578FF8DB 0
    EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 1
    EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db -1
    EVALSHA_RO e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
    EVALSHA_RO ffffffffffffffffffffffffffffffffffffffff 0
    EVAL "return redis.call('SET', KEYS[1], 'v')" 1 k
    EVALSHA_RO c686f316aaf1eb01d5a4de1b0b63cd233010e63d 1 k
    EVALSHA c686f316aaf1eb01d5a4de1b0b63cd233010e63d 1 k
    EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8d 0
    EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8dbx 0
  `,
  "SCRIPT": `
    SCRIPT
    SCRIPT NOSUCH
    SCRIPT EXISTS
    SCRIPT EXISTS x
    SCRIPT LOAD
    SCRIPT LOAD "return 1"
    SCRIPT LOAD "return 1"
    SCRIPT LOAD "return"
    SCRIPT LOAD "x ="
    SCRIPT LOAD "return 'unfinished"
    SCRIPT LOAD a b
    SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db
    SCRIPT EXISTS E0E1F9FABFC9D4800C877A703B823AC0578FF8DB x e0e1f9fabfc9d4800c877a703b823ac0578ff8db
    SCRIPT FLUSH
    SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db
    EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
    EVAL "return 1" 0
    SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db
    SCRIPT FLUSH ASYNC
    SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db
    SCRIPT FLUSH sync
    SCRIPT FLUSH NOW
    SCRIPT FLUSH ASYNC SYNC
    SCRIPT KILL
    SCRIPT KILL x
    SCRIPT DEBUG NO
    SCRIPT DEBUG
    SCRIPT DEBUG MAYBE
    ~type SCRIPT HELP
    SCRIPT HELP x
  `,
  "the first line of a script": `
    EVAL "#!lua\\nreturn 1" 0
    EVAL "#!lua\\n\\nreturn nosuch" 0
    EVAL "#!lua" 0
    EVAL "#!" 0
    EVAL "#!\\nreturn 1" 0
    EVAL "#!python\\nreturn 1" 0
    EVAL "#!lua name=x\\nreturn 1" 0
    EVAL "#!lua flags=\\nreturn 1" 0
    EVAL "#!lua flags=no-writes\\nreturn 1" 0
    EVAL "#!lua flags=no-writes,allow-stale\\nreturn 1" 0
    EVAL "#!lua flags=no-writes flags=allow-oom\\nreturn 1" 0
    EVAL "#!lua flags=nosuch\\nreturn 1" 0
    EVAL "#!lua flags=no-writes,,\\nreturn 1" 0
    EVAL "#!lua flags=No-Writes\\nreturn 1" 0
    EVAL "#!lua  flags=no-writes  \\nreturn 1" 0
    EVAL "#!lua 'flags=no-writes'\\nreturn 1" 0
    EVAL "#!lua 'flags\\nreturn 1" 0
    EVAL "#!lua flags=no-writes\\nreturn redis.call('SET', 'k', 'v')" 0
    EVAL "#!lua flags=no-writes\\nreturn redis.call('GET', 'k')" 0
    EVAL "#!lua\\nreturn redis.call('SET', 'k', 'v')" 0
    EVAL_RO "#!lua\\nreturn redis.call('GET', 'k')" 0
    EVAL_RO "#!lua flags=no-writes\\nreturn redis.call('GET', 'k')" 0
    EVAL "#!lua flags=no-cluster,allow-cross-slot-keys\\nreturn 1" 0
    SCRIPT LOAD "#!lua flags=nosuch\\nreturn 1"
    SCRIPT LOAD "#!lua"
    EVAL " #!lua\\nreturn 1" 0
  `,
  "what scripts declare, where writes are refused": `
    FUNCTION LOAD REPLACE "#!lua name=declared\\nredis.register_function('f', function() return redis.call('SET', 'x', 1) end) redis.register_function{function_name='g', callback=function() return 1 end, flags={'no-writes'}}"
    CONFIG SET min-replicas-to-write 1
    EVAL "#!lua\\nreturn redis.call('SET', 'x', 1)" 0
    EVAL "#!lua flags=no-writes\\nreturn 1" 0
    EVAL "#!lua flags=allow-oom\\nreturn 1" 0
    EVAL "#!lua flags=nosuch\\nreturn 1" 0
    EVAL_RO "#!lua\\nreturn 1" 0
    EVAL_RO "return 1" 0
    EVAL "return 1" 0
    FCALL f 0
    FCALL g 0
    FCALL_RO f 0
    FCALL none 0
    MULTI
    FCALL g 0
    FCALL f 0
    EXEC
    CONFIG SET min-replicas-to-write 0
    CONFIG SET maxmemory 1
    EVAL "#!lua\\nreturn redis.call('SET', 'x', 1)" 0
    EVAL "#!lua flags=no-writes\\nreturn 1" 0
    EVAL "#!lua flags=allow-oom\\nreturn 1" 0
    EVAL "#!lua flags=nosuch\\nreturn 1" 0
    EVAL_RO "#!lua\\nreturn 1" 0
    EVAL_RO "return 1" 0
    EVAL "return 1" 0
    FCALL f 0
    FCALL g 0
    FCALL_RO f 0
    FCALL none 0
    MULTI
    FCALL g 0
    FCALL f 0
    EXEC
    CONFIG SET maxmemory 0
    REPLICAOF 127.0.0.1 1
    EVAL "#!lua\\nreturn redis.call('SET', 'x', 1)" 0
    EVAL "#!lua flags=no-writes\\nreturn 1" 0
    EVAL "#!lua flags=allow-oom\\nreturn 1" 0
    EVAL "#!lua flags=nosuch\\nreturn 1" 0
    EVAL_RO "#!lua\\nreturn 1" 0
    EVAL_RO "return 1" 0
    EVAL "return 1" 0
    FCALL f 0
    FCALL g 0
    FCALL_RO f 0
    FCALL none 0
    MULTI
    FCALL g 0
    FCALL f 0
    EXEC
    CONFIG SET replica-serve-stale-data no
    EVAL "#!lua\\nreturn redis.call('SET', 'x', 1)" 0
    EVAL "#!lua flags=no-writes\\nreturn 1" 0
    EVAL "#!lua flags=allow-oom\\nreturn 1" 0
    EVAL "#!lua flags=nosuch\\nreturn 1" 0
    EVAL_RO "#!lua\\nreturn 1" 0
    EVAL_RO "return 1" 0
    EVAL "return 1" 0
    FCALL f 0
    FCALL g 0
    FCALL_RO f 0
    FCALL none 0
    MULTI
    FCALL g 0
    FCALL f 0
    EXEC
    EVAL "#!lua flags=allow-stale\\nreturn 1" 0
    EVAL "#!lua flags=allow-stale,no-writes\\nreturn 1" 0
    CONFIG SET replica-serve-stale-data yes
    REPLICAOF NO ONE
    FUNCTION FLUSH
  `,
  "what redis-server 7.0 did otherwise": `
    ~skip7.0 ~resp2 EVAL "return redis.call('BLPOP', 'none', 0)" 0 => "$-1\\r\\n"
    ~skip7.0 ~resp2 EVAL "return redis.call('BRPOPLPUSH', 'none', 'none2', 0)" 0 => "$-1\\r\\n"
    ~skip7.0 EVAL "return redis.call('WAIT', 1, 0)" 0 => :0
    ~skip7.0 EVAL "return redis.call('WAIT', 1, 0)" 0 => :0
    ~skip7.0 ~resp2 EVAL "return {pcall(redis.set_repl)}" 0 => "*2\\r\\n$-1\\r\\n$43\\r\\nERR redis.set_repl() requires one argument.\\r\\n"
    ~skip7.0 ~resp2 EVAL "return {double = 0.1}" 0 => "$3\\r\\n0.1\\r\\n"
    ~skip7.0 EVAL "redis.call('SET', 'k', 0.1) return redis.call('GET', 'k')" 0 => "$3\\r\\n0.1\\r\\n"
    ~skip7.0 EVAL "redis.call('SET', 'k', 1e100) return redis.call('GET', 'k')" 0 => "$6\\r\\n1e+100\\r\\n"
    ~skip7.0 EVAL "redis.call('SET', 'k', 2^62) return redis.call('GET', 'k')" 0 => "$19\\r\\n4611686018427387904\\r\\n"
  `,
  "databases": `
    SELECT 5
    SET k five
    SELECT 6
    SET k six
    EVAL "redis.call('SELECT', 5) return redis.call('GET', 'k')" 0
    GET k
    EVAL "return redis.call('GET', 'k')" 0
    EVAL "redis.call('SELECT', 5) redis.call('SET', 'k', 'changed')" 0
    GET k
    SELECT 5
    GET k
    EVAL "return redis.call('SWAPDB', 5, 6)" 0
    GET k
  `,
  "transactions": `
    MULTI
    EVAL "return redis.call('INCR', 'n')" 0
    EVAL "return redis.call('LPUSH', 'n', 1)" 0
    EVAL "return" 0
    EVAL "x =" 0
    EVALSHA ffffffffffffffffffffffffffffffffffffffff 0
    SCRIPT LOAD "return 1"
    EVAL "#!lua flags=no-writes\\nreturn redis.call('SET', 'k', 'v')" 0
    EVAL "return {1, {2, 3}}" 0
    EXEC
    GET n
    WATCH w
    EVAL "return redis.call('SET', 'w', 1)" 0
    MULTI
    GET w
    EXEC
  `,
  "keys that expire": `
    SET k v EX 100
    EVAL "redis.call('DEL', 'k') return redis.call('EXISTS', 'k')" 0
    EVAL "redis.call('SET', 'k', 'v', 'PXAT', 1) return redis.call('EXISTS', 'k')" 0
    EVAL "redis.call('SET', 'k', 'v', 'EX', 100) return redis.call('TTL', 'k')" 0
    EVAL "return redis.call('EXPIRE', 'k', ARGV[1])" 0 50
    TTL k
  `,
};

Deno.test({
  name: "scripts do what redis-server's do",
  ignore: !hasRedisServer,
  async fn(t) {
    await using peers = await PeerPair.start();
    for (const [name, chunks] of Object.entries(CHUNKS)) {
      const script = chunks.map((chunk): Command => ["EVAL", chunk, "0"]);
      await t.step(name, () => compareScripts(script, { peers }));
    }
    for (const [name, script] of Object.entries(COMMANDS)) {
      await t.step(name, () => compareScripts(script, { peers }));
    }
  },
});
