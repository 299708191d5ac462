/** A node that does not lead: whom it reports to, what it does when it hears nothing (election rules E18, E28 to E34). */

import type { Fallback, LeaderInfo } from "./contract.js";
import type { BodyOf, Header } from "./messages.js";
import type { NodeState } from "./node-state.js";
import type { Stamp } from "./stamp.js";
import { Succession } from "./succession.js";
import { orderOf } from "./token.js";
import { placeOf, startUpWaitMs } from "./turn.js";

/** Addresses asked in one round (E28). */
const ASKED_AT_ONCE = 8;
/** Refused connections after which an available leader is given up (E32). */
const MAX_REFUSALS = 4;
const NEVER: number = Number.POSITIVE_INFINITY;
/** What an Ack's stamp must exceed: a promise is not renewed by what came before. */
const NO_STAMP: Stamp = { mono: Number.NEGATIVE_INFINITY, wall: 0 };

export class Following {
  readonly #node: NodeState;
  /** Whom this node reports to. */
  #target: LeaderInfo | undefined;
  /** Whether the target has acknowledged. */
  #isAccepted = false;
  #stamp: Stamp = NO_STAMP;
  #fallbacks: readonly Fallback[] = [];
  #lastLeader = "";
  #reportAt = NEVER;
  #askAt = NEVER;
  #standAt = NEVER;
  /** When a target that does not acknowledge is given up. */
  #claimEnds = NEVER;
  #refusals = 0;
  #storingEpoch = 0;
  readonly #succession: Succession;

  constructor(node: NodeState) {
    this.#node = node;
    this.#succession = new Succession(node);
  }

  get leader(): LeaderInfo | undefined {
    return this.#node.role === "follower" ? this.#target : undefined;
  }

  get fallbacks(): readonly Fallback[] {
    return this.#fallbacks;
  }

  /** As at start-up: asks around for so long, and takes its turn if nobody leads then (E31). */
  startUp(askingMs: number = 3 * this.#node.options.reportMs): void {
    const { now } = this.#node;
    this.#forgetTarget();
    this.#fallbacks = [];
    this.#askAt = now.mono;
    this.#standAt = now.mono + askingMs + startUpWaitMs(this.#node, this.#place());
  }

  /** A leader that leads no more, and whom it had named. */
  after(leaderId: string, fallbacks: readonly Fallback[], waitMs?: number): void {
    const { options, now } = this.#node;
    this.#forgetTarget();
    this.#lastLeader = leaderId;
    this.#fallbacks = fallbacks;
    this.#askAt = now.mono;
    this.#standAt = now.mono + (waitMs ?? this.#place() * options.stepMs);
  }

  /** Nothing to report, nothing to wait for: this node leads, or its campaign decides. */
  rest(): void {
    this.#forgetTarget();
    this.#askAt = NEVER;
    this.#standAt = NEVER;
  }

  /** Asks around, and stands again after a while: a campaign was lost, or a vote given. */
  wait(waitMs: number): void {
    const { now, options } = this.#node;
    this.#isAccepted = false;
    if (this.#claimEnds === NEVER) this.#claimEnds = now.mono + 2 * options.reportMs;
    if (this.#askAt === NEVER) this.#askAt = now.mono;
    this.#standAt = now.mono + waitMs;
  }

  /** A vote was given: stands in its turn, should that candidate fail. */
  waitAfterVote(): void {
    const node = this.#node;
    this.wait(node.promised.untilMono - node.now.mono + this.#place() * node.options.stepMs);
  }

  /** Somebody is said to lead. Reports there where that is news; true where it does. */
  claim(leader: LeaderInfo): boolean {
    const node = this.#node;
    if (leader.id === "" || leader.id === node.id || !node.mayLead(leader.id)) return false;
    if (node.isQuorum && leader.epoch < node.promised.epoch) return false;
    const target = this.#target;
    const order = target === undefined ? 1 : orderOf(leader, target);
    if (order < 0 && this.#isAccepted) return false;
    if (order === 0 && leader.address === target?.address) return false;
    const former = this.#isAccepted && !node.isQuorum ? target : undefined;
    this.#aimAt(leader);
    this.#reportAt = order > 0 ? node.now.mono : Math.min(this.#reportAt, node.now.mono + node.options.reportMs);
    // Its hosts leave it: an available leader learns now why, and from whom (E40).
    if (former !== undefined) node.stale({ address: former.address }, leader);
    return true;
  }

  #aimAt(leader: LeaderInfo): void {
    const node = this.#node;
    this.#target = leader;
    this.#isAccepted = false;
    this.#stamp = NO_STAMP;
    this.#claimEnds = node.now.mono + 2 * node.options.reportMs;
    this.#refusals = 0;
    node.book.add(leader.address);
    if (node.role !== "follower") return;
    node.role = "leaderless";
    if (this.#askAt === NEVER) this.#askAt = node.now.mono + node.options.reportMs;
    this.#standAt = Math.max(node.promised.untilMono, this.#claimEnds) + this.#place() * node.options.stepMs;
  }

  /** A leader answered: without votes, nobody stands while there is one, even if it takes no report from this node (E31). */
  heardLeader(): void {
    const { isQuorum, now, options } = this.#node;
    if (isQuorum || this.#standAt === NEVER) return;
    this.#standAt = Math.max(this.#standAt, now.mono + 3 * options.reportMs);
  }

  /** Whether the Ack is accepted (E18); a promise from now on, where it is. */
  acknowledge({ epoch, sender }: Header, ack: BodyOf<"ack">): boolean {
    const node = this.#node;
    if (ack.for !== node.incarnation || sender === node.id || !node.mayLead(sender)) return false;
    if (!this.#isAcceptable(epoch, sender)) return false;
    const isSame = this.#target?.id === sender && this.#target.epoch === epoch;
    if (isSame && ack.stamp.mono <= this.#stamp.mono) return false;
    if (!isSame || this.#target?.address !== ack.address) this.#target = { id: sender, address: ack.address, epoch };
    this.#isAccepted = true;
    this.#stamp = ack.stamp;
    this.#fallbacks = ack.fallbacks;
    this.#lastLeader = sender;
    this.#claimEnds = NEVER;
    this.#askAt = NEVER;
    this.#standAt = NEVER;
    this.#refusals = 0;
    if (this.#reportAt === NEVER) this.#reportAt = node.now.mono + node.options.reportMs;
    node.promise(Math.max(epoch, node.promised.epoch), sender);
    node.knowsEpoch = true;
    node.role = "follower";
    node.book.add(ack.address);
    for (const { address } of ack.fallbacks) node.book.add(address);
    this.#storeEpoch();
    return true;
  }

  #isAcceptable(epoch: number, sender: string): boolean {
    const { promised, isQuorum, role, rules } = this.#node;
    // Whoever leads has a majority: a vote that was given to another in that epoch, or to oneself, was in vain.
    if (isQuorum) return rules.takesEpoch(epoch, promised.epoch);
    if (role !== "follower" || this.#target === undefined) return true;
    return orderOf({ epoch, id: sender }, this.#target) >= 0;
  }

  /** Sees to it that what is promised gets on the disk: others learn of an epoch only from there. */
  #storeEpoch(): void {
    const node = this.#node;
    if (node.promised.epoch <= Math.max(node.durable.epoch, this.#storingEpoch)) return;
    this.#storingEpoch = node.promised.epoch;
    if (!node.store(() => {})) this.storeFailed();
  }

  /** The next report, or round of questions, tries again. */
  storeFailed(): void {
    this.#storingEpoch = 0;
  }

  /** Connections to an address are refused (E32). */
  refused(address: string): void {
    const node = this.#node;
    if (node.isQuorum || node.role !== "follower" || address !== this.#target?.address) return;
    if (++this.#refusals >= MAX_REFUSALS) node.promised.void();
  }

  /** The leader asks whether this node lives, to hand over to it (E35). */
  prepare(header: Header, body: BodyOf<"prepare">, link: number): void {
    const leader = this.#followed(header);
    if (leader !== undefined) this.#succession.prepare(leader, header, body, link);
  }

  /** The leader that has stopped, if the offer is one to take (E37). */
  offered(header: Header, body: BodyOf<"offer">): LeaderInfo | undefined {
    return this.#succession.offered(this.#followed(header), body);
  }

  /** The leader, if the message is of the one that is followed. */
  #followed({ sender, epoch }: Header): LeaderInfo | undefined {
    const { leader } = this;
    return leader?.id === sender && leader.epoch === epoch ? leader : undefined;
  }

  /** What is due. True where it is this node's turn to stand. */
  advance(): boolean {
    const node = this.#node;
    const { mono } = node.now;
    const { reportMs } = node.options;
    if (node.role === "follower" && node.promised.isExpired(mono)) this.#loseLeader();
    if (!this.#isAccepted && mono >= this.#claimEnds) this.#forgetTarget();
    if (this.#target !== undefined && mono >= this.#reportAt) {
      this.#reportAt = mono + reportMs;
      this.#storeEpoch();
      if (node.id !== "") this.#report(this.#target);
    }
    if (mono >= this.#askAt) {
      this.#askAt = mono + reportMs;
      this.#storeEpoch();
      this.#askAround();
    }
    if ((node.role !== "leaderless" && node.role !== "released") || mono < this.#standAt) return false;
    if (this.#mustYield()) {
      this.#standAt = node.promised.untilMono + this.#place() * node.options.stepMs;
      return false;
    }
    return node.mayLead(node.id === "" ? "-" : node.id);
  }

  /** Who has promised itself to another does not stand. */
  #mustYield(): boolean {
    const { promised, now, id, isQuorum } = this.#node;
    return isQuorum && !promised.isFree(this.#node.rules, now.mono, id);
  }

  nextDeadline(): number {
    const { role, promised } = this.#node;
    const due = [this.#askAt, this.#claimEnds];
    if (this.#target !== undefined) due.push(this.#reportAt);
    if (role === "follower") due.push(promised.untilMono);
    if (
      (role === "leaderless" || role === "released") &&
      this.#node.mayLead(this.#node.id === "" ? "-" : this.#node.id)
    ) {
      due.push(this.#standAt);
    }
    return Math.min(...due);
  }

  /** The promise has expired (E28, E29). */
  #loseLeader(): void {
    const node = this.#node;
    const { mono } = node.now;
    const { stepMs, reportMs } = node.options;
    const isListed = this.#fallbacks.some(({ id }) => id === node.id);
    node.role = "leaderless";
    this.#isAccepted = false;
    this.#claimEnds = mono + 2 * reportMs;
    this.#askAt = mono;
    this.#standAt = mono + this.#place() * stepMs;
    if (node.isQuorum || isListed) return;
    this.#standAt = mono + (this.#fallbacks.length + 1) * stepMs + 3 * reportMs + node.random() * 2 * stepMs;
  }

  #place(): number {
    return placeOf(this.#node, this.#fallbacks, this.#lastLeader);
  }

  #forgetTarget(): void {
    this.#target = undefined;
    this.#isAccepted = false;
    this.#stamp = NO_STAMP;
    this.#claimEnds = NEVER;
    this.#reportAt = NEVER;
    this.#succession.forget();
  }

  #report(target: LeaderInfo): void {
    const node = this.#node;
    // An epoch is echoed once it is stored (E17).
    const mayEcho = this.#isAccepted && node.durable.epoch >= target.epoch && node.promised.holder === target.id;
    node.outbox.ask(target.address, {
      type: "report",
      address: node.options.address,
      hostName: node.options.hostName,
      ui: node.options.ui,
      echo: mayEcho ? { epoch: target.epoch, stamp: this.#stamp } : undefined,
      load: node.ownLoads.newest,
    });
  }

  #askAround(): void {
    const { book, options, outbox } = this.#node;
    const known = book.with([
      ...(this.#target === undefined ? [] : [this.#target.address]),
      ...this.#fallbacks.map(({ address }) => address),
      ...options.members.map(({ address }) => address),
      ...options.seeds,
    ]);
    for (const address of book.turn(known, ASKED_AT_ONCE)) {
      outbox.ask(address, { type: "hello", address: options.address });
    }
  }
}
