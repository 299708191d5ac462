/** The protocols that run under the same plans: ours, and the original's rules next to them. */
import type { FileEffect, Platform } from "../../src/core/contract.js";
import { V1GetClient } from "../../src/core/v1-get-client.js";
import { V1PutClient } from "../../src/core/v1-put-client.js";
import { V1Server } from "../../src/core/v1-server.js";
import { MemoryDisk } from "../memory-disk.js";
import { OriginalGetClient, OriginalPutClient } from "../original/client.js";
import { OriginalServer } from "../original/server.js";
import { type Plan, SERVER, type TransferPlan } from "./plan.js";
import type { Seat } from "./transfer-node.js";

/** One end as the oracles see it. */
export interface End extends Seat {
  /** What stands under a name now. */
  readonly read: (name: string) => Uint8Array | undefined;
}

export interface Dialect {
  readonly name: string;
  /** Whether a `success` of it is held to be one; those of the original are counted instead. */
  readonly isStrict: boolean;
  server(files: Readonly<Record<string, Uint8Array>>, platform: Platform, plan: Plan): End;
  client(transfer: TransferPlan, content: Uint8Array, platform: Platform, plan: Plan): End;
}

export const SERVER_PORT = 50_001;
const server = { host: SERVER, port: SERVER_PORT };

function onDisk(port: number, machine: Seat["machine"], disk: MemoryDisk, plan: Plan): End {
  return { port, machine, disk, diskMs: () => plan.diskMs, read: (name) => disk.read(name) };
}

function sourceOf({ operation, name }: TransferPlan, content: Uint8Array): Readonly<Record<string, Uint8Array>> {
  return operation === "put" ? { [name]: content } : {};
}

export const strictV1: Dialect = {
  name: "v1",
  isStrict: true,
  server(files, platform, plan) {
    const machine = new V1Server({ platform, writable: true, allowV1: true, insecureWrite: true });
    return onDisk(SERVER_PORT, machine, new MemoryDisk({ files, seed: plan.seed }), plan);
  },
  client(transfer, content, platform, plan) {
    const { name, operation, port } = transfer;
    const options = { server, remoteName: name, localName: name, platform };
    const machine = operation === "get" ? new V1GetClient(options) : new V1PutClient(options);
    return onDisk(port, machine, new MemoryDisk({ files: sourceOf(transfer, content) }), plan);
  },
};

/** The original's rules; its files are maps in memory. */
export function originalWith(retransmitMs: number): Dialect {
  const noDisk = new MemoryDisk({
    before: (effect: FileEffect) => {
      throw new Error(`the original has no effects, but wants ${effect.type}`);
    },
  });
  const inMemory = (port: number, machine: Seat["machine"], files: Map<string, Uint8Array>): End => ({
    port,
    machine,
    disk: noDisk,
    read: (name) => files.get(name),
  });
  return {
    name: `original, timer of ${retransmitMs / 1_000} s`,
    isStrict: false,
    server(files) {
      const machine = new OriginalServer(new Map(Object.entries(files)));
      return inMemory(SERVER_PORT, machine, machine.files);
    },
    client(transfer, content) {
      const files = new Map(Object.entries(sourceOf(transfer, content)));
      const options = { server, name: transfer.name, files, retransmitMs };
      const { operation, port } = transfer;
      return inMemory(
        port,
        operation === "get" ? new OriginalGetClient(options) : new OriginalPutClient(options),
        files,
      );
    },
  };
}
