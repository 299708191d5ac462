/** An action rig that has attempts ready. */
import { atTestEnd } from "../../../../test/beside.js";
import type { Sandbox } from "../../src/core/messages.js";
import type { Launcher } from "../../src/node/launch.js";
import { ReadyRuns } from "../../src/node/ready-runs.js";
import { ActionRig } from "./action-rig.js";
import { until } from "./waiting.js";

export async function rigWithReady(sandbox: Sandbox, most = 1): Promise<{ rig: ActionRig; ready: ReadyRuns }> {
  const rig = await ActionRig.make(sandbox);
  const ready = readyFor(rig, rig.launcher, most);
  await until(() => ready.waiting === most);
  return { rig, ready };
}

/** Gives a rig some that are made ready by this launcher. */
export function readyFor(rig: ActionRig, launcher: Launcher, most = 1): ReadyRuns {
  const { folder, fifos } = rig;
  const trouble = (message: string): void => void rig.trouble.push(message);
  const ready = new ReadyRuns({ runs: folder.runs, launcher, fifos, most, trouble });
  atTestEnd(() => ready.close());
  rig.ready = ready;
  ready.refill();
  return ready;
}
