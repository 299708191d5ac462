/** How a node becomes the leader: pre-votes, votes, and without votes by itself (election rules E17, E20 to E23, E30, E36, E42). */

import { Campaign } from "./campaign.js";
import type { Following } from "./following.js";
import type { Lead } from "./lead.js";
import { type BodyOf, EPOCH_MAX, type Header, type Release } from "./messages.js";
import type { NodeState } from "./node-state.js";
import type { Token } from "./token.js";

export class Candidacy {
  readonly #node: NodeState;
  readonly #following: Following;
  readonly #lead: Lead;
  /** The lead that this node tried to take over last, upon its leader's offer. */
  offeredBy: Token | undefined;

  constructor(node: NodeState, following: Following, lead: Lead) {
    this.#node = node;
    this.#following = following;
    this.#lead = lead;
  }

  /** It is this node's turn (E29, E30). */
  stand(): void {
    const node = this.#node;
    if (node.id === "") node.id = `h-${node.incarnation}`;
    if (!node.isQuorum) return this.#electItself();
    if (!node.rules.asksForPreVotes() && node.knowsEpoch) return this.#askForVotes(node.promised.epoch + 1);
    const { members, majority, address, voteMs } = node.options;
    const campaign = new Campaign("prevote", 0, members.length, majority);
    node.campaign = campaign;
    node.role = "prevote";
    const stamp = campaign.ask(node.now, voteMs);
    for (const member of node.otherMembers) node.outbox.ask(member.address, { type: "preVote", address, stamp });
    if (campaign.standing === "won" && node.knowsEpoch) this.#askForVotes(node.promised.epoch + 1);
  }

  /** The leader has stopped, and offers the lead to this node (E36, E37). */
  offered(header: Header, body: BodyOf<"offer">): void {
    const node = this.#node;
    const former = this.#following.offered(header, body);
    if (former === undefined) return;
    this.offeredBy = { id: former.id, epoch: former.epoch };
    if (!node.isQuorum) return this.#electItself(node.options.handOverMs);
    this.#askForVotes(Math.max(former.epoch, node.promised.epoch) + 1, { holder: former.id, epoch: former.epoch });
  }

  /** A leader that hears a higher epoch from a member leads on at a higher one (E22). */
  hearEpoch({ epoch, sender }: Header): void {
    const node = this.#node;
    const { leadership } = this.#lead;
    if (!node.isQuorum || leadership === undefined || epoch <= leadership.epoch || node.campaign !== undefined) return;
    if (node.memberOf(sender) === undefined || !node.rules.renewsItsEpoch()) return;
    this.#askForVotes(Math.max(epoch, node.promised.epoch) + 1);
  }

  preVoted(header: Header, body: BodyOf<"preVoteReply">): void {
    const node = this.#node;
    const { campaign } = node;
    if (campaign?.phase !== "prevote" || body.for !== node.incarnation || !campaign.isAnsweredBy(body.stamp)) return;
    if (node.memberOf(header.sender) === undefined || header.sender === node.id) return;
    campaign.answer(header.sender, body.granted, header.epoch, body.knows);
    if (!node.knowsEpoch) return this.#learnEpoch(campaign);
    if (campaign.standing === "won") this.#askForVotes(Math.max(campaign.highestEpoch, node.promised.epoch) + 1);
    else if (campaign.standing === "lost") this.lose();
  }

  /** Enough others answered that one of them was in every majority that this member may have been in (E20). */
  #learnEpoch(campaign: Campaign): void {
    const node = this.#node;
    const { members, majority } = node.options;
    if (campaign.knowing < members.length - majority + 1) return;
    node.promised.learn(campaign.highestEpoch);
    node.knowsEpoch = true;
    node.store(() => {});
    this.lose();
  }

  votedFor(header: Header, body: BodyOf<"vote">): void {
    const node = this.#node;
    const { campaign } = node;
    if (campaign?.phase !== "vote" || body.for !== node.incarnation || body.proposed !== campaign.proposed) return;
    if (!campaign.isAnsweredBy(body.stamp) || node.memberOf(header.sender) === undefined || header.sender === node.id)
      return;
    campaign.answer(header.sender, body.granted, header.epoch);
    this.#decide(campaign);
  }

  #decide(campaign: Campaign): void {
    if (campaign.standing === "won") this.#lead.begin(campaign.proposed, campaign.counted());
    else if (campaign.standing === "lost") this.lose();
  }

  /** This node's promise went to another: its own attempt, which had promised nothing yet, is over. */
  votedForAnother(): void {
    this.#node.campaign = undefined;
    this.#node.role = "leaderless";
    this.#following.waitAfterVote();
  }

  /** Stores the own vote, then asks the others for theirs (E17). */
  #askForVotes(proposed: number, release?: Release): void {
    const node = this.#node;
    if (proposed > EPOCH_MAX) return this.lose();
    const { members, majority } = node.options;
    const campaign = new Campaign("vote", proposed, members.length, majority, release);
    node.campaign = campaign;
    if (this.#lead.leadership === undefined) {
      node.role = "candidate";
      this.#following.rest();
    }
    node.promise(proposed, node.id);
    if (!node.store(() => this.#sendVoteReqs(campaign))) this.lose();
  }

  #sendVoteReqs(campaign: Campaign): void {
    const node = this.#node;
    if (node.campaign !== campaign) return;
    const { proposed, release } = campaign;
    const { address, voteMs } = node.options;
    const stamp = campaign.ask(node.now, voteMs);
    for (const member of node.otherMembers) {
      node.outbox.ask(member.address, { type: "voteReq", address, proposed, stamp, release });
    }
    this.#decide(campaign);
  }

  /**
   * available: no votes; the epoch is stored before it is announced (E42).
   * @param withinMs what is not stored by then is in vain: an offer is, once the old leader stands again (E37, E38)
   */
  #electItself(withinMs: number = Number.POSITIVE_INFINITY): void {
    const node = this.#node;
    if (node.promised.epoch >= EPOCH_MAX) return this.lose();
    const campaign = new Campaign("vote", node.promised.epoch + 1, 1, 1);
    campaign.deadlineMono = node.now.mono + withinMs;
    node.campaign = campaign;
    node.role = "candidate";
    this.#following.rest();
    node.promise(campaign.proposed, node.id);
    const stored = node.store(() => {
      if (node.campaign === campaign) this.#lead.begin(campaign.proposed, new Map());
    });
    if (!stored) this.lose();
  }

  /** A store failed: nobody is asked for a vote that this node could not store its own for (E17). */
  storeFailed(): void {
    const { campaign } = this.#node;
    if (campaign !== undefined && campaign.stamp === undefined) this.lose();
  }

  /** The wall clock was set back: what is counted of votes counts no more (E13). */
  doubt(): void {
    if (this.#node.campaign?.phase === "vote") this.lose();
  }

  /** Gives the attempt up where its time is over (E23, E37). */
  advance(): void {
    const node = this.#node;
    if (node.campaign === undefined || node.now.mono < node.campaign.deadlineMono) return;
    this.lose();
    if (!node.isQuorum) this.#following.startUp();
  }

  lose(): void {
    const node = this.#node;
    const { campaign } = node;
    node.campaign = undefined;
    if (this.#lead.leadership !== undefined) return; // it leads on in its epoch as long as its lease runs
    if (campaign?.phase === "vote" && node.promised.holder === node.id) node.promised.void();
    node.role = "leaderless";
    this.#following.wait((node.random() * node.options.voteMs) / 2);
  }
}
