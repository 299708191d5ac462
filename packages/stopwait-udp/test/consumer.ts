/** A program that uses the published package: type-checked under both resolutions, and run. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type GetResult,
  get,
  nodePlatform,
  put,
  type ServedTransfer,
  StopwaitError,
  serve,
  TransferError,
} from "@lab/stopwait-udp";
import { decodeV1Packet, StopwaitServer, type TransferOutput, V2GetClient } from "@lab/stopwait-udp/core";

const base = mkdtempSync(join(tmpdir(), "stopwait-consumer-"));
const directory = join(base, "shared");
const stateFolder = join(base, "state");
mkdirSync(directory);
writeFileSync(join(base, "a.txt"), "hello world");

const { server, port } = await serve({ directory, port: 0, writable: true });
const served: ServedTransfer[] = [];
server.on("served", (transfer) => served.push(transfer));
await put({ port, stateFolder, from: join(base, "a.txt") });
const result: GetResult = await get({ port, stateFolder, name: "a.txt", to: join(base, "copy.txt"), window: 4 });
await get({ port, version: 1, name: "a.txt", to: join(base, "copy-1.txt") });
const failure: unknown = await get({ port, stateFolder, name: "no", to: join(base, "no") }).catch((error) => error);
await server.close();
const copies = ["copy.txt", "copy-1.txt"].map((name) => readFileSync(join(base, name), "utf8")).join();
rmSync(base, { recursive: true });

if (!(failure instanceof TransferError) || !(failure instanceof StopwaitError) || failure.code !== "not-found")
  throw failure;
if (copies !== "hello world,hello world" || result.bytes !== 11 || !result.sha256.startsWith("b94d27b9")) {
  throw new Error(JSON.stringify({ copies, result, served }));
}

const at = { host: "127.0.0.1", port: 50_001 };
const client = new V2GetClient({ server: at, remoteName: "a", localName: "b", platform: nodePlatform });
const [first] = client.handle(0, { type: "tick" });
const machine = new StopwaitServer({ platform: nodePlatform });
const outputs: readonly { readonly type: TransferOutput["type"] | "served" }[] = machine.handle(0, { type: "tick" });
const packet = decodeV1Packet(new TextEncoder().encode("G000000a"));
if (first?.type !== "open-part" || outputs.length > 0 || packet.type !== "get")
  throw new Error("the core does not answer");
