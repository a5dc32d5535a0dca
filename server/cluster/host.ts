/**
 * What the logic of a cluster node needs of the server around it: time, chance, links, data and files are all handed in,
 * so that tests run many nodes on one clock and no network.
 *
 * @module
 */

import type { LogLevel } from "../../commands/context.ts";
import type { BusLink, ClusterNode } from "./node.ts";

/** The directives that matter here; those whose names say nothing else are in ms. */
export interface ClusterValues {
  readonly clusterNodeTimeout: number;
  /** 0 for half the node timeout. */
  readonly clusterPingInterval: number;
  readonly clusterReplicaValidityFactor: number;
  readonly clusterReplicaNoFailover: boolean;
  readonly clusterMigrationBarrier: number;
  readonly clusterAllowReplicaMigration: boolean;
  readonly clusterRequireFullCoverage: boolean;
  readonly clusterAllowReadsWhenDown: boolean;
  readonly clusterAllowPubsubshardWhenDown: boolean;
  /** Bytes; 0 for no limit. */
  readonly clusterLinkSendbufLimit: number;
  readonly clusterAnnounceIp: string;
  readonly clusterAnnounceHostname: string;
  readonly clusterAnnounceHumanNodename: string;
  readonly clusterPreferredEndpointType: "ip" | "hostname" | "unknown-endpoint";
  /** In seconds. */
  readonly replPingReplicaPeriod: number;
}

/** The server as a replica, or as a primary. */
export interface ClusterReplication {
  /** How many bytes of its stream there have been, or how many of its primary's it has carried out. */
  readonly offset: number;
  /** Whom it follows. */
  readonly primary: { readonly host: string; readonly port: number } | undefined;
  /** When it last heard of its primary, Unix time in ms; 0 if it never did. */
  readonly heardAt: number;
  follow(address: { readonly host: string; readonly port: number }): void;
  promote(): void;
}

/** The surroundings of one node. */
export interface ClusterHost {
  readonly values: ClusterValues;
  readonly replication: ClusterReplication;
  /** The ports that others are told. */
  readonly ports: { readonly port: number; readonly tlsPort: number; readonly busPort: number };
  /** How many keys there are. */
  readonly keyCount: number;
  /** Unix time in ms. */
  now(): number;
  /** A number in [0, 1). */
  random(): number;
  randomHex(digits: number): string;
  log(level: LogLevel, message: string): void;
  /** Begins a connection to a node's bus. */
  dial(node: ClusterNode): BusLink;
  /** Keeps the text of nodes.conf; when it is to be durable, it is on the disk when this returns. */
  save(text: string, options: { durable: boolean }): void;
  countKeys(slot: number): number;
  deleteKeys(slot: number): void;
  /** Ends the subscriptions to the shard channels of a slot that has gone from its owner. */
  endSubscriptions(slot: number): void;
  /** Sends a message to this node's own clients. */
  publish(channel: Uint8Array, message: Uint8Array, kind: "channel" | "shard"): void;
  /** Lets no client write, or lets them again. */
  pauseWrites(on: boolean): void;
}
