/** Streams of v1, put together without our codec: numbers become integers of the dialect, texts and bytes stand for themselves. */
import { type Dialect, V1Decoder, type V1Event, type V1Limits } from "../../src/core/index.js";

export const LIMITS: V1Limits = { maxFileBytes: 1_000, maxStringBytes: 500 };

/** A string with its length. */
export interface Text {
  readonly string: string;
}
export type Part = number | bigint | string | Uint8Array | Text;

export function bytesOf(dialect: Dialect, parts: readonly Part[]): Uint8Array {
  const integer = (value: number | bigint): Buffer => {
    const eight = Buffer.alloc(8);
    eight.writeBigUInt64BE(BigInt(value));
    return dialect === "v1-8" ? eight : eight.subarray(4);
  };
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === "number" || typeof part === "bigint") return integer(part);
      if (typeof part === "string") return Buffer.from(part);
      if (part instanceof Uint8Array) return part;
      return Buffer.concat([integer(Buffer.byteLength(part.string)), Buffer.from(part.string)]);
    }),
  );
}

export const string = (text: string): Text => ({ string: text });

export interface Heard {
  /** Pieces of one body are put together. */
  readonly events: readonly V1Event[];
  readonly error: string | undefined;
  readonly isDone: boolean;
}

/** The class that `hear` makes, for those that put a mutant in its place. */
export const hearing: { Decoder: typeof V1Decoder } = { Decoder: V1Decoder };

/** What a decoder makes of pieces. */
export function hear(
  dialect: Dialect,
  from: "client" | "server",
  pieces: Iterable<Uint8Array>,
  limits: V1Limits = LIMITS,
): Heard {
  const decoder = new hearing.Decoder(dialect, from, limits);
  const events: V1Event[] = [];
  let error: string | undefined;
  try {
    for (const piece of pieces) {
      for (const event of decoder.read(piece)) {
        const before = events.at(-1);
        if (event.type !== "BODY") events.push(event);
        else if (before?.type === "BODY") {
          events[events.length - 1] = { type: "BODY", bytes: new Uint8Array([...before.bytes, ...event.bytes]) };
        } else events.push({ type: "BODY", bytes: new Uint8Array(event.bytes) });
      }
    }
  } catch (thrown) {
    const { code, message } = thrown as { readonly code?: string; readonly message: string };
    error = `${code}: ${message}`;
  }
  return { events, error, isDone: decoder.isDone };
}
