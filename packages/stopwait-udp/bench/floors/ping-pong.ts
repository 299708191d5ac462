/**
 * The floor: two connected Node sockets that pass a content along, one block for one acknowledgement, in datagrams as
 * large as ours. No checksum, no digest, no timer, no file, no session: nothing but the datagrams. As with a GET, one end
 * asks, and the other sends.
 */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

/** As large as a header of ours. */
const HEADER = 24;
const AHEAD_OF_BLOCK = 12; // where our header has the number of the block

export interface Wanted {
  readonly bytes: number;
  readonly blockBytes: number;
  /** Blocks under way at once. */
  readonly window: number;
}

async function bound(): Promise<Socket> {
  const socket = createSocket({ type: "udp4", recvBufferSize: 1 << 20, sendBufferSize: 1 << 20 });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

async function connected(socket: Socket, port: number): Promise<void> {
  socket.connect(port, "127.0.0.1");
  await once(socket, "connect");
}

/** Passes the beginning of `content` to whoever asks for it, from a socket of its own each time. @returns its port */
export async function offer(content: Uint8Array): Promise<number> {
  const socket = await bound();
  socket.on("message", (request, { port }) => {
    const [bytes, blockBytes, window] = [0, 4, 8].map((at) => request.readUInt32BE(at)) as [number, number, number];
    void pass(Buffer.from(content.buffer, content.byteOffset, bytes), blockBytes, window, port);
  });
  return socket.address().port;
}

async function pass(content: Buffer, blockBytes: number, window: number, port: number): Promise<void> {
  const socket = await bound();
  await connected(socket, port);
  const blocks = Math.ceil(content.length / blockBytes);
  const packet = Buffer.alloc(HEADER + blockBytes);
  const send = (block: number): void => {
    packet.writeUInt32BE(block, AHEAD_OF_BLOCK);
    const copied = content.copy(packet, HEADER, block * blockBytes, (block + 1) * blockBytes);
    socket.send(packet, 0, HEADER + copied);
  };
  let next = Math.min(window, blocks);
  let answered = 0;
  socket.on("message", () => {
    answered++;
    if (next < blocks) send(next++);
    else if (answered === blocks) socket.close();
  });
  for (let block = 0; block < next; block++) send(block);
}

/** Asks at a port for so much, and resolves with what arrived. */
export async function fetchBlocks(port: number, { bytes, blockBytes, window }: Wanted): Promise<Uint8Array> {
  const socket = await bound();
  const blocks = Math.ceil(bytes / blockBytes);
  const received = Buffer.allocUnsafe(bytes);
  const answer = Buffer.alloc(HEADER);
  const request = Buffer.alloc(HEADER);
  for (const [index, value] of [bytes, blockBytes, window].entries()) request.writeUInt32BE(value, 4 * index);
  const early: Buffer[] = [];
  const keep = (message: Buffer): void => void early.push(message);
  socket.on("message", keep);
  socket.send(request, port, "127.0.0.1");
  const [, sender] = (await once(socket, "message")) as [Buffer, { port: number }];
  await connected(socket, sender.port);
  socket.off("message", keep);
  await new Promise<void>((resolve, reject) => {
    let taken = 0;
    const take = (message: Buffer): void => {
      const block = message.readUInt32BE(AHEAD_OF_BLOCK);
      message.copy(received, block * blockBytes, HEADER);
      answer.writeUInt32BE(block, AHEAD_OF_BLOCK);
      socket.send(answer, 0, HEADER);
      if (++taken === blocks) resolve();
    };
    socket.once("error", reject);
    socket.on("message", take);
    for (const message of early) take(message);
  });
  socket.close();
  return received;
}
