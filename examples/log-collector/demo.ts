/** The demo's chapter on framing: records come whole out of a stream that was cut into crumbs, and strangers hurt nobody. */
import { readdirSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { FramedSocket } from "@lab/framing";
import { TcpProxy } from "@lab/simnet";
import { startTypeScript } from "../../test/process.js";
import { Tally } from "./src/tally.js";

const DOCS = new URL("../../docs/", import.meta.url);

export async function run(): Promise<string> {
  const records = paragraphs();
  const wanted = new Tally();
  for (const record of records) wanted.add(record);

  await using collector = startTypeScript(new URL("src/main.ts", import.meta.url), ["0"]);
  const port = await collector.port();
  const segmentBytes = [1, 64] as const;
  await using proxy = new TcpProxy({ to: { host: "127.0.0.1", port }, toServer: { segmentBytes }, seed: 7 });
  const through = await proxy.listen();
  console.log(`examples/log-collector listens on 127.0.0.1:${port}`);
  console.log(`  before it, on 127.0.0.1:${through.port}, a network that cuts the stream after 1 to 64 bytes`);

  const strangers = [
    { does: "announces 2^62 bytes", bytes: Uint8Array.of(0x40, 0, 0, 0, 0, 0, 0, 0), refused: "FRAME_TOO_LARGE" },
    { does: "hangs up in the middle", bytes: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 9, 65), refused: "TRUNCATED_FRAME" },
  ];
  {
    await using framed = new FramedSocket(connect(through.port, "127.0.0.1"));
    const half = records.length >> 1;
    await framed.writeMany(records.slice(0, half));
    for (const { does, bytes, refused } of strangers) {
      using stranger = sent(port, bytes);
      await collector.line(new RegExp(`:${await stranger.port} is sent away \\(${refused}\\)`));
      console.log(`  a stranger ${does}: ${refused}, and is sent away`);
    }
    await framed.writeMany(records.slice(half));
  }
  const [, got] = await collector.line(/ has sent (.*)$/);
  if (got !== String(wanted)) throw new Error(`the collector has ${got}, and sent were ${wanted}`);
  console.log(`  the paragraphs of docs/, each a record: ${got}`);
  collector.signal("SIGTERM");
  const { code, stderr } = await collector.exited;
  if (code !== 0) throw new Error(`the collector ended with code ${code}: ${stderr}`);
  return `${wanted.records} records whole out of crumbs of 1 to 64 bytes, ${got.slice(-64, -48)}... as sent; ${strangers.length} strangers sent away`;
}

/** Paragraphs of our own documents: of one line and of many, and not all in ASCII. */
function paragraphs(): Buffer[] {
  const documents = readdirSync(DOCS).filter((name) => name.endsWith(".md"));
  return documents
    .flatMap((name) => readFileSync(new URL(name, DOCS), "utf8").split("\n\n"))
    .map((text) => Buffer.from(text));
}

/** A connection that says so much and ends. */
function sent(port: number, bytes: Uint8Array): Disposable & { readonly port: Promise<number | undefined> } {
  const socket: Socket = connect(port, "127.0.0.1").on("error", () => {});
  const own = new Promise<number | undefined>((resolve, reject) => {
    socket.once("connect", () => resolve(socket.localPort)).once("error", reject);
  });
  socket.end(bytes);
  return { port: own, [Symbol.dispose]: () => socket.destroy() };
}
