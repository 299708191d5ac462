/** What the texts of messages and options may hold (docs/broadcast.md B5). */

export const MAX_NAME_BYTES = 64;
export const MAX_ROOM_BYTES = 64;
export const MAX_CLOSE_TEXT_BYTES = 256;

/** Control characters, and those that turn a line around: what is shown to a person stays on its line and in its place. */
const CONTROLS = /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

const encoder = new TextEncoder();

export function hasControls(text: string): boolean {
  return CONTROLS.test(text);
}

/** As many bytes of UTF-8 as fit `maxBytes`, whole characters alone. */
export function cutText(text: string, maxBytes: number): Uint8Array {
  const bytes = encoder.encode(text);
  if (bytes.length <= maxBytes) return bytes;
  let end = maxBytes;
  // Bytes 10xxxxxx go on with a character that began before.
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}

/** What is wrong with a name or a room, or undefined. */
export function textFault(text: string, minBytes: number, maxBytes: number): string | undefined {
  if (typeof text !== "string") return `must be a string, not ${text === null ? "null" : typeof text}`;
  const { length } = encoder.encode(text);
  if (length < minBytes || length > maxBytes) return `must be ${minBytes} to ${maxBytes} bytes of UTF-8, not ${length}`;
  if (/\p{Surrogate}/u.test(text)) return "must be well-formed, but holds half of a surrogate pair";
  if (hasControls(text)) return "must have no control characters and none that turn the direction of a line";
  return undefined;
}
