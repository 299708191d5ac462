/** The demo's chapter on UDP: a file crosses a network that loses, repeats, reorders and damages packets. */
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { renderDiagram, type TraceEvent, UdpProxy } from "@lab/simnet";
import { describePacket, put } from "@lab/stopwait-udp";
import { startTypeScript } from "../../test/process.js";

const MIB = 1024 * 1024;
const SIZE = 4 * MIB;
/** So many packets are drawn. */
const DRAWN = 60;
/** Where the demo leaves what is to be looked at; git ignores it. */
const PICTURES = fileURLToPath(new URL("../../.demo/", import.meta.url));

export async function run(): Promise<string> {
  const base = mkdtempSync(join(tmpdir(), "lab-demo-"));
  try {
    return await dropThroughBadNetwork(base);
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

async function dropThroughBadNetwork(base: string): Promise<string> {
  const box = join(base, "box");
  mkdirSync(box);
  const content = randomBytes(SIZE);
  const wanted = createHash("sha256").update(content).digest("hex");
  const file = join(base, "homework.bin");
  writeFileSync(file, content);

  await using server = startTypeScript(new URL("src/main.ts", import.meta.url), [box, "0"]);
  const to = { host: "127.0.0.1", port: await server.port() };
  const events: TraceEvent[] = [];
  const toServer = { latencyMs: 1, drop: 0.02, duplicate: 0.02, reorder: 0.02, reorderMs: 2, corrupt: 0.02 };
  await using proxy = new UdpProxy({
    to,
    toServer,
    seed: 7,
    onEvent: (event) => {
      if (events.length < 4 * DRAWN) events.push(event);
    },
  });
  const { port } = await proxy.listen();
  console.log(
    `examples/file-drop takes files on 127.0.0.1:${to.port}; a bad network stands before it on 127.0.0.1:${port}`,
  );

  let quarter = 0;
  const { sha256, statistics } = await put({
    port,
    from: file,
    blockBytes: 8192,
    window: 8,
    minRtoMs: 10,
    stateFolder: join(base, "state"),
    onProgress: ({ bytes }) => {
      if (bytes < (quarter + 1) * (SIZE / 4)) return;
      quarter++;
      console.log(`  ${bytes} of ${SIZE} bytes are across`);
    },
  });
  const { lost, duplicated, reordered, corrupted } = proxy.counters("to-server");
  console.log(
    `  on the way to the server ${lost.drop} packets were lost, ${duplicated} doubled, ${reordered} reordered, ${corrupted} damaged`,
  );
  const { roundTrips, packetsSent, packetsRepeated } = statistics;
  console.log(
    `  ${packetsSent} packets were sent, ${packetsRepeated} of them again; round trip ${roundTrips?.meanMs.toFixed(1)} ms`,
  );

  const describe = (bytes: Uint8Array): string => describePacket(bytes).text;
  const title = "The first exchanges of a PUT through a bad network";
  mkdirSync(PICTURES, { recursive: true });
  const diagram = join(PICTURES, "file-drop.svg");
  writeFileSync(diagram, renderDiagram(events, { title, describe, nodes: ["client-1", "server"], maxEvents: DRAWN }));
  console.log(`  the first exchanges are drawn in ${diagram}`);

  const arrived = createHash("sha256")
    .update(readFileSync(join(box, "homework.bin")))
    .digest("hex");
  if (arrived !== wanted || sha256 !== wanted) throw new Error(`${arrived} arrived, but ${wanted} was sent`);
  server.signal("SIGTERM");
  const { code, stdout } = await server.exited;
  if (code !== 0) throw new Error(`the box ended with code ${code}`);
  console.log(`the box says: ${stdout.trim().split("\n").at(-1)}`);
  const rate = Math.round(statistics.goodputBytesPerSecond / 1000);
  return `${SIZE / MIB} MiB across a bad network at ${rate} kB/s, sha256 ${arrived.slice(0, 16)}... as sent`;
}
