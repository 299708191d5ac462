/** `true`, one at a time: milliseconds each, the mean of a round. */
import type { Contender } from "../../../../bench/row.js";
import { type RunningProcess, startTypeScript } from "../../../../test/process.js";
import { buildAll, mean, type Sandbox, startServer, stopServer } from "./building.js";
import { runAt } from "./floors/asking.js";
import { newFolder, removeFolder } from "./folders.js";
import { runHere } from "./programs.js";

const count = (smoke: boolean): number => (smoke ? 3 : 100);

/** A build of sets of one action each: placed by a bid, run in a folder of its own, its end known before the next begins. */
export function trueByUs(sandbox: Sandbox): Contender {
  let server: RunningProcess | undefined;
  const folder = newFolder();
  return {
    prepare: () => {
      server = startServer(sandbox);
    },
    measure: async (smoke) => {
      const port = (await server?.port()) ?? 0;
      // The first one bears the connection.
      const sets = Array.from({ length: 1 + count(smoke) }, (_, n) => `actionset${n}:\n\tremote-true\n`);
      return mean((await buildAll(folder, [port], sets.join(""))).setMs);
    },
    close: async () => {
      await stopServer(server);
      removeFolder(folder);
    },
  };
}

/** Connect, spawn, reply; with a question for the price before, or without. */
export function trueByFloor(withQuote: boolean): Contender {
  let server: RunningProcess | undefined;
  return {
    prepare: () => {
      server = startTypeScript(new URL("./floors/spawn-loop.ts", import.meta.url));
    },
    measure: async (smoke) => {
      const port = (await server?.port()) ?? 0;
      return await timed(count(smoke), () => runAt(port, "true", withQuote));
    },
    close: async () => {
      await server?.[Symbol.asyncDispose]();
    },
  };
}

/** A shell started by this process. */
export const trueBySpawn: Contender = {
  measure: (smoke) => timed(count(smoke), () => runHere("/bin/sh", ["-c", "true"])),
};

/** One call of GNU parallel for all of them, one at a time. */
export const trueByParallel: Contender = {
  measure: async (smoke) => {
    const began = performance.now();
    const numbers = Array.from({ length: count(smoke) }, (_, n) => String(n));
    await runHere("parallel", ["--will-cite", "-j1", "true", ":::", ...numbers]);
    return (performance.now() - began) / count(smoke);
  },
};

async function timed(times: number, once: () => Promise<void>): Promise<number> {
  const began = performance.now();
  for (let n = 0; n < times; n++) await once();
  return (performance.now() - began) / times;
}
