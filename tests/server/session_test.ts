import { assertEquals } from "@std/assert";
import { allGone, startServer, Wire } from "./wire.ts";

Deno.test("CLIENT REPLY SKIP after SKIP silences one further command", async () => {
  await using instance = await startServer();
  {
    using wire = await Wire.connect(instance);
    const skip = "CLIENT REPLY SKIP\r\n";
    await wire.ask(`${skip}${skip}ECHO a\r\nECHO b\r\n`, "$1\r\nb\r\n");
  }
  await allGone(instance);
});

Deno.test("CLIENT REPLY ON after SKIP answers, and ends the silence", async () => {
  await using instance = await startServer();
  {
    using wire = await Wire.connect(instance);
    await wire.ask(
      "CLIENT REPLY SKIP\r\nCLIENT REPLY ON\r\nECHO a\r\n",
      "+OK\r\n$1\r\na\r\n",
    );
  }
  await allGone(instance);
});

Deno.test("CLIENT REPLY OFF after SKIP holds until ON", async () => {
  await using instance = await startServer();
  {
    using wire = await Wire.connect(instance);
    await wire.send("CLIENT REPLY SKIP\r\nCLIENT REPLY OFF\r\nECHO a\r\nNOSUCH\r\n");
    await wire.ask("RESET\r\nECHO b\r\n", "+RESET\r\n$1\r\nb\r\n");
  }
  await allGone(instance);
});

Deno.test("CLIENT REPLY SKIP silences a command that waits", async () => {
  await using instance = await startServer();
  {
    using wire = await Wire.connect(instance);
    await wire.ask("CLIENT REPLY SKIP\r\nWAIT 1 1\r\nECHO a\r\n", "$1\r\na\r\n");
  }
  await allGone(instance);
});

Deno.test("CLIENT KILL of the client itself is answered before the end", async () => {
  await using instance = await startServer();
  {
    using wire = await Wire.connect(instance);
    await wire.ask("CLIENT KILL ID 1 SKIPME no\r\nECHO a\r\n", ":1\r\n");
    assertEquals(await wire.rest(), "");
  }
  await allGone(instance);
});
