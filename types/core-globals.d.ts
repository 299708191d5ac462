// The only globals beyond the language itself that core/ may use: both exist in Node, browsers, Deno and Bun,
// and neither does I/O. tsconfig.core.json checks core/ with these and without Node's or the DOM's types.
declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>;
  encodeInto(text: string, target: Uint8Array): { read: number; written: number };
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes?: Uint8Array, options?: { stream?: boolean }): string;
}
