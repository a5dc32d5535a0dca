/**
 * The line that describes a client: in CLIENT LIST and CLIENT INFO, the log, and ACL LOG.
 *
 * @module
 */

import { utf8 } from "./acl/users_file.ts";
import { UNCOUNTED_BYTES } from "./client_limits.ts";
import type { Server } from "./server.ts";
import type { Session } from "./session.ts";

/** Fields and values as Redis has them. */
export function clientLine(session: Session, { keyspace, currentSession }: Server): string {
  const { now } = keyspace;
  const { endpoints, subscriptions, transaction } = session;
  // Redis has a buffer of this size for each client, and a list of others, as large, for what does not fit.
  const { unread } = session;
  const waiting = Math.max(0, unread - UNCOUNTED_BYTES);
  const fields: [name: string, value: string | number][] = [
    ["id", session.id],
    ["addr", endpoints.remote],
    ["laddr", endpoints.local],
    ["fd", session.id],
    ["name", session.name],
    ["age", Math.floor((now - session.createdAt) / 1000)],
    ["idle", Math.floor((now - session.lastActiveAt) / 1000)],
    ["flags", flagsOf(session)],
    ["db", session.database],
    ["sub", subscriptions?.counts.channel ?? 0],
    ["psub", subscriptions?.counts.pattern ?? 0],
    ["ssub", subscriptions?.counts.shard ?? 0],
    ["multi", transaction?.count ?? -1],
    ["qbuf", session.inputPending],
    ["qbuf-free", session.inputCapacity - session.inputPending],
    ["argv-mem", currentSession === session || session.isBlocked ? argumentBytes(session) : 0],
    ["multi-mem", transaction?.argumentBytes ?? 0],
    ["rbs", 0],
    ["rbp", 0],
    ["obl", Math.min(unread, UNCOUNTED_BYTES)],
    ["oll", Math.ceil(waiting / UNCOUNTED_BYTES)],
    ["omem", waiting],
    ["tot-mem", session.memory],
    ["events", "r"],
    ["cmd", session.lastCommand?.fullName ?? "NULL"],
    ["user", session.isPrimary ? "(superuser)" : utf8(session.user)],
    ["redir", session.tracking?.redirect ?? -1],
    ["resp", session.protocol],
    ["lib-name", session.libName],
    ["lib-ver", session.libVersion],
    // Redis 7.4 has it before qbuf; there it would surprise those who know the order of 7.2.
    ["watch", session.watched.length],
  ];
  return fields.map(([name, value]) => `${name}=${value}`).join(" ");
}

/** Bytes of the arguments of the command that is being carried out. */
function argumentBytes({ lastArgs }: Session): number {
  let bytes = 0;
  for (let i = 0; i < lastArgs.count; i++) bytes += lastArgs.len[i];
  return bytes;
}

function flagsOf(session: Session): string {
  let flags = "";
  if (session.isMonitor) flags += "O";
  else if (session.isReplica) flags += "S";
  if (session.isPrimary) flags += "M";
  if (session.type === "pubsub") flags += "P";
  if (session.inTransaction) flags += "x";
  if (session.isBlocked || session.isPostponed) flags += "b";
  if (session.tracking !== undefined) flags += "t";
  if (session.tracking?.isBroken) flags += "R";
  if (session.tracking?.isBroadcast) flags += "B";
  if (session.isBroken) flags += "d";
  if (session.isClosing) flags += "c";
  if (session.endpoints.isUnix) flags += "U";
  if (session.readsFromReplica) flags += "r";
  if (session.noEvict) flags += "e";
  if (session.noTouch) flags += "T";
  return flags === "" ? "N" : flags;
}
