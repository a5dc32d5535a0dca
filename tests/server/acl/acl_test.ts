import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Config } from "../../../server/config/config.ts";
import { ConfigFileError } from "../../../server/config/errors.ts";
import { CoolCache } from "../../../server/coolcache.ts";
import { ReplyError } from "../../../server/resp/errors.ts";
import {
  startTestServer,
  type TestClient,
  type TestServer,
  type Value,
} from "../../support/harness.ts";

/** {@link assertEquals} for replies, of whose errors only the text counts. */
function assertReplies(actual: unknown, expected: unknown, message?: string): void {
  assertEquals(plain(actual), plain(expected), message);
}

function plain(value: unknown): unknown {
  if (value instanceof ReplyError) return `-${value.message}`;
  return Array.isArray(value) ? value.map(plain) : value;
}

const NO_KEY = new ReplyError("NOPERM No permissions to access a key");
const NO_CHANNEL = new ReplyError("NOPERM No permissions to access a channel");

function noCommand(user: string, command: string): ReplyError {
  return new ReplyError(`NOPERM User ${user} has no permissions to run the '${command}' command`);
}

/** A client that is a new user with these rules. */
async function clientOf(t: TestServer, user: string, ...rules: string[]): Promise<TestClient> {
  assertReplies(await t.run("ACL", "SETUSER", user, "on", "nopass", ...rules), "OK");
  const client = t.connect();
  assertReplies(await client.run("AUTH", user, "anything"), "OK");
  return client;
}

/** The latest entry of ACL LOG. */
async function lastEntry(t: TestServer): Promise<Record<string, Value>> {
  const [entry] = await t.line("ACL LOG 1") as Value[][];
  const fields: Record<string, Value> = {};
  for (let i = 0; i < entry.length; i += 2) fields[String(entry[i])] = entry[i + 1];
  return fields;
}

Deno.test("A client is refused commands that are not its user's", async () => {
  await using t = await startTestServer();
  const u = await clientOf(t, "u", "~*", "+get", "+config|get", "+select|1");
  assertReplies(await u.line("GET k"), null);
  assertReplies(await u.line("SET k v"), noCommand("u", "set"));
  assertReplies(await u.line("CONFIG SET hz 1"), noCommand("u", "config|set"));
  assertReplies(await u.line("CONFIG GET hz"), ["hz", "10"]);
  assertReplies(await u.line("SELECT 0"), noCommand("u", "select"));
  assertReplies(await u.line("SELECT 1"), "OK");
  assertReplies(await u.line("PING"), noCommand("u", "ping"));
  // These nobody is refused.
  assertReplies(await u.line("AUTH u x"), "OK");
  assertReplies(await u.line("RESET"), "RESET");
  assertReplies(await u.line("ACL WHOAMI"), "default");
  assertReplies(await u.line("SET k v"), "OK");
});

Deno.test("What is not there, or has the wrong arity, is refused before permissions count", async () => {
  await using t = await startTestServer();
  const u = await clientOf(t, "u");
  assertMatch(String(await u.line("NOSUCH")), /unknown command/);
  assertMatch(String(await u.line("GET")), /wrong number of arguments/);
});

Deno.test("A client is refused keys that are not its user's, by what it does with them", async () => {
  await using t = await startTestServer();
  await t.line("MSET r 1 w 1 x 1");
  const u = await clientOf(t, "u", "+@all", "%R~r", "%W~w*", "~both:*", "~[ab]?");
  assertReplies(await u.line("GET r"), "1");
  assertReplies(await u.line("SET r 2"), NO_KEY);
  assertReplies(await u.line("SET w 2"), "OK");
  assertReplies(await u.line("SET w 2 GET"), NO_KEY);
  assertReplies(await u.line("INCR w"), NO_KEY);
  assertReplies(await u.line("INCR both:1"), 1);
  assertReplies(await u.line("INCR a1"), 1);
  assertReplies(await u.line("INCR both"), NO_KEY);
  assertReplies(await u.line("INCR aa1"), NO_KEY);
  assertReplies(await u.line("MGET r both:1 x"), NO_KEY);
  assertReplies(await u.line("EXISTS w"), 1);
  assertReplies(await u.run("INCR", ""), NO_KEY);
  assertReplies(await t.line("GET x"), "1");
});

Deno.test("A client is refused channels that are not its user's", async () => {
  await using t = await startTestServer();
  const u = await clientOf(t, "u", "+@pubsub", "&a:*", "&b");
  assertReplies(await u.line("PUBLISH a:1 m"), 0);
  assertReplies(await u.line("PUBLISH a m"), NO_CHANNEL);
  assertReplies(await u.line("SPUBLISH b m"), 0);
  assertReplies(await u.line("SPUBLISH b2 m"), NO_CHANNEL);
  // The message is none.
  assertReplies(await u.line("PUBLISH b c"), 0);
  assertReplies(await u.line("SUBSCRIBE b a:1 c"), NO_CHANNEL);
  assertReplies(await u.line("SSUBSCRIBE c"), NO_CHANNEL);
  assertReplies(await u.line("PSUBSCRIBE a:1"), NO_CHANNEL);
  assertReplies(await u.line("PSUBSCRIBE *"), NO_CHANNEL);
  assertReplies((await lastEntry(t)).object, "*");
  assertReplies(await u.line("UNSUBSCRIBE c"), ["unsubscribe", "c", 0]);
  assertReplies(await u.line("PSUBSCRIBE a:*"), ["psubscribe", "a:*", 1]);
  assertReplies(await u.line("SUBSCRIBE b"), ["subscribe", "b", 2]);
});

Deno.test("Selectors allow what each of them allows, not what they do together", async () => {
  await using t = await startTestServer();
  const u = await clientOf(t, "u", "(+@write ~w)", "(+@read ~r)");
  assertReplies(await u.line("LPUSH w 1"), 1);
  assertReplies(await u.line("LRANGE r 0 1"), []);
  assertReplies(await u.line("LPUSH r 1"), NO_KEY);
  assertReplies(await u.line("LRANGE w 0 1"), NO_KEY);
  assertReplies(await u.line("PING"), noCommand("u", "ping"));
});

Deno.test("A user who may do everything is not checked, one who may not is at once", async () => {
  await using t = await startTestServer();
  const u = await clientOf(t, "u", "+@all", "~*", "&*");
  assert(!u.session.isRestricted);
  assert(!t.session.isRestricted);
  await t.line("ACL SETUSER u -get");
  assert(u.session.isRestricted);
  assertReplies(await u.line("GET k"), noCommand("u", "get"));
  await t.line("ACL SETUSER u (+@all ~* &*)");
  assert(!u.session.isRestricted);
  assertReplies(await u.line("GET k"), null);
});

Deno.test("Rules hold for commands whatever rename-command calls them", async () => {
  await using instance = await CoolCache.start({
    port: null,
    renames: new Map([["get", "fetch"], ["keys", ""]]),
  });
  const { acl, registry } = instance.server;
  acl.set("u", ["+get", "-keys", "~*"]);
  assertReplies(
    acl.find("u")?.describe(),
    "off sanitize-payload ~* resetchannels -@all +get -keys",
  );
  assertReplies(registry.commands.some(({ originalName }) => originalName === "keys"), false);
});

Deno.test("The password of requirepass is the default user's", async () => {
  await using t = await startTestServer({ requirepass: "sésame" });
  const stranger = t.connect();
  assertReplies(await stranger.line("GET k"), new ReplyError("NOAUTH Authentication required."));
  assertMatch(String(await stranger.line("AUTH sesame")), /WRONGPASS/);
  assertReplies(await stranger.line("AUTH sésame"), "OK");
  assertReplies(await stranger.line("CONFIG SET requirepass other"), "OK");
  assertMatch(String(await stranger.line("AUTH sésame")), /WRONGPASS/);
  assertReplies(await stranger.run("CONFIG", "SET", "requirepass", ""), "OK");
  assertReplies(await t.connect().line("GET k"), null);
  assertMatch(String(await stranger.line("AUTH x")), /called without any password configured/);
});

Deno.test("A default user who is off lets nobody in unless they log in as somebody else", async () => {
  await using t = await startTestServer();
  await t.line("ACL SETUSER u on >p +@all ~*");
  await t.line("ACL SETUSER default off");
  const stranger = t.connect();
  assertReplies(await stranger.line("PING"), new ReplyError("NOAUTH Authentication required."));
  assertMatch(String(await stranger.line("AUTH default x")), /WRONGPASS/);
  assertReplies(await stranger.line("AUTH u p"), "OK");
  assertReplies(await stranger.line("PING"), "PONG");
  // Who is in stays in.
  assertReplies(await t.line("PING"), "PONG");
});

Deno.test("A user may have several passwords", async () => {
  await using t = await startTestServer();
  await t.line("ACL SETUSER u on >one >two +ping");
  const client = t.connect();
  for (const password of ["one", "two"]) {
    assertReplies(await client.line(`AUTH u ${password}`), "OK");
  }
  for (const words of ["AUTH u three", "AUTH nobody one", "HELLO 2 AUTH u three"]) {
    assertReplies(
      await client.line(words),
      new ReplyError("WRONGPASS invalid username-password pair or user is disabled."),
    );
  }
  assertReplies(client.session.user, "u");
});

Deno.test("A transaction is refused what its user may not do, when it is queued and when it runs", async () => {
  await using t = await startTestServer();
  const u = await clientOf(t, "u", "~a", "+incr", "+get", "+publish", "&c", "+multi", "+exec");
  await u.line("MULTI");
  assertReplies(await u.line("SET a 1"), noCommand("u", "set"));
  assertReplies((await lastEntry(t)).context, "multi");
  assertMatch(String(await u.line("EXEC")), /EXECABORT Transaction discarded because of previous/);

  await u.line("MULTI");
  for (const line of ["INCR a", "GET a", "PUBLISH c m", "INCR a"]) {
    assertReplies(await u.line(line), "QUEUED");
  }
  await t.line("ACL SETUSER u -get resetchannels");
  const changed = "NOPERM ACLs rules changed between the moment the transaction was accumulated " +
    "and the EXEC call. This command is no longer allowed for the following reason: ";
  assertReplies(await u.line("EXEC"), [
    1,
    new ReplyError(`${changed}no permission to execute the command or subcommand`),
    new ReplyError(
      `${changed}no permission to access one of the channels used as arguments`,
    ),
    2,
  ]);
  assertReplies((await lastEntry(t)).object, "c");

  await u.line("MULTI");
  await u.line("INCR a");
  await t.line("ACL SETUSER u resetkeys");
  assertReplies(await u.line("EXEC"), [
    new ReplyError(`${changed}no permission to touch the specified keys`),
  ]);
  await u.line("MULTI");
  await t.line("ACL SETUSER u -exec");
  assertReplies(
    await u.line("EXEC"),
    new ReplyError(
      "EXECABORT Transaction discarded because of: NOPERM User u has no permissions to run the " +
        "'exec' command",
    ),
  );
});

Deno.test("A script may do what its caller may, and can ask beforehand", async () => {
  await using t = await startTestServer();
  const u = await clientOf(t, "u", "~a", "+@scripting", "+incr", "+get");
  assertReplies(await u.run("EVAL", "return redis.call('incr', KEYS[1])", "1", "a"), 1);
  assertReplies(await u.run("EVAL", "return redis.call('incr', 'a')", "1", "b"), NO_KEY);
  assertMatch(
    String(await u.run("EVAL", "return redis.call('incr', 'b')", "0")),
    /^ReplyError: ERR ACL failure in script: No permissions to access a key script: /,
  );
  assertReplies((await lastEntry(t)).context, "lua");
  assertMatch(String((await lastEntry(t))["client-info"]), / cmd=eval user=u /);
  assertReplies(
    await u.run("EVAL", "return redis.pcall('set', 'a', '1').err", "0"),
    "ERR ACL failure in script: User u has no permissions to run the 'set' command",
  );
  const ask = "return {redis.acl_check_cmd('set', 'a', 1), redis.acl_check_cmd('get', 'a'), " +
    "redis.acl_check_cmd('get', 'b')}";
  assertReplies(await u.run("EVAL", ask, "0"), [null, 1, null]);
  const logged = await t.line("ACL LOG") as Value[];
  assertReplies(logged.length, 3, "asking is not logged");
  await t.run(
    "FUNCTION",
    "LOAD",
    "#!lua name=l\nredis.register_function('f', function(keys) return redis.call('set', 'a', 1) end)",
  );
  assertMatch(String(await u.run("FCALL", "f", "0")), /ACL failure in script: User u/);
});

Deno.test("SORT by keys that nobody names needs permission to read all", async () => {
  await using t = await startTestServer();
  await t.line("RPUSH list 2 1");
  await t.line("MSET v1 9 v2 8");
  const u = await clientOf(t, "u", "(+sort ~list ~v*)");
  const denied = (option: string) =>
    new ReplyError(`ERR ${option} option of SORT denied due to insufficient ACL permissions.`);
  assertReplies(await u.line("SORT list BY v*"), denied("BY"));
  assertReplies(await u.line("SORT list GET v*"), denied("GET"));
  assertReplies(await u.line("SORT list BY nosort"), ["2", "1"]);
  assertReplies(await u.line("SORT list"), ["1", "2"]);
  await t.run("ACL", "SETUSER", "u", "(+sort ~list %R~*)");
  assertReplies(await u.line("SORT list BY v*"), ["2", "1"]);
  assertReplies(await u.line("SORT list GET v*"), ["9", "8"]);
});

Deno.test("A client that waits is refused when its user may not go on", async () => {
  await using t = await startTestServer();
  const u = await clientOf(t, "u", "+@all", "~*");
  await t.line("CONFIG RESETSTAT");
  const waiting = u.line("BLPOP list 0");
  await t.line("ACL SETUSER u resetkeys");
  await t.line("LPUSH list a");
  assertReplies(await waiting, NO_KEY);
  assertReplies(await t.line("LLEN list"), 1);
  assertMatch(
    String(await t.line("INFO commandstats")),
    /cmdstat_blpop:calls=0,.*,rejected_calls=1,failed_calls=0/,
  );
});

Deno.test("The clients of a user who is deleted are closed", async () => {
  await using t = await startTestServer();
  const u = await clientOf(t, "u", "+acl|deluser");
  const other = await clientOf(t, "u");
  const bystander = await clientOf(t, "v");
  assertReplies(await u.line("ACL DELUSER u"), 1);
  assert(other.session.isClosed);
  assert(u.session.isClosing, "closed after its reply");
  assertReplies(u.session.user, "default");
  assert(!u.session.authenticated);
  assert(!bystander.session.isClosed);
});

Deno.test("A transaction whose user deletes itself does not go on as the default user", async () => {
  await using t = await startTestServer();
  const u = await clientOf(t, "u", "+@all", "~*", "&*");
  await t.line("SET k v");
  await u.line("MULTI");
  await u.line("ACL DELUSER u");
  await u.line("FLUSHALL");
  const [deleted, flushed] = await u.line("EXEC") as Value[];
  assertReplies(deleted, 1);
  assertMatch(String(flushed), /NOPERM ACLs rules changed/);
  assertReplies(await t.line("GET k"), "v");
  assert(u.session.isClosing);
});

Deno.test("Clients are closed that listen to what they may not any more", async () => {
  await using t = await startTestServer();
  const subscribed = async (...rules: string[]) => {
    const client = await clientOf(t, "u", ...rules, "+@all");
    await client.line("SUBSCRIBE a:1");
    await client.line("SSUBSCRIBE s");
    await client.line("PSUBSCRIBE b:*");
    return client;
  };
  const granted = ["resetchannels", "&a:*", "&s", "&b:*"];
  const u = await subscribed(...granted);
  await t.run("ACL", "SETUSER", "u", ...granted, "&more");
  await t.run("ACL", "SETUSER", "u", "allchannels");
  await t.run("ACL", "SETUSER", "u", ...granted);
  assert(!u.session.isClosed);
  await t.run("ACL", "SETUSER", "u", "resetchannels", "&a:1", "&b:*", "(&s)");
  assert(!u.session.isClosed);
  for (const rules of [["&a:*", "&s"], ["&a:*", "&b:*"], ["&s", "&b:*"], ["&a:*", "&s", "&b:?"]]) {
    const client = await subscribed(...granted);
    await t.run("ACL", "SETUSER", "u", "clearselectors", "resetchannels", ...rules);
    assert(client.session.isClosed, rules.join(" "));
  }
});

Deno.test("CLIENT LIST and CLIENT KILL know users", async () => {
  await using t = await startTestServer();
  const u = await clientOf(t, "é", "+client");
  assertMatch(String(await t.line("CLIENT LIST")), / user=\xc3\xa9 /);
  assertReplies(await t.line("CLIENT KILL USER é"), 1);
  assert(u.session.isClosed);
  assertMatch(String(await t.line("CLIENT KILL USER x")), /No such user 'x'/);
});

Deno.test("ACL LOG counts like entries as one, and forgets the oldest", async () => {
  await using t = await startTestServer({ "acllog-max-len": 3 });
  const u = await clientOf(t, "u", "+get", "~a");
  await u.line("SET a 1");
  t.advance(1500);
  await u.line("SET a 1");
  const entry = await lastEntry(t);
  assertReplies({ ...entry, "client-info": "" }, {
    "count": 2,
    "reason": "command",
    "context": "toplevel",
    "object": "set",
    "username": "u",
    "age-seconds": "0",
    "client-info": "",
    "entry-id": 0,
    "timestamp-created": t.now - 1500,
    "timestamp-last-updated": t.now,
  });
  assertMatch(String(entry["client-info"]), / cmd=set user=u /);
  t.advance(60_001);
  await u.line("SET a 1");
  assertReplies((await lastEntry(t))["entry-id"], 1);
  await u.line("GET b");
  assertReplies((await lastEntry(t)).object, "b");
  await u.line("AUTH u");
  await u.line("auth nobody wrong");
  assertReplies(
    [(await lastEntry(t)).reason, (await lastEntry(t)).object, (await lastEntry(t)).username],
    ["auth", "auth", "nobody"],
  );
  assertReplies((await t.line("ACL LOG") as Value[]).length, 3);
  assertReplies((await t.line("ACL LOG 2") as Value[]).length, 2);
  assertReplies(await t.line("ACL LOG -1"), []);
  assertReplies(await t.line("ACL LOG RESET"), "OK");
  assertReplies(await t.line("ACL LOG"), []);
  const stats = String(await t.line("INFO stats"));
  for (const line of ["auth:1", "cmd:3", "key:1", "channel:0"]) {
    assert(stats.includes(`acl_access_denied_${line}\r\n`), line);
  }
});

/** A folder that is gone afterwards. */
async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("Users come from an ACL file and go there", async () => {
  await withFolder(async (folder) => {
    const aclfile = `${folder}/users.acl`;
    await Deno.writeTextFile(
      aclfile,
      "user alice on nopass ~* &* +@all\n\nuser bob on >b (+set %W~w*)  +get ~r\n",
    );
    await using t = await startTestServer({ aclfile });
    assertReplies(await t.line("ACL USERS"), ["alice", "bob", "default"]);
    const bob = t.connect();
    assertReplies(await bob.line("AUTH bob b"), "OK");
    assertReplies(await bob.line("SET w 1"), "OK");
    assertReplies(await bob.line("SET r 1"), NO_KEY);

    const listed = await t.line("ACL LIST") as string[];
    await t.run("ACL", "SETUSER", new Uint8Array([0xff]), "on");
    assertReplies(await t.line("ACL SAVE"), "OK");
    const saved = await Deno.readFile(aclfile);
    assert(saved.includes(0xff), "bytes are kept");
    await t.run("ACL", "SETUSER", "temporary");
    await t.run("ACL", "SETUSER", "default", "-flushall");
    assertReplies(await t.line("ACL LOAD"), "OK");
    assert(bob.session.isClosed, "their users are others now");
    assert(!t.session.isClosed);
    assert(!t.session.isRestricted);
    const users = await t.line("ACL LIST") as string[];
    assertReplies(users.length, 4);
    assertReplies(users.slice(0, 3), listed);
    assertReplies([...Deno.readDirSync(folder)].length, 1);
  });
});

Deno.test("A bad ACL file changes nothing, and says all that is wrong", async () => {
  await withFolder(async (folder) => {
    const aclfile = `${folder}/users.acl`;
    await Deno.writeTextFile(aclfile, "user alice on\n");
    await using t = await startTestServer({ aclfile });
    await Deno.writeTextFile(
      aclfile,
      "user alice off\nuser alice\nusers bob\nuser bob +nosuch -@bad >x nonsense #x\nuser c (+get\n",
    );
    assertReplies(
      await t.line("ACL LOAD"),
      new ReplyError(
        `ERR WARNING: Duplicate user 'alice' found on line 2. ${aclfile}:3 should start with user ` +
          `keyword followed by the username. ${aclfile}:4: Error in applying operation '+nosuch': ` +
          `Unknown command or category name in ACL. ${aclfile}:4: Error in applying operation ` +
          `'-@bad': Unknown command or category name in ACL. ${aclfile}:4: Syntax error. ` +
          `${aclfile}:5: Unmatched parenthesis in selector definition. WARNING: ACL errors detected, ` +
          `no change to the previously active ACL rules was performed`,
      ),
    );
    assertReplies(t.server.acl.find("alice")?.isOn, true);
    await Deno.remove(aclfile);
    assertReplies(
      await t.line("ACL LOAD"),
      new ReplyError(
        `ERR Error loading ACLs, opening file '${aclfile}': No such file or directory`,
      ),
    );
    await Deno.mkdir(aclfile);
    assertMatch(String(await t.line("ACL SAVE")), /There was an error trying to save the ACLs/);
  });
});

/** A server as its command line would start it. */
function start(...args: string[]): Promise<CoolCache> {
  const { config, users } = Config.fromArgs(args);
  return CoolCache.start({ port: null, config, users });
}

Deno.test("Users come from the configuration, which CONFIG REWRITE keeps", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/coolcache.conf`;
    await Deno.writeTextFile(
      file,
      'requirepass old\nuser default on nopass ~* +@all -flushdb\nuser "bob" on >b (+get ~a)\nport 0\n',
    );
    {
      await using instance = await start(file);
      const { acl, config } = instance.server;
      assertReplies(acl.requiresLogin, false, "the user's own rules come after requirepass");
      assert(!acl.defaultUser.isUnrestricted);
      acl.set("carol", ["on", "~\xc3\xa9"]);
      config.rewrite();
    }
    await using instance = await start(file);
    const told = instance.server.acl.users.map((user) => `${user.name} ${user.describe()}`);
    assertEquals(told, [
      "bob on sanitize-payload #3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d " +
      "resetchannels -@all (~a resetchannels -@all +get)",
      "carol on sanitize-payload ~\xc3\xa9 resetchannels -@all",
      "default on nopass sanitize-payload ~* resetchannels +@all -flushdb",
    ]);
  });
});

Deno.test("A server does not start with users who are wrong", async () => {
  const refusals: [args: string[], message: RegExp][] = [
    [["--user", "foo", "--user", "foo"], /Error in user declaration 'foo': Duplicate user found/],
    [["--user", "foo +nosuch"], /Error in user declaration '\+nosuch': Unknown command/],
    [["--user", "foo", "(+get"], /Error in user declaration '\(\+get': Unmatched parenthesis/],
    [["--user", "foo", "--aclfile", "/nowhere"], /either the one or the other/],
    [
      ["--aclfile", "/nowhere/users.acl"],
      /Error loading ACLs, opening file '\/nowhere\/users.acl'/,
    ],
  ];
  for (const [args, message] of refusals) {
    const words = args.flatMap((arg) => arg.startsWith("foo ") ? arg.split(" ") : [arg]);
    const { config, users } = Config.fromArgs(words);
    const error = await CoolCache.start({ port: null, config, users }).then(
      async (instance) => {
        await instance.close();
        return undefined;
      },
      (error) => error,
    );
    assert(error instanceof ConfigFileError, args.join(" "));
    assertMatch(error.message, message);
  }
  assertThrows(() => Config.fromArgs(["--user"]), ConfigFileError);
});
