/** Messages that say who leads, and what comes of them: a leader that is followed, or a lead that ends (election rules E33, E40). */

import type { LeaderInfo } from "./contract.js";
import type { Following } from "./following.js";
import type { Lead } from "./lead.js";
import type { BodyOf, Header } from "./messages.js";
import { meetNamesake } from "./namesake.js";
import type { NodeState } from "./node-state.js";
import { orderOf } from "./token.js";

export class Claims {
  readonly #node: NodeState;
  readonly #following: Following;
  readonly #lead: Lead;

  constructor(node: NodeState, following: Following, lead: Lead) {
    this.#node = node;
    this.#following = following;
    this.#lead = lead;
  }

  announced(header: Header, body: BodyOf<"announce">, link: number): void {
    if (this.#claimed(infoOf(header, body.address), header)) this.#following.heardLeader();
    else this.#correct(header, link);
  }

  probed(header: Header, body: BodyOf<"probe">, link: number): void {
    this.#claimed(infoOf(header, body.address), header);
    this.#node.stale({ link }, this.#lead.known);
  }

  redirected({ sender }: Header, body: BodyOf<"redirect">, address: string | undefined): void {
    const node = this.#node;
    if (body.for !== node.incarnation) return;
    if (body.leaderId === sender) this.#following.heardLeader();
    if (body.givenId !== "" && node.id === "" && !node.isQuorum) node.id = body.givenId;
    if (body.refusal !== "none" && address !== undefined) this.#refused(sender, body.refusal, address);
    this.#claimed(namedIn(body));
  }

  staled(header: Header, body: BodyOf<"stale">): void {
    const named = namedIn(body);
    const leadership = this.#lead.leadership;
    const isLower = leadership !== undefined && orderOf(named, leadership.token) < 0;
    if (!isLower || this.#node.isQuorum) this.#claimed(named, header);
    else if (named.id !== "" && named.id !== this.#node.id) leadership.probe(named.address);
  }

  acknowledged(header: Header, body: BodyOf<"ack">): void {
    const leadership = this.#lead.leadership;
    if (leadership !== undefined && orderOf({ epoch: header.epoch, id: header.sender }, leadership.token) <= 0) return;
    if (!this.#following.acknowledge(header, body)) return;
    if (leadership !== undefined) this.#lead.end("superseded");
    this.#node.campaign = undefined;
    this.#node.troubles.clear();
    this.#lead.redirectHosts(infoOf(header, body.address));
  }

  /**
   * Somebody is said to lead; a leader with a lower token gives way (E33, E40). True where that is news.
   * @param header of the message that says it
   */
  #claimed(leader: LeaderInfo, header?: Header): boolean {
    const node = this.#node;
    if (leader.id === node.id && header?.sender === leader.id)
      meetNamesake(node, this.#following, this.#lead, leader, header);
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

  /** The leader takes no report from this node: people are told why. */
  #refused(leader: string, why: "idTaken" | "tableFull", address: string): void {
    const { troubles, id } = this.#node;
    const reason = why === "idTaken" ? `another has its id, ${id}` : "it keeps no more hosts (maxHosts)";
    troubles.tell(why, address, "", `the leader ${leader} at ${address} takes no report from this node: ${reason}`);
  }
}

function infoOf({ sender, epoch }: Header, address: string): LeaderInfo {
  return { id: sender, address, epoch };
}

function namedIn(body: BodyOf<"redirect"> | BodyOf<"stale">): LeaderInfo {
  return { id: body.leaderId, address: body.leaderAddress, epoch: body.leaderEpoch };
}
