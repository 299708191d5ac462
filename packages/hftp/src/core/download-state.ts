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

/** The longest state file that is read, in characters: some 100,000 ranges. */
export const MAX_STATE_LENGTH: number = 4 * 2 ** 20;

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
  if (partBytes > size) return undefined;
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
