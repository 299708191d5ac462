/** The machine of one node, for both modes (docs/election.md). */

import { Campaign } from "./campaign.js";
import type {
  ClusterView,
  ElectionInput,
  ElectionOutput,
  ElectionView,
  LeaderInfo,
  StepDownReason,
  Stored,
} from "./contract.js";
import { ElectionError } from "./errors.js";
import { Following } from "./following.js";
import { Leadership } from "./leadership.js";
import { Lease } from "./lease.js";
import type { BodyOf, Header, Message, Release } from "./messages.js";
import { NodeState } from "./node-state.js";
import { answerWithView } from "./operator.js";
import { checkStored, type ElectionOptions, resolveOptions } from "./options.js";
import { Rules } from "./rules.js";
import { type Now, type Stamp, wasSetBack } from "./stamp.js";
import { compareToken, type Token } from "./token.js";
import { answerPreVote, answerVoteReq } from "./voting.js";

const NEVER: number = Number.POSITIVE_INFINITY;

export class Election {
  /** What is lost by the number of members (E15); for the log. */
  readonly warnings: readonly string[];
  readonly #node: NodeState;
  readonly #following: Following;
  #leadership: Leadership | undefined;
  /** The lead that ended last, while its hosts are to be told of the next leader. */
  #former: Leadership | undefined;
  #campaign: Campaign | undefined;
  #quarantineEnds = NEVER;
  readonly #isRestart: boolean;
  /** When the clocks were looked at last, and whether the wall clock was found set back since the last input. */
  #looked: Now | undefined;
  #isSetBack = false;
  #told: LeaderInfo | undefined;
  #malformed = 0;

  /**
   * @param stored what this node stored last, if it did
   * @param rules for tests, which change one rule at a time
   * @throws TypeError or RangeError that names the wrong option
   */
  constructor(options: ElectionOptions, stored?: Stored, rules: Rules = new Rules()) {
    const resolved = resolveOptions(options);
    this.warnings = resolved.warnings;
    this.#node = new NodeState(resolved, rules, stored === undefined ? undefined : checkStored(stored));
    this.#following = new Following(this.#node);
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
    if (this.#isSetBack && this.#campaign?.phase === "vote") this.#loseCampaign();
    this.#isSetBack = false;
    this.#endLostLease();
    this.#take(input);
    if (input.type !== "stop") this.#advance();
    this.#tellLeader();
    return node.outbox.take();
  }

  /** When it wants to be woken, by the monotonic clock. */
  nextDeadline(): number | undefined {
    const { role } = this.#node;
    if (role === "stopped") return undefined;
    const parts = role === "leader" ? this.#leadership?.nextDeadline() : this.#following.nextDeadline();
    const quarantine = role === "quarantine" ? this.#quarantineEnds : NEVER;
    const deadline = Math.min(
      role === "quarantine" ? NEVER : (parts ?? NEVER),
      quarantine,
      this.#campaign?.deadlineMono ?? NEVER,
    );
    return deadline === NEVER ? undefined : deadline;
  }

  /** Computed at each call (E11 to E13). */
  isLeader(now: Now): boolean {
    this.#look(now);
    return this.#leadership?.lease.runs(now) === true;
  }

  /** The fencing token, exactly while `isLeader(now)`. */
  token(now: Now): Token | undefined {
    return this.isLeader(now) ? this.#leadership?.token : undefined;
  }

  view(now: Now): ElectionView {
    this.#node.now = now;
    return { ...this.#status(now), hosts: this.#leadership?.rows() ?? [], malformed: this.#malformed };
  }

  /** All of a view but the table, which costs more. */
  #status(now: Now): Omit<ClusterView, "hosts"> {
    const { role, id, incarnation, options, promised } = this.#node;
    const leads = this.isLeader(now);
    const ends = this.#leadership === undefined ? promised.untilMono : this.#leadership.lease.endMono;
    return {
      id,
      address: options.address,
      incarnation,
      mode: options.mode,
      role,
      epoch: promised.epoch,
      leader: leads ? this.#leadership?.info : this.#following.leader,
      fallbacks: this.#leadership?.fallbacks ?? this.#following.fallbacks,
      leaseMs: options.leaseMs,
      leaseRemainingMs: Math.max(0, ends - now.mono),
    };
  }

  /** What is counted from before the wall clock was set back counts no more (E13). */
  #look(now: Now): void {
    if (this.#looked !== undefined && wasSetBack(now, this.#looked, this.#node.options.clockError)) {
      this.#isSetBack = true;
      this.#leadership?.lease.doubt();
    }
    this.#looked = now;
  }

  #take(input: ElectionInput): void {
    const node = this.#node;
    switch (input.type) {
      case "start":
        return this.#start();
      case "message":
        return this.#receive(input);
      case "load":
        return node.ownLoads.add(input.load);
      case "resign":
        return this.#resign(input.to);
      case "stored":
        return this.#stored(input.id);
      case "storeFailed":
        node.outbox.stored(input.id);
        this.#following.storeFailed();
        if (this.#campaign !== undefined && this.#campaign.stamp === undefined) this.#loseCampaign();
        return;
      case "peerRefused":
        return this.#following.refused(input.address);
      case "stop":
        if (this.#leadership !== undefined) this.#stepDown("stopped");
        node.role = "stopped";
        return;
      case "tick":
      case "clockJump":
      case "linkClosed":
        return;
    }
  }

  #start(): void {
    const node = this.#node;
    if (!this.#isRestart) return this.#following.startUp();
    node.role = "quarantine";
    this.#quarantineEnds = node.now.mono + node.rules.quarantineMs(node.options);
  }

  #receive({ link, address, payload }: Extract<ElectionInput, { type: "message" }>): void {
    const node = this.#node;
    let message: Message;
    try {
      message = node.outbox.envelope.open(payload);
    } catch (error) {
      if (!(error instanceof ElectionError)) throw error;
      this.#malformed++;
      node.outbox.emit({ type: "close", link, why: error.message });
      return;
    }
    if (this.#servesTool(message, link) || node.role === "quarantine") return;
    if (address !== undefined) node.outbox.heardFrom(address);
    this.#dispatch(message, link);
  }

  #dispatch({ header, body }: Message, link: number): void {
    const node = this.#node;
    switch (body.type) {
      case "hello":
        this.#hearEpoch(header);
        if (this.#leadership !== undefined) return this.#leadership.hello(header, link);
        return node.redirect(link, header.incarnation, this.#following.leader);
      case "redirect":
        return this.#redirected(header, body);
      case "report":
        this.#hearEpoch(header);
        if (this.#leadership !== undefined) return this.#leadership.report(header, body, link);
        return node.redirect(link, header.incarnation, this.#following.leader);
      case "ack":
        return this.#acknowledged(header, body);
      case "preVote":
        this.#hearEpoch(header);
        return answerPreVote(node, this.#leadership !== undefined, header, body, link);
      case "preVoteReply":
        return this.#preVoted(header, body);
      case "voteReq":
        this.#hearEpoch(header);
        answerVoteReq(node, this.#leadership !== undefined, header, body, link, () => this.#voted());
        return;
      case "vote":
        return this.#votedFor(header, body);
      case "announce":
        if (this.#claimed(infoOf(header, body.address))) return;
        return this.#correct(header, link);
      case "probe":
        this.#claimed(infoOf(header, body.address));
        return node.stale({ link }, this.#known());
      case "stale":
        return this.#staled(body);
      case "prepare":
        return this.#following.prepare(header, body, link);
      case "ready":
        return this.#ready(header, body);
      case "offer":
        return this.#offered(header, body);
    }
  }

  /** Answers what a person's tool asks: nothing that was promised to anybody is touched by it (E62 to E65). */
  #servesTool({ header, body }: Message, link: number): boolean {
    const node = this.#node;
    if (body.type === "view") return true;
    if (body.type !== "watch" && body.type !== "retire") return false;
    if (body.type === "retire" && body.for === node.incarnation && body.epoch === this.#leadership?.epoch) {
      this.#resign(body.to === "" ? undefined : body.to);
    }
    const first = body.type === "watch" ? body.first : 0;
    answerWithView(node, this.#status(node.now), this.#leadership?.ranking, first, header.incarnation, link);
    return true;
  }

  #resign(to: string | undefined): void {
    if (this.#leadership !== undefined && !this.#leadership.resign(to)) this.#release();
  }

  /** Whom this node holds for the leader. */
  #known(): LeaderInfo | undefined {
    return this.#leadership?.info ?? this.#following.leader;
  }

  /** Somebody announced itself with a token that is lower than what this node knows of. */
  #correct(header: Header, link: number): void {
    const known = this.#known();
    if (known === undefined || known.id === header.sender) return;
    if (compareToken(known, { epoch: header.epoch, id: header.sender }) > 0) {
      this.#node.stale({ link }, known);
    }
  }

  #redirected({ sender }: Header, body: BodyOf<"redirect">): void {
    const node = this.#node;
    if (body.for !== node.incarnation) return;
    if (body.leaderId === sender) this.#following.heardLeader();
    if (body.givenId !== "" && node.id === "" && !node.isQuorum) node.id = body.givenId;
    this.#claimed(namedIn(body));
  }

  #staled(body: BodyOf<"stale">): void {
    const named = namedIn(body);
    const leadership = this.#leadership;
    const isLower = leadership !== undefined && compareToken(named, leadership.token) < 0;
    if (!isLower || this.#node.isQuorum) this.#claimed(named);
    else if (named.id !== "" && named.id !== this.#node.id) leadership.probe(named.address);
  }

  /** Somebody is said to lead; a leader with a lower token gives way (E33, E40). True where that is news. */
  #claimed(leader: LeaderInfo): boolean {
    const node = this.#node;
    if (leader.id === "" || leader.id === node.id || !node.mayLead(leader.id)) return false;
    if (this.#leadership !== undefined) {
      if (compareToken(leader, this.#leadership.token) <= 0) return false;
      if (node.isQuorum && leader.epoch < node.promised.epoch) return false;
      this.#stepDown("superseded");
    }
    const isNews = this.#following.claim(leader);
    if (isNews) this.#redirectHosts(leader);
    return isNews;
  }

  /** The hosts of a lead that has ended learn where to go. */
  #redirectHosts(leader: LeaderInfo): void {
    const former = this.#former;
    this.#former = undefined;
    if (former === undefined) return;
    for (const host of former.table.all()) {
      if (host.id !== leader.id) this.#node.redirect(host.link, host.incarnation, leader);
    }
  }

  #acknowledged(header: Header, body: BodyOf<"ack">): void {
    const leadership = this.#leadership;
    if (leadership !== undefined && compareToken({ epoch: header.epoch, id: header.sender }, leadership.token) <= 0)
      return;
    if (!this.#following.acknowledge(header, body)) return;
    if (leadership !== undefined) this.#endLead("superseded");
    this.#campaign = undefined;
    this.#redirectHosts(infoOf(header, body.address));
  }

  /** A leader that hears a higher epoch from a member leads on at a higher one (E22). */
  #hearEpoch({ epoch, sender }: Header): void {
    const node = this.#node;
    const leadership = this.#leadership;
    if (!node.isQuorum || leadership === undefined || epoch <= leadership.epoch || this.#campaign !== undefined) return;
    if (node.memberOf(sender) === undefined || !node.rules.renewsItsEpoch()) return;
    this.#askForVotes(Math.max(epoch, node.promised.epoch) + 1);
  }

  #preVoted(header: Header, body: BodyOf<"preVoteReply">): void {
    const node = this.#node;
    const campaign = this.#campaign;
    if (campaign?.phase !== "prevote" || body.for !== node.incarnation || !campaign.isAnsweredBy(body.stamp)) return;
    if (node.memberOf(header.sender) === undefined || header.sender === node.id) return;
    campaign.answer(header.sender, body.granted, header.epoch, body.knows);
    if (!node.knowsEpoch) return this.#learnEpoch(campaign);
    if (campaign.standing === "won") this.#askForVotes(Math.max(campaign.highestEpoch, node.promised.epoch) + 1);
    else if (campaign.standing === "lost") this.#loseCampaign();
  }

  /** Enough others answered that one of them was in every majority that this member may have been in (E20). */
  #learnEpoch(campaign: Campaign): void {
    const node = this.#node;
    const { members, majority } = node.options;
    if (campaign.knowing < members.length - majority + 1) return;
    node.promised.learn(campaign.highestEpoch);
    node.knowsEpoch = true;
    node.store(() => {});
    this.#loseCampaign();
  }

  #votedFor(header: Header, body: BodyOf<"vote">): void {
    const node = this.#node;
    const campaign = this.#campaign;
    if (campaign?.phase !== "vote" || body.for !== node.incarnation || body.proposed !== campaign.proposed) return;
    if (!campaign.isAnsweredBy(body.stamp) || node.memberOf(header.sender) === undefined || header.sender === node.id)
      return;
    campaign.answer(header.sender, body.granted, header.epoch);
    this.#decide(campaign);
  }

  #decide(campaign: Campaign): void {
    if (campaign.standing === "won") this.#lead(campaign.proposed, campaign.counted());
    else if (campaign.standing === "lost") this.#loseCampaign();
  }

  /** This node's promise went to another: its own attempt, which had promised nothing yet, is over. */
  #voted(): void {
    this.#campaign = undefined;
    this.#node.role = "leaderless";
    this.#following.waitAfterVote();
  }

  #ready(header: Header, body: BodyOf<"ready">): void {
    const host = this.#leadership?.ready(header, body);
    if (host === undefined) return;
    const offer = (): void => this.#node.reply(host.link, { type: "offer", for: host.incarnation });
    if (!this.#node.rules.stopsBeforeOffer()) return offer();
    this.#release();
    offer();
  }

  /** Stops leading, and stands again if nobody else does (E36, E38). */
  #release(): void {
    const node = this.#node;
    this.#stepDown("handedOver");
    node.role = "released";
    this.#following.after(node.id, [], node.options.handOverMs);
    // The next epoch is offered to another: this node's own next one is above it.
    if (!node.isQuorum) node.promised.learn(node.promised.epoch + 1);
  }

  #offered(header: Header, body: BodyOf<"offer">): void {
    const node = this.#node;
    const former = this.#following.offered(header, body);
    if (former === undefined) return;
    if (!node.isQuorum) return this.#electItself();
    this.#askForVotes(Math.max(former.epoch, node.promised.epoch) + 1, { holder: former.id, epoch: former.epoch });
  }

  /** It is this node's turn (E29, E30). */
  #stand(): void {
    const node = this.#node;
    if (node.id === "") node.id = `h-${node.incarnation}`;
    if (!node.isQuorum) return this.#electItself();
    if (!node.rules.asksForPreVotes() && node.knowsEpoch) return this.#askForVotes(node.promised.epoch + 1);
    const { members, majority, address, voteMs } = node.options;
    const campaign = new Campaign("prevote", 0, members.length, majority);
    this.#campaign = campaign;
    node.role = "prevote";
    const stamp = campaign.ask(node.now, voteMs);
    for (const member of node.otherMembers) node.outbox.ask(member.address, { type: "preVote", address, stamp });
    if (campaign.standing === "won" && node.knowsEpoch) this.#askForVotes(node.promised.epoch + 1);
  }

  /** Stores the own vote, then asks the others for theirs (E17). */
  #askForVotes(proposed: number, release?: Release): void {
    const node = this.#node;
    const { members, majority } = node.options;
    const campaign = new Campaign("vote", proposed, members.length, majority, release);
    this.#campaign = campaign;
    if (this.#leadership === undefined) {
      node.role = "candidate";
      this.#following.rest();
    }
    node.promise(proposed, node.id);
    if (!node.store(() => this.#sendVoteReqs(campaign))) this.#loseCampaign();
  }

  #sendVoteReqs(campaign: Campaign): void {
    if (this.#campaign !== campaign) return;
    const node = this.#node;
    const { proposed, release } = campaign;
    const { address, voteMs } = node.options;
    const stamp = campaign.ask(node.now, voteMs);
    for (const member of node.otherMembers) {
      node.outbox.ask(member.address, { type: "voteReq", address, proposed, stamp, release });
    }
    this.#decide(campaign);
  }

  #loseCampaign(): void {
    const node = this.#node;
    const campaign = this.#campaign;
    this.#campaign = undefined;
    if (this.#leadership !== undefined) return; // it leads on in its epoch as long as its lease runs
    if (campaign?.phase === "vote" && node.promised.holder === node.id) node.promised.void();
    node.role = "leaderless";
    this.#following.wait((node.random() * node.options.voteMs) / 2);
  }

  /** available: no votes; the epoch is stored before it is announced (E42). */
  #electItself(): void {
    const node = this.#node;
    const campaign = new Campaign("vote", node.promised.epoch + 1, 1, 1);
    this.#campaign = campaign;
    node.role = "candidate";
    this.#following.rest();
    node.promise(campaign.proposed, node.id);
    const stored = node.store(() => {
      if (this.#campaign === campaign) this.#lead(campaign.proposed, new Map());
    });
    if (!stored) this.#loseCampaign();
  }

  #lead(epoch: number, counted: ReadonlyMap<string, Stamp>): void {
    const node = this.#node;
    const former = this.#leadership;
    this.#campaign = undefined;
    if (former !== undefined) node.outbox.emit({ type: "stepDown", token: former.token, why: "renewed" });
    const leadership = new Leadership(node, epoch, new Lease(node.options, node.rules, counted), former);
    this.#leadership = leadership;
    this.#former = undefined;
    node.role = "leader";
    node.leadingEpoch = epoch;
    this.#following.rest();
    node.outbox.emit({ type: "elected", token: leadership.token });
    leadership.announce();
  }

  /** Ends the lead and waits for the next leader, or for its own turn. */
  #stepDown(why: StepDownReason): void {
    const node = this.#node;
    const fallbacks = this.#leadership?.fallbacks ?? [];
    this.#endLead(why);
    node.promised.void();
    node.role = "leaderless";
    if (!node.isQuorum && why === "lease") this.#following.startUp();
    else this.#following.after(node.id, fallbacks);
  }

  #endLead(why: StepDownReason): void {
    const leadership = this.#leadership;
    if (leadership === undefined) return;
    this.#campaign = undefined;
    this.#former = leadership;
    this.#leadership = undefined;
    this.#node.leadingEpoch = undefined;
    this.#node.outbox.emit({ type: "stepDown", token: leadership.token, why });
  }

  #endLostLease(): void {
    if (this.#leadership?.lease.runs(this.#node.now) === false) this.#stepDown("lease");
  }

  #stored(id: number): void {
    const underWay = this.#node.outbox.stored(id);
    if (underWay === undefined) return;
    this.#node.durable = underWay.state;
    underWay.then();
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
    if (this.#campaign !== undefined && mono >= this.#campaign.deadlineMono) this.#loseCampaign();
    this.#endLostLease();
    if (this.#leadership !== undefined) {
      if (this.#leadership.advance()) this.#release();
    } else if (this.#following.advance()) this.#stand();
  }

  #tellLeader(): void {
    const leader = this.#known();
    const told = this.#told;
    if (leader?.id === told?.id && leader?.epoch === told?.epoch && leader?.address === told?.address) return;
    this.#told = leader;
    this.#node.outbox.emit({ type: "leader", leader });
  }
}

/** The machine of one node. @throws TypeError or RangeError that names the wrong option */
export function createElection(options: ElectionOptions, stored?: Stored): Election {
  return new Election(options, stored);
}

function infoOf({ sender, epoch }: Header, address: string): LeaderInfo {
  return { id: sender, address, epoch };
}

function namedIn(body: BodyOf<"redirect"> | BodyOf<"stale">): LeaderInfo {
  return { id: body.leaderId, address: body.leaderAddress, epoch: body.leaderEpoch };
}
