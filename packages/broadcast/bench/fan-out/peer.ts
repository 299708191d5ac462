/** What is compared: one publisher, one server, many subscribers, messages of the same size. */

/** What a subscriber does with what comes. */
export interface Tally {
  /** A whole message, in the order of their coming. */
  message(payload: Uint8Array): void;
  /** What the floor hears, which does not look for messages; `headerBytes` stand before each. */
  raw(chunk: Uint8Array, headerBytes: number): void;
}

/** A publisher: resolves when all has been handed to the system, or to whatever keeps it in order. */
export type PublishMany = (payloads: readonly Uint8Array[]) => Promise<void>;

export interface Peer {
  /** Of a server process: starts serving and resolves with what subscribers and publishers connect to. */
  serve(): Promise<string>;
  /** Resolves when it will hear everything that is published from then on. */
  subscribe(address: string, tally: Tally): Promise<void>;
  publisher(address: string): Promise<PublishMany>;
}

export const MESSAGE_BYTES = 128;

/** Message `index`: its number in the first 4 bytes, the machine's monotonic time in nanoseconds in the next 8, then a pattern. */
export function payload(index: number): Uint8Array {
  const bytes = Buffer.alloc(MESSAGE_BYTES, 0x61 + (index % 26));
  bytes.writeUInt32BE(index, 0);
  bytes.writeBigUInt64BE(0n, 4);
  return bytes;
}

/** Stamps a payload with now. */
export function stamp(bytes: Uint8Array): void {
  new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(4, process.hrtime.bigint());
}
