/** Who leads and who follows whom, as the processes of a cluster say. */
import type { Token } from "../../src/core/index.js";
import { Events, type NodeEvent } from "./events.js";

/** Who leads, and in which epoch. */
export interface Claim {
  readonly id: string;
  readonly epoch: number;
}

export class Witness {
  readonly events: Events = new Events();
  /** Of each node whom it follows, by its last word. */
  readonly #follows = new Map<string, Claim>();
  /** Of each node that leads, by its own word. */
  readonly #leads = new Map<string, Token>();

  /** A line that a node printed. */
  take(node: string, line: string): void {
    if (!line.startsWith("{")) return;
    const event = { node, ...JSON.parse(line) } as NodeEvent;
    if (event.event === "elected") this.#leads.set(node, event.token);
    else if (event.event === "stepDown") this.#leads.delete(node);
    else if (event.event === "leader" && event.leader === null) this.#follows.delete(node);
    else if (event.event === "leader" && event.leader !== null) this.#follows.set(node, event.leader);
    this.events.add(event);
  }

  /** A node was killed: what it said does not count any more. */
  forget(node: string): void {
    this.#follows.delete(node);
    this.#leads.delete(node);
  }

  /** Who leads by its own word. */
  get leading(): readonly string[] {
    return [...this.#leads.keys()];
  }

  /** The one among these that says that it leads and that all of these follow now. */
  followedBy(ids: readonly string[]): Claim | undefined {
    const [first, ...others] = ids.map((id) => this.#follows.get(id));
    if (first === undefined || !ids.includes(first.id)) return undefined;
    if (this.#leads.get(first.id)?.epoch !== first.epoch) return undefined;
    return others.every((claim) => claim?.id === first.id && claim.epoch === first.epoch) ? first : undefined;
  }

  /** That one, once there is one. */
  async settled(ids: readonly string[]): Promise<Claim> {
    return await this.events.until(`a leader that ${ids.join(", ")} follow`, () => this.followedBy(ids));
  }

  /** Once a node does not lead by its own word. */
  async steppedDown(id: string): Promise<void> {
    await this.events.until(`the end of ${id}'s lead`, () => (this.#leads.has(id) ? undefined : true));
  }
}
