/** The reply to one `get_slice`, cut into pieces that are read, encoded and sent one at a time (H17, H18). */
import { base64Length, END_OF_LINE, NOTHING, rawHead, statusLine } from "./replies.js";
import type { SliceRequest } from "./requests.js";
import type { ServerOutput } from "./server-messages.js";
import type { ResolvedServerOptions } from "./server-options.js";

/**
 * Bytes of file in a piece. A multiple of 3, so that pieces of one base64 line join without padding; below the size
 * (96 KiB) from which Node's base64 encoder is many times slower a byte, and above the one from which it is fast.
 */
const PIECE_BYTES = 72 * 1024;

/** Bytes of file in one of several base64 lines. */
const LINE_BYTES = 48 * 1024;

/** What `sendFile` asks for. */
export type Piece = Omit<Extract<ServerOutput, { readonly type: "sendFile" }>, "type" | "id">;

export class SliceReply {
  /** Bytes of the file that were sent so far. */
  fileBytes = 0;
  readonly #request: SliceRequest;
  readonly #lines: boolean;
  readonly #pieceBytes: number;
  #asked = 0;
  /** What was asked for last. */
  #piece: Piece | undefined;

  /** @param request one whose offset and size lie within the file */
  constructor(request: SliceRequest, options: Pick<ResolvedServerOptions, "base64Lines" | "maxBytesPerSecond">) {
    this.#request = request;
    this.#lines = options.base64Lines && !request.raw;
    // Under a rate limit a piece is at most a quarter of a second's worth, still a multiple of 3.
    const quarter = 3 * Math.max(1, Math.floor(options.maxBytesPerSecond / 12));
    this.#pieceBytes = this.#lines ? LINE_BYTES : Math.min(PIECE_BYTES, quarter);
  }

  get done(): boolean {
    return this.fileBytes === this.#request.size;
  }

  /** The whole reply where no bytes were asked for: in base64 that is an empty line. */
  emptyReply(): Uint8Array {
    if (this.#request.raw) return rawHead(0);
    const status = statusLine(0);
    const reply = new Uint8Array(status.length + END_OF_LINE.length);
    reply.set(status);
    reply.set(END_OF_LINE, status.length);
    return reply;
  }

  nextPiece(): Piece {
    const { offset, size, raw } = this.#request;
    const length = Math.min(this.#pieceBytes, size - this.#asked);
    const first = this.#asked === 0;
    const last = this.#asked + length === size;
    const head = !first ? NOTHING : raw ? rawHead(size) : statusLine(0);
    const tail = !raw && (last || this.#lines) ? END_OF_LINE : NOTHING;
    const piece: Piece = {
      head,
      offset: offset + this.#asked,
      length,
      encoding: raw ? "raw" : "base64",
      tail,
      remaining: size - this.#asked,
    };
    this.#asked += length;
    this.#piece = piece;
    return piece;
  }

  /** How many bytes went out for the piece where there were so many of the file. */
  wireBytes(bytes: number): number {
    const piece = this.#piece;
    if (piece === undefined) return 0;
    const body = piece.encoding === "raw" ? bytes : base64Length(bytes);
    return piece.head.length + body + (bytes === piece.length ? piece.tail.length : 0);
  }

  /** Takes how many bytes of the piece there were; false where the file has become shorter than it was. */
  sent(bytes: number): boolean {
    this.fileBytes += bytes;
    return this.fileBytes === this.#asked;
  }
}
