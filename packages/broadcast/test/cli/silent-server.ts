/** A server that lets one in and acknowledges nothing, until it hangs up. */
import { createServer, type Socket } from "node:net";
import { FrameDecoder } from "@lab/framing";
import { decode, encode, type Message } from "../../src/core/index.js";

export interface SilentServer extends AsyncDisposable {
  readonly address: string;
  /** Resolves when so many messages were published on one connection. */
  readonly published: (count: number) => Promise<void>;
  /** Ends all connections, and takes no more. */
  readonly hangUp: () => void;
}

/** @param publishWindow how many publishes it takes without an acknowledgement */
export async function silentServer(publishWindow: number): Promise<SilentServer> {
  const sockets = new Set<Socket>();
  let count = 0;
  let wake: () => void = () => {};
  const take = (socket: Socket, message: Message): void => {
    if (message.type === "hello") socket.write(encode(welcome(publishWindow)));
    if (message.type !== "publish") return;
    count += message.payloads.length;
    wake();
  };
  const server = createServer((socket) => {
    const decoder = new FrameDecoder();
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      for (const payload of decoder.push(bytes)) take(socket, decode(payload, "client"));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { readonly port: number };
  const hangUp = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return {
    address: `127.0.0.1:${port}`,
    published: async (wanted) => {
      while (count < wanted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    hangUp,
    [Symbol.asyncDispose]: async () => hangUp(),
  };
}

function welcome(publishWindow: number): Message {
  return {
    type: "welcome",
    status: "fresh",
    epoch: 7,
    token: new Uint8Array(16).fill(1),
    member: 1,
    head: 0,
    firstRetained: 1,
    resumeFrom: 1,
    lastClientSeq: 0,
    lastNumber: 0,
    ackEvery: 64,
    ackAfterMs: 20,
    heartbeatMs: 5_000,
    maxMessageBytes: 1_000,
    publishWindow,
    members: [{ member: 1, name: "a" }],
  };
}
