/** Rules of bidding: which bid wins, and whether a host that is full refuses. */
import type { BidView, BuildMachineOptions, Policy } from "../../src/core/index.js";
import type { BenchHost } from "../simulated-build.js";

export interface Rule {
  readonly name: string;
  /** A quote reserves a slot, and who has none refuses. Else a host takes whatever comes, and its cores are shared. */
  readonly reserves: boolean;
  readonly client: (hosts: readonly BenchHost[]) => BuildMachineOptions;
}

const alone = { speculate: false } as const;

/** The fastest for one more process, by speed and by what this build runs there; nothing is known of durations. */
function bySpeedAndLoad(hosts: readonly BenchHost[]): Policy {
  const rate = ({ host, running }: BidView): number => {
    const { speed = 1, cores = 1 } = hosts[host] ?? {};
    return speed * Math.min(1, cores / (running + 1));
  };
  return {
    name: "speed and load",
    choose: ({ bids }) => bids.reduce((best, bid) => (rate(bid) > rate(best) ? bid : best)),
  };
}

export const RULES: readonly Rule[] = [
  { name: "first in the list", reserves: false, client: () => ({ ...alone, policy: "first" }) },
  { name: "random", reserves: false, client: () => ({ ...alone, policy: "random" }) },
  { name: "fewest running jobs (the course's)", reserves: false, client: () => ({ ...alone, policy: "running" }) },
  {
    name: "speed and load (as icecc)",
    reserves: false,
    client: (hosts) => ({ ...alone, policy: bySpeedAndLoad(hosts) }),
  },
  { name: "fewest running jobs, refusal when full", reserves: true, client: () => ({ ...alone, policy: "running" }) },
  { name: "expected finish", reserves: true, client: () => ({ ...alone, policy: "finish" }) },
  { name: "expected finish, patient", reserves: true, client: () => ({ ...alone, policy: "patient" }) },
  { name: "expected finish, speculation", reserves: true, client: () => ({ policy: "finish" }) },
  { name: "expected finish, patient, speculation: shipped", reserves: true, client: () => ({}) },
];
