/** The actions that run on the client's own machine, by the number of their attempt (R2, R38). */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { RunEnd } from "../core/messages.js";
import type { BuildFolder } from "./build-folder.js";
import { Fifos } from "./fifos.js";
import { LocalRun } from "./local-run.js";
import type { Screen } from "./screen.js";

export interface LocalRunEvents {
  started(attempt: number): void;
  ended(attempt: number, end: RunEnd): void;
}

export class LocalRuns {
  readonly #folder: BuildFolder;
  readonly #screen: Screen;
  readonly #events: LocalRunEvents;
  readonly #running = new Map<number, LocalRun>();
  #fifos: Fifos | undefined;

  constructor(folder: BuildFolder, screen: Screen, events: LocalRunEvents) {
    this.#folder = folder;
    this.#screen = screen;
    this.#events = events;
  }

  /** @param folder default: the Rakefile's */
  run(attempt: number, action: number, command: string, folder: string = this.#folder.root): void {
    const run = new LocalRun({
      command,
      folder,
      mark: this.#folder.own,
      fifos: this.#pipes(),
      print: (stream, bytes) => this.#screen.add({ stream, bytes, action }),
      started: () => this.#events.started(attempt),
    });
    this.#running.set(attempt, run);
    void run.ended.then((end) => {
      this.#running.delete(attempt);
      this.#events.ended(attempt, end);
    });
  }

  kill(attempt: number, hard: boolean): void {
    this.#running.get(attempt)?.kill(hard);
  }

  /** Ends all that is left, and resolves when it is gone. */
  async close(): Promise<void> {
    const all = [...this.#running.values()];
    for (const run of all) run.kill(true);
    await Promise.all(all.map(({ ended }) => ended));
  }

  #pipes(): Fifos {
    if (this.#fifos === undefined) {
      const folder = join(this.#folder.own, "fifos");
      mkdirSync(folder, { mode: 0o700 });
      this.#fifos = new Fifos(folder);
    }
    return this.#fifos;
  }
}
