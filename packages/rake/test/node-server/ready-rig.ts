/** An action rig that has attempts ready. */
import { atTestEnd } from "../../../../test/beside.js";
import type { Sandbox } from "../../src/core/messages.js";
import { ReadyRuns } from "../../src/node/ready-runs.js";
import { ActionRig } from "./action-rig.js";
import { until } from "./waiting.js";

export async function rigWithReady(sandbox: Sandbox, most = 1): Promise<{ rig: ActionRig; ready: ReadyRuns }> {
  const rig = await ActionRig.make(sandbox);
  const { launcher, fifos } = rig;
  const trouble = (message: string): void => void rig.trouble.push(message);
  const ready = new ReadyRuns({ runs: rig.folder.runs, launcher, fifos, most, trouble });
  atTestEnd(() => ready.close());
  rig.ready = ready;
  ready.refill();
  await until(() => ready.waiting === most);
  return { rig, ready };
}
