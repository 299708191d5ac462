/** What a transfer cost, seen from its client's socket (S93). It measures and decides nothing. */
import { counterOf, Flag, flagsOf, isPacket } from "../core/v2-packet.js";
import { DurationHistogram } from "./duration-histogram.js";

/** Times of packets on their way; a later packet takes the place of one so many before it. */
const REMEMBERED = 1024;
const V1_HEADER_BYTES = 7;

/** Round-trip times in milliseconds. */
export interface RoundTrips {
  readonly samples: number;
  readonly minMs: number;
  readonly meanMs: number;
  /** 99 of 100 samples are not above it, to about 2 %. */
  readonly p99Ms: number;
}

export interface Statistics {
  /** From the first packet to the last. */
  readonly ms: number;
  /** File bytes per second that crossed the network in this transfer; what was there before a resume does not count. */
  readonly goodputBytesPerSecond: number;
  readonly packetsSent: number;
  readonly packetsReceived: number;
  /** Bytes of UDP payload, headers of the protocol included. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Packets that were sent again, or asked again for what did not come. */
  readonly packetsRepeated: number;
  /** Undefined where no answer could be told from the answer to an earlier packet. */
  readonly roundTrips: RoundTrips | undefined;
}

export class TransferStatistics {
  readonly #histogram = new DurationHistogram();
  readonly #sentAt = new Float64Array(REMEMBERED).fill(Number.NaN);
  readonly #counters = new Uint16Array(REMEMBERED);
  #v1Header = "";
  #v1SentAt = Number.NaN;
  #startedAt = Number.NaN;
  #endedAt = Number.NaN;
  #packetsSent = 0;
  #packetsReceived = 0;
  #bytesSent = 0;
  #bytesReceived = 0;
  #packetsRepeated = 0;
  #fileBytes = 0;

  sent(now: number, bytes: Uint8Array): void {
    if (this.#packetsSent++ === 0) this.#startedAt = now;
    this.#endedAt = now;
    this.#bytesSent += bytes.length;
    if (isPacket(bytes)) this.#v2Sent(now, bytes);
    else this.#v1Sent(now, bytes);
  }

  received(now: number, bytes: Uint8Array): void {
    this.#packetsReceived++;
    this.#endedAt = now;
    this.#bytesReceived += bytes.length;
    if (!isPacket(bytes)) {
      // The first answer to a packet that was sent once; that of a repeated one could be the answer to either.
      if (!Number.isNaN(this.#v1SentAt)) this.#histogram.add(now - this.#v1SentAt);
      this.#v1SentAt = Number.NaN;
      return;
    }
    const counter = counterOf(bytes);
    const slot = counter % REMEMBERED;
    const sentAt = this.#sentAt[slot] ?? Number.NaN;
    if (Number.isNaN(sentAt) || this.#counters[slot] !== counter) return;
    this.#sentAt[slot] = Number.NaN;
    this.#histogram.add(now - sentAt);
  }

  /** File bytes that were read or written for it. */
  moved(bytes: number): void {
    this.#fileBytes += bytes;
  }

  snapshot(): Statistics {
    const histogram = this.#histogram;
    const ms = this.#packetsSent === 0 ? 0 : this.#endedAt - this.#startedAt;
    return {
      ms,
      goodputBytesPerSecond: ms === 0 ? 0 : (this.#fileBytes * 1000) / ms,
      packetsSent: this.#packetsSent,
      packetsReceived: this.#packetsReceived,
      bytesSent: this.#bytesSent,
      bytesReceived: this.#bytesReceived,
      packetsRepeated: this.#packetsRepeated,
      roundTrips:
        histogram.count === 0
          ? undefined
          : {
              samples: histogram.count,
              minMs: histogram.min,
              meanMs: histogram.mean,
              p99Ms: histogram.percentile(0.99),
            },
    };
  }

  #v1Sent(now: number, bytes: Uint8Array): void {
    let header = "";
    for (let index = 0; index < Math.min(V1_HEADER_BYTES, bytes.length); index++) {
      header += String.fromCharCode(bytes[index] ?? 0);
    }
    if (header === this.#v1Header) {
      this.#packetsRepeated++;
      this.#v1SentAt = Number.NaN;
    } else this.#v1SentAt = now;
    this.#v1Header = header;
  }

  #v2Sent(now: number, bytes: Uint8Array): void {
    const counter = counterOf(bytes);
    this.#sentAt[counter % REMEMBERED] = now;
    this.#counters[counter % REMEMBERED] = counter;
    if ((flagsOf(bytes) & Flag.RETRY) !== 0) this.#packetsRepeated++;
  }
}
