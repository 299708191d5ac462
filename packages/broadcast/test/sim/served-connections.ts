/** The connections of a server in the simulation, and who has which session (docs/broadcast.md B11, B21). */
import type { Welcome } from "../../src/core/index.js";
import type { ConnectionWatch } from "./connection-watch.js";
import { Violation } from "./violation.js";

export interface Served {
  /** The simulator's number; the machine has its negative. */
  readonly id: number;
  readonly node: string;
  readonly watch: ConnectionWatch;
  readonly room: string;
  /** Which process of the node it is. */
  readonly incarnation: number;
  isFull: boolean;
  isEnded: boolean;
  isTold: boolean;
}

/** By the simulator's number. */
export class ServedConnections extends Map<number, Served> {
  readonly #incarnationOf: (node: string) => number;

  constructor(incarnationOf: (node: string) => number) {
    super();
    this.#incarnationOf = incarnationOf;
  }

  /** The nodes that have a welcome and are connected, by room; what a process that is gone acknowledged is its own. */
  connectedTo(room: string): string[] {
    return [...this.values()]
      .filter((one) => one.room === room && one.watch.welcome !== undefined && !one.isTold)
      .filter(({ node, incarnation }) => incarnation === this.#incarnationOf(node))
      .map(({ node }) => node);
  }

  /** B11: who had the session before on this server was told that it is taken over. @throws Violation */
  mustHaveAlone({ id, room, node }: Served, { member, epoch }: Welcome): void {
    if (member === 0) return;
    for (const other of this.values()) {
      const { welcome } = other.watch;
      if (other.id === id || other.isTold || other.room !== room) continue;
      if (welcome?.member === member && welcome.epoch === epoch) {
        throw new Violation("B11", `${node} is given the session of member ${member}, which ${other.node} still has`);
      }
    }
  }

  /** The same process has made another connection before, which is not closed. */
  hasOlder({ id, node, incarnation }: Served): boolean {
    for (const one of this.values()) {
      if (one.id === id) return false;
      if (one.node === node && one.incarnation === incarnation && !one.isTold) return true;
    }
    return false;
  }
}
