/** Transfers on a channel in virtual time: the shipped machines of version 2, and the original's rules next to them. */
import { type Impairments, Random, World } from "@lab/simnet";
import { V2GetClient } from "../../src/core/v2-get-client.js";
import { Type, typeOf } from "../../src/core/v2-packet.js";
import { V2PutClient } from "../../src/core/v2-put-client.js";
import { V2Server } from "../../src/core/v2-server.js";
import { MemoryDisk } from "../../test/memory-disk.js";
import { OriginalGetClient } from "../../test/original/client.js";
import { OriginalServer } from "../../test/original/server.js";
import { plainPlatform } from "../../test/plain-platform.js";
import { type Seat, type TransferMachine, TransferNode } from "../../test/sim/transfer-node.js";

const NAME = "file";
const SERVER = { host: "server", port: 50_001 };
const CLIENT_PORT = 40_000;

export interface SimulatedOptions {
  readonly impairments: Impairments;
  /** Bytes of the file. */
  readonly size: number;
  readonly seed: number;
}

export interface V2Simulated extends SimulatedOptions {
  readonly operation: "get" | "put";
  /** Default 1,376 and 1. */
  readonly blockBytes?: number;
  readonly window?: number;
}

export interface Simulated {
  /** File bytes per second, from the first packet after the acceptance to the client's success. */
  readonly goodput: number;
  /** Packets that the client sent in that time. */
  readonly packets: number;
  /** Of these, sent again after a timeout; NaN where nobody counts them. */
  readonly timeouts: number;
}

/** @throws Error unless the transfer succeeds and the file is right */
export function simulateV2(options: V2Simulated): Simulated {
  const { operation, seed, blockBytes = 1_376, window = 1 } = options;
  const content = new Random(seed).fork(NAME).bytes(options.size);
  const [source, target] = [new MemoryDisk({ files: { [NAME]: content } }), new MemoryDisk()];
  const [serverDisk, clientDisk] = operation === "get" ? [source, target] : [target, source];
  const platform = plainPlatform(`${seed} server`);
  const server = new V2Server({ platform, writable: true, insecureWrite: true });
  const names = { server: SERVER, remoteName: NAME, localName: NAME, platform: plainPlatform(`${seed} client`) };
  const asked = { ...names, blockBytes, window };
  const client = operation === "get" ? new V2GetClient(asked) : new V2PutClient(asked);
  const { ms, packets } = simulate(
    options,
    { port: SERVER.port, machine: server, disk: serverDisk },
    { port: CLIENT_PORT, machine: client, disk: clientDisk },
    (packet) => typeOf(packet) !== Type.REQ,
  );
  if (!isSame(target.read(NAME), content)) throw new Error("the file is not the same");
  return { goodput: (content.length * 1_000) / ms, packets, timeouts: client.statistics.timeouts };
}

/** A GET by the original's rules: blocks of 100 bytes, a timer of 5 s. What arrives may be wrong, and is not looked at. */
export function simulateOriginal(options: SimulatedOptions): Simulated {
  const content = new Random(options.seed).fork(NAME).bytes(options.size);
  const files = new Map<string, Uint8Array>();
  const unused = new MemoryDisk();
  const server = new OriginalServer(new Map([[NAME, content]]));
  const client = new OriginalGetClient({ server: SERVER, name: NAME, files });
  const { ms, packets } = simulate(
    options,
    { port: SERVER.port, machine: server, disk: unused },
    { port: CLIENT_PORT, machine: client, disk: unused },
    () => true,
  );
  return { goodput: ((files.get(NAME)?.length ?? 0) * 1_000) / ms, packets, timeouts: Number.NaN };
}

/** @param counts from the first packet of the client for which this holds, time and packets are counted */
function simulate(
  { impairments, seed }: SimulatedOptions,
  server: Seat,
  client: Seat & { readonly machine: TransferMachine },
  counts: (packet: Uint8Array) => boolean,
): { readonly ms: number; readonly packets: number } {
  let began = Number.NaN;
  let packets = 0;
  const node = new TransferNode([client], (_seat, output) => {
    if (output.type !== "datagram" || (packets === 0 && !counts(output.bytes))) return;
    if (packets++ === 0) began = world.now;
  });
  const world: World = new World({
    seed,
    nodes: { [SERVER.host]: () => new TransferNode([server]), client: () => node },
    impairments,
    trace: false,
  });
  const until = (): boolean => node.outcomes.has(CLIENT_PORT);
  world.run({ until });
  const outcome = node.outcomes.get(CLIENT_PORT);
  if (outcome?.type === "success") return { ms: world.now - began, packets };
  throw new Error(`the transfer ended as ${JSON.stringify(outcome)}`);
}

function isSame(stored: Uint8Array | undefined, content: Uint8Array): boolean {
  return stored !== undefined && Buffer.compare(stored, content) === 0;
}
