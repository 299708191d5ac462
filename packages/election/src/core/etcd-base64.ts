/** Base64 of text, as etcd's JSON gateway writes keys and values (RFC 4648, section 4). */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export function toBase64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let encoded = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const bits = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    for (let digit = 0; digit < 4; digit++) {
      encoded += digit <= left ? ALPHABET.charAt((bits >> (18 - 6 * digit)) & 63) : "=";
    }
  }
  return encoded;
}

/** The text, or undefined where it is no base64 with its padding, or not of UTF-8. */
export function fromBase64(encoded: string): string | undefined {
  const [, digits, padding] = /^([A-Za-z0-9+/]*)(={0,2})$/.exec(encoded) ?? [];
  if (digits === undefined || padding === undefined || encoded.length % 4 !== 0) return undefined;
  const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4));
  let bits = 0;
  let count = 0;
  let at = 0;
  for (const digit of digits) {
    bits = ((bits << 6) | ALPHABET.indexOf(digit)) & 0xffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes[at++] = (bits >> count) & 0xff;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
