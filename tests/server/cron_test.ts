import { CoolClient } from "../../client/mod.ts";
import { CoolCache } from "../../server/coolcache.ts";
import { Cron } from "../../server/cron.ts";
import { Args } from "../../server/resp/args.ts";
import { flushAll } from "../../storage/lazy_free.ts";
import { type BareServer, bareServer } from "../support/bare_server.ts";
import { assertEquals, assertLess } from "@std/assert";

/** Runs `test` with the cron of a server, whose timers are stopped: it ticks when it is told to. */
function withCron(bare: BareServer, test: (cron: Cron) => void): void {
  const cron = new Cron(bare.server);
  try {
    test(cron);
  } finally {
    cron.stop();
  }
}

Deno.test("a tick deletes keys whose time is over, unless DEBUG PAUSE-CRON is on", () => {
  const bare = bareServer();
  const [db] = bare.server.keyspace.databases;
  withCron(bare, (cron) => {
    db.setString(Args.of("k"), 0, "v", bare.server.keyspace.now + 5);
    bare.advance(10);
    bare.server.debug.flags.set("pause-cron", "1");
    cron.tick();
    assertEquals(db.size, 1);
    bare.server.debug.flags.set("pause-cron", "0");
    cron.tick();
    assertEquals(db.size, 0);
  });
});

Deno.test("memory is given back to the system once, when what was flushed is free", () => {
  let released = 0;
  const bare = bareServer({}, { releaseMemory: () => released++ });
  const { keyspace } = bare.server;
  withCron(bare, (cron) => {
    cron.tick();
    assertEquals(released, 0);
    for (let i = 0; i < 1000; i++) keyspace.databases[0].setString(Args.of(`k${i}`), 0, "v");
    flushAll(keyspace);
    cron.tick();
    assertEquals([keyspace.lazyFree.isIdle, released], [true, 1]);
    cron.tick();
    assertEquals(released, 1);
  });
});

Deno.test("rates and clients are looked at in fixed intervals, whatever hz is", () => {
  const bare = bareServer({ hz: "20", timeout: "1" });
  const { server } = bare;
  withCron(bare, (cron) => {
    const second = () => {
      for (let tick = 0; tick < 20; tick++) {
        bare.advance(50);
        server.stats.commands += 5;
        cron.tick();
      }
    };
    second();
    assertEquals(server.clients.count, 1);
    second();
    assertEquals(server.clients.count, 0);
    // 5 in 50 ms are 100 a second; the mean of 16 samples is full by now.
    assertEquals(server.stats.commandRate.perSecond, 100);
  });
});

Deno.test("memory is given back in the first quiet second, and every ten seconds of work", () => {
  let released = 0;
  const bare = bareServer({ hz: "10" }, { releaseMemory: () => released++ });
  withCron(bare, (cron) => {
    const second = (commands: number) => {
      bare.server.stats.commands += commands;
      for (let tick = 0; tick < 10; tick++) cron.tick();
      return released;
    };
    assertEquals(second(10), 0);
    assertEquals(second(5000), 0);
    assertEquals(second(10), 1);
    assertEquals(second(10), 1);
    for (let i = 1; i < 10; i++) assertEquals(second(5000), 1);
    assertEquals(second(5000), 2);
    // That second was the last busy one: nothing has gathered since.
    assertEquals(second(0), 2);
  });
});

/** Adds work that takes so many eighths of a millisecond by the server's clock; `note` is told of each. */
function addWork(bare: BareServer, eighths: number, note: () => void): void {
  bare.server.keyspace.lazyFree.addDisposal(() => {
    bare.advance(1 / 8);
    note();
    return --eighths > 0;
  });
}

/** Lets everything go on that waits for nothing but promises. */
async function settle(): Promise<void> {
  for (let i = 0; i < 100; i++) await undefined;
}

Deno.test("all that a slice does shares one budget, and the next slice follows when others worked", async () => {
  const bare = bareServer();
  const { keyspace } = bare.server;
  const [db] = keyspace.databases;
  let trail = "";
  const { expired } = keyspace.hooks;
  keyspace.hooks.expired = (db, ref) => {
    expired?.(db, ref);
    bare.advance(1 / 4);
    trail += "e";
  };
  for (const key of ["a", "b"]) db.setString(Args.of(key), 0, "v", keyspace.now + 5);
  bare.advance(10);
  addWork(bare, 13, () => trail += "f");
  const cron = new Cron(bare.server, () => {
    trail += " ";
    return Promise.resolve();
  });
  try {
    cron.tick();
    // Two expired keys have taken 0.5 of the 0.8 ms, so that three eighths are too many.
    assertEquals(trail, "eefff ");
    await settle();
    assertEquals(trail, "eefff fffffff fff");
  } finally {
    cron.stop();
  }
});

Deno.test("between two slices commands have as long as a slice, unless there are none", async () => {
  const bare = bareServer();
  const { stats } = bare.server;
  let trail = "";
  let turns = 0;
  addWork(bare, 21, () => trail += "f");
  const cron = new Cron(bare.server, () => {
    const isBusy = ++turns <= 5;
    trail += isBusy ? "c" : "-";
    if (isBusy) {
      stats.commands++;
      bare.advance(1 / 4);
    }
    return Promise.resolve();
  });
  try {
    cron.tick();
    await settle();
    // Four turns of a quarter are more than 0.8 ms; after the fifth one nobody wants anything.
    assertEquals(trail, "fffffffccccfffffffc-fffffff");
  } finally {
    cron.stop();
  }
});

Deno.test("work that goes on is neither begun again by a tick, nor gone on with after the end", async () => {
  const bare = bareServer();
  let pieces = 0;
  let goOn = () => {};
  addWork(bare, 100, () => pieces++);
  const cron = new Cron(bare.server, () => new Promise<void>((resolve) => goOn = resolve));
  try {
    cron.tick();
    assertEquals(pieces, 7);
    cron.tick();
    assertEquals(pieces, 7);
    goOn();
    await settle();
    assertEquals(pieces, 14);
  } finally {
    cron.stop();
  }
  goOn();
  await settle();
  assertEquals(pieces, 14);
});

/** Has a server's background work, a millisecond after the other, until `others` had ten turns meanwhile. */
async function workBeside(instance: CoolCache, others: () => Promise<unknown>): Promise<number> {
  let pieces = 0;
  let turns = 0;
  const isOver = () => turns === 10 || pieces === 2000;
  instance.server.keyspace.lazyFree.addDisposal(() => {
    const until = performance.now() + 1;
    while (performance.now() < until);
    pieces++;
    return !isOver();
  });
  while (!isOver()) {
    await others();
    if (pieces > 0) turns++;
  }
  return pieces;
}

Deno.test("clients are answered while the background has work", async () => {
  await using instance = await CoolCache.start({ port: 0, directives: { hz: "500" } });
  await using client = await CoolClient.connect({ port: instance.port });
  const pieces = await workBeside(instance, () => client.command("PING"));
  assertLess(pieces, 2000);
});

Deno.test("timers run while the background of a server that listens nowhere has work", async () => {
  await using instance = await CoolCache.start({ port: null, directives: { hz: "500" } });
  const timer = () => new Promise((resolve) => setTimeout(resolve, 0));
  const pieces = await workBeside(instance, timer);
  assertLess(pieces, 2000);
});
