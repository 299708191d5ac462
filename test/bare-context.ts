/** Runs a module as a browser without any of its platform would: bundled by esbuild, with nothing but the language. */
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";

/** What is taken away from a fresh context, and what core/ may use besides the language, made of the context's own arrays. */
const prelude = `
for (const name of ["console", "Date", "Intl", "WebAssembly", "SharedArrayBuffer", "Atomics"]) delete globalThis[name];
delete Math.random;
globalThis.TextEncoder = class TextEncoder {
  encode(text) { return new Uint8Array(outer.encode(text)); }
  encodeInto(text, target) { return outer.encodeInto(text, target); }
};
globalThis.TextDecoder = class TextDecoder {
  #inner;
  constructor(label, options) { this.#inner = outer.decoder(label, options); }
  decode(bytes, options) { return this.#inner.decode(bytes, options); }
};
`;

/**
 * Bundles `entry` for the browser without externals, loads it in a bare context and then runs `smoke`, JavaScript that
 * finds the exports as `lab` and throws when something is wrong. Rejects when anything is imported that no browser has.
 *
 * @returns the names of the exports
 */
export async function runInBareContext(entry: string, smoke = ""): Promise<string[]> {
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: "browser",
    format: "iife",
    globalName: "lab",
    target: "es2022",
    logLevel: "silent",
  });
  const context = createContext({});
  const encoder = new TextEncoder();
  const outer = {
    encode: (text: string) => encoder.encode(text),
    encodeInto: (text: string, target: Uint8Array) => encoder.encodeInto(text, target),
    decoder: (label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean }) => new TextDecoder(label, options),
  };
  (runInContext(`((outer) => { ${prelude} })`, context) as (given: typeof outer) => void)(outer);
  const bundle = result.outputFiles[0]?.text ?? "";
  runInContext(bundle, context, { filename: `${entry}.bundle.js`, timeout: 5_000 });
  runInContext(`(() => {\n${smoke}\n})()`, context, { filename: `${entry}.smoke.js`, timeout: 5_000 });
  return runInContext("Object.keys(lab)", context) as string[];
}
