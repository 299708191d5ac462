/** Captures for the dissectors' tests: bytes as packets of simnet's writer, in segments that a test chooses. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PcapngWriter, type Side, TcpCapture } from "../../packages/simnet/src/core/index.js";
import { scratchFolder } from "../scratch.js";

export interface Said {
  readonly side: Side;
  readonly bytes: Uint8Array;
  /** Where they stand in all that this side says; default: behind what it said so far. */
  readonly offset?: number;
}

/** How what is said becomes segments: each as it is, all that one side says in a row, byte by byte, or anything between. */
export type Cut = (said: readonly Said[]) => Said[];

const HOST = "127.0.0.1";
const FIRST_CLIENT_PORT = 40_000;
/** Longer ones are several packets. */
const MOST_SEGMENT_BYTES = 65_495;

export class CaptureBuilder {
  readonly #writer = new PcapngWriter();
  readonly #pieces: Uint8Array[] = [this.#writer.header()];
  #port = FIRST_CLIENT_PORT;
  #at = 0;
  /** Packets so far. */
  packets = 0;

  /** A connection of its own. @returns the number of the packet with which each segment ends, from 0 */
  conversation(serverPort: number, segments: readonly Said[]): number[] {
    const tcp = new TcpCapture(
      this.#writer,
      { address: HOST, port: this.#port++ },
      { address: HOST, port: serverPort },
    );
    this.#pieces.push(tcp.open(this.#at++));
    this.packets += 3;
    return segments.map(({ side, bytes, ...place }) => {
      // Sent and never acknowledged: one packet for each segment, so that a test knows its number.
      this.#pieces.push(tcp.dataSent(this.#at++, side, bytes, place));
      this.packets += Math.ceil(bytes.length / MOST_SEGMENT_BYTES);
      return this.packets - 1;
    });
  }

  /** @returns the number of the packet, from 0 */
  datagram(from: Side, serverPort: number, payload: Uint8Array, clientPort: number = FIRST_CLIENT_PORT - 1): number {
    const [client, server] = [
      { address: HOST, port: clientPort },
      { address: HOST, port: serverPort },
    ] as const;
    const [source, target] = from === "client" ? [client, server] : [server, client];
    this.#pieces.push(this.#writer.udp(this.#at++, source, target, payload));
    return this.packets++;
  }

  /** All of it so far. */
  bytes(): Uint8Array {
    return concat(this.#pieces);
  }

  /** Writes it, and says where. */
  file(): string {
    return captureFile(this.bytes());
  }
}

/** A capture as a file that is gone when the test ends. */
export function captureFile(bytes: Uint8Array): string {
  const path = join(scratchFolder(), "capture.pcapng");
  writeFileSync(path, bytes);
  return path;
}

export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces));
}

/** What one side says before the other says anything is one segment. */
export const inTurns: Cut = (said) => {
  const turns: { side: Side; pieces: Uint8Array[] }[] = [];
  for (const { side, bytes } of said) {
    const last = turns.at(-1);
    if (last?.side === side) last.pieces.push(bytes);
    else turns.push({ side, pieces: [bytes] });
  }
  return turns.map(({ side, pieces }) => ({ side, bytes: concat(pieces) }));
};

/** @param length of the next segment, at least 1 */
export function inPieces(length: () => number): Cut {
  return (said) =>
    inTurns(said).flatMap(({ side, bytes }) => {
      const pieces: Said[] = [];
      for (let at = 0; at < bytes.length; ) {
        const piece = bytes.subarray(at, at + length());
        pieces.push({ side, bytes: piece });
        at += piece.length;
      }
      return pieces;
    });
}

export const byteByByte: Cut = inPieces(() => 1);
