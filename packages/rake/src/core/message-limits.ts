/** What the fields of messages may hold at most (docs/rake.md R14). */

export const MAX_NAME_BYTES = 64;
export const MAX_KIND_BYTES = 65_536;
export const MAX_COMMAND_BYTES = 65_536;
export const MAX_TEXT_BYTES = 1_024;
export const MAX_TOOLCHAIN_BYTES = 256;
export const MAX_RESOURCE_BYTES = 64;
export const MAX_PATH_BYTES = 4_096;
/** Of a BLOB, STDOUT, STDERR or OUTPUT. */
export const MAX_BODY_BYTES = 65_536;
/** Of a frame's payload, in both directions, before the WELCOME. */
export const MAX_OPENING_FRAME_BYTES = 65_536;
/** What a server takes unless told otherwise. */
export const DEFAULT_MAX_FRAME_BYTES: number = 4 * 1024 * 1024;
/** A server takes at least such frames: a whole body or command and what belongs to it. */
export const LEAST_MAX_FRAME_BYTES = 131_072;
export const NONCE_BYTES = 32;
export const MAC_BYTES = 32;
export const DIGEST_BYTES = 32;
/** The lower nine bits of a Unix mode. */
export const MAX_MODE = 0o777;

// Those of ASCII: what splits the words of a Rakefile.
const BLANKS = /[\t\n\v\f\r ]/;

/** A blank stands between two resources, never in one. */
export function hasBlanks(text: string): boolean {
  return BLANKS.test(text);
}
