/**
 * The original's rules for the explorer: what is wrong with the file in the end names which blocks it holds, so that
 * the schedule of each corruption is found and told apart. Bugs B4 to B8 are mended, which leaves the single bit alone.
 */
import type { ExploredWorld, NodeEnvironment, Scenario } from "@lab/simnet";
import { MemoryDisk } from "../memory-disk.js";
import { OriginalGetClient, OriginalPutClient } from "../original/client.js";
import { OriginalServer } from "../original/server.js";
import { describeDatagram } from "./explorer-scenarios.js";
import { TransferNode } from "./transfer-node.js";

export interface OriginalTransfer {
  readonly operation: "get" | "put";
  readonly blocks: number;
  /**
   * What counts as a failure. `twice`: a block that is in the received file twice, at any time. The others speak of a
   * success. `swapped`: the file has the right size, and a block in a wrong place. `lost`: it has the first block and the
   * last, and fewer between.
   */
  readonly looksFor: "twice" | "swapped" | "lost";
}

const NAME = "file";
const CLIENT_PORT = 40_000;
const SERVER_PORT = 50_001;
const BLOCK_BYTES = 100;
const server = { host: "server", port: SERVER_PORT };

export function originalTransfer({ operation, blocks, looksFor }: OriginalTransfer): Scenario {
  const isGet = operation === "get";
  const content = Uint8Array.from({ length: BLOCK_BYTES * blocks }, (_, index) => 1 + Math.floor(index / BLOCK_BYTES));
  const receiver = isGet ? "client" : "server";
  const received = (world: ExploredWorld): number[] => blocksOf(filesOf(world.durable(receiver)).get(NAME));
  const isSuccess = (world: ExploredWorld): boolean =>
    world.program<TransferNode>("client")?.outcomes.get(CLIENT_PORT)?.type === "success";
  return {
    nodes: {
      server: ({ durable }) => {
        const files = filesOf(durable, isGet ? content : undefined);
        const mended = { reopensAtG: false, truncatesAtP: false, sharedState: false, staleTable: false };
        return nodeOf(SERVER_PORT, new OriginalServer(files, mended));
      },
      client: ({ durable }) => {
        const files = filesOf(durable, isGet ? undefined : content);
        const options = { server, name: NAME, files, retransmitMs: 500 };
        return nodeOf(CLIENT_PORT, isGet ? new OriginalGetClient(options) : new OriginalPutClient(options));
      },
    },
    check: (world) => {
      const list = received(world);
      const isTwice = new Set(list).size < list.length;
      return looksFor === "twice" && isTwice ? `the file holds the blocks ${list}` : undefined;
    },
    checkEnd: (world) => {
      const list = received(world);
      const isSwapped = list.length === blocks && list.some((block, index) => block !== index + 1);
      const isLost = list.length < blocks && list[0] === 1 && list.at(-1) === blocks;
      const isFound = (looksFor === "swapped" && isSwapped) || (looksFor === "lost" && isLost);
      return isFound && isSuccess(world) ? `a success, and the file holds the blocks ${list}` : undefined;
    },
    endState: (world) => `${isSuccess(world) ? "success" : "failure"}: ${received(world)}`,
    describe: describeDatagram,
    deliveryMs: 0,
  };
}

/** The numbers of the blocks in a file, in the order in which they stand there. */
function blocksOf(file: Uint8Array = new Uint8Array()): number[] {
  return Array.from(
    { length: Math.ceil(file.length / BLOCK_BYTES) },
    (_, index) => file[index * BLOCK_BYTES] as number,
  );
}

/** Files are what a node has on its disk. */
function filesOf(durable: NodeEnvironment["durable"] | ExploredDurable, content?: Uint8Array): Map<string, Uint8Array> {
  const known = durable.get("files") as Map<string, Uint8Array> | undefined;
  if (known !== undefined || !("set" in durable)) return known ?? new Map();
  const files = new Map(content === undefined ? [] : [[NAME, content]]);
  durable.set("files", files);
  return files;
}

type ExploredDurable = ReturnType<ExploredWorld["durable"]>;

function nodeOf(port: number, machine: OriginalServer | OriginalGetClient | OriginalPutClient): TransferNode {
  return new TransferNode([{ port, machine, disk: new MemoryDisk() }]);
}
