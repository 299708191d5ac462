/** What can go wrong, one class per kind; compare `code`, since an ESM and a CJS copy of the package make two classes. */

/**
 * The base class of every error of this package. `code` is stable across versions; `message` is for people.
 * Wrong options are not among them: those throw the language's own `TypeError` and `RangeError`.
 */
export class StopwaitError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The caller's mistake: a packet that cannot be written, a call in the wrong state. */
export class LocalProtocolError extends StopwaitError {}

/** The peer's mistake: a datagram that is no packet of the protocol. The only error that decoders throw. */
export class RemoteProtocolError extends StopwaitError {}

/** What a decoder makes of what a peer sent; undefined where that breaks the format. */
export function ifWellFormed<Value>(decode: () => Value): Value | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof RemoteProtocolError) return undefined;
    throw error;
  }
}
