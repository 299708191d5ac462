// The same from CommonJS.
const { TcpProxy, UdpProxy } = require("@lab/simnet");
const { LinkModel, Random } = require("@lab/simnet/core");

async function main() {
  const udp = new UdpProxy({ to: { port: 1 }, toServer: { drop: 0.1 }, seed: 7 });
  const { host, port } = await udp.listen();
  await udp.close();
  const tcp = new TcpProxy({ to: { port: 1 } });
  await tcp.listen();
  await tcp.close();
  const [fate] = new LinkModel({ latencyMs: 3 }, new Random(1)).offer(0, new Uint8Array(1));
  if (host !== "127.0.0.1" || !(port > 0) || fate.at !== 3) throw new Error(JSON.stringify({ host, port, fate }));
}

main();
