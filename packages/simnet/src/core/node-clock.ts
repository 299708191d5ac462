/** The clock that a node reads: ahead or behind, faster or slower than the world's, and never going back. */

export class NodeClock {
  #anchorWorld = 0;
  #anchorOwn: number;
  #rate: number;
  /** While it stands: the rate at which it will go on. */
  #goesOnAt: number | undefined;
  /** The highest time that was read: a clock that is set back stands still until it has caught up. */
  #highest = Number.NEGATIVE_INFINITY;

  /**
   * @param skewMs what it shows at the start of the world
   * @param rate its milliseconds per millisecond of the world: 1.01 gains 1 %
   */
  constructor(skewMs = 0, rate = 1) {
    this.#anchorOwn = skewMs;
    this.#rate = rate;
  }

  /** What it shows at a time of the world. */
  read(world: number): number {
    const shown = this.#shows(world);
    if (shown > this.#highest) this.#highest = shown;
    return this.#highest;
  }

  /** The first time of the world at which it shows `own` or more, as far as is known now. */
  worldTimeOf(own: number): number {
    if (own <= this.#highest) return Number.NEGATIVE_INFINITY;
    if (this.#rate === 0) return this.#anchorOwn >= own ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    let world = this.#anchorWorld + (own - this.#anchorOwn) / this.#rate;
    // What is rounded down here would wake a machine just before its deadline, again and again.
    for (let step = Math.max(1, Math.abs(world)) * 2 ** -52; this.#shows(world) < own; step *= 2) world += step;
    return world;
  }

  /** Sets it forward by `byMs`, or back. */
  skew(world: number, byMs: number): void {
    this.#anchor(world, byMs);
  }

  /** From now on it runs at another rate. */
  drift(world: number, rate: number): void {
    this.#anchor(world, 0);
    if (this.#goesOnAt === undefined) this.#rate = rate;
    else this.#goesOnAt = rate;
  }

  /** It stands until `goOn`: the machine sleeps. */
  stand(world: number): void {
    this.#anchor(world, 0);
    this.#goesOnAt ??= this.#rate;
    this.#rate = 0;
  }

  goOn(world: number): void {
    this.#anchor(world, 0);
    this.#rate = this.#goesOnAt ?? this.#rate;
    this.#goesOnAt = undefined;
  }

  #anchor(world: number, byMs: number): void {
    this.read(world);
    this.#anchorOwn = this.#shows(world) + byMs;
    this.#anchorWorld = world;
  }

  #shows(world: number): number {
    return this.#anchorOwn + (world - this.#anchorWorld) * this.#rate;
  }
}
