/** One action's bidding: who was asked, who answered, and what becomes of the reservations (docs/rake.md R19, R20, R28). */

import type { ActionState } from "./action-state.js";
import { type BuildContext, NEVER } from "./build-context.js";
import type { Host, Talk } from "./host.js";
import { type ActionMessage, bad } from "./host-link.js";
import type { Bid, Refuse } from "./messages.js";

/** A host that says so would say it again. */
const FOR_EVER: ReadonlySet<Refuse["reason"]> = new Set(["RESOURCE", "NOT_ALLOWED", "LIMIT"]);

export class Offer implements Talk {
  readonly actionId: number;
  readonly host: Host;
  bid: Bid | undefined;
  /** Of the bid, with what was learned of the host (R30). */
  priceMs = 0;
  runMs = 0;
  #state: "asked" | "bid" | "late" | "over" = "asked";
  readonly #askedAt: number;
  readonly #round: Round;
  readonly #context: BuildContext;

  constructor(context: BuildContext, round: Round, host: Host) {
    this.#context = context;
    this.#round = round;
    this.#askedAt = context.now;
    this.actionId = context.draw();
    this.host = host;
    host.held++;
    host.talks.set(this.actionId, this);
  }

  get isAsked(): boolean {
    return this.#state === "asked";
  }

  get isBid(): boolean {
    return this.#state === "bid";
  }

  message(message: ActionMessage): void {
    if (message.type === "EXPIRED" && this.#state === "bid") return this.#end();
    if (message.type !== "BID" && message.type !== "REFUSE") throw bad(`a ${message.type} of what was only quoted`);
    if (this.#state === "bid") throw bad("a second answer to a QUOTE");
    if (this.#state === "late") {
      if (message.type === "BID") this.#release(message.reservation);
      return this.#end();
    }
    if (message.type === "BID") this.#bids(message);
    else this.#refuses(message);
    this.#round.answered();
  }

  lost(): void {
    const wasAsked = this.#state === "asked" || this.#state === "bid";
    this.#state = "over";
    this.bid = undefined;
    if (wasAsked) this.#round.answered();
  }

  drained(): void {}

  overdue(): string | undefined {
    return this.#context.now >= this.nextDeadline() ? "it did not answer a QUOTE" : undefined;
  }

  nextDeadline(): number {
    if (this.#state !== "asked" && this.#state !== "late") return NEVER;
    return this.#askedAt + this.#context.settings.answerMs;
  }

  /** The reservation is the attempt's from here on. */
  take(): void {
    if (this.#state === "bid") this.#end();
  }

  /** The QUOTE could not be sent, and never can be. */
  unsaid(why: string): void {
    this.#round.state.refusedBy.set(this.host.index, why);
    this.#end();
  }

  /** It has not won: what it reserved is released at once, or as soon as it is known. */
  reject(): void {
    if (this.#state === "bid") {
      this.#release((this.bid as Bid).reservation);
      this.#end();
      this.host.freed();
    } else if (this.#state === "asked") {
      this.#state = "late";
      this.host.late++;
    }
  }

  #bids(bid: Bid): void {
    const { state } = this.#round;
    const sizes = new Map(state.inputs.map(({ digest, size }) => [digest, size]));
    if (!bid.missing.every((digest) => sizes.has(digest))) throw bad("a BID that misses what is not an input");
    let missingBytes = 0;
    for (const digest of new Set(bid.missing)) missingBytes += sizes.get(digest) ?? 0;
    const { queueMs, runMs, transferMs, chargeMs } = bid;
    const { learned } = this.#context;
    const rate = learned.bytesPerSecond(this.host.address);
    this.runMs = runMs * learned.slowdown(this.host.address);
    this.priceMs = queueMs + this.runMs + (rate > 0 ? (missingBytes * 1_000) / rate : transferMs) + chargeMs;
    this.bid = bid;
    this.#state = "bid";
    const parts = { queueMs, runMs, transferMs, chargeMs };
    const { round, action } = this.#round.names;
    this.#context.tell({
      type: "bid",
      action,
      round,
      host: this.host.index,
      parts,
      priceMs: this.priceMs,
      missingBytes,
    });
  }

  #refuses({ reason, text, retryAfterMs }: Refuse): void {
    const { state, names } = this.#round;
    const { index } = this.host;
    this.#end();
    state.reasons.set(index, text || reason);
    if (FOR_EVER.has(reason)) state.refusedBy.set(index, text || reason);
    else this.host.busyFor(retryAfterMs);
    this.#context.tell({ type: "refused", ...names, host: index, reason, text, retryAfterMs });
  }

  #release(reservation: number): void {
    this.host.say({ type: "RELEASE", actionId: this.actionId, reservation });
  }

  #end(): void {
    if (this.#state === "late") this.host.late--;
    this.#state = "over";
    this.host.held--;
    this.host.talks.delete(this.actionId);
  }
}

export class Round {
  readonly number: number;
  readonly state: ActionState;
  /** For a second attempt (R31): it becomes an ordinary one when the first is lost. */
  isSpeculative: boolean;
  offers: Offer[] = [];
  #firstBidAt: number | undefined;
  readonly #context: BuildContext;

  constructor(context: BuildContext, state: ActionState, isSpeculative: boolean) {
    this.#context = context;
    this.number = context.draw();
    this.state = state;
    this.isSpeculative = isSpeculative;
  }

  get names(): { readonly action: number; readonly round: number } {
    return { action: this.state.action.index, round: this.number };
  }

  get bids(): Offer[] {
    return this.offers.filter((offer) => offer.isBid);
  }

  ask(hosts: readonly Host[]): void {
    const { state } = this;
    const { action, kind } = state;
    this.#context.tell({ type: "quoted", ...this.names, hosts: hosts.map(({ index }) => index) });
    const workMs = Math.ceil(state.knownMs(this.#context) || this.#context.learned.meanWorkMs());
    const inputs = [...new Map(state.inputs.map(({ digest, size }) => [digest, size]))];
    for (const host of hosts) {
      const offer = new Offer(this.#context, this, host);
      const isSaid = host.say({
        type: "QUOTE",
        actionId: offer.actionId,
        kind,
        command: action.command,
        workMs,
        inputs: inputs.map(([digest, size]) => ({ digest, size })),
        resources: action.on,
      });
      if (isSaid) this.offers.push(offer);
      else offer.unsaid("its QUOTE is longer than the host takes");
    }
  }

  answered(): void {
    if (this.#firstBidAt === undefined && this.bids.length > 0) this.#firstBidAt = this.#context.now;
  }

  /** All have answered, or there was a bid and the others took too long. */
  get isDecided(): boolean {
    return !this.offers.some((offer) => offer.isAsked) || this.#context.now >= this.nextDeadline();
  }

  nextDeadline(): number {
    return this.#firstBidAt === undefined ? NEVER : this.#firstBidAt + this.#context.settings.quoteMs;
  }

  /** Gives up all but one. */
  close(winner?: Offer): void {
    for (const offer of this.offers) if (offer !== winner) offer.reject();
    winner?.take();
  }
}
