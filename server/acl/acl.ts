/**
 * The access control list of a server: its users, who clients are, and what they are refused.
 *
 * A client whose user is allowed everything is never checked: its session lacks {@link Mode.restricted}, so its
 * commands do not even come here. Whatever changes a user brings the sessions of that user in step before it returns.
 *
 * Names, rules and passwords are text of one-byte characters; what comes from the configuration is UTF-8 in there.
 *
 * @module
 */

import type { AclApi, ClientApi, DenialReason } from "../../commands/context.ts";
import type { RegisteredCommand } from "../../commands/registry.ts";
import { ConfigFileError } from "../config/errors.ts";
import { absolutePath, failureReason } from "../config/host.ts";
import type { ConfigLine } from "../config/parser.ts";
import { Args, decodeLatin1, encodeLatin1 } from "../resp/args.ts";
import { ReplyError } from "../resp/errors.ts";
import type { Server } from "../server.ts";
import { Mode, type Session } from "../session.ts";
import { AclLog } from "./acl_log.ts";
import { CheckedRequest, CommandCatalogue, KeyAccess } from "./command_catalogue.ts";
import { type Denial, hasBlanks } from "./selector.ts";
import { type SelectorOptions, User } from "./user.ts";
import {
  binary,
  joinSelectors,
  readConfiguredUsers,
  readUsersFile,
  tryRule,
  untilZero,
  utf8,
} from "./users_file.ts";

const DEFAULT_USER = "default";
/** What the user is allowed whom clients are before they log in, unless the configuration says otherwise. */
const DEFAULT_RULES = ["+@all", "~*", "&*", "on", "nopass"];

/** Why a transaction's command is refused that was allowed when it was queued. */
const REASONS_IN_TRANSACTION: Readonly<Record<DenialReason, string>> = {
  command: "no permission to execute the command or subcommand",
  key: "no permission to touch the specified keys",
  channel: "no permission to access one of the channels used as arguments",
};

/** The users of one server. */
export class Acl implements AclApi {
  readonly log = new AclLog();
  readonly #server: Server;
  readonly #catalogue: CommandCatalogue;
  readonly #options: SelectorOptions;
  readonly #default: User;
  /** Whom clients are whose user is no more, until they are closed: what they have queued must not run as anybody else. */
  readonly #nobody: User;
  #users = new Map<string, User>();

  constructor(server: Server) {
    this.#server = server;
    this.#catalogue = new CommandCatalogue(server.registry);
    this.#options = {
      catalogue: this.#catalogue,
      allChannels: () => server.config.values.aclPubsubDefault === "allchannels",
    };
    this.#default = this.#newDefaultUser();
    this.#nobody = new User(DEFAULT_USER, this.#options);
    this.#users.set(DEFAULT_USER, this.#default);
  }

  #newDefaultUser(): User {
    const user = new User(DEFAULT_USER, this.#options);
    for (const rule of DEFAULT_RULES) user.set(rule);
    return user;
  }

  // --- users ------------------------------------------------------------------------------------------------------

  /** The user whom clients are before they log in. */
  get defaultUser(): User {
    return this.#default;
  }

  /** Whether a new client may do nothing before it logs in. */
  get requiresLogin(): boolean {
    return !this.#default.isOn || !this.#default.needsNoPassword;
  }

  get users(): readonly User[] {
    const byName = (a: User, b: User) => a.name < b.name ? -1 : 1;
    return [...this.#users.values()].sort(byName);
  }

  find(name: string): User | undefined {
    return this.#users.get(name);
  }

  set(name: string, rules: readonly string[]): void {
    if (hasBlanks(name)) {
      throw new ReplyError("ERR Usernames can't contain spaces or null characters");
    }
    const joined = joinSelectors(rules);
    if (joined.unclosed !== undefined) {
      throw new ReplyError(
        `ERR Unmatched parenthesis in acl selector starting at '${untilZero(joined.unclosed)}'.`,
      );
    }
    const user = this.#users.get(name);
    const changed = user?.copy() ?? new User(name, this.#options);
    for (const rule of joined.rules) {
      const error = tryRule(changed, rule);
      if (error === undefined) continue;
      throw new ReplyError(
        `ERR Error in ACL SETUSER modifier '${untilZero(rule)}': ${error.message}`,
      );
    }
    if (user === undefined) {
      this.#users.set(name, changed);
      return;
    }
    this.#closeSubscribers(user, changed);
    user.takeOver(changed);
    this.#permissionsChanged(user);
  }

  delete(names: readonly string[]): number {
    if (names.includes(DEFAULT_USER)) {
      throw new ReplyError("ERR The 'default' user cannot be removed");
    }
    let deleted = 0;
    for (const name of names) if (this.#users.delete(name)) deleted++;
    if (deleted > 0) this.#closeStrangers();
    return deleted;
  }

  /** Gives the default user this password and no other, or (empty) lets it do without: `requirepass`. */
  setDefaultPassword(password: string): void {
    this.#default.set("resetpass");
    this.#default.set(password === "" ? "nopass" : `>${binary(password)}`);
    this.#permissionsChanged(this.#default);
  }

  /** Lets sessions and the dispatcher know what a user is allowed now. O(clients). */
  #permissionsChanged(user: User): void {
    for (const session of this.#server.clients) {
      if (session.account === user) session.account = user;
    }
    if (user === this.#default) this.#server.dispatcher.refresh();
  }

  /** Closes the clients whose users are no more. O(clients). */
  #closeStrangers(): void {
    for (const session of [...this.#server.clients]) {
      const { account } = session;
      if (this.#users.get(account.name) === account) continue;
      session.account = this.#nobody;
      session.authenticated = false;
      this.#close(session);
    }
  }

  /** Closes the clients that are subscribed to what their user may not listen to any more. O(clients). */
  #closeSubscribers(before: User, after: User): void {
    const { selectors } = after;
    if (selectors.some((selector) => selector.allowsAllChannels)) return;
    const allowed = new Set(selectors.flatMap(({ channelPatterns }) => channelPatterns));
    const keepsAll = before.selectors.every((selector) =>
      !selector.allowsAllChannels && selector.channelPatterns.every((each) => allowed.has(each))
    );
    if (keepsAll) return;
    for (const session of [...this.#server.clients]) {
      if (session.account !== before) continue;
      for (const { kind, name } of session.subscriptions?.topics ?? []) {
        const topic = Args.of(name);
        const isPattern = kind === "pattern";
        if (selectors.some((each) => each.allowsSubscription(topic, isPattern))) continue;
        this.#close(session);
        break;
      }
    }
  }

  #close(session: Session): void {
    // Who does it to itself is answered first.
    if (session === this.#server.currentSession) session.closeAfterReply();
    else session.close();
  }

  // --- logging in -------------------------------------------------------------------------------------------------

  logIn(client: ClientApi, name: string, password: string, object: string): boolean {
    const session = client as Session;
    const user = this.#users.get(name);
    if (user?.accepts(password) !== true) {
      this.#note(session, { reason: "auth", object, user: name });
      return false;
    }
    session.account = user;
    session.authenticated = true;
    return true;
  }

  // --- checks -----------------------------------------------------------------------------------------------------

  /** Why a client may not send a request; noted in the log. Undefined when it may. */
  refuse(session: Session, command: RegisteredCommand, args: Args): ReplyError | undefined {
    const denial = this.#check(session.account, command, args);
    if (denial === undefined) return undefined;
    this.#noteDenial(session, { denial, command, args });
    return new ReplyError(`NOPERM ${explain(session.account, { denial, command })}`);
  }

  /** The same for a command of a transaction that is carried out now. */
  refuseQueued(session: Session, command: RegisteredCommand, args: Args): ReplyError | undefined {
    const denial = this.#check(session.account, command, args);
    if (denial === undefined) return undefined;
    this.#noteDenial(session, { denial, command, args });
    return new ReplyError(
      "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC " +
        "call. This command is no longer allowed for the following reason: " +
        REASONS_IN_TRANSACTION[denial.reason],
    );
  }

  refuseInScript(client: ClientApi, command: RegisteredCommand, args: Args): string | undefined {
    const session = client as Session;
    const denial = this.#check(session.account, command, args);
    if (denial === undefined) return undefined;
    this.#noteDenial(session, { denial, command, args, context: "lua" });
    return explain(session.account, { denial, command });
  }

  allows(client: ClientApi, command: RegisteredCommand, args: Args): boolean {
    return this.#check((client as Session).account, command, args) === undefined;
  }

  explainDenial(name: string, command: RegisteredCommand, args: Args): string | undefined {
    const user = this.#users.get(name);
    const denial = user && this.#check(user, command, args);
    if (user === undefined || denial === undefined) return undefined;
    const object = untilZero(args.binary(denial.index));
    return explain(user, { denial, command, object });
  }

  mayReadAnyKey(client: ClientApi, args: Args): boolean {
    const { account, modes } = client as Session;
    if ((modes & Mode.restricted) === 0) return true;
    const command = this.#server.registry.find(args);
    if (command === undefined) return false;
    const request = new CheckedRequest(this.#catalogue, command, args);
    return account.allowsWithAnyKey(request, KeyAccess.read);
  }

  #check(user: User, command: RegisteredCommand, args: Args): Denial | undefined {
    return user.check(new CheckedRequest(this.#catalogue, command, args));
  }

  #noteDenial(session: Session, { denial, command, args, context }: {
    denial: Denial;
    command: RegisteredCommand;
    args: Args;
    context?: "lua";
  }): void {
    const { index, reason } = denial;
    const object = reason === "command" ? command.originalName : args.binary(index);
    const user = session.account.name;
    this.#note(session, { reason, object, user, ...(context && { context }) });
  }

  #note(session: Session, { reason, object, user, context }: {
    reason: DenialReason | "auth";
    object: string;
    user: string;
    context?: "lua";
  }): void {
    this.log.add({
      reason,
      object,
      user,
      context: context ?? (session.inTransaction ? "multi" : "toplevel"),
      client: session.describe(),
    }, {
      now: this.#server.keyspace.now,
      mostEntries: this.#server.config.values.acllogMaxLen,
    });
  }

  // --- files ------------------------------------------------------------------------------------------------------

  /** Lines of a configuration file that say which users there are, without the word `user`. */
  get configLines(): string[] {
    if (this.#server.config.values.aclfile !== "") return [];
    return this.users.map((user) => utf8(`${user.name} ${user.describe()}`));
  }

  /**
   * Takes over the users of the configuration, or those of the ACL file, at the start.
   *
   * @throws {Error} with a message for the operator
   */
  start(lines: readonly ConfigLine[]): void {
    const { aclfile, requirepass } = this.#server.config.values;
    if (requirepass !== "") this.setDefaultPassword(requirepass);
    if (aclfile !== "" && lines.length > 0) {
      throw new ConfigFileError(
        "There are users in the configuration and an aclfile beside them, which is likely to end in " +
          "errors and security holes: have either the one or the other.",
      );
    }
    for (const user of readConfiguredUsers(lines, this.#options)) {
      if (!user.isOn) {
        const name = utf8(user.name);
        this.#server.log(
          "notice",
          `The user '${name}' is off, as there is no 'on' among its rules.`,
        );
      }
      this.#replace(user);
    }
    if (aclfile === "") return;
    try {
      this.load();
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error;
      const reason = error.message.replace(/^ERR /, "");
      throw new ConfigFileError(`Cannot start because of ACL errors: ${reason}`);
    }
  }

  #replace(user: User): void {
    if (user.name === DEFAULT_USER) {
      this.#default.takeOver(user);
      this.#permissionsChanged(this.#default);
    } else {
      this.#users.set(user.name, user);
    }
  }

  load(): void {
    const { config } = this.#server;
    const path = this.#filePath();
    const file = binary(config.values.aclfile);
    let bytes: Uint8Array;
    try {
      bytes = config.host.readBytes(path);
    } catch (error) {
      throw new ReplyError(
        `ERR Error loading ACLs, opening file '${file}': ${failureReason(error)}`,
      );
    }
    const options = this.#options;
    const { errors, users } = readUsersFile(decodeLatin1(bytes), { file, options });
    if (errors !== "") {
      throw new ReplyError(
        `ERR ${errors}WARNING: ACL errors detected, no change to the previously active ACL rules ` +
          "was performed",
      );
    }
    this.#users = new Map([[DEFAULT_USER, this.#default]]);
    this.#replace(users.get(DEFAULT_USER) ?? this.#newDefaultUser());
    for (const user of users.values()) this.#replace(user);
    this.#closeStrangers();
  }

  #filePath(): string {
    const { aclfile, dir } = this.#server.config.values;
    if (aclfile === "") throw noAclFile();
    return absolutePath(dir, aclfile);
  }

  save(): void {
    const path = this.#filePath();
    const lines = this.users.map((user) => `user ${user.name} ${user.describe()}\n`);
    try {
      this.#server.config.host.replaceFile(path, encodeLatin1(lines.join("")));
    } catch (error) {
      this.#server.log("warning", `Cannot save the users to "${path}": ${failureReason(error)}`);
      throw new ReplyError(
        "ERR There was an error trying to save the ACLs. Please check the server logs for more " +
          "information",
      );
    }
  }
}

/** What a user may not do, in Redis's words; key and channel are told only where the asker may know them. */
function explain(
  { name }: User,
  { denial: { reason }, command, object }: {
    denial: Denial;
    command: RegisteredCommand;
    object?: string;
  },
): string {
  if (reason === "command") {
    return `User ${name} has no permissions to run the '${command.originalName}' command`;
  }
  return object === undefined
    ? `No permissions to access a ${reason}`
    : `User ${name} has no permissions to access the '${object}' ${reason}`;
}

function noAclFile(): ReplyError {
  return new ReplyError(
    "ERR This Redis instance is not configured to use an ACL file. You may want to specify users " +
      "via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis " +
      "configuration file set) in order to store users in the Redis configuration.",
  );
}
