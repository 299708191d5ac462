/** The room, on this node while it leads. */
import type { BroadcastServer } from "@lab/broadcast";
import type { Elector } from "@lab/election";

export class Leading implements AsyncDisposable {
  readonly #elector: Elector;
  readonly #open: () => Promise<BroadcastServer>;
  readonly #onTrouble: (error: Error) => void;
  #server: BroadcastServer | undefined;
  #turn: Promise<void> = Promise.resolve();

  /** @param open starts the server of the room */
  constructor(elector: Elector, open: () => Promise<BroadcastServer>, onTrouble: (error: Error) => void) {
    this.#elector = elector;
    this.#open = open;
    this.#onTrouble = onTrouble;
    elector.on("elected", () => void this.#then(() => this.#lead()));
    elector.on("stepDown", () => void this.#then(() => this.#cede()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#then(() => this.#cede());
  }

  /** One thing after another, however fast the lead comes and goes. */
  #then(act: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(act).catch(this.#onTrouble);
    return this.#turn;
  }

  async #lead(): Promise<void> {
    if (!this.#elector.isLeader()) return;
    try {
      this.#server = await this.#open();
    } catch (error) {
      this.#elector.resign(); // another may be able to
      throw error;
    }
  }

  async #cede(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
  }
}
