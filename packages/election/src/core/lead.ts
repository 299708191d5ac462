/** How a node's lead begins and ends, and who is told of it (election rules E11, E12, E36, E38 to E40). */

import type { LeaderInfo, StepDownReason } from "./contract.js";
import type { Following } from "./following.js";
import { Leadership } from "./leadership.js";
import { Lease } from "./lease.js";
import { type BodyOf, EPOCH_MAX, type Header } from "./messages.js";
import type { NodeState } from "./node-state.js";
import type { Stamp } from "./stamp.js";

export class Lead {
  readonly #node: NodeState;
  readonly #following: Following;
  #leadership: Leadership | undefined;
  /** The lead that ended last, while its hosts are to be told of the next leader. */
  #former: Leadership | undefined;

  constructor(node: NodeState, following: Following) {
    this.#node = node;
    this.#following = following;
  }

  /** While this node leads. */
  get leadership(): Leadership | undefined {
    return this.#leadership;
  }

  /** Whom this node holds for the leader. */
  get known(): LeaderInfo | undefined {
    return this.#leadership?.info ?? this.#following.leader;
  }

  /** @param counted who voted, and from when on they are counted */
  begin(epoch: number, counted: ReadonlyMap<string, Stamp>): void {
    const node = this.#node;
    const former = this.#leadership;
    node.campaign = undefined;
    if (former !== undefined) node.outbox.emit({ type: "stepDown", token: former.token, why: "renewed" });
    const leadership = new Leadership(node, epoch, new Lease(node.options, node.rules, counted), former);
    this.#leadership = leadership;
    this.#former = undefined;
    node.role = "leader";
    node.troubles.clear();
    node.leadingEpoch = epoch;
    this.#following.rest();
    node.outbox.emit({ type: "elected", token: leadership.token });
    leadership.announce();
    const { reportMs, stepMs } = node.options;
    const recent = node.askers.takeSince(node.now.mono - 3 * reportMs - 2 * stepMs);
    for (const [link, asker] of recent) leadership.hello(asker, link);
  }

  end(why: StepDownReason): void {
    const leadership = this.#leadership;
    if (leadership === undefined) return;
    this.#node.campaign = undefined;
    this.#former = leadership;
    this.#leadership = undefined;
    this.#node.leadingEpoch = undefined;
    this.#node.outbox.emit({ type: "stepDown", token: leadership.token, why });
  }

  /** Ends it and waits for the next leader, or for its own turn. */
  stepDown(why: StepDownReason): void {
    const node = this.#node;
    const fallbacks = this.#leadership?.fallbacks ?? [];
    this.end(why);
    node.promised.void();
    node.role = "leaderless";
    if (!node.isQuorum && why === "lease") this.#following.startUp();
    else this.#following.after(node.id, fallbacks);
  }

  endIfLost(): void {
    if (this.#leadership?.lease.runs(this.#node.now) === false) this.stepDown("lease");
  }

  /** Asks another to take over; stops where there is nobody to ask; does nothing for a host that has no vote (E39). */
  resign(to: string | undefined): void {
    const leadership = this.#leadership;
    if (leadership === undefined) return;
    if (to !== undefined && leadership.table.get(to) !== undefined && !this.#node.mayLead(to)) return;
    if (!leadership.resign(to)) this.release();
  }

  /** The successor lives: this node stops, and offers it the lead (E36). */
  ready(header: Header, body: BodyOf<"ready">): void {
    const host = this.#leadership?.ready(header, body);
    if (host === undefined) return;
    // Its followers know it by the epoch that it leaves, even if it has stored a higher one (E22).
    const epoch = this.#leadership?.epoch;
    const offer = (): void => this.#node.reply(host.link, { type: "offer", for: host.incarnation }, epoch);
    if (!this.#node.rules.stopsBeforeOffer()) return offer();
    this.release();
    offer();
  }

  /** Stops leading, and stands again if nobody else does (E36, E38). */
  release(): void {
    const node = this.#node;
    this.stepDown("handedOver");
    node.role = "released";
    this.#following.after(node.id, [], node.options.handOverMs);
    // The next epoch is offered to another: this node's own next one is above it.
    if (!node.isQuorum) node.promised.learn(Math.min(EPOCH_MAX, node.promised.epoch + 1));
  }

  /** The hosts of a lead that has ended learn where to go. */
  redirectHosts(leader: LeaderInfo): void {
    const former = this.#former;
    this.#former = undefined;
    if (former === undefined) return;
    for (const host of former.table.all()) {
      if (host.id !== leader.id) this.#node.redirect(host.link, host.incarnation, leader);
    }
  }
}
