/** What all parts of a node's machine share: who it is, what time it is, what it has promised and stored. */

import { AddressBook } from "./address-book.js";
import { Askers } from "./askers.js";
import type { Campaign } from "./campaign.js";
import type { LeaderInfo, Role, Stored, Target } from "./contract.js";
import type { OwnHeader } from "./envelope.js";
import { LoadAverage } from "./load.js";
import type { Member } from "./members.js";
import type { Body, Refusal } from "./messages.js";
import type { ResolvedOptions } from "./options.js";
import { Outbox } from "./outbox.js";
import { Promised } from "./promised.js";
import type { Rules } from "./rules.js";
import type { Now } from "./stamp.js";
import { Troubles } from "./troubles.js";

const NOBODY: LeaderInfo = { id: "", address: "", epoch: 0 };

export class NodeState {
  readonly options: ResolvedOptions;
  readonly rules: Rules;
  readonly outbox: Outbox;
  readonly promised: Promised;
  readonly book: AddressBook;
  readonly askers: Askers = new Askers();
  readonly troubles: Troubles = new Troubles((output) => this.outbox.emit(output));
  /** 16 hexadecimal digits. */
  readonly incarnation: string;
  readonly ownLoads: LoadAverage = new LoadAverage();
  /** Empty until the leader has given one (E8). */
  id: string;
  role: Role = "leaderless";
  now: Now = { mono: 0, wall: 0 };
  /** What is on the disk for certain. */
  durable: Stored;
  /** The epoch in which this node leads, while it does. */
  leadingEpoch: number | undefined;
  /** The attempt to be voted for that is under way. */
  campaign: Campaign | undefined;
  /** How many tables this run of the node has made as a leader. */
  rankings = 0;
  /** How many ids this run of the node has given (E8). */
  given = 0;
  /** Whether this node has something stored of an earlier run. */
  readonly wasThereBefore: boolean;
  /** Whether the promised epoch is no lower than any in which this member may have voted (E20). */
  knowsEpoch: boolean;

  constructor(options: ResolvedOptions, rules: Rules, stored: Stored | undefined) {
    this.options = options;
    this.rules = rules;
    this.wasThereBefore = stored !== undefined;
    this.durable = stored ?? { epoch: 0, holder: "", id: "" };
    this.id = options.id === "" ? this.durable.id : options.id;
    this.promised = new Promised(this.durable.epoch, this.durable.holder);
    this.book = new AddressBook(options.address);
    this.incarnation = hex(options.platform.randomBytes(8));
    this.knowsEpoch = !(options.mode === "quorum" && options.rejoin);
    this.outbox = new Outbox(options, () => this.#header());
  }

  get isQuorum(): boolean {
    return this.options.mode === "quorum";
  }

  get isMember(): boolean {
    return this.memberOf(this.id) !== undefined;
  }

  get otherMembers(): Member[] {
    return this.options.members.filter(({ id }) => id !== this.id);
  }

  memberOf(id: string): Member | undefined {
    return this.options.members.find((member) => member.id === id);
  }

  /** Whether a node may lead: in quorum mode the members (E15). */
  mayLead(id: string): boolean {
    return !this.isQuorum || this.memberOf(id) !== undefined;
  }

  /** 0 to just below 1. */
  random(): number {
    const [a = 0, b = 0, c = 0] = this.options.platform.randomBytes(3);
    return (a * 65_536 + b * 256 + c) / 2 ** 24;
  }

  /** A promise from now on. */
  promise(epoch: number, holder: string): void {
    this.promised.make(epoch, holder, this.now.mono + this.rules.promiseMs(this.options));
  }

  /** Stores what is promised now. False where it cannot. */
  store(then: () => void): boolean {
    return this.outbox.store({ epoch: this.promised.epoch, holder: this.promised.holder, id: this.id }, then);
  }

  /** Names a leader, or nobody, to whoever asked. */
  redirect(link: number, incarnation: string, leader?: LeaderInfo, givenId = "", refusal: Refusal = "none"): void {
    this.outbox.send({ link }, { type: "redirect", for: incarnation, ...named(leader), givenId, refusal });
  }

  stale(to: Target, leader?: LeaderInfo): void {
    this.outbox.send(to, { type: "stale", ...named(leader) });
  }

  /** @param epoch for the header. Default: as that of every message */
  reply(link: number, body: Body, epoch?: number): void {
    this.outbox.send({ link }, body, epoch);
  }

  #header(): OwnHeader {
    const epoch = this.leadingEpoch ?? this.durable.epoch;
    return { epoch, incarnation: this.incarnation, sender: this.id };
  }
}

/** As messages say it; nobody where there is none. */
export function named({ id, address, epoch }: LeaderInfo = NOBODY): {
  leaderId: string;
  leaderAddress: string;
  leaderEpoch: number;
} {
  return { leaderId: id, leaderAddress: address, leaderEpoch: epoch };
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
