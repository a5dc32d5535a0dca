/**
 * ROLE.
 *
 * @module
 */

import { command } from "../command.ts";

/** ROLE */
export const role = command({
  name: "ROLE",
  summary: "Answers the server's part in replication.",
  group: "server",
  since: "2.8.12",
  complexity: "O(1)",
  arity: 1,
  flags: ["noscript", "loading", "stale", "fast", "sentinel"],
  categories: ["admin", "dangerous"],

  run({ reply }) {
    // A primary that has sent nothing to nobody.
    reply.array(3);
    reply.bulk("master");
    reply.int(0);
    reply.array(0);
  },
});
