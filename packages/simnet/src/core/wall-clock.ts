/** The clock on a node's wall: milliseconds since 1970. It goes on while the machine sleeps, and may be set at any time. */

export class WallClock {
  #ahead: number;

  /** @param startMs what it shows at the start of the world */
  constructor(startMs: number) {
    this.#ahead = startMs;
  }

  read(world: number): number {
    return world + this.#ahead;
  }

  /** Sets it forward by `byMs`, or back. */
  step(byMs: number): void {
    this.#ahead += byMs;
  }
}
