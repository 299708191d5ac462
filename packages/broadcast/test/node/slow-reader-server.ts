/** A server process of its own for measuring its memory: a room, or a control that keeps what a reader has not read. */
import { createServer, type Socket } from "node:net";
import { FrameDecoder } from "@lab/framing/core";
import { serve } from "../../src/index.js";

const [kind = "", historyBytes = "0"] = process.argv.slice(2);

/** Copies what each connection says to all others, as plain programs do: what a reader leaves waits here. */
async function control(): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const decoder = new FrameDecoder();
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    socket.on("data", (chunk) => {
      for (const payload of decoder.push(chunk)) for (const other of sockets) other.write(payload.slice());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function start(): Promise<number> {
  if (kind === "control") return control();
  const server = await serve({
    historyBytes: Number(historyBytes),
    historyMessages: 1_000_000,
    maxLagBytes: 2 ** 40,
    maxLagMessages: 1_000_000,
    onSlow: "skip",
    publishWindow: 10_000,
  });
  return Number(server.address.split(":")[1]);
}

void start().then((port) => process.stdout.write(`listening on 127.0.0.1:${port}\n`));
