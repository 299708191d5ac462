/** What can go wrong, one class per kind; compare `code`, since an ESM and a CJS copy of the package make two classes. */

/**
 * The base class of every error of this package. `code` is stable across versions; `message` is for people.
 * Wrong options and arguments are not among them: those throw the language's own `TypeError` and `RangeError`.
 */
export class FramingError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/**
 * The caller's mistake: a call in the wrong state (`ENDED`, `TAKEN_OVER`, `UNREAD_FRAMES`, `READ_PENDING`, `CLOSED`,
 * `BODY_UNREAD`, `BODY_LENGTH`, `ALREADY_ITERATED`) or a payload above the limit (`PAYLOAD_TOO_LARGE`).
 */
export class LocalProtocolError extends FramingError {}

/**
 * The peer's mistake: `FRAME_TOO_LARGE`, `TRUNCATED_FRAME`, and for integers and text inside a payload
 * `UNSAFE_INTEGER`, `TRUNCATED_VALUE`, `TEXT_TOO_LARGE` and `INVALID_TEXT`.
 */
export class RemoteProtocolError extends FramingError {}

/** The connection under a `FramedSocket` failed (`CONNECTION_FAILED`); `cause` is the socket's own error, if it gave one. */
export class ConnectionError extends FramingError {}

const tooLarge = (announced: bigint, limit: number, noun: string): string =>
  `a ${noun} of ${announced} bytes is above the limit of ${limit} bytes (option maxFrameBytes, of bodies maxBodyBytes)`;

/**
 * A header announces more bytes than the limit (framing rule F2), or more than 2^53-1, which a number cannot hold (F1).
 * `code` is `FRAME_TOO_LARGE`. What the encoder throws for a payload above the limit is the caller's mistake and thus a
 * {@link LocalFrameTooLargeError}; `instanceof FrameTooLargeError` holds for both, `instanceof RemoteProtocolError` and
 * the `code` tell them apart.
 */
export class FrameTooLargeError extends RemoteProtocolError {
  /** The length in bytes, exact even above 2^53-1. */
  readonly announced: bigint;
  /** The limit in bytes that it is above. */
  readonly limit: number;

  constructor(announced: bigint, limit: number, options?: { readonly cause?: unknown }) {
    super("FRAME_TOO_LARGE", tooLarge(announced, limit, "received frame"), options);
    this.announced = announced;
    this.limit = limit;
  }
}

/** A payload, or a length, that the caller asked to encode is above the limit; `code` is `PAYLOAD_TOO_LARGE`. */
export class LocalFrameTooLargeError extends LocalProtocolError {
  /** The length in bytes that was asked for. */
  readonly announced: bigint;
  /** The limit in bytes that it is above. */
  readonly limit: number;

  constructor(announced: bigint, limit: number) {
    super("PAYLOAD_TOO_LARGE", tooLarge(announced, limit, "payload"));
    this.announced = announced;
    this.limit = limit;
  }
}

// Outside the class: a class that names itself inside is renamed by bundlers, and errors print the name of their class.
Object.defineProperty(FrameTooLargeError, Symbol.hasInstance, {
  value(this: { readonly prototype: object }, value: unknown): boolean {
    const inherits = Object.prototype.isPrototypeOf.call(this.prototype, value as object);
    return inherits || (this === FrameTooLargeError && value instanceof LocalFrameTooLargeError);
  },
});

/** The bytes ended inside a frame (F4); `code` is `TRUNCATED_FRAME`. */
export class TruncatedFrameError extends RemoteProtocolError {
  /** Which frame it is, counted from 0: as many frames came whole. */
  readonly frameIndex: number;
  /** How many bytes of the header (`inHeader`) or of the payload came. */
  readonly have: number;
  /** How many bytes the header or the payload has. */
  readonly want: number;
  /** Whether the bytes ended inside the header. False with `have` 0: right after it. */
  readonly inHeader: boolean;

  constructor(frameIndex: number, have: number, want: number, inHeader: boolean) {
    const part = inHeader ? "header" : "payload";
    super("TRUNCATED_FRAME", `the bytes ended after ${have} of ${want} bytes of the ${part} of frame ${frameIndex}`);
    this.frameIndex = frameIndex;
    this.have = have;
    this.want = want;
    this.inHeader = inHeader;
  }
}
