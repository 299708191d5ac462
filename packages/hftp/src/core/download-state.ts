/** The state file beside a `.part` file: which bytes of which file it holds (docs/hftp.md, H32). */
import type { Range } from "./ranges.js";
import { Ranges } from "./ranges.js";

/** What is known of an unfinished download. */
export interface DownloadState {
  /** The name on the server. */
  readonly name: string;
  /** Its size in bytes, as the server told it. */
  readonly size: number;
  /** The bytes that are in the `.part` file. */
  readonly done: Ranges;
}

/**
 * The most ranges that a state file may hold (H40). A download leaves at most one more than it has slices under way,
 * 64 connections with 64 each, and what earlier ones left.
 */
export const MAX_STATE_RANGES = 10_000;

/** The longest state file that is read, in characters: as many ranges of the largest numbers, and some space. */
export const MAX_STATE_LENGTH: number = 2 ** 19;

const FORMAT = "hftp-part";
const VERSION = 1;

/** The text of a state file: JSON in one line. */
export function encodeDownloadState(state: DownloadState): string {
  const { name, size, done } = state;
  return `${JSON.stringify({ format: FORMAT, version: VERSION, name, size, done: [...done] })}\n`;
}

/**
 * Reads a state file. Anything that is not exactly one gives undefined: a download then starts from zero.
 * @param text the content of the state file
 * @param partBytes how long the `.part` file is: a state that claims more than that is none
 */
export function decodeDownloadState(text: string, partBytes: number): DownloadState | undefined {
  if (text.length > MAX_STATE_LENGTH) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { format, version, name, size, done } = value as Readonly<Record<string, unknown>>;
  if (format !== FORMAT || version !== VERSION) return undefined;
  if (typeof name !== "string" || !isOffset(size) || !Array.isArray(done)) return undefined;
  if (partBytes > size || done.length > MAX_STATE_RANGES) return undefined;
  let last = -1;
  for (const range of done as readonly unknown[]) {
    if (!Array.isArray(range) || range.length !== 2) return undefined;
    const [start, end] = range as readonly unknown[];
    if (!isOffset(start) || !isOffset(end) || start <= last || end <= start) return undefined;
    last = end;
  }
  if (last > partBytes) return undefined;
  return { name, size, done: Ranges.sorted(done as readonly Range[]) };
}

function isOffset(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
