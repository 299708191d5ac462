/** The keys of a terminal: a board that is drawn over itself, a node that is chosen, and what is done to it. */
import { emitKeypressEvents } from "node:readline";
import { actions } from "./actions.js";
import { renderBoard } from "./board.js";
import type { Cluster } from "./cluster.js";

interface Key {
  readonly name?: string;
  readonly sequence?: string;
  readonly ctrl?: boolean;
}

export class Keys {
  readonly #cluster: Cluster;
  #selected = 0;
  #drawn = 0;
  #message = "";
  #isClosed = false;
  #quit: () => void = () => {};

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Resolves when somebody wants to quit. */
  async run(): Promise<void> {
    emitKeypressEvents(process.stdin);
    process.stdin.setRawMode(true).resume();
    this.draw();
    await new Promise<void>((resolve) => {
      this.#quit = resolve;
      process.stdin.on("keypress", this.#onKey);
    });
  }

  draw(): void {
    if (this.#isClosed) return;
    const { ids } = this.#cluster;
    const help = actions.map(({ key, name }) => `${key} ${name}`).join("   ");
    const lines = [
      "",
      ...renderBoard(
        ids.map((id) => this.#cluster.status(id)),
        this.#selected,
      ),
      "",
      `1-${ids.length} or arrows: choose   ${help}   q quit`,
      this.#message,
    ];
    const up = this.#drawn === 0 ? "" : `\x1b[${this.#drawn}A`;
    process.stdout.write(`${up}${lines.map((line) => `\x1b[2K${line}\n`).join("")}`);
    this.#drawn = lines.length;
  }

  close(): void {
    this.#isClosed = true;
    process.stdin.off("keypress", this.#onKey);
    process.stdin.setRawMode(false).pause();
  }

  readonly #onKey = (_text: string | undefined, { name, sequence = "", ctrl = false }: Key): void => {
    const { ids } = this.#cluster;
    if (name === "q" || (ctrl && name === "c")) return this.#quit();
    if (name === "up") this.#selected = Math.max(0, this.#selected - 1);
    if (name === "down") this.#selected = Math.min(ids.length - 1, this.#selected + 1);
    if (/^[1-9]$/.test(sequence)) this.#selected = Math.min(ids.length, Number(sequence)) - 1;
    this.#message = "";
    const id = ids[this.#selected];
    const action = actions.find(({ key }) => key === name);
    if (action !== undefined && id !== undefined) {
      Promise.resolve()
        .then(() => action.act(this.#cluster, id))
        .catch((error: Error) => {
          this.#message = error.message;
          this.draw();
        });
    }
    this.draw();
  };
}
