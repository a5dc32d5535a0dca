/**
 * A reply sink that keeps nothing: for commands that nobody waits for, such as those of a replayed file.
 *
 * @module
 */

import type { Reply } from "./reply.ts";

/** Takes every reply and forgets it; remembers the last error, which a replay must not pass over. */
export class DiscardReply implements Reply {
  readonly protocol = 2;
  lastError: string | undefined;

  ok(): void {}
  simple(): void {}
  error(text: string): void {
    this.lastError = text;
  }
  int(): void {}
  bulk(): void {}
  bulkAt(): void {}
  null(): void {}
  nullArray(): void {}
  bool(): void {}
  double(): void {}
  bigNumber(): void {}
  verbatim(): void {}
  array(): void {}
  map(): void {}
  set(): void {}
  push(): void {}
  attribute(): void {}
  mark(): number {
    return 0;
  }
  rollback(): void {}
  open(): number {
    return 0;
  }
  close(): void {}
}
