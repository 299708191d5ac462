/** Messages with their tag: sealed and opened with the cluster's name and secret (election rules E5, E6). */

import { RemoteProtocolError } from "./errors.js";
import { type Body, decodeMessage, encodeMessage, type Header, type Message } from "./messages.js";
import type { ResolvedOptions } from "./options.js";

const TAG_BYTES = 32;

export class Envelope {
  readonly #options: Pick<ResolvedOptions, "cluster" | "secret" | "platform">;

  constructor(options: Pick<ResolvedOptions, "cluster" | "secret" | "platform">) {
    this.#options = options;
  }

  seal(header: Omit<Header, "cluster">, body: Body): Uint8Array {
    const plain = encodeMessage({ header: { ...header, cluster: this.#options.cluster }, body });
    if (this.#options.secret === undefined) return plain;
    const sealed = new Uint8Array(plain.length + TAG_BYTES);
    sealed.set(plain);
    sealed.set(this.#tag(this.#options.secret, plain), plain.length);
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
    return (this.#options.platform.hmacSha256 as NonNullable<ResolvedOptions["platform"]["hmacSha256"]>)(secret, plain);
  }
}
