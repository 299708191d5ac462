/** Messages that come in: what is none is refused, and each of the others goes to the part of the machine that it concerns. */

import type { Candidacy } from "./candidacy.js";
import { Claims } from "./claims.js";
import type { ElectionInput } from "./contract.js";
import { checkEpochs } from "./epochs.js";
import { ElectionError } from "./errors.js";
import type { Following } from "./following.js";
import type { Lead } from "./lead.js";
import type { Header, Message } from "./messages.js";
import type { NodeState } from "./node-state.js";
import type { Operator } from "./operator.js";
import { answerPreVote, answerVoteReq } from "./voting.js";

export class Incoming {
  readonly #node: NodeState;
  readonly #following: Following;
  readonly #lead: Lead;
  readonly #candidacy: Candidacy;
  readonly #operator: Operator;
  readonly #claims: Claims;
  #malformed = 0;

  constructor(node: NodeState, following: Following, lead: Lead, candidacy: Candidacy, operator: Operator) {
    this.#node = node;
    this.#following = following;
    this.#lead = lead;
    this.#candidacy = candidacy;
    this.#operator = operator;
    this.#claims = new Claims(node, following, lead);
  }

  /** Payloads that were no message of this cluster. */
  get malformed(): number {
    return this.#malformed;
  }

  receive({ link, address, payload }: Extract<ElectionInput, { type: "message" }>): void {
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
        return this.#claims.redirected(header, body, address);
      case "report":
        this.#candidacy.hearEpoch(header);
        if (this.#lead.leadership !== undefined) return this.#lead.leadership.report(header, body, link);
        return node.redirect(link, header.incarnation, this.#following.leader);
      case "ack":
        return this.#claims.acknowledged(header, body);
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
        return this.#claims.announced(header, body, link);
      case "probe":
        return this.#claims.probed(header, body, link);
      case "stale":
        return this.#claims.staled(header, body);
      case "prepare":
        return this.#following.prepare(header, body, link);
      case "ready":
        return this.#lead.ready(header, body);
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
}

/** In words for people. */
function reasonOf({ code, message }: ElectionError): string {
  return code === "MALFORMED" ? `it sent what is no message of an election: ${message}` : message;
}
