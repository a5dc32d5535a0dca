import { OutputLimit } from "../../server/client_limits.ts";
import { assertEquals } from "@std/assert";

const LIMIT = { hardBytes: 100, softBytes: 50, softSeconds: 10 };

Deno.test("OutputLimit holds the hard limit at once", () => {
  const limit = new OutputLimit();
  assertEquals(limit.isExceeded(49, LIMIT, 0), false);
  assertEquals(limit.isExceeded(100, LIMIT, 0), true);
});

Deno.test("OutputLimit holds the soft limit after its seconds on end", () => {
  const limit = new OutputLimit();
  assertEquals(limit.isExceeded(50, LIMIT, 1000), false);
  assertEquals(limit.isExceeded(50, LIMIT, 11_999), false);
  assertEquals(limit.isExceeded(50, LIMIT, 12_000), true);
});

Deno.test("OutputLimit begins anew when the client has caught up", () => {
  const limit = new OutputLimit();
  limit.isExceeded(50, LIMIT, 1000);
  limit.isExceeded(10, LIMIT, 5000);
  assertEquals(limit.isExceeded(50, LIMIT, 12_000), false);
});

Deno.test("OutputLimit of zeros never ends", () => {
  const none = { hardBytes: 0, softBytes: 0, softSeconds: 0 };
  assertEquals(new OutputLimit().isExceeded(1e12, none, 0), false);
});
