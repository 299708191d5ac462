/** A room whose log is elsewhere, and is followed by several gateways of which this is one (docs/broadcast.md B38 to B40). */

import { BatchWriter } from "./batch.js";
import { ID_BYTES } from "./codec.js";
import type { Connection } from "./connection.js";
import { drawEpoch } from "./epoch.js";
import { fromHex, toHex } from "./hex.js";
import { type Hello, LEAVE_REASONS } from "./messages.js";
import type { PublishWalker } from "./publish-frame.js";
import { Room, type WelcomeFacts } from "./room.js";
import type { ServerContext } from "./server-context.js";
import type { SharedEntry } from "./server-contract.js";
import type { RoomView } from "./server-view.js";
import { type Attachment, SharedAdmission } from "./shared-admission.js";
import { SharedAllowances } from "./shared-allowances.js";
import { frameOfShared, JoinedMembers } from "./shared-entries.js";
import { type LocalMember, LocalMembers } from "./shared-local-members.js";
import { SharedOwners } from "./shared-owners.js";
import { type PendingBytes, SharedPublisher } from "./shared-publisher.js";
import { SharedRequests } from "./shared-requests.js";
import { SharedRetries } from "./shared-retries.js";

const READ_BYTES = 65_536;
const TOO_BIG = Uint8Array.of(1);
const NO_TOKEN = new Uint8Array(ID_BYTES);

export class SharedRoom extends Room {
  readonly hasOlder = true;
  readonly requests: SharedRequests;
  readonly #owners: SharedOwners;
  readonly #joined = new JoinedMembers();
  readonly #writer = new BatchWriter();
  readonly #pending: PendingBytes = { pendingBytes: 0 };
  readonly #locals = new LocalMembers();
  /** What is to be said in a WELCOME, once the log was followed up to its head. */
  readonly #facts = new Map<Connection, WelcomeFacts>();
  readonly #retries: SharedRetries;
  readonly #admission: SharedAdmission;
  readonly #allowances: SharedAllowances;
  readonly #reading = new Set<Connection>();
  /** What came before the log was known to be open. */
  #early: { readonly first: number; readonly entries: readonly SharedEntry[] }[] = [];
  #earlyBytes = 0;
  /** Members whose sessions the log is asked for: they count as connected (B23). */
  readonly #attaching = new Set<Connection>();
  #isOver = false;
  #publishing: LocalMember | undefined;
  #repeating: LocalMember | undefined;
  /** Tells the machine that the room can not go on. */
  readonly #giveUp: (message: string, now: number) => void;
  readonly #retire: () => void;

  constructor(
    name: string,
    context: ServerContext,
    giveUp: (message: string, now: number) => void,
    retire: () => void,
    now: number,
  ) {
    super(name, context);
    this.#giveUp = giveUp;
    this.#retire = retire;
    this.requests = new SharedRequests(context, name);
    this.#retries = new SharedRetries(context);
    this.#admission = new SharedAdmission(context, this.requests, this.#retries);
    this.#owners = new SharedOwners(context, this.requests, (owner, then) => this.#lost(owner, then));
    const { maxPublishRate, maxSessions } = context.settings;
    this.#allowances = new SharedAllowances(maxPublishRate, maxSessions);
    this.#openLog(now);
  }

  protected override get pendingBytes(): number {
    return this.#pending.pendingBytes;
  }

  get isIdle(): boolean {
    return this.connections.size === 0 && this.#owners.size === 0;
  }

  /** The next entries of the log. */
  entries(first: number, entries: readonly SharedEntry[], now: number): void {
    if (this.#isOver) return;
    if (this.life === undefined) {
      this.#early.push({ first, entries });
      for (const { bytes } of entries) this.#earlyBytes += bytes.length;
      if (this.#earlyBytes > this.context.settings.historyBytes) this.#giveUp("the shared log does not open", now);
      return;
    }
    const { log } = this.life;
    if (first > log.head + 1) {
      this.#giveUp(`entries from ${first} on, but ${log.head + 1} is next`, now);
      return;
    }
    for (let at = log.head + 1 - first; at < entries.length; ) {
      const { frame, count } = frameOfShared(this.#writer, first + at, entries, at);
      this.deliver(first + at, count, frame, now);
      for (let i = at; i < at + count; i++) this.#seen(first + i, entries[i] as SharedEntry);
      at += count;
    }
    this.#locals.acknowledge((connection, { clientSeq, number, code }) => {
      this.puback(connection, clientSeq, number, code);
    });
    this.pendingChanged(now);
    for (const connection of [...this.#facts.keys()]) this.welcomeIfReady(connection, now);
  }

  protected admit(connection: Connection, hello: Hello, now: number): void {
    if (!connection.observer && this.#isFull(hello)) {
      this.context.hangUp(connection, "FULL", `${this.context.settings.maxMembers} members are connected`, now);
      return;
    }
    this.wantFirstSnapshot(connection, hello, now);
    if (connection.observer) {
      this.#admission.observe(connection, now, (firstRetained, then) => {
        const nothing = { token: NO_TOKEN, member: 0, lastClientSeq: 0, lastNumber: 0, made: false };
        // The gateway's own head counts when it is said.
        const facts = { head: firstRetained - 1, firstRetained, members: [], liveFrom: 0, ...nothing };
        this.#facts.set(connection, facts);
        this.welcomeIfReady(connection, then);
      });
      return;
    }
    this.#attaching.add(connection);
    this.#admission.attach(connection, hello, now, (attachment, then) => {
      this.#attaching.delete(connection);
      this.#attached(connection, attachment, then);
    });
  }

  protected welcomeIfReady(connection: Connection, now: number): void {
    const facts = this.#facts.get(connection);
    if (facts === undefined || this.life === undefined || connection.state !== "room") return;
    if (connection.awaitsSnapshot || this.life.log.head < facts.head) return;
    this.#facts.delete(connection);
    if (facts.member > 0) this.welcome(connection, facts, now);
    else this.welcomeObserver(connection, this.#joined.list(), facts.firstRetained, now);
  }

  publish(connection: Connection, walker: PublishWalker, now: number): void {
    const member = this.#locals.of(connection) as LocalMember;
    const { settings, hangUp } = this.context;
    const { firstClientSeq, count } = walker;
    const { next } = member.publisher;
    if (firstClientSeq > next) {
      hangUp(connection, "BAD_SEQ", `client seq ${firstClientSeq}, but ${next} is next`, now);
      return;
    }
    const last = firstClientSeq + count - 1;
    if (last < next) {
      if (!this.context.control(connection, now)) return;
      if (firstClientSeq <= member.lastClientSeq) this.#repeating = member;
      return;
    }
    if (last - connection.pubackedSeq > settings.publishWindow) {
      hangUp(connection, "BAD_MESSAGE", `more than ${settings.publishWindow} publishes without a PUBACK`, now);
      return;
    }
    for (let clientSeq = firstClientSeq; walker.next(); clientSeq++) {
      if (clientSeq < next) continue;
      if (walker.end - walker.start > settings.maxMessageBytes) member.publisher.add("marker", TOO_BIG);
      else member.publisher.add("message", walker.bytes.slice(walker.start, walker.end));
    }
    this.#publishing = member;
    this.published(connection, last - next + 1, now);
  }

  endTurn(now: number): void {
    this.#publishing?.publisher.flush(now);
    this.#publishing = undefined;
    const member = this.#repeating;
    this.#repeating = undefined;
    if (member !== undefined && member.connection.state === "open") {
      const { connection, lastClientSeq, lastNumber, lastIsMarker } = member;
      if (connection.pubackedSeq <= lastClientSeq && connection.waitingPubacks.length === 0) {
        this.puback(connection, lastClientSeq, lastNumber, lastIsMarker ? "too big" : "ok");
      }
    }
    this.pendingChanged(now);
  }

  leave(connection: Connection, now: number): void {
    this.endTurn(now);
    const member = this.#locals.of(connection);
    if (member === undefined) return;
    const { clientId, owner } = member;
    this.#owners.forget(owner);
    this.requests.ask({ op: "leave", clientId, owner, reason: "left" }, now, () => {});
  }

  override exit(connection: Connection, now: number): void {
    this.#facts.delete(connection);
    this.#reading.delete(connection);
    this.#attaching.delete(connection);
    const member = this.#locals.of(connection);
    if (member !== undefined) {
      this.#locals.delete(member);
      member.publisher.end();
      this.#owners.away(member.owner, now);
      this.#allowances.keep(member.clientId, connection, now);
    }
    super.exit(connection, now);
  }

  fetchOlder(connection: Connection, now: number): void {
    if (this.#reading.has(connection)) return;
    this.#reading.add(connection);
    const from = connection.cursor.number;
    this.requests.ask({ op: "read", from, maxBytes: READ_BYTES }, now, (answer, then) => {
      // Whoever is gone is not among them any more.
      if (!this.#reading.delete(connection) || this.life === undefined) return;
      const { fanOut } = this.life;
      const some = {
        frame: (number: number, most: number) => {
          const { first = 0, entries = [] } = answer ?? {};
          const at = number - first;
          return at < 0 || at >= entries.length
            ? undefined
            : frameOfShared(this.#writer, number, entries, at, most, READ_BYTES);
        },
      };
      const isUseful = answer !== undefined && fanOut.older(connection, answer.firstRetained, some, then);
      if (!isUseful) this.#retries.add((later) => this.life?.fanOut.pump(connection, later), then);
    });
  }

  override tick(now: number): void {
    if (this.requests.isOutOfReach(now)) {
      this.#giveUp("the shared log is out of reach", now);
      return;
    }
    super.tick(now);
    if (this.life !== undefined) this.#owners.tick(now);
    for (const { publisher } of this.#locals) publisher.tick(now);
    this.#retries.tick(now);
    this.#admission.tick(now);
    if (this.life === undefined || !this.isIdle) return;
    // What its members may publish would begin anew with another life of it (B16).
    const until = this.#allowances.forgetFull(now);
    if (until === undefined) this.#retire();
    else this.context.out.wake(until);
  }

  end(): void {
    this.#isOver = true;
    this.requests.forgetAll();
    this.context.out.push({ type: "unshare", room: this.name });
  }

  shutdown(): void {
    this.end();
  }

  override view(): RoomView {
    return { ...super.view(), members: this.#locals.size, sessions: this.#owners.size };
  }

  /** Who takes over a connection needs no place. */
  #isFull({ clientId }: Hello): boolean {
    if (this.#locals.ofClient(toHex(clientId)) !== undefined) return false;
    return this.#locals.size + this.#attaching.size >= this.context.settings.maxMembers;
  }

  #openLog(now: number): void {
    const freshEpoch = drawEpoch(this.context.platform);
    this.requests.ask({ op: "open", freshEpoch }, now, (answer, then) => {
      if (answer === undefined) {
        this.#retries.add((later) => this.#openLog(later), then);
        return;
      }
      const { epoch, head, members, epochStart = 1, previousEpoch = 0, previousHead = 0 } = answer;
      if (members !== undefined) this.#joined.set(members);
      this.#owners.start(then);
      // One in which nothing is yet begins here, though another gateway opened it.
      const goesOn = epoch !== freshEpoch && head >= epochStart;
      this.begin({ epoch, previousEpoch, previousHead, epochStart }, this.newLog(head), goesOn, then);
      const early = this.#early;
      this.#early = [];
      for (const { first, entries } of early) this.entries(first, entries, then);
    });
  }

  #attached(connection: Connection, { clientId, owner, answer, made }: Attachment, now: number): void {
    const { hangUp } = this.context;
    const { outcome, member, lastClientSeq, lastNumber } = answer;
    if (outcome === "unauthorized") {
      hangUp(connection, "UNAUTHORIZED", "the client id is known, and this is not its token", now);
      return;
    }
    if (outcome === "full") {
      hangUp(connection, "FULL", "the shared log has no place for another session", now);
      return;
    }
    if (answer.epoch !== this.life?.epoch.epoch) {
      this.#giveUp("the shared log is another", now);
      return;
    }
    const old = this.#locals.ofClient(clientId);
    if (old !== undefined) hangUp(old.connection, "TAKEN_OVER", "another connection has the session now", now);
    this.#owners.add(owner, clientId, now);
    if (connection.state !== "room") {
      this.#owners.away(owner, now);
      return;
    }
    const publisher = new SharedPublisher(
      this.context,
      this.requests,
      this.#pending,
      (why, then) => this.#refused(connection, why, then),
      { clientId, owner, member },
      lastClientSeq,
    );
    const local: LocalMember = {
      ...{ connection, clientId, owner, member, publisher, lastClientSeq, lastNumber },
      lastIsMarker: false,
      runs: [],
    };
    this.#locals.add(local);
    this.#allowances.goOn(clientId, connection);
    if (connection.tokens < 0) this.published(connection, 0, now);
    const { head, firstRetained, members, joinNumber } = answer;
    const liveFrom = joinNumber > 0 ? joinNumber : head + 1;
    const session = { token: fromHex(answer.token), member, lastClientSeq, lastNumber, made };
    this.#facts.set(connection, { head, firstRetained, members, liveFrom, ...session });
    this.welcomeIfReady(connection, now);
  }

  /** An entry that everybody was given. */
  #seen(number: number, entry: SharedEntry): void {
    const { kind, member, bytes } = entry;
    const { out } = this.context;
    if (kind === "join") {
      const name = new TextDecoder().decode(bytes);
      this.#joined.join(member, name);
      out.event({ type: "joined", room: this.name, member, name, number });
      return;
    }
    if (kind === "leave") {
      const reason = LEAVE_REASONS[bytes[0] ?? 0] ?? "left";
      out.event({ type: "left", room: this.name, member, name: this.#joined.leave(member), number, reason });
      return;
    }
    this.#locals.seen(number, entry);
  }

  #refused(connection: Connection, why: "bad seq" | "not owner", now: number): void {
    if (why === "bad seq") this.context.hangUp(connection, "BAD_SEQ", "the shared log misses what is before it", now);
    else this.#takenOver(connection, now);
  }

  /** Another gateway has the session (B39). */
  #lost(owner: string, now: number): void {
    for (const local of [...this.#locals]) if (local.owner === owner) this.#takenOver(local.connection, now);
  }

  #takenOver(connection: Connection, now: number): void {
    const local = this.#locals.of(connection);
    this.context.hangUp(connection, "TAKEN_OVER", "another gateway has the session now", now);
    if (local !== undefined) this.#owners.forget(local.owner);
  }
}
