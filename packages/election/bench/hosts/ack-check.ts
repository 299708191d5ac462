/**
 * Whether what came back is the Ack that a host waits for. The first one of each host is decoded whole; of every other, its
 * length, type, epoch, sender, the incarnation that it answers, address and lease are compared byte for byte with the
 * first, and its stamp must be later than the one before.
 */
type Core = typeof import("../../src/core/index.js");

const FRAME_HEADER_BYTES = 8;
const STAMP_BYTES = 16;
const LEASE_BYTES = 4;

export class AckCheck {
  /** The first Ack, which was decoded. */
  readonly #first: Buffer;
  readonly #stampAt: number;
  readonly #last = Buffer.alloc(STAMP_BYTES);

  /** @throws Error that says what is wrong with this first Ack, the frame of which is given */
  constructor(core: Core, frame: Buffer, expected: { readonly incarnation: string; readonly epoch: number }) {
    const { header, body } = core.decodeMessage(frame.subarray(FRAME_HEADER_BYTES));
    if (body.type !== "ack") throw new Error(`${body.type} instead of ack`);
    if (body.for !== expected.incarnation) throw new Error(`an ack for ${body.for}, not ${expected.incarnation}`);
    if (header.epoch !== expected.epoch) throw new Error(`an ack of epoch ${header.epoch}, not ${expected.epoch}`);
    this.#first = Buffer.from(frame);
    // version, type, epoch, incarnation, settings; cluster; sender; for; address
    const texts = [header.cluster, header.sender, body.address].map((text) => 4 + Buffer.byteLength(text));
    this.#stampAt = FRAME_HEADER_BYTES + 22 + 8 + texts.reduce((sum, length) => sum + length, 0);
    frame.copy(this.#last, 0, this.#stampAt, this.#stampAt + STAMP_BYTES);
  }

  get stampAt(): number {
    return this.#stampAt;
  }

  /** Whether this later Ack, `bytes[start..end)`, is right. Remembers its stamp. */
  isRight(bytes: Buffer, start: number, end: number): boolean {
    const first = this.#first;
    const at = start + this.#stampAt;
    const behind = at + STAMP_BYTES;
    // The frame's own length differs with the fallbacks.
    if (bytes.readUInt32BE(start + 4) !== end - start - FRAME_HEADER_BYTES) return false;
    if (bytes.compare(first, FRAME_HEADER_BYTES, this.#stampAt, start + FRAME_HEADER_BYTES, at) !== 0) return false;
    const leaseAt = this.#stampAt + STAMP_BYTES;
    if (bytes.compare(first, leaseAt, leaseAt + LEASE_BYTES, behind, behind + LEASE_BYTES) !== 0) return false;
    // The monotonic half, which comes first, has gone on.
    if (bytes.compare(this.#last, 0, 8, at, at + 8) <= 0) return false;
    bytes.copy(this.#last, 0, at, behind);
    return true;
  }
}
