/** The file of `--trace`: the first events, drawn when the proxy ends. */
import { writeFileSync } from "node:fs";
import { renderDiagram } from "../core/diagram.js";
import type { TraceEvent } from "../core/trace.js";

export class DiagramFile {
  readonly #path: string;
  readonly #maxEvents: number;
  readonly #events: TraceEvent[] = [];
  #seen = 0;

  /** Tries at once whether it can be written. @throws what node:fs says */
  constructor(path: string, maxEvents: number) {
    this.#path = path;
    this.#maxEvents = maxEvents;
    writeFileSync(path, renderDiagram([]));
  }

  add(event: TraceEvent): void {
    this.#seen++;
    if (this.#events.length < this.#maxEvents) this.#events.push(event);
  }

  write(title: string): void {
    const shown = this.#events.length;
    const which = this.#seen > shown ? `, the first ${shown} of ${this.#seen} events` : "";
    writeFileSync(this.#path, renderDiagram(this.#events, { title: `${title}${which}`, maxEvents: this.#maxEvents }));
  }
}
