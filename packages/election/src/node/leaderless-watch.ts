/** Says, in quorum mode, why there is no leader: which members answer, and how many must. */
import type { ResolvedOptions } from "../core/options.js";
import type { Logger } from "./logger.js";

export interface LeaderlessWatchQuestions {
  /** Whether this node has a leader, leads, or is quiet for a reason of its own. */
  readonly isCalm: () => boolean;
  /** Undefined where the member answers; else what is wrong. */
  readonly troubleAt: (address: string) => string | undefined;
}

/** Without a leader for longer than a lease is worth a warning; the next one comes after twice the time, and so on. */
export class LeaderlessWatch {
  readonly #options: Pick<ResolvedOptions, "id" | "members" | "majority" | "leaseMs">;
  readonly #logger: Logger;
  readonly #ask: LeaderlessWatchQuestions;
  readonly #timer: NodeJS.Timeout | undefined;
  #calmAt = performance.now();
  #warnAfterMs: number;

  /** In mode available it watches nothing: there a node leads by itself. */
  constructor(options: ResolvedOptions, logger: Logger, ask: LeaderlessWatchQuestions) {
    this.#options = options;
    this.#logger = logger;
    this.#ask = ask;
    this.#warnAfterMs = options.leaseMs;
    if (options.mode === "quorum") this.#timer = setInterval(() => this.#look(), options.leaseMs / 2);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    if (this.#ask.isCalm()) {
      this.#calmAt = now;
      this.#warnAfterMs = this.#options.leaseMs;
      return;
    }
    const forMs = now - this.#calmAt;
    if (forMs < this.#warnAfterMs) return;
    this.#warnAfterMs = 2 * forMs;
    this.#logger.warn({}, this.#text(forMs));
  }

  #text(forMs: number): string {
    const { id, members, majority } = this.#options;
    const answering: string[] = [];
    const troubles: string[] = [];
    for (const member of members) {
      const trouble = member.id === id ? undefined : this.#ask.troubleAt(member.address);
      if (trouble === undefined) answering.push(member.id);
      else troubles.push(`${member.id} at ${member.address}: ${trouble}`);
    }
    const who = answering.length === 0 ? "none answers" : `${answering.length} up (${answering.join(", ")})`;
    const needed = answering.length < majority ? `${majority} are needed` : `${majority} are enough`;
    const since = `no leader for ${Math.round(forMs / 1_000)} s`;
    return [`${since}: of ${members.length} members ${who}, ${needed}`, ...troubles].join("; ");
  }
}
