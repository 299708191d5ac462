/** What each end proves that it has the secret with (docs/rake.md R16). */

import type { Platform } from "./platform.js";
import { putU64 } from "./wire.js";

/**
 * The mac of an AUTH (`client`) or WELCOME (`server`), 32 bytes.
 * @param clientVersion that of the HELLO, `serverVersion` that of the CHALLENGE
 */
export function macOf(
  role: "client" | "server",
  secret: Uint8Array,
  clientNonce: Uint8Array,
  serverNonce: Uint8Array,
  clientVersion: number,
  serverVersion: number,
  platform: Platform,
): Uint8Array {
  const label = new TextEncoder().encode(`rake ${role}`);
  const nonces = label.length + clientNonce.length;
  const versions = nonces + serverNonce.length;
  const data = new Uint8Array(versions + 16);
  data.set(label);
  data.set(clientNonce, label.length);
  data.set(serverNonce, nonces);
  putU64(data, versions, clientVersion);
  putU64(data, versions + 8, serverVersion);
  return platform.hmacSha256(secret, data);
}
