/** Small transfers for the explorer (docs/simnet.md, N30): one client, one server, and what must hold in every state. */
import type { Describe, ExploredWorld, NodeEnvironment, NodeInput, NodeOutput, Scenario } from "@lab/simnet";
import { describePacket } from "../../src/core/describe-packet.js";
import { StopwaitServer } from "../../src/core/server.js";
import { V1GetClient } from "../../src/core/v1-get-client.js";
import { V1PutClient } from "../../src/core/v1-put-client.js";
import { V2GetClient } from "../../src/core/v2-get-client.js";
import { V2PutClient } from "../../src/core/v2-put-client.js";
import { MemoryDisk } from "../memory-disk.js";
import { plainPlatform } from "../plain-platform.js";
import { outcomeText, type TransferMachine, TransferNode } from "./transfer-node.js";
import { equal } from "./transfer-world.js";

export interface ExploredTransfer {
  readonly version: "v1" | "v2";
  readonly operation: "get" | "put";
  readonly blocks: number;
  /** Whether either side may crash, as one fault: the server comes back with its disk, the client does not. Default true. */
  readonly crashes?: boolean;
  /** Blocks under way at once, for v2. Default 1. */
  readonly window?: number;
}

const NAME = "file";
const CLIENT_PORT = 40_000;
const SERVER_PORT = 50_001;
const server = { host: "server", port: SERVER_PORT };
const V2_BLOCK_BYTES = 16;

export const describeDatagram: Describe = (bytes) => describePacket(bytes).text;

/** Different in every block, the last of which is not full. */
function contentOf({ version, blocks }: ExploredTransfer): Uint8Array {
  const blockBytes = version === "v1" ? 100 : V2_BLOCK_BYTES;
  const length = Math.max(0, blocks * blockBytes - 5);
  return Uint8Array.from({ length }, (_, index) => 65 + Math.floor(index / blockBytes));
}

/**
 * A transfer by our machines. Packets take no time and no longer than the 30 s for which servers remember; timers fire
 * when nothing is in flight, or early, as a fault. In every state I1 and I3 hold; at the end I2 and I4 do: whoever is
 * not crashed has ended, nothing is open or remembered, and the end is a success unless somebody crashed, or the server's
 * clock ran ahead so that it forgot a client that was not given its turn.
 */
export function exploredTransfer(transfer: ExploredTransfer): Scenario {
  const content = contentOf(transfer);
  const isGet = transfer.operation === "get";
  const receiver = isGet ? "client" : "server";
  const files = { [NAME]: content };
  return {
    nodes: {
      server: (environment) => {
        const disk = diskOf(environment, isGet ? files : {});
        return new TransferNode([{ port: SERVER_PORT, machine: serverOf(environment), disk }]);
      },
      client: (environment) => {
        const disk = diskOf(environment, isGet ? {} : files);
        return new ClientNode([{ port: CLIENT_PORT, machine: clientOf(transfer, environment), disk }]);
      },
    },
    faults: {
      crashes:
        transfer.crashes === false
          ? []
          : [
              { node: "server", durable: "kept", restart: "any time" },
              { node: "client", durable: "kept", restart: "never" },
            ],
    },
    check: (world) => faultOfDelivery(disk(world, receiver), content),
    checkEnd: (world) => faultOfEnd(world, transfer, content),
    endState: (world) => endOf(world, receiver),
    describe: describeDatagram,
    deliveryMs: 0,
    maxDelayMs: 30_000,
  };
}

class ClientNode extends TransferNode {
  /** Whether the clock has passed the deadline of this client before it was told: the server's timer fired early. */
  wasOvertaken = false;

  override handle(now: number, input: NodeInput): NodeOutput[] {
    if (now > (this.nextDeadline() ?? now)) this.wasOvertaken = true;
    return super.handle(now, input);
  }

  override fingerprint(now: number): string {
    return `${super.fingerprint(now)} ${this.wasOvertaken}`;
  }
}

/** The disk of a node is made once; a process that died has left its files as they were. */
function diskOf({ durable, incarnation }: NodeEnvironment, files: Readonly<Record<string, Uint8Array>>): MemoryDisk {
  const kept = durable.get("disk") as MemoryDisk | undefined;
  kept?.kill();
  const disk = kept ?? new MemoryDisk({ files, nowMs: () => 0 });
  durable.set("disk", disk);
  durable.set("starts", incarnation);
  return disk;
}

function serverOf({ name, randomBytes }: NodeEnvironment): StopwaitServer {
  const platform = plainPlatform(name, { randomBytes });
  return new StopwaitServer({ platform, writable: true, insecureWrite: true, allowV1: true });
}

function clientOf({ version, operation, window = 1 }: ExploredTransfer, environment: NodeEnvironment): TransferMachine {
  const platform = plainPlatform(environment.name, { randomBytes: environment.randomBytes });
  const v1 = { server, remoteName: NAME, localName: NAME, platform };
  // A fixed timeout: when timers fire is for the explorer to say, and what was measured would keep equal states apart.
  const v2 = { ...v1, blockBytes: V2_BLOCK_BYTES, window, initialRtoMs: 5_000, minRtoMs: 5_000, maxRtoMs: 5_000 };
  if (version === "v1") return operation === "get" ? new V1GetClient(v1) : new V1PutClient(v1);
  return operation === "get" ? new V2GetClient(v2) : new V2PutClient(v2);
}

function disk(world: ExploredWorld, node: string): MemoryDisk {
  return world.durable(node).get("disk") as MemoryDisk;
}

/** I1 and I3, at any time. */
function faultOfDelivery(receiving: MemoryDisk, content: Uint8Array): string | undefined {
  for (const key of receiving.partKeys) {
    const part = receiving.readPart(key) ?? content;
    if (!equal(part, content.subarray(0, part.length))) return "I1: a part holds what is no prefix of the source";
  }
  const stored = receiving.read(NAME);
  if (stored !== undefined && !equal(stored, content)) return "I2: the file is not what was sent";
  if ((receiving.counts.get("commit-part") ?? 0) > 1) return "I3: the file is committed twice";
  return undefined;
}

/** I2 and I4, when nothing is left to happen. */
function faultOfEnd(world: ExploredWorld, { operation }: ExploredTransfer, content: Uint8Array): string | undefined {
  for (const node of ["server", "client"]) {
    const isUp = world.program(node) !== undefined;
    if (isUp && disk(world, node).openFiles > 0) return `I4: the ${node} has files open`;
  }
  const client = world.program<ClientNode>("client");
  const machine = world.program<TransferNode>("server")?.machine(SERVER_PORT);
  if (!(machine instanceof StopwaitServer)) return "I4: the server is not back";
  if (machine.liveSessions + machine.v1.memories + machine.v2.memories > 0) return "I4: the server remembers a session";
  if (client === undefined) return undefined;
  const outcome = client.outcomes.get(CLIENT_PORT);
  if (outcome === undefined) return "I4: the client is stuck";
  const isStored = disk(world, operation === "get" ? "client" : "server").read(NAME) !== undefined;
  if (outcome.type === "success") {
    if (!isStored) return "I2: a success, but there is no file";
    return outcome.bytes === content.length ? undefined : `I2: a success of ${outcome.bytes} bytes`;
  }
  if (outcome.type === "failed" && isStored) return "I2: a failure, but there is a file";
  if (outcome.type === "unknown" && operation === "get") return "I2: a GET whose end nobody knows";
  if (world.durable("server").get("starts") === 1 && !client.wasOvertaken)
    return `I4: ${outcomeText(outcome)} though nobody crashed`;
  return undefined;
}

/** Names an end: how the client ended, what the server reported, and whether the receiver has the file. */
function endOf(world: ExploredWorld, receiver: string): string {
  const outcome = world.program<TransferNode>("client")?.outcomes.get(CLIENT_PORT);
  const client = outcome === undefined ? "crashed" : outcomeText(outcome);
  const served = world.program<TransferNode>("server")?.served.map((one) => `${one.outcome} (${one.code})`) ?? [];
  const file = disk(world, receiver).read(NAME) === undefined ? "no file" : "file";
  return `${client}, ${file}, server: ${served.join(", ") || "nothing"}`;
}
