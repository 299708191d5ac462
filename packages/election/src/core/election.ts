/** The machine of one node, for both modes (docs/election.md). */

import { Candidacy } from "./candidacy.js";
import type { ElectionInput, ElectionOutput, ElectionView, LeaderInfo, Stored } from "./contract.js";
import { checkEpochs } from "./epochs.js";
import { ElectionError } from "./errors.js";
import { Following } from "./following.js";
import { Lead } from "./lead.js";
import { checkLoad } from "./load.js";
import type { BodyOf, Header, Message } from "./messages.js";
import { givesWay } from "./namesake.js";
import { NodeState } from "./node-state.js";
import { Operator } from "./operator.js";
import { checkStored, type ElectionOptions, type ResolvedOptions, resolveOptions } from "./options.js";
import { Rules } from "./rules.js";
import { type Now, WallWatch } from "./stamp.js";
import { orderOf, type Token } from "./token.js";
import { firstAskingMs } from "./turn.js";
import { answerPreVote, answerVoteReq } from "./voting.js";

const NEVER: number = Number.POSITIVE_INFINITY;

export class Election {
  /** What is lost by the number of members (E15); for the log. */
  readonly warnings: readonly string[];
  readonly #node: NodeState;
  readonly #following: Following;
  readonly #lead: Lead;
  readonly #candidacy: Candidacy;
  readonly #operator: Operator;
  #quarantineEnds = NEVER;
  readonly #isRestart: boolean;
  readonly #wallWatch: WallWatch;
  /** Whether the wall clock was found set back since the last input. */
  #isSetBack = false;
  #told: LeaderInfo | undefined;
  #malformed = 0;

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
      malformed: this.#malformed,
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
        return this.#receive(input);
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

  #receive({ link, address, payload }: Extract<ElectionInput, { type: "message" }>): void {
    const node = this.#node;
    let message: Message;
    try {
      message = node.outbox.envelope.open(payload);
      checkEpochs(message, node.promised.epoch);
    } catch (error) {
      if (!(error instanceof ElectionError)) throw error;
      this.#malformed++;
      node.outbox.emit({ type: "close", link, why: reasonOf(error) });
      return;
    }
    if (this.#operator.serves(message, link) || node.role === "quarantine") return;
    if (address !== undefined) node.outbox.heardFrom(address);
    this.#dispatch(message, link, address);
  }

  #dispatch({ header, body }: Message, link: number, address: string | undefined): void {
    const node = this.#node;
    switch (body.type) {
      case "hello":
        this.#candidacy.hearEpoch(header);
        if (this.#lead.leadership !== undefined) {
          // Who asks and then does not report may have found another leader, of which nobody else here knows (E40).
          if (!node.isQuorum) node.book.add(body.address);
          return this.#lead.leadership.hello(header, link);
        }
        return this.#introduce(header, link);
      case "redirect":
        return this.#redirected(header, body, address);
      case "report":
        this.#candidacy.hearEpoch(header);
        if (this.#lead.leadership !== undefined) return this.#lead.leadership.report(header, body, link);
        return node.redirect(link, header.incarnation, this.#following.leader);
      case "ack":
        return this.#acknowledged(header, body);
      case "preVote":
        this.#candidacy.hearEpoch(header);
        return answerPreVote(node, this.#lead.leadership !== undefined, header, body, link);
      case "preVoteReply":
        return this.#candidacy.preVoted(header, body);
      case "voteReq":
        this.#candidacy.hearEpoch(header);
        answerVoteReq(node, this.#lead.leadership !== undefined, header, body, link, () =>
          this.#candidacy.votedForAnother(),
        );
        return;
      case "vote":
        return this.#candidacy.votedFor(header, body);
      case "announce":
        if (!this.#claimed(infoOf(header, body.address), header)) return this.#correct(header, link);
        return this.#following.heardLeader();
      case "probe":
        this.#claimed(infoOf(header, body.address), header);
        return node.stale({ link }, this.#lead.known);
      case "stale":
        return this.#staled(header, body);
      case "prepare":
        return this.#following.prepare(header, body, link);
      case "ready":
        return this.#ready(header, body);
      case "offer":
        return this.#candidacy.offered(header, body);
    }
  }

  /** Names the leader that is followed; whoever is told of nobody is told again once this node leads (E31). */
  #introduce(header: Header, link: number): void {
    const node = this.#node;
    const { leader } = this.#following;
    if (leader === undefined && !node.isQuorum) node.askers.add(link, header, node.now.mono);
    node.redirect(link, header.incarnation, leader);
  }

  /** Somebody announced itself with a token that is lower than what this node knows of. */
  #correct(header: Header, link: number): void {
    const known = this.#lead.known;
    if (known === undefined) return;
    if (known.id === header.sender) {
      const isNamesake = this.#lead.leadership !== undefined && header.incarnation !== this.#node.incarnation;
      if (isNamesake && !this.#node.isQuorum) this.#node.stale({ link }, known);
      return;
    }
    if (orderOf(known, { epoch: header.epoch, id: header.sender }) > 0) {
      this.#node.stale({ link }, known);
    }
  }

  #redirected({ sender }: Header, body: BodyOf<"redirect">, address: string | undefined): void {
    const node = this.#node;
    if (body.for !== node.incarnation) return;
    if (body.leaderId === sender) this.#following.heardLeader();
    if (body.givenId !== "" && node.id === "" && !node.isQuorum) node.id = body.givenId;
    if (body.refusal !== "none" && address !== undefined) this.#refused(sender, body.refusal, address);
    this.#claimed(namedIn(body));
  }

  /** The leader takes no report from this node: people are told why. */
  #refused(leader: string, why: "idTaken" | "tableFull", address: string): void {
    const { troubles, id } = this.#node;
    const reason = why === "idTaken" ? `another has its id, ${id}` : "it keeps no more hosts (maxHosts)";
    troubles.tell(why, address, "", `the leader ${leader} at ${address} takes no report from this node: ${reason}`);
  }

  #staled(header: Header, body: BodyOf<"stale">): void {
    const named = namedIn(body);
    const leadership = this.#lead.leadership;
    const isLower = leadership !== undefined && orderOf(named, leadership.token) < 0;
    if (!isLower || this.#node.isQuorum) this.#claimed(named, header);
    else if (named.id !== "" && named.id !== this.#node.id) leadership.probe(named.address);
  }

  /**
   * Somebody is said to lead; a leader with a lower token gives way (E33, E40). True where that is news.
   * @param header of the message that says it
   */
  #claimed(leader: LeaderInfo, header?: Header): boolean {
    const node = this.#node;
    if (leader.id === node.id && header?.sender === leader.id) this.#meetNamesake(leader, header);
    if (leader.id === "" || leader.id === node.id || !node.mayLead(leader.id)) return false;
    if (this.#lead.leadership !== undefined) {
      if (orderOf(leader, this.#lead.leadership.token) <= 0) return false;
      if (node.isQuorum && leader.epoch < node.promised.epoch) return false;
      this.#lead.stepDown("superseded");
    }
    const isNews = this.#following.claim(leader);
    if (isNews) this.#lead.redirectHosts(leader);
    return isNews;
  }

  /** Another run leads under this node's id: one of the two steps down, and asks for another id where it was given this one. */
  #meetNamesake(namesake: LeaderInfo, header: Header): void {
    const node = this.#node;
    const epoch = this.#lead.leadership?.epoch;
    if (node.isQuorum || epoch === undefined || header.incarnation === node.incarnation) return;
    if (!givesWay({ epoch, incarnation: node.incarnation }, header)) return;
    this.#lead.stepDown("superseded");
    this.#lead.redirectHosts(namesake);
    node.book.add(namesake.address);
    this.#following.startUp();
    if (node.options.id === "") {
      node.id = "";
      return;
    }
    const text = `${namesake.address} leads under the id of this node, ${node.id}`;
    node.outbox.emit({ type: "trouble", kind: "idTaken", address: namesake.address, text });
  }

  #acknowledged(header: Header, body: BodyOf<"ack">): void {
    const leadership = this.#lead.leadership;
    if (leadership !== undefined && orderOf({ epoch: header.epoch, id: header.sender }, leadership.token) <= 0) return;
    if (!this.#following.acknowledge(header, body)) return;
    if (leadership !== undefined) this.#lead.end("superseded");
    this.#node.campaign = undefined;
    this.#node.troubles.clear();
    this.#lead.redirectHosts(infoOf(header, body.address));
  }

  #ready(header: Header, body: BodyOf<"ready">): void {
    const host = this.#lead.leadership?.ready(header, body);
    if (host === undefined) return;
    // Its followers know it by the epoch that it leaves, even if it has stored a higher one (E22).
    const epoch = this.#lead.leadership?.epoch;
    const offer = (): void => this.#node.reply(host.link, { type: "offer", for: host.incarnation }, epoch);
    if (!this.#node.rules.stopsBeforeOffer()) return offer();
    this.#lead.release();
    offer();
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

/** In words for people. */
function reasonOf({ code, message }: ElectionError): string {
  return code === "MALFORMED" ? `it sent what is no message of an election: ${message}` : message;
}

function infoOf({ sender, epoch }: Header, address: string): LeaderInfo {
  return { id: sender, address, epoch };
}

function namedIn(body: BodyOf<"redirect"> | BodyOf<"stale">): LeaderInfo {
  return { id: body.leaderId, address: body.leaderAddress, epoch: body.leaderEpoch };
}
