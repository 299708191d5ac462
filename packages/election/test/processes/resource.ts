/**
 * What leaders write to: `node --import tsx resource.ts LOG [--unfenced]`. Prints `listening on HOST:PORT`; takes a line
 * `EPOCH:ID` for each write, answers `accepted` or `refused` by a FencedResource, and appends `write NS EPOCH:ID
 * accepted|refused` to LOG. `--unfenced` accepts everything: by that the report is shown to bite.
 */
import { openSync, writeSync } from "node:fs";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { FencedResource } from "../../src/core/index.js";

const [log = "", unfenced] = process.argv.slice(2);
const file = openSync(log, "a");
const resource = new FencedResource();
const server = createServer((socket) => {
  socket.setNoDelay(true).on("error", () => {}); // "close" follows; its node is gone
  createInterface({ input: socket }).on("line", (line) => {
    const at = line.indexOf(":");
    const token = { epoch: Number(line.slice(0, at)), id: line.slice(at + 1) };
    const answer = unfenced !== undefined || resource.tryAccept(token) ? "accepted" : "refused";
    writeSync(file, `write ${process.hrtime.bigint()} ${line} ${answer}\n`);
    socket.write(`${answer}\n`);
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object" && address !== null) console.log(`listening on 127.0.0.1:${address.port}`);
});
