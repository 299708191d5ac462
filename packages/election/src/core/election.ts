/** The machine of one node, for both modes (docs/election.md). */

import { Candidacy } from "./candidacy.js";
import type { ElectionInput, ElectionOutput, ElectionView, LeaderInfo, Stored } from "./contract.js";
import { Following } from "./following.js";
import { Incoming } from "./incoming.js";
import { Lead } from "./lead.js";
import { checkLoad } from "./load.js";
import { NodeState } from "./node-state.js";
import { Operator } from "./operator.js";
import { checkStored, type ElectionOptions, type ResolvedOptions, resolveOptions } from "./options.js";
import { Rules } from "./rules.js";
import { type Now, WallWatch } from "./stamp.js";
import type { Token } from "./token.js";
import { firstAskingMs } from "./turn.js";

const NEVER: number = Number.POSITIVE_INFINITY;

export class Election {
  /** What is lost by the number of members (E15); for the log. */
  readonly warnings: readonly string[];
  readonly #node: NodeState;
  readonly #following: Following;
  readonly #lead: Lead;
  readonly #candidacy: Candidacy;
  readonly #operator: Operator;
  readonly #incoming: Incoming;
  #quarantineEnds = NEVER;
  readonly #isRestart: boolean;
  readonly #wallWatch: WallWatch;
  /** Whether the wall clock was found set back since the last input. */
  #isSetBack = false;
  #told: LeaderInfo | undefined;

  /**
   * @param stored what this node stored last, if it did
   * @param rules for tests, which change one rule at a time
   * @throws TypeError or RangeError that names the wrong option
   */
  constructor(options: ElectionOptions, stored?: Stored, rules: Rules = new Rules()) {
    const resolved = withoutVainRejoin(resolveOptions(options), stored);
    this.warnings = resolved.warnings;
    this.#wallWatch = new WallWatch(resolved.clockError);
    this.#node = new NodeState(resolved, rules, stored === undefined ? undefined : checkStored(stored));
    this.#following = new Following(this.#node);
    this.#lead = new Lead(this.#node, this.#following);
    this.#candidacy = new Candidacy(this.#node, this.#following, this.#lead);
    this.#operator = new Operator(this.#node, this.#following, this.#lead);
    this.#incoming = new Incoming(this.#node, this.#following, this.#lead, this.#candidacy, this.#operator);
    const isMember = this.#node.isQuorum && this.#node.isMember;
    this.#isRestart = isMember && (stored !== undefined || resolved.rejoin);
  }

  /** What is to be done about what happened. Never throws on what a peer sent. */
  handle(now: Now, input: ElectionInput): ElectionOutput[] {
    const node = this.#node;
    if (node.role === "stopped") return [];
    node.now = now;
    node.outbox.begin(now.mono);
    this.#look(now);
    if (this.#isSetBack) this.#candidacy.doubt();
    this.#isSetBack = false;
    this.#lead.endIfLost();
    this.#take(input);
    if (input.type !== "stop") this.#advance();
    this.#tellLeader();
    return node.outbox.take();
  }

  /** When it wants to be woken, by the monotonic clock. */
  nextDeadline(): number | undefined {
    const { role } = this.#node;
    if (role === "stopped") return undefined;
    const parts = role === "leader" ? this.#lead.leadership?.nextDeadline() : this.#following.nextDeadline();
    const quarantine = role === "quarantine" ? this.#quarantineEnds : NEVER;
    const deadline = Math.min(
      role === "quarantine" ? NEVER : (parts ?? NEVER),
      quarantine,
      this.#node.campaign?.deadlineMono ?? NEVER,
    );
    return deadline === NEVER ? undefined : deadline;
  }

  /** Computed at each call (E11 to E13). */
  isLeader(now: Now): boolean {
    this.#look(now);
    return this.#lead.leadership?.lease.runs(now) === true;
  }

  /** The fencing token, exactly while `isLeader(now)`. */
  token(now: Now): Token | undefined {
    return this.isLeader(now) ? this.#lead.leadership?.token : undefined;
  }

  view(now: Now): ElectionView {
    this.#node.now = now;
    this.#look(now);
    const isSilent = this.#node.role === "quarantine";
    const { offeredBy } = this.#candidacy;
    return {
      ...this.#operator.status,
      hosts: this.#lead.leadership?.rows() ?? [],
      malformed: this.#incoming.malformed,
      ...(isSilent && { quarantineMs: Math.max(0, this.#quarantineEnds - now.mono) }),
      ...(offeredBy !== undefined && { offeredBy }),
    };
  }

  /** What is counted from before the wall clock was set back counts no more (E13). */
  #look(now: Now): void {
    if (!this.#wallWatch.look(now)) return;
    this.#isSetBack = true;
    this.#lead.leadership?.lease.doubt();
  }

  #take(input: ElectionInput): void {
    const node = this.#node;
    switch (input.type) {
      case "start":
        return this.#start();
      case "message":
        return this.#incoming.receive(input);
      case "load":
        return node.ownLoads.add(checkLoad(input.load));
      case "resign":
        return this.#lead.resign(input.to);
      case "stored":
        return this.#stored(input.id);
      case "storeFailed":
        node.outbox.stored(input.id);
        this.#following.storeFailed();
        this.#candidacy.storeFailed();
        return;
      case "peerRefused":
        return this.#following.refused(input.address);
      case "stop":
        if (this.#lead.leadership !== undefined) this.#lead.stepDown("stopped");
        node.role = "stopped";
        return;
      case "linkClosed":
        return node.askers.remove(input.link);
      case "tick":
      case "clockJump":
        return;
    }
  }

  #start(): void {
    const node = this.#node;
    if (!this.#isRestart) return this.#following.startUp(firstAskingMs(node));
    node.role = "quarantine";
    this.#quarantineEnds = node.now.mono + node.rules.quarantineMs(node.options);
  }

  #stored(id: number): void {
    const ended = this.#node.outbox.stored(id);
    if (ended === undefined) return;
    this.#node.durable = ended.state;
    for (const then of ended.thens) then();
  }

  /** Whatever is due. */
  #advance(): void {
    const node = this.#node;
    const { mono } = node.now;
    if (node.role === "quarantine") {
      if (mono < this.#quarantineEnds) return;
      node.role = "leaderless";
      this.#following.startUp();
    }
    this.#candidacy.advance();
    this.#lead.endIfLost();
    if (this.#lead.leadership !== undefined) {
      if (this.#lead.leadership.advance()) this.#lead.release();
    } else if (this.#following.advance()) this.#candidacy.stand();
  }

  #tellLeader(): void {
    const leader = this.#lead.known;
    const told = this.#told;
    if (leader?.id === told?.id && leader?.epoch === told?.epoch && leader?.address === told?.address) return;
    this.#told = leader;
    this.#node.outbox.emit({ type: "leader", leader });
  }
}

/** A member that has stored something knows its epoch: were it to ask for it, a cluster of such members would ask for ever (E20). */
function withoutVainRejoin(options: ResolvedOptions, stored: Stored | undefined): ResolvedOptions {
  if (!options.rejoin || stored === undefined) return options;
  const warning = "rejoin is ignored: something is stored, so the storage was not lost";
  return { ...options, rejoin: false, warnings: [...options.warnings, warning] };
}

/** The machine of one node. @throws TypeError or RangeError that names the wrong option */
export function createElection(options: ElectionOptions, stored?: Stored): Election {
  return new Election(options, stored);
}
