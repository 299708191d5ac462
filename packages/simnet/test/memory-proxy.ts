/**
 * A proxy in a process of its own, whose memory is looked at: ours, or a control that forwards as one writes it first and
 * keeps whatever comes. `full`: it has stopped reading.
 */
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { TcpProxy, UdpProxy } from "../src/index.js";

/** Nothing crosses while the test lasts. */
const LATENCY_MS = 600_000;
const [kind, to = ""] = process.argv.slice(2);
const target = { port: Number(to) };
const kept: unknown[] = [];

async function listen(): Promise<number> {
  if (kind === "udp ours") {
    const toServer = { latencyMs: LATENCY_MS, bytesPerSecond: 1 };
    return (await new UdpProxy({ to: target, toServer, maxHeldBytes: 4 * 1024 * 1024 }).listen()).port;
  }
  if (kind === "udp control") {
    const socket = createSocket({ type: "udp4", recvBufferSize: 1024 * 1024 });
    socket.on("message", (bytes) => kept.push(bytes));
    return await new Promise((resolve) => socket.bind(0, "127.0.0.1", () => resolve(socket.address().port)));
  }
  if (kind === "tcp control") {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", (bytes) => kept.push({ at: Date.now() + LATENCY_MS, bytes }));
    });
    const address = () => server.address() as { readonly port: number };
    return await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(address().port)));
  }
  const proxy = new TcpProxy({ to: target, toServer: { latencyMs: LATENCY_MS, segmentBytes: 1 } });
  const watch = setInterval(() => {
    const { connections } = proxy;
    const isFull = connections.length > 0 && connections.every((one) => one.bufferedBytes("to-server") >= 256 * 1024);
    if (!isFull) return;
    clearInterval(watch);
    console.log("full");
  }, 10);
  return (await proxy.listen()).port;
}

void listen().then((port) => console.log(`listening on 127.0.0.1:${port}`));
