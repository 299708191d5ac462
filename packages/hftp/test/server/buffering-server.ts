/**
 * The control of the memory tests: a server as one writes it first. It keeps the whole line, reads slices whole, and
 * writes without asking whether anybody takes what it writes. It must fail where ours must not.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

const directory = process.argv[2] ?? ".";
const server = createServer((socket) => {
  let line = "";
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    line += chunk.toString("latin1");
    for (let end = line.indexOf("\r\n"); end >= 0; end = line.indexOf("\r\n")) {
      const [command, name = "", offset, size] = line.slice(0, end).split(" ");
      line = line.slice(end + 2);
      if (command !== "get_slice") {
        socket.write("202 FILE NOT FOUND\r\n");
        continue;
      }
      const bytes = readFileSync(join(directory, name)).subarray(Number(offset), Number(offset) + Number(size));
      socket.write(`0 OK\r\n${bytes.toString("base64")}\r\n`);
    }
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object" && address !== null) console.log(`listening on 127.0.0.1:${address.port}`);
});
