/** What goes wrong between TLS and plain TCP, in words; the command adds its own advice to them. */

export const SPEAKS_TLS = "the server speaks TLS, and this client does not";
export const MAY_SPEAK_TLS = "the server ended the connection before it said anything, as one does that speaks TLS";
export const SPEAKS_NO_TLS = "the server ended the TLS handshake, as one does that does not speak TLS";
export const NOT_TRUSTED = "the server's certificate is not trusted";

const UNTRUSTED: ReadonlySet<string> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_UNTRUSTED",
]);

/** An alert record of TLS, which a server answers what is no TLS with. A frame that began so would be longer than any is. */
export function isTlsAlert(bytes: Uint8Array): boolean {
  return bytes[0] === 0x15 && bytes[1] === 0x03;
}

/** A handshake record of TLS: what a client that speaks it begins with. No frame is so long, either. */
export function isTlsHello(bytes: Uint8Array): boolean {
  return bytes[0] === 0x16 && bytes[1] === 0x03;
}

/** What OpenSSL says, without its numbers and the places in its sources. */
export function opensslWords({ message, reason }: Error & { readonly reason?: unknown }): string {
  if (typeof reason === "string") return reason;
  const [, words = message] = /:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/.exec(message) ?? [];
  return words.trim();
}

/** Why a client's attempt over TLS failed. */
export function tlsClientWords(error: NodeJS.ErrnoException): string {
  const { code = "" } = error;
  const words = opensslWords(error);
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || /disconnected before secure TLS/.test(words)) {
    return `${SPEAKS_NO_TLS} (${words})`;
  }
  return UNTRUSTED.has(code) ? `${NOT_TRUSTED}: ${words}` : words;
}

/** Why a handshake failed at a server. */
export function tlsServerWords(error: NodeJS.ErrnoException): string {
  const words = opensslWords(error);
  const isPlain = error.code === "ERR_SSL_WRONG_VERSION_NUMBER" || error.code === "ERR_SSL_HTTP_REQUEST";
  return isPlain ? `the client does not speak TLS, and this server does (${words})` : words;
}
