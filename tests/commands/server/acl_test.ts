import { assert, assertEquals, assertMatch } from "@std/assert";
import { ACL_CATEGORIES } from "../../../commands/facts.ts";
import { hasKeys } from "../../../commands/key_finder.ts";
import { ReplyError } from "../../../server/resp/errors.ts";
import { startTestServer, type TestServer, type Value } from "../../support/harness.ts";

/** {@link assertEquals} for replies, of whose errors only the text counts. */
function assertReplies(actual: unknown, expected: unknown, message?: string): void {
  assertEquals(plain(actual), plain(expected), message);
}

function plain(value: unknown): unknown {
  if (value instanceof ReplyError) return `-${value.message}`;
  return Array.isArray(value) ? value.map(plain) : value;
}

function fields(reply: Value): Record<string, Value> {
  assert(Array.isArray(reply));
  const found: Record<string, Value> = {};
  for (let i = 0; i < reply.length; i += 2) found[String(reply[i])] = reply[i + 1];
  return found;
}

/** A field of ACL GETUSER. */
async function rules(t: TestServer, user: string, field = "commands"): Promise<Value> {
  return fields(await t.run("ACL", "GETUSER", user))[field];
}

/** What ACL SETUSER refuses of a rule, without the words that lead to it. */
async function refusal(t: TestServer, ...given: string[]): Promise<string> {
  const reply = await t.run("ACL", "SETUSER", "refused", ...given);
  assert(reply instanceof ReplyError, `${given} was accepted`);
  return reply.message.replace(/^ERR Error in ACL SETUSER modifier '.*': /s, "");
}

const SECRET = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

Deno.test("ACL SETUSER makes users who may do nothing", async () => {
  await using t = await startTestServer();
  assertReplies(await t.line("ACL SETUSER zoe"), "OK");
  assertReplies(await t.line("ACL SETUSER Zoe"), "OK");
  assertReplies(await t.line("ACL USERS"), ["Zoe", "default", "zoe"]);
  assertReplies(await t.line("ACL LIST"), [
    "user Zoe off sanitize-payload resetchannels -@all",
    "user default on nopass sanitize-payload ~* &* +@all",
    "user zoe off sanitize-payload resetchannels -@all",
  ]);
  assertReplies(fields(await t.line("ACL GETUSER zoe")), {
    flags: ["off", "sanitize-payload"],
    passwords: [],
    commands: "-@all",
    keys: "",
    channels: "",
    selectors: [],
  });
  assertReplies(await t.line("ACL GETUSER nobody"), null);
  assertReplies(await t.line("ACL WHOAMI"), "default");
});

Deno.test("ACL SETUSER keeps names and rules byte by byte", async () => {
  await using t = await startTestServer();
  const name = new Uint8Array([0xff, 0xc3, 0xa9]);
  await t.run("ACL", "SETUSER", name, new Uint8Array([0x7e, 0x80, 0x2a]));
  assertReplies((await t.line("ACL USERS") as Value[]).at(-1), "\xff\xc3\xa9");
  assertReplies(fields(await t.run("ACL", "GETUSER", name)).keys, "~\x80*");
  assertReplies(
    await t.run("ACL", "SETUSER", "a b"),
    new ReplyError("ERR Usernames can't contain spaces or null characters"),
  );
  assertReplies(
    await t.run("ACL", "SETUSER", "a\0b"),
    new ReplyError("ERR Usernames can't contain spaces or null characters"),
  );
});

Deno.test("ACL SETUSER keeps passwords as SHA-256", async () => {
  await using t = await startTestServer();
  await t.run("ACL", "SETUSER", "u", "on", ">secret", ">secret", `#${"0".repeat(64)}`);
  assertReplies(await rules(t, "u", "passwords"), [SECRET, "0".repeat(64)]);
  assertReplies(await t.line("AUTH u secret"), "OK");
  assertReplies(await t.line("AUTH default x"), "OK");
  await t.run("ACL", "SETUSER", "u", `!${"0".repeat(64)}`, "<secret");
  assertReplies(await rules(t, "u", "passwords"), []);
  await t.run("ACL", "SETUSER", "u", "nopass", ">p\xe9");
  assertReplies(await rules(t, "u", "flags"), ["on", "sanitize-payload"]);
  assertReplies(await t.run("AUTH", "u", "p\xe9"), "OK");
  await t.line("AUTH default x");
  assertReplies(
    await refusal(t, "<unknown"),
    "The password you are trying to remove from the user does not exist",
  );
  const badHash =
    "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters";
  assertReplies(await refusal(t, "#abc"), badHash);
  assertReplies(await refusal(t, `#${"A".repeat(64)}`), badHash);
  assertReplies(await refusal(t, `!${"g".repeat(64)}`), badHash);
});

Deno.test("ACL SETUSER takes all rules or none", async () => {
  await using t = await startTestServer();
  await t.line("ACL SETUSER u +get ~a");
  assert(await t.line("ACL SETUSER u on nopass +set ~b nonsense") instanceof ReplyError);
  assertReplies(
    (await t.line("ACL LIST") as Value[]).at(-1),
    "user u off sanitize-payload ~a resetchannels -@all +get",
  );
});

Deno.test("ACL SETUSER says what is wrong with a rule", async () => {
  await using t = await startTestServer();
  for (
    const rule of ["nonsense", "%~x", "%X~x", "%", "%RR~x", "~a b", "&a\tb", " () ", ")", "+get|"]
  ) {
    assertReplies(await refusal(t, rule), "Syntax error", rule);
  }
  const unknown = "Unknown command or category name in ACL";
  for (
    const rule of ["+nosuch", "-nosuch", "+@nosuch", "+config|nosuch", "-select|0", "+get|a|b", "+"]
  ) {
    assertReplies(await refusal(t, rule), unknown, rule);
  }
  assertReplies(
    await refusal(t, "+config|get|x"),
    "Allowing first-arg of a subcommand is not supported",
  );
  assertMatch(
    await refusal(t, "~*", "~a"),
    /^Adding a pattern .*'allkeys'.*'resetkeys'.*patterns$/,
  );
  assertMatch(await refusal(t, "&*", "&a"), /'allchannels'.*'resetchannels'.*channels$/);
  assertReplies(await refusal(t, "(on)"), "Syntax error");
  assertReplies(await refusal(t, '("")'), "Syntax error");
  assertReplies(
    await t.line("ACL SETUSER u ( +get"),
    new ReplyError("ERR Unmatched parenthesis in acl selector starting at '('."),
  );
});

Deno.test("ACL SETUSER keeps rules about commands in the order in which they hold", async () => {
  await using t = await startTestServer();
  const cases: [given: string, told: string][] = [
    ["+@all -@hash -@slow +hget", "+@all -@hash -@slow +hget"],
    ["-@hash", "+@all -@slow +hget -@hash"],
    ["+@HASH", "+@all -@slow +hget +@hash"],
    ["nocommands", "-@all"],
    ["-@string -@slow allcommands", "+@all"],
    ["-@all +HGET +hget", "-@all +hget"],
    ["-@all +client|list +config|get +config +acl|list -acl", "-@all +client|list +config -acl"],
    ["-@all +select|0 +SELECT|0 +debug|segfault +debug", "-@all +select|0 +debug"],
    ["-@all +config +config|get -config|set +config", "-@all +config"],
  ];
  for (const [given, told] of cases) {
    await t.line(`ACL SETUSER u ${given}`);
    assertReplies(await rules(t, "u"), told);
  }
});

Deno.test("ACL SETUSER joins key patterns that differ in access only", async () => {
  await using t = await startTestServer();
  await t.line("ACL SETUSER u %R~a %W~b %rw~c ~d %w~a %R~e");
  assertReplies(await rules(t, "u", "keys"), "~a %W~b ~c ~d %R~e");
  await t.line("ACL SETUSER u resetkeys &x &y &x");
  assertReplies(await rules(t, "u", "keys"), "");
  assertReplies(await rules(t, "u", "channels"), "&x &y");
  await t.line("ACL SETUSER u allkeys allchannels");
  assertReplies(
    (await t.line("ACL LIST") as Value[]).at(-1),
    "user u off sanitize-payload ~* &* -@all",
  );
});

Deno.test("ACL SETUSER adds selectors, which may come as several words", async () => {
  await using t = await startTestServer();
  await t.run("ACL", "SETUSER", "u", "(~a +get )", "(", "~b", "&c", "+set", ")", "()");
  const selectors = await rules(t, "u", "selectors") as Value[];
  assertReplies(selectors.map(fields), [
    { commands: "-@all +get", keys: "~a", channels: "" },
    { commands: "-@all +set", keys: "~b", channels: "&c" },
    { commands: "-@all", keys: "", channels: "" },
  ]);
  assertReplies(
    (await t.line("ACL LIST") as Value[]).at(-1),
    "user u off sanitize-payload resetchannels -@all (~a resetchannels -@all +get) " +
      "(~b resetchannels &c -@all +set) (resetchannels -@all)",
  );
  await t.line("ACL SETUSER u clearselectors");
  assertReplies(await rules(t, "u", "selectors"), []);
});

Deno.test("What ACL LIST says makes the same user again", async () => {
  await using t = await startTestServer();
  await t.run(
    ...["ACL", "SETUSER", "u", "on", ">secret", "skip-sanitize-payload", "%R~r*", "%W~w*", "~x"],
    ...["&news", "+@all", "-@dangerous", "+info", "-config|set", "(+@read ~*)", "(+select|0)"],
  );
  const line = String((await t.line("ACL LIST") as Value[]).at(-1));
  const [, , ...words] = line.split(" ");
  await t.run("ACL", "SETUSER", "v", ...words);
  assertReplies((await t.line("ACL LIST") as Value[]).at(-1), line.replace(" u ", " v "));
});

Deno.test("ACL SETUSER reset leaves what a new user has", async () => {
  await using t = await startTestServer({ "acl-pubsub-default": "allchannels" });
  await t.line("ACL SETUSER u on nopass +@all ~* resetchannels (+get) skip-sanitize-payload");
  await t.line("ACL SETUSER u reset");
  await t.line("ACL SETUSER v");
  const [, u, v] = await t.line("ACL LIST") as string[];
  assertReplies(u, "user u off sanitize-payload &* -@all");
  assertReplies(v, u.replace(" u ", " v "));
});

Deno.test("Every category alone is told as it was given", async () => {
  await using t = await startTestServer();
  assertReplies(await t.line("ACL CAT"), [...ACL_CATEGORIES]);
  for (const category of ACL_CATEGORIES) {
    await t.line(`ACL SETUSER u reset +@all -@${category}`);
    assertReplies(await rules(t, "u"), `+@all -@${category}`);
    await t.line(`ACL SETUSER u reset +@${category}`);
    assertReplies(await rules(t, "u"), `-@all +@${category}`);
  }
});

Deno.test("Users are allowed exactly the commands of a category that they are given", async () => {
  await using t = await startTestServer();
  for (const category of ACL_CATEGORIES) {
    const names = new Set(await t.line(`ACL CAT ${category}`) as string[]);
    assert(names.size > 0, category);
    await t.line(`ACL SETUSER u reset ~* &* +@${category}`);
    for (const { arity, originalName, parent, subcommands } of t.server.registry.commands) {
      if (subcommands !== undefined) continue;
      const args = originalName.split("|");
      while (args.length < Math.abs(arity)) args.push("1");
      const denial = await t.run("ACL", "DRYRUN", "u", ...args);
      const allowed = names.has(originalName) || names.has(parent?.originalName ?? "") ||
        ["auth", "hello", "quit", "reset"].includes(originalName);
      assertReplies(denial === "OK", allowed, `${category}: ${originalName}`);
    }
  }
});

Deno.test("Every command that names a key or channel is refused who may use none", async () => {
  await using t = await startTestServer();
  await t.line("ACL SETUSER u +@all");
  /** Requests whose keys stand behind a word. */
  const requests: Record<string, string> = {
    "xread": "xread streams k 0",
    "xreadgroup": "xreadgroup group g c streams k >",
  };
  let checked = 0;
  for (const { arity, originalName, spec } of t.server.registry.commands) {
    const names = hasKeys(spec) || spec.channels !== undefined;
    if (!names) continue;
    const args = (requests[originalName] ?? originalName.replace("|", " ")).split(" ");
    // Whatever counts keys finds one.
    while (args.length < Math.max(Math.abs(arity), 4)) args.push("1");
    const fitting = arity > 0 ? args.slice(0, arity) : args;
    assertMatch(
      String(await t.run("ACL", "DRYRUN", "u", ...fitting)),
      /^User u has no permissions to access the '\w+' (key|channel)$/,
      originalName,
    );
    checked++;
  }
  assert(checked > 200, `only ${checked} commands were checked`);
});

Deno.test("ACL CAT refuses what is no category", async () => {
  await using t = await startTestServer();
  assertReplies(await t.line("ACL CAT nosuch"), new ReplyError("ERR Unknown category 'nosuch'"));
  assertReplies(
    await t.line("ACL CAT a b"),
    new ReplyError(
      "ERR unknown subcommand or wrong number of arguments for 'CAT'. Try ACL HELP.",
    ),
  );
});

Deno.test("ACL GENPASS answers as many bits as wanted, others each time", async () => {
  await using t = await startTestServer();
  const first = await t.line("ACL GENPASS");
  assertMatch(String(first), /^[0-9a-f]{64}$/);
  assert(first !== await t.line("ACL GENPASS"));
  assertMatch(String(await t.line("ACL GENPASS 5")), /^[0-9a-f]{2}$/);
  assertMatch(String(await t.line("ACL GENPASS 4096")), /^[0-9a-f]{1024}$/);
  for (const bits of ["0", "-1", "4097"]) {
    assertReplies(
      await t.line(`ACL GENPASS ${bits}`),
      new ReplyError(
        "ERR ACL GENPASS argument must be the number of bits for the output password, a positive " +
          "number up to 4096",
      ),
    );
  }
});

Deno.test("ACL DRYRUN tells what a user may not do", async () => {
  await using t = await startTestServer();
  await t.line("ACL SETUSER u +@all -flushall %R~read* %W~write* ~rw* &news");
  const cases: [request: string, told: string][] = [
    ["GET read", "OK"],
    ["GET write", "User u has no permissions to access the 'write' key"],
    ["SET rw 1", "OK"],
    ["SET write 1", "OK"],
    ["SET write 1 GET", "User u has no permissions to access the 'write' key"],
    ["BITFIELD read GET u4 0", "OK"],
    ["BITFIELD read SET u4 0 1", "User u has no permissions to access the 'read' key"],
    ["COPY read write", "OK"],
    ["COPY write read", "User u has no permissions to access the 'write' key"],
    ["EXISTS read write rw", "OK"],
    ["EXISTS read other", "User u has no permissions to access the 'other' key"],
    ["EVAL x 1 rw1", "OK"],
    ["EVAL x 1 read", "User u has no permissions to access the 'read' key"],
    ["EVAL_RO x 1 read", "OK"],
    ["EVAL x 0 other", "OK"],
    ["EVAL x 3 other", "OK"],
    ["SORT read STORE write", "OK"],
    ["SORT read STORE read", "User u has no permissions to access the 'read' key"],
    ["XREADGROUP GROUP g c STREAMS rw rw > >", "OK"],
    ["XREAD STREAMS read other 0 0", "User u has no permissions to access the 'other' key"],
    ["GEORADIUS read 1 1 1 m STORE write", "OK"],
    ["GEORADIUS read 1 1 1 m STORE read2", "User u has no permissions to access the 'read2' key"],
    ["FLUSHALL", "User u has no permissions to run the 'flushall' command"],
    ["PUBLISH news x", "OK"],
    ["PUBLISH other x", "User u has no permissions to access the 'other' channel"],
    ["SPUBLISH other x", "User u has no permissions to access the 'other' channel"],
    ["SUBSCRIBE news other", "User u has no permissions to access the 'other' channel"],
    ["PSUBSCRIBE news", "OK"],
    ["PSUBSCRIBE new*", "User u has no permissions to access the 'new*' channel"],
    ["UNSUBSCRIBE other", "OK"],
  ];
  for (const [request, told] of cases) {
    assertReplies(await t.line(`ACL DRYRUN u ${request}`), told, request);
  }
  assertReplies(await t.line("ACL DRYRUN v GET x"), new ReplyError("ERR User 'v' not found"));
  for (const request of ["nosuch x", "config nosuch"]) {
    const [name] = request.split(" ");
    assertReplies(
      await t.line(`ACL DRYRUN u ${request}`),
      new ReplyError(`ERR Command '${name}' not found`),
    );
  }
  assertReplies(
    await t.line("ACL DRYRUN u GET"),
    new ReplyError("ERR wrong number of arguments for 'get' command"),
  );
});

Deno.test("ACL DELUSER deletes all users but the default one", async () => {
  await using t = await startTestServer();
  await t.line("ACL SETUSER a");
  await t.line("ACL SETUSER b");
  assertReplies(
    await t.line("ACL DELUSER a default"),
    new ReplyError("ERR The 'default' user cannot be removed"),
  );
  assertReplies(await t.line("ACL DELUSER a nobody b a"), 2);
  assertReplies(await t.line("ACL USERS"), ["default"]);
});

Deno.test("ACL HELP, LOAD and SAVE answer also where there is nothing to do", async () => {
  await using t = await startTestServer();
  assertReplies((await t.line("ACL HELP") as Value[]).at(-2), "HELP");
  for (const word of ["LOAD", "SAVE"]) {
    assertMatch(
      String(await t.line(`ACL ${word}`)),
      /ERR This Redis instance is not configured to use an ACL file\./,
    );
  }
});

Deno.test("No log shows what ACL SETUSER was given", async () => {
  await using t = await startTestServer({ "slowlog-log-slower-than": 0 });
  await t.line("ACL SETUSER u >secret +get");
  const [entry] = await t.line("SLOWLOG GET 1") as Value[][];
  assertReplies(entry[3], ["ACL", "SETUSER", "(redacted)", "(redacted)", "(redacted)"]);
});
