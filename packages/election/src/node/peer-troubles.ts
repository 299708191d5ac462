/** What goes wrong between this node and others, as warnings for people: once, and not at every attempt. */
import type { Logger } from "./logger.js";

/** What may be wrong at an address that we dial. */
export type PeerTrouble =
  /** Nobody listens there. */
  | "refused"
  /** No connection, for any other reason. */
  | "unreachable"
  /** Connections are taken, and closed before anything is said. */
  | "closed"
  /** Connections are taken, and nothing is said. */
  | "silent"
  /** What is said is no message of this cluster. */
  | "nonsense";

interface Peer {
  /** What was told since it answered last. */
  readonly told: Set<PeerTrouble>;
  hasAnswered: boolean;
  /** Connections that it closed without an answer, one after the other. */
  closed: number;
  /** The last trouble; undefined where it answered since. */
  state: string | undefined;
}

/** Addresses that are remembered; the one that was heard of first gives way. */
const MAX_PEERS = 256;
/** Of a node that stops, one connection may end before it has answered: the next attempt shows whether it does so always. */
const CLOSED_BEFORE_TOLD = 2;
/** A minute has so many warnings about addresses at most; the others are `debug`. */
const MAX_A_MINUTE = 30;
/** Peers that are refused for the same reason are told of once in so long. */
const SAME_REASON_MS = 60_000;
const MAX_REASONS = 16;
/** Whatever the reasons: what peers can cause as often as they like is not written as often. */
const ANY_REASON_MS = 1_000;

export class PeerTroubles {
  readonly #logger: Logger;
  readonly #peers = new Map<string, Peer>();
  readonly #reasons = new Map<string, number>();
  #warnedAt = Number.NEGATIVE_INFINITY;
  #minuteBegan = Number.NEGATIVE_INFINITY;
  #inThisMinute = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** A message came from an address that we dialled, and was not refused. */
  answered(address: string): void {
    const peer = this.#peer(address);
    if (peer.told.size > 0) this.#logger.info({ address }, `${address} answers now`);
    peer.told.clear();
    peer.hasAnswered = true;
    peer.closed = 0;
    peer.state = undefined;
  }

  /** An attempt to talk to an address came to nothing. `why` is what the system, or the machine, says of it. */
  failed(address: string, trouble: PeerTrouble, why = ""): void {
    const peer = this.#peer(address);
    if (trouble === "closed" && ++peer.closed < CLOSED_BEFORE_TOLD) return;
    const [state, text] = wordsFor(address, trouble, why);
    peer.state = state;
    if (peer.told.has(trouble)) return;
    peer.told.add(trouble);
    this.#logger[this.#mayWarn() ? "warn" : "debug"]({ address, trouble }, text);
  }

  /** Without votes, a node whose seeds are all wrong leads a cluster of its own. */
  leadsAlone(seeds: readonly string[]): void {
    if (seeds.length === 0 || seeds.some((seed) => this.#peers.get(seed)?.hasAnswered)) return;
    this.#logger.warn({ seeds }, `leads alone: nobody answered at ${seeds.join(", ")}`);
  }

  /** What another node sent on a connection that it made was refused. */
  refusedPeer(peer: string, why: string): void {
    const now = performance.now();
    const reason = why.replace(/\d+/g, "0"); // of a thousand wrong lengths one is told
    const toldAt = this.#reasons.get(reason) ?? Number.NEGATIVE_INFINITY;
    const isNews = now - toldAt >= SAME_REASON_MS;
    if (isNews) {
      this.#reasons.delete(reason);
      this.#reasons.set(reason, now);
      for (const oldest of this.#reasons.keys()) {
        if (this.#reasons.size <= MAX_REASONS) break;
        this.#reasons.delete(oldest);
      }
    }
    if (isNews) this.warnSeldom({ peer, why }, `a peer at ${peer} was refused`);
    else this.#logger.debug({ peer, why }, `a peer at ${peer} was refused`);
  }

  /** A warning that peers can cause, at most once a second. */
  warnSeldom(fields: object, message: string): void {
    const now = performance.now();
    const level = now - this.#warnedAt < ANY_REASON_MS ? "debug" : "warn";
    if (level === "warn") this.#warnedAt = now;
    this.#logger[level](fields, message);
  }

  /** In a few words, what is wrong there; undefined where nothing is known to be. */
  stateOf(address: string): string | undefined {
    return this.#peers.get(address)?.state;
  }

  #peer(address: string): Peer {
    const known = this.#peers.get(address);
    if (known !== undefined) return known;
    const peer: Peer = { told: new Set(), hasAnswered: false, closed: 0, state: undefined };
    this.#peers.set(address, peer);
    for (const oldest of this.#peers.keys()) {
      if (this.#peers.size <= MAX_PEERS) break;
      this.#peers.delete(oldest);
    }
    return peer;
  }

  #mayWarn(): boolean {
    const now = performance.now();
    if (now - this.#minuteBegan >= 60_000) {
      this.#minuteBegan = now;
      this.#inThisMinute = 0;
    }
    return ++this.#inThisMinute <= MAX_A_MINUTE;
  }
}

/** In a few words for a list, and as a sentence. */
function wordsFor(address: string, trouble: PeerTrouble, why: string): readonly [state: string, text: string] {
  switch (trouble) {
    case "refused":
      return ["nobody listens", `nobody listens at ${address}`];
    case "unreachable":
      return ["cannot be reached", `${address} cannot be reached: ${why}`];
    case "closed":
      return [
        "closes connections without an answer",
        `${address} closes connections without an answer: has it another cluster, secret, mode, members or lease?`,
      ];
    case "silent":
      return ["does not answer", `${address} takes connections and does not answer`];
    case "nonsense":
      return [`is refused: ${why}`, `${address} is refused: ${why}`];
  }
}
