/** Examples of what a protocol says, and what is to be shown of each. */
import { readFileSync } from "node:fs";
import type { ProtocolName } from "../../wireshark/counts.js";
import type { Said } from "./captures.js";
import type { Values } from "./values.js";

/** One message. */
export interface Example extends Said {
  /** As the dissector calls it: `rake BID`. */
  readonly name: string;
  /** What the codec reads in it, by the names of the fields. */
  readonly values: Values;
  /** It is marked, though its type is known. */
  readonly isWrong?: boolean;
}

export interface Spoken {
  readonly protocol: ProtocolName;
  /** All types that the codec's own tables have, as the dissector calls them. */
  readonly types: readonly string[];
  /** Connections, or datagrams, in the order in which they are said. */
  readonly conversations: readonly (readonly Example[])[];
  /** Fields of the dissector alone: of the frame, and counts. */
  readonly beside: readonly string[];
  /** The codec's words in the order of their numbers, by the field. */
  readonly words: Readonly<Record<string, readonly string[]>>;
}

export function readVectors<Vectors>(path: string): Vectors {
  return JSON.parse(readFileSync(new URL(`../../packages/${path}`, import.meta.url), "utf8")) as Vectors;
}

export function hex(digits: string): Uint8Array {
  return new Uint8Array(Buffer.from(digits, "hex"));
}
