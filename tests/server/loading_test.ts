/**
 * What a server refuses while it loads its data.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { commands } from "../../commands/mod.ts";
import { bareServer } from "../support/bare_server.ts";

const REFUSAL = "-LOADING Redis is loading the dataset in memory\r\n";
const LOAD = { startedAt: 0, usedBefore: 0, totalBytes: 0 };

Deno.test("While it loads, only commands that need no data are carried out", () => {
  const { server, replies } = bareServer({}, { commands });
  server.loading.begin({ ...LOAD, isAsync: false });
  assertEquals(replies("GET a", "SET a 1", "AUTH x y"), REFUSAL + REFUSAL + replies("AUTH x y"));
  server.loading.end();
  assertEquals(replies("GET a"), "$-1\r\n");
});

Deno.test("While it loads beside the data, these can be read", () => {
  const { server, replies } = bareServer({}, { commands });
  replies("SET a 1");
  server.loading.begin({ ...LOAD, isAsync: true });
  assertEquals(replies("GET a", "PSYNC ? -1"), `$1\r\n1\r\n${REFUSAL}`);
  server.loading.end();
});
