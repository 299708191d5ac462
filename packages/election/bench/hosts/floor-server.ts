/**
 * The floor of a leader: a bare Node server that answers each framed message of one size with a framed message of another,
 * and does nothing else: `floor-server.ts FRAME_BYTES ANSWER_BYTES PULSE_MS`, the sizes with their header of 8 bytes. It
 * looks at no byte of what arrives. Every PULSE_MS it prints its loop's lag.
 */
import { createServer } from "node:net";
import { loopLag } from "./loop-lag.js";

const frameBytes = Number(process.argv[2]);
const answer = Buffer.alloc(Number(process.argv[3]));
answer.writeUInt32BE(answer.length - 8, 4);

const server = createServer({ noDelay: true }, (socket) => {
  let unread = 0;
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => {
    for (unread += chunk.length; unread >= frameBytes; unread -= frameBytes) socket.write(answer);
  });
});
const lag = loopLag();
setInterval(() => console.log(JSON.stringify({ event: "pulse", ...lag() })), Number(process.argv[4]));
process.once("SIGTERM", () => process.exit(0));
server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 }, () => {
  const address = server.address();
  if (typeof address === "object" && address !== null) console.log(`leading on 127.0.0.1:${address.port}`);
});
