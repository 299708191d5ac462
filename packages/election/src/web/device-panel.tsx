/** The machine that the node runs on. */

import type { JSX } from "preact";
import type { Device } from "../core/index.js";
import { gigabytes } from "./format.js";
import type { ShownState } from "./state.js";

export function DevicePanel({ device, state }: { device: Device | undefined; state: ShownState }): JSX.Element {
  const { node } = state;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["System name", device?.systemName],
    ["CPU model", device?.cpuModel],
    ["Frequency", device && device.cpuMhz > 0 ? `${(device.cpuMhz / 1_000).toFixed(2)} GHz` : undefined],
    ["Physical cores", device && device.physicalCores > 0 ? String(device.physicalCores) : undefined],
    ["Total memory", device && `${gigabytes(device.totalMemoryBytes)} GB`],
    ["OS", device?.os],
    ["Version", device?.version],
  ];
  return (
    <section class="card" aria-labelledby="device-title">
      <h2 id="device-title">This device</h2>
      <p class="quiet">
        Node <strong>{node.id === "" ? "without a name yet" : node.id}</strong> at {node.address}
      </p>
      <dl class="device">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value === undefined || value === "" ? "unknown" : value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
