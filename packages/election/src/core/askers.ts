/** Who asked for a leader while there was none: told as soon as this node leads (election rule E31). */

import type { Header } from "./messages.js";

/** Connections that are remembered, at most (E46). */
const MAX_ASKERS = 64;

/** Of a Hello, what its answer needs. */
type Asker = Pick<Header, "sender" | "incarnation">;

export class Askers {
  /** By connection, who asked last at the end. */
  readonly #asked = new Map<number, { readonly asker: Asker; readonly atMono: number }>();

  add(link: number, { sender, incarnation }: Asker, atMono: number): void {
    this.#asked.delete(link);
    this.#asked.set(link, { asker: { sender, incarnation }, atMono });
    if (this.#asked.size <= MAX_ASKERS) return;
    for (const oldest of this.#asked.keys()) return this.remove(oldest);
  }

  remove(link: number): void {
    this.#asked.delete(link);
  }

  /** Those that asked since, each once. */
  takeSince(mono: number): [link: number, asker: Asker][] {
    const recent = [...this.#asked].filter(([, { atMono }]) => atMono >= mono);
    this.#asked.clear();
    return recent.map(([link, { asker }]) => [link, asker]);
  }
}
