/** The bytes of replies (H12 to H18). The arrays that are not made anew are shared: nobody may change them. */
import { STATUS_TEXTS, type StatusCode } from "./codes.js";
import { COMMANDS, isServableName } from "./requests.js";
import type { DirectoryEntry } from "./server-messages.js";

const encoder = new TextEncoder();

/** No bytes. */
export const NOTHING: Uint8Array = new Uint8Array(0);

/** CR LF. */
export const END_OF_LINE: Uint8Array = encoder.encode("\r\n");

const statusLines: ReadonlyMap<StatusCode, Uint8Array> = new Map(
  Object.entries(STATUS_TEXTS).map(([code, text]) => [
    Number(code) as StatusCode,
    encoder.encode(`${code} ${text}\r\n`),
  ]),
);

/** `code SP text CR LF`. */
export function statusLine(code: StatusCode): Uint8Array {
  return statusLines.get(code) as Uint8Array;
}

/** The whole reply to `get_metadata`. */
export function metadataReply(size: number): Uint8Array {
  return encoder.encode(`0 OK\r\n${size}\r\n`);
}

/** The whole reply to `help`. */
export const HELP_REPLY: Uint8Array = encoder.encode(`0 OK\r\n${COMMANDS.map((name) => `${name}\r\n`).join("")}\r\n`);

/** What goes before the raw bytes of a slice. */
export function rawHead(size: number): Uint8Array {
  return encoder.encode(`0 OK\r\nContent-Length: ${size}\r\n\r\n`);
}

/** A part of a listing: of the entries those that can be asked for, a line each (H14). */
export function listingLines(entries: readonly DirectoryEntry[], first: boolean, last: boolean): Uint8Array {
  let text = first ? "0 OK\r\n" : "";
  for (const { name, regular } of entries) if (regular && isServableName(name)) text += `${name}\r\n`;
  return encoder.encode(last ? `${text}\r\n` : text);
}

/** Characters of base64, ends of line apart, that `bytes` bytes become. */
export function base64Length(bytes: number): number {
  return 4 * Math.ceil(bytes / 3);
}
