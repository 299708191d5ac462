/** What one client has seen and was told, over all its incarnations, against the model: A, D, F and G. */
import type { Delivered, Notice, Position, Welcome } from "../../src/core/index.js";
import { lineOf, type RoomModel, snapshotOf } from "./room-model.js";
import { Violation } from "./violation.js";

export interface PublishRecord {
  readonly payload: string;
  readonly bytes: number;
  readonly incarnation: number;
  outcome: number | string | undefined;
}

/** What the client machine says of itself. */
export interface ClientState {
  readonly epoch: number;
  readonly member: number;
}

export class ClientRecord {
  readonly node: string;
  readonly model: RoomModel;
  readonly publishes: PublishRecord[] = [];
  /** All that servers wrote to this node. */
  readonly welcomes: Welcome[] = [];
  /** How often it was told of a new epoch, and that its session had expired: lives of its session. */
  newEpochs = 0;
  expired = 0;
  gaps = 0;
  /** Snapshots, and beginnings anew: what they pass over is no gap. */
  skips = 0;
  deliveries = 0;
  incarnation = 0;
  /** Nothing was passed over of what changes who is a member, since the last welcome. */
  knowsMembers = false;
  /** By the last welcome, and the joins and leaves above its head that it was given; undefined before one. */
  members: Map<number, string> | undefined;
  readonly #seesWelcomes: boolean;
  /** Of the last welcome. */
  #head = 0;
  /** The end of the last gap that it was told of. */
  gapTo = 0;
  /** The server has no place for its session: nothing can be expected. */
  isRefused = false;
  /** A HELLO of its own, on a connection that it had given up, came behind that of a newer one, and took its session over (B11). */
  isOvertaken = false;
  /** It is to publish more, and is held (B35). */
  isHeld = false;
  /** It has ended for good, with this code, or it was told to leave. */
  ended: string | undefined;
  /** The number that it must be given next; undefined before the first welcome. */
  next: number | undefined;
  epoch = 0;
  /** What it says in its HELLO that it has. */
  last = 0;
  /** All up to it is handled by the application, and saved where it saves. */
  handled = 0;
  /** What the last position that was loaded says. */
  loaded: Position | undefined;
  /** What it was told since its token was saved: with the old one it is refused. */
  hasNewToken = false;
  #stable = 0;
  /** What was told as passed over in this epoch: there is nothing to handle in it. */
  #passed: { readonly from: number; readonly to: number }[] = [];
  /** The highest number that it was given in this epoch. */
  #highest = 0;
  /** It was given something in this incarnation, or before its position was saved. */
  #hasBegun = false;

  /** @param seesWelcomes that `welcomes` is kept: a real server's are not, so whom they name is not known */
  constructor(node: string, model: RoomModel, seesWelcomes = true) {
    this.node = node;
    this.model = model;
    this.#seesWelcomes = seesWelcomes;
  }

  /** All up to it is handled, or nothing that could be. */
  get mayAcknowledge(): number {
    let upTo = this.handled;
    for (const { from, to } of this.#passed) if (from <= upTo + 1) upTo = Math.max(upTo, to);
    return upTo;
  }

  get isLive(): boolean {
    return this.ended === undefined && this.incarnation > 0;
  }

  started(position: Position | undefined): void {
    this.incarnation++;
    this.ended = undefined;
    this.isHeld = false;
    this.loaded = position;
    this.hasNewToken = false;
    this.epoch = position?.epoch ?? 0;
    this.next = position === undefined ? undefined : position.last + 1;
    this.last = position?.last ?? 0;
    this.handled = this.last;
    this.#highest = this.last;
    this.#stable = 0;
    this.#hasBegun = position !== undefined;
    this.#passed = [];
    // What the process before this one did not hear of, nobody will tell.
    for (const one of this.publishes) one.outcome ??= "crashed";
  }

  deliver(entries: readonly Delivered[], { member }: ClientState): void {
    for (const entry of entries) {
      const { number } = entry;
      if (this.next === undefined) throw new Violation("A", `${this.node} is given ${number} before a welcome`);
      if (number !== this.next) {
        throw new Violation(
          number > this.next ? "G" : "A",
          `${this.node} is given ${number}, and ${this.next} is next`,
        );
      }
      if (number <= this.#highest) throw new Violation("A", `${this.node} is given ${number} again`);
      this.model.delivered(this.node, this.epoch, number, lineOf(entry));
      if (entry.own !== (entry.member === member)) {
        throw new Violation("F", `${this.node} is told that ${number} is ${entry.own ? "" : "not "}its own`);
      }
      this.#changed(entry);
      this.next = number + 1;
      this.last = number;
      this.#highest = number;
      this.#hasBegun = true;
      this.deliveries++;
    }
  }

  notice(notice: Notice, state: ClientState): void {
    switch (notice.type) {
      case "welcome":
        this.knowsMembers = true;
        this.#head = notice.head;
        if (this.#seesWelcomes) this.#welcomed(notice, state);
        // Who asks anew, since nothing of what it asked for came, begins anew.
        if (this.next === undefined || this.#asksAnew(notice.status)) {
          if (this.next === undefined) this.epoch = state.epoch;
          else this.skips++;
          this.next = notice.resumeFrom;
          this.last = notice.resumeFrom - 1;
          this.handled = this.last;
        }
        return;
      case "gap":
        return this.#gap(notice);
      case "epoch":
        return this.#epoch(notice);
      case "snapshot":
        if (!Buffer.from(notice.bytes).equals(snapshotOf(notice.upTo))) {
          throw new Violation("A", `${this.node} is given another snapshot for ${notice.upTo}`);
        }
        this.skips++;
        this.#passedOver(this.next ?? 1, notice.upTo);
        this.next = notice.upTo + 1;
        this.last = notice.upTo;
        this.#hasBegun = true;
        return;
      case "expired":
        this.expired++;
        this.hasNewToken = true;
        return;
      case "stable":
        if (notice.upTo < this.#stable) throw new Violation("B21", `${this.node}: stable goes back to ${notice.upTo}`);
        this.#stable = notice.upTo;
        return;
    }
  }

  /** B10: whom it named. */
  #welcomed({ head, resumeFrom, member }: Extract<Notice, { type: "welcome" }>, { epoch }: ClientState): void {
    const isIt = (one: Welcome): boolean =>
      one.epoch === epoch && one.head === head && one.resumeFrom === resumeFrom && one.member === member;
    const said = this.welcomes.findLast(isIt);
    if (said === undefined)
      throw new Violation("A", `${this.node} is told of a welcome at ${head} that no server said`);
    this.members = new Map(said.members.map((one) => [one.member, one.name]));
  }

  /** B10: entries above the head alone change who is a member, also behind a gap. */
  #changed({ kind, number, member, bytes }: Delivered): void {
    if (number <= this.#head) return;
    if (kind === "join") this.members?.set(member, Buffer.from(bytes).toString());
    else if (kind === "leave") this.members?.delete(member);
  }

  #gap({ from, to }: Extract<Notice, { type: "gap" }>): void {
    this.gaps++;
    this.#passedOver(from, to);
    this.gapTo = to;
    if (this.next === undefined) throw new Violation("G", `${this.node} is told of a gap before a welcome`);
    // What it asked for and is not held any more is told behind the welcome that begins after it.
    if (to === this.next - 1 && this.last === to) return;
    if (from !== this.next) {
      throw new Violation("G", `${this.node} is told of a gap from ${from} to ${to}, and ${this.next} is next`);
    }
    this.next = to + 1;
    this.last = to;
    this.#hasBegun = true;
  }

  /** A WELCOME names the members at its head: what lies behind that and is not given is not known. */
  #passedOver(from: number, to: number): void {
    this.#passed.push({ from, to });
    if (to > this.#head) this.knowsMembers = false;
  }

  /** B26: where it goes on in another epoch. */
  #epoch({ previous, epoch, from }: Extract<Notice, { type: "epoch" }>): void {
    if (previous !== this.epoch)
      throw new Violation("G", `${this.node} leaves epoch ${previous}, and is in ${this.epoch}`);
    const log = this.model.epochs.get(epoch);
    const welcome = this.welcomes.findLast((one) => one.epoch === epoch && one.resumeFrom === from);
    if (log === undefined || welcome === undefined) {
      throw new Violation("G", `${this.node} is told of epoch ${epoch} from ${from}, which no server said`);
    }
    const isAnew = this.#asksAnew(welcome.status);
    const asked = log.previous === previous && this.last < log.start ? (this.next ?? 1) : log.start;
    const expected = Math.max(asked, welcome.firstRetained);
    if (from !== expected && !isAnew) {
      throw new Violation("G", `${this.node} goes on at ${from} in epoch ${epoch}, and not at ${expected}`);
    }
    this.newEpochs++;
    this.#passed = [];
    this.epoch = epoch;
    this.next = from;
    this.last = from - 1;
    this.#highest = this.last;
    this.#stable = 0;
  }

  /** Nothing of what it asked for came: it may ask as it did at first, in a session that is known or not. */
  #asksAnew(status: string): boolean {
    return !this.#hasBegun && (status === "fresh" || status === "expired");
  }

  published(id: number, number: number, { epoch }: ClientState): void {
    const record = this.#publish(id, `is ${number}`);
    record.outcome = number;
    this.model.acknowledged(this.node, epoch, number, record.payload);
  }

  failed(id: number, code: string): void {
    const record = this.#publish(id, code);
    record.outcome = code;
    // Either may be told with the end itself, which comes after it.
    if (code === "UNKNOWN_OUTCOME" && this.newEpochs + this.expired === 0) {
      this.#suspect = `${this.node}: the fate of "${record.payload}" is unknown, and nothing happened to its session`;
    }
    if (code === "NUMBER_LOST" && this.gaps + this.skips + this.newEpochs + this.expired === 0) {
      this.#suspect = `${this.node}: the number of "${record.payload}" is lost, and there was no gap`;
    }
  }

  #suspect: string | undefined;

  /** After each input. */
  settled(): void {
    const suspect = this.#suspect;
    this.#suspect = undefined;
    if (suspect !== undefined && this.ended === undefined) throw new Violation("G", suspect);
  }

  #publish(id: number, what: string): PublishRecord {
    const record = this.publishes[id];
    if (record === undefined) throw new Violation("G", `${this.node}: a publish ${id} that nobody made ${what}`);
    if (record.outcome !== undefined) {
      throw new Violation("G", `${this.node}: "${record.payload}" ${what}, and was told ${record.outcome} before`);
    }
    return record;
  }

  /** What it lacks after a calm: the rest of the log, or the fate of a message. */
  missing(isThere: boolean): string | undefined {
    if (this.incarnation === 0 || this.isRefused) return undefined;
    const pending = this.publishes.find(({ outcome }) => outcome === undefined);
    if (pending !== undefined) return `${this.node} waits for the fate of "${pending.payload}"`;
    if (!isThere || this.ended !== undefined) return undefined;
    if (this.isHeld) return `${this.node} is held, and has more to publish`;
    const { current } = this.model;
    if (current === undefined || this.next === undefined) return `${this.node} has no welcome`;
    if (this.epoch !== current.epoch) return `${this.node} is in epoch ${this.epoch}, not ${current.epoch}`;
    if (this.next !== current.head + 1) return `${this.node} waits for ${this.next} of ${current.head}`;
    return this.handled < this.next - 1 ? `${this.node} has handled ${this.handled} of ${current.head}` : undefined;
  }
}
