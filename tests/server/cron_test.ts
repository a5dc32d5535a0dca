import { Cron } from "../../server/cron.ts";
import { Args } from "../../server/resp/args.ts";
import { flushAll } from "../../storage/lazy_free.ts";
import { type BareServer, bareServer } from "../support/bare_server.ts";
import { assertEquals } from "@std/assert";

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
