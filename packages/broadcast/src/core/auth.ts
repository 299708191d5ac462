/** What a client proves that it has the secret with (docs/broadcast.md B6). */

import type { Platform } from "./platform.js";

const LABEL = new TextEncoder().encode("lab-broadcast/1");

/** @param helloPayload the payload of the HELLO, without the header of its frame */
export function macOf(platform: Platform, secret: Uint8Array, nonce: Uint8Array, helloPayload: Uint8Array): Uint8Array {
  const data = new Uint8Array(LABEL.length + nonce.length + helloPayload.length);
  data.set(LABEL);
  data.set(nonce, LABEL.length);
  data.set(helloPayload, LABEL.length + nonce.length);
  return platform.hmacSha256(secret, data);
}
