/** What a node says of itself right after its first line: its process, whom it asks, and why it is quiet. */
import type { ElectionView, Member } from "../core/index.js";

export interface NodeToDescribe {
  readonly pid: number;
  readonly address: string;
  readonly seeds: readonly string[];
  readonly members: readonly Member[];
  readonly view: Pick<ElectionView, "role" | "quarantineMs">;
}

export function firstWords({ pid, address, seeds, members, view }: NodeToDescribe): string[] {
  const others = new Set([...seeds, ...members.map((member) => member.address)]);
  others.delete(address);
  const asks = others.size === 0 ? "waits for others to join" : `looking for a leader at ${[...others].join(", ")}`;
  const lines = [`process ${pid}, ${asks}`];
  if (view.role === "quarantine" && view.quarantineMs !== undefined) {
    lines.push(`quiet for ${(view.quarantineMs / 1_000).toFixed(1)} s after a restart (quarantine)`);
  }
  return lines;
}
