/** What happens to a node, as lines: words for people, or JSON for programs. */
import type { Elector, HostRow, LeaderInfo, StepDownReason, Token } from "../core/index.js";
import { printable, printableJson } from "./printable.js";

const STEP_DOWN: Readonly<Record<StepDownReason, string>> = {
  lease: "no longer leads: lease lost",
  superseded: "no longer leads: somebody leads with a higher token than its own",
  renewed: "ends its epoch, to lead on in a higher one",
  handedOver: "no longer leads: handed over",
  stopped: "no longer leads: stopped",
};

/** At a hand-over nobody leads for a moment, which is not worth a line. */
const NOBODY_FOR_MS = 200;

/** Writes a line for each event of an elector; `own` is the id of its node. */
export class EventLines {
  #write: (line: string) => void;
  readonly #isJson: boolean;
  #own: string;
  #connected: ReadonlySet<string> = new Set();
  /** Runs while it is not told yet that nobody leads. */
  #nobody: NodeJS.Timeout | undefined;
  #isEnding = false;
  /** Whether the last table had no other host. */
  #isAlone = false;
  /** Whether the next leader is worth its whole token: it is what makes this one the leader. */
  #isSuperseded = false;

  /** Lines that wait for `begin`. */
  readonly #early: string[] = [];

  constructor(options: { readonly isJson: boolean; readonly own: string }) {
    this.#write = (line) => this.#early.push(line);
    this.#isJson = options.isJson;
    this.#own = options.own;
  }

  /** Writes the first lines, then what has happened already, and from now on what happens. */
  begin(first: readonly string[], write: (line: string) => void): void {
    for (const line of [...first, ...this.#early.splice(0)]) write(line);
    this.#write = write;
  }

  /** Writes the elector's events from now on. */
  follow(elector: Elector): void {
    elector.on("elected", (token) => this.#elected(token));
    elector.on("stepDown", (token, why) => this.#stepDown(token, why));
    elector.on("leader", (leader) => this.#leader(leader));
    elector.on("hosts", (rows) => this.#hosts(rows));
  }

  /** The node stops: that it knows no leader then is no news. */
  end(): void {
    this.#isEnding = true;
    clearTimeout(this.#nobody);
  }

  /** An event of the command itself. Without words it is only told as JSON. */
  event(name: string, fields: object, words?: string): void {
    if (this.#isJson) {
      const ns = String(process.hrtime.bigint());
      this.#write(printableJson({ event: name, at: Date.now(), ns, ...fields }));
    } else if (words !== undefined) this.say(words);
  }

  /** A line of words; in JSON there are none. */
  say(words: string): void {
    if (!this.#isJson) this.#write(`${timeOfDay(new Date())}  ${printable(words)}`);
  }

  #elected(token: Token): void {
    this.#own = token.id;
    this.#connected = new Set([token.id]);
    this.#isAlone = false; // before the first table nobody can tell
    this.event("elected", { token }, `this node leads (epoch ${token.epoch})`);
  }

  #stepDown(token: Token, why: StepDownReason): void {
    this.#isSuperseded = why === "superseded";
    const which = this.#isSuperseded ? `, ${token.epoch} of ${token.id}` : ` (epoch ${token.epoch})`;
    const isInVain = why === "handedOver" && this.#isAlone;
    const words = isInVain ? "no longer leads: it resigned, and there is nobody to hand over to" : STEP_DOWN[why];
    this.event("stepDown", { token, why }, `this node ${words}${which}`);
  }

  #leader(leader: LeaderInfo | undefined): void {
    clearTimeout(this.#nobody);
    const wasSuperseded = this.#isSuperseded;
    this.#isSuperseded = false;
    if (leader === undefined) {
      this.event("leader", { leader: null });
      if (!this.#isEnding) this.#nobody = setTimeout(() => this.say("no leader is known"), NOBODY_FOR_MS);
      return;
    }
    const which = wasSuperseded ? `token ${leader.epoch} of ${leader.id}` : `epoch ${leader.epoch}`;
    const isOwn = leader.id === this.#own; // `elected` said so
    this.event("leader", { leader }, isOwn ? undefined : `${leader.id} leads now (${which})`);
  }

  /** Of every pulse only what changed: who came, and who is not heard any more. */
  #hosts(rows: readonly HostRow[]): void {
    const connected = new Set(rows.filter(({ status }) => status === "connected").map(({ id }) => id));
    const joined = [...connected].filter((id) => !this.#connected.has(id));
    const lost = [...this.#connected].filter((id) => !connected.has(id));
    this.#connected = connected;
    this.#isAlone = connected.size === 1;
    if (joined.length === 0 && lost.length === 0) return;
    if (this.#isJson) return this.event("hosts", { joined, lost, connected: connected.size });
    if (joined.length > 0) this.event("hosts", {}, `connected: ${some(joined)} (${connected.size} in all)`);
    if (lost.length > 0) this.event("hosts", {}, `disconnected: ${some(lost)} (${connected.size} left)`);
  }
}

/** A line stays a line when a thousand hosts come at once. */
function some(ids: readonly string[]): string {
  const shown = ids.slice(0, 8).join(", ");
  return ids.length > 8 ? `${shown} and ${ids.length - 8} more` : shown;
}

function timeOfDay(date: Date): string {
  return `${date.toTimeString().slice(0, 8)}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}
