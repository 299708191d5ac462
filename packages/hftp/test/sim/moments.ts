/** The order in which things happened in a run, whatever the clocks of the nodes showed. */
export class Moments {
  #last = 0;

  /** A moment after all others. */
  next(): number {
    return ++this.#last;
  }
}
