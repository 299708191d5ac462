/** The bytes of a connection as payloads: framing with this protocol's limit (election rule E1). */

import { FrameDecoder, RemoteProtocolError as FramingRemoteError } from "@lab/framing/core";
import { RemoteProtocolError } from "./errors.js";
import { MAX_PAYLOAD_BYTES } from "./messages.js";

/** One direction of a connection: what arrives. */
export class PayloadStream {
  readonly #decoder = new FrameDecoder({ maxFrameBytes: MAX_PAYLOAD_BYTES });

  /**
   * The payloads that the bytes complete, in order.
   * @throws RemoteProtocolError `MALFORMED` once a frame is above the limit; what came before it was returned by the call
   * that saw it
   */
  push(bytes: Uint8Array): Uint8Array[] {
    return remote(() => this.#decoder.push(bytes));
  }

  /** What the peer broke, once it did: to be asked after each `push`, since the next one may never come. */
  get error(): RemoteProtocolError | undefined {
    const { error } = this.#decoder;
    return error === undefined ? undefined : new RemoteProtocolError("MALFORMED", error.message, { cause: error });
  }

  /** The peer ended. @throws RemoteProtocolError `MALFORMED` inside a frame */
  end(): void {
    remote(() => this.#decoder.end());
  }
}

function remote<Value>(act: () => Value): Value {
  try {
    return act();
  } catch (cause) {
    if (cause instanceof FramingRemoteError) throw new RemoteProtocolError("MALFORMED", cause.message, { cause });
    throw cause;
  }
}
