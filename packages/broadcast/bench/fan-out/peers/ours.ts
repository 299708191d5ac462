/** @lab/broadcast, built: its log in memory, or on disk with an acknowledgement when the system has it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { built } from "../../../../../bench/built.js";
import type { Log } from "../../../src/index.js";
import type { Peer } from "../peer.js";

type Library = typeof import("../../../src/index.js");
type Level = typeof import("../../../src/node/level/index.js");

const library = (): Promise<Library> => built<Library>("broadcast");

function ours(openLog: (library: Library) => Promise<Log>): Peer {
  return {
    async serve() {
      const lib = await library();
      const server = await lib.serve({ log: await openLog(lib), maxPublishRate: 10_000_000, onSlow: "block" });
      return server.address;
    },

    async subscribe(address, tally) {
      const { join: joinRoom } = await library();
      const room = await joinRoom({ address, observer: true, handler: ({ bytes }) => tally.message(bytes) });
      void room.ended; // a fault is one of the process: nobody catches it
    },

    async publisher(address) {
      const { join: joinRoom } = await library();
      const room = await joinRoom({ address, name: "publisher", echo: false, handler: () => {} });
      const perTurn = 2_048;
      return async (payloads) => {
        for (let at = 0; at < payloads.length; at += perTurn) await room.publishAll(payloads.slice(at, at + perTurn));
      };
    },
  };
}

export const memory: Peer = ours(async ({ memoryLog }) => memoryLog());

export const written: Peer = ours(async () => {
  const { levelLog } = await built<Level>("broadcast", "level");
  const folder = mkdtempSync(join(tmpdir(), "lab-broadcast-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return levelLog({ folder, durability: "written" });
});
