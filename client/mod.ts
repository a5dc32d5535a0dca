/**
 * The client library: {@link CoolClient} and what it answers.
 *
 * @module
 */

export { CoolClient } from "./client.ts";
export type { ConnectOptions } from "./client.ts";
export type { Argument } from "./connection.ts";
export { ConnectionError, ReplyError } from "./errors.ts";
export type { Reply } from "./replies.ts";
export type { Message, Subscription, SubscriptionKind } from "./subscription.ts";
