/** A connection that is lost, told once however often it is tried again, and for how long it is waited for. */
import type { Notice } from "../core/client-contract.js";
import { ClosedError } from "../core/errors.js";
import { backLine, noticeLine } from "./entry-words.js";

export class LostConnection {
  /** Rejects with ClosedError `UNREACHABLE` where it was gone for longer than `waitMs`. */
  readonly forGood: Promise<never>;
  readonly #address: string;
  readonly #waitMs: number | undefined;
  readonly #say: (line: string) => void;
  #giveUp: (error: Error) => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  #wasIn = false;
  #isLost = false;

  /** @param waitMs undefined: without end */
  constructor(address: string, waitMs: number | undefined, say: (line: string) => void) {
    this.#address = address;
    this.#waitMs = waitMs;
    this.#say = say;
    this.forGood = new Promise((_resolve, reject) => {
      this.#giveUp = reject;
    });
    this.forGood.catch(() => {}); // who waits for it knows
  }

  notice(notice: Notice): void {
    if (notice.type === "disconnected") this.#lost(notice);
    if (notice.type !== "welcome") return;
    if (this.#wasIn) this.#say(backLine(notice));
    this.#wasIn = true;
    this.#isLost = false;
    this.stop();
  }

  /** It is not waited for any more. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #lost(notice: Extract<Notice, { type: "disconnected" }>): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#say(noticeLine(notice, false) as string);
    const waitMs = this.#waitMs;
    if (waitMs === undefined) return;
    this.#timer = setTimeout(() => {
      const why = `the connection to ${this.#address} was lost, and was not back within ${waitMs} ms`;
      this.#giveUp(new ClosedError("UNREACHABLE", why));
    }, waitMs);
  }
}
