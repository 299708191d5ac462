/**
 * The floor: two connected Node sockets in one process that pass a content along, one block for one acknowledgement,
 * in datagrams as large as ours. No checksum, no digest, no timer, no file, no session: nothing but the datagrams.
 */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

/** As large as a header of ours. */
const HEADER = 24;
const AHEAD_OF_BLOCK = 12; // where our header has the number of the block

async function bound(): Promise<Socket> {
  const socket = createSocket({ type: "udp4", recvBufferSize: 1 << 20, sendBufferSize: 1 << 20 });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

/** Passes the content along in blocks, with so many under way at once, and resolves with what arrived. */
export async function pingPong(content: Uint8Array, blockBytes: number, window = 1): Promise<Uint8Array> {
  const [sender, receiver] = await Promise.all([bound(), bound()]);
  await Promise.all([connected(sender, receiver.address().port), connected(receiver, sender.address().port)]);
  const blocks = Math.ceil(content.length / blockBytes);
  const source = Buffer.from(content.buffer, content.byteOffset, content.length);
  const received = Buffer.allocUnsafe(content.length);
  const packet = Buffer.alloc(HEADER + blockBytes);
  const answer = Buffer.alloc(HEADER);
  const send = (block: number): void => {
    packet.writeUInt32BE(block, AHEAD_OF_BLOCK);
    const copied = source.copy(packet, HEADER, block * blockBytes, (block + 1) * blockBytes);
    sender.send(packet, 0, HEADER + copied);
  };
  await new Promise<void>((resolve, reject) => {
    let next = Math.min(window, blocks);
    let answered = 0;
    sender.on("message", () => {
      answered++;
      if (next < blocks) send(next++);
      else if (answered === blocks) resolve();
    });
    receiver.on("message", (message) => {
      const block = message.readUInt32BE(AHEAD_OF_BLOCK);
      message.copy(received, block * blockBytes, HEADER);
      answer.writeUInt32BE(block, AHEAD_OF_BLOCK);
      receiver.send(answer, 0, HEADER);
    });
    sender.once("error", reject);
    receiver.once("error", reject);
    for (let block = 0; block < next; block++) send(block);
  });
  sender.close();
  receiver.close();
  return received;
}

async function connected(socket: Socket, port: number): Promise<void> {
  socket.connect(port, "127.0.0.1");
  await once(socket, "connect");
}
