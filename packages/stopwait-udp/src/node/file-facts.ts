/** What the operating system's errors say about a file, in the words of the contract. */
import type { FileFact } from "../core/contract.js";

/** A file that cannot be had, and why; thrown and caught inside the drivers alone. */
export class FileRefusal extends Error {
  readonly fact: FileFact;

  constructor(fact: FileFact, message: string) {
    super(message);
    this.fact = fact;
  }
}

const FACTS: Readonly<Record<string, FileFact>> = {
  ENOENT: "missing",
  ENOTDIR: "missing",
  ELOOP: "outside", // a way that cannot be followed to its end cannot be shown to stay inside
  EMLINK: "outside", // what FreeBSD says of a link under O_NOFOLLOW
  ENAMETOOLONG: "outside",
  EISDIR: "not-regular",
  ENXIO: "not-regular", // a socket, a pipe without a reader
  ENODEV: "not-regular",
  EEXIST: "exists",
  EACCES: "denied",
  EPERM: "denied",
  EROFS: "denied",
  ENOSPC: "full",
  EDQUOT: "full",
  EFBIG: "full",
};

/** The fact behind whatever was thrown. */
export function factOf(error: unknown): FileFact {
  if (error instanceof FileRefusal) return error.fact;
  return FACTS[(error as NodeJS.ErrnoException | undefined)?.code ?? ""] ?? "failed";
}

/** What was thrown, in words that may travel to the peer: without the paths of this machine. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (error as NodeJS.ErrnoException | undefined)?.syscall === undefined ? message : (message.split(", ")[0] ?? "");
}

/** Whether an error of the operating system has one of these codes. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException | undefined)?.code ?? "");
}
