/**
 * The floor of large slices: a bare Node loop that reads 72 KiB, encodes, writes, waits for the socket, and again. It
 * knows one file and answers any first line with all of it; it checks nothing and bounds nothing.
 */
import { fstatSync, openSync, readSync } from "node:fs";
import { createServer, type Socket } from "node:net";

const descriptor = openSync(process.argv[2] ?? "", "r");
const size = fstatSync(descriptor).size;
const piece = Buffer.allocUnsafeSlow(72 * 1024);

async function sendAll(socket: Socket, bytes: number): Promise<void> {
  socket.write("0 OK\r\n");
  for (let at = 0; at < bytes; at += piece.length) {
    const count = readSync(descriptor, piece, 0, Math.min(piece.length, bytes - at), at);
    const taken = socket.write(piece.toString("base64", 0, count), "latin1");
    if (!taken && socket.writableLength > 0) await new Promise((resolve) => socket.once("drain", resolve));
  }
  socket.write("\r\n");
}

const server = createServer((socket) => {
  socket.on("error", () => {});
  socket.on("data", (line) => void sendAll(socket, Math.min(size, Number(line.toString("latin1").split(" ")[3]))));
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object" && address !== null) console.log(`listening on 127.0.0.1:${address.port}`);
});
