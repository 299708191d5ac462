/** The floor of the Node stream: a Transform in object mode that pushes what the parse loop gives, whoever waits. */
import { Transform } from "node:stream";
import { parseLoop } from "./parse-loop.js";

export function transform(): Transform {
  const push = parseLoop();
  return new Transform({
    readableObjectMode: true,
    transform(chunk: Uint8Array, _encoding, callback) {
      for (const frame of push(chunk)) this.push(frame);
      callback();
    },
  });
}
