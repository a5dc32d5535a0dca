/**
 * A transaction while it is being composed: the commands between MULTI and EXEC.
 *
 * @module
 */

import type { RegisteredCommand } from "../commands/registry.ts";
import type { Args } from "./resp/args.ts";

/** A command that waits for EXEC. */
export interface QueuedCommand {
  readonly command: RegisteredCommand;
  /** A copy: the client's buffer goes on receiving. */
  readonly args: Args;
}

/** The transaction of one client. */
export class Transaction {
  readonly commands: QueuedCommand[] = [];
  #aborted = false;

  /** Whether a command could not be queued, so that EXEC must refuse. */
  get isAborted(): boolean {
    return this.#aborted;
  }

  /** Notes that a command was refused. */
  abort(): void {
    this.#aborted = true;
  }

  queue(command: RegisteredCommand, args: Args): void {
    this.commands.push({ command, args: args.detach() });
  }
}
