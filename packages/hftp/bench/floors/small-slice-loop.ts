/**
 * The floor of small slices: a bare Node loop with one write per reply. It looks the file up at every request, since a
 * server that keeps it open serves a file that may not be there any more; it parses with split, checks nothing and
 * bounds nothing.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

const directory = process.argv[2] ?? "";
const bytes = Buffer.allocUnsafeSlow(64 * 1024);

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on("error", () => {});
  socket.on("data", (line) => {
    const [, name = "", offset, size] = line.toString("latin1").split(" ");
    const descriptor = openSync(join(directory, name), "r");
    const from = Number(offset);
    const length = Math.min(Number.parseInt(size ?? "", 10), fstatSync(descriptor).size - from);
    const count = readSync(descriptor, bytes, 0, length, from);
    closeSync(descriptor);
    socket.write(`0 OK\r\n${bytes.toString("base64", 0, count)}\r\n`, "latin1");
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object" && address !== null) console.log(`listening on 127.0.0.1:${address.port}`);
});
