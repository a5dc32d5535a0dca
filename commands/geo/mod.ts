/**
 * The geo group.
 *
 * @module
 */

import type { CommandSpec } from "../command.ts";
import { geoadd, geodist, geohash, geopos } from "./geoadd.ts";
import {
  georadius,
  georadiusbymember,
  georadiusbymemberRo,
  georadiusRo,
  geosearch,
  geosearchstore,
} from "./geosearch.ts";

/** All commands of the geo group. */
export const geoCommands: readonly CommandSpec[] = [
  geoadd,
  geodist,
  geohash,
  geopos,
  georadius,
  georadiusRo,
  georadiusbymember,
  georadiusbymemberRo,
  geosearch,
  geosearchstore,
];
