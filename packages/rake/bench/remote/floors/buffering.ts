/** A server that takes a length of 8 bytes and so many bytes into memory, and sends them back when all are there. */
import { type AddressInfo, createServer } from "node:net";

const server = createServer((socket) => {
  const pieces: Buffer[] = [];
  let received = 0;
  socket.on("error", () => {});
  socket.on("data", (piece: Buffer) => {
    pieces.push(piece);
    received += piece.length;
    if (received < 8) return;
    const wanted = Number(Buffer.concat(pieces.slice(0, 8)).readBigUInt64BE());
    if (received < 8 + wanted) return;
    socket.end(Buffer.concat(pieces).subarray(8));
  });
});
server.listen(0, "127.0.0.1", () => {
  console.log(`listening on 127.0.0.1:${(server.address() as AddressInfo).port}`);
});
