/** A program that uses the published package: type-checked under both resolutions, and run. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type Impairments, TcpProxy, type TraceEvent, UdpProxy } from "@lab/simnet";
import { LinkModel, Random, StreamModel } from "@lab/simnet/core";

const server = createSocket("udp4");
server.on("message", (bytes, { port }) => server.send(bytes, port, "127.0.0.1"));
server.bind(0, "127.0.0.1");
await once(server, "listening");
const impairments: Impairments = { latencyMs: 2, duplicate: 1 };
const events: TraceEvent[] = [];
const proxy = new UdpProxy({
  to: { port: server.address().port },
  toServer: impairments,
  toClient: {},
  seed: 7,
  onEvent: (event) => events.push(event),
});
const { port } = await proxy.listen();
const client = createSocket("udp4");
let heard = 0;
const twice = new Promise<void>((resolve) => {
  client.on("message", () => {
    heard++;
    if (heard === 2) resolve();
  });
});
client.send("hello", port, "127.0.0.1");
await twice;
client.close();
const { received, duplicated } = proxy.counters("to-server");
await proxy.close();
server.close();
const tcp = new TcpProxy({ to: { port: 1 } });
await tcp.listen();
await tcp.close();

const [fate] = new LinkModel({ drop: 1 }, new Random(1)).offer(0, new Uint8Array(1));
const [piece] = new StreamModel({ latencyMs: 5 }, new Random(1)).offer(0, new Uint8Array(1));
if (received !== 1 || duplicated !== 1 || !events.some(({ type }) => type === "datagram-arrived")) {
  throw new Error(JSON.stringify({ received, duplicated, events: events.length }));
}
if (fate?.type !== "lost" || piece?.at !== 5) throw new Error("the models do not answer");
