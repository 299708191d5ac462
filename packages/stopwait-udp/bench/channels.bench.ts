/**
 * The goodput bars: a GET at window 1 on the course's channels, next to what stop-and-wait can reach there. In virtual
 * time, so that nothing else that the machine does matters; another seed in each round.
 */
import type { Row } from "../../../bench/row.js";
import { courseChannels } from "./channels/course-channels.js";
import { simulateV2 } from "./channels/simulated-transfer.js";
import { stopAndWaitLimit, V2_EXCHANGE } from "./channels/stop-and-wait-limit.js";

export const rows: readonly Row[] = courseChannels.map(({ name, impairments }) => {
  let seed = 0;
  return {
    what: `stopwait: 1 MiB at window 1, ${name}`,
    floor: { measure: () => stopAndWaitLimit(impairments, V2_EXCHANGE) },
    ours: {
      measure: (smoke) => {
        const size = smoke ? 2 ** 14 : 2 ** 20;
        return simulateV2({ impairments, size, seed: ++seed, operation: "get" }).goodput;
      },
    },
    unit: "B/s",
    bar: 0.9,
    direction: "at least",
    rounds: 15, // what is lost differs from seed to seed, by some 3 %
  };
});
