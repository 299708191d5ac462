/** What a measurement was made on, and what else went on there: the first line of every one. */
import { availableParallelism, cpus, loadavg } from "node:os";

export function machineLine(): string {
  const load = loadavg()[0]?.toFixed(2) ?? "unknown";
  return `Node ${process.versions.node}, ${availableParallelism()} cores (${cpus()[0]?.model ?? "unknown"}), load ${load} at the start`;
}
