/** The protocols that run under the same plans: ours, and the original's rules next to them. */
import type { FileEffect, Platform } from "../../src/core/contract.js";
import { StopwaitServer, type StopwaitServerOptions } from "../../src/core/server.js";
import { V1GetClient } from "../../src/core/v1-get-client.js";
import { V1PutClient } from "../../src/core/v1-put-client.js";
import { V1Server, type V1ServerOptions } from "../../src/core/v1-server.js";
import { V2GetClient, type V2GetClientOptions } from "../../src/core/v2-get-client.js";
import { V2PutClient } from "../../src/core/v2-put-client.js";
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

/** What a later client is told in order to go on where an earlier one ended. */
export interface Ticket {
  readonly resume: string;
  readonly etag?: string | undefined;
}

export interface ClientEnd extends End {
  /** Where the protocol can go on with a transfer: how, as it stands now. */
  readonly ticket?: () => Ticket;
}

export interface Dialect {
  readonly name: string;
  /** Whether a `success` of it is held to be one; those of the original are counted instead. */
  readonly isStrict: boolean;
  server(files: Readonly<Record<string, Uint8Array>>, platform: Platform, plan: Plan): End;
  /** The server after a crash: another machine, with the disk that the crash has left. */
  restarted(server: End, platform: Platform, plan: Plan): End;
  client(transfer: TransferPlan, content: Uint8Array, platform: Platform, plan: Plan): ClientEnd;
  /** Another client for a transfer that did not succeed, with the same disk. */
  resumed?(transfer: TransferPlan, earlier: ClientEnd, platform: Platform, plan: Plan): ClientEnd;
}

export const SERVER_PORT = 50_001;
const server = { host: SERVER, port: SERVER_PORT };

function onDisk(port: number, machine: Seat["machine"], disk: MemoryDisk, plan: Plan): End {
  return { port, machine, disk, diskMs: () => plan.diskMs, read: (name) => disk.read(name) };
}

function crashed({ disk }: End, plan: Plan): MemoryDisk {
  if (plan.isPowerCut) disk.crash();
  else disk.kill();
  return disk;
}

function sourceOf({ operation, name }: TransferPlan, content: Uint8Array): Readonly<Record<string, Uint8Array>> {
  return operation === "put" ? { [name]: content } : {};
}

/** Strict v1. The options are for tests that change what the server is told. */
export function v1With(options: Partial<V1ServerOptions> = {}): Dialect {
  const machineOf = (platform: Platform): V1Server =>
    new V1Server({ platform, writable: true, allowV1: true, insecureWrite: true, ...options });
  return {
    name: "v1",
    isStrict: true,
    server(files, platform, plan) {
      return onDisk(SERVER_PORT, machineOf(platform), new MemoryDisk({ files, seed: plan.seed }), plan);
    },
    restarted: (before, platform, plan) => onDisk(SERVER_PORT, machineOf(platform), crashed(before, plan), plan),
    client(transfer, content, platform, plan) {
      const { name, operation, port } = transfer;
      const given = { server, remoteName: name, localName: name, platform };
      const machine = operation === "get" ? new V1GetClient(given) : new V1PutClient(given);
      return onDisk(port, machine, new MemoryDisk({ files: sourceOf(transfer, content) }), plan);
    },
  };
}

export const strictV1: Dialect = v1With();

/** v2 by the server that knows both formats. The options are for tests that change what the two sides are told. */
export function v2With(
  options: Partial<StopwaitServerOptions> = {},
  clientOptions: Partial<V2GetClientOptions> = {},
): Dialect {
  const machineOf = (platform: Platform): StopwaitServer =>
    new StopwaitServer({ platform, writable: true, insecureWrite: true, ...options });
  const clientOn = (transfer: TransferPlan, disk: MemoryDisk, platform: Platform, plan: Plan, ticket?: Ticket) => {
    const { name, operation, port } = transfer;
    const { blockBytes, window } = plan;
    const given = {
      server,
      remoteName: name,
      localName: name,
      platform,
      blockBytes,
      window,
      ...clientOptions,
      ...ticket,
    };
    if (operation === "put") {
      const machine = new V2PutClient(given);
      return { ...onDisk(port, machine, disk, plan), ticket: () => ({ resume: machine.resumeKey }) };
    }
    const machine = new V2GetClient(given);
    return { ...onDisk(port, machine, disk, plan), ticket: () => ({ resume: machine.resumeKey, etag: machine.etag }) };
  };
  return {
    name: "v2",
    isStrict: true,
    server(files, platform, plan) {
      return onDisk(SERVER_PORT, machineOf(platform), new MemoryDisk({ files, seed: plan.seed }), plan);
    },
    restarted: (before, platform, plan) => onDisk(SERVER_PORT, machineOf(platform), crashed(before, plan), plan),
    client: (transfer, content, platform, plan) =>
      clientOn(transfer, new MemoryDisk({ files: sourceOf(transfer, content) }), platform, plan),
    resumed(transfer, earlier, platform, plan) {
      earlier.disk.kill(); // another process
      return clientOn(transfer, earlier.disk, platform, plan, earlier.ticket?.());
    },
  };
}

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
  const serverWith = (files: Map<string, Uint8Array>): End => inMemory(SERVER_PORT, new OriginalServer(files), files);
  return {
    name: `original, timer of ${retransmitMs / 1_000} s`,
    isStrict: false,
    server: (files) => serverWith(new Map(Object.entries(files))),
    restarted: ({ machine }) => serverWith((machine as OriginalServer).files),
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

/** The same dialect with something around its machines, to look at what passes or to change it. */
export function around(
  dialect: Dialect,
  wrap: {
    readonly server?: Wrap;
    readonly client?: (machine: Seat["machine"], transfer: TransferPlan) => Seat["machine"];
  },
): Dialect {
  const { server: wrapServer = same, client: wrapClient = same } = wrap;
  const wrapped = <One extends End>(end: One, machine: Seat["machine"]): One => ({ ...end, machine });
  const { resumed } = dialect;
  return {
    ...dialect,
    server(files, platform, plan) {
      const end = dialect.server(files, platform, plan);
      return wrapped(end, wrapServer(end.machine));
    },
    restarted(before, platform, plan) {
      const end = dialect.restarted(before, platform, plan);
      return wrapped(end, wrapServer(end.machine));
    },
    client(transfer, content, platform, plan) {
      const end = dialect.client(transfer, content, platform, plan);
      return wrapped(end, wrapClient(end.machine, transfer));
    },
    ...(resumed !== undefined && {
      resumed(transfer, earlier, platform, plan) {
        const end = resumed(transfer, earlier, platform, plan);
        return wrapped(end, wrapClient(end.machine, transfer));
      },
    }),
  };
}

export type Wrap = (machine: Seat["machine"]) => Seat["machine"];

function same(machine: Seat["machine"]): Seat["machine"] {
  return machine;
}
