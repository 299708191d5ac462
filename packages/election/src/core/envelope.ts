/** Messages with their tag: sealed and opened with the cluster's name and secret (election rules E5, E6). */

import { decodeMessage, encodeMessage } from "./codec.js";
import { RemoteProtocolError } from "./errors.js";
import { type Body, type Header, MAX_PAYLOAD_BYTES, type Message } from "./messages.js";
import type { Platform, Sealing } from "./options.js";

const TAG_BYTES = 32;

export class Envelope {
  readonly #options: Sealing;

  constructor(options: Sealing) {
    this.#options = options;
  }

  /** How many bytes a message of this body leaves free. */
  room(header: Omit<Header, "cluster">, body: Body): number {
    return MAX_PAYLOAD_BYTES - this.seal(header, body).length;
  }

  seal(header: Omit<Header, "cluster">, body: Body): Uint8Array {
    const { cluster, secret } = this.#options;
    const { epoch, incarnation, sender } = header;
    const message: Message = { header: { epoch, incarnation, cluster, sender }, body };
    if (secret === undefined) return encodeMessage(message);
    const sealed = encodeMessage(message, TAG_BYTES);
    const end = sealed.length - TAG_BYTES;
    sealed.set(this.#tag(secret, sealed.subarray(0, end)), end);
    return sealed;
  }

  /** @throws RemoteProtocolError `WRONG_TAG`, `WRONG_CLUSTER`, or what `decodeMessage` throws */
  open(payload: Uint8Array): Message {
    const message = decodeMessage(this.#verified(payload));
    const { cluster } = message.header;
    if (cluster !== this.#options.cluster) throw new RemoteProtocolError("WRONG_CLUSTER", "another cluster");
    return message;
  }

  #verified(payload: Uint8Array): Uint8Array {
    const { secret, platform } = this.#options;
    if (secret === undefined) return payload;
    const end = payload.length - TAG_BYTES;
    if (end < 0) throw new RemoteProtocolError("WRONG_TAG", "no tag");
    const plain = payload.subarray(0, end);
    if (platform.equalInConstantTime?.(this.#tag(secret, plain), payload.subarray(end)) !== true) {
      throw new RemoteProtocolError("WRONG_TAG", "the tag is not that of the cluster's secret");
    }
    return plain;
  }

  #tag(secret: Uint8Array, plain: Uint8Array): Uint8Array {
    return (this.#options.platform.hmacSha256 as NonNullable<Platform["hmacSha256"]>)(secret, plain);
  }
}
