/** What is to happen to a node: its timer, what it asked for later, and the next of what waits for it. */

import type { Scheduled } from "./event-queue.js";
import type { SimulatedNode } from "./simulated-node.js";

export class InboxTurn implements Scheduled {
  readonly #node: SimulatedNode;
  readonly #incarnation: number;

  constructor(node: SimulatedNode) {
    this.#node = node;
    this.#incarnation = node.incarnation;
  }

  perform(): void {
    if (this.#node.incarnation === this.#incarnation) this.#node.takeFromInbox();
  }
}

export class Wake implements Scheduled {
  cancelled = false;
  readonly at: number;
  readonly #node: SimulatedNode;

  constructor(node: SimulatedNode, at: number) {
    this.#node = node;
    this.at = at;
  }

  perform(): void {
    this.#node.wakeDue();
  }
}

export class Later implements Scheduled {
  cancelled = false;
  readonly due: number;
  readonly token: unknown;
  readonly #node: SimulatedNode;

  constructor(node: SimulatedNode, due: number, token: unknown) {
    this.#node = node;
    this.due = due;
    this.token = token;
  }

  perform(): void {
    this.#node.laterDue(this);
  }
}
