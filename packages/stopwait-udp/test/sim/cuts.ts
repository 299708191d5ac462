/** I11: transfers that are cut at any packet, or lose either side there, and are gone on with. */
import { BLOCK_BYTES, type Check, caseOf, planOf, transferOf } from "./cases.js";
import type { Dialect } from "./dialects.js";
import { SERVER } from "./plan.js";
import { PlannedWorld } from "./planned-world.js";
import { finishPlan } from "./transfer-world.js";

type Cut = "the network" | "the server's process" | "the server's power" | "the client's process";

const CUTS: readonly Cut[] = ["the network", "the server's process", "the server's power", "the client's process"];

type CutEnd = "over before" | "success" | "resumed" | { readonly fault: string };

/** Runs until `packets` were sent, cuts there, waits until all is quiet, and goes on. */
function cutAndResume(dialect: Dialect, operation: "get" | "put", window: number, packets: number, cut: Cut): CutEnd {
  const transfer = transferOf(0, operation, 6.5 * BLOCK_BYTES);
  const one = { ...caseOf([transfer], [], window), diskMs: 3, isPowerCut: cut === "the server's power" };
  const plan = planOf(one, packets);
  const run = new PlannedWorld(plan, dialect, false);
  const { world } = run;
  if (world.run({ until: ({ counts }) => counts.datagramsSent >= packets }) === "idle") return "over before";
  const atMs = world.now;
  const { node } = transfer;
  if (cut === "the network") world.addFault({ type: "cut", from: node, to: SERVER, atMs });
  else if (cut === "the client's process") world.addFault({ type: "crash", node, atMs });
  else world.addFault({ type: "crash", node: SERVER, atMs, restartAfterMs: 0 });
  if (cut === "the client's process") {
    run.run();
    return isStored(run) ? "success" : resume(run);
  }
  const { violations, endings } = finishPlan(run, plan, dialect);
  if (violations.length > 0) return { fault: violations.join("; ") };
  return endings[0] === "success" ? "success" : resume(run);
}

function resume(run: PlannedWorld): CutEnd {
  const [transfer] = run.plan.transfers;
  const resumed = transfer === undefined ? undefined : run.resume(transfer, 0);
  if (resumed === undefined) return { fault: "it cannot be gone on with" };
  run.run();
  const outcome = run.outcome(resumed.node, resumed.client.port);
  // What was stored before anybody knew has its name.
  const isKnown = outcome?.type === "success" || (outcome?.type === "failed" && outcome.code === "exists");
  if (!isKnown) return { fault: `gone on with, it ended in ${JSON.stringify(outcome)}` };
  if (resumed.client.disk.openFiles + run.server.disk.openFiles > 0) return { fault: "files are left open" };
  if (!isStored(run)) return { fault: "it gave another file, or none" };
  return run.violations.length === 0 ? "resumed" : { fault: run.violations.join("; ") };
}

/** Whether the receiver has the file; the disk of a client is that of the one before. */
function isStored(run: PlannedWorld): boolean {
  const [transfer] = run.plan.transfers;
  const name = transfer?.name ?? "";
  const stored = (transfer?.operation === "get" ? run.clients[0] : run.server)?.read(name);
  return stored !== undefined && Buffer.compare(stored, run.content(name)) === 0;
}

export const cutChecks: readonly Check[] = [
  {
    title: "I11, S47, S59: cut at any packet, or killed on either side there, and gone on with: the same file",
    run({ v2 }) {
      for (const operation of ["get", "put"] as const) {
        for (const window of [1, 4]) {
          for (const cut of CUTS) {
            let packets = 0;
            for (let end: CutEnd = "resumed"; end !== "over before"; ) {
              end = cutAndResume(v2, operation, window, ++packets, cut);
              if (end === "success" || end === "resumed" || end === "over before") continue;
              throw new Error(`${operation}, window ${window}, ${cut} cut after packet ${packets}: ${end.fault}`);
            }
            if (packets < 15) throw new Error(`only ${packets} packets`);
          }
        }
      }
    },
  },
];
