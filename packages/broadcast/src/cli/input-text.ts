/** Standard input that is not UTF-8: each wrong byte becomes a replacement character, which its user should know. */
import { warn } from "./exit-codes.js";

/** Warns once, at the first byte that is no UTF-8. To be called with whoever reads the lines, in the same turn. */
export function watchText(input: NodeJS.ReadableStream): void {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const check = (bytes?: Uint8Array | string): void => {
    try {
      if (bytes === undefined) decoder.decode();
      else if (typeof bytes !== "string") decoder.decode(bytes, { stream: true });
    } catch {
      input.off("data", check).off("end", atEnd);
      warn("standard input is not UTF-8: what cannot be read is sent as the character U+FFFD");
    }
  };
  const atEnd = (): void => check();
  input.on("data", check).on("end", atEnd);
}
