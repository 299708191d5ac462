/** A follower to which its leader hands over (election rules E35, E37). */

import type { LeaderInfo } from "./contract.js";
import type { BodyOf, Header } from "./messages.js";
import type { NodeState } from "./node-state.js";

export class Succession {
  readonly #node: NodeState;
  /** The Prepare that was answered last, and whose it was. */
  #prepared: { readonly leader: LeaderInfo; readonly atMono: number } | undefined;

  constructor(node: NodeState) {
    this.#node = node;
  }

  /** The leader, which this node follows, asks whether it lives, to hand over to it. */
  prepare(leader: LeaderInfo, header: Header, body: BodyOf<"prepare">, link: number): void {
    const node = this.#node;
    if (body.for !== node.incarnation || !node.mayLead(node.id) || !node.knowsEpoch) return;
    this.#prepared = { leader, atMono: node.now.mono };
    node.reply(link, { type: "ready", for: header.incarnation, stamp: body.stamp });
  }

  /** The leader that was prepared for, once, if this offer of `leader` is one to take. */
  offered(leader: LeaderInfo | undefined, body: BodyOf<"offer">): LeaderInfo | undefined {
    const node = this.#node;
    const prepared = this.#prepared;
    this.#prepared = undefined;
    if (leader === undefined || prepared === undefined || body.for !== node.incarnation) return undefined;
    if (prepared.leader.id !== leader.id || prepared.leader.epoch !== leader.epoch) return undefined;
    return node.now.mono - prepared.atMono <= node.options.leaseMs ? prepared.leader : undefined;
  }

  /** Nobody is followed any more. */
  forget(): void {
    this.#prepared = undefined;
  }
}
