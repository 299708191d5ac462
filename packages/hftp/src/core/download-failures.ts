/** The ways in which a download fails on this side, in words. */
import { DownloadError, type HftpError } from "./errors.js";
import type { LockOwner } from "./lock-lines.js";

export function alreadyThere(): DownloadError {
  return new DownloadError("EXISTS", "a file of the final name is there already, and overwriting was not asked for");
}

export function inUse(path: string, { pid, host }: LockOwner): DownloadError {
  const who = `process ${pid} on ${host}`;
  return new DownloadError(
    "IN_USE",
    `${who} is fetching this file already (${path} says so; it may be removed if not)`,
  );
}

export function replaced(): DownloadError {
  const message = "another process put another file in the place of the .part file: what was fetched is lost";
  return new DownloadError("FILE_ERROR", message);
}

export function wrongLength(bytes: number, size: number): DownloadError {
  return new DownloadError("FILE_ERROR", `the .part file has ${bytes} bytes instead of ${size}`);
}

export function fileFailed(cause: Error): DownloadError {
  return new DownloadError("FILE_ERROR", `the local file failed: ${cause.message}`, { cause });
}

export function digestDiffers(sha256: string, expected: string): DownloadError {
  return new DownloadError("DIGEST_MISMATCH", `the SHA-256 is ${sha256}, not the expected ${expected}`);
}

export function sizeChanged(name: string, how: string, cause?: HftpError): DownloadError {
  return new DownloadError("SIZE_CHANGED", `${name} changed while it was fetched: ${how}`, { cause });
}

export function retriesExhausted(cause: HftpError): DownloadError {
  const message = `every connection was lost too often in a row; the last time: ${cause.message}`;
  return new DownloadError("RETRIES_EXHAUSTED", message, { cause });
}

export function aborted(name: string, reason: unknown): DownloadError {
  return new DownloadError("ABORTED", `the download of ${name} was aborted`, { cause: reason });
}
