/**
 * Client-side caching: tells clients which of the keys that they may have cached have changed.
 *
 * In the default mode the server remembers who has read which key since its last change, whatever the database, and
 * tells each of them once; a key that is forgotten for want of room counts as changed. In BCAST mode nothing is
 * remembered: who asked for a prefix is told of every changed key that begins with it, of all that one batch of
 * commands changed in one message.
 *
 * What a client changes itself it is told of after the reply, the others at once ({@link Session.push}). Nothing
 * listens to key events while no client tracks and no key is remembered.
 *
 * @module
 */

import type {
  ClientApi,
  TrackingApi,
  TrackingOptions,
  TrackingState,
} from "../commands/context.ts";
import { keyRange } from "../commands/facts.ts";
import { findKeys, hasKeys } from "../commands/key_finder.ts";
import { Flag, type RegisteredCommand } from "../commands/registry.ts";
import { KeyReaders } from "../storage/types/key_readers.ts";
import { type Args, decodeLatin1, encodeLatin1 } from "./resp/args.ts";
import { ReplyError } from "./resp/errors.ts";
import { ReplyEncoder } from "./resp/reply_encoder.ts";
import type { Server } from "./server.ts";
import { Mode, type Session } from "./session.ts";

/** Where a client that speaks RESP2 listens for what others redirect to it. */
const CHANNEL = "__redis__:invalidate";
/** So many keys one try forgets at the most while there are too many … */
const EFFORT = 100;
/** The first room for a message. */
const MESSAGE_BYTES = 128;
/** About what a prefix takes beside its bytes, for each client. */
const PREFIX_BYTES = 128;

/** How one client tracks. */
export interface Tracked extends TrackingState {
  isBroken: boolean;
  /** In order. */
  prefixes: readonly string[];
}

/** A prefix that some clients in BCAST mode want to know of. */
interface Prefix {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly sessions: Set<Session>;
  /** The keys changed in this batch, each with the client that changed it last, if one did. */
  changed: Map<string, ClientApi | undefined>;
}

/** The places of a command's keys where they are always the same: the first, the last and the step between two. */
type Places = readonly [first: number, last: number, step: number];

/** The tracking clients of one server. */
export class Tracking implements TrackingApi {
  readonly #server: Server;
  /** Made when the first client tracks. */
  #readers: KeyReaders | undefined;
  readonly #prefixes = new Map<string, Prefix>();
  /** By command id: where its keys are; null where they must be looked for in each request. */
  readonly #places: (Places | null | undefined)[] = [];
  #clients = 0;
  /** How many of the clients connected have ever tracked: others can have no key remembered. */
  #acquainted = 0;
  #isBroadcasting = false;
  /** How often in turn there have been too many keys even after an effort. */
  #failedEfforts = 0;
  #stopListening: (() => void) | undefined;

  constructor(server: Server) {
    this.#server = server;
    server.config.onChange(["tracking-table-max-keys"], () => this.limit());
  }

  /** How many clients track. */
  get clients(): number {
    return this.#clients;
  }

  /** How many keys are remembered … */
  get keys(): number {
    return this.#readers?.keys ?? 0;
  }

  /** … and how many readers they have together. */
  get items(): number {
    return this.#readers?.pairs ?? 0;
  }

  get prefixes(): number {
    return this.#prefixes.size;
  }

  /** Bytes of memory that the keys take. */
  get memory(): number {
    return this.#readers?.memory ?? 0;
  }

  // --- clients --------------------------------------------------------------------------------------------------

  enable(client: ClientApi, options: TrackingOptions): void {
    const session = client as Session;
    const before = session.tracking;
    if (before === undefined) {
      this.#clients++;
      if (!session.hasTracked) this.#acquainted++;
      session.hasTracked = true;
      session.modes |= Mode.tracking;
    }
    const { prefixes: wanted, ...modes } = options;
    const tracked = session.tracking = {
      ...modes,
      caching: before?.caching ?? false,
      isBroken: false,
      prefixes: before?.prefixes ?? [],
    };
    if (options.isBroadcast) {
      const added = wanted.length === 0 ? [""] : wanted;
      for (const name of added) this.#addPrefix(session, name);
      tracked.prefixes = [...new Set([...tracked.prefixes, ...added])].sort();
    }
    const { collections, random } = this.#server.keyspace;
    this.#readers ??= new KeyReaders(collections.hasher, random);
    this.#stopListening ??= this.#server.keyEvents.onChange((key, _db, by) =>
      this.#keyChanged(key, by)
    );
  }

  #addPrefix(session: Session, name: string): void {
    let prefix = this.#prefixes.get(name);
    if (prefix === undefined) {
      prefix = { name, bytes: encodeLatin1(name), sessions: new Set(), changed: new Map() };
      this.#prefixes.set(name, prefix);
    }
    prefix.sessions.add(session);
  }

  disable(client: ClientApi): void {
    const session = client as Session;
    const { tracking } = session;
    if (tracking === undefined) return;
    for (const name of tracking.prefixes) {
      const prefix = this.#prefixes.get(name);
      prefix?.sessions.delete(session);
      if (prefix?.sessions.size === 0) this.#prefixes.delete(name);
    }
    // What is remembered of it is forgotten as its keys change: to look for it now would take long.
    session.tracking = undefined;
    session.modes &= ~Mode.tracking;
    this.#clients--;
    this.#stopIfIdle();
  }

  /** Listens no more when there is nobody to tell and nothing to forget. */
  #stopIfIdle(): void {
    if (this.#clients > 0 || this.keys > 0) return;
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  /** Forgets a client that goes. */
  leave(session: Session): void {
    this.disable(session);
    if (!session.hasTracked || --this.#acquainted > 0) return;
    this.#readers?.clear();
    this.#stopIfIdle();
  }

  // --- reading --------------------------------------------------------------------------------------------------

  /** Remembers the keys that a command, which only reads, has read for a client that tracks. O(keys). */
  remember({ id, tracking }: Session, command: RegisteredCommand, args: Args): void {
    const readers = this.#readers;
    if (tracking === undefined || readers === undefined || tracking.isBroadcast) return;
    const { caching, isOptIn, isOptOut } = tracking;
    if ((isOptIn && !caching) || (isOptOut && caching)) return;
    const places = this.#placesOf(command);
    const { buf, count, len, off } = args;
    if (places === null) {
      for (const i of keysOf(command, args)) readers.add(buf, off[i], len[i], id);
    } else {
      const [first, last, step] = places;
      const end = last < 0 ? count + last : last;
      for (let i = first; i <= end; i += step) readers.add(buf, off[i], len[i], id);
    }
    this.limit();
  }

  #placesOf(command: RegisteredCommand): Places | null {
    const known = this.#places[command.id];
    if (known !== undefined) return known;
    return this.#places[command.id] = fixedPlaces(command);
  }

  /** Lets go of keys while there are more than `tracking-table-max-keys`, some hundred at a time. */
  limit(): void {
    const readers = this.#readers;
    const most = this.#server.config.values.trackingTableMaxKeys;
    if (readers === undefined || most === 0 || readers.keys <= most) {
      this.#failedEfforts = 0;
      return;
    }
    for (let effort = EFFORT * (this.#failedEfforts + 1); effort > 0; effort--) {
      const key = readers.randomKey();
      if (key === undefined) break;
      this.#invalidate(readers, key);
      if (readers.keys <= most) {
        this.#failedEfforts = 0;
        return;
      }
    }
    this.#failedEfforts++;
  }

  // --- changes --------------------------------------------------------------------------------------------------

  #keyChanged(key: Uint8Array, by: ClientApi | undefined): void {
    if (this.#prefixes.size > 0) this.#noteForPrefixes(key, by);
    if (this.#readers === undefined) return;
    this.#invalidate(this.#readers, key, this.#server.currentSession);
    if (this.#clients === 0) this.#stopIfIdle();
  }

  /** Tells those who have read a key, and forgets it; whoever changed it may not want to be told. */
  #invalidate(readers: KeyReaders, key: Uint8Array, by?: Session): void {
    const ids = readers.take(key, 0, key.length);
    if (ids.length === 0) return;
    const { clients } = this.#server;
    const message = invalidation([key]);
    for (const id of ids) {
      const session = clients.get(id);
      const tracking = session?.tracking;
      if (session === undefined || tracking === undefined || tracking.isBroadcast) continue;
      if (tracking.isNoLoop && session === by) continue;
      this.#send(session, tracking, message);
    }
  }

  /** Tells every client that all keys have gone. O(clients). */
  databasesFlushed(): void {
    if (this.#clients > 0) {
      const message = invalidation(undefined);
      for (const session of this.#server.clients) {
        if (session.tracking !== undefined) this.#send(session, session.tracking, message);
      }
    }
    this.#readers?.clear();
    this.#stopIfIdle();
  }

  #noteForPrefixes(key: Uint8Array, by: ClientApi | undefined): void {
    let name: string | undefined;
    for (const { bytes, changed } of this.#prefixes.values()) {
      if (!beginsWith(key, bytes)) continue;
      name ??= decodeLatin1(key);
      changed.set(name, by);
    }
    if (name === undefined || this.#isBroadcasting) return;
    this.#isBroadcasting = true;
    queueMicrotask(() => this.#broadcast());
  }

  /** Sends every prefix's clients what the batch has changed: prefixes and keys in the order of their bytes. */
  #broadcast(): void {
    this.#isBroadcasting = false;
    const touched = this.#prefixes.values().filter(({ changed }) => changed.size > 0).toArray();
    for (const prefix of touched.sort((a, b) => a.name < b.name ? -1 : 1)) {
      const { changed, sessions } = prefix;
      prefix.changed = new Map();
      const names = [...changed.keys()].sort();
      const keys = names.map(encodeLatin1);
      const message = invalidation(keys);
      for (const session of sessions) {
        const { tracking } = session;
        if (tracking === undefined) continue;
        if (!tracking.isNoLoop) {
          this.#send(session, tracking, message);
          continue;
        }
        const others = keys.filter((_, i) => changed.get(names[i]) !== session);
        if (others.length > 0) this.#send(session, tracking, invalidation(others));
      }
    }
  }

  // --- messages -------------------------------------------------------------------------------------------------

  /** Sends a message to a client, or to the one that it redirects to. */
  #send(session: Session, tracking: Tracked, message: Message): void {
    const { redirect } = tracking;
    const receiver = redirect === 0 ? session : this.#server.clients.get(redirect);
    if (receiver === undefined) {
      tracking.isBroken = true;
      if (session.protocol === 3) session.push(brokenRedirection(redirect));
    } else if (receiver.protocol === 3) {
      receiver.push(message(3));
    } else if (redirect !== 0 && (receiver.modes & Mode.subscribed) !== 0) {
      // RESP2 knows no messages beside replies but those of Pub/Sub.
      receiver.push(message(2));
    }
  }
}

/** A message as a client of a protocol gets it. */
type Message = (protocol: 2 | 3) => Uint8Array;

/** Says that these keys, or (undefined) all keys, are not valid any more; encoded once for all receivers. */
function invalidation(keys: readonly Uint8Array[] | undefined): Message {
  const encoded: { 2?: Uint8Array; 3?: Uint8Array } = {};
  return (protocol) => encoded[protocol] ??= encodeInvalidation(protocol, keys);
}

function encodeInvalidation(
  protocol: 2 | 3,
  keys: readonly Uint8Array[] | undefined,
): Uint8Array {
  const encoder = new ReplyEncoder(protocol, MESSAGE_BYTES);
  if (protocol === 3) {
    encoder.push(2);
    encoder.bulk("invalidate");
  } else {
    encoder.push(3);
    encoder.bulk("message");
    encoder.bulk(CHANNEL);
  }
  if (keys === undefined) {
    encoder.null();
  } else {
    encoder.array(keys.length);
    for (const key of keys) encoder.bulk(key);
  }
  return encoder.bytes();
}

function brokenRedirection(redirect: number): Uint8Array {
  const encoder = new ReplyEncoder(3, MESSAGE_BYTES);
  encoder.push(2);
  encoder.bulk("tracking-redir-broken");
  encoder.int(redirect);
  return encoder.bytes();
}

function beginsWith(key: Uint8Array, prefix: Uint8Array): boolean {
  if (prefix.length > key.length) return false;
  for (let i = 0; i < prefix.length; i++) if (key[i] !== prefix[i]) return false;
  return true;
}

/** Bytes of memory that a client's prefixes take. */
export function prefixMemory({ prefixes }: Tracked): number {
  return prefixes.reduce((sum, prefix) => sum + prefix.length + PREFIX_BYTES, 0);
}

const NO_KEYS: Places = [1, 0, 1];

function fixedPlaces({ mask, spec }: RegisteredCommand): Places | null {
  // A script is not tracked, but the commands that it calls are. A shard channel is no key.
  if (spec.group === "scripting" || (mask & Flag.pubsub) !== 0 || !hasKeys(spec)) return NO_KEYS;
  const [key, another] = spec.keys ?? [];
  if (key === undefined || another !== undefined || key.limit || key.effects?.includes("not_key")) {
    return null;
  }
  const { first, last, movable, step } = keyRange(spec);
  return movable || first === 0 ? null : [first, last, step];
}

/** The keys of a request that may not be one at all. */
function keysOf({ spec }: RegisteredCommand, args: Args): number[] {
  try {
    return findKeys(spec, args).map(({ index }) => index);
  } catch (error) {
    if (error instanceof ReplyError) return [];
    throw error;
  }
}

/** Ends what CLIENT CACHING asked for, unless it was said just now or a transaction is being composed. */
export function endCaching(
  { tracking, transaction }: Session,
  command: RegisteredCommand | undefined,
): void {
  if (tracking === undefined || transaction !== undefined) return;
  if ((command?.parent ?? command)?.fullName !== "client") tracking.caching = false;
}
