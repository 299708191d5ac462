/** The links of a world: one for every ordered pair of nodes, made when something first crosses it. */

import type { PacketFault } from "./faults.js";
import type { Impairments } from "./impairments.js";
import { type Fate, type Forced, LinkModel } from "./link-model.js";
import type { Random } from "./random.js";
import type { TrafficCounts } from "./trace-recorder.js";

interface Link {
  readonly model: LinkModel;
  /** What it was told first. */
  initial: Impairments;
  /** Packets that carried something. */
  packets: number;
  /** Faults by the index of the packet that they hit. */
  readonly forced: Map<number, Forced>;
  /** Cuts that are not over. */
  cuts: number;
}

export class LinkTable {
  readonly #links = new Map<string, Map<string, Link>>();
  readonly #impairments: Impairments;
  readonly #random: Random;
  readonly #counts: TrafficCounts;
  #isCalm = false;

  /** @param impairments of every link between two different nodes; what a node sends to itself crosses a perfect one */
  constructor(impairments: Impairments, random: Random, counts: TrafficCounts) {
    this.#impairments = impairments;
    this.#random = random;
    this.#counts = counts;
  }

  /** What the link is like at first, and again in the calm. */
  begin(from: string, to: string, impairments: Impairments): void {
    const link = this.#link(from, to);
    link.initial = impairments;
    link.model.change(impairments);
  }

  change(from: string, to: string, impairments: Impairments): void {
    this.#link(from, to).model.change(impairments);
  }

  /** From now on every link is as at first, but loses, doubles, corrupts and turns around nothing. */
  calm(healed: (from: string, to: string) => void): void {
    this.#isCalm = true;
    for (const [from, row] of this.#links) {
      for (const [to, link] of row) {
        link.model.change(calmed(link.initial));
        link.forced.clear();
        if (link.cuts === 0) continue;
        link.cuts = 0;
        link.model.heal();
        healed(from, to);
      }
    }
  }

  addFault(fault: PacketFault): void {
    const { forced } = this.#link(fault.from, fault.to);
    forced.set(fault.index, { ...forced.get(fault.index), ...forcedBy(fault) });
  }

  /** True where the link was whole until now. */
  cut(from: string, to: string): boolean {
    const link = this.#link(from, to);
    link.model.cut();
    return ++link.cuts === 1;
  }

  /** Ends one cut. True where it was the last one. */
  heal(from: string, to: string): boolean {
    const link = this.#link(from, to);
    if (link.cuts === 0 || --link.cuts > 0) return false;
    link.model.heal();
    return true;
  }

  /** @param carries whether the packet counts, and can be hit by a fault that names its index */
  offer(now: number, from: string, to: string, bytes: Uint8Array, carries: boolean): Fate[] {
    const link = this.#link(from, to);
    const forced = carries && link.forced.size > 0 ? link.forced.get(link.packets + 1) : undefined;
    if (carries) link.packets++;
    const fates = link.model.offer(now, bytes, forced);
    for (const fate of fates) this.#count(fate);
    return fates;
  }

  #count(fate: Fate): void {
    const counts = this.#counts;
    if (fate.type === "lost") counts.lostOnLinks++;
    else if (fate.copy > 0) counts.duplicated++;
    else {
      if (fate.corrupted) counts.corrupted++;
      if (fate.reordered) counts.reordered++;
    }
  }

  #link(from: string, to: string): Link {
    let row = this.#links.get(from);
    if (row === undefined) {
      row = new Map();
      this.#links.set(from, row);
    }
    let link = row.get(to);
    if (link === undefined) {
      const impairments = from === to ? {} : this.#impairments;
      const random = this.#random.fork(`${labelOf(from)} > ${labelOf(to)}`);
      const model = new LinkModel(this.#isCalm ? calmed(impairments) : impairments, random);
      link = { model, initial: impairments, packets: 0, forced: new Map(), cuts: 0 };
      row.set(to, link);
    }
    return link;
  }
}

function calmed(impairments: Impairments): Impairments {
  return { ...impairments, drop: 0, duplicate: 0, reorder: 0, corrupt: 0, queuePackets: Number.POSITIVE_INFINITY };
}

/** So that no two pairs of names have one label: "a > b" to "c", and "a" to "b > c". */
function labelOf(node: string): string {
  return node.replaceAll(">", ">>");
}

function forcedBy(fault: PacketFault): Forced {
  switch (fault.type) {
    case "drop":
      return { drop: true };
    case "duplicate":
      return { duplicateAfterMs: fault.afterMs };
    case "delay":
      return { delayMs: fault.byMs };
    case "corrupt":
      return { corrupt: { byte: fault.byte, mask: fault.mask } };
  }
}
