/** What crosses a link for a connection: a much reduced TCP segment (RFC 9293 3.1). */

/**
 * Opening, every byte and the end of one direction are numbered in a row: 0 is the opening, 1 the first byte, and the
 * end comes behind the last one. A segment carries one of the three, or is a bare acknowledgement.
 */
export interface Segment {
  readonly carries: "opening" | "bytes" | "end" | "nothing" | "reset";
  /** Number of the first thing that it carries. */
  readonly sequence: number;
  readonly bytes: Uint8Array;
  /** The number that its sender wants next: all below has arrived. */
  readonly acknowledges: number;
  /** The first number of a byte for which its sender has no room. */
  readonly limit: number;
  /** An answer is wanted, though it carries nothing. */
  readonly isProbe: boolean;
}

export const NO_BYTES: Uint8Array = new Uint8Array(0);

/** How many numbers it takes. */
export function lengthOf(segment: Pick<Segment, "carries" | "bytes">): number {
  if (segment.carries === "bytes") return segment.bytes.length;
  return segment.carries === "opening" || segment.carries === "end" ? 1 : 0;
}
