/** The small capture of which test/vectors/make_capture.py makes the bytes on its own, a block each. */
import { PcapngWriter, TcpCapture } from "../src/core/index.js";

const text = (words: string): Uint8Array => new TextEncoder().encode(words);

export function smallCapture(): Uint8Array[] {
  const [client, server] = ["10.0.0.1", "10.0.0.2"];
  const writer = new PcapngWriter({
    epochMs: 1_700_000_000_000,
    comment: "seed 7",
    names: { [client]: "client", [server]: "server" },
  });
  const end = (address: string, port: number): { address: string; port: number } => ({ address, port });
  const pieces = [
    writer.header(),
    writer.udp(1.5, end(client, 50_000), end(server, 7), text("odd"), { comment: "lost: drop" }),
    writer.udp(2, end(server, 7), end(client, 50_000), Uint8Array.of(0xcc, 0x7d, 0x5c)),
    writer.udp(2.001, end("fe80::1%eth0", 1), end("::1", 65_535), text("six")),
  ];
  const tcp = new TcpCapture(writer, end(client, 50_001), end(server, 80));
  pieces.push(
    tcp.open(3),
    tcp.data(4, "client", text("GET\r\n")),
    tcp.end(5, "client"),
    tcp.data(6, "server", text("OK")),
    tcp.reset(7, "server"),
  );
  return pieces;
}
