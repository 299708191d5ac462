/** Keeps the trace of a run, up to a bound, and counts what a summary needs whether a trace is kept or not. */

import type { TraceEvent } from "./trace.js";

/** What happened in a run, counted. */
export interface TrafficCounts {
  /** Datagrams that programs sent. */
  datagramsSent: number;
  /** Datagrams that programs were given, second copies included. */
  datagramsArrived: number;
  /** Datagrams that were lost, whatever the reason. */
  datagramsLost: number;
  /** Lost by a link: dropped, cut off, or no room in its queue; datagrams and stream segments. */
  lostOnLinks: number;
  duplicated: number;
  corrupted: number;
  /** Held back, so that later ones could overtake. */
  reordered: number;
  /** Stream segments that carried bytes, retransmissions included. */
  segmentsSent: number;
  crashes: number;
  pauses: number;
  cuts: number;
  resets: number;
}

export class TraceRecorder {
  readonly events: TraceEvent[] = [];
  /** Events that came after the bound was reached, and are not among `events`. */
  omitted = 0;
  readonly counts: TrafficCounts = {
    datagramsSent: 0,
    datagramsArrived: 0,
    datagramsLost: 0,
    lostOnLinks: 0,
    duplicated: 0,
    corrupted: 0,
    reordered: 0,
    segmentsSent: 0,
    crashes: 0,
    pauses: 0,
    cuts: 0,
    resets: 0,
  };
  readonly #maxEvents: number;

  constructor(maxEvents: number) {
    this.#maxEvents = maxEvents;
  }

  /** False where no event is kept at all: then none need be made. */
  get isOn(): boolean {
    return this.#maxEvents > 0;
  }

  record(event: TraceEvent): void {
    if (this.events.length < this.#maxEvents) this.events.push(event);
    else this.omitted++;
  }
}
