/**
 * The group pubsub.
 *
 * @module
 */

import type { CommandSpec } from "../command.ts";
import { publish, spublish } from "./publish.ts";
import { pubsub } from "./pubsub.ts";
import {
  psubscribe,
  punsubscribe,
  ssubscribe,
  subscribe,
  sunsubscribe,
  unsubscribe,
} from "./subscribe.ts";

/** All commands of the group. */
export const pubsubCommands: readonly CommandSpec[] = [
  psubscribe,
  publish,
  pubsub,
  punsubscribe,
  spublish,
  ssubscribe,
  subscribe,
  sunsubscribe,
  unsubscribe,
];
