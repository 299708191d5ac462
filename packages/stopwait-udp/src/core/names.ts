/** Which file names may travel, the same for both wire formats and both directions (docs/stopwait-udp.md, S3). */

/** The longest name, in bytes of UTF-8. */
export const MAX_NAME_BYTES = 1_024;

/** The folder below the root that holds the parts of transfers under way. No name may lead into it. */
export const PARTS_FOLDER = ".stopwait-parts";

export type NameFault = "empty" | "too-long" | "not-utf8" | "nul" | "absolute" | "parent" | "reserved";

/** What is wrong with a name, or undefined. Where its file lies on the disk is for the driver to find out. */
export function nameFault(name: string): NameFault | undefined {
  if (name === "") return "empty";
  const bytes = new TextEncoder().encode(name);
  if (bytes.length > MAX_NAME_BYTES) return "too-long";
  if (new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes) !== name) return "not-utf8"; // half a surrogate pair
  if (name.includes("\0")) return "nul";
  // A backslash and a drive letter mean nothing on most systems, and lead out of the root on one.
  if (/^(?:[/\\]|[A-Za-z]:)/.test(name)) return "absolute";
  const elements = name.split(/[/\\]/);
  if (elements.includes("..")) return "parent";
  // Some file systems do not tell upper from lower case.
  if (elements.some((element) => element.toLowerCase() === PARTS_FOLDER)) return "reserved";
  return undefined;
}

/** The name that these bytes are, whatever `nameFault` says of it; undefined where they are not UTF-8. */
export function decodeName(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
