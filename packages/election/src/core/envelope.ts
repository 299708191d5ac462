/** Messages with their tag: sealed and opened with the cluster's name and secret (election rules E5, E6). */

import { decodeMessage, encodeMessage } from "./codec.js";
import { RemoteProtocolError } from "./errors.js";
import { type Body, type Header, MAX_PAYLOAD_BYTES, type Message } from "./messages.js";
import type { Platform, Sealing } from "./options.js";
import { WITHOUT_SETTINGS } from "./settings.js";

const TAG_BYTES = 32;

/** What the sender alone knows of a header. */
export type OwnHeader = Omit<Header, "cluster" | "settings">;

export class Envelope {
  readonly #options: Sealing;
  readonly #settings: number;

  /** @param settings of the node, as `settingsOf` has it; a person's tool has none */
  constructor(options: Sealing, settings = 0) {
    this.#options = options;
    this.#settings = settings;
  }

  /** How many bytes a message of this body leaves free. */
  room(header: OwnHeader, body: Body): number {
    return MAX_PAYLOAD_BYTES - this.seal(header, body).length;
  }

  seal(header: OwnHeader, body: Body): Uint8Array {
    const { cluster, secret } = this.#options;
    const { epoch, incarnation, sender } = header;
    const settings = WITHOUT_SETTINGS.has(body.type) ? 0 : this.#settings;
    const message: Message = { header: { epoch, incarnation, settings, cluster, sender }, body };
    if (secret === undefined) return encodeMessage(message);
    const sealed = encodeMessage(message, TAG_BYTES);
    const end = sealed.length - TAG_BYTES;
    sealed.set(this.#tag(secret, sealed.subarray(0, end)), end);
    return sealed;
  }

  /** @throws RemoteProtocolError `WRONG_TAG`, `WRONG_CLUSTER`, `WRONG_SETTINGS`, or what `decodeMessage` throws */
  open(payload: Uint8Array): Message {
    const message = decodeMessage(this.#verified(payload));
    const { cluster, settings } = message.header;
    const mine = this.#options.cluster;
    if (cluster !== mine) {
      throw new RemoteProtocolError("WRONG_CLUSTER", `it is of the cluster ${cluster}, not ${mine}`);
    }
    if (settings !== this.#settings && !WITHOUT_SETTINGS.has(message.body.type)) {
      throw new RemoteProtocolError(
        "WRONG_SETTINGS",
        "its mode, members, lease or promise factor differ from this node's",
      );
    }
    return message;
  }

  #verified(payload: Uint8Array): Uint8Array {
    const { secret, platform } = this.#options;
    if (secret === undefined) return payload;
    const end = payload.length - TAG_BYTES;
    if (end < 0) throw new RemoteProtocolError("WRONG_TAG", "it has no tag of the cluster's secret");
    const plain = payload.subarray(0, end);
    if (platform.equalInConstantTime?.(this.#tag(secret, plain), payload.subarray(end)) !== true) {
      throw new RemoteProtocolError("WRONG_TAG", "it has another secret, or none");
    }
    return plain;
  }

  #tag(secret: Uint8Array, plain: Uint8Array): Uint8Array {
    return (this.#options.platform.hmacSha256 as NonNullable<Platform["hmacSha256"]>)(secret, plain);
  }
}
