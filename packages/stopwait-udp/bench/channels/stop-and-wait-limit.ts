/** What stop-and-wait can reach on a channel, computed: the floor of the goodput bars. */
import type { Impairments } from "@lab/simnet";

/** Bytes of UDP payload. */
export interface Exchange {
  /** Of the file, in one packet. */
  readonly blockBytes: number;
  /** Of the packet that carries them. */
  readonly dataBytes: number;
  /** Of the packet that answers it. */
  readonly answerBytes: number;
}

/** Blocks of 1,376 bytes in version 2. */
export const V2_EXCHANGE: Exchange = { blockBytes: 1_376, dataBytes: 1_400, answerBytes: 24 };

/**
 * File bytes per second at which one block after the other crosses the channel, the same in both directions, for a
 * sender that knows the round trip: it sends again the moment an answer is overdue, waits twice as long each time, and
 * waits for what is only late.
 *
 * The round trip is both packets on the line and the latency twice. A round is lost with p = 1 - (1 - drop)^2, so the
 * k-th timeout, which costs 2^(k-1) round trips, comes with p^k: p / (1 - 2p) round trips in all. Each of the two
 * packets is held back by `reorderMs` with probability `reorder`.
 */
export function stopAndWaitLimit(channel: Impairments, { blockBytes, dataBytes, answerBytes }: Exchange): number {
  const { bytesPerSecond = Number.POSITIVE_INFINITY, latencyMs = 0, drop = 0, reorder = 0, reorderMs = 0 } = channel;
  const roundTripMs = ((dataBytes + answerBytes) / bytesPerSecond) * 1_000 + 2 * latencyMs;
  const lost = 1 - (1 - drop) ** 2;
  if (lost >= 0.5) return 0; // the waiting grows as fast as its probability falls
  const waitedMs = (roundTripMs * lost) / (1 - 2 * lost) + 2 * reorder * reorderMs;
  return blockBytes / ((roundTripMs + waitedMs) / 1_000);
}
