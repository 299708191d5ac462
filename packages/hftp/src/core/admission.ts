/** How many connections a server takes, in all and from one address (H20). */
import { type NumberRule, resolveNumbers } from "./options.js";

export interface AdmissionOptions {
  /** Connections at a time. Default 4096. */
  readonly maxConnections?: number | undefined;
  /** Connections at a time from one address. Default 2048. */
  readonly maxConnectionsPerAddress?: number | undefined;
  /** Connections over a limit that are told so (199) at a time; those beyond are dropped at once. Default 64. */
  readonly maxRefusals?: number | undefined;
}

const rules: Readonly<Record<keyof AdmissionOptions, NumberRule>> = {
  maxConnections: { default: 4096, min: 1, max: 2 ** 24, orInfinity: true },
  maxConnectionsPerAddress: { default: 2048, min: 1, max: 2 ** 24, orInfinity: true },
  maxRefusals: { default: 64, min: 0, max: 2 ** 24 },
};

export type Verdict = "admitted" | "refused" | "dropped";

export class Admission {
  readonly #limits: Record<keyof AdmissionOptions, number>;
  readonly #perAddress = new Map<string, number>();
  #admitted = 0;
  #refusing = 0;

  /** @throws TypeError or RangeError for an option out of its range. */
  constructor(options: AdmissionOptions = {}) {
    this.#limits = resolveNumbers<keyof AdmissionOptions>(options, rules);
  }

  /** Connections that are admitted now. */
  get admitted(): number {
    return this.#admitted;
  }

  /** Decides on a new connection. What is not `dropped` must be handed to leave() once it is gone. */
  enter(address: string): Verdict {
    const here = this.#perAddress.get(address) ?? 0;
    if (this.#admitted < this.#limits.maxConnections && here < this.#limits.maxConnectionsPerAddress) {
      this.#admitted++;
      this.#perAddress.set(address, here + 1);
      return "admitted";
    }
    if (this.#refusing >= this.#limits.maxRefusals) return "dropped";
    this.#refusing++;
    return "refused";
  }

  /** A connection is gone. */
  leave(address: string, verdict: Verdict): void {
    if (verdict === "refused") this.#refusing--;
    if (verdict !== "admitted") return;
    this.#admitted--;
    const here = (this.#perAddress.get(address) ?? 1) - 1;
    if (here === 0) this.#perAddress.delete(address);
    else this.#perAddress.set(address, here);
  }
}
