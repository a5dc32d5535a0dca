/**
 * Bodies of Lua functions that try the libraries, for comparing what they return in two servers.
 *
 * @module
 */

/** Shows a value so that everything about it counts: its type, all digits of a number, a table's contents. */
const SHOW = `
local function show(v, depth)
  local kind = type(v)
  if kind == 'number' then
    if v ~= v then return 'nan' end
    return string.format('%.17g', v)
  end
  if kind == 'string' then return string.format('%q', v) end
  if kind == 'boolean' or kind == 'nil' then return tostring(v) end
  if v == cjson.null then return 'null' end
  if kind ~= 'table' then return kind end
  if depth > 40 then return '...' end
  local parts = {}
  for key, value in pairs(v) do
    parts[#parts + 1] = show(key, depth + 1) .. '=' .. show(value, depth + 1)
  end
  return '{' .. table.concat(parts, ',') .. '}'
end
`;

/** A script that runs the body and returns whether it raised an error, and its results or the error as text. */
export function showing(body: string): string {
  return `${SHOW}
local results = {pcall(function() ${body} end)}
local parts = {}
for i = 1, table.maxn(results) do parts[i] = show(results[i], 0) end
return table.concat(parts, ' ')`;
}

/** Values of which each function of a library is tried with each. */
const ODD_VALUES = [
  "",
  "nil",
  "true",
  "{}",
  "next",
  "cjson.null",
  "0",
  "-0",
  "1",
  "-1",
  "2.5",
  "-3.5",
  "1e14",
  "1e15",
  "123456789012345",
  "2^31",
  "2^32",
  "2^53",
  "2^63",
  "-2^63",
  "2^64",
  "1e300",
  "1e-300",
  "1/0",
  "-1/0",
  "0/0",
  "'12'",
  "' 0x10 '",
  "'abc'",
  "''",
  "'a\\0b'",
];

function withOddValues(...calls: string[]): string[] {
  return calls.flatMap((call) =>
    ODD_VALUES.filter((value) => value !== "" || /\(\{?\$\}?\)/.test(call))
      .map((value) => `return ${call.replace("$", value)}`)
  );
}

const CJSON_TEXTS = [
  "",
  " ",
  "null",
  "nul",
  "true",
  "tru",
  "false",
  "[]",
  "{}",
  "[ ]",
  "{ }",
  "[1,2]",
  "[1 , 2 ]",
  "[1,]",
  "[,1]",
  "[1 2]",
  "[1",
  "[",
  "]",
  "}",
  "{",
  '{"a"',
  '{"a":',
  '{"a":1',
  '{"a":1,',
  '{"a":1,}',
  '{"a" 1}',
  "{a:1}",
  "{1:1}",
  '{"a":1}',
  '{"a":{"b":[1,{"c":null}]}}',
  '{"a":1,"a":2}',
  '{"":1}',
  '{"1":1,"2":2}',
  "[[]]",
  "[{}]",
  "[null,null]",
  "[1]]",
  "[1] x",
  "[1] 1",
  "x",
  ",",
  ":",
  '"',
  '"a',
  '"a"',
  '"\\"',
  '"\\n\\t\\b\\f\\r\\/\\\\\\""',
  '"\\x"',
  '"\\u"',
  '"\\u12"',
  '"\\u0041"',
  '"\\u00e9"',
  '"\\u20ac"',
  '"\\ud83d\\ude00"',
  '"\\ud83d"',
  '"\\ud83dx"',
  '"\\ud83d\\n"',
  '"\\ude00"',
  '"\\ud83d\\ud83d"',
  '"\\u0000"',
  '"\\uABCD\\uabcd"',
  '"\\uABCG"',
  '"a\tb"',
  '"\u00e9"',
  "0",
  "-0",
  "00",
  "01",
  "-01",
  "1.",
  "1.5",
  "-1.5",
  ".5",
  "-.5",
  "-",
  "+1",
  "+",
  "1e5",
  "1E5",
  "1e+5",
  "1e-5",
  "1e",
  "1e+",
  "1.5e3",
  "1e400",
  "-1e400",
  "1e-400",
  "0x10",
  "0X1F",
  "0x",
  "0x1.8p3",
  "0x.8",
  "-0x10",
  "0x1p",
  "0xg",
  "0x1fffffffffffff8",
  "inf",
  "-inf",
  "+inf",
  "Infinity",
  "-infinity",
  "infinit",
  "INF",
  "nan",
  "NaN",
  "-nan",
  "nan(1)",
  "nan(",
  "i",
  "n",
  "N",
  "t",
  "f",
  "123456789012345",
  "1234567890123456",
  "12345678901234567890",
  "0.1",
  "0.12345678901234567890",
  "123456.789012345",
  "3.141592653589793238462643",
  "1.7976931348623157e308",
  "5e-324",
  "2.2250738585072011e-308",
  "9007199254740993",
  "0.000001",
  "1e22",
  "1e23",
  "[1.5,2.25]",
  "1a",
  "1.a",
  "1-",
  "[1-2]",
  "[1e5]",
  "[true,false,null]",
  "[true false]",
  "truex",
  "[nullx]",
  "/*x*/1",
  "1 //x",
  "'a'",
  "\ufeff1",
  "[1,2,3,4,5,6,7,8,9,10,11,12]",
  '{"k":"v","l":["w",{"m":1.5}],"n":null,"o":true}',
  `[${"1,".repeat(200)}1]`,
  `"${"x".repeat(500)}"`,
  `"${"x\\n".repeat(300)}"`,
  "1".repeat(400),
  `0.${"3".repeat(400)}`,
  `1${"0".repeat(80)}e-80`,
  `${"[".repeat(1000)}${"]".repeat(1000)}`,
  `${"[".repeat(1001)}${"]".repeat(1001)}`,
  "[".repeat(1000),
  `${'{"a":'.repeat(1000)}1${"}".repeat(1000)}`,
  `${'{"a":'.repeat(1001)}1${"}".repeat(1001)}`,
];

/** A Lua literal of these bytes, given as one-byte characters or UTF-8. */
function literal(text: string): string {
  let digits = "";
  for (const byte of new TextEncoder().encode(text)) {
    digits += byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c
      ? String.fromCharCode(byte)
      : `\\${String(byte).padStart(3, "0")}`;
  }
  return `"${digits}"`;
}

const CJSON_CASES = [
  ...withOddValues(
    "cjson.encode($)",
    "cjson.encode({$})",
    "cjson.decode($)",
    "cjson.encode_max_depth($)",
    "cjson.decode_max_depth($)",
    "cjson.encode_number_precision($)",
    "cjson.encode_keep_buffer($)",
    "cjson.encode_invalid_numbers($)",
    "cjson.decode_invalid_numbers($)",
    "cjson.encode_sparse_array($)",
  ).map(inInstance),
  ...CJSON_TEXTS.map((text) => `return cjson.decode(${literal(text)})`),
  ...CJSON_TEXTS.filter((text) => text.length < 40)
    .map((text) =>
      inInstance(`cjson.decode_invalid_numbers(false) return cjson.decode(${literal(text)})`)
    ),
  ...CJSON_TEXTS.filter((text) => text.length < 40).map((text) =>
    `return cjson.encode(cjson.decode(${literal(text)}))`
  ),
  "return cjson._NAME, cjson._VERSION, type(cjson.null)",
  "local keys = {} for key in pairs(cjson) do keys[#keys + 1] = key end table.sort(keys) return table.concat(keys, ' ')",
  "local keys = {} for key in pairs(cjson.new()) do keys[#keys + 1] = key end table.sort(keys) return table.concat(keys, ' ')",
  "return cjson.encode(), 1",
  "return cjson.encode(1, 2)",
  "return cjson.decode()",
  "return cjson.decode('1', 2)",
  "return pcall(cjson.encode)",
  "local f = cjson.encode return f()",
  "return cjson:encode()",
  "return cjson.encode_max_depth(1, 2)",
  "return cjson.decode_max_depth(1, 2)",
  "return cjson.encode_sparse_array(true, 1, 2, 3)",
  "return cjson.encode_keep_buffer(true, true)",
  "return cjson.decode('1\\0garbage')",
  "return cjson.decode('12\\0garbage')",
  "return cjson.decode('\\0')",
  "return cjson.decode('\\0\\0')",
  "return cjson.decode('[1\\0]')",
  "return cjson.decode('\"a\\0b\"')",
  "return cjson.decode('\"a\\\\\\0b\"')",
  "return cjson.decode(12)",
  "return cjson.decode(1e15)",
  "return cjson.encode({1, 2, nil, 4})",
  "return cjson.encode({nil, nil, 3})",
  "return cjson.encode({[1] = 1, [11] = 2})",
  "return cjson.encode({[1] = 1, [10] = 2})",
  "return cjson.encode({[20] = 1})",
  "return cjson.encode({[0] = 1})",
  "return cjson.encode({[-1] = 1})",
  "return cjson.encode({[1.5] = 1})",
  "return cjson.encode({1, 2, a = 3})",
  "return cjson.encode({[2^31] = 1})",
  "return cjson.encode({[2^31 - 1] = 1})",
  "return cjson.encode({[2^40] = 1, 2})",
  "return cjson.encode({[1/0] = 1})",
  "return cjson.encode({[1e15] = 1})",
  "return cjson.encode({[true] = 1})",
  "return cjson.encode({[{}] = 1})",
  "return cjson.encode({a = next})",
  "return cjson.encode({a = coroutine and coroutine.create(function() end)})",
  "return cjson.encode({a = {b = {c = {}}}})",
  "return cjson.encode({{}, {{}}, {{{}}}})",
  "return cjson.encode({x = 'y', ['1'] = 1, [2] = 2, [3.5] = 4})",
  "return cjson.encode(setmetatable({}, {__index = {1, 2}}))",
  "local t = {} t.t = t return cjson.encode(t)",
  "local t = {} t[1] = t return cjson.encode(t)",
  "local t = {} for i = 1, 999 do t = {t} end return cjson.encode(t)",
  "local t = {} for i = 1, 1000 do t = {t} end return cjson.encode(t)",
  "local t = {} for i = 1, 1000 do t = {a = t} end return cjson.encode(t)",
  "local t = {} for i = 1, 500 do t[i] = i * 1.5 end return cjson.encode(t)",
  "local t = {} for i = 0, 255 do t[#t + 1] = string.char(i) end return cjson.encode(table.concat(t))",
  "local t = {} for i = 0, 255 do t[#t + 1] = string.char(i) end return cjson.decode(cjson.encode(table.concat(t)))",
  "return cjson.encode({['a\"b\\n'] = 1})",
  "return cjson.encode(cjson.null), cjson.encode({cjson.null, cjson.null}), cjson.encode({a = cjson.null})",
  "return cjson.decode('null') == cjson.null, cjson.decode('[null]')[1] == cjson.null",
  ...[
    "0.1",
    "1/3",
    "-1/3",
    "2/3",
    "100",
    "1e13",
    "1e14",
    "-1e14",
    "99999999999999",
    "999999999999999",
    "123456.789",
    "1e-4",
    "1e-5",
    "9.9e-5",
    "12345678901234.5",
    "1234567890123.5",
    "0.5",
    "1.5",
    "2.5",
    "1e21",
    "1e100",
    "5e-324",
    "1.7976931348623157e308",
    "2^53",
    "2^53 + 1",
    "0.1 + 0.2",
    "1e14 + 0.5",
    "3.0000000000000004",
    "1.00000000000005",
    "1.000000000000005",
    "0.00012345678901234567",
  ].flatMap((number) => [
    `return cjson.encode(${number})`,
    ...[1, 3, 13].map((digits) =>
      inInstance(
        `cjson.encode_number_precision(${digits}) return cjson.encode({${number}, -(${number})})`,
      )
    ),
  ]),
  inInstance("cjson.encode_number_precision(2) return cjson.encode({[123] = 456, a = 0.5})"),
  inInstance(
    "cjson.encode_max_depth(1) return cjson.encode({}), cjson.encode({1}), cjson.encode({{}})",
  ),
  inInstance("cjson.encode_max_depth(2) return cjson.encode({a = {}}), cjson.encode({{{}}})"),
  inInstance(
    "cjson.decode_max_depth(1) return cjson.decode('[]'), cjson.decode('{}'), cjson.decode('[[]]')",
  ),
  inInstance("cjson.decode_max_depth(1) return cjson.decode('{\"a\":[]}')"),
  inInstance(
    "cjson.decode_max_depth(2^31 - 1) return #cjson.decode(string.rep('[', 3000) .. string.rep(']', 3000))",
  ),
  inInstance("cjson.decode_max_depth(2^31 - 1) return cjson.decode(string.rep('[', 9000))"),
  inInstance("cjson.decode_max_depth(2^31 - 1) return cjson.decode(string.rep('{\"a\":', 9000))"),
  inInstance("cjson.encode_max_depth(2^31 - 1) local t = {} t.t = t return cjson.encode(t)"),
  inInstance("cjson.encode_max_depth(2^31 - 1) local t = {} t[1] = t return cjson.encode(t)"),
  inInstance(
    "cjson.encode_sparse_array(true) return cjson.encode({[20] = 1}), cjson.encode({[1000000] = 1, 2, 3})",
  ),
  inInstance("cjson.encode_sparse_array(false, 0) return #cjson.encode({[1000] = 1})"),
  inInstance(
    "cjson.encode_sparse_array(false, 1, 0) return cjson.encode({1, 2}), cjson.encode({1, nil, 3})",
  ),
  inInstance(
    "cjson.encode_sparse_array(true, 1, 0) return cjson.encode({1, 2}), cjson.encode({1, nil, 3})",
  ),
  inInstance(
    "cjson.encode_sparse_array(false, 3, 5) return cjson.encode({[6] = 1, 2}), cjson.encode({[7] = 1, 2})",
  ),
  inInstance("return cjson.encode_sparse_array('on', 3, 4)"),
  inInstance("return cjson.encode_sparse_array(nil, -1)"),
  inInstance("return cjson.encode_sparse_array(nil, nil, 'x')"),
  inInstance("return cjson.encode_sparse_array({})"),
  inInstance("return cjson.encode_invalid_numbers('null'), cjson.encode({1/0, -1/0, 0/0, 1})"),
  inInstance("return cjson.encode_invalid_numbers(true), cjson.encode({1/0, -1/0, 0/0, 1})"),
  inInstance("return cjson.encode_invalid_numbers('on'), cjson.encode_invalid_numbers('off')"),
  inInstance(
    "return cjson.encode_invalid_numbers('null'), cjson.encode_invalid_numbers(), cjson.encode({[1/0] = 1})",
  ),
  inInstance(
    "return cjson.encode_keep_buffer('off'), cjson.encode_keep_buffer(), cjson.encode({1})",
  ),
  "local other = cjson.new() other.encode_max_depth(3) return other.encode_max_depth(), cjson.new().encode_max_depth()",
  "local other = cjson.new() other.decode_max_depth(1) return pcall(other.decode, '[[]]')",
];

/** In a fresh instance, since settings of the common one would last. */
function inInstance(body: string): string {
  return `local cjson = cjson.new() ${body}`;
}

/** A Lua literal of the bytes that these hexadecimal digits name. */
function hex(digits: string): string {
  return `"${
    digits.replace(/ /g, "").replace(/../g, (byte) =>
      `\\${String(parseInt(byte, 16)).padStart(3, "0")}`)
  }"`;
}

const CMSGPACK_CASES = [
  ...withOddValues(
    "cmsgpack.pack($)",
    "cmsgpack.pack({$})",
    "cmsgpack.unpack($)",
    "cmsgpack.unpack_one($)",
    "cmsgpack.unpack_limit($)",
    "cmsgpack.unpack_one('\\1\\2\\3', $)",
    "cmsgpack.unpack_limit('\\1\\2\\3', $)",
    "cmsgpack.unpack_limit('\\1\\2\\3', 2, $)",
  ).filter((body) => !/pack\(\{?0\/0/.test(body)), // The sign of NaN is not ours to choose.
  ...[
    "127",
    "128",
    "255",
    "256",
    "65535",
    "65536",
    "2^32 - 1",
    "2^32",
    "2^53 + 2",
    "2^62",
    "2^63 - 1024",
    "-32",
    "-33",
    "-128",
    "-129",
    "-32768",
    "-32769",
    "-2^31",
    "-2^31 - 1",
    "-2^32",
    "-2^62",
    "-2^63",
    "0.1",
    "0.5",
    "-0.25",
    "1e10",
    "1e20",
    "3.4e38",
    "3.5e38",
    "1/0",
    "-1/0",
  ].flatMap((
    number,
  ) => [`return cmsgpack.pack(${number})`, `return cmsgpack.unpack(cmsgpack.pack(${number}))`]),
  ...[0, 1, 31, 32, 255, 256, 65535, 65536].flatMap((length) => [
    `local s = cmsgpack.pack(string.rep('x', ${length})) return #s, s:sub(1, 8)`,
    `return #cmsgpack.unpack(cmsgpack.pack(string.rep('x', ${length})))`,
    `local t = {} for i = 1, ${length} do t[i] = i end local s = cmsgpack.pack(t) return #s, s:sub(1, 8), #cmsgpack.unpack(s)`,
    `local t = {} for i = 1, ${length} do t['k' .. i] = i end local s = cmsgpack.pack(t) return #s, s:sub(1, 3)`,
  ]),
  "return cmsgpack.pack({a = 1})",
  "return cmsgpack.pack({[1] = 1, [3] = 3})",
  "return cmsgpack.pack({[0] = 1})",
  "return cmsgpack.pack({[2] = 1})",
  "return cmsgpack.pack({[1.5] = 1})",
  "return cmsgpack.pack({[2^40] = 1})",
  "return cmsgpack.pack({1, 2, a = 3})",
  "return cmsgpack.pack({[true] = false})",
  "return cmsgpack.pack({[{1}] = {2}})",
  "return cmsgpack.pack({1, next, {next}})",
  "return cmsgpack.pack(1, 'two', {3}, nil, false)",
  "return cmsgpack.pack(nil, nil)",
  "return cmsgpack.pack(unpack({}, 1, 3000)) == string.rep('\\192', 3000)",
  "local t = {} t.t = t return cmsgpack.pack(t)",
  "local t = {} t[1] = t return cmsgpack.pack(t)",
  "local t = {} for i = 1, 20 do t = {t} end return cmsgpack.unpack(cmsgpack.pack(t))",
  "return cmsgpack.unpack(cmsgpack.pack({1, {a = {2, {b = 'x'}}}, 'y'}))",
  "return cmsgpack.unpack(cmsgpack.pack(1, 2, 3))",
  "return cmsgpack.unpack_one(cmsgpack.pack(1, 2, 3))",
  "return cmsgpack.unpack_one(cmsgpack.pack(1, 2, 3), 2)",
  "return cmsgpack.unpack_limit(cmsgpack.pack(1, 2, 3), 2)",
  "return cmsgpack.unpack_limit(cmsgpack.pack(1, 2, 3), 2, 1)",
  "return cmsgpack.unpack_limit(cmsgpack.pack(1, 2, 3), 0)",
  "return cmsgpack.unpack_limit(cmsgpack.pack(1, 2, 3), 0, 1)",
  "return cmsgpack.unpack_limit(cmsgpack.pack(1, 2, 3), 9)",
  "return cmsgpack.unpack_limit('\\1')",
  "return cmsgpack.unpack_one('\\1', 2)",
  "return cmsgpack.unpack_one('\\1', -1)",
  "return cmsgpack.unpack_one('\\1', '0')",
  "return cmsgpack.unpack_one('', 0)",
  "return cmsgpack.unpack_one('\\1\\2', 2)",
  "return cmsgpack.unpack_one('\\1\\2', 1, 5, 6)",
  "return cmsgpack.unpack('\\1', 5)",
  ...[
    "c0",
    "c2",
    "c3",
    "cc",
    "cc80",
    "cd01",
    "cd0102",
    "ce010203",
    "ce01020304",
    "ceffffffff",
    "cf0102030405060708",
    "cfffffffffffffffff",
    "cf8000000000000000",
    "cf01",
    "d080",
    "d07f",
    "d18000",
    "d17fff",
    "d1ff",
    "d280000000",
    "d2ffffffff",
    "d38000000000000000",
    "d3ffffffffffffffff",
    "d37fffffffffffffff",
    "d3",
    "ca3fc00000",
    "ca7f800000",
    "ca7fc00000",
    "ca3f",
    "cb3ff8000000000000",
    "cb7ff0000000000000",
    "cb7ff8000000000000",
    "cb3f",
    "a0",
    "a161",
    "a16162",
    "a2 61",
    "bf",
    "d900",
    "d90161",
    "d902 61",
    "d9",
    "da000161",
    "da0002 61",
    "da00",
    "db0000000161",
    "db00000002 61",
    "db000000",
    "dbffffffff61",
    "90",
    "91",
    "9101",
    "9201",
    "920102",
    "9201 c1",
    "9f",
    "dc0000",
    "dc000101",
    "dc00",
    "dcffff",
    "dd0000000101",
    "ddffffffff",
    "ddffffffff 01",
    "80",
    "81",
    "8101",
    "810102",
    "81c001",
    "81a16101",
    "8201",
    "81cb7ff800000000000001",
    "8101c0",
    "82 01 c0 02 03",
    "9101 9102",
    "92c0 01",
    "93 01 c0 03",
    "de0000",
    "de000101",
    "de00010102",
    "de00",
    "df00000001 01 02",
    "dfffffffff",
    "c1",
    "c4",
    "c5",
    "c6",
    "c7",
    "c8",
    "c9",
    "d4",
    "d5",
    "d6",
    "d7",
    "d8",
    "01c1",
    "7f",
    "80 01",
    "e0",
    "ff",
    "01 02 03 cc",
    "8181010203",
    "81 9101 02",
    "8191 01 9102",
    "82 a161 a162 a163 80",
    "9090",
    "92 90 80",
    "82 0190 0280",
  ].flatMap((bytes) => [
    `return cmsgpack.unpack(${hex(bytes)})`,
    `return cmsgpack.unpack_one(${hex(bytes)})`,
    `return cmsgpack.unpack_limit(${hex(bytes)}, 1, 1)`,
  ]),
  "return select('#', cmsgpack.unpack(string.rep('\\1', 7000)))",
  "return cmsgpack.unpack(string.rep('\\1', 9000))",
  "return cmsgpack.unpack(string.rep('\\145', 3000) .. '\\1')",
  "return cmsgpack.unpack(string.rep('\\145', 9000))",
  "return cmsgpack.unpack(string.rep('\\129\\1', 9000))",
  "return cmsgpack.unpack(string.rep('\\129', 9000))",
  "return cmsgpack._NAME, cmsgpack._VERSION, cmsgpack._COPYRIGHT, cmsgpack._DESCRIPTION",
  "local keys = {} for key in pairs(cmsgpack) do keys[#keys + 1] = key end table.sort(keys) return table.concat(keys, ' ')",
  "return cmsgpack:pack()",
  "return cmsgpack.pack()",
  "return pcall(cmsgpack.pack)",
  "local f = cmsgpack.unpack return f({})",
];

const INTEGER_OPTIONS = [
  "b",
  "B",
  "h",
  "H",
  "l",
  "L",
  "T",
  "i",
  "I",
  "i1",
  "i2",
  "i3",
  "I3",
  "i4",
  "i5",
  "i7",
  "i8",
  "I8",
  "i9",
  "I12",
  "i16",
  "i32",
  "I0",
  "i0",
];

const STRUCT_CASES = [
  ...withOddValues(
    "struct.pack($)",
    "struct.pack('i', $)",
    "struct.pack('<l', $)",
    "struct.pack('>L', $)",
    "struct.pack('s', $)",
    "struct.pack('c2', $)",
    "struct.pack('d', $)",
    "struct.pack('f', $)",
    "struct.unpack($)",
    "struct.unpack('b', $)",
    "struct.unpack('b', 'abc', $)",
    "struct.unpack('', 'abc', $)",
    "struct.size($)",
  ).filter((body) => !/pack\('[df]', 0\/0/.test(body)),
  ...INTEGER_OPTIONS.flatMap((option) => [
    ...[
      "0",
      "1",
      "-1",
      "127",
      "200",
      "-129",
      "65535",
      "2^31",
      "-2^31",
      "2^33 + 5",
      "-2^33 - 5",
      "2^63",
      "2^64 - 2048",
      "1.9",
      "-1.9",
    ].flatMap((value) => [
      `return struct.pack('<${option}', ${value})`,
      `return struct.unpack('>${option}', struct.pack('>${option}', ${value}))`,
    ]),
    `return struct.unpack('<${option}', string.rep('\\200', 40))`,
    `return struct.unpack('>${option}', string.rep('\\127\\255', 20))`,
    `return struct.unpack('>${option}', '\\1')`,
    `return struct.size('${option}'), struct.size('!${option}x${option}'), struct.size('!4 x${option}')`,
    `return struct.pack('!x${option}', 1)`,
    `return struct.pack('!2 x${option}', 1)`,
  ]),
  ...["d", "f"].flatMap((option) =>
    ["0", "-0", "1.5", "-2.25", "0.1", "1e300", "-1e300", "1e-300", "1/0", "'3.5'"].flatMap((
      value,
    ) => [
      `return struct.pack('<${option}', ${value})`,
      `return struct.unpack('>${option}', struct.pack('>${option}', ${value}))`,
    ])
  ),
  "return struct.pack('')",
  "return struct.pack(' ')",
  "return struct.unpack('', '')",
  "return struct.size('')",
  "return struct.pack()",
  "return struct.unpack()",
  "return struct.unpack('i')",
  "return struct.size()",
  "return struct.pack('i')",
  "return struct.pack('iii', 1)",
  "return struct.pack('s')",
  "return struct.pack('d')",
  "return struct.pack('y', 1)",
  "return struct.pack('\\255', 1)",
  "return struct.pack('i\\0y', 1)",
  "return struct.unpack('y', 'abc')",
  "return struct.size('y')",
  "return struct.size('@')",
  "return struct.size('9')",
  "return struct.pack('9', 1)",
  "return struct.pack('!3i', 1)",
  "return struct.pack('!0i', 1)",
  "return struct.pack('!16xd', 1)",
  "return struct.pack('!1xd', 1)",
  "return struct.size('!128 x i32')",
  "return struct.size('!5')",
  "return struct.pack('i33', 1)",
  "return struct.size('i33')",
  "return struct.unpack('i33', '')",
  "return struct.pack('i2147483648', 1)",
  "return struct.size('c2147483647')",
  "return struct.size('c2147483648')",
  "return struct.size('c99999999999999999999')",
  "return struct.size('c2147483647c2147483647')",
  "return struct.unpack('c2147483647', 'abc')",
  "return struct.pack('c2147483647', 'abc')",
  "return struct.pack('c0', 'abc')",
  "return struct.pack('c', 'abc')",
  "return struct.pack('c3', 'abc')",
  "return struct.pack('c4', 'abc')",
  "return struct.pack('bc4', 1, 'abc')",
  "return struct.pack('s', 'abc')",
  "return struct.pack('s', 'a\\0c')",
  "return struct.pack('ss', 'a', 'b')",
  "return struct.pack('c2', 12345)",
  "return struct.pack('s', 1.5)",
  "return struct.size('s')",
  "return struct.size('c0')",
  "return struct.size('c')",
  "return struct.size('c5')",
  "return struct.size('bhilTfdx')",
  "return struct.size('!bhilTfdx')",
  "return struct.unpack('s', 'abc')",
  "return struct.unpack('s', 'abc\\0def')",
  "return struct.unpack('ss', 'abc\\0def\\0')",
  "return struct.unpack('ss', 'abc\\0def')",
  "return struct.unpack('s', '')",
  "return struct.unpack('c0', 'abc')",
  "return struct.unpack('bc0', '\\2abc')",
  "return struct.unpack('bc0', '\\4abc')",
  "return struct.unpack('bc0', '\\255abc')",
  "return struct.unpack('bc0', '\\0abc')",
  "return struct.unpack('c1c0', '2abc')",
  "return struct.unpack('c1c0', 'xabc')",
  "return struct.unpack('bxc0', '\\2abc')",
  "return struct.unpack('dc0', struct.pack('dc0', 1.5, 'ab'))",
  "return struct.unpack('dc0', struct.pack('dc0', -0.5, 'ab'))",
  "return struct.unpack('c', 'abc')",
  "return struct.unpack('c2', 'abc')",
  "return struct.unpack('c4', 'abc')",
  "return struct.unpack('x', 'abc')",
  "return struct.unpack('xxxx', 'abc')",
  "return struct.unpack('>h', 'abc', 2)",
  "return struct.unpack('>h', 'abc', 3)",
  "return struct.unpack('b', 'abc', 4)",
  "return struct.unpack('', 'abc', 4)",
  "return struct.unpack('<', 'abc', 5)",
  "return struct.unpack('b', 123)",
  "return struct.unpack('!4 b i', '\\1\\0\\0\\0\\2\\0\\0\\0')",
  "return struct.unpack('!8 b d', struct.pack('!8 b d', 1, 2.5))",
  "return struct.unpack('!4 b i', '\\1\\0\\0\\0\\2\\0\\0\\0', 2)",
  "return struct.unpack('>I2>s4', 'abcd\\0ef')",
  "return struct.pack('>I2 <I2 >I2', 1, 2, 3)",
  "return struct.pack('bbbb', 1, 2, 3, 4, 5)",
  "return select('#', struct.unpack(string.rep('b', 5000), string.rep('a', 5000)))",
  "return struct.unpack(string.rep('b', 9000), string.rep('a', 9000))",
  "return #struct.pack(string.rep('d', 200), unpack((function() local t = {} for i = 1, 200 do t[i] = i end return t end)()))",
  "return #struct.pack('s', string.rep('x', 100000))",
  "return #struct.unpack('s', string.rep('x', 100000) .. '\\0')",
  "return struct:pack('i')",
  "return pcall(struct.pack)",
  "return pcall(struct.pack, {})",
  "local keys = {} for key in pairs(struct) do keys[#keys + 1] = key end table.sort(keys) return table.concat(keys, ' ')",
];

const BIT_CASES = [
  ...withOddValues(
    "bit.tobit($)",
    "bit.bnot($)",
    "bit.bswap($)",
    "bit.tohex($)",
    "bit.band($)",
    "bit.band(255, $)",
    "bit.bor(1, $, 2)",
    "bit.bxor($, 3)",
    "bit.lshift(5, $)",
    "bit.lshift($, 3)",
    "bit.rshift($, 3)",
    "bit.arshift($, 3)",
    "bit.rol($, 3)",
    "bit.ror($, 3)",
    "bit.rol(-5, $)",
    "bit.ror(12345, $)",
    "bit.tohex(-123456, $)",
  ),
  ...[
    "0.5",
    "1.5",
    "2.5",
    "-0.5",
    "-1.5",
    "2^31 - 0.5",
    "2^32 - 0.5",
    "2^51 - 1",
    "2^51",
    "2^51 + 1",
    "2^52",
    "-2^51",
    "-2^51 - 1",
    "-2^52",
    "2^54 + 4",
    "1e18",
    "-1e18",
    "0xffffffff",
    "0x87654321",
  ]
    .flatMap((
      value,
    ) => [
      `return bit.tobit(${value})`,
      `return bit.tohex(${value}), bit.bnot(${value}), bit.bswap(${value})`,
    ]),
  ...[-9, -8, -4, -1, 0, 1, 4, 7, 8, 9, 100, 2147483648].map((count) =>
    `return bit.tohex(0x87654321, ${count})`
  ),
  ...[0, 1, 31, 32, 33, -1].flatMap((count) =>
    ["lshift", "rshift", "arshift", "rol", "ror"].map((name) =>
      `return bit.${name}(0x87654321, ${count})`
    )
  ),
  "return bit.band(1, 2, 'x', {})",
  "return bit.band({}, 'x')",
  "return bit.band(15, 7, 3)",
  "return bit.bor(1, 2, 4, 8)",
  "return bit.bxor(1, 3, 7)",
  "return bit.lshift(1)",
  "return bit.tohex()",
  "return bit.tohex(1, nil)",
  "return bit.tobit('0'), bit.tobit('0x10')",
  "return bit:tobit()",
  "return pcall(bit.tobit)",
  "local keys = {} for key in pairs(bit) do keys[#keys + 1] = key end table.sort(keys) return table.concat(keys, ' ')",
];

/** By library. */
export const CASES: Readonly<Record<string, readonly string[]>> = {
  cjson: CJSON_CASES,
  cmsgpack: CMSGPACK_CASES,
  struct: STRUCT_CASES,
  bit: BIT_CASES,
};

/** So many bodies that give random values and broken texts to cjson and cmsgpack. */
export function randomCases(count: number, random: (below: number) => number): string[] {
  const value = (depth: number): string => {
    switch (random(depth > 4 ? 5 : 8)) {
      case 0:
        return String(random(2000) - 1000);
      case 1:
        return String((random(2 ** 30) - 2 ** 29) / (1 + random(5000)));
      case 2:
        return ["true", "false", "cjson.null"][random(3)];
      case 3:
        return literal(
          String.fromCharCode(...Array.from({ length: random(12) }, () => random(300))),
        );
      case 4:
        return String(Math.round(2 ** random(70)) * (random(2) * 2 - 1));
      case 5:
        return `{${Array.from({ length: random(6) }, () => value(depth + 1)).join(",")}}`;
      default: {
        const member = () => `[${literal(`k${random(100)}`)}]=${value(depth + 1)}`;
        return `{${Array.from({ length: random(6) }, member).join(",")}}`;
      }
    }
  };
  const json = (depth: number): string => {
    const broken = random(60) === 0 ? ["", ",", "]", "x", "1", '"', "\\", " "][random(8)] : "";
    switch (random(depth > 4 ? 4 : 6)) {
      case 0:
        return broken + String((random(2 ** 30) - 2 ** 29) / [1, 1, 10, 1000, 7][random(5)]);
      case 1:
        return broken + ["true", "false", "null", " null "][random(4)];
      case 2:
        return JSON.stringify(
          String.fromCharCode(...Array.from({ length: random(9) }, () => random(99))),
        ) + broken;
      case 3:
        return `${random(1000)}e${random(40) - 20}`;
      case 4:
        return `[${Array.from({ length: random(6) }, () => json(depth + 1)).join(",")}${broken}]`;
      default:
        return `{${
          Array.from({ length: random(6) }, () => `"m${random(50)}":${json(depth + 1)}`).join(", ")
        }${broken}}`;
    }
  };
  return Array.from({ length: count }, (_, index) => {
    switch (index % 4) {
      case 0:
        return `return cjson.encode(${value(0)})`;
      case 1:
        return `return cjson.decode(${literal(json(0))})`;
      case 2:
        return `local packed = cmsgpack.pack(${value(0)}, ${
          value(0)
        }) return packed, cmsgpack.unpack(packed)`;
      default: {
        const bytes = Array.from(
          { length: 1 + random(12) },
          () => random(random(2) === 0 ? 256 : 0xa8),
        );
        return `return cmsgpack.unpack(${
          hex(bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(""))
        })`;
      }
    }
  });
}
