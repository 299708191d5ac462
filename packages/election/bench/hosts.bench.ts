/**
 * CPU of a leader's process with 2,000 hosts, next to a bare loop with as many, both all the time: the command `hosts` does
 * it with 10,000, one after the other. The bar is that of 10,000 hosts: a quarter of a core, where a bare loop takes 11 %.
 */
import type { Contender, Row } from "../../../bench/row.js";
import { startFloor, startLeader } from "./hosts/leader-and-floor.js";
import { limitsFor } from "./hosts/limits.js";
import type { LoadedServer } from "./hosts/loaded-server.js";

interface Pair {
  readonly leader: LoadedServer;
  readonly floor: LoadedServer;
}

let pair: Promise<Pair> | undefined;

async function startPair(smoke: boolean): Promise<Pair> {
  const hosts = smoke ? 200 : 2_000;
  const options = { hosts, limits: limitsFor(hosts), preset: smoke ? "fast" : "default" } as const;
  const leader = await startLeader(options);
  await leader.join();
  const floor = startFloor(options, (await leader.summary()).counts);
  await floor.join();
  return { leader, floor };
}

function cpuOf(which: keyof Pair): Contender {
  return {
    measure: async (smoke) => {
      pair ??= startPair(smoke);
      const server = (await pair)[which];
      const { cpuPercent } = await server.window(smoke ? 1_000 : 6_000);
      const { faults, disconnected } = await server.summary();
      if (disconnected > 0) throw new Error(`${disconnected} hosts were falsely disconnected`);
      if (faults.length > 0) throw new Error(faults.join("; "));
      return cpuPercent;
    },
    close: async () => {
      const server = (await pair?.catch(() => undefined))?.[which];
      await server?.[Symbol.asyncDispose]();
    },
  };
}

export const rows: readonly Row[] = [
  {
    what: "election: CPU of a leader of 2,000 hosts",
    floor: cpuOf("floor"),
    ours: cpuOf("leader"),
    unit: "% of a core",
    bar: 2.27,
    direction: "at most",
  },
];
