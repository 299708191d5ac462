/** What an earlier download left, and what is said where it is not gone on with (docs/hftp.md, H33). */
import type { DownloadNotice } from "./download-messages.js";
import { decodeDownloadState } from "./download-state.js";

/** A `.part` file, and the text of its state file where there is one. */
export interface Leftover {
  readonly bytes: number;
  readonly state?: string;
}

/** The notice that it is discarded, and why; undefined where nothing of worth is lost. */
export function discarding(
  { bytes, state: text }: Leftover,
  name: string,
  size: number,
  resume: boolean,
): DownloadNotice | undefined {
  if (text === undefined && bytes === 0) return undefined; // of one that was killed before it had a state file
  const state = text === undefined ? undefined : decodeDownloadState(text, bytes);
  const why =
    text === undefined
      ? "it has no state file"
      : state === undefined
        ? "its state file is damaged"
        : state.name !== name
          ? `it is of another file, ${state.name}`
          : state.size !== size
            ? `the file on the server had ${state.size} bytes then and has ${size} now`
            : undefined;
  if (resume) {
    return { code: "RESTARTED", message: `the .part file cannot be gone on with, ${why}: from zero` };
  }
  const lost = state === undefined ? bytes : state.done.total;
  if (lost === 0) return undefined;
  const message = `${lost} bytes of an earlier download are discarded`;
  return { code: "DISCARDED", message: why === undefined ? `${message}; resume would have kept them` : message };
}
