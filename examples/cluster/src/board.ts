/** A line for each node. */
import type { NodeStatus } from "./cluster.js";

export function renderBoard(nodes: readonly NodeStatus[], selected?: number): string[] {
  return nodes.map((node, index) => {
    const mark = selected === undefined ? "" : `${index === selected ? ">" : " "} ${index + 1} `;
    return `${mark}${renderNode(node)}`;
  });
}

export function renderNode({ id, process, isCutOff, role, epoch, follows, dashboard }: NodeStatus): string {
  const says = role === "follower" ? `follows ${follows}` : role;
  const network = isCutOff ? "cut off" : "";
  const columns = [
    id.padEnd(2),
    process.padEnd(9),
    network.padEnd(8),
    says.padEnd(11),
    `epoch ${epoch ?? "-"}`.padEnd(9),
  ];
  return `${columns.join(" ")} ${dashboard ?? ""}`.trimEnd();
}
