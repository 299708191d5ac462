/** The floor of the async iterable: one async generator around the parse loop, nothing to interrupt or close it. */
import { parseLoop } from "./parse-loop.js";

export async function* asyncLoop(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array[]> {
  const push = parseLoop();
  for await (const chunk of source) yield push(chunk);
}
