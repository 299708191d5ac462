/** What can be done to a node: by a key, or by a line such as `kill a`. */
import type { Cluster } from "./cluster.js";

export interface Action {
  readonly name: string;
  readonly key: string;
  readonly act: (cluster: Cluster, id: string) => void | Promise<void>;
}

export const actions: readonly Action[] = [
  { name: "kill", key: "k", act: (cluster, id) => cluster.kill(id) },
  { name: "restart", key: "r", act: (cluster, id) => cluster.restart(id) },
  { name: "freeze", key: "f", act: (cluster, id) => cluster.freeze(id) },
  { name: "thaw", key: "t", act: (cluster, id) => cluster.thaw(id) },
  { name: "cut", key: "c", act: (cluster, id) => cluster.cutOff(id) },
  { name: "heal", key: "h", act: (cluster, id) => cluster.heal(id) },
];

/** Does what a line says. @throws Error that says what is accepted */
export async function obey(cluster: Cluster, line: string): Promise<void> {
  const [name, id, ...rest] = line.trim().split(/\s+/);
  const action = actions.find((one) => one.name === name);
  if (action === undefined || id === undefined || rest.length > 0) {
    throw new Error(`${actions.map((one) => one.name).join(", ")} and a node, such as "kill a"; or "quit"`);
  }
  await action.act(cluster, id);
}
